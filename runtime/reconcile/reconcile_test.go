package reconcile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/finding"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// world is a backend's fresh copy and a client's backup, with a disk for both.
type world struct {
	*testing.T
	disk   *memstore.Disk
	driver store.Driver // the disk, or the disk with faults
	now    time.Time
	tick   time.Duration // between two looks at the clock
}

func newWorld(t *testing.T) *world {
	disk := memstore.New()
	return &world{T: t, disk: disk, driver: disk, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), tick: time.Second}
}

func (w *world) open(path string, schema *store.Schema) *store.Store {
	w.Helper()
	db, err := store.Open(w.Context(), w.driver, path, schema, store.Options{
		Now:    func() time.Time { w.now = w.now.Add(w.tick); return w.now },
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { db.Close() })
	return db
}

func (w *world) update(db *store.Store, do func(tx *store.Tx) error) {
	w.Helper()
	if err := db.Update(w.Context(), do); err != nil {
		w.Fatal(err)
	}
}

// filled is a store that holds the items and counts as synced.
func (w *world) filled(path string, all ...items.FieldItem) *store.Store {
	w.Helper()
	db := w.open(path, &items.Schema)
	w.update(db, func(tx *store.Tx) error {
		for i := range all {
			if err := items.FieldItemRecords.Load(tx, &all[i], stamp.At(w.now)); err != nil {
				return err
			}
		}
		return tx.MarkSynced()
	})
	return db
}

// set changes an item that is there.
func (w *world) set(db *store.Store, id string, change func(r *items.FieldItemRecord)) {
	w.Helper()
	w.update(db, func(tx *store.Tx) error {
		r, err := items.FieldItemRecords.Get(tx, id)
		if err != nil {
			return err
		}
		change(r)
		return items.FieldItemRecords.Put(tx, r)
	})
}

func (w *world) delete(db *store.Store, id string) {
	w.Helper()
	w.update(db, func(tx *store.Tx) error { return items.FieldItemRecords.Delete(tx, id) })
}

func (w *world) apply(backup, fresh *store.Store, o reconcile.Options) *reconcile.Report {
	w.Helper()
	report, err := reconcile.New(backup, fresh, o).Apply(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return report
}

// content lists the items of a store.
func (w *world) content(db *store.Store) (all []items.FieldItem) {
	w.Helper()
	err := db.View(w.Context(), func(tx *store.Tx) error {
		for r, err := range items.FieldItemRecords.All(tx) {
			if err != nil {
				return err
			}
			all = append(all, r.Plain())
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// pending lists what is unsynced in a store, as key.field.
func (w *world) pending(db *store.Store) (all []string) {
	w.Helper()
	err := db.View(w.Context(), func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			if e.Change == model.Deleted {
				all = append(all, e.Key.Text())
			}
			for _, f := range e.Fields {
				all = append(all, e.Key.Text()+"."+f.Name)
			}
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func TestRecover(t *testing.T) {
	w := newWorld(t)
	base := []items.FieldItem{{ID: "a", Text: "one", Num: 1}, {ID: "b", Count: 10}, {ID: "c", Text: "gone"}, {ID: "d"}}
	backup := w.filled("backup", base...)
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText("two") })
	w.set(backup, "b", func(r *items.FieldItemRecord) { r.AddCount(3) })
	w.delete(backup, "c")
	w.update(backup, func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "n", Text: "new"})
	})
	fresh := w.filled("fresh", items.FieldItem{ID: "a", Text: "one", Num: 5}, items.FieldItem{ID: "b", Count: 100}, base[2], base[3], items.FieldItem{ID: "z", Text: "theirs"})

	report := w.apply(backup, fresh, reconcile.Options{})
	want := []items.FieldItem{{ID: "a", Text: "two", Num: 5}, {ID: "b", Count: 103}, {ID: "d"}, {ID: "n", Text: "new"}, {ID: "z", Text: "theirs"}}
	if diff := cmp.Diff(want, w.content(fresh)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a.text", "b.count", "c", "n.text"}, w.pending(fresh)); diff != "" {
		t.Error(diff)
	}
	if report.Total != 4 || report.Count(merge.Merged) != 2 || report.Count(merge.Recovered) != 2 || report.Unsynced != 4 || !report.Applied {
		t.Errorf("%+v", report)
	}
}

// Reconciling the same backup again plans nothing.
func TestApplyingTwiceDoesItOnce(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "b", Count: 10})
	w.set(backup, "b", func(r *items.FieldItemRecord) { r.AddCount(3) })
	fresh := w.filled("fresh", items.FieldItem{ID: "b", Count: 20})
	w.apply(backup, fresh, reconcile.Options{})
	again := w.apply(backup, fresh, reconcile.Options{})
	if !again.Before || again.Total != 0 {
		t.Errorf("the second time: %+v", again)
	}
	if got := w.content(fresh)[0].Count; got != 23 {
		t.Errorf("the counter stands at %d", got)
	}
	w.set(backup, "b", func(r *items.FieldItemRecord) { r.AddCount(1) })
	if _, err := reconcile.New(backup, fresh, reconcile.Options{}).Apply(t.Context()); !errors.Is(err, reconcile.ErrMovedOn) {
		t.Errorf("a backup that was written since: %v", err)
	}
}

// A second reset before the upload: the first fresh store is the next backup.
func TestSecondReset(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "b", Count: 10, Text: "a"})
	w.set(backup, "b", func(r *items.FieldItemRecord) { r.AddCount(3); r.SetText("mine") })
	first := w.filled("first", items.FieldItem{ID: "b", Count: 20, Text: "a"})
	w.apply(backup, first, reconcile.Options{})
	w.set(first, "b", func(r *items.FieldItemRecord) { r.AddCount(1) })
	second := w.filled("second", items.FieldItem{ID: "b", Count: 50, Text: "a"})
	w.apply(first, second, reconcile.Options{})
	if diff := cmp.Diff([]items.FieldItem{{ID: "b", Count: 54, Text: "mine"}}, w.content(second)); diff != "" {
		t.Error(diff)
	}
	if second.Seq() < first.Seq() {
		t.Errorf("the sequence went back from %d to %d", first.Seq(), second.Seq())
	}
}

func TestPreviewChangesNothing(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "a", Text: "one"})
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText("two") })
	fresh := w.filled("fresh", items.FieldItem{ID: "a", Text: "three"})
	before := w.content(fresh)
	plan := reconcile.New(backup, fresh, reconcile.Options{})
	preview, err := plan.Preview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.content(fresh)); diff != "" || len(w.pending(fresh)) > 0 {
		t.Errorf("%s %v", diff, w.pending(fresh))
	}
	applied, err := plan.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	preview.Applied = true
	if diff := cmp.Diff(asJSON(t, preview), asJSON(t, applied)); diff != "" {
		t.Errorf("what was previewed is not what was done: %s", diff)
	}
}

// The same stores give the same report, byte for byte.
func TestDeterministic(t *testing.T) {
	var reports []string
	for range 3 {
		w := newWorld(t)
		var all []items.FieldItem
		for i := range 50 {
			all = append(all, items.FieldItem{ID: fmt.Sprint(i), Attrs: map[string]string{"k": "a", "l": "b", "m": "c"}})
		}
		backup, fresh := w.filled("backup", all...), w.filled("fresh", all...)
		for i := range 50 {
			w.set(backup, fmt.Sprint(i), func(r *items.FieldItemRecord) {
				r.PutAttrs("k", "L")
				r.PutAttrs("l", "L")
				r.PutAttrs("m", "L")
			})
		}
		other := w.open("other", &items.Schema)
		w.update(other, func(tx *store.Tx) error {
			for i := range all {
				all[i].Attrs = map[string]string{"k": "R", "l": "R", "m": "R"}
				if err := items.FieldItemRecords.Load(tx, &all[i], stamp.At(w.now)); err != nil {
					return err
				}
			}
			return tx.MarkSynced()
		})
		report := w.apply(backup, other, reconcile.Options{})
		report.BackupID = "" // random
		reports = append(reports, asJSON(t, report))
		_ = fresh
	}
	if reports[0] != reports[1] || reports[0] != reports[2] {
		t.Error(cmp.Diff(reports[0], reports[1]))
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGuards(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "a"})
	incomplete := w.open("incomplete", &items.Schema)
	dirty := w.filled("dirty", items.FieldItem{ID: "a"})
	w.set(dirty, "a", func(r *items.FieldItemRecord) { r.SetText("mine") })
	for _, c := range []struct {
		name  string
		fresh *store.Store
		want  error
	}{
		{"not complete", incomplete, reconcile.ErrIncomplete},
		{"with unsynced changes", dirty, reconcile.ErrNotFresh},
		{"the backup itself", backup, reconcile.ErrNotFresh},
	} {
		if _, err := reconcile.New(backup, c.fresh, reconcile.Options{}).Apply(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// An error while applying leaves the fresh store as it was.
func TestAnErrorTakesEverythingBack(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "a"}, items.FieldItem{ID: "b"})
	for _, id := range []string{"a", "b"} {
		w.set(backup, id, func(r *items.FieldItemRecord) { r.SetText("mine") })
	}
	fresh := w.filled("fresh", items.FieldItem{ID: "a"}, items.FieldItem{ID: "b"})
	enough := errors.New("enough")
	seen := 0
	_, err := reconcile.New(backup, fresh, reconcile.Options{Each: func(*reconcile.Object) error {
		if seen++; seen == 2 {
			return enough
		}
		return nil
	}}).Apply(t.Context())
	if !errors.Is(err, enough) {
		t.Errorf("the error was %v", err)
	}
	if len(w.pending(fresh)) > 0 || w.content(fresh)[0].Text != "" {
		t.Errorf("%v is left", w.pending(fresh))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := reconcile.New(backup, fresh, reconcile.Options{}).Apply(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error was %v", err)
	}
	if got := w.apply(backup, fresh, reconcile.Options{}).Total; got != 2 {
		t.Errorf("%d objects after all", got)
	}
}

func TestDiscardAndOverwrite(t *testing.T) {
	for strategy, want := range map[reconcile.Strategy][]items.FieldItem{
		reconcile.Discard:   {{ID: "d"}, {ID: "x", Text: "R"}, {ID: "z", Text: "theirs"}},
		reconcile.Overwrite: {{ID: "d"}, {ID: "n", Text: "new"}, {ID: "x", Text: "L"}, {ID: "z", Text: "theirs"}},
	} {
		t.Run(strategy.String(), func(t *testing.T) {
			w := newWorld(t)
			backup := w.filled("backup", items.FieldItem{ID: "d"}, items.FieldItem{ID: "x", Text: "a"})
			w.set(backup, "x", func(r *items.FieldItemRecord) { r.SetText("L") })
			w.delete(backup, "d")
			w.update(backup, func(tx *store.Tx) error {
				return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "n", Text: "new"})
			})
			fresh := w.filled("fresh", items.FieldItem{ID: "d"}, items.FieldItem{ID: "x", Text: "R"}, items.FieldItem{ID: "z", Text: "theirs"})
			report := w.apply(backup, fresh, reconcile.Options{Strategy: strategy})
			if diff := cmp.Diff(want, w.content(fresh)); diff != "" {
				t.Error(diff)
			}
			if report.Total != 3 {
				t.Errorf("%d objects in the report", report.Total)
			}
			var wantPending []string
			if strategy == reconcile.Overwrite {
				wantPending = []string{"n.text", "x.text"}
			}
			if diff := cmp.Diff(wantPending, w.pending(fresh)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A recovered reference to an object that is gone is reported, and cleared where
// the policy says so; one to an object that is recovered later is not.
func TestDangling(t *testing.T) {
	for _, dangling := range []model.Dangling{model.ReportDangling, model.ClearDangling} {
		w := newWorld(t)
		backup := w.open("backup", &inspect.Schema)
		w.update(backup, func(tx *store.Tx) error {
			for _, s := range []string{"gone", "new"} {
				if err := inspect.SiteRecords.Replace(tx, &inspect.Site{ID: s}); err != nil {
					return err
				}
			}
			for id, site := range map[string]string{"f1": "gone", "f2": "new", "f3": "nowhere"} {
				if err := inspect.FindingRecords.Replace(tx, &inspect.Finding{ID: id, Site: site}); err != nil {
					return err
				}
			}
			return inspect.SiteRecords.Delete(tx, "gone")
		})
		fresh := w.open("fresh", &inspect.Schema)
		w.update(fresh, func(tx *store.Tx) error { return tx.MarkSynced() })
		report := w.apply(backup, fresh, reconcile.Options{Policy: model.Policy{Dangling: dangling}})
		var found []string
		for _, d := range report.Dangling {
			found = append(found, fmt.Sprintf("%v.%s -> %s %v", d.Key, d.Field, d.To, d.ToKey))
		}
		if want := []string{`"f1".site -> site "gone"`, `"f3".site -> site "nowhere"`}; !slices.Equal(found, want) {
			t.Errorf("%q, want %q", found, want)
		}
		err := fresh.View(t.Context(), func(tx *store.Tx) error {
			r, err := inspect.FindingRecords.Get(tx, "f1")
			if err != nil {
				return err
			}
			if cleared := r.Site() == ""; cleared != (dangling == model.ClearDangling) {
				t.Errorf("the site is %q", r.Site())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// So is any reference to what is deleted here, also in an object that nobody
// touched here; to what the policy keeps there is none.
func TestDanglingToWhatIsDeleted(t *testing.T) {
	for _, dangling := range []model.Dangling{model.ReportDangling, model.ClearDangling} {
		w := newWorld(t)
		backup := w.open("backup", &inspect.Schema)
		sites := func(tx *store.Tx, note string) error {
			return errors.Join(
				inspect.SiteRecords.Load(tx, &inspect.Site{ID: "changed", Name: note}, 1),
				inspect.SiteRecords.Load(tx, &inspect.Site{ID: "deleted"}, 1),
				inspect.SiteRecords.Load(tx, &inspect.Site{ID: "left"}, 1),
			)
		}
		w.update(backup, func(tx *store.Tx) error { return errors.Join(sites(tx, ""), tx.MarkSynced()) })
		w.update(backup, func(tx *store.Tx) error {
			return errors.Join(
				inspect.FindingRecords.Replace(tx, &inspect.Finding{ID: "mine", Site: "deleted"}),
				inspect.SiteRecords.Delete(tx, "changed"),
				inspect.SiteRecords.Delete(tx, "deleted"),
			)
		})
		fresh := w.open("fresh", &inspect.Schema)
		w.update(fresh, func(tx *store.Tx) error {
			for id, site := range map[string]string{"f1": "deleted", "f2": "changed", "f3": "left", "f4": "nowhere", "f5": "deleted"} {
				if err := inspect.FindingRecords.Load(tx, &inspect.Finding{ID: id, Site: site}, 1); err != nil {
					return err
				}
			}
			return errors.Join(sites(tx, "theirs"), tx.MarkSynced())
		})
		report := w.apply(backup, fresh, reconcile.Options{Policy: model.Policy{Dangling: dangling}})
		var found []string
		for _, d := range report.Dangling {
			found = append(found, fmt.Sprintf("%v.%s -> %s %v", d.Key, d.Field, d.To, d.ToKey))
			if d.Cleared != (dangling == model.ClearDangling) {
				t.Errorf("%v is cleared: %v", d.Key, d.Cleared)
			}
		}
		want := []string{`"f1".site -> site "deleted"`, `"f5".site -> site "deleted"`, `"mine".site -> site "deleted"`}
		if !slices.Equal(found, want) || report.DanglingTotal != len(want) {
			t.Errorf("%q, want %q", found, want)
		}
		unsynced := []string{"mine created", "deleted deleted"}
		if dangling == model.ClearDangling {
			unsynced = []string{"f1 updated", "f5 updated", "mine created", "deleted deleted"}
		}
		var got []string
		err := fresh.View(t.Context(), func(tx *store.Tx) error {
			for e, err := range tx.Entries() {
				if err != nil {
					return err
				}
				got = append(got, e.Key.Text()+" "+e.Change.String())
			}
			return nil
		})
		if err != nil || !slices.Equal(got, unsynced) {
			t.Errorf("%q are unsynced, want %q: %v", got, unsynced, err)
		}
	}
}

func TestReportIsForPeopleAndMachines(t *testing.T) {
	w := newWorld(t)
	backup := w.filled("backup", items.FieldItem{ID: "a", Text: "one"})
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText("mine") })
	fresh := w.filled("fresh", items.FieldItem{ID: "a", Text: "theirs"})
	report := w.apply(backup, fresh, reconcile.Options{})
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := `Reconciled the backup backup with fresh (strategy recover).
Objects with unsynced changes: 1. Conflicts: 1. Values lost: 0. Objects to upload: 1.
Failed: 0. References to what is not there: 0.

OBJECTS  OUTCOME   LOCALLY  WRITTEN TO FRESH
1        conflict  updated  update

field_item "a": conflict (both sides changed text)
  text (local)
    base    "one"
    local   "mine"
    remote  "theirs"
    result  "mine"
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Error(diff)
	}
	if got := asJSON(t, report); !strings.Contains(got, `"outcome": "conflict"`) || !strings.Contains(got, `"remote": "theirs"`) {
		t.Error(got)
	}
}
