package memstore

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tidwall/btree"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// tx is a transaction: a copy of the content, which takes the place of the
// original when it commits.
type tx struct {
	engine  *engine
	write   bool
	done    bool
	content *content
}

// check tells whether the transaction can still be used.
func (t *tx) check(write bool) error {
	switch {
	case t.done:
		return store.ErrTxDone
	case write && !t.write:
		return store.ErrReadOnly
	}
	return t.engine.check()
}

// table finds the objects of a model, nil where the store has none, and where
// their fields lie.
func (t *tx) table(m *model.Info, write bool) (*table, *store.ModelLayout, error) {
	if err := t.check(write); err != nil {
		return nil, nil, err
	}
	l, err := t.engine.layout(m)
	if err != nil || l.Was == nil {
		return nil, l, err
	}
	return t.content.tables[l.Was.Name], l, nil
}

// Get implements store.EngineTx.
func (t *tx) Get(m *model.Info, key model.Value) (*model.Row, error) {
	objects, l, err := t.table(m, false)
	if err != nil || objects == nil {
		return nil, err
	}
	if o := objects.get(key); o != nil {
		return o.row(l), nil
	}
	return nil, nil
}

func (o *object) row(l *store.ModelLayout) *model.Row {
	stamps := o.stamps
	if stamps == nil && l.Was.Track == model.TrackObject {
		stamps = l.Spread(o.stamp)
	}
	return l.Row(o.values, o.stamp, stamps)
}

// Insert implements store.EngineTx.
func (t *tx) Insert(m *model.Info, key model.Value, row *model.Row) error {
	objects, l, err := t.table(m, true)
	if err != nil {
		return err
	}
	if objects.get(key) != nil {
		return fmt.Errorf("%w: there is an object with this key", store.ErrConstraint)
	}
	return objects.write(l, key, nil, row, model.FirstFields(len(m.Fields)))
}

// Update implements store.EngineTx.
func (t *tx) Update(m *model.Info, key model.Value, row *model.Row, fields model.FieldSet) error {
	objects, l, err := t.table(m, true)
	if err != nil {
		return err
	}
	old := objects.get(key)
	if old == nil {
		return store.ErrNotFound
	}
	return objects.write(l, key, old, row, fields)
}

// Replace implements store.EngineTx.
func (t *tx) Replace(m *model.Info, key model.Value, row *model.Row) error {
	objects, l, err := t.table(m, true)
	if err != nil {
		return err
	}
	return objects.write(l, key, objects.get(key), row, model.FirstFields(len(m.Fields)))
}

// write puts an object together from what is there, which may be nothing, and
// the fields of a row.
func (t *table) write(l *store.ModelLayout, key model.Value, old *object, row *model.Row, fields model.FieldSet) error {
	o := &object{key: key, values: make([]model.Value, l.Stored())}
	var stamps []stamp.Stamp
	if old != nil {
		copy(o.values, old.values)
		stamps = old.stamps
	}
	for f := range fields.All() {
		v, err := store.Storable(l.Info, f, row.Values[f])
		if err != nil {
			return err
		}
		o.values[l.Place[f]] = v
	}
	o.values[l.Now.Key] = key
	o.stamp, o.stamps = l.Stamps(row, stamps)
	if p, other := t.conflict(o); p >= 0 {
		return fmt.Errorf("%w: %s.%s must be unique, and %v has the same value", store.ErrConstraint, l.Info.Name, l.Now.Fields[p].Name, other)
	}
	t.put(old, o)
	return nil
}

// Delete implements store.EngineTx.
func (t *tx) Delete(m *model.Info, key model.Value) error {
	objects, _, err := t.table(m, true)
	if err != nil {
		return err
	}
	objects.delete(key)
	return nil
}

// Rows implements store.EngineTx.
func (t *tx) Rows(m *model.Info) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		objects, l, err := t.table(m, false)
		if err != nil {
			yield(nil, err)
			return
		}
		if objects == nil {
			return
		}
		for o := range all(objects.objects) {
			if err := t.check(false); err != nil {
				yield(nil, err)
				return
			}
			if !yield(o.row(l), nil) {
				return
			}
		}
	}
}

// Entry implements store.EngineTx.
func (t *tx) Entry(name string, key model.Value) (*model.Entry, error) {
	if err := t.check(false); err != nil {
		return nil, err
	}
	e, _ := t.content.entries.Get(&model.Entry{Model: translate(t.engine.stored, name), Key: key})
	return t.own(e), nil
}

// own is a copy of an entry, which may be nil, for the caller.
func (t *tx) own(e *model.Entry) *model.Entry {
	if e == nil {
		return nil
	}
	n := e.Clone()
	n.Model = translate(t.engine.now, e.Model)
	return n
}

// PutEntry implements store.EngineTx.
func (t *tx) PutEntry(e *model.Entry) error {
	if err := t.check(true); err != nil {
		return err
	}
	t.content.entries.Set(e.Clone())
	return nil
}

// DeleteEntry implements store.EngineTx.
func (t *tx) DeleteEntry(name string, key model.Value) error {
	if err := t.check(true); err != nil {
		return err
	}
	t.content.entries.Delete(&model.Entry{Model: name, Key: key})
	return nil
}

// Entries implements store.EngineTx.
func (t *tx) Entries(name string, key model.Value) iter.Seq2[*model.Entry, error] {
	return func(yield func(*model.Entry, error) bool) {
		if err := t.check(false); err != nil {
			yield(nil, err)
			return
		}
		for _, e := range t.listed(name, key) {
			if err := t.check(false); err != nil {
				yield(nil, err)
				return
			}
			if !yield(t.own(e), nil) {
				return
			}
		}
	}
}

// listed is the entries after the one named, in the order of the names that the
// models have now.
func (t *tx) listed(name string, key model.Value) []*model.Entry {
	entries := t.content.entries.Items()
	if len(t.engine.now) > 0 {
		slices.SortStableFunc(entries, func(a, b *model.Entry) int {
			return strings.Compare(translate(t.engine.now, a.Model), translate(t.engine.now, b.Model))
		})
	}
	last := &model.Entry{Model: name, Key: key}
	first, found := slices.BinarySearchFunc(entries, last, func(e, last *model.Entry) int {
		return cmp.Or(strings.Compare(translate(t.engine.now, e.Model), last.Model), model.Compare(e.Key, last.Key))
	})
	if found {
		first++
	}
	return entries[first:]
}

// Meta implements store.EngineTx.
func (t *tx) Meta(name string) ([]byte, error) {
	return bytes.Clone(t.content.meta[name]), t.check(false)
}

// SetMeta implements store.EngineTx.
func (t *tx) SetMeta(name string, value []byte) error {
	if err := t.check(true); err != nil {
		return err
	}
	t.content.meta[name] = append([]byte{}, value...)
	return nil
}

// Commit implements store.EngineTx.
func (t *tx) Commit() error {
	if err := t.check(true); err != nil {
		return err
	}
	t.done = true
	t.engine.disk.mu.Lock()
	defer t.engine.disk.mu.Unlock()
	if t.engine.dead != nil {
		return t.engine.dead
	}
	t.engine.file.content = t.content
	return nil
}

// Rollback implements store.EngineTx.
func (t *tx) Rollback() error {
	t.done = true
	return nil
}

// all yields the items of a tree as it is now, whatever is written meanwhile.
func all[T any](tree *btree.BTreeG[T]) iter.Seq[T] {
	return func(yield func(T) bool) { tree.Copy().Scan(yield) }
}
