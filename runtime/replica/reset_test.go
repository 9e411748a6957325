package replica_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// reasons are the ways in which a backend has clients start over.
var reasons = map[remote.Reason]func(backend *memremote.Backend, client string){
	remote.HistoryTrimmed: func(b *memremote.Backend, _ string) {
		b.Set(itemModel, key("other"), 1)
		b.Set(itemModel, key("another"), 1)
		b.Trim(b.Position())
	},
	remote.Restored: func(b *memremote.Backend, _ string) {
		saved := b.Save()
		b.Set(itemModel, key("other"), 1)
		b.Restore(saved)
	},
	remote.Recreated:     func(b *memremote.Backend, _ string) { b.Recreate(b.All()...) },
	remote.ClientExpired: func(b *memremote.Backend, client string) { b.Reset(client, remote.ClientExpired) },
	remote.SchemaChanged: func(b *memremote.Backend, client string) { b.Reset("", remote.SchemaChanged) },
	remote.Operator:      func(b *memremote.Backend, client string) { b.Reset(client, remote.Operator) },
}

// Whatever the reason, unsynced changes are carried over once.
func TestReset(t *testing.T) {
	for reason, happen := range reasons {
		t.Run(string(reason), func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				var why []remote.Reason
				a, b := newDevice(t, backend, func(o *replica.Options) {
					o.Before = func(ctx context.Context, e *remote.ClientResetError, view replica.View) error {
						why = append(why, e.Reason)
						return view(ctx, func(tx *store.Tx) error {
							_, err := records.Get(tx, "x")
							return err
						})
					}
				}), newDevice(t, backend, nil)
				for _, id := range []string{"x", "y", "gone", "back"} {
					a.set(id, write("base", 1))
				}
				syncAll(a, b)
				b.set("y", write("b", 4))
				syncAll(b)
				before := backend.Save()
				if reason == remote.Restored { // to before what the device has seen
					syncAll(a)
				}
				a.set("x", write("mine", 2))
				a.set("y", write("", 2))
				a.set("new", write("mine", 1))
				a.delete("gone")
				a.delete("back")
				a.set("back", write("again", 8))
				if reason == remote.Restored {
					b.set("x", write("", 16))
					syncAll(b)
					sync := newDevice(t, backend, nil)
					syncAll(sync, b)
					a.begin()
					a.Pause()
					backend.Restore(before)
				} else {
					happen(backend, a.client())
				}
				a.set("late", write("mine", 1))
				syncAll(a)
				lost := reason == remote.Restored
				if reason == remote.Recreated { // that it does not know this client any more shows first
					reason = remote.Restored
				}
				if len(why) != 1 || why[0] != reason {
					t.Fatalf("reasons %q, want %q", why, reason)
				}
				r := a.report()
				if !r.Applied || r.Failed > 0 || r.Losses > 0 {
					t.Errorf("%+v", r)
				}
				if !lost {
					if r.Total != 6 || r.Count(merge.Recovered) < 5 {
						t.Errorf("%d objects: %+v", r.Total, r.Counts)
					}
					a.has("x", "mine", 3)
					a.has("y", "b", 7)
					a.has("new", "mine", 1)
					a.lacks("gone")
					a.has("back", "again", 8)
				}
				a.has("late", "mine", 1)
				a.clean()
				want := []replica.Step{replica.Downloading, replica.Downloaded, replica.Closed, replica.Reconciled, replica.Moved, replica.Swapped, replica.Settling}
				if !slices.Equal(a.steps, want) {
					t.Errorf("steps %v", a.steps)
				}
				backup := a.backups(1)[0]
				if !backup.Settled || backup.Reason != reason || backup.Total != r.Total || backup.Client != a.client() || !slices.Contains(backup.Models, itemModel) {
					t.Errorf("%+v", backup)
				}
				if rewound := r.Rewound != nil; rewound != (backup.Pinned != "") {
					t.Errorf("rewound %v, pinned %q", rewound, backup.Pinned)
				}
				a.state(replica.Paused)
			})
		})
	}
}

// What a backend had acknowledged and lost is named, and its backup is pinned.
func TestRewound(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("old", 1))
		syncAll(a)
		saved := backend.Save()
		a.set("x", write("acknowledged", 2))
		syncAll(a)
		a.set("y", write("unsynced", 1))
		backend.Restore(saved)
		syncAll(a)
		r := a.report()
		if r.Rewound == nil || r.Rewound.Known.N != 1 || r.Rewound.Settled != 2 {
			t.Fatalf("%+v", r.Rewound)
		}
		if l := r.Lost; l == nil || l.Total != 1 || l.Objects[0].Key.Text() != "x" || !slices.Equal(l.Objects[0].Fields, []string{"text", "count"}) {
			t.Errorf("lost: %+v", l)
		}
		a.has("x", "old", 1)
		a.has("y", "unsynced", 1)
		b := a.backups(1)[0]
		if !strings.Contains(b.Pinned, "no more than cut 1 and had acknowledged cut 2") || !b.Settled {
			t.Errorf("%+v", b)
		}
		if removed, err := a.Prune(t.Context(), replica.Retention{}); err != nil || len(removed) > 0 {
			t.Errorf("pruned %v %v", removed, err)
		}
		if err := a.RemoveBackup(t.Context(), b, false); !errors.Is(err, replica.ErrBackupNeeded) {
			t.Errorf("removing it: %v", err)
		}
		backup, err := store.Open(t.Context(), a.disk, b.Path, a.options.Schema, store.Options{ReadOnly: true})
		a.must(err)
		defer backup.Close()
		a.must(backup.View(t.Context(), func(tx *store.Tx) error {
			f, err := records.Get(tx, "x")
			if err == nil && (f.Text() != "acknowledged" || f.Count() != 3) {
				t.Errorf("the backup has %q", f.Text())
			}
			return err
		}))
	})
}

// Two resets before anything was uploaded: what the first has recovered, and what
// was written in between, is carried over by the second.
func TestResetTwice(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		a.must(a.ResetNow(t.Context()))
		a.set("x", write("", 4))
		a.must(a.ResetNow(t.Context()))
		a.state(replica.Paused)
		backend.Reset("", remote.Operator)
		for _, b := range a.backups(2) {
			if b.Settled || b.Reason != remote.Requested {
				t.Errorf("%+v", b)
			}
		}
		if removed, err := a.Prune(t.Context(), replica.Retention{}); err != nil || len(removed) > 0 {
			t.Errorf("pruned %v %v", removed, err)
		}
		syncAll(a)
		a.has("x", "mine", 7)
		if n := backend.Get(itemModel, key("x")).Field("count").Value.Int(); n != 7 {
			t.Errorf("the backend has counted %d, want 7", n)
		}
		for _, b := range a.backups(3) {
			if !b.Settled {
				t.Errorf("%+v", b)
			}
		}
	})
}

// Another reason to start over comes up while the fresh copy is downloaded, and
// somebody writes here and there.
func TestResetDuringReset(t *testing.T) {
	for reason, happen := range reasons {
		t.Run(string(reason), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend := memremote.New(memremote.Options{SnapshotPage: 2, Latency: func(string, memremote.Call) time.Duration { return time.Second }})
				a := newDevice(t, backend, nil)
				for _, id := range []string{"a", "b", "c", "d", "e", "f", "x"} {
					a.set(id, write("base", 1))
				}
				syncAll(a)
				client := a.client()
				a.set("x", write("mine", 2))
				backend.Reset("", remote.Operator)
				a.must(a.Start())
				for a.Status().Step != replica.Downloading {
					time.Sleep(time.Second)
				}
				time.Sleep(2500 * time.Millisecond) // two pages have come
				a.set("x", write("", 4))
				happen(backend, client)
				time.Sleep(5 * time.Minute)
				for a.Status().State == replica.Syncing { // it looks from time to time
					time.Sleep(time.Second)
				}
				a.state(replica.Idle)
				a.has("x", "mine", 7)
				if n := backend.Get(itemModel, key("x")).Field("count").Value.Int(); n != 7 {
					t.Errorf("the backend has counted %d, want 7", n)
				}
				a.clean()
				a.has("f", "base", 1)
			})
		})
	}
}

// A transaction that goes on for too long: the app is told, the store stays usable,
// and the reset happens when the replica is opened again, or started.
func TestDrain(t *testing.T) {
	for _, restart := range []bool{true, false} {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			a := newDevice(t, backend, nil)
			a.set("x", write("base", 1))
			syncAll(a)
			a.set("x", write("mine", 2))
			backend.Reset("", remote.Operator)
			hold := make(chan struct{})
			busy := waiting(func(ctx context.Context) error {
				return a.Update(ctx, func(tx *store.Tx) error {
					<-hold
					return put(tx, "slow", write("slow", 1))
				})
			}, t.Context())
			a.must(a.Start())
			if restart {
				backend.Inject() // nothing goes wrong on the line
			}
			up := waiting(a.WaitForDownload, t.Context())
			time.Sleep(time.Minute)
			// The download needs to write to the live store too, so it has to wait first.
			if a.Status().State == replica.Failed {
				ended(t, up, replica.ErrResetNeedsRestart)
			}
			close(hold)
			ended(t, busy, nil)
			time.Sleep(time.Minute)
			a.set("y", write("later", 1))
			if restart {
				a.reopen(nil)
			} else {
				a.begin()
			}
			syncAll(a)
			a.has("x", "mine", 3)
			a.has("slow", "slow", 1)
			a.has("y", "later", 1)
			a.report()
			a.clean()
		})
	}
}

// A view that goes on for too long keeps the stores from being exchanged.
func TestDrainOfAView(t *testing.T) {
	for _, restart := range []bool{true, false} {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			a := newDevice(t, backend, nil)
			a.set("x", write("base", 1))
			syncAll(a)
			a.set("x", write("mine", 2))
			backend.Reset("", remote.Operator)
			hold := make(chan struct{})
			busy := waiting(func(ctx context.Context) error {
				return a.View(ctx, func(tx *store.Tx) error { <-hold; return nil })
			}, t.Context())
			a.must(a.Start())
			down := waiting(a.WaitForDownload, t.Context())
			time.Sleep(9 * time.Second)
			a.state(replica.Resetting)
			update := waiting(func(context.Context) error { return a.trySet("y", write("meanwhile", 1)) }, t.Context())
			still(t, update)
			time.Sleep(2 * time.Second)
			a.state(replica.Failed)
			ended(t, update, nil)
			ended(t, down, replica.ErrResetNeedsRestart)
			ended(t, waiting(a.WaitForUpload, t.Context()), replica.ErrResetNeedsRestart)
			close(hold)
			ended(t, busy, nil)
			a.set("z", write("later", 1))
			if restart {
				a.reopen(nil)
				a.report() // it needed no connection any more
			}
			syncAll(a)
			a.has("x", "mine", 3)
			a.has("y", "meanwhile", 1)
			a.has("z", "later", 1)
			a.report()
			a.clean()
		})
	}
}

// A reset that fails again and again is given up: the store is as it was and stays
// usable, the app is told, and can try again.
func TestGaveUp(t *testing.T) {
	for _, restart := range []bool{false, true} {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			failing := true
			var during []string
			var a *device
			a = newDevice(t, backend, func(o *replica.Options) {
				o.Attempts = 3
				o.Strategy = reconcile.Manual
				o.Manual = func(_ context.Context, h *reconcile.ByHand) error {
					if failing {
						return errors.New("the app has a bug")
					}
					for o, err := range h.Objects() {
						if err == nil {
							err = h.Recover(o)
						}
						if err != nil {
							return err
						}
					}
					return nil
				}
				told := o.Fallback
				o.Fallback = func(ctx context.Context, err error) {
					told(ctx, err)
					if v, ok := a.get("x"); ok { // the store is in use again
						during = append(during, v.Text)
					}
				}
			})
			a.set("x", write("base", 1))
			syncAll(a)
			a.set("x", write("mine", 2))
			backend.Reset("", remote.Operator)
			a.begin()
			if restart {
				a.reopen(nil)
				a.begin()
			}
			for range 20 {
				time.Sleep(10 * time.Second)
				if a.Status().State != replica.Failed {
					a.set("x", write("", 4))
				}
			}
			a.state(replica.Failed)
			if err := a.Status().Err; !errors.Is(err, replica.ErrResetGaveUp) || !strings.Contains(err.Error(), "the app has a bug") {
				t.Errorf("it failed with %v", err)
			}
			if len(a.gaveUp) != 1 || !errors.Is(a.gaveUp[0], replica.ErrResetGaveUp) || !slices.Equal(during, []string{"mine"}) {
				t.Errorf("told of %v, had %q then", a.gaveUp, during)
			}
			a.backups(0)
			v, _ := a.get("x")
			a.set("x", write("", 100))
			a.reopen(nil)
			a.begin()
			a.state(replica.Failed)
			ended(t, waiting(a.WaitForUpload, t.Context()), replica.ErrResetGaveUp)
			if err := a.ResetNow(t.Context()); err == nil {
				t.Error("the app's bug is gone by itself")
			}
			a.state(replica.Failed)
			failing = false
			a.must(a.ResetNow(t.Context()))
			a.state(replica.Stopped)
			syncAll(a)
			a.has("x", "mine", v.Count+100)
			if n := backend.Get(itemModel, key("x")).Field("count").Value.Int(); n != v.Count+100 {
				t.Errorf("the backend has counted %d", n)
			}
			a.clean()
		})
	}
}

// What the app's functions do wrong costs nobody anything.
func TestCallbacks(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		before, after := 0, 0
		a := newDevice(t, backend, func(o *replica.Options) {
			o.Before = func(ctx context.Context, e *remote.ClientResetError, view replica.View) error {
				switch before++; before {
				case 1:
					return errors.New("not now")
				case 2:
					panic("the app has a bug")
				}
				return nil
			}
			o.OnStep = func(replica.Step) { panic("the app has a bug") }
			told := o.After
			o.After = func(ctx context.Context, done *replica.Recovery) error {
				after++
				if err := told(ctx, done); err != nil {
					return err
				}
				err := done.Backup.View(ctx, func(tx *store.Tx) error {
					f, err := records.Get(tx, "x")
					if err == nil && f.Text() != "mine" {
						t.Errorf("the backup has %q", f.Text())
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if err := done.Replica.Update(ctx, func(tx *store.Tx) error { return put(tx, "after", write("by After", 1)) }); err != nil {
					t.Error(err)
				}
				if done.Saved.Path == "" || done.Report.Total != 1 {
					t.Errorf("%+v", done)
				}
				panic("the app has a bug")
			}
		})
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		backend.Reset("", remote.Operator)
		a.begin()
		a.state(replica.Offline)
		if err := a.Status().Err; !strings.Contains(err.Error(), "not now") {
			t.Errorf("the session says %v", err)
		}
		a.backups(0)
		a.begin()
		var panicked *replica.PanicError
		if err := a.Status().Err; !errors.As(err, &panicked) || panicked.Func != "Options.Before" {
			t.Errorf("the session says %v", err)
		}
		a.begin()
		a.state(replica.Idle)
		a.has("x", "mine", 3)
		a.has("after", "by After", 1)
		if before != 3 || after != 1 {
			t.Errorf("Before was called %d times, After %d times", before, after)
		}
		a.backups(1)
	})
}

func TestStrategies(t *testing.T) {
	for _, c := range []struct {
		strategy reconcile.Strategy
		policy   model.Policy
		manual   func(_ context.Context, h *reconcile.ByHand) error
		texts    map[string]string // "" is absent
	}{
		{reconcile.Recover, model.LastUpdated, nil, map[string]string{"x": "mine", "y": "theirs", "deleted here": "", "deleted there": "mine", "deleted here, changed there": "theirs", "new": "mine", "z": "theirs"}},
		{reconcile.RecoverOrDiscard, model.DeletesWin, nil, map[string]string{"x": "mine", "y": "theirs", "deleted here": "", "deleted there": "", "deleted here, changed there": "", "new": "mine", "z": "theirs"}},
		{reconcile.Discard, model.LastUpdated, nil, map[string]string{"x": "base", "y": "theirs", "deleted here": "base", "deleted there": "", "deleted here, changed there": "theirs", "new": "", "z": "theirs"}},
		{reconcile.Overwrite, model.LastUpdated, nil, map[string]string{"x": "mine", "y": "base", "deleted here": "base", "deleted there": "mine", "deleted here, changed there": "theirs", "new": "mine", "z": "theirs"}},
		{reconcile.Manual, model.LastUpdated, func(_ context.Context, h *reconcile.ByHand) error {
			for o, err := range h.Objects() {
				if err != nil {
					return err
				}
				if o.Key.Text() == "x" {
					if err := h.Recover(o); err != nil {
						return err
					}
				}
			}
			return put(h.Fresh, "by hand", write("by hand", 1))
		}, map[string]string{"x": "mine", "y": "theirs", "deleted here": "base", "deleted there": "", "new": "", "by hand": "by hand"}},
	} {
		t.Run(c.strategy.String(), func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a, b := newDevice(t, backend, func(o *replica.Options) { o.Strategy, o.Policy, o.Manual = c.strategy, c.policy, c.manual }), newDevice(t, backend, nil)
				for _, id := range []string{"x", "y", "deleted here", "deleted there", "deleted here, changed there"} {
					a.set(id, write("base", 1))
				}
				syncAll(a, b)
				a.set("x", write("mine", 0))
				a.delete("deleted here")
				a.delete("deleted here, changed there")
				a.set("deleted there", write("mine", 0))
				a.set("new", write("mine", 0))
				b.set("y", write("theirs", 0))
				b.delete("deleted there")
				b.set("deleted here, changed there", write("theirs", 0))
				b.set("z", write("theirs", 0))
				syncAll(b)
				backend.Reset(a.client(), remote.Operator)
				syncAll(a, b)
				for id, text := range c.texts {
					if text == "" {
						a.lacks(id)
						b.lacks(id)
						continue
					}
					for _, d := range []*device{a, b} {
						if v, ok := d.get(id); !ok || v.Text != text {
							t.Errorf("%s is %v %q, want %q", id, ok, v.Text, text)
						}
					}
				}
				a.clean()
				if r := a.report(); r.Strategy != c.strategy && r.FellBack == "" {
					t.Errorf("%+v", r)
				}
				a.backups(1)
			})
		})
	}
}

// While a reset is under way its status says how far it is; what waits goes on
// waiting.
func TestWriteDuringReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := memremote.New(memremote.Options{SnapshotPage: 2, Latency: func(string, memremote.Call) time.Duration { return time.Second }})
		many(backend, 40)
		a := newDevice(t, backend, nil)
		syncAll(a)
		backend.Reset("", remote.Operator)
		a.must(a.Start())
		up := waiting(a.WaitForUpload, t.Context())
		n := 0
		for range 30 {
			a.set("x", write("", 1))
			n++
			time.Sleep(time.Second)
			if s := a.Status(); s.State != replica.Resetting && s.State != replica.Syncing && s.State != replica.Idle {
				t.Errorf("%+v", s)
			}
		}
		time.Sleep(time.Minute)
		ended(t, up, nil)
		a.state(replica.Idle)
		a.has("x", "", int64(n))
		a.report()
		a.clean()
	})
}
