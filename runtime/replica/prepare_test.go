package replica_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
)

// lastMoment is a disk on which the app writes once more, when the fresh copy has been
// looked at and the live store is about to be closed. It knows which objects are read
// after that of the closed live store.
type lastMoment struct {
	*memstore.Disk
	live  string
	write func()
	read  []string
}

func (d *lastMoment) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (store.Engine, error) {
	e, err := d.Disk.Open(ctx, path, schema, o)
	if err != nil || !o.ReadOnly {
		return e, err
	}
	return &lastMomentEngine{e, d, path == d.live}, nil
}

type lastMomentEngine struct {
	store.Engine
	disk *lastMoment
	live bool
}

func (e *lastMomentEngine) Begin(ctx context.Context, write bool) (store.EngineTx, error) {
	tx, err := e.Engine.Begin(ctx, write)
	if err != nil || !e.live {
		return tx, err
	}
	return &lastMomentTx{tx, e.disk}, nil
}

func (e *lastMomentEngine) Close() error {
	if write := e.disk.write; !e.live && write != nil {
		e.disk.write = nil
		write()
	}
	return e.Engine.Close()
}

type lastMomentTx struct {
	store.EngineTx
	disk *lastMoment
}

func (t *lastMomentTx) Get(m *model.Info, key model.Value) (*model.Row, error) {
	t.disk.read = append(t.disk.read, key.Text())
	return t.EngineTx.Get(m, key)
}

// Most is decided while the live store is in use. What the app writes at the last moment
// is not lost, and is all that is still read of the closed live store.
func TestWritesAtTheLastMoment(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		d := &lastMoment{Disk: memstore.New()}
		a := newDevice(t, backend, func(o *replica.Options) { o.Driver, d.live = d, o.Path })
		b := newDevice(t, backend, nil)
		for _, id := range []string{"back", "gone", "later", "x", "y"} {
			a.set(id, write("base", 1))
		}
		syncAll(a, b)
		for _, id := range []string{"later", "x"} {
			b.set(id, write("", 4))
		}
		syncAll(b)
		for _, id := range []string{"back", "gone", "later", "x"} {
			a.set(id, write("mine", 2))
		}
		d.write = func() {
			a.set("back", write("base", -2))
			a.delete("gone")
			a.set("later", write("at last", 1))
			a.set("new", write("new", 1))
			a.set("y", write("", 1))
		}
		a.must(a.ResetNow(t.Context()))
		if got := a.report(); got.Total != 5 || got.Failed != 0 {
			t.Errorf("%+v", got)
		}
		if want := []string{"gone", "later", "new", "y"}; !slices.Equal(d.read, want) {
			t.Errorf("of the closed live store were read %q, not %q", d.read, want)
		}
		syncAll(a, b)
		for _, device := range []*device{a, b} {
			device.has("back", "base", 1)
			device.has("later", "at last", 8)
			device.has("new", "new", 1)
			device.has("x", "mine", 7)
			device.has("y", "base", 2)
			device.lacks("gone")
		}
	})
}

// A context that ends while an exchange is prepared ends the reset: the live store is
// still in use.
func TestContextEndsWhilePreparing(t *testing.T) {
	for range 20 { // the one who waits for two things at once may see either
		world(t, func(t *testing.T, backend *memremote.Backend) {
			d := &lastMoment{Disk: memstore.New()}
			a := newDevice(t, backend, func(o *replica.Options) { o.Driver, d.live = d, o.Path })
			a.set("x", write("base", 1))
			syncAll(a)
			a.set("x", write("mine", 2))
			ctx, cancel := context.WithCancel(t.Context())
			d.write = cancel
			if err := a.ResetNow(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("the reset gives %v", err)
			}
			if slices.Contains(a.steps, replica.Closed) {
				t.Fatal("the live store was closed")
			}
		})
	}
}

// otherProcess is a disk on which another process comes to the store between the moment
// when it was closed and the one when it is claimed.
type otherProcess struct {
	*memstore.Disk
	live string
	come func()
}

func (d *otherProcess) Claim(ctx context.Context, path string) (func() error, error) {
	if come := d.come; come != nil && path == d.live {
		d.come = nil
		come()
	}
	return d.Disk.Claim(ctx, path)
}

// Another process finishes the reset before this one has the store for itself, or one
// that was not begun when a backup was being restored: what it has done stays.
func TestAnotherProcessFinishes(t *testing.T) {
	for name, do := range map[string]func(a *device) error{
		"reset":   func(a *device) error { return a.ResetNow(a.t.Context()) },
		"restore": func(a *device) error { return a.Restore(a.t.Context(), a.backups(1)[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				d := &otherProcess{Disk: memstore.New()}
				a := newDevice(t, backend, func(o *replica.Options) { o.Driver, d.live = d, o.Path })
				a.set("x", write("base", 1))
				syncAll(a)
				resets(a, 1)
				syncAll(a)
				time.Sleep(time.Second)
				a.set("x", write("mine", 2))
				d.come = func() {
					o := a.options
					o.Driver = d.Disk
					other := &device{t: t, disk: d.Disk, options: o}
					other.open()
					if name == "restore" {
						other.must(other.ResetNow(t.Context()))
					}
					other.set("x", write("other", 4))
					other.backups(2)
					other.must(other.Close())
				}
				if err := do(a); !errors.Is(err, replica.ErrResetNeedsRestart) {
					t.Errorf("it gives %v", err)
				}
				for _, b := range a.backups(2) {
					a.must(a.Verify(t.Context(), b))
				}
				a.reopen(nil)
				syncAll(a)
				a.has("x", "other", 8)
				a.clean()
			})
		})
	}
}
