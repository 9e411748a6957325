package replica_test

import (
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
)

// A backup does not count as settled by what another one has sent: what was recovered
// from the first is put aside by Restore before it is sent, and comes back with it.
func TestPutAsideBeforeItWasSent(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.must(a.ResetNow(t.Context()))
		syncAll(a)
		old := a.backups(1)[0]
		time.Sleep(time.Second)
		a.set("x", write("mine", 2))
		backend.Reset("", remote.Operator)
		a.must(a.Download(t.Context())) // which starts over, and sends nothing
		a.has("x", "mine", 3)
		with := a.backups(2)[1]
		time.Sleep(time.Second)
		a.must(a.Restore(t.Context(), old))
		syncAll(a)
		a.has("x", "base", 1)
		if b := a.backups(4)[1]; b.Path != with.Path || b.Settled {
			t.Errorf("what is only there counts as settled: %+v", b)
		}
		a.must(a.Restore(t.Context(), with))
		syncAll(a)
		a.has("x", "mine", 3)
		if o := backend.Get(itemModel, key("x")); o.Field("count").Value.Int() != 3 {
			t.Errorf("the backend has %+v", o)
		}
	})
}

// Nor by a reset that does not carry on what an earlier one has recovered.
func TestDiscardedBeforeItWasSent(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		backend.Reset("", remote.Operator)
		a.must(a.Download(t.Context()))
		with := a.backups(1)[0]
		time.Sleep(time.Second)
		a.reopen(func(o *replica.Options) { o.Strategy = reconcile.Discard })
		a.must(a.ResetNow(t.Context()))
		syncAll(a)
		a.has("x", "base", 1)
		if b := a.backups(2)[0]; b.Path != with.Path || b.Settled {
			t.Errorf("what is only there counts as settled: %+v", b)
		}
		if _, err := a.Prune(t.Context(), replica.Retention{}); err != nil {
			t.Error(err)
		}
		a.reopen(func(o *replica.Options) { o.Strategy = reconcile.Recover })
		a.must(a.Restore(t.Context(), with))
		syncAll(a)
		a.has("x", "mine", 3)
	})
}
