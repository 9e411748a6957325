package replica_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// flaws are the ways in which the published recipe of a client reset loses data, as
// far as they concern sessions, files and the order of things; package reconcile
// plays those that concern the merging alone. Here each ends well.
var flaws = []struct {
	id, what string
	play     func(t *testing.T, backend *memremote.Backend)
}{
	{"B1", "a write is made while the one before it is uploaded, and the end of that upload comes after it", func(t *testing.T, backend *memremote.Backend) {
		r := &racingRemote{backend, func() {}}
		a := newDevice(t, r, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("first", 2))
		r.race = func() {
			r.race = func() { backend.Offline("") }
			a.set("x", write("second", 4))
			a.set("y", write("second", 1))
		}
		a.begin()
		a.state(replica.Offline)
		backend.Online("")
		backend.Reset("", remote.Operator)
		r.race = func() {}
		syncAll(a)
		a.has("x", "second", 7)
		a.has("y", "second", 1)
		a.clean()
	}},
	{"B2", "a write and the end of an upload share a moment of the clock", func(t *testing.T, backend *memremote.Backend) {
		at := time.Now()
		a := newDevice(t, backend, func(o *replica.Options) { o.Now = func() time.Time { return at } })
		a.set("x", write("base", 1))
		a.set("gone", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		a.delete("gone")
		backend.Reset("", remote.Operator)
		syncAll(a)
		a.has("x", "mine", 3)
		a.lacks("gone")
	}},
	{"B3", "what another device made long ago and sent late was never seen here", func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		b.set("z", write("theirs", 1))
		time.Sleep(time.Hour)
		a.set("x", write("mine", 1))
		syncAll(a)
		time.Sleep(time.Hour)
		syncAll(b)
		backend.Reset(a.client(), remote.Operator)
		syncAll(a, b)
		a.has("z", "theirs", 1)
		b.has("z", "theirs", 1)
	}},
	{"B5", "the clock of this device is set back", func(t *testing.T, backend *memremote.Backend) {
		var back time.Duration
		a := newDevice(t, backend, func(o *replica.Options) { o.Now = func() time.Time { return time.Now().Add(-back) } })
		a.set("x", write("base", 1))
		syncAll(a)
		back = 48 * time.Hour
		a.set("x", write("mine", 2))
		a.reopen(nil)
		a.set("y", write("mine", 1))
		backend.Reset("", remote.Operator)
		syncAll(a)
		a.has("x", "mine", 3)
		a.has("y", "mine", 1)
	}},
	{"B11", "another device is in sync later than this one", func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a, b)
		a.set("x", write("mine", 2))
		time.Sleep(time.Hour)
		b.set("y", write("theirs", 1))
		syncAll(b)
		backend.Inject(memremote.Fault{Call: memremote.Push})
		a.begin() // it takes over what b wrote, and cannot send
		a.has("y", "theirs", 1)
		a.Pause()
		backend.Reset("", remote.Operator)
		syncAll(a)
		a.has("x", "mine", 3)
	}},
	{"B12", "the note of the last sync causes no other, and keeps no write from being one", func(t *testing.T, backend *memremote.Backend) {
		pushes := 0
		a := newDevice(t, &racingRemote{backend, func() { pushes++ }}, nil)
		a.begin()
		a.set("x", write("base", 1))
		time.Sleep(time.Millisecond)
		a.set("x", write("mine", 2))
		time.Sleep(time.Hour)
		if pushes != 2 {
			t.Errorf("%d pushes of two writes", pushes)
		}
		b := newDevice(t, backend, nil)
		b.begin()
		b.set("x", write("theirs", 0))
		synctest.Wait()
		backend.Reset("", remote.Operator)
		time.Sleep(time.Hour)
		a.has("x", "theirs", 3)
	}},
	{"B13", "nothing was ever synced", func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		backend.Set(itemModel, key("z"), 1, model.Named{Name: "text", Value: model.StringValue("theirs")})
		a.set("x", write("mine", 1))
		a.must(a.ResetNow(t.Context()))
		a.set("y", write("mine", 1))
		a.must(a.ResetNow(t.Context()))
		syncAll(a)
		a.has("x", "mine", 1)
		a.has("y", "mine", 1)
		a.has("z", "theirs", 0)
		if backend.Get(itemModel, key("x")) == nil || backend.Get(itemModel, key("y")) == nil {
			t.Error("it was not sent")
		}
	}},
	{"B14", "the process is killed in the middle of the recovery, and the next one knows nothing of it", func(t *testing.T, backend *memremote.Backend) {
		var c crasher
		a := newDevice(t, backend, c.wire)
		for _, id := range []string{"a", "b", "c", "d"} {
			a.set(id, write("base", 1))
		}
		syncAll(a)
		for _, id := range []string{"a", "b", "c"} {
			a.set(id, write("mine", 2))
		}
		a.delete("d")
		backend.Reset("", remote.Operator)
		for n := 1; c.where() != "step reconciled" && n < 100; n++ {
			a.Close()
			c.arm(0)
			a.open()
			c.arm(n)
			a.begin()
		}
		a.Close()
		c.arm(0)
		a.open()
		for _, id := range []string{"a", "b", "c"} {
			a.has(id, "mine", 3)
		}
		a.lacks("d")
		syncAll(a)
		a.clean()
		if len(backend.All()) != 3 {
			t.Error("the deletion was not sent")
		}
	}},
	{"B15", "a second reset before anything was uploaded", func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		for range 3 {
			backend.Reset("", remote.Operator)
			backend.Inject(memremote.Fault{Call: memremote.Push})
			a.begin()
			a.state(replica.Offline)
			a.Pause()
		}
		syncAll(a)
		a.has("x", "mine", 3)
	}},
	{"B16", "a second reset, and the backup of the first one", func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		at := time.Now() // both in one second
		a.reopen(func(o *replica.Options) { o.Now = func() time.Time { return at } })
		a.set("x", write("mine", 1))
		a.must(a.ResetNow(t.Context()))
		a.set("x", write("mine", 1))
		a.must(a.ResetNow(t.Context()))
		a.backups(2) // each of which is what it was
	}},
	{"B18", "the fresh copy does not get complete", func(t *testing.T, backend *memremote.Backend) {
		cut := &cutRemote{backend, true}
		a := newDevice(t, cut, nil)
		cut.cut = false
		for _, id := range []string{"a", "b", "c", "d"} {
			a.set(id, write("base", 1))
		}
		syncAll(a)
		a.delete("d")
		cut.cut = true
		backend.Reset("", remote.Operator)
		a.begin()
		a.state(replica.Offline)
		if err := a.Status().Err; !errors.Is(err, reconcile.ErrIncomplete) {
			t.Errorf("the session says %v", err)
		}
		a.has("a", "base", 1)
		a.lacks("d")
		a.backups(0)
		cut.cut = false
		syncAll(a)
		a.has("a", "base", 1)
		a.lacks("d")
		if len(backend.All()) != 3 {
			t.Errorf("the backend has %d objects", len(backend.All()))
		}
	}},
	{"B19", "another program has the store open, so that the reset cannot happen", func(t *testing.T, backend *memremote.Backend) {
		used := &usedDisk{}
		a := newDevice(t, backend, func(o *replica.Options) {
			used.Disk = o.Driver.(*memstore.Disk)
			o.Driver = used
		})
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		used.used = true
		backend.Reset("", remote.Operator)
		a.begin()
		a.state(replica.Failed)
		if err := a.Status().Err; !errors.Is(err, replica.ErrResetNeedsRestart) || !errors.Is(err, store.ErrInUse) {
			t.Errorf("the session says %v", err)
		}
		a.backups(0)
		a.has("x", "mine", 3)
		a.set("y", write("meanwhile", 1))
		used.used = false
		a.reopen(nil)
		a.report()
		syncAll(a)
		a.has("x", "mine", 3)
		a.has("y", "meanwhile", 1)
	}},
	{"B20", "the store is never away before its backup is there", func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		there := func() (live bool, backups int) {
			_, err := a.disk.Checksum(context.Background(), a.options.Path)
			all, _ := a.Backups(context.Background())
			return err == nil || errors.Is(err, store.ErrInUse), len(all)
		}
		var seen []replica.Step
		a.reopen(func(o *replica.Options) {
			o.OnStep = func(s replica.Step) {
				live, backups := there()
				if want := s == replica.Moved || s == replica.Swapped || s == replica.Settling; !live || (backups == 1) != want {
					t.Errorf("at the step %q: store %v, backups %d", s, live, backups)
				}
				seen = append(seen, s)
			}
		})
		a.set("x", write("mine", 1))
		a.must(a.ResetNow(t.Context()))
		if !slices.Contains(seen, replica.Moved) {
			t.Errorf("steps %q", seen)
		}
	}},
	{"B22", "the session ends while somebody waits for an upload", func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, func(o *replica.Options) {
			o.Attempts = 1
			o.Strategy, o.Manual = reconcile.Manual, func(context.Context, *reconcile.ByHand) error { return errors.New("no") }
		})
		a.set("x", write("base", 1))
		syncAll(a)
		backend.Offline("")
		a.begin()
		a.set("x", write("mine", 1))
		up := waiting(a.WaitForUpload, t.Context())
		backend.Reset("", remote.Operator)
		backend.Online("")
		a.must(a.Start())
		time.Sleep(time.Hour)
		ended(t, up, replica.ErrResetGaveUp)
	}},
	{"B23", "the app writes after it was told of the reset", func(t *testing.T, backend *memremote.Backend) {
		var a *device
		a = newDevice(t, backend, func(o *replica.Options) {
			o.Before = func(context.Context, *remote.ClientResetError, replica.View) error {
				return a.trySet("x", write("in Before", 2))
			}
		})
		a.set("x", write("base", 1))
		syncAll(a)
		backend.Reset("", remote.Operator)
		backend.Inject(memremote.Fault{Call: memremote.Snapshot})
		a.begin()
		a.set("y", write("between two tries", 1))
		syncAll(a)
		a.has("x", "in Before", 3)
		a.has("y", "between two tries", 1)
		a.clean()
	}},
	{"B26", "what is recovered keeps its time, so that it beats nothing newer", func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		newest := func(text string) func(*items.FieldItemRecord) {
			return func(f *items.FieldItemRecord) { f.SetNewest(text) }
		}
		a.set("x", newest("base"))
		syncAll(a, b)
		a.set("x", newest("mine, early"))
		time.Sleep(time.Hour)
		b.set("x", newest("theirs, late"))
		time.Sleep(time.Hour)
		a.must(a.ResetNow(t.Context()))
		a.must(a.ResetNow(t.Context()))
		syncAll(a, b, a)
		for _, d := range []*device{a, b} {
			if v, _ := d.get("x"); v.Newest != "theirs, late" {
				t.Errorf("it is %q", v.Newest)
			}
		}
	}},
	{"B27", "the store is put back to an earlier state behind the app's back", func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		a.set("x", write("old", 1))
		syncAll(a)
		a.must(a.Close())
		a.must(a.disk.Copy(t.Context(), a.options.Path, "saved"))
		a.open()
		a.set("x", write("mine", 2))
		syncAll(a, b)
		b.set("x", write("theirs", 4))
		syncAll(b, a)
		a.must(a.Close())
		a.must(a.disk.Remove(t.Context(), a.options.Path))
		a.must(a.disk.Copy(t.Context(), "saved", a.options.Path))
		a.open()
		a.set("y", write("mine", 1))
		a.begin()
		a.state(replica.Failed)
		if err := a.Status().Err; !errors.Is(err, store.ErrStoreCopied) {
			t.Errorf("the session says %v", err)
		}
		a.must(a.Update(t.Context(), func(tx *store.Tx) error { return tx.Ledger().Rename() }))
		syncAll(a, b)
		for _, d := range []*device{a, b} {
			d.has("x", "theirs", 7)
			d.has("y", "mine", 1)
			d.clean()
		}
	}},
}

func TestFlaws(t *testing.T) {
	for _, f := range flaws {
		t.Run(f.id+" "+f.what, func(t *testing.T) { world(t, f.play) })
	}
}

// cutRemote ends snapshots before their last page, as if that were all.
type cutRemote struct {
	*memremote.Backend
	cut bool
}

func (r *cutRemote) Snapshot(ctx context.Context, client string, resume remote.Resume) iter.Seq2[*remote.SnapshotPage, error] {
	return func(yield func(*remote.SnapshotPage, error) bool) {
		for page, err := range r.Backend.Snapshot(ctx, client, resume) {
			if r.cut && (err != nil || page.Last) {
				return
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// usedDisk is one on which another program has a store open.
type usedDisk struct {
	*memstore.Disk
	used bool
}

func (d *usedDisk) Claim(ctx context.Context, path string) (func() error, error) {
	if d.used {
		return nil, store.ErrInUse
	}
	return d.Disk.Claim(ctx, path)
}
