package store_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// note is a model with one text, under a name of its own.
func note(name string, was ...string) *merge.Model {
	return &merge.Model{
		Info: &model.Info{Name: name, Was: was, GoName: name, Track: model.TrackJournal, Fields: []model.Field{
			{Name: "id", Kind: model.String, Zero: model.StringValue("")},
			{Name: "text", Kind: model.String, Zero: model.StringValue("")},
		}},
		Misfits: func(*model.Row) []*model.FieldError { return nil },
	}
}

func schemaOf(models ...*merge.Model) *store.Schema {
	s := &store.Schema{}
	for _, m := range models {
		s.Add(m)
	}
	return s
}

func writeNote(tx *store.Tx, m *merge.Model, id, text string) error {
	row := model.NewRow(m.Info)
	row.Values[0], row.Values[1] = model.StringValue(id), model.StringValue(text)
	return tx.Write(m.Info, row.Values[0], row)
}

// unsynced lists what the store has on record, as model/key or model/key!reason.
func unsynced(t *testing.T, db *store.Store) (list []string) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			name := e.Model + "/" + e.Key.Text()
			if e.Refused != "" {
				name += "!" + e.Refused
			}
			list = append(list, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A model that was renamed while its changes were on their way: the mark counts
// chunks in the order in which they were sent, and names what was refused as it
// was called then.
func TestRenamedWhileACutIsOpen(t *testing.T) {
	disk := memstore.New()
	area, zone := note("area"), note("zone")
	db := openOn(t, disk, schemaOf(area, zone), false)
	var cut *model.Cut
	must(t, db, func(tx *store.Tx) error {
		return errors.Join(writeNote(tx, area, "1", "x"), writeNote(tx, area, "2", "x"), writeNote(tx, zone, "3", "x"))
	})
	must(t, db, func(tx *store.Tx) (err error) { cut, err = tx.Ledger().OpenCut(1); return err })
	closed(t, db)

	// area comes after zone now; of the three chunks the first two were done.
	db = openOn(t, disk, schemaOf(note("zzz", "area"), zone), false)
	mark := model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 2, Refused: []model.Refusal{{Model: "area", Key: model.StringValue("2"), Reason: "no"}}}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		var keys []string
		for e, err := range tx.Ledger().Settled(mark) {
			if err != nil {
				return err
			}
			keys = append(keys, e.Model+"/"+e.Key.Text())
		}
		if diff := cmp.Diff([]string{"zzz/2", "zone/3"}, keys); diff != "" {
			t.Error("seen from a backup: ", diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	must(t, db, func(tx *store.Tx) error {
		s, err := tx.Ledger().Settle(mark)
		if err == nil && (s.Applied != 1 || len(s.Refused) != 1 || s.Open != 1) {
			t.Errorf("%+v", s)
		}
		return err
	})
	if diff := cmp.Diff([]string{"zone/3", "zzz/2!no"}, unsynced(t, db)); diff != "" {
		t.Error(diff)
	}
}

// A model that this version of the app does not have keeps its changes, and does
// not hold up the others.
func TestUnknownModelIsNotSent(t *testing.T) {
	disk := memstore.New()
	area, zone := note("area"), note("zone")
	db := openOn(t, disk, schemaOf(area, zone), false)
	must(t, db, func(tx *store.Tx) error {
		return errors.Join(writeNote(tx, area, "1", "x"), writeNote(tx, zone, "2", "x"))
	})
	closed(t, db)

	db = openOn(t, disk, schemaOf(zone), false)
	must(t, db, func(tx *store.Tx) error {
		cut, err := tx.Ledger().OpenCut(0)
		if err != nil {
			return err
		}
		chunk, err := tx.Ledger().Chunk(nil)
		if err != nil {
			return err
		}
		if len(chunk.Patches) != 1 || chunk.Patches[0].Model != "zone" {
			t.Errorf("sent: %+v", chunk.Patches)
		}
		mark := model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 1}
		var left []string
		for e, err := range tx.Ledger().Settled(mark) {
			if err != nil {
				return err
			}
			left = append(left, e.Model)
		}
		if diff := cmp.Diff([]string{"area"}, left); diff != "" {
			t.Error("seen from a backup: ", diff)
		}
		_, err = tx.Ledger().Settle(mark)
		return err
	})
	if diff := cmp.Diff([]string{"area/1"}, unsynced(t, db)); diff != "" {
		t.Error(diff)
	}
	if at, ok := db.LastSynced(); ok {
		t.Errorf("all counts as settled: %+v", at)
	}
}

// A cut of which nothing arrived may come late to a backend that was put back to
// before it was fenced: then it is the backend that was rewound.
func TestLostCutComesLate(t *testing.T) {
	db := open(t)
	must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &items.FieldItem{ID: "a"}) })
	var lost, none model.Mark
	must(t, db, func(tx *store.Tx) error {
		cut, err := tx.Ledger().OpenCut(0)
		if err != nil {
			return err
		}
		lost, none = model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 1}, model.Mark{Client: cut.Client}
		_, err = tx.Ledger().Settle(none)
		return err
	})
	must(t, db, func(tx *store.Tx) error {
		var rewound *store.BackendRewoundError
		if err := tx.Ledger().CheckMark(lost); !errors.As(err, &rewound) {
			t.Errorf("checking its mark: %v", err)
		}
		return tx.Ledger().CheckMark(none)
	})
}

// A chunk follows one of the same cut only.
func TestChunkAfterAnother(t *testing.T) {
	db := open(t)
	must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &items.FieldItem{ID: "a"}) })
	must(t, db, func(tx *store.Tx) error {
		if _, err := tx.Ledger().OpenCut(0); err != nil {
			return err
		}
		for _, after := range []*model.Chunk{{}, {Patches: []model.Patch{{Model: "nothing"}}}} {
			if _, err := tx.Ledger().Chunk(after); err == nil {
				t.Errorf("it follows %+v", after)
			}
		}
		return nil
	})
}

// A new client has made no cut yet.
func TestRenameForgetsTheCut(t *testing.T) {
	db := open(t)
	must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &items.FieldItem{ID: "a"}) })
	pushed(t, db)
	must(t, db, func(tx *store.Tx) error { return tx.Ledger().Rename() })
	if at, ok := db.LastSynced(); !ok || at.Cut != 0 || at.Seq == 0 {
		t.Errorf("last synced %+v, %v", at, ok)
	}
}

// A store with content, and without its record of itself, is no new store.
func TestLostRecordOfItself(t *testing.T) {
	disk := memstore.New()
	db := openOn(t, disk, &items.Schema, false)
	must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &items.FieldItem{ID: "a"}) })
	must(t, db, func(tx *store.Tx) error { return store.LoseState(tx) })
	closed(t, db)
	if db, err := store.Open(t.Context(), disk, "db", &items.Schema, store.Options{}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("it is opened as %v: %v", db, err)
	}
}

// A field that this version of the app does not know is sent as it was stored.
func TestUnknownFieldIsSent(t *testing.T) {
	disk := memstore.New()
	full := note("area")
	full.Info.Fields = append(full.Info.Fields, model.Field{Name: "extra", Kind: model.Int, Zero: model.IntValue(0)})
	db := openOn(t, disk, schemaOf(full), false)
	must(t, db, func(tx *store.Tx) error {
		row := model.NewRow(full.Info)
		row.Values[0], row.Values[2] = model.StringValue("1"), model.IntValue(7)
		return tx.Write(full.Info, row.Values[0], row)
	})
	closed(t, db)

	db = openOn(t, disk, schemaOf(note("area")), false)
	must(t, db, func(tx *store.Tx) error {
		if _, err := tx.Ledger().OpenCut(0); err != nil {
			return err
		}
		chunk, err := tx.Ledger().Chunk(nil)
		if err == nil && (chunk.Patches[0].Fields[0].Name != "extra" || !chunk.Patches[0].Fields[0].Value.Equal(model.IntValue(7))) {
			t.Errorf("sent: %+v", chunk.Patches)
		}
		return err
	})
}

// A mark that says more than was sent is not believed, and changes nothing.
func TestMarkOfTooManyChunks(t *testing.T) {
	for _, done := range []int{2, math.MaxInt, -1} {
		db := open(t)
		must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &items.FieldItem{ID: "a"}) })
		var mark model.Mark
		must(t, db, func(tx *store.Tx) error {
			cut, err := tx.Ledger().OpenCut(0)
			mark = model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: done}
			return err
		})
		db.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Ledger().Settle(mark); err == nil {
				t.Errorf("%d chunks were believed", done)
			}
			return nil // even if the error is overlooked
		})
		if diff := cmp.Diff([]string{"field_item/a"}, unsynced(t, db)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestFencedCutIsNotSent(t *testing.T) {
	db := open(t)
	must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &items.FieldItem{ID: "a"}) })
	must(t, db, func(tx *store.Tx) error {
		if _, err := tx.Ledger().OpenCut(0); err != nil {
			return err
		}
		if _, err := tx.Ledger().Fence(); err != nil {
			return err
		}
		if _, err := tx.Ledger().Chunk(nil); !errors.Is(err, store.ErrCutOpen) {
			t.Errorf("a fenced cut is sent: %v", err)
		}
		return nil
	})
}

// What conflicts is sent again, on the base that it had; what is refused waits.
func TestConflictsAreSentAgain(t *testing.T) {
	db := open(t)
	must(t, db, func(tx *store.Tx) error {
		return errors.Join(records.Replace(tx, &items.FieldItem{ID: "a"}), records.Replace(tx, &items.FieldItem{ID: "b"}), records.Replace(tx, &items.FieldItem{ID: "c"}))
	})
	id := func(key string) model.ObjectKey {
		return model.ObjectKey{Model: "field_item", Key: model.StringValue(key)}
	}
	must(t, db, func(tx *store.Tx) error {
		cut, err := tx.Ledger().OpenCut(0)
		if err != nil {
			return err
		}
		s, err := tx.Ledger().Settle(model.Mark{
			Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 1,
			Conflicts: []model.ObjectKey{id("a")}, Refused: []model.Refusal{{Model: "field_item", Key: model.StringValue("b")}},
		})
		if err == nil {
			if diff := cmp.Diff([]model.ObjectKey{id("a")}, s.Conflicts); diff != "" {
				t.Error(diff)
			}
		}
		return err
	})
	if diff := cmp.Diff([]string{"field_item/a", "field_item/b!the backend gave no reason"}, unsynced(t, db)); diff != "" {
		t.Error(diff)
	}
	if at, ok := db.LastSynced(); ok {
		t.Errorf("everything counts as settled: %+v", at)
	}
}

// Discarding brings back what the backend has, whatever was done to the object.
func TestDiscard(t *testing.T) {
	db := open(t)
	kept := items.FieldItem{ID: "kept", Text: "theirs", Count: 5}
	gone := items.FieldItem{ID: "gone", Text: "theirs", Tags: []string{"p"}}
	again := items.FieldItem{ID: "again", Text: "theirs"}
	must(t, db, func(tx *store.Tx) error {
		return errors.Join(records.Load(tx, &kept, 1), records.Load(tx, &gone, 1), records.Load(tx, &again, 1))
	})
	must(t, db, func(tx *store.Tx) error {
		r, err := records.Get(tx, "kept")
		if err != nil {
			return err
		}
		r.SetText("mine")
		r.AddCount(3)
		return errors.Join(
			records.Put(tx, r), records.Delete(tx, "gone"), records.Delete(tx, "again"),
			records.Replace(tx, &items.FieldItem{ID: "again", Num: 1}), records.Replace(tx, &items.FieldItem{ID: "new"}),
		)
	})
	info := records.Model().Info
	must(t, db, func(tx *store.Tx) error {
		for _, key := range []string{"kept", "gone", "again", "new"} {
			if err := tx.Discard(info, model.StringValue(key)); err != nil {
				t.Error(err)
			}
		}
		if err := tx.Discard(info, model.StringValue("kept")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("discarded twice: %v", err)
		}
		return nil
	})
	if left := unsynced(t, db); left != nil {
		t.Errorf("left: %v", left)
	}
	var found []items.FieldItem
	must(t, db, func(tx *store.Tx) error {
		for r, err := range records.All(tx) {
			if err != nil {
				return err
			}
			found = append(found, r.Plain())
		}
		return nil
	})
	if diff := cmp.Diff([]items.FieldItem{again, gone, kept}, found, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
