package boltstore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/boltstore"
	"github.com/resetgen/resetgen/testdata/golden/finding"
)

// A store in a file of bbolt is used like any other.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "boltstore")
	check(err)
	defer os.RemoveAll(dir)

	db, err := store.Open(ctx, boltstore.Driver{}, filepath.Join(dir, "app.db"), &inspect.Schema, store.Options{})
	check(err)
	check(db.Update(ctx, func(tx *store.Tx) error {
		return inspect.FindingRecords.Replace(tx, &inspect.Finding{ID: "f-17", Title: "cracked beam", Severity: 3})
	}))
	check(db.View(ctx, func(tx *store.Tx) error {
		for f, err := range inspect.FindingRecords.All(tx) {
			if err != nil {
				return err
			}
			fmt.Println(f.ID(), f.Title())
		}
		return nil
	}))
	check(db.Close())

	// Output:
	// f-17 cracked beam
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
