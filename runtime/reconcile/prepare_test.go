package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
	"github.com/resetgen/resetgen/testdata/golden/tracking"
)

func (w *world) prepare(backup, fresh *store.Store, o reconcile.Options) *reconcile.Prepared {
	w.Helper()
	prepared, err := reconcile.New(backup, fresh, o).Prepare(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return prepared
}

// Whatever the app writes after a reconciliation was prepared, the result is the same as
// if it had not been.
func TestPreparedChangesNothing(t *testing.T) {
	ids := rapid.SampledFrom([]string{"a", "b", "c", "d", "new"})
	schema := items.Schema.Model("field_item")
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		base := []items.FieldItem{{ID: "a", Text: "base", Count: 1}, {ID: "b", Tags: []string{"base"}}, {ID: "c"}, {ID: "d", Text: "base"}}
		backup := w.filled("backup", base...)
		theirs := slices.Clone(base)
		for i := range theirs {
			if rapid.Bool().Draw(rt, "theirs") {
				theirs[i].Text, theirs[i].Count = "theirs", 5
			}
		}
		theirs = theirs[rapid.IntRange(0, 2).Draw(rt, "deleted there"):]
		plain, spared := w.filled("plain", theirs...), w.filled("spared", theirs...)
		write := func(name string) {
			for range rapid.IntRange(0, 6).Draw(rt, name) {
				id := ids.Draw(rt, "id")
				do := rapid.SampledFrom([]string{"text", "text back", "count", "tag", "delete", "discard"}).Draw(rt, "write")
				w.update(backup, func(tx *store.Tx) error {
					switch do {
					case "delete":
						err := items.FieldItemRecords.Delete(tx, id)
						if errors.Is(err, store.ErrNotFound) {
							err = nil
						}
						return err
					case "discard":
						if e, err := tx.Entry(schema.Info, model.StringValue(id)); e == nil {
							return err
						}
						return tx.Discard(schema.Info, model.StringValue(id))
					}
					r, err := items.FieldItemRecords.Get(tx, id)
					if errors.Is(err, store.ErrNotFound) {
						r, err = items.FieldItemRecords.New(tx, id)
					}
					if err != nil {
						return err
					}
					switch do {
					case "text":
						r.SetText(fmt.Sprint("mine ", w.now.Unix()))
					case "text back":
						r.SetText("base")
					case "count":
						r.AddCount(1)
					case "tag":
						r.AddTags(fmt.Sprint(w.now.Unix()))
					}
					return items.FieldItemRecords.Put(tx, r)
				})
			}
		}
		o := reconcile.Options{Policy: model.Policy{LocalDeleted: rapid.SampledFrom([]model.LocalDeleted{model.Delete, model.Keep}).Draw(rt, "policy")}}
		write("before")
		o.Prepared = w.prepare(backup, spared, o)
		write("after")
		with := w.apply(backup, spared, o)
		o.Prepared = nil
		without := w.apply(backup, plain, o)
		with.Fresh = without.Fresh
		if diff := cmp.Diff(asJSON(t, without), asJSON(t, with)); diff != "" {
			rt.Errorf("the report without (-) and with (+): %s", diff)
		}
		if diff := cmp.Diff(w.content(plain), w.content(spared)); diff != "" {
			rt.Errorf("the store without (-) and with (+): %s", diff)
		}
		if diff := cmp.Diff(w.pending(plain), w.pending(spared)); diff != "" {
			rt.Errorf("unsynced without (-) and with (+): %s", diff)
		}
	})
}

// What was prepared is not read again, and may be applied more than once. What is too
// large to be kept is read again, and nothing else is for that.
func TestPreparedReadsNothingAgain(t *testing.T) {
	for name, text := range map[string]string{"small": "mine", "more than there is room for": strings.Repeat("mine", 5<<20)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			reads := w.reading("backup")
			all := []items.FieldItem{{ID: "a"}, {ID: "b"}, {ID: "c"}}
			backup, fresh := w.filled("backup", all...), w.filled("fresh", all...)
			w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText(text) })
			for _, f := range all[1:] {
				w.set(backup, f.ID, func(r *items.FieldItemRecord) { r.SetText("mine") })
			}
			var o reconcile.Options
			o.Prepared = w.prepare(backup, fresh, o)
			plan := reconcile.New(backup, fresh, o)
			for _, do := range []func(context.Context) (*reconcile.Report, error){plan.Preview, plan.Apply} {
				*reads = nil
				if report, err := do(t.Context()); err != nil || report.Count(merge.Recovered) != 3 {
					t.Fatal(report, err)
				}
				if len(*reads) > 0 && (text == "mine" || !slices.Equal(*reads, []string{"a"})) {
					t.Errorf("%q are read again", *reads)
				}
			}
		})
	}
}

// What is prepared takes some 16 MiB at most, whatever the decisions are.
func TestPreparedRoom(t *testing.T) {
	long := func(b byte) string { return strings.Repeat(string(b), 32<<10) }
	write := func(name string) func(tx *store.Tx, id string) error {
		return func(tx *store.Tx, id string) error {
			return tracking.BareRecords.Replace(tx, &tracking.Bare{ID: id, Name: name})
		}
	}
	remove := func(tx *store.Tx, id string) error { return tracking.BareRecords.Delete(tx, id) }
	for name, tt := range map[string]struct {
		objects     int
		base        string
		here, there bool // whether the object is in the backup, and in the fresh store
		change      func(tx *store.Tx, id string) error
	}{
		"created":                 {40_000, "", false, false, write("mine")},
		"updated":                 {40_000, "base", true, true, write("mine")},
		"deleted":                 {40_000, "base", true, true, remove},
		"deleted on both sides":   {40_000, "base", true, false, remove},
		"updated but gone":        {40_000, "base", true, false, write("mine")},
		"updated but gone, large": {1000, long('a'), true, false, write(long('\x02'))},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			each := func(do func(id string) error) error {
				for i := range tt.objects {
					if err := do(fmt.Sprintf("%07d", i)); err != nil {
						return err
					}
				}
				return nil
			}
			filled := func(path string, filled bool) *store.Store {
				db := w.open(path, &tracking.Schema)
				w.update(db, func(tx *store.Tx) error {
					if filled {
						if err := each(func(id string) error {
							return tracking.BareRecords.Load(tx, &tracking.Bare{ID: id, Name: tt.base}, stamp.At(w.now))
						}); err != nil {
							return err
						}
					}
					return tx.MarkSynced()
				})
				return db
			}
			backup, fresh := filled("backup", tt.here), filled("fresh", tt.there)
			w.update(backup, func(tx *store.Tx) error { return each(func(id string) error { return tt.change(tx, id) }) })
			before := heap()
			prepared := w.prepare(backup, fresh, reconcile.Options{})
			held := heap() - before
			if held > 17<<20 {
				t.Errorf("it takes %d KiB", held>>10)
			}
			runtime.KeepAlive(prepared)
		})
	}
}

// heap is how much memory is in use, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// An object that is held back fails, whatever was decided about it before.
func TestPreparedAndHeldBack(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.filled("backup", items.FieldItem{ID: "a"}), w.filled("fresh")
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText("mine") })
	var o reconcile.Options
	o.Prepared = w.prepare(backup, fresh, o)
	o.HeldBack = func(model.ObjectKey) bool { return true }
	if report := w.apply(backup, fresh, o); report.Failed != 1 || len(w.content(fresh)) != 0 {
		t.Errorf("%+v", report)
	}
}

// A refusal of the store is no part of what was decided.
func TestPreparedAndRefused(t *testing.T) {
	w := newWorld(t)
	fail := w.faulty("fresh")
	backup, fresh := w.filled("backup"), w.filled("fresh")
	w.update(backup, func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "n", Text: "new"})
	})
	var o reconcile.Options
	o.Prepared = w.prepare(backup, fresh, o)
	fail[insert] = store.ErrConstraint
	plan := reconcile.New(backup, fresh, o)
	if report, err := plan.Preview(t.Context()); err != nil || report.Failed != 1 {
		t.Fatal(report, err)
	}
	delete(fail, insert)
	if report, err := plan.Apply(t.Context()); err != nil || report.Count(merge.Recovered) != 1 || len(w.content(fresh)) != 1 {
		t.Errorf("%+v %v", report, err)
	}
}

// Decisions are good for the stores and the policy that they were made for.
func TestPreparedForAnother(t *testing.T) {
	w := newWorld(t)
	backup, fresh := w.filled("backup"), w.filled("fresh")
	o := reconcile.Options{Prepared: w.prepare(backup, fresh, reconcile.Options{})}
	other, orDiscard := o, o
	other.Policy.RemoteDeleted, orDiscard.Strategy = model.Drop, reconcile.RecoverOrDiscard
	for name, plan := range map[string]*reconcile.Plan{
		"backup":   reconcile.New(w.filled("other"), fresh, o),
		"fresh":    reconcile.New(backup, w.filled("another"), o),
		"policy":   reconcile.New(backup, fresh, other),
		"strategy": reconcile.New(backup, fresh, orDiscard),
	} {
		if _, err := plan.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "Options.Prepared") {
			t.Errorf("another %s: %v", name, err)
		}
	}
	w.apply(backup, fresh, o)
	if _, err := reconcile.New(nil, fresh, reconcile.Options{}).Prepare(t.Context()); err == nil {
		t.Error("without a backup")
	}
}

// What could not be merged is tried once more.
func TestPreparedAMergeThatFails(t *testing.T) {
	w := newWorld(t)
	generated := items.Schema.Model("field_item")
	undecided := errors.New("undecided")
	failing, schema := *generated, &store.Schema{}
	failing.Merge = func(c *merge.Context, base, local, remote, result *model.Row) error {
		if undecided != nil {
			return undecided
		}
		return generated.Merge(c, base, local, remote, result)
	}
	schema.Add(&failing)
	item := items.FieldItem{ID: "a"}
	backup, fresh := w.filled("backup", item), w.open("fresh", schema)
	w.update(fresh, func(tx *store.Tx) error {
		return errors.Join(items.FieldItemRecords.Load(tx, &item, stamp.At(w.now)), tx.MarkSynced())
	})
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText("mine") })
	var o reconcile.Options
	o.Prepared = w.prepare(backup, fresh, o)
	undecided = nil
	if report := w.apply(backup, fresh, o); report.Count(merge.Recovered) != 1 {
		t.Errorf("%+v", report)
	}
}
