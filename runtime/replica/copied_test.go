package replica_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// copyOf is another device with a copy of a device's store, as when a whole disk is
// copied.
func copyOf(d *device) *device {
	d.t.Helper()
	d.must(d.Close())
	path := filepath.Join(d.t.TempDir(), "app.db")
	d.must(d.disk.Copy(context.Background(), d.options.Path, path))
	d.open()
	c := prepare(d.t, d.options.Remote, nil)
	c.disk, c.options.Driver, c.options.Path = d.disk, d.disk, path
	c.open()
	return c
}

// Two copies of a store cannot go on as one client. The one that comes second is
// told, and goes on as a client of its own.
func TestStoreCopied(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("a", 1))
		syncAll(a)
		b := copyOf(a)
		a.set("x", write("", 2))
		b.set("x", write("", 4))
		b.set("y", write("b", 1))
		syncAll(a)
		b.must(b.Start())
		err := b.WaitForUpload(t.Context())
		ended(t, waiting(func(context.Context) error { return err }, t.Context()), store.ErrStoreCopied)
		b.state(replica.Failed)
		b.has("y", "b", 1)

		b.must(b.Update(t.Context(), func(tx *store.Tx) error { return tx.Ledger().Rename() }))
		syncAll(b, a)
		a.has("x", "a", 7)
		b.has("x", "a", 7)
		a.has("y", "b", 1)
		if a.client() == b.client() {
			t.Error("they are one client")
		}
	})
}
