package replica

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// What is noted comes back as it was, with values of every kind; a note that is cut
// short or too long is refused as damaged.
func TestNote(t *testing.T) {
	db, err := store.Open(t.Context(), memstore.New(), "db", &items.Schema, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m := Merge{Model: "a", Key: model.UintValue(math.MaxUint64), Outcome: merge.Overwrote}
	for _, v := range []model.Value{
		{}, model.NullValue(), model.BoolValue(false), model.IntValue(0), model.UintValue(0), model.FloatValue(math.NaN()),
		model.StringValue(""), model.BytesValue([]byte{0xff}), model.TimeValue(time.Unix(-1, 5)), model.JSONValue("{ }"),
	} {
		m.Conflicts = append(m.Conflicts, merge.Conflict{Base: v, Result: v})
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		if err := untoldNote.save(tx, []Merge{{}, m}); err != nil {
			return err
		}
		if back, err := untoldNote.load(tx); err != nil || !reflect.DeepEqual(back, []Merge{{}, m}) {
			t.Errorf("%+v became %+v (%v)", m, back, err)
		}
		b, err := tx.Meta(untoldNote.name)
		if err != nil {
			return err
		}
		damaged := [][]byte{append(b[:len(b):len(b)], 0)}
		for n := 1; n < len(b); n++ {
			damaged = append(damaged, b[:n])
		}
		for _, b := range damaged {
			if err := tx.SetMeta(untoldNote.name, b); err != nil {
				return err
			}
			if back, err := untoldNote.load(tx); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("%q was read as %+v (%v)", b, back, err)
			}
		}
		if err := untoldNote.remove(tx); err != nil {
			return err
		}
		if back, err := untoldNote.load(tx); back != nil || err != nil {
			t.Errorf("of no note there is %+v (%v)", back, err)
		}
		return untoldNote.save(tx, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
}
