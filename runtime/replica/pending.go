package replica

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/natefinch/atomic"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
)

// Step is how far a client reset has come. Each is noted on disk when it is
// reached, before anything of the next one is done, so that a process that is
// killed goes on from there.
type Step string

// The steps, in their order.
const (
	Downloading Step = "downloading" // the fresh copy is being downloaded; the live store is in use
	Downloaded  Step = "downloaded"  // the fresh copy is complete; the live store is in use
	Closed      Step = "closed"      // nobody uses the live store any more
	Reconciled  Step = "reconciled"  // the fresh copy holds what was unsynced
	Moved       Step = "moved"       // the live store has a second name, among the backups
	Swapped     Step = "swapped"     // the fresh copy is the live store

	// Settling is no step of the reset itself: it is through, and what it recovered
	// has yet to be settled with the backend.
	Settling Step = "settling"

	// GaveUp: the reset was tried too often; the live store is as it was.
	GaveUp Step = "gave up"
)

// pending is the record of a client reset, in a file beside the live store.
type pending struct {
	ID       string        `json:"id"`
	Step     Step          `json:"step"`
	Reason   remote.Reason `json:"reason"`
	Detail   string        `json:"detail,omitempty"`
	Began    time.Time     `json:"began"`
	Attempts int           `json:"attempts"`          // at exchanging the stores, since the last one that was settled
	Backup   string        `json:"backup,omitempty"`  // where the live store is moved, in the folder of the backups
	Before   *pending      `json:"before,omitempty"`  // what Restore has found, a reset that is not settled
	Next     string        `json:"next,omitempty"`    // the identity of the store that takes its place
	Backups  []string      `json:"backups,omitempty"` // what to call settled when what was recovered is

	prepared *reconcile.Prepared // while the live store was in use; not on disk
}

func newPending(why *remote.ClientResetError, now time.Time) *pending {
	id := make([]byte, 8)
	rand.Read(id) // never fails
	return &pending{ID: hex.EncodeToString(id), Step: Downloading, Reason: why.Reason, Detail: why.Detail, Began: now.UTC()}
}

// The files that belong to the live store.
func (o *Options) pendingFile() string { return o.Path + ".reset" }
func (o *Options) outcomeFile() string { return o.Path + ".reset-outcome" }
func (o *Options) restFile() string    { return o.Path + ".reset-objects" }
func (o *Options) freshPath() string   { return o.Path + ".fresh" }
func (o *Options) previewPath() string { return o.Path + ".preview" }
func (o *Options) probeFile() string   { return filepath.Join(o.backupDir(), ".probe") }
func (o *Options) backupDir() string   { return filepath.Join(filepath.Dir(o.Path), "backups") }

// readPending reads the record; nil where no reset is pending.
func readPending(o *Options) (*pending, error) {
	text, err := os.ReadFile(o.pendingFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var p *pending
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return nil, fmt.Errorf("reading the record of a pending client reset: %w; %s says how far it came, so look at it, and at the files beside it, before removing it", err, o.pendingFile())
	}
	return p, nil
}

// check refuses a record that no replica has written.
func (p *pending) check() error {
	switch {
	case p == nil:
		return errors.New("it is null")
	case len(p.ID) < 8:
		return fmt.Errorf("it has the id %q", p.ID)
	case p.Backup != "" && p.Backup != filepath.Base(p.Backup):
		return fmt.Errorf("it has the backup %q, which is no name in the folder of the backups", p.Backup)
	}
	for _, name := range p.Backups {
		if name == "" || name != filepath.Base(name) {
			return fmt.Errorf("it has the backup %q, which is no name in the folder of the backups", name)
		}
	}
	switch p.Step {
	case Downloading, Downloaded, Settling, GaveUp:
	case Closed, Reconciled, Moved, Swapped:
		if p.Backup == "" {
			return fmt.Errorf("it is at the step %q and has no backup", p.Step)
		}
	default:
		return fmt.Errorf("it has the step %q", p.Step)
	}
	if p.Before != nil {
		return p.Before.check()
	}
	return nil
}

// reach notes that a reset has come to a step.
func (r *Replica) reach(ctx context.Context, p *pending, step Step) error {
	next := *p
	next.Step = step
	if err := writeJSON(r.o.pendingFile(), &next); err != nil {
		return fmt.Errorf("noting that the client reset is at the step %q: %w", step, err)
	}
	p.Step, r.pending = step, p
	if step != Settling && step != GaveUp {
		r.setStatus(func(s *Status) { s.State, s.Err, s.NextTry, s.Step = Resetting, nil, time.Time{}, step })
	}
	r.log.Info("client reset", "replica", r.o.Path, "step", string(step), "reason", string(p.Reason))
	if r.o.OnStep != nil {
		if err := contain("Options.OnStep", func() error { r.o.OnStep(step); return nil }); err != nil {
			r.log.Error("telling the app of a step", "replica", r.o.Path, "error", err)
		}
	}
	return nil
}

// forget removes the record of a reset of which nothing is left to do.
func (r *Replica) forget() error {
	if err := removeFile(r.o.pendingFile()); err != nil {
		return err
	}
	r.pending = nil
	return nil
}

// writeJSON writes a file that people may want to read (replaceFile).
func writeJSON(path string, v any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	return replaceFile(path, text.Bytes())
}

// replaceFile writes a file that is there whole or not at all, and lasts. A kill may
// leave draftOf it, which the next call writes over.
func replaceFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft := draftOf(path)
	err := writeFile(draft, text)
	if err == nil {
		err = atomic.ReplaceFile(draft, path)
	}
	if err != nil {
		os.Remove(draft) // a full disk has room again
		return err
	}
	return syncDir(filepath.Dir(path))
}

func draftOf(path string) string { return path + ".new" }

// writeFile writes a file whose content lasts.
func writeFile(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder last. Windows does that by itself.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
