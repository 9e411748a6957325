package reconcile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
)

// Nulls do not clash, so nobody waits for one: a ring is exchanged although an object
// that gives up a null, for which one of the ring has it then, can never be written.
func TestNobodyWaitsForNull(t *testing.T) {
	m := &merge.Model{
		Info: &model.Info{Name: "uni", GoName: "Uni", Track: model.TrackJournal, Fields: []model.Field{
			{Name: "id", Kind: model.String, Zero: model.StringValue("")},
			{Name: "u", Kind: model.String, Zero: model.StringValue(""), Unique: true},
			{Name: "v", Kind: model.String, Zero: model.NullValue(), Null: true, Unique: true},
		}},
		Merge: func(c *merge.Context, base, local, remote, result *model.Row) error {
			for f := range c.Local.All() {
				result.Values[f] = local.Values[f]
			}
			return nil
		},
		Misfits: func(*model.Row) []*model.FieldError { return nil },
	}
	schema := &store.Schema{}
	schema.Add(m)
	text, null := model.StringValue, model.NullValue()
	row := func(id, u string, v model.Value) *model.Row {
		return &model.Row{Values: []model.Value{text(id), text(u), v}}
	}
	w := newWorld(t)
	load := func(db *store.Store, rows ...*model.Row) {
		w.update(db, func(tx *store.Tx) error {
			for _, r := range rows {
				if err := tx.Load(m.Info, r.Values[0], r); err != nil {
					return err
				}
			}
			return tx.MarkSynced()
		})
	}
	backup, fresh := w.open("backup", schema), w.open("fresh", schema)
	synced := []*model.Row{row("a", "1", text("v")), row("b", "2", null), row("c", "3", null)}
	load(backup, synced...)
	load(fresh, append(synced, row("d", "taken", null))...)
	for _, r := range []*model.Row{row("a", "passing", null), row("b", "1", null), row("a", "2", null), row("c", "taken", text("w"))} {
		w.update(backup, func(tx *store.Tx) error { return tx.Write(m.Info, r.Values[0], r) })
	}
	report := w.apply(backup, fresh, reconcile.Options{})
	var got []string
	err := fresh.View(t.Context(), func(tx *store.Tx) error {
		for r, err := range tx.Rows(m.Info) {
			if err != nil {
				return err
			}
			got = append(got, r.Values[0].Text()+"="+r.Values[1].Text())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a=2", "b=1", "c=3", "d=taken"}, got); diff != "" || report.Failed != 1 {
		t.Errorf("%d failed: %s", report.Failed, diff)
	}
}
