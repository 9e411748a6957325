package store

import (
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
)

// put writes an object that the app changed: changed lists the fields whose
// values differ from before, touched those that count as written whatever their
// value. before is the object as this transaction sees it, nil for a new one.
func (tx *Tx) put(m *model.Info, key model.Value, before, after *model.Row, changed, touched model.FieldSet) error {
	written := changed.Union(touched)
	if before != nil && written.Empty() {
		return nil
	}
	old, err := tx.Entry(m, key)
	if err != nil {
		return err
	}
	seq, at := tx.commitStamp()
	for f := range written.All() {
		after.Mark(m, f, at)
	}
	if before == nil { // an object of which no field was set still has a newest stamp
		after.Mark(m, m.Key, at)
	}
	entry := old
	switch {
	case old == nil && before == nil:
		entry = &model.Entry{Model: m.Name, Key: key, Change: model.Created}
	case old == nil:
		entry = &model.Entry{Model: m.Name, Key: key, Change: model.Updated}
	case before == nil && old.Change == model.Deleted:
		entry = &model.Entry{Model: m.Name, Key: key, Change: model.Recreated, Base: old.Base}
	case before == nil:
		return describe("creating", m, key, fmt.Errorf("%w: it is on record as %s and is not there", ErrCorrupt, old.Change))
	}
	entry.Seq, entry.Stamp = seq, at
	tx.note(m, entry, before, after, written, touched)

	tx.writes++
	if before == nil {
		err = tx.engine.Insert(m, key, after)
	} else {
		err = tx.engine.Update(m, key, after, written)
	}
	if err != nil {
		return describe("writing", m, key, err)
	}
	if entry.Change == model.Updated && len(entry.Fields) == 0 {
		entry = nil
	}
	return tx.setEntry(m, key, entry)
}

// setEntry completes the write of an object: nil means that nothing of it is
// unsynced. Object and entry are written together or not at all.
func (tx *Tx) setEntry(m *model.Info, key model.Value, entry *model.Entry) error {
	var err error
	if entry == nil {
		err = tx.engine.DeleteEntry(m.Name, key)
	} else {
		err = tx.engine.PutEntry(entry)
	}
	if err != nil {
		err = describe("writing the entry of", m, key, err)
		tx.failed = err
	}
	return err
}

// note brings the fields of an entry up to date. A field that is back at its
// base, and was not touched, is no change any more.
func (tx *Tx) note(m *model.Info, e *model.Entry, before, after *model.Row, written, touched model.FieldSet) {
	created := e.Change != model.Updated
	fields := make([]model.FieldChange, 0, len(e.Fields)+written.Len())
	for f := range m.Fields {
		old := e.Field(m.Fields[f].Name)
		switch {
		case f == m.Key:
		case !written.Has(f):
			if old != nil {
				fields = append(fields, *old)
			}
		default:
			c := model.FieldChange{Name: m.Fields[f].Name, Seq: e.Seq, Stamp: e.Stamp, Touched: touched.Has(f)}
			base := m.Fields[f].Zero
			if old != nil {
				c.Base, c.Touched = old.Base, c.Touched || old.Touched
			} else if !created {
				c.Base = before.Values[f]
			}
			if !created {
				base = c.Base
			}
			if c.Touched || !after.Values[f].Equal(base) {
				fields = append(fields, c)
			}
		}
	}
	// Names that this version of the model does not know stay on record.
	for i := range e.Fields {
		if m.Index(e.Fields[i].Name) < 0 {
			fields = append(fields, e.Fields[i])
		}
	}
	e.Fields = fields
}

// remove deletes an object that the app wants gone and leaves a tombstone, unless
// the backend never had it.
func (tx *Tx) remove(m *model.Info, key model.Value, before *model.Row) error {
	entry, err := tx.Entry(m, key)
	if err != nil {
		return err
	}
	seq, at := tx.commitStamp()
	switch {
	case entry == nil:
		entry = &model.Entry{Model: m.Name, Key: key, Base: before.Named(m)}
	case entry.Change == model.Updated:
		base := before.Clone()
		for i := range entry.Fields {
			if f := m.IndexWas(entry.Fields[i].Name); f >= 0 {
				base.Values[f] = entry.Fields[i].Base
			}
		}
		entry.Base = base.Named(m)
	}
	neverSent := entry.Change == model.Created
	entry.Change, entry.Seq, entry.Stamp, entry.Fields = model.Deleted, seq, at, nil

	tx.writes++
	if err := tx.engine.Delete(m, key); err != nil {
		return describe("deleting", m, key, err)
	}
	if neverSent {
		entry = nil
	}
	return tx.setEntry(m, key, entry)
}

// load writes an object as the backend has it: nothing is stamped and nothing is
// unsynced afterwards. An object with unsynced changes is not overwritten.
func (tx *Tx) load(m *model.Info, key model.Value, row *model.Row) error {
	if err := tx.check(true); err != nil {
		return err
	}
	unsynced, err := tx.anyUnsynced()
	if err != nil {
		return err
	}
	if unsynced {
		entry, err := tx.Entry(m, key)
		if err != nil {
			return err
		}
		if entry != nil {
			return describe("loading", m, key, fmt.Errorf("it was %s here: %w", entry.Change, ErrUnsynced))
		}
	}
	tx.observe(row.Stamp)
	tx.writes++
	if err := tx.engine.Replace(m, key, row); err != nil {
		return describe("loading", m, key, err)
	}
	return nil
}

// anyUnsynced tells whether the store may have entries. It spares a bulk load
// into a store without any a look-up for each object.
func (tx *Tx) anyUnsynced() (bool, error) {
	if tx.stamped != 0 || tx.entries {
		return true, nil
	}
	if tx.noEntries {
		return false, nil
	}
	for _, err := range tx.Entries() {
		if err != nil {
			return false, err
		}
		tx.entries = true
		return true, nil
	}
	tx.noEntries = true
	return false, nil
}
