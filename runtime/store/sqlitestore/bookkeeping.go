package sqlitestore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// The statements of the bookkeeping.
var (
	getMeta     = &query{text: readMeta}
	putMeta     = &query{text: writeMeta}
	getEntry    = &query{text: `SELECT e."key", e."content", e."sum" FROM "_reset_entries" AS e WHERE e."model" = ? AND e."key" = ?`}
	allEntries  = &query{text: `SELECT e."key", e."content", e."sum" FROM "_reset_entries" AS e WHERE e."model" = ? ORDER BY e."key"`}
	nextEntries = &query{text: `SELECT e."key", e."content", e."sum" FROM "_reset_entries" AS e WHERE e."model" = ? AND e."key" > ? ORDER BY e."key"`}
	nextModel   = &query{text: `SELECT e."model" FROM "_reset_entries" AS e WHERE e."model" > ? ORDER BY e."model" LIMIT 1`}
	deleteEntry = &query{text: `DELETE FROM "_reset_entries" WHERE "model" = ? AND "key" = ?`}
	putEntry    = &query{text: `INSERT INTO "_reset_entries" ("model", "key", "change", "seq", "content", "sum") VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT ("model", "key") DO UPDATE SET "change" = excluded."change", "seq" = excluded."seq", "content" = excluded."content", "sum" = excluded."sum"`}
)

// names is what entries need to know of the models: how keys are read, and the
// names of models that are renamed and not yet so in the file.
type names struct {
	keys   map[string]column // by the name in the app
	stored map[string]string // the name in the file by that in the app, where they differ
	now    map[string]string // the reverse
}

func newNames(l *store.Layout) names {
	n := names{keys: map[string]column{}, stored: map[string]string{}, now: map[string]string{}}
	for _, m := range l.Catalog.Models {
		n.keys[m.Name] = columnOf(m.Fields[m.Key].Kind, false)
	}
	for i := range l.Models {
		if m := &l.Models[i]; m.Was != nil && m.Was.Name != m.Info.Name {
			n.stored[m.Info.Name], n.now[m.Was.Name] = m.Was.Name, m.Info.Name
		}
	}
	return n
}

func translate(names map[string]string, name string) string {
	if other, ok := names[name]; ok {
		return other
	}
	return name
}

// entry reads an entry from what a connection found.
func (n *names) entry(name string, found []driver.Value) (*model.Entry, error) {
	e := &model.Entry{Model: name, Key: n.keys[name].value(found[0])}
	content, _ := found[1].([]byte)
	err := model.DecodeEntry(content, e)
	if err == nil && found[2] != checksum(found[0], content) {
		err = errSum
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the entry of %s %v: %w", store.ErrCorrupt, name, e.Key, err)
	}
	return e, nil
}

// Entry implements store.EngineTx.
func (t *tx) Entry(name string, key model.Value) (e *model.Entry, err error) {
	err = t.one(getEntry, func(found []driver.Value) (err error) {
		e, err = t.engine.names.entry(name, found)
		return err
	}, translate(t.engine.names.stored, name), bind(key))
	return e, err
}

// PutEntry implements store.EngineTx.
func (t *tx) PutEntry(e *model.Entry) error {
	if err := t.check(true); err != nil {
		return err
	}
	key, content := bind(e.Key), model.AppendEntry(nil, e)
	_, err := t.exec(putEntry, e.Model, key, e.Change.String(), int64(e.Seq), content, checksum(key, content))
	return err
}

// DeleteEntry implements store.EngineTx.
func (t *tx) DeleteEntry(name string, key model.Value) error {
	if err := t.check(true); err != nil {
		return err
	}
	_, err := t.exec(deleteEntry, name, bind(key))
	return err
}

// Entries implements store.EngineTx.
func (t *tx) Entries(after string, key model.Value) iter.Seq2[*model.Entry, error] {
	return func(yield func(*model.Entry, error) bool) {
		models, err := t.modelsWithEntries()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, name := range models {
			if name < after {
				continue
			}
			query, args := allEntries, []driver.Value{translate(t.engine.names.stored, name)}
			if name == after && !key.IsAbsent() {
				query, args = nextEntries, append(args, bind(key))
			}
			more := true
			err := t.each(query, func(found []driver.Value) (bool, error) {
				e, err := t.engine.names.entry(name, found)
				more = err == nil && yield(e, nil)
				return more, err
			}, args...)
			if err != nil {
				yield(nil, err)
			}
			if err != nil || !more {
				return
			}
		}
	}
}

// modelsWithEntries lists the names that the models have now, in order. It looks
// up one name after the other and does not read the entries.
func (t *tx) modelsWithEntries() ([]string, error) {
	var list []string
	last, more := "", true
	for more {
		more = false
		err := t.one(nextModel, func(found []driver.Value) error {
			last, more = text0(found[0]), true
			list = append(list, translate(t.engine.names.now, last))
			return nil
		}, last)
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(list)
	return list, nil
}

// Meta implements store.EngineTx.
func (t *tx) Meta(name string) (value []byte, err error) {
	err = t.one(getMeta, func(found []driver.Value) (err error) {
		value, err = checkedMeta(name, found[0], found[1])
		return err
	}, name)
	return value, err
}

// SetMeta implements store.EngineTx.
func (t *tx) SetMeta(name string, value []byte) error {
	if err := t.check(true); err != nil {
		return err
	}
	_, err := t.exec(putMeta, name, append([]byte{}, value...), checksum(name, value))
	return err
}

// errSum is why bookkeeping is not believed that reads well.
var errSum = errors.New("its checksum is another")

// checkedMeta is a value of the bookkeeping as it was written.
func checkedMeta(name string, found, sum driver.Value) ([]byte, error) {
	value := []byte(text0(found))
	if sum != checksum(name, value) {
		return nil, fmt.Errorf("%w: the value %q of its bookkeeping: %w", store.ErrCorrupt, name, errSum)
	}
	return value, nil
}

// checksum is kept beside each value of the bookkeeping, for SQLite has none and a
// single bit would be somebody's change. The table and the model are not part of
// it; a model can be renamed.
func checksum(key driver.Value, content []byte) int64 {
	var text [64]byte
	sum := crc32.Update(0, castagnoli, fmt.Appendf(text[:0], "%T %v\x00", key, key))
	return int64(crc32.Update(sum, castagnoli, content))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)
