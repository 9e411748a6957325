package replica_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// A process is killed when the stores are exchanged, and somebody lays hands on the
// backup before the next one: that has the data, says what the matter is, and ends the
// reset when it can.
func TestManifestOfAPendingReset(t *testing.T) {
	for _, c := range []struct {
		name   string
		happen func(t *testing.T, a *device, b *replica.Backup)
		fails  bool // until somebody mends it
		mend   func(t *testing.T, a *device, b *replica.Backup)
		gone   bool // so is the backup
	}{
		{name: "removed", happen: func(t *testing.T, a *device, b *replica.Backup) { a.must(os.Remove(b.Path + ".json")) }},
		{name: "empty", happen: func(t *testing.T, a *device, b *replica.Backup) { a.must(os.WriteFile(b.Path+".json", nil, 0o600)) }},
		{name: "damaged", happen: func(t *testing.T, a *device, b *replica.Backup) {
			a.must(os.WriteFile(b.Path+".json", []byte(`{"made": "yesterday"}`), 0o600))
		}},
		{name: "unreadable", fails: true, happen: func(t *testing.T, a *device, b *replica.Backup) {
			a.must(os.Remove(b.Path + ".json"))
			a.must(os.Mkdir(b.Path+".json", 0o700))
		}, mend: func(t *testing.T, a *device, b *replica.Backup) { a.must(os.Remove(b.Path + ".json")) }},
		{name: "with the backup", gone: true, happen: func(t *testing.T, a *device, b *replica.Backup) {
			a.must(os.Remove(b.Path + ".json"))
			a.must(a.disk.Remove(t.Context(), b.Path))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				var crash crasher
				a := newDevice(t, backend, crash.wire)
				a.set("x", write("base", 1))
				syncAll(a)
				a.set("x", write("mine", 2))
				told := a.options.OnStep
				a.options.OnStep = func(s replica.Step) {
					if s == replica.Swapped {
						crash.arm(1)
					}
					told(s)
				}
				a.reopen(nil)
				backend.Reset(a.client(), remote.Operator)
				a.begin()
				if crash.where() != "step swapped" {
					t.Fatalf("it crashed at %q", crash.where())
				}
				a.Close()
				crash.arm(0)
				b, err := a.Backups(t.Context())
				if err != nil || len(b) != 1 {
					t.Fatal(b, err)
				}
				c.happen(t, a, b[0])
				a.options.OnStep = told
				a.open()
				a.has("x", "mine", 3)
				if failed := a.Status().Err != nil; failed != c.fails {
					t.Errorf("the status is %+v", a.Status())
				}
				if c.mend != nil {
					a.begin()
					a.state(replica.Offline)
					c.mend(t, a, b[0])
				}
				syncAll(a)
				a.has("x", "mine", 3)
				a.clean()
				r := a.report()
				if r.Total != 1 || r.Failed > 0 {
					t.Errorf("%+v", r)
				}
				if c.gone {
					a.backups(0)
				} else if after := a.backups(1)[0]; !after.Settled || after.Total != 1 || after.Reason != remote.Operator || after.Client != b[0].Client || after.SHA256 == "" {
					t.Errorf("%+v", after)
				}
				if _, err := os.Stat(b[0].ReportPath); c.gone != errors.Is(err, os.ErrNotExist) {
					t.Errorf("the report: %v", err)
				}
				resets(a, 1)
				syncAll(a)
			})
		})
	}
}

// A manifest says what is in the backup, and what is in it only.
func TestManifest(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, func(o *replica.Options) { o.Strategy = reconcile.Discard })
		const many = 1001
		a.must(a.Update(t.Context(), func(tx *store.Tx) error {
			for i := range many {
				if err := put(tx, fmt.Sprintf("%04d", i), write("mine", 1)); err != nil {
					return err
				}
			}
			return nil
		}))
		a.must(a.ResetNow(t.Context()))
		b := a.backups(1)[0]
		if b.Total != many || len(b.NotRecovered) != many-1 {
			t.Errorf("of %d objects %d are named", b.Total, len(b.NotRecovered))
		}
		if first := b.NotRecovered[0]; first.Model != itemModel || !first.Key.Equal(key("0000")) || first.Reason == "" {
			t.Errorf("%+v", first)
		}
		if fields := b.Fields[itemModel]; len(b.Fields) != len(b.Models) || !slices.Contains(fields, "id") || !slices.Contains(fields, "text") {
			t.Errorf("fields %q", b.Fields)
		}

		a.reopen(func(o *replica.Options) { o.Strategy = reconcile.Recover })
		a.set("x", write("mine", 1))
		time.Sleep(time.Second)
		a.must(a.ResetNow(t.Context()))
		if b := a.backups(2)[1]; b.Total != 1 || len(b.NotRecovered) > 0 {
			t.Errorf("%+v", b)
		}
	})
}
