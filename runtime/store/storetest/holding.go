package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Objects are found by a value, those that the transaction has written too, also
// where the caller writes to that value meanwhile.
func testHolding(t *testing.T, h Harness) {
	schema := &store.Schema{}
	things := newThings(schema, "thing", model.TrackField)
	db := h.openStore(t, h.Path, schema)
	defer db.Close()
	put := func(tx *store.Tx, id, text string) {
		must(t, "writing", things.Replace(tx, &thing{ID: id, Text: text}))
	}
	must(t, "writing", db.Update(t.Context(), func(tx *store.Tx) error {
		put(tx, "a", "x")
		put(tx, "b", "y")
		put(tx, "c", "x")
		put(tx, "d", "z")
		return nil
	}))
	holding := func(tx *store.Tx, texts ...string) (ids []string) {
		var values []model.Value
		for _, text := range texts {
			values = append(values, str(text))
		}
		for row, err := range tx.Holding(things.Model().Info, thingText, values) {
			must(t, "finding objects by a value", err)
			ids = append(ids, row.Values[thingID].Text())
		}
		slices.Sort(ids)
		return ids
	}
	must(t, "finding objects by a value", db.Update(t.Context(), func(tx *store.Tx) error {
		put(tx, "b", "x")
		put(tx, "e", "it's \"x\"")
		for _, c := range []struct{ texts, want []string }{
			{[]string{"x"}, []string{"a", "b", "c"}},
			{[]string{"z", "x"}, []string{"a", "b", "c", "d"}},
			{[]string{"y", "nothing"}, nil},
			{[]string{"it's \"x\""}, []string{"e"}},
			{nil, nil},
		} {
			if got := holding(tx, c.texts...); !slices.Equal(got, c.want) {
				t.Errorf("those with %q are %q, want %q", c.texts, got, c.want)
			}
		}
		seen := 0
		for row, err := range tx.Holding(things.Model().Info, thingText, []model.Value{str("x")}) {
			must(t, "finding objects by a value", err)
			seen++
			put(tx, row.Values[thingID].Text(), fmt.Sprint("x", seen))
		}
		if seen != 3 {
			t.Errorf("%d objects were met, want 3", seen)
		}
		return nil
	}))
}
