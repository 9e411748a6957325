package replica

import (
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// intake takes over the backend's objects in one transaction.
type intake struct {
	r       *Replica
	tx      *store.Tx
	merged  []Merge
	refused []*remote.Object          // by a constraint of the store
	why     map[*remote.Object]error  // of them
	held    []*remote.Object          // since an earlier transaction; nil where it was sent again in this one
	at      map[model.ObjectKey][]int // where in held
	unknown unknown                   // what this version of the app does not know; nil until it is read
	noted   bool                      // whether unknown says more than the note
}

func (r *Replica) newIntake(tx *store.Tx) (intake, error) {
	back, err := heldNote.load(tx)
	in := intake{r: r, tx: tx, held: back, at: make(map[model.ObjectKey][]int, len(back))}
	for i, o := range back {
		key := model.ObjectKey{Model: o.Model, Key: o.Key}
		in.at[key] = append(in.at[key], i)
	}
	return in, err
}

// take takes over one object as the backend has it now.
func (in *intake) take(o *remote.Object) error {
	for _, i := range in.at[model.ObjectKey{Model: o.Model, Key: o.Key}] {
		in.held[i] = nil
	}
	return in.receive(o)
}

// receive takes over one object. One that a constraint refuses is tried again later:
// it may have waited for a value that another one has to give up first.
func (in *intake) receive(o *remote.Object) error {
	m := in.r.o.Schema.Model(o.Model)
	if m != nil {
		if err := codec.CheckKey(m.Info, o.Key); err != nil {
			in.tell(o, fmt.Sprintf("the backend has it under a key that no object here can have: %v", err))
			return nil
		}
	}
	var row *model.Row
	if m != nil {
		row = o.Row(m.Info)
	}
	if m == nil || row != nil && len(row.Extra) > 0 {
		if err := in.leaveOut(o); err != nil || m == nil {
			return err
		}
	}
	d, err := in.tx.Ledger().Receive(m, o.Key, row, in.r.o.Policy)
	if errors.Is(err, store.ErrConstraint) {
		if in.why == nil {
			in.why = map[*remote.Object]error{}
		}
		in.refused, in.why[o] = append(in.refused, o), err
		return nil
	}
	if err != nil {
		return err
	}
	if d != nil && notable(d) {
		in.merged = append(in.merged, Merge{
			Model: m.Info.Name, Key: o.Key, Outcome: d.Outcome, Reason: d.Reason, Conflicts: d.Conflicts, Losses: d.Losses,
		})
	}
	return nil
}

// leaveOut notes what of an object this version of the app does not know.
func (in *intake) leaveOut(o *remote.Object) (err error) {
	if in.unknown == nil {
		if in.unknown, err = unknownNote.load(in.tx); err != nil {
			return err
		}
	}
	in.noted = in.unknown.in(in.r.o.Schema, o) || in.noted
	return nil
}

// end tries what was refused once more, and makes the notes of what was left out and
// of what is held back.
func (in *intake) end() error {
	if err := in.again(); err != nil {
		return err
	}
	if in.noted {
		if err := unknownNote.save(in.tx, in.unknown); err != nil {
			return err
		}
	}
	if len(in.refused) == 0 && len(in.held) == 0 {
		return nil
	}
	return heldNote.save(in.tx, in.refused)
}

// notable tells whether somebody should look at a decision.
func notable(d *merge.Decision) bool {
	switch d.Outcome {
	case merge.Recovered, merge.Merged, merge.Already:
		return len(d.Losses) > 0
	}
	return true
}

// again tries what was refused, now or earlier, until none is left or none gets in any
// more.
func (in *intake) again() error {
	before := map[*remote.Object]bool{} // the app knows of these
	for _, o := range in.held {
		if o != nil {
			before[o] = true
			in.refused = append(in.refused, o)
		}
	}
	for {
		waiting := in.refused
		in.refused = nil
		for _, o := range waiting {
			if err := in.receive(o); err != nil {
				return err
			}
		}
		if len(in.refused) == 0 || len(in.refused) == len(waiting) {
			break
		}
	}
	for _, o := range in.refused {
		if !before[o] {
			in.tell(o, fmt.Sprintf("another object here has a value that must be unique, so it is held back (Status.HeldBack) until one of the two is changed: %v", in.why[o]))
		}
	}
	return nil
}

// tell says why an object of the backend's is not here.
func (in *intake) tell(o *remote.Object, reason string) {
	in.r.log.Warn("an object of the backend's is not taken over", "replica", in.r.o.Path, "object", fmt.Sprintf("%s %v", o.Model, o.Key), "reason", reason)
	in.merged = append(in.merged, Merge{Model: o.Model, Key: o.Key, Outcome: merge.Failed, Reason: reason})
}
