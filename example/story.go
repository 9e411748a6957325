package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// When things happened. The clock is the story's own, so that every run gives the
// same stamps.
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
	out   io.Writer
	clock clock

	base, remote []catalog.Feature
	edits        []Edit

	backend *memremote.Backend
	earlier *memremote.Saved // what the backend is put back to
	client  *replica.Replica

	resumed   replica.Step // where an earlier run was killed; "" for none
	reset     *remote.ClientResetError
	recovery  *replica.Recovery
	uploaded  int
	result    []catalog.Feature
	conflicts []*reconcile.Object // the first few, to be shown in full
	steps     []step
}

// step is how long a part of the story took.
type step struct {
	name string
	took time.Duration
}

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

// The files of a run, in its folder.
const (
	liveFile   = "contributor.db"
	reportFile = "report.json"
	choiceFile = "choices.json" // what the reader chose, for a run that goes on
)

type part struct {
	name string
	do   func(context.Context) error
}

func run(ctx context.Context, out io.Writer, o options) (err error) {
	s := &story{options: o, tracking: trackings[o.track], out: out}
	if err := s.prepare(); err != nil {
		return err
	}
	parts := s.parts()
	if s.strategy == published {
		parts = s.publishedParts()
	}
	defer func() {
		if s.client != nil {
			err = errors.Join(err, s.client.Close())
		}
	}()
	for _, p := range parts {
		began := time.Now()
		if err := p.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		s.steps = append(s.steps, step{p.name, time.Since(began)})
	}
	return s.tell()
}

// parts are the story.
func (s *story) parts() []part {
	comesBack := []part{
		{"the backend is put back, and takes the maintainers' release", s.moveOn},
		{"the contributor comes back: client reset (" + s.strategy + "), upload", s.sync},
		{"read the result, compare it with the backend", s.readResult},
	}
	if s.resumed != "" {
		return append([]part{
			{"read the three data files", s.read},
			{"set the backend up again", s.seed},
			{"open the contributor's store: finish what was begun", s.open},
		}, comesBack...)
	}
	return append([]part{
		{"read the three data files", s.read},
		{"the backend has the catalogue", s.seed},
		{"the contributor downloads it", s.download},
		{"the contributor edits, offline", s.applyEdits},
	}, comesBack...)
}

// prepare finds a folder without files of an earlier run, or one in which a run was
// killed.
func (s *story) prepare() (err error) {
	if s.dir == "" {
		s.dir, err = os.MkdirTemp("", "resetgen-example-")
		return err
	}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	if s.resumed, err = s.killedAt(); err != nil || s.resumed != "" {
		return err
	}
	for _, name := range []string{liveFile, backupFile, freshFile, reportFile} {
		if _, err := os.Lstat(s.path(name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already (%w); choose another folder with -dir", s.path(name), errors.Join(fs.ErrExist, err))
		}
	}
	return nil
}

// choices is what a run that goes on must have in common with the one that was
// killed.
type choices struct{ Strategy, Track, Policy, Kill string }

func (s *story) killedAt() (replica.Step, error) {
	text, err := os.ReadFile(s.path(choiceFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var c choices
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return "", err
	}
	if c.Strategy != s.strategy || c.Track != s.track || c.Policy != s.policyName {
		return "", fmt.Errorf("in %s a run with -strategy=%s -track=%s -policy=%s was killed; go on with the same, or choose another folder with -dir", s.dir, c.Strategy, c.Track, c.Policy)
	}
	return replica.Step(c.Kill), nil
}

// killAt ends the process as a crash would, if this is the step for it.
func (s *story) killAt(at replica.Step) {
	if s.resumed != "" || string(at) != s.kill {
		return
	}
	text, err := json.Marshal(choices{s.strategy, s.track, s.policyName, s.kill})
	if err == nil {
		err = os.WriteFile(s.path(choiceFile), text, 0o666)
	}
	if err != nil {
		panic(err) // the replica contains it; then the run goes on
	}
	fmt.Fprintf(s.out, "killed at the step %q; the next run with -dir %s goes on\n", at, s.dir)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		self.Kill()
	}
	select {} // until it is carried out
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

// open opens the contributor's store, as an app does when it starts.
func (s *story) open(ctx context.Context) (err error) {
	if s.resumed != "" {
		s.clock.set(release56.Add(time.Hour))
	}
	o := replica.Options{
		Driver: driver, Path: s.path(liveFile), Schema: &catalog.Schema, Remote: s.backend,
		Policy: s.policy,
		Before: func(_ context.Context, why *remote.ClientResetError, _ replica.View) error {
			s.reset = why
			return nil
		},
		After: func(_ context.Context, done *replica.Recovery) error {
			s.recovery = done
			return s.keepReport(done.Report)
		},
		OnStep: s.killAt,
		Now:    s.clock.Now,
		Logger: slog.New(slog.DiscardHandler), // the example says itself what happens
	}
	if o.Strategy, err = reconcile.ParseStrategy(s.strategy); err != nil {
		return err
	}
	s.client, err = replica.Open(ctx, o)
	return err
}

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

// applyEdits writes each edit in a transaction of its own, as an app would.
func (s *story) applyEdits(ctx context.Context) error {
	s.clock.set(wentAway)
	for _, e := range s.edits {
		if err := s.client.Update(ctx, func(tx *store.Tx) error { return s.edit(tx, e) }); err != nil {
			return err
		}
	}
	return nil
}

// sync lets the contributor online again, until everything is uploaded.
func (s *story) sync(ctx context.Context) error {
	s.clock.set(release56.Add(time.Hour))
	defer s.client.OnUpload(replica.Indefinitely, func(t replica.Transfer) {
		if t.TransferComplete() {
			s.uploaded += t.Objects
		}
	})()
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
	return nil
}

// keepReport keeps the report where the reader looks for it, and picks three
// conflicts of different kinds to show in full, those of whole objects last.
func (s *story) keepReport(report *reconcile.Report) error {
	for _, whole := range []bool{false, true} {
		for _, o := range report.Objects {
			if len(o.Conflicts) > 0 && (o.Conflicts[0].Field == "") == whole && len(s.conflicts) < 3 && !s.shown(o) {
				s.conflicts = append(s.conflicts, o)
			}
		}
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.path(reportFile), append(text, '\n'), 0o666)
}

func (s *story) shown(o *reconcile.Object) bool {
	for _, shown := range s.conflicts {
		if shown.Outcome == o.Outcome && shown.Conflicts[0].Rule == o.Conflicts[0].Rule {
			return true
		}
	}
	return false
}

func (s *story) readResult(ctx context.Context) error {
	return s.client.View(ctx, func(tx *store.Tx) error {
		if err := s.readAll(tx); err != nil {
			return err
		}
		return s.sameAsBackend(tx)
	})
}

func (s *story) readAll(tx *store.Tx) error {
	for f, err := range s.all(tx) {
		if err != nil {
			return err
		}
		s.result = append(s.result, f)
	}
	return nil
}
