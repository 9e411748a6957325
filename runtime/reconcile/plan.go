// Package reconcile brings the unsynced changes of a backup into a fresh copy of
// what the backend has, and reports what became of each.
//
// A Plan can be previewed and applied, in one transaction. Both take the same way
// through package merge, object by object, so what was previewed is what is done
// unless the fresh store was written meanwhile. The work is
// proportional to what is unsynced. Memory does not grow with it, but for what a
// constraint refuses and for references to what is not there.
package reconcile

import (
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

// Strategy is what is done with the unsynced changes of a backup.
type Strategy uint8

// The strategies.
const (
	Recover   Strategy = iota // merge them into the fresh store
	Discard                   // leave the fresh store as it is
	Overwrite                 // write every object of the backup over the fresh store's; delete nothing
)

var strategyNames = [...]string{"recover", "discard", "overwrite"}

// String is the lower-case name of the strategy.
func (s Strategy) String() string {
	if int(s) < len(strategyNames) {
		return strategyNames[s]
	}
	return fmt.Sprintf("strategy %d", s)
}

// MarshalText gives the form of String.
func (s Strategy) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseStrategy reads the form of String.
func ParseStrategy(name string) (Strategy, error) {
	for i, n := range strategyNames {
		if n == name {
			return Strategy(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a strategy (allowed: %v)", name, strategyNames)
}

// Options are what an app chooses. The zero Options recover, and an edit beats a
// deletion.
type Options struct {
	Strategy Strategy
	Policy   model.Policy

	// Mark is what the backend knows of the backup's client, as of the fresh copy.
	// It settles what the backup had sent and never heard of again; without it a
	// backup with an open cut is refused with store.ErrCutOpen.
	Mark *model.Mark

	// Each, if set, is told of every object in turn, as it is planned or applied.
	// An error from it ends the work, and nothing is applied.
	Each func(*Object) error

	// Keep is how many objects, and how many dangling references, a Report holds
	// on to; 0 means 10,000. The counts include the rest, and Each sees it.
	Keep int
}

// Object is what becomes of one object's unsynced changes.
type Object struct {
	Model  string       `json:"model"`
	Key    model.Value  `json:"key"`
	Change model.Change `json:"change"` // what happened to it locally
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
	failure  error // of the latest try to write it
}

// Plan is a reconciliation of one backup with one fresh store that has not
// happened yet. It holds no results: Preview and Apply decide anew.
type Plan struct {
	backup, fresh *store.Store
	o             Options
}

// New plans the reconciliation of backup, which is only read, with fresh, which
// must be complete (store.Tx.MarkSynced) and hold no unsynced changes.
func New(backup, fresh *store.Store, o Options) *Plan {
	if o.Keep == 0 {
		o.Keep = 10_000
	}
	return &Plan{backup: backup, fresh: fresh, o: o}
}

// Preview says what Apply would do, and changes nothing: it does what Apply does
// and takes it back.
func (p *Plan) Preview(ctx context.Context) (*Report, error) {
	return p.run(ctx, func() error { return errTakeBack })
}

// errTakeBack ends the transaction of a preview.
var errTakeBack = errors.New("only a preview")

// Apply reconciles, in one transaction of the fresh store. When it returns
// without an error the report's every object is as it says, those that failed
// included: these are in the backup only, so look at Report.Failed before letting
// go of it. After an error nothing was changed. A backup that was reconciled into this store before is
// not reconciled again: the report is empty then and says so.
func (p *Plan) Apply(ctx context.Context) (*Report, error) {
	return p.run(ctx, func() error { return nil })
}

// run takes every object through, once; commit has the last word.
func (p *Plan) run(ctx context.Context, commit func() error) (*Report, error) {
	if p.backup == nil || p.fresh == nil {
		return nil, errors.New("reconciling: the backup or the fresh store is nil")
	}
	report := p.report()
	err := p.fresh.Update(ctx, func(to *store.Tx) error {
		err := p.backup.View(ctx, func(from *store.Tx) error { return p.reconcile(from, to, report) })
		if err != nil {
			return err
		}
		return commit()
	})
	if err != nil && err != errTakeBack {
		return nil, fmt.Errorf("reconciling the backup %s with %s: %w", p.backup.Path(), p.fresh.Path(), err)
	}
	report.Applied = err == nil
	return report, nil
}

func (p *Plan) reconcile(from, to *store.Tx, report *Report) error {
	done, err := p.guard(from, to)
	if err != nil || done {
		report.Before = done
		return err
	}
	if err := p.checkMark(from, report); err != nil {
		return err
	}
	refs := references{plan: p, from: from, to: to}
	tell := func(o *Object) error {
		if err := refs.note(o); err != nil {
			return err
		}
		report.add(o, p.o.Keep)
		if p.o.Each != nil {
			return p.o.Each(o)
		}
		return nil
	}
	var refused []*Object
	for o, err := range p.objects(from, to) {
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
	if err := p.again(to, refused, tell); err != nil {
		return err
	}
	if err := refs.settle(report); err != nil {
		return err
	}
	return to.SetReconciled(from)
}

// guard refuses what would lose data, and tells whether the backup was
// reconciled before.
func (p *Plan) guard(from, to *store.Tx) (before bool, err error) {
	if seq, ok := to.Reconciled(p.backup.ID()); ok {
		if now := from.Seq(); now != seq {
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
func (p *Plan) checkMark(from *store.Tx, report *Report) error {
	if p.o.Strategy == Discard {
		return nil
	}
	if p.o.Mark == nil {
		if cut := from.Cut(); cut != nil {
			return fmt.Errorf("it has sent cut %d and does not know what became of it; pass the backend's mark in Options.Mark: %w", cut.N, store.ErrCutOpen)
		}
		return nil
	}
	err := from.CheckMark(*p.o.Mark)
	if errors.As(err, &report.Rewound) {
		return nil
	}
	return err
}

// entries yields what is unsynced in the backup.
func (p *Plan) entries(from *store.Tx) iter.Seq2[*model.Entry, error] {
	if p.o.Mark == nil {
		return from.Entries()
	}
	return from.Settled(*p.o.Mark)
}

// objects decides object by object.
func (p *Plan) objects(from, to *store.Tx) iter.Seq2[*Object, error] {
	if p.o.Strategy == Overwrite {
		return p.overwrites(from, to)
	}
	return func(yield func(*Object, error) bool) {
		for e, err := range p.entries(from) {
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
func (p *Plan) decide(from, to *store.Tx, e *model.Entry) (*Object, error) {
	m := p.fresh.Schema().Model(e.Model)
	if m == nil {
		return unknown(e), nil
	}
	if p.o.Strategy == Discard {
		return object(m.Info, e, &merge.Decision{Outcome: merge.Dropped, Reason: "strategy discard"}), nil
	}
	local, err := from.Row(m.Info, e.Key)
	if err != nil {
		return nil, err
	}
	remote, err := to.Row(m.Info, e.Key)
	if err != nil {
		return nil, err
	}
	return object(m.Info, e, merge.Object(m, p.o.Policy, e, local, remote)), nil
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
	if d.Outcome == merge.Overwrote {
		return to.Write(o.info, o.Key, d.Row)
	}
	return to.Apply(o.info, o.Key, d)
}

// again applies the objects that a constraint of the store refused, until none
// is left or none succeeds any more: one may have waited for a value that must be
// unique and that a later one has given up. Those that are left have failed, and
// the rest goes on.
func (p *Plan) again(to *store.Tx, refused []*Object, tell func(*Object) error) error {
	for progress := true; progress; {
		progress = false
		var left []*Object
		for _, o := range refused {
			switch err := p.apply(to, o); {
			case errors.Is(err, store.ErrConstraint):
				o.fail(err)
				left = append(left, o)
			case err != nil:
				return err
			default:
				progress = true
				if err := tell(o); err != nil {
					return err
				}
			}
		}
		refused = left
	}
	for _, o := range refused {
		o.settleFailure()
		if err := tell(o); err != nil {
			return err
		}
	}
	return nil
}

// fail notes why an object could not be written; it may be tried again.
func (o *Object) fail(err error) { o.failure = err }

// settleFailure makes the object a reported failure: what it would have changed
// is in the backup only.
func (o *Object) settleFailure() {
	o.Losses = append(o.Losses, merge.Unsaved(o.info, o.decision, o.failure)...)
	o.Outcome, o.Reason, o.Write, o.Fields = merge.Failed, o.failure.Error(), merge.WriteNothing, nil
	o.decision.Row, o.decision.Write = nil, merge.WriteNothing
}
