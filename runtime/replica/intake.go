package replica

import (
	"errors"
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// intake takes over the backend's objects in one transaction.
type intake struct {
	r       *Replica
	tx      *store.Tx
	merged  []Merge
	refused []*remote.Object // by a constraint of the store
	held    []*remote.Object // since an earlier transaction, and not sent again in this one
	known   int              // how many there were
	unknown unknown          // what this version of the app does not know; nil until it is read
	noted   bool             // whether unknown says more than the note
}

func (r *Replica) newIntake(tx *store.Tx) (intake, error) {
	back, err := heldBack(tx)
	return intake{r: r, tx: tx, held: back, known: len(back)}, err
}

// take takes over one object as the backend has it now.
func (in *intake) take(o *remote.Object) error {
	in.held = slices.DeleteFunc(in.held, func(h *remote.Object) bool { return h.Model == o.Model && h.Key.Equal(o.Key) })
	return in.receive(o)
}

// receive takes over one object. One that a constraint refuses is tried again later:
// it may have waited for a value that another one has to give up first.
func (in *intake) receive(o *remote.Object) error {
	m := in.r.o.Schema.Model(o.Model)
	var row *model.Row
	if m != nil {
		row = o.Row(m.Info)
	}
	if m == nil || row != nil && len(row.Extra) > 0 {
		if err := in.leaveOut(o); err != nil || m == nil {
			return err
		}
	}
	d, err := in.tx.Receive(m, o.Key, row, in.r.o.Policy)
	if errors.Is(err, store.ErrConstraint) {
		in.refused = append(in.refused, o)
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
		if in.unknown, err = readUnknown(in.tx); err != nil {
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
		if err := in.unknown.save(in.tx); err != nil {
			return err
		}
	}
	if len(in.refused) == 0 && in.known == 0 {
		return nil
	}
	return holdBack(in.tx, in.refused)
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
	before := in.held
	in.refused = append(in.refused, before...)
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
		if slices.Contains(before, o) { // the app knows
			continue
		}
		reason := "another object here has a value that must be unique"
		in.r.log.Warn("an object of the backend's is held back", "replica", in.r.o.Path, "object", fmt.Sprintf("%s %v", o.Model, o.Key), "reason", reason)
		in.merged = append(in.merged, Merge{Model: o.Model, Key: o.Key, Outcome: merge.Failed, Reason: reason})
	}
	return nil
}

// tellMerged hands what needs attention to the app.
func (r *Replica) tellMerged(merged []Merge) {
	if len(merged) > 0 && r.o.Merged != nil {
		if err := contain("Options.Merged", func() error { r.o.Merged(merged); return nil }); err != nil {
			r.log.Error("telling the app of merges", "replica", r.o.Path, "error", err)
		}
	}
}
