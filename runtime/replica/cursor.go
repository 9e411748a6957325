package replica

import (
	"context"

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

// uncoveredNote is of whether the store has taken over anything from the backend, or sent
// it, since the cursor last moved. That the backend loses it the mark shows, but not the
// cursor.
var uncoveredNote = note[bool]{"uncovered", "whether the cursor covers all that is synced"}

// uncover notes that the backend has acknowledged something, or has answered with objects
// as it has them.
func uncover(tx *store.Tx, settled *store.Settlement) error {
	if settled.Applied == 0 && len(settled.Conflicts) == 0 {
		return nil
	}
	return change(tx, uncoveredNote, func(uncovered *bool) { *uncovered = true })
}

// cover notes that the cursor covers all of it.
func cover(tx *store.Tx) error {
	return change(tx, uncoveredNote, func(uncovered *bool) { *uncovered = false })
}
