package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Tx is a transaction. It is used by the goroutine that it was handed to and
// ends when that function returns.
//
// An app reads and writes through the collections of its generated code, which it hands
// the transaction: FindingRecords.Get(tx, key). Of Tx's own methods it may want Entries,
// which tells what is unsynced, and Refused, Retry and Discard; MarkSynced is for a store
// that is filled by hand. The others work without generated types.
type Tx struct {
	ctx    context.Context
	store  *Store
	engine EngineTx
	write  bool
	done   bool

	state   state       // as it will be after the commit
	stamped stamp.Stamp // of this transaction's writes; 0 until the first
	dirty   bool        // whether state must be saved
	writes  int         // counts writes of objects, so that records know whether they are still fresh
	failed  error       // a write that was left half done: the transaction cannot commit

	entries, noEntries bool // what anyUnsynced has found out

	told    bool    // whether anybody wants to know what changes
	changes Changes // what has, if so
}

// Store is the store that the transaction runs in.
func (tx *Tx) Store() *Store { return tx.store }

// check refuses what a transaction cannot do.
func (tx *Tx) check(write bool) error {
	switch {
	case tx == nil:
		return errors.New("the transaction is nil; Update and View hand one out")
	case tx.done:
		return ErrTxDone
	case write && !tx.write:
		return ErrReadOnly
	case tx.failed != nil:
		return fmt.Errorf("the transaction has failed already: %w", tx.failed)
	}
	return context.Cause(tx.ctx)
}

func (tx *Tx) commit() error {
	if err := tx.check(true); err != nil {
		return fmt.Errorf("committing to %s: %w", tx.store.path, err)
	}
	if tx.dirty {
		tx.state.High = tx.store.clock.High()
		if err := tx.state.save(tx.engine); err != nil {
			return fmt.Errorf("committing to %s: %w", tx.store.path, err)
		}
	}
	if err := tx.engine.Commit(); err != nil {
		return fmt.Errorf("committing to %s: %w", tx.store.path, err)
	}
	tx.store.mu.Lock()
	moved := tx.state.LastSynced != nil && (tx.store.state.LastSynced == nil || *tx.state.LastSynced != *tx.store.state.LastSynced)
	tx.store.state = tx.state
	tx.store.mu.Unlock()
	if moved {
		tx.store.synced.Tell(*tx.state.LastSynced)
	}
	if tx.changes.All || len(tx.changes.Keys) > 0 {
		tx.store.changes.Tell(tx.changes)
	}
	return nil
}

func (tx *Tx) end() {
	tx.done = true
	if err := tx.engine.Rollback(); err != nil {
		tx.store.log.Error("rolling back a transaction", "store", tx.store.path, "error", err)
	}
}

// Row reads an object in its stored form, or gives nil.
func (tx *Tx) Row(m *model.Info, key model.Value) (*model.Row, error) {
	if err := tx.check(false); err != nil {
		return nil, err
	}
	row, err := tx.engine.Get(m, key)
	if err != nil {
		return nil, describe("reading", m, key, err)
	}
	return row, nil
}

// Rows yields every object of a model in its stored form, in the order of the
// keys. It ends after an error.
func (tx *Tx) Rows(m *model.Info) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		if err := tx.check(false); err != nil {
			yield(nil, err)
			return
		}
		for row, err := range tx.engine.Rows(m) {
			if err == nil {
				err = tx.check(false)
			}
			if err != nil {
				yield(nil, fmt.Errorf("listing %s: %w", m.Name, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Entry reads the record of an object's unsynced changes, or gives nil.
func (tx *Tx) Entry(m *model.Info, key model.Value) (*model.Entry, error) {
	if err := tx.check(false); err != nil {
		return nil, err
	}
	e, err := tx.engine.Entry(m.Name, key)
	if err != nil {
		return nil, describe("reading the entry of", m, key, err)
	}
	if e != nil {
		rename(m, e)
	}
	return e, nil
}

// rename gives the fields of an entry that an earlier version of the app wrote
// the names that they have now.
func rename(m *model.Info, e *model.Entry) {
	if e == nil {
		return
	}
	if e.Model = m.Name; e.Sent != nil {
		rename(m, e.Sent.Entry)
		rename(m, e.Sent.Since)
	}
	for i := range e.Fields {
		if f := e.Index(m, i); f >= 0 {
			e.Fields[i].Name = m.Fields[f].Name
		}
	}
}

// Entries yields the record of every object's unsynced changes in the order of
// the models' names and then of the keys. It ends after an error.
func (tx *Tx) Entries() iter.Seq2[*model.Entry, error] { return tx.entriesAfter("", model.Value{}) }

// entriesAfter yields the entries after the one of the object named.
func (tx *Tx) entriesAfter(name string, key model.Value) iter.Seq2[*model.Entry, error] {
	return func(yield func(*model.Entry, error) bool) {
		if err := tx.check(false); err != nil {
			yield(nil, err)
			return
		}
		for e, err := range tx.engine.Entries(name, key) {
			if err == nil {
				err = tx.check(false)
			}
			if err != nil {
				yield(nil, fmt.Errorf("listing the unsynced changes: %w", err))
				return
			}
			if m := tx.store.schema.Model(e.Model); m != nil {
				rename(m.Info, e)
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Write writes an object as the app itself would: it is stamped and unsynced
// afterwards, in the fields in which it differs from what is stored. It is for
// code that has no generated type at hand. Only the values of the row count.
func (tx *Tx) Write(m *model.Info, key model.Value, row *model.Row) error {
	if err := tx.check(true); err != nil {
		return describe("writing", m, key, err)
	}
	if err := codec.CheckKey(m, key); err != nil {
		return err
	}
	before, err := tx.Row(m, key)
	if err != nil {
		return err
	}
	from := before
	if from == nil {
		from = model.NewRow(m)
	}
	after := from.Clone()
	after.Values = slices.Clone(row.Values)
	changed := after.Differing(from)
	changed.Remove(m.Key)
	return tx.put(m, key, before, after, changed, model.FieldSet{})
}

// adopt makes sure that the store's own sequence and clock are past those of an
// entry that was made elsewhere.
func (tx *Tx) adopt(e *model.Entry) {
	if e.Seq > tx.state.Seq {
		tx.state.Seq, tx.dirty = e.Seq, true
	}
	tx.observe(e.Stamp)
}

// resume takes over the clock of a store whose life this one goes on with: its stamps
// do not run backwards, although the device's clock may.
func (tx *Tx) resume(high stamp.Stamp) {
	tx.store.clock.Resume(high)
	tx.dirty = true
}

// observe takes note of a stamp of another device's.
func (tx *Tx) observe(s stamp.Stamp) {
	if !tx.store.clock.Observe(s) {
		tx.store.log.Warn("a stamp far ahead of this device's clock was not followed", "store", tx.store.path, "stamp", s)
		return
	}
	if s > tx.state.High { // whatever the clock in memory saw in transactions that failed
		tx.dirty = true
	}
}

// Seq is the sequence of the latest commit that the transaction sees, or of the
// one that it will be.
func (tx *Tx) Seq() uint64 { return tx.state.Seq }

// Meta reads a note that a layer above the store made in it, or gives nil.
func (tx *Tx) Meta(name string) ([]byte, error) {
	if err := tx.check(false); err != nil {
		return nil, err
	}
	return tx.engine.Meta(layer + name)
}

// SetMeta writes a note that Meta reads. It is no write of an object: nothing is stamped,
// and nothing is unsynced by it. The names are for whoever is directly above the store:
// package replica, where there is one, whose notes do not outlive a client reset.
func (tx *Tx) SetMeta(name string, value []byte) error {
	if err := tx.check(true); err != nil {
		return err
	}
	return tx.engine.SetMeta(layer+name, value)
}

// layer keeps the notes of other layers apart from the store's own.
const layer = "layer:"

// MarkSynced notes that the store holds what the backend has and the backend
// what the store has: from here on the store counts as complete. It refuses with
// ErrUnsynced while there are entries, for those say that the backend lacks
// something.
func (tx *Tx) MarkSynced() error {
	if err := tx.check(true); err != nil {
		return err
	}
	for e, err := range tx.Entries() {
		if err != nil {
			return err
		}
		return fmt.Errorf("marking %s as synced: %s %v was %s: %w", tx.store.path, e.Model, e.Key, e.Change, ErrUnsynced)
	}
	tx.state.LastSynced = &LastSynced{Seq: tx.state.Seq, Stamp: tx.store.clock.High(), Wall: tx.store.clock.Wall().UTC()}
	tx.dirty = true
	return nil
}

// describe says what was being done to which object.
func describe(doing string, m *model.Info, key model.Value, err error) error {
	return fmt.Errorf("%s %s %v: %w", doing, m.Name, key, err)
}
