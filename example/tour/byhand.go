package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/resetgen/resetgen/example/tour/inspect"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// startOver is a client reset by hand, for an app with a way of its own to sync: app.db
// in dir becomes a backup, and a store of what was downloaded takes its place, with
// what was unsynced.
func startOver(ctx context.Context, dir string, downloaded []inspect.Finding, at stamp.Stamp) (report *reconcile.Report, err error) {
	driver := sqlitestore.Driver{Name: "sqlite"}
	app, old, new := filepath.Join(dir, "app.db"), filepath.Join(dir, "backup.db"), filepath.Join(dir, "fresh.db")

	// app.db is closed, and gets a second name, which it keeps. The backup is only read.
	if err := driver.Link(ctx, app, old); err != nil {
		return nil, err
	}
	backup, err := store.Open(ctx, driver, old, &inspect.Schema, store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, backup.Close()) }()

	// The fresh store holds what the backend has.
	fresh, err := store.Open(ctx, driver, new, &inspect.Schema, store.Options{})
	if err != nil {
		return nil, err
	}
	err = fresh.Update(ctx, func(tx *store.Tx) error {
		for i := range downloaded {
			if err := inspect.FindingRecords.Load(tx, &downloaded[i], at); err != nil {
				return err
			}
		}
		return tx.MarkSynced() // only now does it count as complete
	})
	if err == nil {
		report, err = reconcile.New(backup, fresh, reconcile.Options{}).Apply(ctx)
	}
	if err := errors.Join(err, fresh.Close()); err != nil {
		return nil, err
	}
	return report, driver.Replace(ctx, new, app)
}
