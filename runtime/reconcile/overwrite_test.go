package reconcile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// What the strategy overwrite writes was changed locally or not, and the report says so.
func TestOverwriteSaysWhatWasUnsynced(t *testing.T) {
	w := newWorld(t)
	all := []items.FieldItem{{ID: "a", Text: "base"}, {ID: "lost", Text: "synced"}, {ID: "old", Text: "synced"}}
	backup, fresh := w.filled("backup", all...), w.filled("fresh", all[0], items.FieldItem{ID: "old"})
	w.set(backup, "a", func(r *items.FieldItemRecord) { r.SetText("mine") })
	report := w.apply(backup, fresh, reconcile.Options{Strategy: reconcile.Overwrite})
	var back reconcile.Report
	if err := json.Unmarshal([]byte(asJSON(t, report)), &back); err != nil {
		t.Fatal(err)
	}
	got := map[string]model.Change{}
	for _, o := range back.Objects {
		got[o.Key.Text()] = o.Change
	}
	if len(got) != 3 || got["a"] != model.Updated || got["lost"] != 0 || got["old"] != 0 {
		t.Errorf("%v", got)
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil || !strings.HasPrefix(text.String(), "Reconciled the backup backup with fresh (strategy overwrite).\nObjects that differ in the backup: 3.") {
		t.Errorf("%s", text.String())
	}
}
