package replica_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
)

// crasher ends a device's process at a moment of its choice: before or after a
// commit, a call to the backend or an operation on the store's files, or when a
// client reset has reached a step. Nothing that the process would have done
// afterwards happens: its stores are dead, and the goroutine ends there.
type crasher struct {
	disk *memstore.Disk

	mu      sync.Mutex
	in      int    // moments until it happens; 0 is never
	at      string // where it happened; "" if it did not
	moments int    // there were so far
	failIn  int    // writes to disk until one fails; 0 is never
}

// errDisk is what a write to disk fails with, when it does.
var errDisk = errors.New("the disk is full")

// fail has the nth write to disk from now on fail.
func (c *crasher) fail(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failIn = n
}

func (c *crasher) fails() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failIn > 0 {
		if c.failIn--; c.failIn == 0 {
			return errDisk
		}
	}
	return nil
}

// arm has the process crash at the nth moment from now on.
func (c *crasher) arm(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in, c.at, c.moments = n, "", 0
}

// where is where the process crashed, "" where it did not.
func (c *crasher) where() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *crasher) moment(name string) {
	c.mu.Lock()
	c.moments++
	if c.at == "" && c.in > 0 {
		if c.in--; c.in == 0 {
			c.at = name
			c.disk.Kill()
		}
	}
	crashed := c.at != ""
	c.mu.Unlock()
	if crashed {
		runtime.Goexit()
	}
}

// wire has a device crash by c.
func (c *crasher) wire(o *replica.Options) {
	c.disk = o.Driver.(*memstore.Disk)
	o.Driver = &crashingDisk{c.disk, c}
	o.Remote = &crashingRemote{o.Remote.(*memremote.Backend), c}
	told := o.OnStep
	o.OnStep = func(s replica.Step) {
		told(s)
		c.moment("step " + string(s))
	}
}

// crashable runs do as the process that may crash in it.
func (c *crasher) crashable(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	<-done
}

type crashingDisk struct {
	*memstore.Disk
	c *crasher
}

func (d *crashingDisk) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (store.Engine, error) {
	e, err := d.Disk.Open(ctx, path, schema, o)
	if err != nil {
		return nil, err
	}
	return &crashingEngine{e, d.c}, nil
}

func (d *crashingDisk) Link(ctx context.Context, from, to string) error {
	d.c.moment("before Link")
	err := d.c.fails()
	if err == nil {
		err = d.Disk.Link(ctx, from, to)
	}
	d.c.moment("after Link")
	return err
}

func (d *crashingDisk) Copy(ctx context.Context, from, to string) error {
	err := d.c.fails()
	if err == nil {
		err = d.Disk.Copy(ctx, from, to)
	}
	d.c.moment("after Copy")
	return err
}

func (d *crashingDisk) Replace(ctx context.Context, from, over string) error {
	d.c.moment("before Replace")
	err := d.c.fails()
	if err == nil {
		err = d.Disk.Replace(ctx, from, over)
	}
	d.c.moment("after Replace")
	return err
}

func (d *crashingDisk) Remove(ctx context.Context, path string) error {
	d.c.moment("before Remove")
	err := d.c.fails()
	if err == nil {
		err = d.Disk.Remove(ctx, path)
	}
	d.c.moment("after Remove")
	return err
}

type crashingEngine struct {
	store.Engine
	c *crasher
}

func (e *crashingEngine) Begin(ctx context.Context, write bool) (store.EngineTx, error) {
	tx, err := e.Engine.Begin(ctx, write)
	if err != nil || !write {
		return tx, err
	}
	return &crashingTx{tx, e.c}, nil
}

type crashingTx struct {
	store.EngineTx
	c *crasher
}

// Commit is two moments.
const beforeCommit, afterCommit = "before a commit", "after a commit"

func (tx *crashingTx) Commit() error {
	tx.c.moment(beforeCommit)
	err := tx.c.fails()
	if err == nil {
		err = tx.EngineTx.Commit()
	}
	if err == nil {
		tx.c.moment(afterCommit)
	}
	return err
}

type crashingRemote struct {
	backend *memremote.Backend
	c       *crasher
}

func (r *crashingRemote) Watch(ctx context.Context, client string, after remote.Cursor) error {
	return r.backend.Watch(ctx, client, after)
}

func (r *crashingRemote) Push(ctx context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	r.c.moment("before Push")
	answer, err := r.backend.Push(ctx, chunk)
	r.c.moment("after Push")
	return answer, err
}

func (r *crashingRemote) Settle(ctx context.Context, client string, epoch uint64) (model.Mark, error) {
	r.c.moment("before Settle")
	mark, err := r.backend.Settle(ctx, client, epoch)
	r.c.moment("after Settle")
	return mark, err
}

func (r *crashingRemote) Pull(ctx context.Context, client string, after remote.Cursor) iter.Seq2[*remote.Page, error] {
	return func(yield func(*remote.Page, error) bool) {
		for page, err := range r.backend.Pull(ctx, client, after) {
			r.c.moment("in Pull")
			if !yield(page, err) {
				return
			}
		}
	}
}

func (r *crashingRemote) Snapshot(ctx context.Context, client string, resume remote.Resume) iter.Seq2[*remote.SnapshotPage, error] {
	return func(yield func(*remote.SnapshotPage, error) bool) {
		for page, err := range r.backend.Snapshot(ctx, client, resume) {
			r.c.moment("in Snapshot")
			if !yield(page, err) {
				return
			}
		}
	}
}
