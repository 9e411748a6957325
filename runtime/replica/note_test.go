package replica

import (
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
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

// anOutcome has a value of every kind, and something of all that a report may have.
func anOutcome() *outcome {
	at := store.LastSynced{Cut: 3, Seq: 7, Stamp: stamp.At(time.Unix(5, 0)), Wall: time.Unix(5, 0).UTC()}
	o := &reconcile.Object{
		Model: "a", Key: model.UintValue(math.MaxUint64), Change: model.Updated, Seq: 1, Stamp: 2,
		Outcome: merge.Conflicted, Reason: "both", Write: merge.WriteUpdate, Fields: []string{"f"},
		Losses: []merge.Loss{{Field: "f", Value: model.NullValue(), Why: "full"}},
	}
	for _, v := range []model.Value{
		{}, model.NullValue(), model.BoolValue(false), model.IntValue(0), model.UintValue(0), model.FloatValue(math.NaN()),
		model.StringValue(""), model.BytesValue([]byte{0xff}), model.TimeValue(time.Unix(-1, 5)), model.JSONValue(`"<a>"`),
	} {
		o.Conflicts = append(o.Conflicts, merge.Conflict{Field: "f", Base: v, Result: v})
	}
	return &outcome{Client: "c", LastSynced: &at, Report: &Report{
		Backup: "b", Strategy: reconcile.Manual, Applied: true, Total: 1, Objects: []*reconcile.Object{o},
		Counts:   []reconcile.Count{{Outcome: merge.Conflicted, Change: model.Updated, Write: merge.WriteUpdate, Objects: 1}},
		Rewound:  &store.BackendRewoundError{Known: model.Mark{Client: "c", N: 1}, Settled: 2},
		Lost:     &reconcile.Lost{Total: 1, Objects: []reconcile.LostObject{{Model: "a", Key: model.IntValue(1), Fields: []string{"f"}}}},
		Dangling: []reconcile.Dangling{{Model: "a", Key: model.IntValue(1), Field: "f", To: "b", ToKey: model.IntValue(2), Cleared: true}},
	}}
}

// What a reset came to is the same for a process that goes on after a kill.
func TestOutcome(t *testing.T) {
	r := &Replica{o: Options{Path: filepath.Join(t.TempDir(), "live")}}
	for _, o := range []*outcome{anOutcome(), {Report: &Report{Counts: []reconcile.Count{}, Objects: []*reconcile.Object{}, Lost: &reconcile.Lost{Objects: []reconcile.LostObject{}}}}} {
		if err := r.writeOutcome(o); err != nil {
			t.Fatal(err)
		}
		if back, err := r.readOutcome(); err != nil || !reflect.DeepEqual(back, o) {
			t.Errorf("%+v became %+v (%v)", o.Report, back, err)
		}
	}
}
