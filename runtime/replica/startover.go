package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// startOverNote is of a client that starts over although no backend asks for it.
var startOverNote = note[startOver]{"start over", "why the client starts over"}

// startOver is that note.
type startOver struct {
	Renamed bool // and what is unsynced was not sent yet under the new name
	Due     bool // the renamed client must start over
	First   bool // the first download has found that it does not do
}

// rename makes a store a client of its own. Of that no mark shows whether the backend has
// lost what it acknowledged to the client that the store was, so if the cursor would not
// either, the new one starts over.
func rename(tx *store.Tx) error {
	uncovered, err := uncoveredNote.load(tx)
	if err != nil {
		return err
	}
	return errors.Join(tx.Ledger().Rename(), change(tx, startOverNote, func(note *startOver) {
		note.Renamed, note.Due = true, note.Due || uncovered // which an earlier Restore may have left due
	}))
}

// renamed is the client reset that is due after that.
func renamed(tx *store.Tx) error {
	note, err := startOverNote.load(tx)
	if err != nil || !note.Due {
		return err
	}
	return &remote.ClientResetError{Reason: remote.Requested, Detail: "the store was restored from a backup, or renamed, and holds what the backend may have lost"}
}

// heldBefore is the client reset that is due where a store that has never pulled holds
// anything that the backend has had: it was sent by Upload, or loaded by the app. A
// snapshot does not tell what of it is gone from there.
func heldBefore(tx *store.Tx, schema *store.Schema) error {
	had := func(model string, key model.Value) error {
		return &remote.ClientResetError{Reason: remote.HistoryTrimmed, Detail: fmt.Sprintf("the store had objects before its first download, %s %v for one, and nothing tells which of them are gone from the backend", model, key)}
	}
	for _, m := range schema.Models() {
		for row, err := range tx.Rows(m.Info) {
			if err != nil {
				return err
			}
			key := row.Values[m.Info.Key]
			e, err := tx.Entry(m.Info, key)
			if err != nil {
				return err
			}
			if e == nil || e.Change != model.Created {
				return had(m.Info.Name, key)
			}
		}
	}
	for e, err := range tx.Entries() {
		if err != nil {
			return err
		}
		if e.Change == model.Deleted {
			return had(e.Model, e.Key)
		}
	}
	return nil
}

// strategy is the one of the options, except where nobody asks for the client to start
// over: then what is unsynced in the store is not discarded, nor is anything of others'
// overwritten for it. The strategy overwrite applies to a store that was restored: that is
// how what a backend has lost is brought back to it.
func (r *Replica) strategy(ctx context.Context, backup *store.Store) reconcile.Strategy {
	chosen := r.o.Strategy
	if chosen == reconcile.Recover || chosen == reconcile.RecoverOrDiscard {
		return chosen
	}
	var note startOver
	err := backup.View(ctx, func(tx *store.Tx) (err error) {
		note, err = startOverNote.load(tx)
		return err
	})
	if err == nil && (note.First || note.Renamed && chosen == reconcile.Discard) {
		return reconcile.Recover
	}
	return chosen
}
