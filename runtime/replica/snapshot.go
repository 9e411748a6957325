package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// resumeName is the note in a store of how much of a snapshot it has.
const resumeName = "resume"

// progress is that note.
type progress struct {
	remote.Resume
	Objects int `json:"objects"`
}

// progressOf reads it; it is zero where no download was begun, or it is through.
func progressOf(tx *store.Tx) (p progress, err error) {
	text, err := tx.Meta(resumeName)
	if err != nil || len(text) == 0 {
		return p, err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, fmt.Errorf("%w: the note of the download: %w", store.ErrCorrupt, err)
	}
	return p, nil
}

// snapshot takes over everything that the backend has, or goes on with what the
// store has of it. Where another snapshot begins meanwhile, another says what
// becomes of what there is. last makes the notes of a download that is through.
func (b *batcher) snapshot(ctx context.Context, client string, from progress, another func() error, last func(tx *store.Tx, page *remote.SnapshotPage) error) error {
	at := from.Resume
	b.done = from.Objects
	note := func(tx *store.Tx) error {
		text, err := json.Marshal(progress{at, b.done + b.waiting})
		if err != nil {
			return err
		}
		return tx.SetMeta(resumeName, text)
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
				if err := tx.SetMeta(resumeName, nil); err != nil {
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
