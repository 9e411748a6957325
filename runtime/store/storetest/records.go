package storetest

import (
	"math"
	"reflect"
	"slices"
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

// testEntriesInOrder: entries are listed from any point on, those of a model from its
// first on where no key is named.
func testEntriesInOrder(t *testing.T, h Harness) {
	b, d := info("b", model.TrackJournal, field("id", model.Int)), info("d", model.TrackJournal, field("id", model.String))
	c, a := info("c", model.TrackJournal, field("id", model.Bool)), info("a", model.TrackJournal, field("id", model.Bytes))
	e := h.mustOpen(t, d, b, a, c)
	type at struct {
		model string
		key   model.Value
	}
	all := []at{{"a", model.BytesValue(nil)}, {"b", num(math.MinInt64)}, {"b", num(-1)}, {"b", num(0)}, {"b", num(7)}, {"d", str("")}, {"d", str("\x00")}, {"d", str("x")}}
	update(t, e, func(tx store.EngineTx) {
		for _, i := range []int{6, 3, 0, 5, 1, 7, 4, 2} {
			must(t, "writing an entry", tx.PutEntry(&model.Entry{Model: all[i].model, Key: all[i].key, Change: model.Created}))
		}
	})
	list := func(tx store.EngineTx, after at) (found []at) {
		t.Helper()
		for e, err := range tx.Entries(after.model, after.key) {
			must(t, "listing entries", err)
			found = append(found, at{e.Model, e.Key})
		}
		return found
	}
	view(t, e, func(tx store.EngineTx) {
		for after, first := range map[at]int{
			{}: 0, {model: "a"}: 0, {model: "b"}: 1, {model: "bb"}: 5, {model: "c"}: 5, {model: "d"}: 5, {model: "e"}: 8,
			{"b", num(-1)}: 3, {"b", num(1)}: 4, {"b", num(7)}: 5, {"c", model.BoolValue(true)}: 5, {"d", str("")}: 6, {"d", str("x")}: 8,
		} {
			if got := list(tx, after); !slices.Equal(got, all[first:]) {
				t.Errorf("after %s %v come %v, want %v", after.model, after.key, got, all[first:])
			}
		}
	})
}

// testEntriesOfUnknownModels: entries stay, and are listed, when the app has their
// model no more.
func testEntriesOfUnknownModels(t *testing.T, h Harness) {
	notes, users := note(), info("user", model.TrackJournal, field("id", model.Int))
	of := func(name string, key model.Value) *model.Entry {
		return &model.Entry{Model: name, Key: key, Change: model.Created, Seq: 1, Stamp: 2, Fields: []model.FieldChange{}}
	}
	want := []*model.Entry{of("note", str("a")), of("user", num(1)), of("user", num(2))}
	h.with(t, []*model.Info{notes, users}, func(tx store.EngineTx) {
		for _, e := range want {
			must(t, "writing an entry", tx.PutEntry(e))
		}
	})
	check := func(tx store.EngineTx) {
		t.Helper()
		var got []*model.Entry
		for e, err := range tx.Entries("", model.Value{}) {
			must(t, "listing entries", err)
			got = append(got, e)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the entries are %v, want %v", got, want)
		}
		for _, e := range want {
			wantEntry(t, tx, e.Model, e.Key, e)
		}
	}
	e := h.mustOpenReadOnly(t, notes)
	view(t, e, check)
	mustClose(t, e)
	h.with(t, []*model.Info{notes}, func(tx store.EngineTx) {
		check(tx)
		must(t, "deleting an entry", tx.DeleteEntry("user", num(1)))
		want = []*model.Entry{want[0], want[2]}
		check(tx)
	})
	h.with(t, []*model.Info{notes, users}, check)
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
