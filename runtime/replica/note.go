package replica

import (
	"bytes"
	"encoding/gob"
	"fmt"

	"github.com/resetgen/resetgen/runtime/store"
)

// note is a note in a store: what the replica keeps there, in the transaction that it
// belongs to. It is in the form of encoding/gob, in which a value comes back as it was,
// and in which a version of the app reads what an earlier or a later one has written:
// fields are told by their names, and what a type lacks is passed over.
type note[T any] struct {
	name string
	of   string // what it says, for an error
}

// load reads the note, which is zero where nothing was noted.
func (n note[T]) load(tx *store.Tx) (content T, err error) {
	b, err := tx.Meta(n.name)
	if err != nil || len(b) == 0 {
		return content, err
	}
	if err := decode(b, &content); err != nil {
		return content, fmt.Errorf("%w: the note of %s: %w", store.ErrCorrupt, n.of, err)
	}
	return content, nil
}

// save makes the note, in the place of what was noted before.
func (n note[T]) save(tx *store.Tx, content T) error {
	b, err := encode(content)
	if err != nil {
		return err
	}
	return tx.SetMeta(n.name, b)
}

// change makes a note anew where do changes what it says.
func change[T comparable](tx *store.Tx, n note[T], do func(content *T)) error {
	was, err := n.load(tx)
	if err != nil {
		return err
	}
	now := was
	if do(&now); now == was {
		return nil
	}
	return n.save(tx, now)
}

// encode is content in the form of notes.
func encode(content any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(content)
	return b.Bytes(), err
}

// decode reads it into what content points to.
func decode(b []byte, content any) error {
	rest := bytes.NewReader(b)
	err := gob.NewDecoder(rest).Decode(content)
	if err == nil && rest.Len() > 0 {
		err = fmt.Errorf("%d bytes follow its end", rest.Len())
	}
	return err
}

// remove takes the note away.
func (n note[T]) remove(tx *store.Tx) error { return tx.SetMeta(n.name, nil) }
