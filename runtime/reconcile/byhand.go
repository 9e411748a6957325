package reconcile

import (
	"errors"
	"fmt"
	"iter"
	"runtime/debug"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// ByHand is what the app's function of the strategy manual has at hand: both
// stores, each in a transaction, and what recover would do. It is used by the
// goroutine that calls the function, until that returns. The function must not use
// the two stores in any other way: an Update of the fresh one would wait for itself.
type ByHand struct {
	// Backup reads the backup, Fresh reads and writes the fresh store. What is
	// written to Fresh is stamped and unsynced as any write of the app.
	Backup, Fresh *store.Tx

	plan    *Plan
	from    backup
	tell    func(*Object) error
	done    map[model.ObjectKey]bool // what was recovered, or is to be tried again
	refused []*Object
}

// Objects yields what recover would make of each object with unsynced changes, in
// the order of the models' names and then of the keys. It writes nothing.
func (h *ByHand) Objects() iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		for o, err := range h.plan.objects(h.from, h.Fresh) {
			if o != nil {
				o.by = h
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// Recover does what recover would do to an object that Objects yielded, once. An
// object that a constraint of the store refuses is tried again when the function
// has returned, and is a reported failure then. One that the function has itself
// written to Fresh is refused with store.ErrUnsynced.
func (h *ByHand) Recover(o *Object) error {
	switch {
	case o == nil || o.by != h:
		return errors.New("recovering by hand: the object is none that ByHand.Objects yielded")
	case h.done[o.key()]:
		return fmt.Errorf("recovering %s %v by hand: it was recovered already", o.Model, o.Key)
	}
	if err := h.untouched(o); err != nil {
		return err
	}
	err := h.plan.apply(h.Fresh, o)
	if err != nil && !errors.Is(err, store.ErrConstraint) {
		return err
	}
	h.done[o.key()] = true
	if err != nil {
		h.refused = append(h.refused, o)
		return nil
	}
	return h.tell(o)
}

func (o *Object) key() model.ObjectKey { return model.ObjectKey{Model: o.Model, Key: o.Key} }

// untouched refuses an object that the app's function has written: what was decided
// about it would take the place of that.
func (h *ByHand) untouched(o *Object) error {
	if o.info == nil {
		return nil
	}
	e, err := h.Fresh.Entry(o.info, o.Key)
	if err == nil && e != nil {
		err = fmt.Errorf("recovering %s %v by hand: it was %s in the fresh store meanwhile: %w", o.Model, o.Key, e.Change, store.ErrUnsynced)
	}
	return err
}

// byHand is the strategy manual.
func (p *Plan) byHand(from backup, to *store.Tx, tell func(*Object) error) error {
	h := &ByHand{Backup: from.tx, Fresh: to, plan: p, from: from, tell: tell, done: map[model.ObjectKey]bool{}}
	if err := h.call(p.o.Manual); err != nil {
		return err
	}
	var refused []*Object
	for _, o := range h.refused {
		switch err := h.untouched(o); {
		case errors.Is(err, store.ErrUnsynced):
			delete(h.done, o.key())
		case err != nil:
			return err
		default:
			refused = append(refused, o)
		}
	}
	if err := p.again(to, refused, tell); err != nil {
		return err
	}
	return h.leave()
}

// call calls the app's function and turns a panic into an error.
func (h *ByHand) call(manual func(*ByHand) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Options.Manual panicked: %v\n%s", v, debug.Stack())
		}
	}()
	if err := manual(h); err != nil {
		return fmt.Errorf("Options.Manual: %w", err)
	}
	return nil
}

// leave reports what the app's function did not recover.
func (h *ByHand) leave() error {
	for e, err := range h.from.entries(h.plan.o.Mark) {
		if err != nil {
			return err
		}
		o := unknown(e)
		if m := h.plan.fresh.Schema().Model(e.Model); m != nil {
			o = object(m.Info, e, &merge.Decision{Outcome: merge.Dropped, Reason: "strategy manual: left to the app's function"})
		}
		if h.done[o.key()] {
			continue
		}
		if err := h.tell(o); err != nil {
			return err
		}
	}
	return nil
}
