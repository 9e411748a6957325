package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// pull takes over what was written at the backend since the last time.
func (r *Replica) pull(ctx context.Context) error {
	client, from, err := r.position(ctx)
	if err != nil {
		return err
	}
	if from == "" {
		return r.fill(ctx, client)
	}
	b := r.intoLive(ctx)
	var mark model.Mark
	cursor := from
	moved := func(tx *store.Tx) error {
		if err := tx.Ledger().CheckMark(mark); err != nil {
			return rewound(err)
		}
		return tx.SetMeta(cursorName, []byte(cursor))
	}
	for page, err := range r.backend.Pull(ctx, client, from) {
		if err != nil { // what came before it stays, so that a bad line gets there in the end
			return fmt.Errorf("pulling: %w", errors.Join(err, b.flush(moved)))
		}
		mark, cursor = page.Mark, page.Cursor
		if b.add(page.Objects) {
			if err := b.flush(moved); err != nil {
				return err
			}
		}
	}
	if err := b.flush(func(tx *store.Tx) error { return errors.Join(moved(tx), cover(tx)) }); err != nil {
		return err
	}
	if b.done == 0 {
		err = r.letIn(ctx)
	} else {
		b.progress(Transfer{Objects: b.done, Total: b.done, Complete: true})
	}
	return errors.Join(err, r.markFirstSync(ctx), r.countHeld(ctx))
}

// markFirstSync makes a new store one that is in sync, once it has everything.
func (r *Replica) markFirstSync(ctx context.Context) error {
	var synced, unsynced bool
	err := r.inside(ctx, func(live *store.Store) error {
		_, synced = live.LastSynced()
		return nil
	})
	if err != nil || synced {
		return err
	}
	return r.update(ctx, func(tx *store.Tx) error {
		for _, err := range tx.Entries() {
			if unsynced = true; err != nil {
				return err
			}
			break
		}
		if unsynced {
			return nil
		}
		return tx.MarkSynced()
	})
}
