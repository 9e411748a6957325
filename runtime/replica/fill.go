package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// fill downloads everything into a store that has never pulled, beside what the
// app has written to it already. A download that was interrupted goes on in the same
// snapshot. Where that is not kept, objects may be there that are gone by now, so
// the client starts over.
func (r *Replica) fill(ctx context.Context, client string) error {
	var from progress
	err := r.View(ctx, func(tx *store.Tx) (err error) {
		from, err = resumeNote.load(tx)
		return err
	})
	if err != nil {
		return err
	}
	resumed := from.ID != ""
	if !resumed {
		if err := r.View(ctx, func(tx *store.Tx) error { return heldBefore(tx, r.o.Schema) }); err != nil {
			return err
		}
	}
	another := func() error {
		return &remote.ClientResetError{Reason: remote.HistoryTrimmed, Detail: "the snapshot that the first download began with is not kept any more"}
	}
	err = r.intoLive(ctx).snapshot(ctx, client, from, another, func(tx *store.Tx, page *remote.SnapshotPage) error {
		if resumed {
			return nil
		}
		return errors.Join(rewound(tx.Ledger().CheckMark(page.Mark)), setNote(tx, uncoveredNote, false))
	})
	if err == nil && resumed { // the mark is from before what was sent since the snapshot began
		err = r.settle(ctx)
	}
	if err != nil {
		return fmt.Errorf("downloading: %w", err)
	}
	return errors.Join(r.markFirstSync(ctx), r.countHeld(ctx))
}

// heldBefore is the client reset that is due where a store that has never pulled holds
// anything that is not unsynced: it was sent by Upload, or loaded by the app. A snapshot
// does not tell what of it is gone from the backend.
func heldBefore(tx *store.Tx, schema *store.Schema) error {
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
			if e == nil {
				return &remote.ClientResetError{Reason: remote.HistoryTrimmed, Detail: fmt.Sprintf("the store had objects before its first download, %s %v for one, and nothing tells which of them are gone from the backend", m.Info.Name, key)}
			}
		}
	}
	return nil
}
