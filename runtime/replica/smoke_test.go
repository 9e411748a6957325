package replica_test

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

func TestTwoClients(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		a.set("x", write("a", 2))
		syncAll(a, b)
		b.has("x", "a", 2)
		a.set("x", func(f *items.FieldItemRecord) { f.SetOther("a"); f.AddCount(3) })
		b.set("x", write("b", 5))
		syncAll(a, b, a)
		a.has("x", "b", 10)
		b.has("x", "b", 10)
		if a.content() != b.content() {
			t.Errorf("%s\n%s", a.content(), b.content())
		}
		a.clean()
		b.clean()
	})
}

func TestReset(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("a", 2))
		syncAll(a)
		a.set("x", write("b", 3))
		backend.Reset("", remote.Operator)
		syncAll(a)
		if r := a.report(); r.Total != 1 {
			t.Errorf("%+v", r)
		}
		a.has("x", "b", 5)
		if b := a.backups(1)[0]; !b.Settled {
			t.Error("the backup is not settled")
		}
	})
}
