package replica

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// untoldName is the note in the store of what Options.Merged has yet to be told. It is
// made by the transaction that merged, so that a process that is killed before it has
// told the app does so when the replica is opened again.
const untoldName = "untold"

// untoldMerge is a Merge in that note. Values are in their binary form, in which they
// come back as they were.
type untoldMerge struct {
	Model     string           `json:"model"`
	Key       []byte           `json:"key"`
	Outcome   merge.Outcome    `json:"outcome"`
	Reason    string           `json:"reason"`
	Conflicts []untoldConflict `json:"conflicts,omitempty"`
	Losses    []untoldLoss     `json:"losses,omitempty"`
}

type untoldConflict struct {
	Field  string    `json:"field"`
	Part   string    `json:"part"`
	Rule   string    `json:"rule"`
	Values [4][]byte `json:"values"` // base, local, remote, result
}

type untoldLoss struct {
	Field string `json:"field"`
	Value []byte `json:"value"`
	Why   string `json:"why"`
}

// noteMerged adds to the note, if there is somebody to tell.
func (r *Replica) noteMerged(tx *store.Tx, merged []Merge) error {
	if len(merged) == 0 || r.o.Merged == nil {
		return nil
	}
	note, err := readUntold(tx)
	if err != nil {
		return err
	}
	binary := func(v model.Value) []byte { return model.AppendValue(nil, v) }
	for _, m := range merged {
		u := untoldMerge{Model: m.Model, Key: binary(m.Key), Outcome: m.Outcome, Reason: m.Reason}
		for _, c := range m.Conflicts {
			values := [4][]byte{binary(c.Base), binary(c.Local), binary(c.Remote), binary(c.Result)}
			u.Conflicts = append(u.Conflicts, untoldConflict{c.Field, c.Part, c.Rule, values})
		}
		for _, l := range m.Losses {
			u.Losses = append(u.Losses, untoldLoss{l.Field, binary(l.Value), l.Why})
		}
		note = append(note, u)
	}
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	return tx.SetMeta(untoldName, text)
}

func readUntold(tx *store.Tx) (note []untoldMerge, err error) {
	text, err := tx.Meta(untoldName)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(text, &note); err != nil {
		return nil, fmt.Errorf("%w: the note of what the app has to be told: %w", store.ErrCorrupt, err)
	}
	return note, nil
}

// merges are what the note says.
func merges(note []untoldMerge) (merged []Merge, err error) {
	value := func(b []byte) model.Value {
		v, wrong := model.DecodeValue(b)
		if wrong != nil && err == nil {
			err = fmt.Errorf("%w: the note of what the app has to be told: %w", store.ErrCorrupt, wrong)
		}
		return v
	}
	for _, u := range note {
		m := Merge{Model: u.Model, Key: value(u.Key), Outcome: u.Outcome, Reason: u.Reason}
		for _, c := range u.Conflicts {
			m.Conflicts = append(m.Conflicts, merge.Conflict{
				Field: c.Field, Part: c.Part, Rule: c.Rule,
				Base: value(c.Values[0]), Local: value(c.Values[1]), Remote: value(c.Values[2]), Result: value(c.Values[3]),
			})
		}
		for _, l := range u.Losses {
			m.Losses = append(m.Losses, merge.Loss{Field: l.Field, Value: value(l.Value), Why: l.Why})
		}
		merged = append(merged, m)
	}
	return merged, err
}

// tellMerged hands what is noted to the app, and takes the note away when the app has
// returned. Syncing goes on whatever becomes of that: the note stays for the next time.
func (r *Replica) tellMerged(ctx context.Context) {
	if r.o.Merged == nil || r.live == nil {
		return
	}
	var note []untoldMerge
	err := r.View(ctx, func(tx *store.Tx) (err error) {
		note, err = readUntold(tx)
		return err
	})
	var merged []Merge
	if err == nil {
		merged, err = merges(note)
	}
	if err == nil && len(merged) > 0 {
		called, end := r.callback(ctx)
		defer end()
		if err := contain("Options.Merged", func() error { r.o.Merged(called, merged); return nil }); err != nil {
			r.log.Error("telling the app of merges", "replica", r.o.Path, "error", err)
		}
		if called.Err() != nil { // perhaps it has heeded that
			return
		}
		err = r.update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.SetMeta(untoldName, nil) })
	}
	if err != nil && ctx.Err() == nil {
		r.log.Error("telling the app of merges", "replica", r.o.Path, "error", err)
	}
}
