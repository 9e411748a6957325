package boltstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// form is the form of the file: that of the buckets, the keys and the objects.
const form = 1

// The keys in the bucket that marks a store.
var (
	formKey    = []byte("form")
	catalogKey = []byte("catalog")
)

// catalog reads the description of the content of the file, and tells whether the
// file has what that says.
func (e *engine) catalog(ctx context.Context) (c *store.Catalog, err error) {
	err = e.view(ctx, func(t *tx) error {
		if err := t.checkForm(); err != nil {
			return err
		}
		text, err := t.record(markBucket, catalogKey)
		if err != nil {
			return err
		}
		if text == nil {
			return e.named(corrupt("the description of its content is missing"))
		}
		if c, err = store.ParseCatalog(text); err != nil {
			return e.named(err)
		}
		return t.read(func() error {
			names := []string{metaBucket}
			for i := range c.Models {
				names = append(names, objectsBucket(i), entriesBucket(i))
			}
			for _, name := range names {
				if _, err := t.bucket(name); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return c, err
}

// checkForm refuses a file of a later version of this package.
func (t *tx) checkForm() error {
	content, err := t.record(markBucket, formKey)
	if err != nil {
		return err
	}
	found, n := binary.Uvarint(content)
	switch {
	case n <= 0:
		return t.engine.named(corrupt("it does not say what form it has"))
	case found > form:
		return fmt.Errorf("%w: the file is in form %d and this version of the app reads form %d; update the app", store.ErrSchema, found, form)
	}
	return nil
}

// mark makes the buckets that every store has.
func (t *tx) mark() error {
	for _, name := range []string{markBucket, metaBucket} {
		if err := t.make(name); err != nil {
			return err
		}
	}
	return t.put(markBucket, formKey, binary.AppendUvarint(nil, form))
}

// make makes a bucket that is not there.
func (t *tx) make(name string) error {
	return t.change(func() error {
		_, err := t.bolt.CreateBucket([]byte(name))
		return err
	})
}

// Entry implements store.EngineTx.
func (t *tx) Entry(name string, key model.Value) (*model.Entry, error) {
	if err := t.check(false); err != nil {
		return nil, err
	}
	number := t.engine.number(name)
	if number < 0 {
		return nil, nil
	}
	k := appendKey(nil, key)
	content, err := t.record(entriesBucket(number), k)
	if err != nil || content == nil {
		return nil, err
	}
	return t.decodeEntry(name, k, content)
}

func (t *tx) decodeEntry(name string, key, content []byte) (*model.Entry, error) {
	k, err := decodeKey(key)
	e := &model.Entry{Model: name, Key: k}
	if err == nil {
		// The content may still be the file's own.
		err = t.engine.guard(func() error { return model.DecodeEntry(content, e) })
	}
	if err != nil {
		return nil, t.engine.named(corrupt("the entry of %s %v: %v", name, k, err))
	}
	return e, nil
}

// PutEntry implements store.EngineTx.
func (t *tx) PutEntry(e *model.Entry) error {
	if err := t.check(true); err != nil {
		return err
	}
	number := t.engine.number(e.Model)
	if number < 0 {
		return fmt.Errorf("%w: the model %s is not part of it", store.ErrSchema, e.Model)
	}
	key := appendKey(nil, e.Key)
	if err := fits(key); err != nil {
		return err
	}
	return t.put(entriesBucket(number), key, model.AppendEntry(nil, e))
}

// DeleteEntry implements store.EngineTx.
func (t *tx) DeleteEntry(name string, key model.Value) error {
	if err := t.check(true); err != nil {
		return err
	}
	number := t.engine.number(name)
	if number < 0 {
		return nil
	}
	return t.remove(entriesBucket(number), appendKey(nil, key))
}

// Entries implements store.EngineTx.
func (t *tx) Entries(name string, key model.Value) iter.Seq2[*model.Entry, error] {
	return func(yield func(*model.Entry, error) bool) {
		if err := t.check(false); err != nil {
			yield(nil, err)
			return
		}
		for _, m := range t.engine.names {
			var after []byte
			switch {
			case m.name < name:
				continue
			case m.name == name:
				after = appendKey(nil, key)
			}
			for r, err := range t.scan(entriesBucket(m.number), after) {
				var e *model.Entry
				if err == nil {
					e, err = t.decodeEntry(m.name, r.key, r.content)
				}
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

// Meta implements store.EngineTx.
func (t *tx) Meta(name string) ([]byte, error) {
	return t.record(metaBucket, appendKey(nil, model.StringValue(name)))
}

// SetMeta implements store.EngineTx.
func (t *tx) SetMeta(name string, value []byte) error {
	if err := t.check(true); err != nil {
		return err
	}
	key := appendKey(nil, model.StringValue(name))
	if err := fits(key); err != nil {
		return err
	}
	return t.put(metaBucket, key, append([]byte{}, value...))
}
