package replica_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
)

// flakyDriver takes the live store for damaged, as often as it is told, when it is
// opened to be read, and cannot read all of it while broken says so.
type flakyDriver struct {
	*memstore.Disk
	path    string
	damaged int
	broken  error
}

func (d *flakyDriver) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (store.Engine, error) {
	if path == d.path && o.ReadOnly && d.damaged > 0 {
		d.damaged--
		return nil, fmt.Errorf("%w: a page does not look like one", store.ErrCorrupt)
	}
	return d.Disk.Open(ctx, path, schema, o)
}

func (d *flakyDriver) Checksum(ctx context.Context, path string) (string, error) {
	if path == d.path && d.broken != nil {
		return "", d.broken
	}
	return d.Disk.Checksum(ctx, path)
}

// A live store is discarded for damage only when it is damaged twice, and can be read.
func TestDiskThatFailsForAMoment(t *testing.T) {
	broken := errors.New("the disk fails")
	for _, c := range []struct {
		name     string
		damaged  int
		broken   error
		recovers bool
		err      error
	}{
		{"for a moment", 1, nil, true, nil},
		{"damage", 2, nil, false, nil},
		{"for longer", 1, broken, true, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				d := &flakyDriver{Disk: memstore.New()}
				a := newDevice(t, backend, func(o *replica.Options) {
					o.Driver, o.Strategy = d, reconcile.RecoverOrDiscard
					d.path = o.Path
				})
				a.set("x", write("base", 1))
				syncAll(a)
				a.set("x", write("mine", 2))
				d.damaged, d.broken = c.damaged, c.broken
				if err := a.ResetNow(t.Context()); !errors.Is(err, c.err) {
					t.Errorf("the reset gives %v", err)
				}
				d.damaged, d.broken = 0, nil
				syncAll(a)
				if c.recovers {
					a.has("x", "mine", 3)
				} else {
					a.has("x", "base", 1)
				}
			})
		})
	}
}
