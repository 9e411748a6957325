package replica_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// resets makes n backups, a day apart.
func resets(a *device, n int) {
	for range n {
		a.set("x", write("", 1))
		a.must(a.ResetNow(context.Background()))
		time.Sleep(24 * time.Hour)
	}
}

func TestPrune(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		resets(a, 2)
		prune := func(keep replica.Retention, want int) {
			t.Helper()
			removed, err := a.Prune(t.Context(), keep)
			if err != nil || len(removed) != want {
				t.Errorf("%+v removes %d, want %d: %v", keep, len(removed), want, err)
			}
			for _, b := range removed {
				for _, path := range []string{b.ReportPath, b.Path + ".json"} {
					if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
						t.Errorf("%s: %v", path, err)
					}
				}
				if _, err := a.disk.Checksum(t.Context(), b.Path); err == nil {
					t.Errorf("%s is still there", b.Path)
				}
			}
		}
		prune(replica.Retention{}, 0) // nothing is settled
		if err := a.RemoveBackup(t.Context(), a.backups(2)[0], false); !errors.Is(err, replica.ErrBackupNeeded) {
			t.Errorf("removing one that is needed: %v", err)
		}
		syncAll(a)
		prune(replica.Retention{Keep: 2}, 0)
		prune(replica.Retention{Young: 3 * 24 * time.Hour}, 0)
		prune(replica.Retention{Young: 36 * time.Hour}, 1)
		resets(a, 1)
		prune(replica.Retention{Keep: 1}, 1)
		prune(replica.Retention{}, 0)
		prune(replica.Retention{Force: true}, 1)
		syncAll(a) // the record of the reset names a backup that is gone
		a.clean()
		resets(a, 2)
		all := a.backups(2)
		a.must(a.RemoveBackup(t.Context(), all[1], true))
		if left := a.backups(1); left[0].Path != all[0].Path {
			t.Errorf("left is %s", left[0].Path)
		}
		if err := a.RemoveBackup(t.Context(), all[1], true); err == nil {
			t.Error("removing one that is gone")
		}
	})
}

func TestDamagedBackup(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		resets(a, 1)
		b := a.backups(1)[0]
		damaged, err := store.Open(t.Context(), a.disk, b.Path, a.options.Schema, store.Options{})
		a.must(err)
		a.must(damaged.Update(t.Context(), func(tx *store.Tx) error { return put(tx, "x", write("", 1)) }))
		a.must(damaged.Close())
		if err := a.Verify(t.Context(), b); !errors.Is(err, replica.ErrBackupDamaged) {
			t.Errorf("verifying: %v", err)
		}
		before := a.content()
		if err := a.Restore(t.Context(), b); !errors.Is(err, replica.ErrBackupDamaged) || before != a.content() {
			t.Errorf("restoring: %v", err)
		}
		all, err := a.Backups(t.Context())
		if err != nil || len(all) != 1 {
			t.Errorf("%d backups, %v", len(all), err)
		}
		a.state(replica.Stopped)
	})
}

// A backup whose changes have arrived comes back without sending them again, be it
// known as settled to the caller or not.
func TestRestoreOfASettledBackup(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		a.must(a.ResetNow(t.Context()))
		early := a.backups(1)[0]
		if early.Settled {
			t.Fatal("it is settled already")
		}
		client := a.client()
		syncAll(a)
		a.must(a.Restore(t.Context(), early))
		a.state(replica.Paused)
		a.has("x", "mine", 3)
		syncAll(a)
		a.has("x", "mine", 3)
		a.clean()
		if a.client() == client {
			t.Error("it is the same client")
		}
		for _, b := range a.backups(3) { // what had arrived the backend may have lost since, so the restored one starts over
			if b.Pinned != "" || b.Reason == replica.BroughtBack && b.Detail != early.Path {
				t.Errorf("%+v", b)
			}
		}
	})
}

// What the strategy discard has left in a backup comes back with it, and is sent.
func TestRestoreOfWhatWasDiscarded(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, func(o *replica.Options) { o.Strategy = reconcile.Discard }), newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a, b)
		a.set("x", write("mine", 2))
		a.set("y", write("mine", 1))
		b.set("x", write("", 4))
		syncAll(b)
		backend.Reset(a.client(), remote.Operator)
		syncAll(a)
		a.has("x", "base", 5)
		a.lacks("y")
		a.must(a.Restore(t.Context(), a.backups(1)[0]))
		syncAll(a, b)
		for _, d := range []*device{a, b} {
			d.has("x", "mine", 7)
			d.has("y", "mine", 1)
			d.clean()
		}
	})
}

// A restored backup can be exchanged for what it has taken the place of: what was
// unsynced there is sent then.
func TestRestoreAndBack(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		a.must(a.ResetNow(t.Context()))
		syncAll(a)
		first := a.backups(1)[0]
		time.Sleep(time.Second)
		a.set("x", write("mine", 2))
		a.set("y", write("mine", 1))
		a.must(a.Restore(t.Context(), first))
		a.has("x", "base", 1)
		a.lacks("y")
		syncAll(a)
		all := a.backups(3) // what was restored had never pulled, so it has started over
		aside := all[slices.IndexFunc(all, func(b *replica.Backup) bool { return b.Reason == replica.BroughtBack })]
		if aside.Total != 2 || aside.Pinned == "" {
			t.Errorf("%+v", aside)
		}
		if removed, err := a.Prune(t.Context(), replica.Retention{}); err != nil || slices.ContainsFunc(removed, func(b *replica.Backup) bool { return b.Path == aside.Path }) {
			t.Errorf("pruned %v %v", removed, err)
		}
		a.must(a.Restore(t.Context(), aside))
		a.has("x", "mine", 3)
		syncAll(a)
		a.has("x", "mine", 3)
		a.has("y", "mine", 1)
		if o := backend.Get(itemModel, key("x")); o.Field("text").Value.Text() != "mine" || o.Field("count").Value.Int() != 3 {
			t.Errorf("the backend has %+v", o)
		}
		if backend.Get(itemModel, key("y")) == nil {
			t.Error("the backend has not got y")
		}
		a.clean()
	})
}

// While a reset cannot go on nothing is restored.
func TestRestoreDuringReset(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		resets(a, 1)
		syncAll(a)
		backend.Inject(memremote.Fault{Call: memremote.Snapshot})
		if err := a.ResetNow(t.Context()); !errors.Is(err, memremote.ErrConnection) {
			t.Fatal(err)
		}
		a.state(replica.Paused)
		if err := a.Restore(t.Context(), a.backups(1)[0]); !errors.Is(err, replica.ErrResetNeedsRestart) || !strings.Contains(err.Error(), string(replica.Downloading)) {
			t.Errorf("restoring: %v", err)
		}
		syncAll(a)
		a.backups(2)
	})
}

// Restore survives a kill at any moment: it has happened, or not at all.
func TestRestoreKilled(t *testing.T) {
	for n := 1; ; n++ {
		over := false
		world(t, func(t *testing.T, backend *memremote.Backend) {
			var c crasher
			a := newDevice(t, backend, c.wire)
			a.set("x", write("base", 1))
			a.must(a.ResetNow(t.Context()))
			syncAll(a)
			a.set("x", write("mine", 2))
			b := a.backups(1)[0]
			c.arm(n)
			c.crashable(func() {
				if err := a.Restore(context.Background(), b); err != nil {
					t.Error(err)
				}
			})
			over = c.where() == ""
			a.Close()
			c.arm(0)
			a.open()
			if v, _ := a.get("x"); v.Count != 1 && v.Count != 3 {
				t.Errorf("killed %s it has counted %d", c.where(), v.Count)
			} else if count := v.Count; count == 1 {
				if all := a.backups(2); all[1].Total != 1 {
					t.Errorf("%+v", all[1])
				}
				a.clean()
			} else {
				a.backups(1)
			}
			syncAll(a)
			a.clean()
		})
		if over {
			if n < 8 {
				t.Errorf("only %d moments", n)
			}
			return
		}
	}
}

// The backup of a reset that is not through yet stays, forced or not: the reset goes
// on with it.
func TestPruneDuringReset(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 2))
		inTheWay := ""
		a.reopen(func(o *replica.Options) {
			o.OnStep = func(s replica.Step) {
				manifests, err := filepath.Glob(filepath.Join(filepath.Dir(o.Path), "backups", "*.json"))
				if s == replica.Swapped && err == nil && len(manifests) == 1 && inTheWay == "" {
					inTheWay = strings.TrimSuffix(manifests[0], ".json") + ".report.json"
					a.must(os.Mkdir(inTheWay, 0o700))
				}
			}
		})
		if err := a.ResetNow(t.Context()); err == nil || !strings.Contains(err.Error(), "report") {
			t.Fatalf("the reset gives %v", err)
		}
		all, err := a.Backups(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		if removed, err := a.Prune(t.Context(), replica.Retention{Force: true}); err != nil || len(removed) > 0 {
			t.Errorf("pruned %v, %v", removed, err)
		}
		if err := a.RemoveBackup(t.Context(), all[0], true); !errors.Is(err, replica.ErrBackupNeeded) || !strings.Contains(err.Error(), string(replica.Swapped)) {
			t.Errorf("removing it: %v", err)
		}
		a.reopen(nil) // which is no reason to keep the app from its data
		a.has("x", "mine", 3)
		if s := a.Status(); s.Err == nil || !strings.Contains(s.Err.Error(), "report") {
			t.Errorf("opened again it says %+v", s)
		}
		a.must(os.Remove(inTheWay))
		syncAll(a)
		a.has("x", "mine", 3)
		a.clean()
		if b := a.backups(1)[0]; !b.Settled {
			t.Errorf("%+v", b)
		}
	})
}

// What a backend had acknowledged and lost comes back with Restore for as long as the
// backend is not asked: to have it there, it is written over what the backend has.
func TestRestoreOfWhatTheBackendLost(t *testing.T) {
	for _, strategy := range []reconcile.Strategy{reconcile.Recover, reconcile.Overwrite} {
		t.Run(strategy.String(), func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := newDevice(t, backend, nil)
				a.set("x", write("old", 1))
				syncAll(a)
				saved := backend.Save()
				a.set("x", write("acknowledged", 2))
				a.set("y", write("acknowledged", 1))
				syncAll(a)
				backend.Restore(saved)
				syncAll(a)
				a.has("x", "old", 1)
				a.lacks("y")
				lost := a.backups(1)[0]
				time.Sleep(time.Second)
				a.reopen(func(o *replica.Options) { o.Strategy = strategy })
				a.must(a.Restore(t.Context(), lost))
				a.has("x", "acknowledged", 3)
				a.has("y", "acknowledged", 1)
				a.begin() // what is to be sent comes up in the reset only
				a.state(replica.Idle)
				a.clean()
				if _, err := a.Prune(t.Context(), replica.Retention{}); err != nil {
					t.Error(err)
				}
				if all, err := a.Backups(t.Context()); err != nil || len(all) == 0 || all[0].Path != lost.Path {
					t.Errorf("the backup is gone: %+v, %v", all, err)
				}
				if strategy == reconcile.Overwrite {
					a.has("x", "acknowledged", 3)
					a.has("y", "acknowledged", 1)
					if backend.Get(itemModel, key("y")) == nil {
						t.Error("the backend has not got it back")
					}
					return
				}
				a.has("x", "old", 1)
				a.lacks("y")
			})
		})
	}
}

// A backup whose checksum could not be written at first has one when it is settled.
func TestSealedLater(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		inTheWay := ""
		a.reopen(func(o *replica.Options) {
			o.OnStep = func(s replica.Step) {
				if manifests, err := filepath.Glob(filepath.Join(filepath.Dir(o.Path), "backups", "*.json")); s == replica.Swapped && err == nil && len(manifests) == 1 {
					inTheWay = manifests[0] + ".new"
					a.must(os.MkdirAll(filepath.Join(inTheWay, "full"), 0o700))
				}
			}
		})
		a.set("x", write("mine", 1))
		a.must(a.ResetNow(t.Context()))
		all, err := a.Backups(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		if err := a.Verify(t.Context(), all[0]); !errors.Is(err, replica.ErrBackupDamaged) {
			t.Fatalf("verifying it: %v", err)
		}
		a.must(os.RemoveAll(inTheWay))
		syncAll(a)
		a.must(a.Restore(t.Context(), a.backups(1)[0]))
		a.has("x", "mine", 1)
	})
}

// Stores in one folder have their backups in one folder, whatever they are called: each
// lists and prunes its own.
func TestBackupsOfNeighbours(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		dir := t.TempDir()
		var all []*device
		for _, name := range []string{"app.db", "app-2.db", "app-20000101T000000Z-0123abcd.db", "app", "app.d", "a.*", "app.db.db"} {
			a := newDevice(t, backend, func(o *replica.Options) { o.Path = filepath.Join(dir, name) })
			a.set("x", write("base", 1))
			a.must(a.ResetNow(t.Context()))
			syncAll(a)
			all = append(all, a)
		}
		for _, a := range all {
			if b := a.backups(1)[0]; !b.Settled {
				t.Errorf("%+v", b)
			}
		}
		for i, a := range all {
			removed, err := a.Prune(t.Context(), replica.Retention{Force: true})
			if err != nil || len(removed) != 1 {
				t.Errorf("%s: removed %v, %v", a.Path(), removed, err)
			}
			for _, later := range all[i+1:] {
				later.backups(1)
			}
		}
	})
}

// A backup whose manifest is gone is listed, and goes by force only.
func TestBackupWithoutAManifest(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		resets(a, 1)
		syncAll(a)
		b := a.backups(1)[0]
		a.must(os.Remove(b.Path + ".json"))
		a.backups(0) // of a store that is not there either
		a.must(os.WriteFile(b.Path, []byte("a store"), 0o600))
		all, err := a.Backups(t.Context())
		a.must(err)
		if len(all) != 1 || all[0].Path != b.Path || !strings.Contains(all[0].Pinned, "manifest") || all[0].Made.IsZero() {
			t.Fatalf("%+v", all)
		}
		if removed, err := a.Prune(t.Context(), replica.Retention{}); len(removed) > 0 || err != nil {
			t.Errorf("pruned %v %v", removed, err)
		}
		if err := a.RemoveBackup(t.Context(), all[0], false); !errors.Is(err, replica.ErrBackupNeeded) {
			t.Errorf("removing it: %v", err)
		}
		a.must(a.RemoveBackup(t.Context(), all[0], true))
		for what, err := range map[string]error{
			"Verify": a.Verify(t.Context(), nil), "Restore": a.Restore(t.Context(), &replica.Backup{}), "RemoveBackup": a.RemoveBackup(t.Context(), nil, true),
		} {
			if err == nil || !strings.Contains(err.Error(), "Backups lists") {
				t.Errorf("%s of nothing: %v", what, err)
			}
		}
	})
}

// What nobody has defined is refused when the replica is opened.
func TestOptionsThatThereAreNot(t *testing.T) {
	for what, change := range map[string]func(o *replica.Options){
		"Options.Strategy": func(o *replica.Options) { o.Strategy = 99 },
		"Options.Policy":   func(o *replica.Options) { o.Policy.Dangling = 7 },
	} {
		d := prepare(t, memremote.New(memremote.Options{}), change)
		if err := d.tryOpen(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Who waits in vain learns what the session was about.
func TestWaitingWithoutAConnection(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("mine", 1))
		backend.Offline("")
		a.begin()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := a.WaitForUpload(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, memremote.ErrConnection) || !strings.Contains(err.Error(), "offline") {
			t.Errorf("waiting: %v", err)
		}
	})
}
