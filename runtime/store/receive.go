package store

import (
	"fmt"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
)

// Load writes an object as the backend has it: nothing is stamped and nothing is
// unsynced afterwards. An object with unsynced changes is refused with
// ErrUnsynced. It is for filling a store; what a backend sends later goes through
// Ledger.Receive.
func (tx *Tx) Load(m *model.Info, key model.Value, row *model.Row) error {
	if err := tx.check(true); err != nil {
		return err
	}
	if err := tx.noCut(); err != nil {
		return describe("loading", m, key, err)
	}
	entry, err := tx.unsyncedEntry(m, key)
	if err != nil {
		return err
	}
	if entry != nil {
		return describe("loading", m, key, fmt.Errorf("it was %s here: %w", entry.Change, ErrUnsynced))
	}
	tx.observe(row.Stamp)
	tx.wrote(m, key)
	if err := tx.engine.Replace(m, key, tx.fitting(m, key, row)); err != nil {
		return describe("loading", m, key, err)
	}
	return nil
}

// Receive takes over an object as the backend has it now; remote is nil where it
// is gone there. Unsynced changes of the object are merged into it and rebased on
// it, and the decision is given; it is nil where there were none. Nothing is
// stamped.
//
// Where a field cannot be merged, because the app's own merge function fails, say,
// the decision says so (merge.Failed): the field keeps its local value, the others are
// merged, and the object is refused. It waits until somebody retries it, which means
// that the local value wins, discards it, or writes the field. A value of the backend's that does not fit its field reads as the
// zero value and is logged. Where the store's own constraint refuses the object,
// nothing of it was written, the error wraps ErrConstraint, and the transaction can
// go on.
func (l Ledger) Receive(m *merge.Model, key model.Value, remote *model.Row, policy model.Policy) (*merge.Decision, error) {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return nil, err
	}
	if err := tx.noCut(); err != nil {
		return nil, describe("receiving", m.Info, key, err)
	}
	if remote != nil {
		tx.observe(remote.Stamp)
	}
	entry, err := tx.unsyncedEntry(m.Info, key)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, tx.take(m.Info, key, remote)
	}
	local, err := tx.Row(m.Info, key)
	if err != nil {
		return nil, err
	}
	if local == nil && entry.Change != model.Deleted {
		return nil, describe("receiving", m.Info, key, fmt.Errorf("%w: it is on record as %s and is not there", ErrCorrupt, entry.Change))
	}
	d := merge.Received(m, policy, entry, local, remote)
	result := remote
	switch d.Write {
	case merge.WriteInsert, merge.WriteUpdate:
		result = d.Row
	case merge.WriteDelete:
		result = nil
	}
	if err := tx.take(m.Info, key, result); err != nil {
		return nil, err
	}
	return d, tx.setEntry(m.Info, key, d.Entry)
}

// take makes the object what row says, nil for gone. A value that does not fit its
// field is told to the log and reads as the zero value: the backend has it still.
func (tx *Tx) take(m *model.Info, key model.Value, row *model.Row) error {
	tx.wrote(m, key)
	var err error
	if row == nil {
		err = tx.engine.Delete(m, key)
	} else {
		err = tx.engine.Replace(m, key, tx.fitting(m, key, row))
	}
	if err != nil {
		return describe("receiving", m, key, err)
	}
	return nil
}

// fitting is the row with the zero value in the place of what does not fit.
func (tx *Tx) fitting(m *model.Info, key model.Value, row *model.Row) *model.Row {
	fits := row
	for i, v := range row.Values {
		field := &m.Fields[i]
		if v.Kind() == field.Kind && field.Kind != model.JSON && field.Convert == nil {
			continue // as nearly all do
		}
		fit, err := field.Present(v)
		switch {
		case err != nil:
			tx.store.log.Error("a value that the backend sent does not fit; its field reads as the zero value here",
				"store", tx.store.path, "object", fmt.Sprintf("%s %v", m.Name, key), "field", field.Name, "error", err)
			fit = field.Zero
		case fit == v:
			continue
		}
		if fits == row {
			fits = row.Clone()
		}
		fits.Values[i] = fit
	}
	return fits
}

// unsyncedEntry is the entry of an object, nil where nothing of it is unsynced. A
// bulk load into a store without any entries is spared the look-ups.
func (tx *Tx) unsyncedEntry(m *model.Info, key model.Value) (*model.Entry, error) {
	if unsynced, err := tx.anyUnsynced(); err != nil || !unsynced {
		return nil, err
	}
	return tx.Entry(m, key)
}
