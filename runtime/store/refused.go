package store

import (
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
)

// Refused yields the changes that the backend refused, in the order of Entries.
// They stay in the store, and are not sent again, until they are retried, discarded
// or the object is written again.
func (tx *Tx) Refused() iter.Seq2[*model.Entry, error] {
	return func(yield func(*model.Entry, error) bool) {
		for e, err := range tx.Entries() {
			if (err != nil || e.Refused != "") && !yield(e, err) {
				return
			}
		}
	}
}

// Retry lets a change that the backend refused go into the next cut. Its error
// wraps ErrNotFound where nothing was refused.
func (tx *Tx) Retry(m *model.Info, key model.Value) error {
	e, err := tx.unsent("retrying", m, key)
	if err != nil {
		return err
	}
	if e.Refused == "" {
		return describe("retrying", m, key, fmt.Errorf("%w among those that were refused", ErrNotFound))
	}
	e.Refused = ""
	return tx.setEntry(m, key, e)
}

// Discard takes back an object's unsynced changes, refused or not: the object is
// what the backend has, as far as this store knows. Fields that it puts back count
// as written at no known time; those of a deleted object that this version of the
// app does not know are not put back. Its error wraps ErrNotFound where nothing is
// unsynced, ErrSchema where this version of the app does not know a field that was
// changed, and ErrConstraint where the values that come back clash with another
// object.
func (tx *Tx) Discard(m *model.Info, key model.Value) error {
	e, err := tx.unsent("discarding", m, key)
	if err != nil {
		return err
	}
	row, err := tx.base(m, key, e)
	if err != nil {
		return err
	}
	tx.wrote(m, key)
	if row == nil {
		err = tx.engine.Delete(m, key)
	} else {
		err = tx.engine.Replace(m, key, row)
	}
	if err != nil {
		return describe("discarding", m, key, err)
	}
	return tx.setEntry(m, key, nil)
}

// unsent is the entry of an object of which nothing is on its way.
func (tx *Tx) unsent(doing string, m *model.Info, key model.Value) (*model.Entry, error) {
	if err := tx.check(true); err != nil {
		return nil, err
	}
	if err := tx.noCut(); err != nil {
		return nil, describe(doing, m, key, err)
	}
	e, err := tx.Entry(m, key)
	if err == nil && e == nil {
		err = describe(doing, m, key, fmt.Errorf("%w among those with unsynced changes", ErrNotFound))
	}
	return e, err
}

// base is an object as it was before its unsynced changes, nil where there was
// none.
func (tx *Tx) base(m *model.Info, key model.Value, e *model.Entry) (*model.Row, error) {
	var row *model.Row
	var err error
	switch e.Change {
	case model.Created:
		return nil, nil
	case model.Deleted, model.Recreated:
		row = model.RowOf(m, e.Base)
	default:
		if row, err = tx.Row(m, key); err != nil {
			return nil, err
		}
		if row == nil {
			return nil, describe("discarding", m, key, fmt.Errorf("%w: it is on record as %s and is not there", ErrCorrupt, e.Change))
		}
		for _, f := range e.Fields {
			i := m.Index(f.Name)
			if i < 0 {
				return nil, describe("discarding", m, key, fmt.Errorf("%w: the field %s was changed by a newer version of the app, and only that can put it back", ErrSchema, f.Name))
			}
			if row.Values[i] = f.Base; row.Stamps != nil {
				row.Stamps[i] = 0
			}
		}
	}
	for i := range row.Values {
		field := &m.Fields[i]
		v, err := field.Present(row.Values[i])
		if err != nil {
			return nil, describe("discarding", m, key, &model.FieldError{Model: m.Name, Field: field.Name, Value: row.Values[i], Err: err})
		}
		row.Values[i] = v
	}
	return row, nil
}

// Forget takes every object off the record of what is unsynced: it is known by
// other means that the backend has it all. No object is written.
func (l Ledger) Forget() error {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return err
	}
	if err := tx.noCut(); err != nil {
		return fmt.Errorf("forgetting what is unsynced in %s: %w", tx.store.path, err)
	}
	var last model.ObjectKey
	for more := true; more; {
		more = false
		batch := make([]model.ObjectKey, 0, settleBatch)
		for e, err := range tx.entriesAfter(last.Model, last.Key) {
			if err != nil {
				return err
			}
			last = model.ObjectKey{Model: e.Model, Key: e.Key}
			if batch = append(batch, last); len(batch) == settleBatch {
				more = true
				break
			}
		}
		for _, b := range batch {
			if err := tx.engine.DeleteEntry(b.Model, b.Key); err != nil {
				tx.failed = fmt.Errorf("forgetting what is unsynced of %s %v: %w", b.Model, b.Key, err)
				return tx.failed
			}
		}
	}
	return nil
}
