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
// in dir becomes the backup of the name given, which no other has, and a store of what
// was downloaded takes its place, with what was unsynced. A process that is killed calls
// it again with the same name; if it was through, fs.ErrExist says so.
func startOver(ctx context.Context, dir, name string, downloaded []inspect.Finding, at stamp.Stamp) (report *reconcile.Report, err error) {
	driver := sqlitestore.Driver{Name: "sqlite"}
	app, old, draft := filepath.Join(dir, "app.db"), filepath.Join(dir, name), filepath.Join(dir, "fresh.db")

	// app.db is closed, and gets a second name, which it keeps. The backup is only read.
	if err := driver.Link(ctx, app, old); err != nil {
		return nil, err
	}
	backup, err := store.Open(ctx, driver, old, &inspect.Schema, store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, backup.Close()) }()

	// The fresh store holds what the backend has, and nothing from an earlier try.
	if err := driver.Remove(ctx, draft); err != nil {
		return nil, err
	}
	fresh, err := store.Open(ctx, driver, draft, &inspect.Schema, store.Options{})
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

	// It takes the place of app.db in one step.
	return report, driver.Replace(ctx, draft, app)
}
