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
	seq, at := tx.Ledger().CommitStamp()
	for f := range written.All() {
		after.Mark(m, f, at)
	}
	if before == nil { // an object of which no field was set still has a newest stamp
		after.Mark(m, m.Key, at)
	}
	return tx.track(&change{info: m, key: key, before: before, after: after, written: written, touched: touched, seq: seq, at: at})
}

// remove deletes an object that the app wants gone and leaves a tombstone, unless
// the backend never had it.
func (tx *Tx) remove(m *model.Info, key model.Value, before *model.Row) error {
	seq, at := tx.Ledger().CommitStamp()
	return tx.track(&change{info: m, key: key, before: before, seq: seq, at: at})
}

// track writes an object and the record of its change.
func (tx *Tx) track(c *change) error {
	old, err := tx.Entry(c.info, c.key)
	if err != nil {
		return err
	}
	if old != nil && old.Sent == nil && (c.before == nil) != (old.Change == model.Deleted) {
		return describe("writing", c.info, c.key, fmt.Errorf("%w: the object is on record as %s, which does not agree with what is stored", ErrCorrupt, old.Change))
	}
	tx.wrote(c.info, c.key)
	switch {
	case c.after == nil:
		err = tx.engine.Delete(c.info, c.key)
	case c.before == nil:
		err = tx.engine.Insert(c.info, c.key, c.after)
	default:
		err = tx.engine.Update(c.info, c.key, c.after, c.written)
	}
	if err != nil {
		return describe("writing", c.info, c.key, err)
	}
	return tx.setEntry(c.info, c.key, tx.follow(c, old))
}

// follow is what an object's entry becomes by a write. While its changes are on
// their way to the backend, two records are kept: what is unsynced if the cut is
// never applied, and what is if it is.
func (tx *Tx) follow(c *change, old *model.Entry) *model.Entry {
	if old == nil || tx.state.Cut == nil || !inCut(tx.state.Cut, old) {
		return c.follow(old)
	}
	sent, neverSent := old.Sent, *old
	if neverSent.Sent = nil; sent == nil {
		sent = &model.Sent{Entry: &neverSent}
		if c.before != nil {
			sent.Row = c.before.Named(c.info)
		}
	}
	var next *model.Entry
	if old.Change == 0 {
		next = c.follow(nil)
	} else {
		next = c.follow(&neverSent)
	}
	if next == nil {
		next = &model.Entry{Model: old.Model, Key: old.Key, Seq: c.seq, Stamp: c.at}
	}
	next.Sent = &model.Sent{Entry: sent.Entry, Row: sent.Row, Since: c.follow(sent.Since)}
	return next
}

// setEntry completes the write of an object: nil means that nothing of it is
// unsynced. Object and entry are written together or not at all.
func (tx *Tx) setEntry(m *model.Info, key model.Value, entry *model.Entry) error {
	var err error
	if entry == nil {
		err = tx.engine.DeleteEntry(m.Name, key)
	} else {
		tx.entries = true
		err = tx.engine.PutEntry(entry)
	}
	if err != nil {
		err = describe("writing the entry of", m, key, err)
		tx.failed = err
	}
	return err
}

// noCut refuses what must wait until the open cut is settled.
func (tx *Tx) noCut() error {
	if tx.state.Cut != nil {
		return fmt.Errorf("cut %d is not settled: %w", tx.state.Cut.N, ErrCutOpen)
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
