package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/convert"
	"github.com/resetgen/resetgen/testdata/golden/convert/before"
)

// A backup that an earlier version of the app wrote is recovered field by field:
// values and bases of then are merged as what they are now.
func TestBackupOfAnEarlierVersion(t *testing.T) {
	w := newWorld(t)
	old := w.open("backup", &before.Schema)
	w.update(old, func(tx *store.Tx) error {
		for _, v := range []before.Fault{
			{ID: "back", Severity: "low", Tags: "a"},
			{ID: "both", Severity: "low", Tags: "a,b"},
			{ID: "mine", Title: "crack", Severity: "low", Price: &before.Price{Cents: 100, Currency: "EUR"}},
			{ID: "odd", Title: "crack", Severity: "none"},
			{ID: "removed", Severity: "high", Tags: "a"},
		} {
			if err := before.FaultRecords.Load(tx, &v, stamp.At(w.now)); err != nil {
				return err
			}
		}
		return tx.MarkSynced()
	})
	set := func(id string, change func(r *before.FaultRecord)) {
		w.update(old, func(tx *store.Tx) error {
			r, err := before.FaultRecords.Get(tx, id)
			if err != nil {
				return err
			}
			change(r)
			return before.FaultRecords.Put(tx, r)
		})
	}
	set("both", func(r *before.FaultRecord) { r.SetSeverity("high"); r.SetTags("a,b,c") })
	set("mine", func(r *before.FaultRecord) { r.SetSeverity("high"); r.SetTitle("cracked beam") })
	set("odd", func(r *before.FaultRecord) { r.SetSeverity("odd"); r.SetTitle("cracked beam") })
	set("back", func(r *before.FaultRecord) { r.TouchTags() })
	w.update(old, func(tx *store.Tx) error {
		if err := before.FaultRecords.Delete(tx, "removed"); err != nil {
			return err
		}
		return before.FaultRecords.Replace(tx, &before.Fault{ID: "new", Severity: "extreme", Tags: "x,y"})
	})
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}

	backup, err := store.Open(t.Context(), w.disk, "backup", &convert.Schema, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { backup.Close() })
	fresh := w.open("fresh", &convert.Schema)
	w.update(fresh, func(tx *store.Tx) error {
		for _, v := range []convert.Fault{
			{ID: "back", Severity: 1, Tags: []string{"a"}},
			{ID: "both", Severity: 3, Tags: []string{"b", "d"}},
			{ID: "mine", Title: "crack", Severity: 1, Cost: "1.00 EUR"},
			{ID: "odd", Title: "crack"},
			{ID: "removed", Severity: 2, Tags: []string{"a"}},
		} {
			if err := convert.FaultRecords.Load(tx, &v, stamp.At(w.now)); err != nil {
				return err
			}
		}
		return tx.MarkSynced()
	})
	report := w.apply(backup, fresh, reconcile.Options{})

	var got []convert.Fault
	bases := map[string]model.Value{}
	err = fresh.View(t.Context(), func(tx *store.Tx) error {
		for r, err := range convert.FaultRecords.All(tx) {
			if err != nil {
				return err
			}
			got = append(got, r.Plain())
		}
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			for _, f := range e.Fields {
				bases[e.Key.Text()+"."+f.Name] = f.Base
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []convert.Fault{
		{ID: "back", Severity: 1, Tags: []string{"a"}},
		{ID: "both", Severity: 3, Tags: []string{"b", "d", "c"}},
		{ID: "mine", Title: "cracked beam", Severity: 2, Cost: "1.00 EUR"},
		{ID: "new", Severity: 3, Tags: []string{"x", "y"}},
		{ID: "odd", Title: "cracked beam"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the objects (-want +got):\n%s", diff)
	}
	wantBases := map[string]model.Value{
		"back.tags": model.JSONValue(`["a"]`), "both.tags": model.JSONValue(`["b","d"]`), "mine.title": model.StringValue("crack"), "mine.severity": model.IntValue(1),
		"new.severity": {}, "new.tags": {}, "odd.title": model.StringValue("crack"),
	}
	if diff := cmp.Diff(wantBases, bases); diff != "" {
		t.Errorf("unsynced, with bases (-want +got):\n%s", diff)
	}
	for _, o := range report.Objects {
		switch o.Key.Text() {
		case "both":
			wantConflict := []merge.Conflict{{Field: "severity", Rule: "max", Base: model.IntValue(1), Local: model.IntValue(2), Remote: model.IntValue(3), Result: model.IntValue(3)}}
			if diff := cmp.Diff(wantConflict, o.Conflicts); diff != "" {
				t.Errorf("both: %s", diff)
			}
		case "odd":
			wantLoss := []merge.Loss{{Field: "severity", Value: model.StringValue("odd"), Why: `"odd" is not a severity`}}
			if diff := cmp.Diff(wantLoss, o.Losses); diff != "" {
				t.Errorf("odd: %s", diff)
			}
		default:
			if len(o.Conflicts)+len(o.Losses) > 0 || o.Outcome == merge.Failed {
				t.Errorf("%v: %s, %v %v", o.Key, o.Reason, o.Conflicts, o.Losses)
			}
		}
	}
}
