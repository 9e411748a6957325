package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

func refusing(mark model.Mark, ids ...string) model.Mark {
	for _, id := range ids {
		mark.Refused = append(mark.Refused, model.Refusal{Model: "field_item", Key: model.StringValue(id), Reason: "no"})
	}
	return mark
}

// What was refused earlier is not settled by a later cut that arrives whole, nor is
// what conflicts; what is written since a cut does not count against it.
func TestLastSynced(t *testing.T) {
	db := open(t)
	cut := func() uint64 {
		at, _ := db.LastSynced()
		return at.Cut
	}
	put(t, db, "a")
	mark := openCut(t, db, 1)
	put(t, db, "b")
	settle(t, db, mark)
	if cut() != 1 {
		t.Errorf("all of a cut is settled but what was written since: synced up to cut %d", cut())
	}
	mark = openCut(t, db, 1)
	mark.Conflicts = []model.ObjectKey{{Model: "field_item", Key: model.StringValue("b")}}
	settle(t, db, mark)
	if cut() != 1 {
		t.Errorf("a conflict counts as settled: synced up to cut %d", cut())
	}
	settle(t, db, refusing(openCut(t, db, 1), "b"))
	put(t, db, "c")
	settle(t, db, openCut(t, db, 1))
	if cut() != 1 {
		t.Errorf("what was refused earlier counts as settled: synced up to cut %d", cut())
	}
	must(t, db, func(tx *store.Tx) error { return tx.Retry(records.Model().Info, model.StringValue("b")) })
	settle(t, db, openCut(t, db, 1))
	if cut() != 5 {
		t.Errorf("nothing is left: synced up to cut %d", cut())
	}
}

// What is written after a change was sent that the backend refuses then is worth
// another try, by itself.
func TestRefusedAndWrittenSince(t *testing.T) {
	db := open(t)
	put(t, db, "a", "b")
	mark := refusing(openCut(t, db, 2), "a", "b")
	put(t, db, "a")
	settle(t, db, mark)
	if diff := cmp.Diff([]string{"field_item/a", "field_item/b!no"}, unsynced(t, db)); diff != "" {
		t.Error(diff)
	}
	must(t, db, func(tx *store.Tx) error {
		if _, err := tx.Ledger().OpenCut(2); err != nil {
			return err
		}
		chunk, err := tx.Ledger().Chunk(nil)
		if err == nil && (len(chunk.Patches) != 1 || chunk.Patches[0].Key.Text() != "a") {
			t.Errorf("sent: %+v", chunk.Patches)
		}
		return err
	})
}

// An object that was changed here and is gone there is created anew, and what each
// field was before stays known whatever is written to it.
func TestBroughtBack(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "x", Text: "was", Num: 1})
	must(t, db, change("x", func(r *record) { r.SetText("is") }))
	must(t, db, func(tx *store.Tx) error {
		_, err := tx.Ledger().Receive(records.Model(), model.StringValue("x"), nil, model.Policy{})
		return err
	})
	for _, text := range []string{"", "was", "is"} {
		must(t, db, change("x", func(r *record) { r.SetText(text); r.SetNum(r.Num() - 1) }))
		e := entry(t, db, "x")
		if e == nil || e.Change != model.Created {
			t.Fatalf("%q: on record is %+v", text, e)
		}
		for field, was := range map[string]model.Value{"text": model.StringValue("was"), "num": model.IntValue(1)} {
			if c := e.Field(field); c == nil || !c.Base.Equal(was) {
				t.Errorf("%q: %s is on record as %+v, and was %v", text, field, c, was)
			}
		}
	}
}
