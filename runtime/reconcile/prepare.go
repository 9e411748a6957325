package reconcile

import (
	"bytes"
	"context"
	"fmt"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Prepared are decisions that were made while the app was still using the backup, so
// that it is kept from it for less long: see Plan.Prepare.
type Prepared struct {
	backup, fresh string // the ids of the stores
	policy        model.Policy
	decided       map[model.ObjectKey]decided
	room          int // for more, in bytes
}

// preparedRoom is how much of the two stores the decisions may hold on to, in bytes.
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
// It decides about as much as fits in 16 MiB, and only what recover would do. An error
// is one of reading, so the plan meets it as well.
func (p *Plan) Prepare(ctx context.Context) (*Prepared, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("preparing to reconcile: %w", err)
	}
	r := &Prepared{backup: p.backup.ID(), fresh: p.fresh.ID(), policy: p.o.Policy, decided: map[model.ObjectKey]decided{}, room: preparedRoom}
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
		entry := model.AppendEntry(nil, e)
		if r.room -= len(entry) + size(local) + size(remote); r.room < 0 {
			return nil
		}
		// What has failed, in a function of the app's perhaps, may succeed the next time.
		if d := merge.Object(m, p.o.Policy, e, local, remote); d.Outcome != merge.Failed {
			r.decided[model.ObjectKey{Model: e.Model, Key: e.Key}] = decided{d, remote == nil, entry}
		}
	}
	return nil
}

// size is about what a row takes in memory, in bytes.
func size(row *model.Row) (n int) {
	if row == nil {
		return 0
	}
	for _, v := range row.Values {
		n += 64 + len(v.Text())
	}
	for _, v := range row.Extra {
		n += 64 + len(v.Value.Text())
	}
	return n
}

// isFor tells whether the decisions are those of a plan.
func (r *Prepared) isFor(p *Plan) bool {
	return r.backup == p.backup.ID() && r.fresh == p.fresh.ID() && r.policy == p.o.Policy
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
	d.decision = &decision
	return d, true
}
