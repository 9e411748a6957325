package storetest

import (
	"math"
	"reflect"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

func testEntries(t *testing.T, h Harness) {
	notes, users := note(), info("user", model.TrackJournal, field("id", model.Int))
	e := h.mustOpen(t, notes, users)
	first := &model.Entry{Model: "note", Key: str("a"), Change: model.Updated, Seq: math.MaxInt64, Stamp: 1<<63 - 1, Fields: []model.FieldChange{
		{Name: "title", Seq: 3, Stamp: 4, Base: str("before"), Touched: true},
		{Name: "stars", Seq: 5, Stamp: 6},
	}}
	second := &model.Entry{Model: "user", Key: num(-7), Change: model.Deleted, Seq: 2, Stamp: 9, Fields: []model.FieldChange{},
		Base: []model.Named{{Name: "id", Value: num(-7)}, {Name: "gone", Value: model.NullValue()}}}
	update(t, e, func(tx store.EngineTx) {
		wantEntry(t, tx, "note", str("a"), nil)
		must(t, "writing an entry", tx.PutEntry(&model.Entry{Model: "note", Key: str("a"), Change: model.Created}))
		must(t, "writing over an entry", tx.PutEntry(first))
		must(t, "writing an entry", tx.PutEntry(second))
		got, err := tx.Entry("note", str("a"))
		must(t, "reading an entry", err)
		got.Fields[0].Base = str("changed by the caller")
		wantEntry(t, tx, "note", str("a"), first)
	})
	mustClose(t, e)
	e = h.mustOpen(t, notes, users)
	update(t, e, func(tx store.EngineTx) {
		wantEntry(t, tx, "note", str("a"), first)
		wantEntry(t, tx, "user", num(-7), second)
		wantEntry(t, tx, "user", num(7), nil)
		n := 0
		for range tx.Entries("", model.Value{}) {
			n++
		}
		if n != 2 {
			t.Errorf("%d entries are listed, want 2", n)
		}
		for range tx.Entries("", model.Value{}) {
			break
		}
		must(t, "deleting an entry", tx.DeleteEntry("note", str("a")))
		must(t, "deleting no entry", tx.DeleteEntry("note", str("a")))
		wantEntry(t, tx, "note", str("a"), nil)
		wantEntry(t, tx, "user", num(-7), second)
	})
}

func wantEntry(t testing.TB, tx store.EngineTx, name string, key model.Value, want *model.Entry) {
	t.Helper()
	got, err := tx.Entry(name, key)
	must(t, "reading an entry", err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the entry of %s %v is %+v, want %+v", name, key, got, want)
	}
}

func testMeta(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) {
		if v, err := tx.Meta("x"); v != nil || err != nil {
			t.Errorf("what was never written is %q, %v", v, err)
		}
		value := []byte("one\x00")
		must(t, "writing", tx.SetMeta("x", value))
		value[0] = '?'
		must(t, "writing nothing", tx.SetMeta("empty", nil))
		must(t, "writing", tx.SetMeta("y", []byte("y")))
		must(t, "writing over it", tx.SetMeta("y", []byte("yy")))
	})
	mustClose(t, e)
	e = h.mustOpen(t, m)
	view(t, e, func(tx store.EngineTx) {
		for name, want := range map[string]string{"x": "one\x00", "empty": "", "y": "yy"} {
			if v, err := tx.Meta(name); string(v) != want || v == nil || err != nil {
				t.Errorf("%s is %q, %v, want %q", name, v, err, want)
			}
		}
	})
}
