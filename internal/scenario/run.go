package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"

	backend "github.com/resetgen/resetgen/runtime/remote"
)

// began is when the base was written. Each event is a second later than the one
// before it.
var began = time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)

// patience is how long a scenario may take. One takes milliseconds: this is for what
// hangs.
const patience = 2 * time.Minute

// Run replays the scenario with a store of the kind. The error says what was wanted
// and what was found; it is of one line.
func (s *Scenario) Run(ctx context.Context, kind Store) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it takes longer than %v", patience))
	defer cancel()
	return line(s.run(ctx, kind))
}

// line makes an error one of a single line.
func line(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}

func (s *Scenario) run(ctx context.Context, kind Store) error {
	disk, err := newDisk(kind)
	if err != nil {
		return err
	}
	root, err := newFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	folder := filepath.Join(root, "app")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	r := &run{s: s, now: began, backend: memremote.New(memremote.Options{})}
	r.device = &device{s: s, backend: r.backend, disk: disk, folder: folder}
	defer func() {
		if p := r.device.process; p != nil {
			p.bury()
		}
	}()
	if err := r.base(ctx); err != nil {
		return fmt.Errorf("before the first event: %w", err)
	}
	if err := r.events(ctx); err != nil {
		return err
	}
	return r.end(ctx)
}

// newFolder makes a folder for a scenario's files: in memory, where there is such a
// place and $TMPDIR says nothing else, for nothing here is about what a disk has
// written when the power goes, and a disk that has to write all of it takes long.
func newFolder() (string, error) {
	const pattern, inMemory = "scenario-", "/dev/shm"
	if os.Getenv("TMPDIR") == "" {
		if folder, err := os.MkdirTemp(inMemory, pattern); err == nil {
			return folder, nil
		}
	}
	return os.MkdirTemp("", pattern)
}

// run is a scenario that is being replayed.
type run struct {
	s       *Scenario
	backend *memremote.Backend
	device  *device
	now     time.Time
	states  []*memremote.Saved // of the backend, after each event
	due     kind               // what makes the next contact a client reset; "" for nothing
	failed  bool               // whether the error that is wanted was met
}

// base brings the base to both sides.
func (r *run) base(ctx context.Context) error {
	r.device.now = r.now
	err := visit(ctx, r.backend, r.s.table.schema(), r.now, func(other *replica.Replica) error {
		return other.Update(ctx, func(tx *store.Tx) error {
			for key, o := range r.s.base {
				if err := r.s.write(tx, &event{what: set, key: key, with: o}); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err == nil {
		err = r.device.start(ctx)
	}
	if err == nil {
		err = r.device.call(ctx, (*replica.Replica).Download)
	}
	return err
}

func (r *run) events(ctx context.Context) error {
	resets := false
	for i := range r.s.events {
		e := &r.s.events[i]
		resets = resets || e.what == reset
		if err := r.event(ctx, e); err != nil {
			return fmt.Errorf("event %d, %s: %w", i, e.text, err)
		}
		r.states = append(r.states, r.backend.Save())
	}
	if resets && len(r.device.crashes) == 0 { // a crash needs a reset to be in
		return nil
	}
	if err := r.event(ctx, &event{what: reset}); err != nil {
		return fmt.Errorf("the last reset: %w", err)
	}
	return nil
}

// event lets an event happen. The error that the scenario wants is none.
func (r *run) event(ctx context.Context, e *event) error {
	r.now = r.now.Add(time.Second)
	r.device.now = r.now
	var err error
	switch e.who {
	case local:
		r.device.now = r.now.Add(e.shift)
		err = r.device.update(ctx, func(tx *store.Tx) error { return r.s.write(tx, e) })
	case remote:
		err = visit(ctx, r.backend, r.s.table.schema(), r.now.Add(e.shift), func(other *replica.Replica) error {
			return other.Update(ctx, func(tx *store.Tx) error { return r.s.write(tx, e) })
		})
	default:
		err = r.happen(ctx, e)
	}
	if err != nil && r.wanted(err.Error()) {
		return nil
	}
	return err
}

// wanted notes an error that the scenario wants.
func (r *run) wanted(text string) bool {
	is := r.s.failure != "" && strings.Contains(text, r.s.failure)
	r.failed = r.failed || is
	return is
}

// write makes one client's write.
func (s *Scenario) write(tx *store.Tx, e *event) error {
	switch e.what {
	case remove:
		return s.table.remove(tx, e.key)
	case save:
		return s.table.replace(tx, e.key, e.with.plain)
	}
	return s.table.edit(tx, e.key, e.what != touch, func(to record) {
		for _, f := range e.with.named {
			if e.what == add {
				f.add(to, &e.with.plain)
			} else {
				f.set(to, &e.with.plain)
			}
		}
		for _, f := range e.touch {
			f.touch(to)
		}
	})
}

func (r *run) happen(ctx context.Context, e *event) error {
	switch e.what {
	case push:
		return r.contact(ctx, (*replica.Replica).Upload, fine)
	case pushLostAck:
		return r.contact(ctx, (*replica.Replica).Upload, lostAck)
	case pushPartial:
		return r.contact(ctx, (*replica.Replica).Upload, partial)
	case pull:
		return r.contact(ctx, (*replica.Replica).Download, fine)
	case reset:
		return r.reset(ctx)
	case crash:
		r.device.crashes = append(r.device.crashes, e.at)
		return nil
	case restart:
		return r.device.restart(ctx)
	case trim:
		r.backend.Trim(r.backend.Position())
		return r.startOver(ctx, e.what, backend.HistoryTrimmed)
	case recreate:
		r.backend.Recreate(r.backend.All()...)
		return r.startOver(ctx, e.what, backend.Recreated)
	case rollback:
		r.backend.Restore(r.states[e.to])
		return r.startOver(ctx, e.what, backend.Restored)
	}
	return fmt.Errorf("nothing is known of %q", e.what)
}

// contact lets the local client speak to the backend, on a wire with a fault.
func (r *run) contact(ctx context.Context, do func(r *replica.Replica, ctx context.Context) error, f fault) error {
	before := r.device.resets
	r.device.fault = f
	err := r.device.call(ctx, do)
	if errors.Is(err, store.ErrStoreCopied) { // the backend was put forward: an app renames the client
		if err = r.device.call(ctx, (*replica.Replica).Rename); err == nil {
			err = r.device.call(ctx, do)
		}
	}
	r.device.fault = fine
	if f == lostAck && errors.Is(err, errLostAck) || f == partial && errors.Is(err, errPartial) {
		err = nil
	}
	if err != nil {
		return err
	}
	if r.device.resets > before {
		for _, o := range r.device.report.Objects {
			if o.Outcome == merge.Failed {
				r.wanted(o.Reason)
			}
		}
	} else if r.due != "" {
		return fmt.Errorf("wanted a client reset after the %s, found none", r.due)
	}
	r.due = ""
	return nil
}

// reset carries a client reset out. If none is due the backend asks for one.
func (r *run) reset(ctx context.Context) error {
	if r.due == "" {
		client, _, err := r.position(ctx)
		if err != nil {
			return err
		}
		r.backend.Reset(client, backend.Operator)
		r.due = reset
	}
	return r.contact(ctx, (*replica.Replica).Download, fine)
}

// startOver sees to it that the next contact is a client reset, where the backend
// would not ask for one: for the client has seen all that was trimmed, or lost
// nothing that it knows of.
func (r *run) startOver(ctx context.Context, why kind, reason backend.Reason) error {
	r.due = why
	client, cursor, err := r.position(ctx)
	if err != nil {
		return err
	}
	for _, err := range r.backend.Pull(ctx, client, cursor) {
		if asks := new(backend.ClientResetError); errors.As(err, &asks) {
			return nil
		}
		if err != nil {
			return err
		}
		break
	}
	err = r.device.view(ctx, func(tx *store.Tx) error { return tx.Ledger().CheckMark(r.backend.Mark(client)) })
	if rewound := new(store.BackendRewoundError); errors.As(err, &rewound) {
		return nil
	}
	r.backend.Reset("", reason)
	if errors.Is(err, store.ErrStoreCopied) {
		return nil
	}
	return err
}

// position is the name under which the backend knows the local client, and what
// that has pulled.
func (r *run) position(ctx context.Context) (client string, cursor backend.Cursor, err error) {
	err = r.device.view(ctx, func(tx *store.Tx) error {
		client, _ = tx.Ledger().Client()
		text, err := tx.Meta("cursor")
		cursor = backend.Cursor(text)
		return err
	})
	return client, cursor, err
}
