package reconcile_test

import (
	"errors"
	"fmt"
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

// What was prepared is not read again, as far as there was room for it, and may be
// applied more than once.
func TestPreparedReadsNothingAgain(t *testing.T) {
	broken := errors.New("it is read")
	for name, tt := range map[string]struct {
		text string
		read bool
	}{"small": {"mine", false}, "more than there is room for": {strings.Repeat("mine", 2<<20), true}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fail := w.faulty("backup")
			all := []items.FieldItem{{ID: "a"}, {ID: "b"}, {ID: "c"}}
			backup, fresh := w.filled("backup", all...), w.filled("fresh", all...)
			for _, f := range all {
				w.set(backup, f.ID, func(r *items.FieldItemRecord) { r.SetText(tt.text) })
			}
			var o reconcile.Options
			o.Prepared = w.prepare(backup, fresh, o)
			fail[row] = broken
			plan := reconcile.New(backup, fresh, o)
			if _, err := plan.Preview(t.Context()); errors.Is(err, broken) != tt.read {
				t.Fatal(err)
			}
			if report, err := plan.Apply(t.Context()); errors.Is(err, broken) != tt.read || err == nil && report.Count(merge.Recovered) != 3 {
				t.Fatal(report, err)
			}
		})
	}
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
	other := o
	other.Policy.RemoteDeleted = model.Drop
	for name, plan := range map[string]*reconcile.Plan{
		"backup": reconcile.New(w.filled("other"), fresh, o),
		"fresh":  reconcile.New(backup, w.filled("another"), o),
		"policy": reconcile.New(backup, fresh, other),
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
