package reconcile

import (
	"errors"
	"slices"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/store"
)

// again applies the objects that a constraint refused, one by one and then
// together, until none is left or none succeeds any more: one may have waited for a
// value that must be unique and that a later one has given up, or several for each
// other. Those that are left have failed, and the rest goes on.
func again(refused []*Object, apply func(*Object) error, together func([]*Object) (done, left []*Object, err error), tell func(*Object) error) error {
	for progress := true; progress; {
		done, left, err := oneByOne(refused, apply)
		if err == nil && len(done) == 0 {
			done, left, err = together(left)
		}
		if err != nil {
			return err
		}
		for _, o := range done {
			if err := tell(o); err != nil {
				return err
			}
		}
		refused, progress = left, len(done) > 0
	}
	for _, o := range refused {
		o.settleFailure()
		if err := tell(o); err != nil {
			return err
		}
	}
	return nil
}

// oneByOne tries each object once more, the last one first: those in a row that
// each wait for the next then need no more than this.
func oneByOne(refused []*Object, apply func(*Object) error) (done, left []*Object, err error) {
	for _, o := range slices.Backward(refused) {
		switch err := apply(o); {
		case errors.Is(err, store.ErrConstraint):
			o.failure = err
			left = append(left, o)
		case err != nil:
			return nil, nil, err
		default:
			done = append(done, o)
		}
	}
	slices.Reverse(done)
	slices.Reverse(left)
	return done, left, nil
}

// settleFailure makes the object a reported failure: what it would have changed
// is in the backup only.
func (o *Object) settleFailure() {
	o.Losses = append(o.Losses, merge.Unsaved(o.info, o.decision, o.failure)...)
	o.Outcome, o.Reason, o.Write, o.Fields = merge.Failed, o.failure.Error(), merge.WriteNothing, nil
	o.decision.Row, o.decision.Write = nil, merge.WriteNothing
}
