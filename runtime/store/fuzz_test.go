package store_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// FuzzDecode reads any bytes as what a store keeps of itself: the description of its
// content, and its state. What is refused is refused as damaged or as another version's,
// and what is read is the same when it is written and read again.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		"null", `{"format":2}`, `{"format":1,"models":[{"name":"a","track":"field","key":"k","fields":[{"name":"k","kind":"int"},{"name":"t","kind":"time","null":true}]}]}`,
		`{"format":1,"models":[{"name":"field_item","track":"journal","key":"id","fields":[{"name":"id","kind":"string"},{"name":"id","kind":"int"}]}]}`,
	} {
		f.Add(byte(0), []byte(text))
	}
	for _, text := range []string{
		"null", `{"id":"a","seq":3,"high":"never"}`, `{"id":"a","client":"c","cuts":1,"cut":{"n":1,"nonce":"x","size":0,"objects":1}}`,
		`{"id":"a","client":"c","cuts":1,"cut":{"n":1,"nonce":"x","size":1,"objects":1,"models":["field_item"]},"settled":{"n":1,"done":1},"superseded":["x"],"reconciled":{"b":1}}`,
		`{"id":"a","last_synced":{"cut":1,"wall":"2026-01-01T00:00:00Z"},"high":"2026-01-01T00:00:00.000Z+1"}`,
	} {
		f.Add(byte(1), []byte(text))
	}
	f.Fuzz(func(t *testing.T, form byte, b []byte) {
		err := []func(*testing.T, []byte) error{catalogAgain, stateAgain}[form%2](t, b)
		if err != nil && !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrSchema) {
			t.Fatal(err)
		}
	})
}

func catalogAgain(t *testing.T, text []byte) error {
	c, err := store.ParseCatalog(text)
	if err != nil {
		return err
	}
	first, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := store.ParseCatalog(first)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := again.Encode(); err != nil || !bytes.Equal(first, second) {
		t.Fatalf("%s became %s (%v)", first, second, err)
	}
	_, err = c.Layout(&items.Schema)
	return err
}

func stateAgain(t *testing.T, text []byte) error {
	if text == nil {
		return nil // the store is new
	}
	first, err := store.RewriteState(text)
	if err != nil {
		return err
	}
	if second, err := store.RewriteState(first); err != nil || !bytes.Equal(first, second) {
		t.Fatalf("%s became %s (%v)", first, second, err)
	}
	db := openWithState(t, first)
	mark := model.Mark{N: 1, Nonce: "x", Done: 1}
	must(t, db, func(tx *store.Tx) error {
		if cut := tx.Ledger().Cut(); cut != nil {
			mark = model.Mark{N: cut.N, Nonce: cut.Nonce, Done: 1}
		}
		tx.Ledger().Settle(mark) // refuses, or not
		return tx.Ledger().Rename()
	})
	return db.Close()
}

// openWithState opens a store that has the text as its record of itself.
func openWithState(t *testing.T, text []byte) *store.Store {
	disk := memstore.New()
	engine, err := disk.Open(t.Context(), "db", &items.Schema, store.DriverOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := engine.Begin(t.Context(), true)
	if err == nil {
		err = errors.Join(tx.SetMeta("state", text), tx.Commit(), engine.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return openOn(t, disk, &items.Schema, false)
}

// Text that says nothing is no description of an empty store: such a store would be
// taken for a new one.
func TestCatalogWithoutFormat(t *testing.T) {
	for _, text := range []string{"null", "{}", `{"models":[]}`, `{"format":-1}`} {
		if _, err := store.ParseCatalog([]byte(text)); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
