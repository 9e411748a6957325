// Package reconcile brings the unsynced changes of a backup into a fresh copy of
// what the backend has, and reports what became of each.
//
// A Plan can be previewed and applied, in one transaction. Both ask package merge
// about the same objects in the same order, so what was previewed is what is done
// unless the fresh store was written meanwhile. The work is proportional to what is
// unsynced; a store that does not speak SQL is read through where references may
// point to what is deleted, and both stores are where the backend has lost what it had
// acknowledged.
//
// Where the app is not to be kept from the backup for long, Plan.Prepare decides while it
// still uses it.
//
// Objects are taken one at a time, so memory does not grow with their number. Kept
// until the end are only objects that a constraint of the store refused, references to
// what is not there, the keys of deleted objects that others may refer to, and the keys
// of what was recovered by hand.
//
// Reconcile does as much as can be done by stamps alone, for apps that keep their
// data in a way of their own.
package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// What callers branch on.
var (
	// ErrIncomplete: the fresh store is not known to hold everything that the
	// backend has. Taking its gaps for deletions would lose data.
	ErrIncomplete = errors.New("the fresh store is not complete")

	// ErrNotFresh: the fresh store has unsynced changes of its own, or is the
	// backup.
	ErrNotFresh = errors.New("it is not a fresh copy")

	// ErrMovedOn: the backup was reconciled into this store before and has been
	// written since, so that part of its changes would count twice.
	ErrMovedOn = errors.New("the backup has been written since it was reconciled")
)

// Options are what an app chooses. The zero Options recover, and an edit beats a
// deletion.
type Options struct {
	Strategy Strategy
	Policy   model.Policy

	// Manual is the function that the strategy manual calls, in the transaction that
	// notes the backup as reconciled. What it does counts when it returns nil; if it
	// returns an error or panics, nothing is changed. Preview calls it too.
	Manual func(*ByHand) error

	// Mark is what the backend knows of the backup's client, as of the fresh copy.
	// It settles what the backup had sent and never heard of again; without it a
	// backup with an open cut is refused with store.ErrCutOpen.
	Mark *model.Mark

	// HeldBack, if set, tells of an object that the fresh store lacks whether the backend
	// has it all the same. What is unsynced of such a one fails: to take the object for
	// deleted would be to lose it.
	HeldBack func(model.ObjectKey) bool

	// Prepared, if set, is what Plan.Prepare has decided for the same stores and options.
	Prepared *Prepared

	// Each, if set, is told of every object in turn, as it is planned or applied.
	// An error from it ends the work, and nothing is applied.
	Each func(*Object) error

	// Last, if set, is what Apply calls in its transaction when all is done, before
	// that commits: to is the fresh store's, from the backup's, which is nil where the
	// backup cannot be read. An error takes everything back. It is not called where
	// the backup had been reconciled before.
	Last func(to, from *store.Tx, report *Report) error

	// Keep is how many objects, and how many dangling references, a Report holds
	// on to; 0 means 10,000. The counts include the rest, and Each and Rest see it.
	Keep int

	// Rest, if set, is given in turn what of does not hold on to. Where that is another
	// report than before, recover-or-discard has begun anew, and what came before did
	// not happen. An error from it ends the work, and nothing is applied.
	Rest func(of *Report, o *Object) error
}

const keepDefault = 10_000

// Object is what becomes of one object's unsynced changes.
type Object struct {
	Model  string       `json:"model"`
	Key    model.Value  `json:"key"`
	Change model.Change `json:"change"` // what happened to it locally; 0 where nothing was unsynced (strategy overwrite)
	Seq    uint64       `json:"seq"`
	Stamp  stamp.Stamp  `json:"stamp"` // when it was last changed locally

	Outcome   merge.Outcome    `json:"outcome"`
	Reason    string           `json:"reason"`
	Write     merge.Write      `json:"write"`            // what it takes in the fresh store
	Fields    []string         `json:"fields,omitempty"` // the fields that an update writes
	Conflicts []merge.Conflict `json:"conflicts,omitempty"`
	Losses    []merge.Loss     `json:"losses,omitempty"`

	decision *merge.Decision
	info     *model.Info
	failure  error   // of the latest try to write it
	by       *ByHand // that showed it to the app's function
}

// Plan is a reconciliation of one backup with one fresh store that has not
// happened yet. It holds no results: Preview and Apply decide anew.
type Plan struct {
	backup, fresh *store.Store
	o             Options
	unreadable    error // why a plan to recover came down to discarding
}

// New plans the reconciliation of backup, which is only read, with fresh, which
// must be complete (store.Tx.MarkSynced) and hold no unsynced changes.
func New(backup, fresh *store.Store, o Options) *Plan {
	o.Keep = cmp.Or(o.Keep, keepDefault)
	return &Plan{backup: backup, fresh: fresh, o: o}
}

// Preview says what Apply would do, and changes nothing: it does what Apply does
// and takes it back.
func (p *Plan) Preview(ctx context.Context) (*Report, error) {
	return p.run(ctx, func(to, from *store.Tx, report *Report) error { return errTakeBack })
}

// errTakeBack ends the transaction of a preview.
var errTakeBack = errors.New("only a preview")

// Apply reconciles, in one transaction of the fresh store. When it returns
// without an error the report's every object is as it says, those that failed
// included: these are in the backup only, so look at Report.Failed before letting
// go of it. After an error nothing was changed. A backup that was reconciled into
// this store before is not reconciled again, nor are those of its objects that
// failed: the report is empty then and says so. A failed object can be read from
// the backup and written to the fresh store as any other.
func (p *Plan) Apply(ctx context.Context) (*Report, error) {
	return p.run(ctx, func(to, from *store.Tx, report *Report) error {
		if report.Applied = true; report.Before || p.o.Last == nil {
			return nil
		}
		return p.o.Last(to, from, report)
	})
}

// last has the last word on a transaction.
type last func(to, from *store.Tx, report *Report) error

// run takes every object through, once.
func (p *Plan) run(ctx context.Context, do last) (*Report, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("reconciling: %w", err)
	}
	report, err := p.transact(ctx, do)
	if p.o.Strategy == RecoverOrDiscard && unreadable(err) {
		report, err = p.discarding(err).transact(ctx, do)
	}
	if err != nil && err != errTakeBack {
		return nil, fmt.Errorf("reconciling the backup %s with %s: %w", p.backup.Path(), p.fresh.Path(), err)
	}
	report.Applied = err == nil
	return report, nil
}

// check refuses options that say nothing, or two things.
func (p *Plan) check() error {
	o := &p.o
	if err := o.Strategy.Check(); err != nil {
		return fmt.Errorf("Options.Strategy: %w", err)
	}
	if err := o.Policy.Check(); err != nil {
		return fmt.Errorf("Options.Policy: %w", err)
	}
	switch {
	case p.backup == nil || p.fresh == nil:
		return errors.New("the backup or the fresh store is nil")
	case o.Strategy == Manual && o.Manual == nil:
		return errors.New("the strategy manual needs a function in Options.Manual")
	case o.Strategy != Manual && o.Manual != nil:
		return fmt.Errorf("Options.Manual is set, but the strategy is %s; only the strategy manual calls it", o.Strategy)
	case o.Keep < 0:
		return fmt.Errorf("Options.Keep is %d, less than 0", o.Keep)
	case o.Prepared != nil && !o.Prepared.isFor(p):
		return errors.New("Options.Prepared was decided for other stores, or by another strategy or policy")
	}
	return nil
}

// transact is one transaction of the fresh store, beside one of the backup.
func (p *Plan) transact(ctx context.Context, do last) (*Report, error) {
	report := p.report()
	return report, p.fresh.Update(ctx, func(to *store.Tx) error {
		viewed := false
		err := p.backup.View(ctx, func(from *store.Tx) error {
			viewed = true
			if err := p.reconcile(backup{from}, to, report); err != nil {
				return err
			}
			return do(to, from, report)
		})
		if err != nil && !viewed {
			if err = p.unopened(to, report, ofBackup(err)); err == nil {
				err = do(to, nil, report)
			}
		}
		return err
	})
}

func (p *Plan) reconcile(from backup, to *store.Tx, report *Report) error {
	done, err := p.guard(from.tx.Seq(), to)
	if err != nil || done {
		report.Before = done
		return err
	}
	if err := p.checkMark(from, report); err != nil {
		return err
	}
	if report.Rewound != nil && p.o.Strategy != Overwrite {
		if report.Lost, err = p.lost(from, to); err != nil {
			return err
		}
	}
	// At once, so that what is stamped here is newer than all that the backup has.
	if err := to.Ledger().SetReconciled(from.tx); err != nil {
		return err
	}
	refs := p.newReferences(to)
	tell := func(o *Object) error {
		if err := refs.note(o); err != nil {
			return err
		}
		if !report.add(o, p.o.Keep) && p.o.Rest != nil {
			if err := p.o.Rest(report, o); err != nil {
				return err
			}
		}
		if p.o.Each != nil {
			return p.o.Each(o)
		}
		return nil
	}
	if p.o.Strategy == Manual {
		err = p.byHand(from, to, tell)
	} else {
		err = p.each(from, to, report, tell)
	}
	if err != nil {
		return err
	}
	return refs.settle(report)
}

// each takes object by object from the backup to the fresh store.
func (p *Plan) each(from backup, to *store.Tx, report *Report, tell func(*Object) error) error {
	var refused []*Object
	for o, err := range p.objects(from, to) {
		if p.unreadable != nil && unreadable(err) {
			report.Unlisted = true
			break
		}
		if err != nil {
			return err
		}
		switch err := p.apply(to, o); {
		case errors.Is(err, store.ErrConstraint):
			refused = append(refused, o)
		case err != nil:
			return err
		default:
			if err := tell(o); err != nil {
				return err
			}
		}
	}
	return p.again(to, refused, tell)
}

// again tries once more what a constraint of the store refused.
func (p *Plan) again(to *store.Tx, refused []*Object, tell func(*Object) error) error {
	return again(refused,
		func(o *Object) error { return p.apply(to, o) },
		func(refused []*Object) (done, left []*Object, err error) { return p.together(to, refused) },
		tell)
}

// guard refuses what would lose data, and tells whether the backup, which stands
// at commit now, was reconciled before.
func (p *Plan) guard(now uint64, to *store.Tx) (before bool, err error) {
	if seq, ok := to.Ledger().Reconciled(p.backup.ID()); ok {
		if now != seq {
			return false, fmt.Errorf("it was reconciled at commit %d and stands at %d; reconcile it into another fresh copy: %w", seq, now, ErrMovedOn)
		}
		return true, nil
	}
	if p.backup.ID() == p.fresh.ID() {
		return false, fmt.Errorf("both are the same store: %w", ErrNotFresh)
	}
	if _, complete := p.fresh.LastSynced(); !complete {
		return false, fmt.Errorf("finish the download and mark it with Tx.MarkSynced: %w", ErrIncomplete)
	}
	for e, err := range to.Entries() {
		if err != nil {
			return false, err
		}
		return false, fmt.Errorf("%s %v was %s in it; reconcile before the app writes: %w", e.Model, e.Key, e.Change, ErrNotFresh)
	}
	return false, nil
}

// checkMark notes what a restored backend has forgotten.
func (p *Plan) checkMark(from backup, report *Report) error {
	if p.o.Strategy == Discard {
		return nil
	}
	if p.o.Mark == nil {
		if cut := from.tx.Ledger().Cut(); cut != nil {
			return fmt.Errorf("it has sent cut %d and does not know what became of it; pass the backend's mark in Options.Mark: %w", cut.N, store.ErrCutOpen)
		}
		return nil
	}
	err := from.tx.Ledger().CheckMark(*p.o.Mark)
	if errors.As(err, &report.Rewound) {
		return nil
	}
	return err
}

// objects decides object by object.
func (p *Plan) objects(from backup, to *store.Tx) iter.Seq2[*Object, error] {
	if p.o.Strategy == Overwrite {
		return p.overwrites(from, to)
	}
	return func(yield func(*Object, error) bool) {
		for e, err := range from.entries(p.o.Mark) {
			var o *Object
			if err == nil {
				o, err = p.decide(from, to, e)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(o, nil) {
				return
			}
		}
	}
}

// decide says what becomes of one entry.
func (p *Plan) decide(from backup, to *store.Tx, e *model.Entry) (*Object, error) {
	m := p.fresh.Schema().Model(e.Model)
	if m == nil {
		return unknown(e), nil
	}
	if p.o.Strategy == Discard {
		return object(m.Info, e, &merge.Decision{Outcome: merge.Dropped, Reason: "strategy discard"}), nil
	}
	d, ok := p.o.Prepared.about(e)
	if !ok {
		local, remote, err := rows(from, to, m.Info, e.Key)
		if err != nil {
			return nil, err
		}
		d = decided{decision: merge.Object(m, p.o.Policy, e, local, remote), absent: remote == nil}
	}
	if d.absent && p.heldBack(m.Info, e.Key) {
		return object(m.Info, e, outOfPlace()), nil
	}
	return object(m.Info, e, d.decision), nil
}

// rows reads an object in the backup and in the fresh store.
func rows(from backup, to *store.Tx, m *model.Info, key model.Value) (local, remote *model.Row, err error) {
	if local, err = from.row(m, key); err != nil {
		return nil, nil, err
	}
	remote, err = to.Row(m, key)
	return local, remote, err
}

// heldBack tells whether the backend has an object that the fresh store lacks.
func (p *Plan) heldBack(m *model.Info, key model.Value) bool {
	return p.o.HeldBack != nil && p.o.HeldBack(model.ObjectKey{Model: m.Name, Key: key})
}

// outOfPlace is what becomes of the changes of such an object.
func outOfPlace() *merge.Decision {
	return &merge.Decision{Outcome: merge.Failed, Reason: "the backend has the object, but another one with the same unique value takes its place here; the change stays in the backup"}
}

// object describes a decision.
func object(info *model.Info, e *model.Entry, d *merge.Decision) *Object {
	o := &Object{
		Model: info.Name, Key: e.Key, Change: e.Change, Seq: e.Seq, Stamp: e.Stamp,
		Outcome: d.Outcome, Reason: d.Reason, Write: d.Write, Conflicts: d.Conflicts, Losses: d.Losses,
		decision: d, info: info,
	}
	if d.Write == merge.WriteUpdate {
		o.Fields = info.Names(d.Fields)
	}
	return o
}

// unknown is an object of a model that this version of the app does not have.
func unknown(e *model.Entry) *Object {
	o := &Object{
		Model: e.Model, Key: e.Key, Change: e.Change, Seq: e.Seq, Stamp: e.Stamp,
		Outcome: merge.Failed, Reason: "the schema has no such model any more; the change stays in the backup",
		decision: &merge.Decision{Outcome: merge.Failed},
	}
	for _, f := range e.Fields {
		o.Losses = append(o.Losses, merge.Loss{Field: f.Name, Why: "the schema has no such model any more"})
	}
	return o
}

// apply writes one object.
func (p *Plan) apply(to *store.Tx, o *Object) error {
	d := o.decision
	if o.info == nil || d.Write == merge.WriteNothing && d.Entry == nil {
		return nil
	}
	return to.Ledger().Apply(o.info, o.Key, d)
}
