package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// resumeNote is of how much of a snapshot a store has; it is zero where no download was
// begun, or it is through.
var resumeNote = note[progress]{"resume", "the download"}

// progress is that note.
type progress struct {
	remote.Resume
	Objects int
}

// snapshot takes over everything that the backend has, or goes on with what the
// store has of it. Where another snapshot begins meanwhile, another says what
// becomes of what there is. last makes the notes of a download that is through.
func (b *batcher) snapshot(ctx context.Context, client string, from progress, another func() error, last func(tx *store.Tx, page *remote.SnapshotPage) error) error {
	at := from.Resume
	b.done = from.Objects
	note := func(tx *store.Tx) error {
		return resumeNote.save(tx, progress{at, b.done + b.waiting})
	}
	for page, err := range b.r.backend.Snapshot(ctx, client, at) {
		if err != nil {
			return errors.Join(err, b.flush(note))
		}
		if at.ID != "" && at.ID != page.Resume.ID {
			if err := another(); err != nil {
				return err
			}
			b.pages, b.waiting, b.done = nil, 0, 0
		}
		at, b.total = page.Resume, page.Total
		full := b.add(page.Objects)
		if page.Last {
			err := b.flush(func(tx *store.Tx) error {
				if err := resumeNote.remove(tx); err != nil {
					return err
				}
				if err := tx.SetMeta(cursorName, []byte(page.Cursor)); err != nil {
					return err
				}
				return last(tx, page)
			})
			if err == nil {
				b.progress(Transfer{Objects: b.done, Total: b.done, Complete: true})
			}
			return err
		}
		if full {
			if err := b.flush(note); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("the snapshot ended without its last page: %w", reconcile.ErrIncomplete)
}
