package store

import (
	"maps"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Ledger is a store's account with its backend: as which client the backend knows the
// store, what was sent and what became of it, and what is taken over from there or from
// a backup. It is for whoever writes what package replica is: an app has that, and never
// needs it. It has no state of its own and is valid as long as the transaction.
type Ledger struct{ tx *Tx }

// Ledger is the store's account with its backend, as the transaction sees it. Apps do
// not need it.
func (tx *Tx) Ledger() Ledger { return Ledger{tx} }

// CommitStamp is the sequence and the stamp of what this transaction writes as the
// app's own. The first such write takes them.
func (l Ledger) CommitStamp() (uint64, stamp.Stamp) {
	tx := l.tx
	if tx.stamped == 0 {
		tx.stamped = tx.store.clock.Next()
		tx.state.Seq++
		tx.dirty = true
	}
	return tx.state.Seq, tx.stamped
}

// Apply writes what a merge decided: an object that comes from elsewhere, and
// what remains unsynced of it. Nothing is stamped. Where the store's own
// constraint refuses the object, nothing of it was written, the error wraps
// ErrConstraint, and the transaction can go on.
func (l Ledger) Apply(m *model.Info, key model.Value, d *merge.Decision) error {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return err
	}
	if err := tx.noCut(); err != nil {
		return describe("writing", m, key, err)
	}
	if d.Row != nil {
		tx.observe(d.Row.Stamp)
	}
	tx.wrote(m, key)
	var err error
	switch d.Write {
	case merge.WriteInsert:
		err = tx.engine.Insert(m, key, d.Row)
	case merge.WriteUpdate:
		err = tx.engine.Update(m, key, d.Row, d.Fields)
	case merge.WriteDelete:
		err = tx.engine.Delete(m, key)
	}
	if err != nil {
		return describe("writing", m, key, err)
	}
	if d.Entry != nil {
		tx.adopt(d.Entry)
	}
	return tx.setEntry(m, key, d.Entry)
}

// Reconciled is the sequence that the backup with the id stood at when it was
// reconciled into this store, and whether it was.
func (l Ledger) Reconciled(backup string) (seq uint64, ok bool) {
	seq, ok = l.tx.state.Reconciled[backup]
	return seq, ok
}

// SetReconciled notes that a backup, as the transaction in it sees it, was
// reconciled into this store, and with it every backup that had been reconciled
// into that. It takes over the backup's sequence and its clock.
func (l Ledger) SetReconciled(backup *Tx) error {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return err
	}
	from := backup.state
	reconciled := maps.Clone(from.Reconciled)
	if reconciled == nil {
		reconciled = map[string]uint64{}
	}
	maps.Copy(reconciled, tx.state.Reconciled)
	tx.state.Reconciled = reconciled
	tx.state.Reconciled[from.ID] = from.Seq
	tx.state.Seq = max(tx.state.Seq, from.Seq)
	tx.resume(from.High)
	return nil
}
