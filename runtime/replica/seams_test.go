package replica_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// Overwriting does not make an object anew that the fresh copy only holds back.
func TestOverwriteWithAnObjectHeldBack(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := clashing(t, backend, model.Policy{})
		a.reopen(func(o *replica.Options) { o.Strategy = reconcile.Overwrite })
		backend.Reset("", remote.Operator)
		syncAll(a)
		if rep := a.report(); rep.Failed != 1 || rep.Count(merge.Overwrote) > 1 {
			t.Errorf("the report is %+v", rep)
		}
		if b := a.backups(1)[0]; b.Pinned == "" {
			t.Errorf("the backup is %+v", b)
		}
		syncAll(a)
		a.clean()
		if got := sites(a); got != "a=1 b=2" {
			t.Errorf("it has %s", got)
		}
	})
}

// A change that was taken back was not sent, also where the object is written again
// before anything of it is sent, or only one of its fields was taken back.
func TestTakenBackInPart(t *testing.T) {
	for name, back := range map[string]func(a *device){
		"discarded, and written again": func(a *device) {
			a.must(a.Discard(a.t.Context(), itemModel, key("x")))
			a.set("x", func(f *items.FieldItemRecord) { f.AddTags("other") })
		},
		"set back, and written again": func(a *device) {
			a.set("x", func(f *items.FieldItemRecord) { f.SetText("base"); f.RemoveTags("mine") })
			a.set("x", func(f *items.FieldItemRecord) { f.AddTags("other") })
		},
		"one field set back": func(a *device) { a.set("x", func(f *items.FieldItemRecord) { f.SetText("base") }) },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := newDevice(t, backend, nil)
				a.set("x", write("base", 1))
				syncAll(a)
				a.set("x", func(f *items.FieldItemRecord) { f.SetText("mine"); f.AddTags("mine") })
				a.must(a.ResetNow(t.Context()))
				back(a)
				a.must(a.Upload(t.Context()))
				b := a.backups(1)[0]
				if b.Settled && !b.TakenBack {
					t.Errorf("all of it counts as arrived: %+v", b)
				}
				time.Sleep(time.Second)
				a.must(a.Restore(t.Context(), b))
				syncAll(a)
				if got, _ := a.get("x"); got.Text != "mine" {
					t.Errorf("x is %q", got.Text)
				}
			})
		})
	}
}

// What was sent and then changed again was not taken back.
func TestNotTakenBack(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", func(f *items.FieldItemRecord) { f.SetText("mine"); f.AddTags("mine"); f.AddCount(2) })
		a.must(a.ResetNow(t.Context()))
		backend.Set(itemModel, key("x"), 1<<40<<16, model.Named{Name: "text", Value: model.StringValue("mine")}) // others came to the same
		a.must(a.Download(t.Context()))
		a.set("x", func(f *items.FieldItemRecord) { f.SetText("later") })
		syncAll(a)
		a.begin()
		a.Pause()
		if b := a.backups(1)[0]; !b.Settled || b.TakenBack {
			t.Errorf("%+v", b)
		}
	})
}

// A callback of Open starts a session: that waits for Open, and After is called once.
func TestStartInAfterAtOpen(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		calls := 0
		ctx, cancel := context.WithCancel(t.Context())
		a := newDevice(t, backend, func(o *replica.Options) {
			o.After = func(ctx context.Context, r *replica.Recovery) error {
				if calls++; calls == 1 {
					cancel()
					<-ctx.Done()
					return ctx.Err()
				}
				if err := r.Replica.Start(); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Second)
				return nil
			}
		})
		a.set("x", write("base", 1))
		if err := a.ResetNow(ctx); err == nil {
			t.Fatal("it is through")
		}
		a.must(a.Close())
		a.open()
		synctest.Wait()
		a.state(replica.Idle)
		if calls != 2 {
			t.Errorf("After was called %d times", calls)
		}
	})
}

// A session that waits to try again is woken when ResetNow has got through.
func TestStatusAfterResetNow(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, func(o *replica.Options) { o.Backoff = time.Hour })
		a.set("x", write("base", 1))
		syncAll(a)
		backend.Offline("")
		a.begin()
		time.Sleep(10 * time.Minute)
		backend.Online("")
		a.must(a.ResetNow(t.Context()))
		synctest.Wait()
		a.state(replica.Idle)
	})
}

// What is held back is counted anew by a reset without a session.
func TestHeldBackAfterResetNow(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := clashing(t, backend, model.Policy{})
		syncAll(a)
		if n := a.Status().HeldBack; n != 1 {
			t.Fatalf("%d are held back", n)
		}
		backend.Set("place", key("a"), 2, model.Named{Name: "code", Value: model.StringValue("9")})
		a.must(a.ResetNow(t.Context()))
		if n := a.Status().HeldBack; n != 0 {
			t.Errorf("%d are held back", n)
		}
	})
}

// An object that a restored backend has lost is named although a change of it was
// undone while it was being sent.
func TestLostAndUndone(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("w", write("w", 1))
		syncAll(a)
		saved := backend.Save()
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 0))
		backend.Inject(memremote.Fault{Call: memremote.Push})
		if err := a.Upload(t.Context()); err == nil {
			t.Fatal("it was sent")
		}
		a.set("x", write("base", 0))
		backend.Restore(saved)
		syncAll(a)
		a.lacks("x")
		if lost := a.report().Lost; lost == nil || len(lost.Objects) != 1 || !lost.Objects[0].Key.Equal(key("x")) {
			t.Errorf("lost: %+v", lost)
		}
	})
}
