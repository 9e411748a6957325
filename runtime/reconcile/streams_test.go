package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

type (
	fieldItem = reconcile.Item[items.FieldItem]
	stamps    = map[string]stamp.Stamp
)

// appsOwn is the storage of an app that has no stores of ours.
type appsOwn struct {
	all   map[string]fieldItem
	calls int
	fail  map[string]error // of the calls for a key
}

func newAppsOwn(all ...fieldItem) *appsOwn {
	a := &appsOwn{all: map[string]fieldItem{}, fail: map[string]error{}}
	for _, item := range all {
		a.all[item.Value.ID] = item
	}
	return a
}

func (a *appsOwn) Put(_ context.Context, item fieldItem) error {
	a.calls++
	if err := a.fail[item.Value.ID]; err != nil {
		return err
	}
	a.all[item.Value.ID] = item
	return nil
}

func (a *appsOwn) Delete(_ context.Context, v items.FieldItem) error {
	a.calls++
	if err := a.fail[v.ID]; err != nil {
		return err
	}
	if _, ok := a.all[v.ID]; !ok {
		return fmt.Errorf("there is no %s", v.ID)
	}
	delete(a.all, v.ID)
	return nil
}

// list yields everything by rising key.
func (a *appsOwn) list() iter.Seq2[fieldItem, error] {
	return func(yield func(fieldItem, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(a.all)) {
			if !yield(a.all[id], nil) {
				return
			}
		}
	}
}

// yields is a sequence of the items as they come.
func yields(all ...fieldItem) iter.Seq2[fieldItem, error] {
	return func(yield func(fieldItem, error) bool) {
		for _, item := range all {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func aged(at stamp.Stamp, v items.FieldItem) fieldItem { return fieldItem{Value: v, Stamp: at} }

func TestReconcileSequences(t *testing.T) {
	backup := newAppsOwn(
		aged(5, items.FieldItem{ID: "old", Text: "a"}),
		fieldItem{Value: items.FieldItem{ID: "x", Text: "L", Num: 1, Count: 13, Top: 4}, Stamp: 12, Fields: stamps{"text": 11, "num": 3, "count": 12, "top": 12}},
		aged(15, items.FieldItem{ID: "z", Text: "new"}),
	)
	fresh := newAppsOwn(
		aged(5, items.FieldItem{ID: "deleted"}),
		aged(25, items.FieldItem{ID: "old", Text: "b"}),
		aged(25, items.FieldItem{ID: "theirs"}),
		fieldItem{Value: items.FieldItem{ID: "x", Text: "a", Num: 2, Count: 20, Top: 7}, Stamp: 14, Fields: stamps{"text": 2, "num": 13, "count": 14, "top": 13}},
	)
	o := reconcile.StampOptions{LastSynced: 10, InferDeletes: true, MaxDeletes: 0.5}
	preview, err := reconcile.PreviewReconcile(t.Context(), items.FieldItemRecords, backup.list(), fresh.list(), o)
	if err != nil {
		t.Fatal(err)
	}
	report, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, backup.list(), fresh.list(), fresh, o)
	if err != nil {
		t.Fatal(err)
	}
	if preview.Applied || !report.Applied {
		t.Errorf("applied: %t, %t", preview.Applied, report.Applied)
	}
	preview.Applied = true
	if diff := cmp.Diff(asJSON(t, preview), asJSON(t, report)); diff != "" {
		t.Errorf("what was previewed is not what was done: %s", diff)
	}
	want := map[string]fieldItem{
		"old":    aged(25, items.FieldItem{ID: "old", Text: "b"}),
		"theirs": aged(25, items.FieldItem{ID: "theirs"}),
		"x":      {Value: items.FieldItem{ID: "x", Text: "L", Num: 2, Count: 13, Top: 7}, Stamp: 14, Fields: stamps{"text": 11, "num": 13, "count": 12, "top": 13}},
		"z":      aged(15, items.FieldItem{ID: "z", Text: "new"}),
	}
	if diff := cmp.Diff(want, fresh.all); diff != "" {
		t.Error(diff)
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	wantText := `Reconciled the backup of field_item with fresh, by stamps.
Objects with unsynced changes: 3. Conflicts: 2. Values lost: 0. Objects to upload: 3.
Failed: 0. References to what is not there: 0.

OBJECTS  OUTCOME    LOCALLY  WRITTEN TO FRESH
1        recovered  created  insert
1        recovered  deleted  delete
1        conflict   updated  update

field_item "x": conflict (both sides changed top, count)
  top (max)
    base    absent
    local   4
    remote  7
    result  7
  count (local, there is no base for counter)
    base    absent
    local   13
    remote  20
    result  13
`
	if diff := cmp.Diff(wantText, text.String()); diff != "" {
		t.Error(diff)
	}
	for _, reason := range []string{report.Objects[0].Reason, report.Objects[2].Reason} {
		if !strings.Contains(reason, "absent from") {
			t.Errorf("%q claims more than is known", reason)
		}
	}
}

// Before anything was synced every object is unsynced, stamped or not, and no gap
// is a deletion.
func TestReconcileNeverSynced(t *testing.T) {
	backup := newAppsOwn(aged(0, items.FieldItem{ID: "a", Text: "L"}), aged(7, items.FieldItem{ID: "b"}))
	fresh := newAppsOwn(aged(0, items.FieldItem{ID: "a", Text: "R"}), aged(0, items.FieldItem{ID: "c"}))
	report, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, backup.list(), fresh.list(), fresh, reconcile.StampOptions{InferDeletes: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(fresh.all)); !slices.Equal(got, []string{"a", "b", "c"}) || fresh.all["a"].Value.Text != "L" {
		t.Errorf("%+v", fresh.all)
	}
	if report.Conflicts != 1 {
		t.Errorf("%d conflicts", report.Conflicts)
	}
}

// Too many inferred deletions are a filter that has changed, or a backup that is
// not one: nothing is written.
func TestReconcileInfersNotTooMuch(t *testing.T) {
	backup := newAppsOwn(aged(20, items.FieldItem{ID: "x"}))
	fresh := newAppsOwn()
	for i := range 10 {
		id := fmt.Sprint(i)
		fresh.all[id] = aged(1, items.FieldItem{ID: id})
		if i >= 2 {
			backup.all[id] = fresh.all[id]
		}
	}
	before := maps.Clone(fresh.all)
	for most, refused := range map[float64]bool{0: true, 0.19: true, 0.2: false, 1: false} {
		fresh.all, fresh.calls = maps.Clone(before), 0
		o := reconcile.StampOptions{LastSynced: 10, InferDeletes: true, MaxDeletes: most}
		_, previewErr := reconcile.PreviewReconcile(t.Context(), items.FieldItemRecords, backup.list(), fresh.list(), o)
		report, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, backup.list(), fresh.list(), fresh, o)
		var tooMany *reconcile.DeletesError
		if errors.As(err, &tooMany) != refused || errors.As(previewErr, &tooMany) != refused {
			t.Errorf("MaxDeletes=%g: %v, %v", most, err, previewErr)
			continue
		}
		if !refused {
			if len(fresh.all) != 9 || report.Total != 3 {
				t.Errorf("MaxDeletes=%g: %d objects are left", most, len(fresh.all))
			}
			continue
		}
		if tooMany.Deletes != 2 || tooMany.Objects != 10 || report != nil || fresh.calls > 0 {
			t.Errorf("%+v, %d calls", tooMany, fresh.calls)
		}
		for _, part := range []string{"2 of 10", "field_item", "StampOptions.MaxDeletes"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("the error does not say %q: %v", part, err)
			}
		}
	}
	fresh.all = maps.Clone(before)
	if _, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, backup.list(), fresh.list(), fresh, reconcile.StampOptions{LastSynced: 10}); err != nil || len(fresh.all) != 11 {
		t.Errorf("without InferDeletes: %v, %d objects", err, len(fresh.all))
	}
}

// What cannot be right is refused with an error that says where, before anything is
// written.
func TestReconcileRefuses(t *testing.T) {
	boom := errors.New("boom")
	good := aged(20, items.FieldItem{ID: "a", Text: "mine"})
	breaks := func(yield func(fieldItem, error) bool) { _ = yield(good, nil) && yield(fieldItem{}, boom) }
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(boom)
	for name, c := range map[string]struct {
		ctx           context.Context
		backup, fresh iter.Seq2[fieldItem, error]
		o             reconcile.StampOptions
		want          error
		says          []string
	}{
		"the backup is not in order": {backup: yields(good, aged(1, items.FieldItem{ID: "c"}), aged(1, items.FieldItem{ID: "b"})), want: reconcile.ErrOrder, says: []string{"the backup", `"b" follows "c"`}},
		"fresh is not in order":      {fresh: yields(aged(1, items.FieldItem{ID: "c"}), aged(1, items.FieldItem{ID: "b"})), want: reconcile.ErrOrder, says: []string{"fresh", `"b" follows "c"`}},
		"a key comes twice":          {backup: yields(good, good), want: reconcile.ErrOrder, says: []string{`"a" follows "a"`}},
		"case does not count":        {backup: yields(good, aged(1, items.FieldItem{ID: "B"})), want: reconcile.ErrOrder},
		"a key is empty":             {backup: yields(aged(1, items.FieldItem{})), want: codec.ErrKey, says: []string{"the backup"}},
		"a value cannot be stored":   {backup: yields(aged(20, items.FieldItem{ID: "a", Text: "\xff"})), says: []string{"the backup", "field_item", "text"}},
		"fresh's cannot":             {fresh: yields(aged(1, items.FieldItem{ID: "a", Text: "\xff"})), says: []string{"fresh", "text"}},
		"no such field":              {backup: yields(fieldItem{Value: good.Value, Fields: stamps{"Text": 20}}), says: []string{`"Text"`, "the backup"}},
		"the backup breaks off":      {backup: breaks, want: boom, says: []string{"the backup"}},
		"fresh breaks off":           {fresh: breaks, want: boom, says: []string{"fresh"}},
		"no backup":                  {backup: iter.Seq2[fieldItem, error](nil), says: []string{"nil"}},
		"a cancelled context":        {ctx: cancelled, want: boom},
		"a share below 0":            {o: reconcile.StampOptions{MaxDeletes: -0.1}, says: []string{"MaxDeletes", "-0.1"}},
		"a share above 1":            {o: reconcile.StampOptions{MaxDeletes: 10}, says: []string{"MaxDeletes"}},
		"no number":                  {o: reconcile.StampOptions{MaxDeletes: math.NaN()}, says: []string{"MaxDeletes"}},
		"less than nothing":          {o: reconcile.StampOptions{Keep: -1}, says: []string{"Keep"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			if c.backup == nil && name != "no backup" {
				c.backup = yields(good)
			}
			if c.fresh == nil {
				c.fresh = yields()
			}
			c.o.LastSynced = 10
			fresh := newAppsOwn()
			if _, err := reconcile.PreviewReconcile(c.ctx, items.FieldItemRecords, c.backup, c.fresh, c.o); err == nil {
				t.Error("the preview says nothing")
			}
			report, err := reconcile.Reconcile(c.ctx, items.FieldItemRecords, c.backup, c.fresh, fresh, c.o)
			if err == nil || report != nil || fresh.calls > 0 || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, %+v, %d calls", err, report, fresh.calls)
			}
			for _, part := range c.says {
				if err != nil && !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not say %q: %v", part, err)
				}
			}
		})
	}
	if _, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, yields(good), yields(), nil, reconcile.StampOptions{}); err == nil {
		t.Error("no writer, and no error")
	}
	object := func(yield func(reconcile.Item[items.ObjectItem], error) bool) {
		yield(reconcile.Item[items.ObjectItem]{Value: items.ObjectItem{ID: "a"}, Fields: stamps{"text": 5}}, nil)
	}
	if _, err := reconcile.PreviewReconcile(t.Context(), items.ObjectItemRecords, object, object, reconcile.StampOptions{}); err == nil || !strings.Contains(err.Error(), "tracked by object") {
		t.Errorf("stamps of fields of a model that has none: %v", err)
	}
}

// What the writer refuses is a reported failure, unless it has waited for another
// object; any other error ends the work.
func TestReconcileWriterRefuses(t *testing.T) {
	backup := newAppsOwn(aged(20, items.FieldItem{ID: "a", Text: "A"}), aged(20, items.FieldItem{ID: "b", Text: "B"}), aged(20, items.FieldItem{ID: "c", Text: "C"}))
	fresh := newAppsOwn(aged(1, items.FieldItem{ID: "a"}))
	fresh.fail["a"] = fmt.Errorf("taken: %w", store.ErrConstraint)
	fresh.fail["b"] = fresh.fail["a"]
	o := reconcile.StampOptions{LastSynced: 10, Each: func(o *reconcile.Object) error {
		if o.Key.Text() == "c" {
			delete(fresh.fail, "b")
		}
		return nil
	}}
	report, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, backup.list(), fresh.list(), fresh, o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Failed != 1 || report.Total != 3 || fresh.all["b"].Value.Text != "B" || fresh.all["a"].Value.Text != "" {
		t.Errorf("%+v", report)
	}
	last := report.Objects[2]
	if last.Outcome != merge.Failed || !strings.Contains(last.Reason, "taken") || len(last.Losses) != 1 || last.Losses[0].Value.Text() != "A" {
		t.Errorf("%+v", last)
	}
	full := errors.New("the disk is full")
	fresh = newAppsOwn()
	fresh.fail["b"] = full
	if report, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, backup.list(), fresh.list(), fresh, o); !errors.Is(err, full) || report != nil || !strings.Contains(err.Error(), `field_item "b"`) {
		t.Errorf("%v, %+v", err, report)
	}
}

// The app's table, in the oracle's own terms: a number for each field and when it
// was set, or one time for all.
type (
	oracleObject struct {
		values map[string]int
		times  map[string]stamp.Stamp // nil: at is that of all
		at     stamp.Stamp
	}
	oracleTable map[string]oracleObject
)

var oracleFields = []string{"text", "theirs", "newest", "top", "low", "count", "tags"}

func (o oracleObject) item(id string) fieldItem {
	word := func(f string) string {
		if o.values[f] == 0 {
			return ""
		}
		return strings.Repeat("w", o.values[f])
	}
	v := items.FieldItem{ID: id, Text: word("text"), Theirs: word("theirs"), Newest: word("newest"), Top: int64(o.values["top"]), Low: int64(o.values["low"]), Count: int64(o.values["count"])}
	if o.values["tags"] > 0 {
		v.Tags = []string{word("tags")}
	}
	return fieldItem{Value: v, Stamp: o.at, Fields: o.times}
}

func (t oracleTable) app() *appsOwn {
	a := newAppsOwn()
	for id, o := range t {
		a.all[id] = o.item(id)
	}
	return a
}

func (o oracleObject) newest() stamp.Stamp {
	newest := o.at
	for _, at := range o.times {
		newest = max(newest, at)
	}
	return newest
}

// time is when a field was set, and whether it was.
func (o oracleObject) time(f string) (stamp.Stamp, bool) {
	if o.times == nil {
		return o.at, true
	}
	at, ok := o.times[f]
	return at, ok
}

// oracle says what becomes of fresh, how many fields are in conflict and how many
// objects are taken for deleted here.
func oracle(backup, fresh oracleTable, synced stamp.Stamp, infer bool) (result oracleTable, conflicts, deletes int) {
	later := func(at stamp.Stamp) bool { return synced == 0 || at > synced }
	result = oracleTable{}
	for id, there := range fresh {
		here, ok := backup[id]
		switch {
		case ok:
			merged, n := oracleMerge(here, there, later)
			result[id], conflicts = merged, conflicts+n
		case infer && synced > 0 && there.newest() <= synced:
			deletes++
		default:
			result[id] = there
		}
	}
	for id, here := range backup {
		if _, ok := fresh[id]; !ok && later(here.newest()) {
			result[id] = here
		}
	}
	return result, conflicts, deletes
}

func oracleMerge(here, there oracleObject, later func(stamp.Stamp) bool) (merged oracleObject, conflicts int) {
	merged = oracleObject{values: maps.Clone(there.values), times: map[string]stamp.Stamp{}, at: max(here.newest(), there.newest())}
	wrote := false
	for _, f := range oracleFields {
		l, r := here.values[f], there.values[f]
		at, set := here.time(f)
		theirAt, theySet := there.time(f)
		if theySet {
			merged.times[f] = theirAt
		}
		if !set || !later(at) || l == r {
			continue
		}
		takeLocal := true
		if theySet && later(theirAt) {
			conflicts++
			switch f {
			case "theirs":
				takeLocal = false
			case "newest":
				takeLocal = at >= theirAt
			case "top":
				takeLocal = l > r
			case "low":
				takeLocal = l < r
			}
		}
		if takeLocal {
			merged.values[f], merged.times[f], wrote = l, at, true
		}
	}
	if !wrote {
		return there, conflicts
	}
	if here.times == nil && there.times == nil {
		merged.times = nil
	} else if there.times == nil { // every other field of the model was set when the object was
		for i, f := range items.FieldItemRecords.Model().Info.Fields {
			if _, ok := merged.times[f.Name]; !ok && i > 0 {
				merged.times[f.Name] = there.at
			}
		}
	}
	return merged, conflicts
}

func drawTable(t *rapid.T, name string) oracleTable {
	table := oracleTable{}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		if !rapid.Bool().Draw(t, name+" has "+id) {
			continue
		}
		o := oracleObject{values: map[string]int{}, at: stamp.Stamp(rapid.IntRange(0, 6).Draw(t, "at"))}
		if rapid.Bool().Draw(t, "by field") {
			o.times = map[string]stamp.Stamp{}
		}
		for _, f := range oracleFields {
			if rapid.Bool().Draw(t, "set "+f) {
				o.values[f] = rapid.IntRange(0, 3).Draw(t, f)
				if o.times != nil {
					o.times[f] = stamp.Stamp(rapid.IntRange(0, 6).Draw(t, "at"))
				}
			}
		}
		table[id] = o
	}
	return table
}

// Reconcile does what the rules say, to every table, and nothing the second time.
func TestReconcileAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		backup, fresh := drawTable(t, "the backup"), drawTable(t, "fresh")
		o := reconcile.StampOptions{LastSynced: stamp.Stamp(rapid.IntRange(0, 4).Draw(t, "last synced")), InferDeletes: rapid.Bool().Draw(t, "infer"), MaxDeletes: rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "most")}
		want, conflicts, deletes := oracle(backup, fresh, o.LastSynced, o.InferDeletes)
		most := o.MaxDeletes
		if most == 0 {
			most = 0.1
		}
		from, to := backup.app(), fresh.app()
		var tooMany *reconcile.DeletesError
		report, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, from.list(), to.list(), to, o)
		if float64(deletes) > most*float64(len(fresh)) {
			if !errors.As(err, &tooMany) || to.calls > 0 {
				t.Fatalf("%d of %d deleted: %v", deletes, len(fresh), err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.app().all, to.all); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if report.Conflicts != conflicts || report.Failed > 0 {
			t.Fatalf("%d conflicts, want %d; %d failed", report.Conflicts, conflicts, report.Failed)
		}
		to.calls = 0
		if _, err := reconcile.Reconcile(t.Context(), items.FieldItemRecords, from.list(), to.list(), to, o); err != nil || to.calls > 0 {
			t.Fatalf("the second time: %v, %d calls", err, to.calls)
		}
	})
}

// A model of any tracking mode, in an app that keeps the time of each row.
func ExampleReconcile() {
	day := func(d int) stamp.Stamp { return stamp.At(time.Date(2026, time.March, d, 0, 0, 0, 0, time.UTC)) }
	backup := newAppsOwn(
		aged(day(1), items.FieldItem{ID: "one", Text: "as it was"}),
		aged(day(7), items.FieldItem{ID: "two", Text: "edited offline"}),
	)
	fresh := newAppsOwn(
		aged(day(6), items.FieldItem{ID: "one", Text: "edited elsewhere"}),
		aged(day(2), items.FieldItem{ID: "two", Text: "as it was"}),
	)
	report, err := reconcile.Reconcile(context.Background(), items.FieldItemRecords, backup.list(), fresh.list(), fresh,
		reconcile.StampOptions{LastSynced: day(5)})
	check(err)
	fmt.Printf("%d recovered: %q, %q\n", report.Count(merge.Recovered), fresh.all["one"].Value.Text, fresh.all["two"].Value.Text)

	// Output:
	// 1 recovered: "edited elsewhere", "edited offline"
}
