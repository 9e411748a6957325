package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/resetgen/resetgen/runtime/replica"
)

// kills are the steps at which the process can be made to kill itself, in their order.
var kills = []string{
	string(replica.Downloading), string(replica.Downloaded), string(replica.Closed),
	string(replica.Reconciled), string(replica.Moved), string(replica.Swapped),
}

// choiceFile holds what the reader chose, for a run that goes on.
const choiceFile = "choices.json"

// choices is what a run that goes on must have in common with the one that was
// killed.
type choices struct{ Strategy, Track, Policy, Kill string }

// killAt ends the process as a crash would, if this is the step for it.
func (s *story) killAt(at replica.Step) {
	if string(at) != s.kill {
		return
	}
	text, err := json.Marshal(choices{s.strategy, s.track, s.policy, s.kill})
	if err == nil {
		err = os.WriteFile(s.path(choiceFile), text, 0o666)
	}
	if err != nil {
		panic(err) // the replica contains it; then the run goes on
	}
	fmt.Printf("killed at the step %q; the next run with -dir %s goes on\n", at, s.dir)
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		self.Kill()
	}
	select {} // until it is carried out
}

// prepare makes sure of a folder without files of an earlier run, or finds out where
// one was killed.
func (s *story) prepare() (err error) {
	if s.dir == "" {
		s.dir, err = os.MkdirTemp("", "resetgen-example-")
		return err
	}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	if s.killed, err = s.killedAt(); err != nil || s.killed != "" {
		return err
	}
	for _, name := range []string{liveFile, backupFile, freshFile} {
		if _, err := os.Lstat(s.path(name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already (%w); choose another folder with -dir", s.path(name), errors.Join(fs.ErrExist, err))
		}
	}
	return nil
}

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
		return "", fmt.Errorf("reading what an earlier run left in %s: %w; choose another folder with -dir", s.path(choiceFile), err)
	}
	if c.Strategy != s.strategy || c.Track != s.track || c.Policy != s.policy {
		return "", fmt.Errorf("in %s a run with -strategy=%s -track=%s -policy=%s was killed; go on with the same, or choose another folder with -dir", s.dir, c.Strategy, c.Track, c.Policy)
	}
	if s.kill != "" && slices.Index(kills, s.kill) <= slices.Index(kills, c.Kill) {
		return "", fmt.Errorf("the run in %s was killed at the step %s and does not come to %s any more; leave -kill out, or choose a later step", s.dir, c.Kill, s.kill)
	}
	return replica.Step(c.Kill), nil
}

// forgetKill notes that the run came to its end. The backend ends with it, so a later
// run cannot go on from there.
func (s *story) forgetKill() error {
	if s.killed == "" {
		return nil
	}
	return os.Remove(s.path(choiceFile))
}

// stepsAfterKill are the story from where an earlier run was killed.
func (s *story) stepsAfterKill() []step {
	open, online := "open the contributor's store: finish the client reset ("+s.strategy+")", "upload"
	if s.killed == replica.Downloading { // it has come to nothing yet
		open, online = "open the contributor's store", "go on with the client reset ("+s.strategy+"), upload"
	}
	return []step{
		{name: "read the three data files", do: s.read},
		{name: "set the backend up as the killed run had it", do: s.setUpAgain},
		{name: open, do: s.openAgain},
		{name: online, do: s.comeBack},
		{name: "read the result and the backup, compare with the backend", do: s.readBoth},
	}
}

// setUpAgain makes the backend what it was when the earlier run was killed. It lived
// in that process.
func (s *story) setUpAgain(ctx context.Context) error {
	if err := s.seed(ctx); err != nil {
		return err
	}
	return s.moveOn(ctx)
}

func (s *story) openAgain(ctx context.Context) error {
	s.clock.set(cameBack)
	return s.open(ctx)
}
