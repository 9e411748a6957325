package replica

import (
	"context"

	"github.com/resetgen/resetgen/runtime/store"
)

// untoldNote is of what Options.Merged has yet to be told. It is made by the transaction
// that merged, so that a process that is killed before it has told the app does so when
// the replica is opened again.
var untoldNote = note[[]Merge]{"untold", "what the app has to be told"}

// noteMerged adds to the note, if there is somebody to tell.
func (r *Replica) noteMerged(tx *store.Tx, merged []Merge) error {
	if len(merged) == 0 || r.o.Merged == nil {
		return nil
	}
	before, err := untoldNote.load(tx)
	if err != nil {
		return err
	}
	return untoldNote.save(tx, append(before, merged...))
}

// tellMerged hands what is noted to the app, and takes the note away when the app has
// returned. Syncing goes on whatever becomes of that: the note stays for the next time.
func (r *Replica) tellMerged(ctx context.Context) {
	if r.o.Merged == nil || r.live == nil {
		return
	}
	var merged []Merge
	err := r.View(ctx, func(tx *store.Tx) (err error) {
		merged, err = untoldNote.load(tx)
		return err
	})
	if err == nil && len(merged) > 0 {
		called, end := r.callback(ctx)
		defer end()
		if err := contain("Options.Merged", func() error { r.o.Merged(called, merged); return nil }); err != nil {
			r.log.Error("telling the app of merges", "replica", r.o.Path, "error", err)
		}
		if called.Err() != nil { // perhaps it has heeded that
			return
		}
		err = r.update(context.WithoutCancel(ctx), untoldNote.remove)
	}
	if err != nil && ctx.Err() == nil {
		r.log.Error("telling the app of merges", "replica", r.o.Path, "error", err)
	}
}
