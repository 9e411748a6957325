package replica

import (
	"context"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// heldNote is of what a constraint kept out: the backend's objects, as it sent them
// last. They are tried again until they are in. None of them is deleted: nothing keeps
// a deletion out.
var heldNote = note[[]*remote.Object]{"held", "what was held back"}

// letIn tries what was held back once more: the app may have changed what was in its
// way.
func (r *Replica) letIn(ctx context.Context) error {
	var back []*remote.Object
	err := r.View(ctx, func(tx *store.Tx) (err error) {
		back, err = heldNote.load(tx)
		return err
	})
	if err != nil || len(back) == 0 {
		return err
	}
	err = r.settling(ctx, func(tx *store.Tx) error {
		in, err := r.newIntake(tx)
		if err == nil {
			err = in.end()
		}
		if err != nil {
			return err
		}
		return r.noteMerged(tx, in.merged)
	})
	if err == nil {
		r.tellMerged(ctx)
	}
	return err
}

// countHeld shows how much is held back.
func (r *Replica) countHeld(ctx context.Context) error {
	return r.View(ctx, func(tx *store.Tx) error {
		back, err := heldNote.load(tx)
		if err == nil {
			r.setStatus(func(s *Status) { s.HeldBack = len(back) })
		}
		return err
	})
}
