package replica

import (
	"context"
	"fmt"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// Refusal is an object whose changes are not sent: the backend refused them, the
// app's own merge function failed on them, or this version of the app does not have
// the model, and then a version that has it sends them. The others stay in the store
// until they are retried, discarded, or the object is written again.
type Refusal struct {
	Model  string
	Key    model.Value
	Change model.Change
	Stamp  stamp.Stamp // of the latest change
	Fields []string    // that were changed
	Reason string
}

// unsent is why an entry is not sent; "" where it is.
func (r *Replica) unsent(e *model.Entry) string {
	if e.Refused == "" && r.o.Schema.Model(e.Model) == nil {
		return "this version of the app has no such model"
	}
	return e.Refused
}

func (r *Replica) refusalOf(e *model.Entry) Refusal {
	refusal := Refusal{Model: e.Model, Key: e.Key, Change: e.Change, Stamp: e.Stamp, Reason: r.unsent(e)}
	for i := range e.Fields {
		refusal.Fields = append(refusal.Fields, e.Fields[i].Name)
	}
	return refusal
}

// Refused lists what is not sent, in the order of models and keys.
func (r *Replica) Refused(ctx context.Context) (refused []Refusal, err error) {
	err = r.View(ctx, func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if r.unsent(e) != "" {
				refused = append(refused, r.refusalOf(e))
			}
		}
		return nil
	})
	return refused, err
}

// Retry has a refused change sent again; name is the model's stored name. It waits
// for what the session is doing; its error wraps store.ErrNotFound where nothing was
// refused, and store.ErrCutOpen while something was sent whose fate is not known for
// want of a connection.
func (r *Replica) Retry(ctx context.Context, name string, key model.Value) error {
	return r.decide(ctx, name, func(tx *store.Tx, m *model.Info) error { return tx.Retry(m, key) })
}

// Discard takes an object's unsynced changes back, refused or not, so that the object
// is again as the backend has it. Its errors are those of Retry, but that
// store.ErrNotFound means that nothing is unsynced.
func (r *Replica) Discard(ctx context.Context, name string, key model.Value) error {
	return r.decide(ctx, name, func(tx *store.Tx, m *model.Info) error {
		e, err := tx.Entry(m, key)
		if err == nil && e != nil {
			err = noteUnknown(tx, m, e.Base)
		}
		if err != nil {
			return err
		}
		return tx.Discard(m, key)
	})
}

func (r *Replica) decide(ctx context.Context, name string, do func(tx *store.Tx, m *model.Info) error) error {
	m := r.o.Schema.Model(name)
	if m == nil {
		var names []string
		for _, m := range r.o.Schema.Models() {
			names = append(names, m.Info.Name)
		}
		return fmt.Errorf("%s: %w: there is no model of the stored name %q (there are: %s)", r.o.Path, store.ErrSchema, name, strings.Join(names, ", "))
	}
	err := r.work(ctx, func() error {
		return r.update(ctx, func(tx *store.Tx) error { return do(tx, m.Info) })
	})
	if err == nil {
		r.poke()
		r.setStatus(func(*Status) {})
	}
	return err
}
