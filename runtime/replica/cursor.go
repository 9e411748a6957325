package replica

import (
	"context"
	"errors"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// cursorName is the note in the store that has the cursor.
const cursorName = "cursor"

// position is who the client is, and how far it has pulled.
func (r *Replica) position(ctx context.Context) (client string, cursor remote.Cursor, err error) {
	err = r.View(ctx, func(tx *store.Tx) error {
		client, _ = tx.Ledger().Client()
		text, err := tx.Meta(cursorName)
		cursor = remote.Cursor(text)
		return err
	})
	return client, cursor, err
}

// uncoveredNote is of whether the backend has acknowledged something since the cursor last
// moved. That it loses that the mark shows, but not the cursor.
var uncoveredNote = note[bool]{"uncovered", "whether the cursor covers all that was sent"}

// startOverNote is of a client that must start over.
var startOverNote = note[bool]{"start over", "that the client must start over"}

// uncover notes that the backend has acknowledged something.
func uncover(tx *store.Tx, settled *store.Settlement) error {
	if settled.Applied == 0 {
		return nil
	}
	return setNote(tx, uncoveredNote, true)
}

// setNote spares the store a write that changes nothing.
func setNote(tx *store.Tx, n note[bool], content bool) error {
	if now, err := n.load(tx); err != nil || now == content {
		return err
	}
	return n.save(tx, content)
}

// rename makes a store a client of its own. Of that no mark shows whether the backend has
// lost what it acknowledged to the client that the store was, so if the cursor would not
// either, the new one starts over.
func rename(tx *store.Tx) error {
	uncovered, err := uncoveredNote.load(tx)
	if err == nil && uncovered {
		err = startOverNote.save(tx, true)
	}
	return errors.Join(err, tx.Ledger().Rename())
}

// renamed is the client reset that is due after that.
func renamed(tx *store.Tx) error {
	due, err := startOverNote.load(tx)
	if err != nil || !due {
		return err
	}
	return &remote.ClientResetError{Reason: remote.Requested, Detail: "the store was restored from a backup, or renamed, and holds what the backend may have lost"}
}

// strategy is the one of the options, but for a store that starts over for having been
// restored: what somebody has brought back is not discarded.
func (r *Replica) strategy(ctx context.Context, backup *store.Store) reconcile.Strategy {
	if r.o.Strategy != reconcile.Discard {
		return r.o.Strategy
	}
	due := false
	err := backup.View(ctx, func(tx *store.Tx) (err error) {
		due, err = startOverNote.load(tx)
		return err
	})
	if err != nil || !due { // where it cannot be read there is nothing to bring back
		return reconcile.Discard
	}
	return reconcile.Recover
}
