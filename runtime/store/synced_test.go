package store_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// pushed sends everything that is unsynced, and is acknowledged.
func pushed(t *testing.T, db *store.Store) {
	t.Helper()
	must(t, db, func(tx *store.Tx) error {
		cut, err := tx.Ledger().OpenCut(0)
		if err != nil {
			return err
		}
		_, err = tx.Ledger().Settle(model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: 1})
		return err
	})
}

// Every move of the point is told, those in quick succession together.
func TestOnSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t)
		synced(t, db, item{ID: "a"})
		var told []uint64
		stop := db.OnSynced(func(at store.LastSynced) { told = append(told, at.Cut) })
		push := func(text string) {
			must(t, db, change("a", func(r *record) { r.SetText(text) }))
			pushed(t, db)
		}
		push("1")
		synctest.Wait()
		push("2")
		push("3")
		push("4")
		time.Sleep(quiet())
		synctest.Wait()
		push("5")
		time.Sleep(quiet())
		synctest.Wait()
		if want := []uint64{1, 4, 5}; !slices.Equal(told, want) {
			t.Errorf("told of the cuts %v, want %v", told, want)
		}
		push("6")
		stop()
		time.Sleep(quiet())
		if len(told) > 4 {
			t.Errorf("told of %v after the end", told)
		}
		if at, ok := db.LastSynced(); !ok || at.Cut != 6 || at.Seq != 6 {
			t.Errorf("last synced at %+v", at)
		}
	})
}

func quiet() time.Duration { return 20 * time.Millisecond }

// A cut of which anything was refused or not done does not move the point.
func TestLastSyncedStaysWhileSomethingIsOpen(t *testing.T) {
	db := open(t)
	for i := range 3 {
		must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &item{ID: fmt.Sprint(i)}) })
	}
	settle := func(done int, refused ...model.Refusal) {
		t.Helper()
		must(t, db, func(tx *store.Tx) error {
			cut, err := tx.Ledger().OpenCut(2)
			if err != nil {
				return err
			}
			_, err = tx.Ledger().Settle(model.Mark{Client: cut.Client, N: cut.N, Nonce: cut.Nonce, Done: done, Refused: refused})
			return err
		})
	}
	settle(1)
	if at, ok := db.LastSynced(); ok {
		t.Errorf("after the first chunk: %+v", at)
	}
	settle(1, model.Refusal{Model: "field_item", Key: model.StringValue("2"), Reason: "too late"})
	if at, ok := db.LastSynced(); ok {
		t.Errorf("after a refusal: %+v", at)
	}
	if e := entry(t, db, "2"); e == nil || e.Refused != "too late" {
		t.Errorf("the refused entry: %+v", e)
	}
	must(t, db, func(tx *store.Tx) error {
		if cut, err := tx.Ledger().OpenCut(2); cut != nil || err != nil {
			t.Errorf("a refused change alone makes a cut: %+v %v", cut, err)
		}
		return tx.Retry(records.Model().Info, model.StringValue("2"))
	})
	settle(1)
	if at, ok := db.LastSynced(); !ok || at.Cut != 3 {
		t.Errorf("after everything: %+v", at)
	}
}
