package reconcile_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// push opens a cut in chunks of one object and gives the mark of a backend that
// applied the first so many of them. The acknowledgement is lost.
func (w *world) push(db *store.Store, done int) *model.Mark {
	w.Helper()
	var cut *model.Cut
	w.update(db, func(tx *store.Tx) (err error) {
		cut, err = tx.Ledger().OpenCut(1)
		return err
	})
	return &model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: done}
}

func TestAcknowledgementLost(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "x", Count: 10})
	w.set(backup, "x", func(r *items.FieldItemRecord) { r.AddCount(3) })
	mark := w.push(backup, 1)
	fresh := w.filled("fresh", items.FieldItem{ID: "x", Count: 13})
	if _, err := reconcile.New(backup, fresh, reconcile.Options{}).Apply(t.Context()); !errors.Is(err, store.ErrCutOpen) {
		t.Errorf("without the mark: %v", err)
	}
	report := w.apply(backup, fresh, reconcile.Options{Mark: mark})
	if report.Total != 0 || w.content(fresh)[0].Count != 13 || len(w.pending(fresh)) > 0 {
		t.Errorf("%+v, %v", report, w.content(fresh))
	}
}

func TestAcknowledgementLostThenChangedAgain(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "x", Count: 10})
	w.set(backup, "x", func(r *items.FieldItemRecord) { r.AddCount(3) })
	mark := w.push(backup, 1)
	w.set(backup, "x", func(r *items.FieldItemRecord) { r.AddCount(2) })
	fresh := w.filled("fresh", items.FieldItem{ID: "x", Count: 113})
	w.apply(backup, fresh, reconcile.Options{Mark: mark})
	if got := w.content(fresh)[0].Count; got != 115 {
		t.Errorf("the counter stands at %d", got)
	}
	if diff := cmp.Diff([]string{"x.count"}, w.pending(fresh)); diff != "" {
		t.Error(diff)
	}
}

func TestPushAppliedInPart(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "a", Count: 1}, items.FieldItem{ID: "z", Count: 1})
	w.set(backup, "z", func(r *items.FieldItemRecord) { r.AddCount(5) })
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.AddCount(7) })
	mark := w.push(backup, 1)
	fresh := w.filled("fresh", items.FieldItem{ID: "a", Count: 8}, items.FieldItem{ID: "z", Count: 1})
	w.apply(backup, fresh, reconcile.Options{Mark: mark})
	if diff := cmp.Diff([]items.FieldItem{{ID: "a", Count: 8}, {ID: "z", Count: 6}}, w.content(fresh)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"z.count"}, w.pending(fresh)); diff != "" {
		t.Error(diff)
	}
}

// A deletion that arrived, and the object created again since: it exists, and
// the backend does not have it.
func TestDeletionArrivedThenCreatedAgain(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "x", Text: "a"})
	w.delete(backup, "x")
	mark := w.push(backup, 1)
	w.update(backup, func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "x", Text: "n"})
	})
	fresh := w.filled("fresh")
	report := w.apply(backup, fresh, reconcile.Options{Mark: mark, Policy: model.DeletesWin})
	if diff := cmp.Diff([]items.FieldItem{{ID: "x", Text: "n"}}, w.content(fresh)); diff != "" || report.Conflicts > 0 {
		t.Error(diff, report.Conflicts)
	}
}

// A restored backend has forgotten cuts that it had acknowledged: the report says
// so, and what was sent last counts as never sent.
func TestBackendRewound(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "x", Count: 10})
	w.set(backup, "x", func(r *items.FieldItemRecord) { r.AddCount(3) })
	mark := w.push(backup, 1)
	w.update(backup, func(tx *store.Tx) error { _, err := tx.Ledger().Settle(*mark); return err })
	w.set(backup, "x", func(r *items.FieldItemRecord) { r.AddCount(2) })
	w.push(backup, 0)
	fresh := w.filled("fresh", items.FieldItem{ID: "x", Count: 10})
	report := w.apply(backup, fresh, reconcile.Options{Mark: &model.Mark{}})
	if report.Rewound == nil || report.Rewound.Settled != 1 || report.Rewound.Known.N != 0 {
		t.Errorf("%+v", report.Rewound)
	}
	if got := w.content(fresh)[0].Count; got != 12 {
		t.Errorf("the counter stands at %d", got)
	}
}

// A copy of a store is told by a cut that it never made.
func TestStoreCopied(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "x"})
	w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("mine") })
	mark := w.push(backup, 1)
	mark.Nonce = "of the original"
	fresh := w.filled("fresh", items.FieldItem{ID: "x"})
	if _, err := reconcile.New(backup, fresh, reconcile.Options{Mark: mark}).Apply(t.Context()); !errors.Is(err, store.ErrStoreCopied) {
		t.Errorf("the error was %v", err)
	}
	w.update(backup, func(tx *store.Tx) error { return tx.Ledger().Rename() })
	w.apply(backup, fresh, reconcile.Options{Mark: &model.Mark{}})
	if diff := cmp.Diff([]string{"x.text"}, w.pending(fresh)); diff != "" {
		t.Error(diff)
	}
}
