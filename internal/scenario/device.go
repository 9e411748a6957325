package scenario

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// device is the local client.
type device struct {
	s       *Scenario
	backend *memremote.Backend
	disk    disk
	folder  string // of the live store
	now     time.Time
	fault   fault
	crashes []replica.Step // that are still to happen, in their order

	process *process
	resets  int             // that came to their end
	report  *replica.Report // of the latest of them
}

// process is one life of the local client.
type process struct {
	device  *device
	wire    wire
	replica *replica.Replica
	err     error // why a kill did not succeed
}

func (d *device) start(ctx context.Context) error {
	for {
		p := &process{device: d, wire: wire{to: d.backend, fault: &d.fault}}
		var err error
		alone(func() { p.replica, err = replica.Open(ctx, p.options()) })
		if !p.wire.dead {
			d.process = p
			return err
		}
		if err := p.bury(); err != nil {
			return err
		}
	}
}

func (p *process) options() replica.Options {
	d := p.device
	return replica.Options{
		Driver: d.disk.driver(), Path: filepath.Join(d.folder, "app.db"), Schema: d.s.table.schema(), Remote: &p.wire,
		Policy: d.s.policy, Strategy: d.s.strategy,
		OnStep: p.step, After: p.after,
		Chunk: 1, // so that a push can get through in part
		Now:   func() time.Time { return d.now }, Logger: slog.New(slog.DiscardHandler),
	}
}

// step kills the process where the scenario says so.
func (p *process) step(at replica.Step) {
	d := p.device
	if p.wire.dead || len(d.crashes) == 0 || d.crashes[0] != at {
		return
	}
	d.crashes = d.crashes[1:]
	p.wire.dead = true
	left, err := d.disk.kill(d.folder)
	if err != nil {
		p.err = fmt.Errorf("killing the process: %w", err)
		return
	}
	d.folder = left
}

// after keeps the report of a reset.
func (p *process) after(ctx context.Context, done *replica.Recovery) error {
	if !p.wire.dead {
		p.device.resets++
		p.device.report = done.Report
	}
	return nil
}

// bury lets go of a process that was killed. Where it can still do something, that
// is nothing to the scenario.
func (p *process) bury() error {
	if p.replica != nil {
		p.replica.Close()
	}
	return p.err
}

// call makes a call of the replica's. If the process is killed meanwhile, another
// one makes it again.
func (d *device) call(ctx context.Context, do func(r *replica.Replica, ctx context.Context) error) error {
	for {
		p := d.process
		var err error
		alone(func() { err = do(p.replica, ctx) })
		if !p.wire.dead {
			return err
		}
		if err := p.bury(); err != nil {
			return err
		}
		if err := d.start(ctx); err != nil {
			return err
		}
	}
}

func (d *device) restart(ctx context.Context) error {
	if err := d.process.replica.Close(); err != nil {
		return err
	}
	return d.start(ctx)
}

func (d *device) update(ctx context.Context, do func(tx *store.Tx) error) error {
	return d.process.replica.Update(ctx, do)
}

func (d *device) view(ctx context.Context, do func(tx *store.Tx) error) error {
	return d.process.replica.View(ctx, do)
}

// alone runs do on a goroutine of its own, which a kill may end.
func alone(do func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do()
	}()
	<-ended
}
