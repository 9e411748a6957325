package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// When things happened. The clocks are the story's own, so that every run gives
// the same stamps.
var (
	lastSync  = time.Date(2024, 1, 9, 12, 0, 0, 0, time.UTC)
	wentAway  = time.Date(2024, 1, 10, 9, 0, 0, 0, time.UTC)
	release56 = time.Date(2024, 9, 26, 12, 0, 0, 0, time.UTC)
)

// driver keeps the stores in SQLite files, by the database/sql driver that main
// imports.
var driver = sqlitestore.Driver{Name: "sqlite"}

// story is one run of the example.
type story struct {
	options
	tracking
	out    io.Writer
	driver store.Driver
	now    time.Time

	base, remote []catalog.Feature
	edits        []Edit
	result       []catalog.Feature
	conflicts    []*reconcile.Object // the first few, to be shown in full
	steps        []step
}

// step is how long a part of the story took.
type step struct {
	name string
	took time.Duration
}

// The files of a run, in its folder.
const (
	liveFile   = "contributor.db"
	backupFile = "backup.db"
	freshFile  = "fresh.db"
	reportFile = "report.json"
)

func run(ctx context.Context, out io.Writer, o options) error {
	s := &story{options: o, tracking: trackings[o.track], out: out, driver: driver}
	if err := s.prepare(); err != nil {
		return err
	}
	var report *reconcile.Report
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"read the three data files", s.read},
		{"import the last sync into the contributor's store", s.importBase},
		{"the contributor edits, offline", s.applyEdits},
		{"client reset: the store becomes a backup", s.moveAway},
		{"import what the backend has into a fresh store", s.importRemote},
		{"reconcile (" + s.strategy + ")", func(ctx context.Context) (err error) {
			report, err = s.reconcile(ctx)
			return err
		}},
		{"read the result", s.readResult},
	} {
		began := time.Now()
		if err := part.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		s.steps = append(s.steps, step{part.name, time.Since(began)})
	}
	return s.tell(report)
}

// prepare finds a folder without files of an earlier run.
func (s *story) prepare() (err error) {
	if s.dir == "" {
		s.dir, err = os.MkdirTemp("", "resetgen-example-")
		return err
	}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	for _, name := range []string{liveFile, backupFile, freshFile, reportFile} {
		if _, err := os.Lstat(s.path(name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already (%w); choose another folder with -dir", s.path(name), errors.Join(fs.ErrExist, err))
		}
	}
	return nil
}

func (s *story) path(name string) string { return filepath.Join(s.dir, name) }

func (s *story) read(context.Context) (err error) {
	if s.base, err = release("base"); err != nil {
		return err
	}
	if s.remote, err = release("remote"); err != nil {
		return err
	}
	s.edits, err = edits()
	return err
}

// with opens one of the stores for as long as do runs. The store's clock stands
// at the time that the story has reached, and goes on by a second each time it is
// asked.
func (s *story) with(ctx context.Context, name string, readOnly bool, do func(*store.Store) error) error {
	db, err := store.Open(ctx, s.driver, s.path(name), &catalog.Schema, store.Options{
		ReadOnly: readOnly,
		Now:      func() time.Time { s.now = s.now.Add(time.Second); return s.now },
	})
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

func (s *story) importBase(ctx context.Context) error {
	s.now = lastSync
	return s.fill(ctx, liveFile, s.base, func(catalog.Feature) time.Time { return lastSync.Add(-time.Hour) })
}

// importRemote fills the fresh store. What the maintainers did not change has
// the stamp that it had.
func (s *story) importRemote(ctx context.Context) error {
	s.now = release56.Add(time.Hour)
	before := cutAll(s.base)
	return s.fill(ctx, freshFile, s.remote, func(f catalog.Feature) time.Time {
		if before[f.ID].equal(cut(f)) {
			return lastSync.Add(-time.Hour)
		}
		return release56
	})
}

// fill makes a store that holds what the backend has, and marks it as synced.
func (s *story) fill(ctx context.Context, name string, features []catalog.Feature, at func(catalog.Feature) time.Time) error {
	return s.with(ctx, name, false, func(db *store.Store) error {
		return db.Update(ctx, func(tx *store.Tx) error {
			for _, f := range features {
				if err := s.load(tx, f, stamp.At(at(f))); err != nil {
					return err
				}
			}
			return tx.MarkSynced()
		})
	})
}

// applyEdits writes each edit in a transaction of its own, as an app would.
func (s *story) applyEdits(ctx context.Context) error {
	s.now = wentAway
	return s.with(ctx, liveFile, false, func(db *store.Store) error {
		for _, e := range s.edits {
			if err := db.Update(ctx, func(tx *store.Tx) error { return s.edit(tx, e) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// moveAway makes the live store the backup. It was closed, and a closed store is
// one file.
func (s *story) moveAway(context.Context) error {
	return os.Rename(s.path(liveFile), s.path(backupFile))
}

func (s *story) reconcile(ctx context.Context) (report *reconcile.Report, err error) {
	s.now = release56.Add(2 * time.Hour)
	err = s.with(ctx, backupFile, true, func(backup *store.Store) error {
		return s.with(ctx, freshFile, false, func(fresh *store.Store) error {
			if s.strategy == published {
				return s.publishedRecipe(ctx, backup, fresh)
			}
			report, err = s.recover(ctx, backup, fresh)
			return err
		})
	})
	return report, err
}

// recover is what an app calls, and keeps the report.
func (s *story) recover(ctx context.Context, backup, fresh *store.Store) (*reconcile.Report, error) {
	strategy, err := reconcile.ParseStrategy(s.strategy)
	if err != nil {
		return nil, err
	}
	plan := reconcile.New(backup, fresh, reconcile.Options{Strategy: strategy, Policy: s.policy, Each: s.collect})
	report, err := plan.Apply(ctx)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return nil, err
	}
	return report, os.WriteFile(s.path(reportFile), append(text, '\n'), 0o666)
}

// collect picks three conflicts of different kinds to show in full.
func (s *story) collect(o *reconcile.Object) error {
	if len(o.Conflicts) == 0 || len(s.conflicts) == 3 {
		return nil
	}
	for _, shown := range s.conflicts {
		if shown.Outcome == o.Outcome && shown.Conflicts[0].Rule == o.Conflicts[0].Rule {
			return nil
		}
	}
	s.conflicts = append(s.conflicts, o)
	return nil
}

func (s *story) readResult(ctx context.Context) error {
	return s.with(ctx, freshFile, true, func(fresh *store.Store) error {
		return fresh.View(ctx, func(tx *store.Tx) error {
			for f, err := range s.all(tx) {
				if err != nil {
					return err
				}
				s.result = append(s.result, f)
			}
			return nil
		})
	})
}
