package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// batch is how many objects one transaction takes over: few enough that others can
// write in between, enough that a commit costs little of it.
const batch = 10_000

// heldName is the note in the store that says what was held back.
const heldName = "held"

// held is what a constraint kept out: pulling goes on, and is done once more from
// where the first such object came until all are in.
type held struct {
	From    remote.Cursor `json:"from"`
	Objects int           `json:"objects"`
}

// pull takes over what was written at the backend since the last time.
func (r *Replica) pull(ctx context.Context) error {
	client, from, err := r.position(ctx)
	if err != nil {
		return err
	}
	if from == "" {
		return r.fill(ctx, client)
	}
	back, err := r.heldBack(ctx)
	if err != nil {
		return err
	}
	if back != nil {
		from = back.From
	}
	p := &puller{r: r, ctx: ctx, from: from, at: from}
	for page, err := range r.o.Remote.Pull(ctx, client, from) {
		if err != nil {
			return fmt.Errorf("pulling: %w", err)
		}
		if err := p.add(page); err != nil {
			return err
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	return p.end()
}

// puller takes pages over, several in a transaction.
type puller struct {
	r        *Replica
	ctx      context.Context
	from, at remote.Cursor
	pages    []*remote.Page
	waiting  int // objects in pages
	done     int // objects taken over
	held     int
	heldFrom remote.Cursor
}

func (p *puller) add(page *remote.Page) error {
	p.pages = append(p.pages, page)
	if p.waiting += len(page.Objects); p.waiting >= batch {
		return p.flush()
	}
	return nil
}

func (p *puller) flush() error {
	if len(p.pages) == 0 {
		return nil
	}
	r, last := p.r, p.pages[len(p.pages)-1]
	var in intake
	err := r.update(p.ctx, func(tx *store.Tx) error {
		if err := tx.CheckMark(last.Mark); err != nil {
			return rewound(err)
		}
		in = intake{r: r, tx: tx}
		for _, page := range p.pages {
			for i := range page.Objects {
				if err := in.take(&page.Objects[i]); err != nil {
					return err
				}
			}
		}
		if err := in.end(); err != nil {
			return err
		}
		if len(in.refused) > 0 && p.held == 0 {
			if err := setHeld(tx, &held{From: p.at, Objects: len(in.refused)}); err != nil {
				return err
			}
		}
		return tx.SetMeta(cursorName, []byte(last.Cursor))
	})
	if err != nil {
		return err
	}
	p.held += len(in.refused)
	p.done += p.waiting
	p.at, p.pages, p.waiting = last.Cursor, p.pages[:0], 0
	r.tellMerged(in.merged)
	r.downloads.tell(Transfer{Objects: p.done})
	return nil
}

// end notes that everything was pulled.
func (p *puller) end() error {
	r := p.r
	back, err := r.heldBack(p.ctx)
	if err != nil {
		return err
	}
	if back != nil && p.held == 0 || p.held > 0 && (back == nil || back.Objects != p.held) {
		err := r.update(p.ctx, func(tx *store.Tx) error {
			if p.held == 0 {
				return tx.SetMeta(heldName, []byte("null"))
			}
			return setHeld(tx, &held{From: back.From, Objects: p.held})
		})
		if err != nil {
			return err
		}
	}
	if err := r.markFirstSync(p.ctx); err != nil {
		return err
	}
	if p.done > 0 {
		r.downloads.tell(Transfer{Objects: p.done, Total: p.done, Complete: true})
	}
	r.setStatus(func(s *Status) { s.HeldBack = p.held })
	return nil
}

// markFirstSync makes a new store one that is in sync, once it has everything.
func (r *Replica) markFirstSync(ctx context.Context) error {
	var synced, unsynced bool
	err := r.inside(ctx, func(live *store.Store) error {
		_, synced = live.LastSynced()
		return nil
	})
	if err != nil || synced {
		return err
	}
	return r.update(ctx, func(tx *store.Tx) error {
		for _, err := range tx.Entries() {
			if unsynced = true; err != nil {
				return err
			}
			break
		}
		if unsynced {
			return nil
		}
		return tx.MarkSynced()
	})
}

func (r *Replica) heldBack(ctx context.Context) (back *held, err error) {
	err = r.View(ctx, func(tx *store.Tx) error {
		text, err := tx.Meta(heldName)
		if err != nil || text == nil {
			return err
		}
		if err := json.Unmarshal(text, &back); err != nil {
			return fmt.Errorf("%w: the note of what was held back: %w", store.ErrCorrupt, err)
		}
		return nil
	})
	return back, err
}

func setHeld(tx *store.Tx, h *held) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return tx.SetMeta(heldName, text)
}

// intake takes over the backend's objects in one transaction.
type intake struct {
	r       *Replica
	tx      *store.Tx
	merged  []Merge
	refused []*remote.Object // by a constraint of the store
	unknown unknown          // what this version of the app does not know; nil until it is read
	noted   bool             // whether unknown says more than the note
}

// take takes over one object. One that a constraint refuses is tried again later:
// it may have waited for a value that another one has to give up first.
func (in *intake) take(o *remote.Object) error {
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

// end tries what was refused once more, and makes the note of what was left out.
func (in *intake) end() error {
	if err := in.again(); err != nil || !in.noted {
		return err
	}
	return in.unknown.save(in.tx)
}

// notable tells whether somebody should look at a decision.
func notable(d *merge.Decision) bool {
	switch d.Outcome {
	case merge.Recovered, merge.Merged, merge.Already:
		return len(d.Losses) > 0
	}
	return true
}

// again tries what was refused until none is left or none gets in any more.
func (in *intake) again() error {
	for {
		waiting := in.refused
		in.refused = nil
		for _, o := range waiting {
			if err := in.take(o); err != nil {
				return err
			}
		}
		if len(in.refused) == 0 || len(in.refused) == len(waiting) {
			break
		}
	}
	for _, o := range in.refused {
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

// PanicError is a panic in a function of the app's.
type PanicError struct {
	Func  string // which
	Value any
	Stack []byte
}

// Error says which function panicked, and with what.
func (e *PanicError) Error() string { return fmt.Sprintf("%s panicked: %v", e.Func, e.Value) }

// contain runs a function of the app's and makes a panic an error.
func contain(name string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Func: name, Value: p, Stack: debug.Stack()}
		}
	}()
	return do()
}
