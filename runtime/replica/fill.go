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

// fill downloads everything into a store that has never pulled, beside what the
// app has written to it already. A download that was interrupted goes on in the same
// snapshot. Where that is not kept, objects may be there that are gone by now, so
// the client starts over.
func (r *Replica) fill(ctx context.Context, client string) error {
	from, err := r.readProgress(ctx)
	if err != nil {
		return err
	}
	f := &filler{r: r, ctx: ctx, at: from}
	for page, err := range r.o.Remote.Snapshot(ctx, client, from.Resume) {
		if err != nil {
			return fmt.Errorf("downloading: %w", errors.Join(err, f.flush()))
		}
		if f.at.ID != "" && f.at.ID != page.Resume.ID {
			return &remote.ClientResetError{Reason: remote.HistoryTrimmed, Detail: "the snapshot that the first download began with is not kept any more"}
		}
		f.pages = append(f.pages, page)
		f.waiting += len(page.Objects)
		f.at.Resume = page.Resume
		if f.waiting >= batch || page.Last {
			if err := f.flush(); err != nil {
				return err
			}
		}
		if page.Last {
			r.downloads.tell(Transfer{Objects: f.at.Objects, Total: f.at.Objects, Complete: true})
			return errors.Join(r.markFirstSync(ctx), r.countHeld(ctx))
		}
	}
	return fmt.Errorf("downloading: the snapshot ended without its last page: %w", reconcile.ErrIncomplete)
}

// filler takes the pages of a snapshot over, several in a transaction.
type filler struct {
	r       *Replica
	ctx     context.Context
	at      progress
	pages   []*remote.SnapshotPage
	waiting int
}

func (f *filler) flush() error {
	if len(f.pages) == 0 {
		return nil
	}
	last := f.pages[len(f.pages)-1]
	var in intake
	err := f.r.update(f.ctx, func(tx *store.Tx) (err error) {
		if in, err = f.r.newIntake(tx); err != nil {
			return err
		}
		for _, page := range f.pages {
			for i := range page.Objects {
				if err := in.take(&page.Objects[i]); err != nil {
					return err
				}
			}
		}
		if err := in.end(); err != nil {
			return err
		}
		if last.Last {
			if err := tx.CheckMark(last.Mark); err != nil {
				return rewound(err)
			}
			if err := tx.SetMeta(resumeName, nil); err != nil {
				return err
			}
			return tx.SetMeta(cursorName, []byte(last.Cursor))
		}
		text, err := json.Marshal(progress{last.Resume, f.at.Objects + f.waiting})
		if err != nil {
			return err
		}
		return tx.SetMeta(resumeName, text)
	})
	if err != nil {
		return err
	}
	f.at.Objects += f.waiting
	f.pages, f.waiting = f.pages[:0], 0
	f.r.tellMerged(in.merged)
	f.r.downloads.tell(Transfer{Objects: f.at.Objects, Total: max(last.Total, f.at.Objects)})
	return nil
}

func (r *Replica) readProgress(ctx context.Context) (p progress, err error) {
	err = r.View(ctx, func(tx *store.Tx) (err error) {
		p, err = progressOf(tx)
		return err
	})
	return p, err
}

// progressOf reads the note of how much of a snapshot a store has.
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
