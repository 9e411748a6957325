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
		err := r.View(ctx, func(tx *store.Tx) error { return heldBefore(tx, r.o.Schema) })
		if errors.As(err, new(*remote.ClientResetError)) {
			first := func(note *startOver) { note.First = true }
			err = errors.Join(err, r.update(ctx, func(tx *store.Tx) error { return change(tx, startOverNote, first) }))
		}
		if err != nil {
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
		return errors.Join(rewound(tx.Ledger().CheckMark(page.Mark)), cover(tx))
	})
	if err == nil && resumed { // the mark is from before what was sent since the snapshot began
		err = r.settle(ctx)
	}
	if err != nil {
		return fmt.Errorf("downloading: %w", err)
	}
	return errors.Join(r.markFirstSync(ctx), r.countHeld(ctx))
}
