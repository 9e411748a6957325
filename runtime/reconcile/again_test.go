package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// A backup that was reconciled into the store that is the backup now is not
// reconciled again, further down the line.
func TestABackupOfTheBackupCountsOnce(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "b", Count: 10})
	w.set(backup, "b", func(r *items.FieldItemRecord) { r.AddCount(3) })
	first := w.filled("first", items.FieldItem{ID: "b", Count: 10})
	w.apply(backup, first, reconcile.Options{})
	mark := w.push(first, 1)
	second := w.filled("second", items.FieldItem{ID: "b", Count: 13})
	w.apply(first, second, reconcile.Options{Mark: mark})
	if again := w.apply(backup, second, reconcile.Options{}); !again.Before {
		t.Errorf("%+v", again)
	}
	if got := w.content(second)[0].Count; got != 13 {
		t.Errorf("the counter stands at %d", got)
	}
}

// What is written to the backup while it is reconciled was not reconciled.
func TestABackupWrittenMeanwhile(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "a"}, items.FieldItem{ID: "z"})
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText("mine") })
	fresh := w.filled("fresh", items.FieldItem{ID: "a"}, items.FieldItem{ID: "z"})
	w.apply(backup, fresh, reconcile.Options{Each: func(*reconcile.Object) error {
		w.set(backup, "z", func(r *items.FieldItemRecord) { r.SetText("late") })
		return nil
	}})
	if _, err := reconcile.New(backup, fresh, reconcile.Options{}).Apply(t.Context()); err == nil {
		t.Error("the late write counts as reconciled")
	}
}

// A failed object says what it would have changed.
func TestFailuresListTheirValues(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "a", Count: 0})
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetCount(1<<63 - 1); r.SetText("my day") })
	fresh := w.open("fresh", &items.Schema)
	w.update(fresh, func(tx *store.Tx) error {
		if err := items.FieldItemRecords.Load(tx, &items.FieldItem{ID: "a", Count: 5}, stamp.At(w.now)); err != nil {
			return err
		}
		return tx.MarkSynced()
	})
	report := w.apply(backup, fresh, reconcile.Options{})
	if report.Failed != 1 || report.Count(merge.Failed) != 1 {
		t.Errorf("%+v", report)
	}
	var lost []string
	for _, l := range report.Objects[0].Losses {
		lost = append(lost, l.Field+"="+l.Value.String())
	}
	if diff := cmp.Diff([]string{`text="my day"`, "count=9223372036854775807"}, lost); diff != "" {
		t.Error(diff)
	}
}

// The fresh store's clock goes on where the backup's stood, although the device's was
// set back by more than a stamp may lie ahead of it.
func TestClockGoesOn(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "a"}, items.FieldItem{ID: "b"})
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText("mine") })
	var before stamp.Stamp
	w.update(backup, func(tx *store.Tx) error { _, before = tx.Ledger().CommitStamp(); return nil })
	fresh := w.filled("fresh", items.FieldItem{ID: "a"}, items.FieldItem{ID: "b"})
	w.now = w.now.Add(-3 * time.Hour)
	w.apply(backup, fresh, reconcile.Options{})
	w.set(fresh, "b", func(r *items.FieldItemRecord) { r.SetText("later") })
	w.update(fresh, func(tx *store.Tx) error {
		row, err := tx.Row(items.FieldItemRecords.Model().Info, model.StringValue("b"))
		if err == nil && row.Stamp <= before {
			t.Errorf("what is written later is stamped %v, and what was written before %v", row.Stamp, before)
		}
		return err
	})
}
