package reconcile

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Prepared are decisions that were made while the app was still using the backup, so
// that it is kept from it for less long: see Plan.Prepare.
type Prepared struct {
	backup, fresh string // the ids of the stores
	strategy      Strategy
	policy        model.Policy
	decided       map[model.ObjectKey]decided
	room          int // for more, in bytes
}

// preparedRoom is how much memory the decisions may take, in bytes.
const preparedRoom = 16 << 20

// decided is what was decided about one object.
type decided struct {
	decision *merge.Decision
	absent   bool   // from the fresh store
	entry    []byte // what was unsynced of it
}

// Prepare decides about what is unsynced in the backup at this moment, and changes
// nothing. A plan that has the result as Options.Prepared takes these decisions over, and
// decides only about objects of which something else is unsynced by then. It must be a
// plan for the same stores, opened anew or not, with the same options. In between the app
// may have written to the backup, but nothing may have been received into it from the
// backend, nor written to the fresh store.
//
// What it decides takes some 16 MiB at most: what there is no room for is left to the
// plan, and so is all but what recover would do. The functions of the app's models are
// called once more for what the plan decides anew.
func (p *Plan) Prepare(ctx context.Context) (*Prepared, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("preparing to reconcile: %w", err)
	}
	r := &Prepared{backup: p.backup.ID(), fresh: p.fresh.ID(), strategy: p.o.Strategy, policy: p.o.Policy, decided: map[model.ObjectKey]decided{}, room: preparedRoom}
	if p.o.Strategy != Recover && p.o.Strategy != RecoverOrDiscard {
		return r, nil
	}
	err := p.fresh.View(ctx, func(to *store.Tx) error {
		return p.backup.View(ctx, func(from *store.Tx) error { return r.decide(p, backup{from}, to) })
	})
	if err != nil {
		return nil, fmt.Errorf("preparing to reconcile the backup %s: %w", p.backup.Path(), err)
	}
	return r, nil
}

func (r *Prepared) decide(p *Plan, from backup, to *store.Tx) error {
	for e, err := range from.entries(p.o.Mark) {
		if err != nil {
			return err
		}
		m := p.fresh.Schema().Model(e.Model)
		if m == nil {
			continue
		}
		local, remote, err := rows(from, to, m.Info, e.Key)
		if err != nil {
			return err
		}
		d := decided{merge.Object(m, p.o.Policy, e, local, remote), remote == nil, model.AppendEntry(nil, e)}
		if d.decision.Outcome == merge.Failed { // in a function of the app's perhaps, which may succeed the next time
			continue
		}
		switch n := d.size(); {
		case n <= r.room:
			r.room -= n
			r.decided[model.ObjectKey{Model: e.Model, Key: e.Key}] = d
		case n < large: // there is no room for most of what follows either
			return nil
		}
	}
	return nil
}

// large is more than most objects take in memory, in bytes.
const large = 64 << 10

// size is about what the decision takes in memory, in bytes.
func (d *decided) size() int {
	n := 1<<10 + len(d.entry) // what each of them takes at least
	add := func(all ...model.Value) {
		for _, v := range all {
			n += 64 + len(v.Text())
		}
	}
	named := func(all []model.Named) {
		for i := range all {
			add(all[i].Value)
		}
	}
	if row := d.decision.Row; row != nil {
		add(row.Values...)
		named(row.Extra)
	}
	if e := d.decision.Entry; e != nil {
		for i := range e.Fields {
			n += 128
			add(e.Fields[i].Base)
		}
		named(e.Base)
	}
	for i := range d.decision.Conflicts {
		c := &d.decision.Conflicts[i]
		add(c.Base, c.Local, c.Remote, c.Result)
	}
	for i := range d.decision.Losses {
		add(d.decision.Losses[i].Value)
	}
	return n
}

// isFor tells whether the decisions are those of a plan.
func (r *Prepared) isFor(p *Plan) bool {
	return r.backup == p.backup.ID() && r.fresh == p.fresh.ID() && r.strategy == p.o.Strategy && r.policy == p.o.Policy
}

// about is what was decided about the object of an entry, if the entry is the same now:
// the app writes no object without its entry.
func (r *Prepared) about(e *model.Entry) (d decided, ok bool) {
	if r == nil {
		return d, false
	}
	d, ok = r.decided[model.ObjectKey{Model: e.Model, Key: e.Key}]
	if !ok || !bytes.Equal(d.entry, model.AppendEntry(nil, e)) {
		return d, false
	}
	decision := *d.decision // for what becomes of it later is noted there
	decision.Losses = slices.Clip(decision.Losses)
	d.decision = &decision
	return d, true
}
