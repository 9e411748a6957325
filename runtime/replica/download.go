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

// markName is the note in a fresh copy of what the backend knew of this client at
// the moment of the snapshot.
const markName = "mark"

// download fills the store at path with everything that the backend has, or goes
// on with what is there of the same snapshot, whose mark it gives. If it is silent nobody
// is told how far it is.
func (r *Replica) download(ctx context.Context, path string, silent bool) (mark model.Mark, err error) {
	client, _, err := r.position(ctx)
	if err != nil {
		return mark, err
	}
	d := &downloader{r: r, ctx: ctx, path: path}
	from, err := d.open()
	if err == nil {
		b := &batcher{r: r, update: d.update, silent: silent}
		err = b.snapshot(ctx, client, from, d.restart, d.complete)
	}
	if err = errors.Join(err, d.close()); err != nil {
		return mark, fmt.Errorf("downloading a fresh copy: %w", err)
	}
	return d.mark, nil
}

// downloader has the fresh copy while it is filled.
type downloader struct {
	r     *Replica
	ctx   context.Context
	path  string
	fresh *store.Store
	mark  model.Mark // of the snapshot that is complete
}

// open opens the copy. One that cannot be used is begun anew, and so is one that a
// reset or a Restore has left that went no further.
func (d *downloader) open() (from progress, err error) {
	o := &d.r.o
	d.fresh, err = store.Open(d.ctx, o.Driver, d.path, o.Schema, o.storeOptions(false))
	if err == nil {
		err = d.fresh.View(d.ctx, func(tx *store.Tx) (err error) {
			from, err = resumeNote.load(tx)
			return err
		})
	}
	if err != nil && !reconcile.Unreadable(err) {
		return from, err
	}
	if err == nil {
		if _, complete := d.fresh.LastSynced(); !complete && from.ID != "" {
			return from, nil
		}
	}
	return progress{}, d.restart()
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
		return fmt.Errorf("beginning anew: %w", err)
	}
	d.fresh, err = store.Open(d.ctx, o.Driver, d.path, o.Schema, o.storeOptions(false))
	return err
}

// update writes to the copy. What has arrived is kept although the session ends.
func (d *downloader) update(do func(tx *store.Tx) error) error {
	if d.fresh == nil {
		return store.ErrClosed
	}
	return d.fresh.Update(context.WithoutCancel(d.ctx), do)
}

// complete makes the copy a complete one.
func (d *downloader) complete(tx *store.Tx, page *remote.SnapshotPage) error {
	d.mark = page.Mark
	if err := tx.SetMeta(markName, model.AppendMark(nil, &page.Mark)); err != nil {
		return err
	}
	return tx.MarkSynced()
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
