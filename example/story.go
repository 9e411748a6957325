package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// play plays the story in the folder of the options.
func play(ctx context.Context, o options) (*story, error) {
	s := &story{options: o, features: trackings[o.track]}
	err := s.prepare()
	if err == nil {
		err = s.playSteps(ctx)
	}
	if s.client != nil {
		err = errors.Join(err, s.client.Close())
	}
	if err != nil {
		return nil, err
	}
	return s, s.forgetKill()
}

func (s *story) playSteps(ctx context.Context) error {
	for _, step := range s.steps() {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		step.took = time.Since(began)
		s.took = append(s.took, step)
	}
	return nil
}

// steps are the story.
func (s *story) steps() []step {
	switch {
	case s.strategy == published:
		return s.publishedSteps()
	case s.killed != "":
		return s.stepsAfterKill()
	}
	return []step{
		{name: "read the three data files", do: s.read},
		{name: "the backend has the catalogue", do: s.seed},
		{name: "the contributor downloads it", do: s.download},
		{name: "the contributor edits, offline", do: s.editOffline},
		{name: "the backend is put back, and takes the maintainers' release", do: s.moveOn},
		{name: "the contributor comes back: client reset (" + s.strategy + "), upload", do: s.comeBack},
		{name: "read the result and the backup, compare with the backend", do: s.readBoth},
	}
}

// driver keeps the stores in SQLite files, by the database/sql driver that main
// imports.
var driver = sqlitestore.Driver{Name: "sqlite"}

// open opens the contributor's store, as an app does when it starts.
func (s *story) open(ctx context.Context) error {
	o := replica.Options{
		Driver: driver, Path: s.path(liveFile), Schema: &catalog.Schema, Remote: s.backend,
		After: func(_ context.Context, done *replica.Recovery) error {
			s.recovery = done
			return nil
		},
		OnStep: s.killAt,
		Now:    s.clock.Now,
		Logger: slog.New(slog.DiscardHandler), // the example says itself what happens
	}
	var err error
	if o.Strategy, err = reconcile.ParseStrategy(s.strategy); err != nil {
		return err
	}
	if o.Policy, err = model.ParsePolicy(s.policy); err != nil {
		return err
	}
	if o.Strategy == reconcile.Manual {
		o.Manual = giveWay
	}
	s.client, err = replica.Open(ctx, o)
	return err
}

// download opens a new store and lets it sync until it has everything.
func (s *story) download(ctx context.Context) error {
	s.clock.set(lastSync)
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.client.Start(); err != nil {
		return err
	}
	if err := s.client.WaitForDownload(ctx); err != nil {
		return err
	}
	s.client.Pause()
	return nil
}

// editOffline makes each edit in a transaction of its own, as an app would.
func (s *story) editOffline(ctx context.Context) error {
	s.clock.set(wentAway)
	for _, e := range s.edits {
		if err := s.client.Update(ctx, func(tx *store.Tx) error { return s.edit(tx, e) }); err != nil {
			return err
		}
	}
	return nil
}

// comeBack lets the contributor online again, until everything is uploaded. That
// the backend says "start over" takes nothing more: the replica sees to it.
func (s *story) comeBack(ctx context.Context) error {
	s.clock.set(cameBack)
	before := s.backend.Position()
	if err := s.client.Start(); err != nil {
		return err
	}
	if err := s.client.WaitForUpload(ctx); err != nil {
		return err
	}
	if err := s.client.WaitForDownload(ctx); err != nil {
		return err
	}
	s.client.Pause()
	if s.recovery == nil {
		return errors.New("the backend did not ask for a client reset")
	}
	s.uploaded = s.backend.Position() - before
	return nil
}

// readBoth reads what the contributor has now, and what the backup holds.
func (s *story) readBoth(ctx context.Context) (err error) {
	if s.result, err = s.readAll(ctx, s.client.View); err != nil {
		return err
	}
	if err := s.client.View(ctx, s.sameAsBackend); err != nil {
		return err
	}
	return s.with(ctx, s.recovery.Saved.Path, true, func(backup *store.Store) error {
		s.local, err = s.readAll(ctx, backup.View)
		return err
	})
}

// story is one run of the example.
type story struct {
	options
	features features // in the tracking mode of the options
	clock    clock
	killed   replica.Step // where an earlier run in the same folder was killed; "" for none
	took     []step

	backend *memremote.Backend
	earlier *memremote.Saved // what the backend is put back to
	client  *replica.Replica

	base, remote []catalog.Feature // the catalogue at the last sync, and as the maintainers have it now
	edits        []Edit

	recovery      *replica.Recovery // nil for published
	uploaded      uint64            // objects
	local, result []catalog.Feature // as the contributor left the catalogue, and as it came out
}

// step is a part of the story.
type step struct {
	name string
	do   func(context.Context) error
	took time.Duration
}

// liveFile is the contributor's store, in the folder of the run.
const liveFile = "contributor.db"

func (s *story) path(name string) string { return filepath.Join(s.dir, name) }

// with opens a store beside the replica for as long as do runs.
func (s *story) with(ctx context.Context, path string, readOnly bool, do func(*store.Store) error) error {
	db, err := store.Open(ctx, driver, path, &catalog.Schema, store.Options{ReadOnly: readOnly, Now: s.clock.Now})
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// When things happened. The clock is the story's own, so that every run gives the
// same stamps.
var (
	beforeSync = lastSync.Add(-time.Hour)
	lastSync   = time.Date(2024, 1, 9, 12, 0, 0, 0, time.UTC)
	wentAway   = time.Date(2024, 1, 10, 9, 0, 0, 0, time.UTC)
	release56  = time.Date(2024, 9, 26, 12, 0, 0, 0, time.UTC)
	cameBack   = release56.Add(time.Hour)
)

// clock is a wall clock that goes on by a second each time it is looked at.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}
