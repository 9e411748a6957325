package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// What two records of one object did to counters, sets and maps counts for both.
func TestTwoRecordsMergeParts(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a", Count: 10, Tags: []string{"t"}})
	must(t, db, func(tx *store.Tx) error {
		first, err := records.Get(tx, "a")
		if err != nil {
			return err
		}
		second, err := records.Get(tx, "a")
		if err != nil {
			return err
		}
		for tag, r := range map[string]*record{"x": first, "y": second} {
			r.AddCount(1)
			r.AddTags(tag)
			r.PutAttrs(tag, tag)
		}
		return errors.Join(records.Put(tx, first), records.Put(tx, second))
	})
	wantParts(t, db, 12)
}

// Save with what the app read long ago keeps the increments made since.
func TestSaveMergesParts(t *testing.T) {
	db := open(t)
	before := item{ID: "a", Count: 10, Tags: []string{"t"}}
	synced(t, db, before)
	must(t, db, change("a", func(r *record) { r.AddCount(5); r.AddTags("x"); r.PutAttrs("x", "x") }))
	after := before
	after.Count, after.Tags, after.Attrs = 11, []string{"t", "y"}, map[string]string{"y": "y"}
	must(t, db, func(tx *store.Tx) error { return records.Save(tx, &before, &after) })
	wantParts(t, db, 16)
}

func wantParts(t *testing.T, db *store.Store, count int64) {
	t.Helper()
	must(t, db, func(tx *store.Tx) error {
		r, err := records.Get(tx, "a")
		if err != nil {
			return err
		}
		tags := slices.Sorted(slices.Values(r.Tags()))
		if r.Count() != count || !slices.Equal(tags, []string{"t", "x", "y"}) || len(r.Attrs()) != 2 {
			t.Errorf("%d %v %v", r.Count(), tags, r.Attrs())
		}
		return nil
	})
}

// A record that All yields may show what was there when the iteration began; Put
// writes over what is there now.
func TestRecordsOfAnIterationAreNotStale(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a"})
	synced(t, db, item{ID: "b"})
	must(t, db, func(tx *store.Tx) error {
		for r, err := range records.All(tx) {
			if err != nil {
				return err
			}
			if r.ID() == "a" {
				if err := change("b", func(r *record) { r.AddCount(5) })(tx); err != nil {
					return err
				}
			}
			if r.ID() == "b" {
				r.AddCount(1) // from 0 or from 5, as the iteration shows it
				if err := records.Put(tx, r); err != nil {
					return err
				}
			}
		}
		r, err := records.Get(tx, "b")
		if err == nil && r.Count() != 6 {
			t.Errorf("the counter stands at %d", r.Count())
		}
		return err
	})
}

// What a transaction writes after it opened a cut is not in the cut, even if the
// transaction had written before.
func TestWriteAfterOpeningACut(t *testing.T) {
	db := open(t)
	must(t, db, func(tx *store.Tx) error {
		if err := records.Replace(tx, &item{ID: "b"}); err != nil {
			return err
		}
		if _, err := tx.Ledger().OpenCut(1); err != nil {
			return err
		}
		return records.Replace(tx, &item{ID: "a"})
	})
	must(t, db, func(tx *store.Tx) error {
		cut := tx.Ledger().Cut()
		_, err := tx.Ledger().Settle(model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 1})
		return err
	})
	if entry(t, db, "a") == nil || entry(t, db, "b") != nil {
		t.Errorf("a is on record: %v, b is: %v", entry(t, db, "a") != nil, entry(t, db, "b") != nil)
	}
}

// A refused change cannot join a cut that is under way: it was not sent with it.
func TestRetryWaitsForTheCut(t *testing.T) {
	db := open(t)
	key := model.StringValue("a")
	must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &item{ID: "a"}) })
	must(t, db, func(tx *store.Tx) error {
		cut, err := tx.Ledger().OpenCut(1)
		if err != nil {
			return err
		}
		_, err = tx.Ledger().Settle(model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 1, Refused: []model.Refusal{{Model: "field_item", Key: key}}})
		return err
	})
	must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &item{ID: "b"}) })
	must(t, db, func(tx *store.Tx) error { _, err := tx.Ledger().OpenCut(1); return err })
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Retry(records.Model().Info, key) })
	if !errors.Is(err, store.ErrCutOpen) {
		t.Errorf("the error was %v", err)
	}
}

// A record that was put is what is stored, so that it can be put again.
func TestRecordPutTwice(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a", Text: "old"})
	must(t, db, func(tx *store.Tx) error {
		first, err := records.Get(tx, "a")
		if err != nil {
			return err
		}
		if err := change("a", func(r *record) { r.AddCount(4); r.AddTags("x"); r.SetText("new") })(tx); err != nil {
			return err
		}
		first.AddCount(1)
		first.AddTags("y")
		if err := records.Put(tx, first); err != nil {
			return err
		}
		first.AddCount(1)
		first.AddTags("z")
		first.SetText("old")
		return records.Put(tx, first)
	})
	must(t, db, func(tx *store.Tx) error {
		r, err := records.Get(tx, "a")
		if err == nil && (r.Count() != 6 || len(r.Tags()) != 3 || r.Text() != "old") {
			t.Errorf("%d %v %q", r.Count(), r.Tags(), r.Text())
		}
		return err
	})
}

// Write needs nothing but values.
func TestWriteOfValuesOnly(t *testing.T) {
	db := open(t)
	info := records.Model().Info
	row := model.NewRow(info)
	row.Values[0] = model.StringValue("a")
	must(t, db, func(tx *store.Tx) error { return tx.Write(info, row.Values[0], &model.Row{Values: row.Values}) })
	if e := entry(t, db, "a"); e == nil || e.Change != model.Created {
		t.Errorf("on record: %+v", e)
	}
}
