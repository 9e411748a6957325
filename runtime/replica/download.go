package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// The notes in a fresh copy.
const (
	resumeName = "resume" // where the download goes on
	markName   = "mark"   // what the backend knew of this client at the moment of the snapshot
)

// download fills the store at path with everything that the backend has, or goes
// on with what is there of the same snapshot.
func (r *Replica) download(ctx context.Context, path string) error {
	client, _, err := r.position(ctx)
	if err != nil {
		return err
	}
	d := &downloader{r: r, ctx: ctx, path: path}
	if err := d.open(); err != nil {
		return err
	}
	err = d.all(client)
	return errors.Join(err, d.close())
}

// downloader fills a fresh copy page by page.
type downloader struct {
	r     *Replica
	ctx   context.Context
	path  string
	fresh *store.Store

	resume  remote.Resume // of what the copy has
	pages   []*remote.SnapshotPage
	waiting int // objects in pages
	done    int
	total   int
}

// open opens the copy; one that cannot be used is begun anew.
func (d *downloader) open() (err error) {
	o := &d.r.o
	d.fresh, err = store.Open(d.ctx, o.Driver, d.path, o.Schema, o.storeOptions(false))
	if err == nil {
		if err = d.readResume(); err == nil {
			return nil
		}
		err = errors.Join(err, d.close())
	}
	if !reconcile.Unreadable(err) {
		return fmt.Errorf("opening the fresh copy: %w", err)
	}
	return d.restart()
}

func (d *downloader) close() error {
	if d.fresh == nil {
		return nil
	}
	fresh := d.fresh
	d.fresh = nil
	return fresh.Close()
}

// restart begins with an empty copy.
func (d *downloader) restart() (err error) {
	o := &d.r.o
	if err := d.close(); err != nil {
		return err
	}
	if err := o.Driver.Remove(d.ctx, d.path); err != nil {
		return fmt.Errorf("beginning the fresh copy anew: %w", err)
	}
	d.resume, d.pages, d.waiting, d.done = remote.Resume{}, nil, 0, 0
	d.fresh, err = store.Open(d.ctx, o.Driver, d.path, o.Schema, o.storeOptions(false))
	return err
}

// progress is the note of how much of the snapshot the copy has.
type progress struct {
	remote.Resume
	Objects int `json:"objects"`
}

func (d *downloader) readResume() error {
	return d.fresh.View(d.ctx, func(tx *store.Tx) error {
		p, err := progressOf(tx)
		d.resume, d.done = p.Resume, p.Objects
		return err
	})
}

func (d *downloader) all(client string) error {
	if _, complete := d.fresh.LastSynced(); complete || d.resume.ID == "" { // left by a reset, or a Restore, that went no further
		if err := d.restart(); err != nil {
			return err
		}
	}
	for page, err := range d.r.o.Remote.Snapshot(d.ctx, client, d.resume) {
		if err != nil {
			return fmt.Errorf("downloading a fresh copy: %w", errors.Join(err, d.flush()))
		}
		if d.resume.ID != "" && d.resume.ID != page.Resume.ID {
			if err := d.restart(); err != nil {
				return err
			}
		}
		d.resume, d.total = page.Resume, page.Total
		d.pages = append(d.pages, page)
		d.waiting += len(page.Objects)
		if page.Last {
			return d.end(page)
		}
		if d.waiting >= batch {
			if err := d.flush(); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("downloading a fresh copy: the snapshot ended without its last page: %w", reconcile.ErrIncomplete)
}

// flush writes the pages that wait.
func (d *downloader) flush() error {
	return d.write(func(tx *store.Tx) error {
		text, err := json.Marshal(progress{d.resume, d.done + d.waiting})
		if err != nil {
			return err
		}
		return tx.SetMeta(resumeName, text)
	})
}

// end writes the last pages and makes the copy a complete one.
func (d *downloader) end(last *remote.SnapshotPage) error {
	err := d.write(func(tx *store.Tx) error {
		if err := tx.SetMeta(resumeName, nil); err != nil {
			return err
		}
		if err := tx.SetMeta(cursorName, []byte(last.Cursor)); err != nil {
			return err
		}
		if err := tx.SetMeta(markName, model.AppendMark(nil, &last.Mark)); err != nil {
			return err
		}
		return tx.MarkSynced()
	})
	if err != nil {
		return err
	}
	d.r.downloads.tell(Transfer{Objects: d.done, Total: d.done, Complete: true})
	return nil
}

// write loads the pages that wait, and makes the note, in one transaction.
func (d *downloader) write(note func(tx *store.Tx) error) error {
	if d.fresh == nil {
		return nil
	}
	err := d.fresh.Update(context.WithoutCancel(d.ctx), func(tx *store.Tx) error {
		in, err := d.r.newIntake(tx)
		if err != nil {
			return err
		}
		for _, page := range d.pages {
			for i := range page.Objects {
				if err := in.take(&page.Objects[i]); err != nil {
					return err
				}
			}
		}
		if err := in.end(); err != nil {
			return err
		}
		return note(tx)
	})
	if err != nil {
		return fmt.Errorf("writing the fresh copy: %w", err)
	}
	d.done += d.waiting
	d.pages, d.waiting = d.pages[:0], 0
	d.r.downloads.tell(Transfer{Objects: d.done, Total: max(d.total, d.done)})
	return nil
}

// markOf reads the mark of a fresh copy.
func markOf(tx *store.Tx) (mark model.Mark, err error) {
	b, err := tx.Meta(markName)
	if err != nil {
		return mark, err
	}
	if mark, err = model.DecodeMark(b); err != nil {
		return mark, fmt.Errorf("%w: the backend's mark in a fresh copy: %w", store.ErrCorrupt, err)
	}
	return mark, nil
}
