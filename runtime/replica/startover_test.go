package replica_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// A client that has only ever sent learns with its first download what others have
// deleted meanwhile, whatever of it is unsynced by then.
func TestFirstDownloadAfterUploads(t *testing.T) {
	for name, sync := range map[string]func(a *device) error{
		"download": func(a *device) error { return a.Download(a.t.Context()) },
		"session":  func(a *device) error { a.begin(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
				a.set("gone", write("base", 1))
				a.set("kept", write("base", 1))
				a.set("edited", write("base", 1))
				a.must(a.Upload(t.Context()))
				syncAll(b)
				b.delete("gone")
				b.delete("edited")
				b.set("new", write("theirs", 1))
				syncAll(b)
				a.set("edited", write("mine", 1))
				a.set("kept", write("", 1))
				a.must(sync(a))
				syncAll(a, b)
				for _, d := range []*device{a, b} {
					d.lacks("gone")
					d.has("kept", "base", 2)
					d.has("edited", "mine", 2)
					d.has("new", "theirs", 1)
					d.clean()
				}
			})
		})
	}
}

// A new client that has sent nothing yet does not start over for what it has written.
func TestFirstDownload(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("mine", 1))
		a.set("y", write("mine", 1))
		a.delete("y")
		syncAll(a)
		a.backups(0)
	})
}

// lostAfterUpload is a device whose last contact was an upload that the backend has lost
// since, and the backup of the client reset that found it out.
func lostAfterUpload(t *testing.T, backend *memremote.Backend, strategy reconcile.Strategy) (*device, *replica.Backup) {
	a := newDevice(t, backend, func(o *replica.Options) { o.Strategy = strategy })
	a.set("x", write("base", 1))
	syncAll(a)
	a.must(a.Download(t.Context()))
	saved := backend.Save()
	a.set("x", write("sent", 1))
	a.set("y", write("sent", 1))
	a.must(a.Upload(t.Context()))
	a.set("z", write("unsynced", 1))
	backend.Restore(saved)
	time.Sleep(time.Second)
	syncAll(a)
	a.has("x", "base", 1)
	a.lacks("y")
	return a, a.backups(1)[0]
}

// What a backend has lost is there again after Restore, until the next contact starts
// over; with the strategy overwrite that brings it back to the backend.
func TestRestoreOfWhatTheBackendHasLost(t *testing.T) {
	for name, contact := range map[string]func(a *device) error{
		"session": func(a *device) error { syncAll(a); return nil }, // what is there to upload is known after the first contact
		"upload":  func(a *device) error { return a.Upload(a.t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a, lost := lostAfterUpload(t, backend, reconcile.Recover)
				if lost.Pinned == "" || lost.Reason != remote.Restored {
					t.Errorf("%+v", lost)
				}
				a.must(a.Restore(t.Context(), lost))
				a.has("x", "sent", 2)
				a.has("y", "sent", 1)
				syncAll(a)
				a.has("x", "base", 1)
				a.lacks("y")

				a.reopen(func(o *replica.Options) { o.Strategy = reconcile.Overwrite })
				a.must(a.Restore(t.Context(), lost))
				a.must(contact(a))
				b := newDevice(t, backend, nil)
				syncAll(a, b)
				for _, d := range []*device{a, b} {
					d.has("x", "sent", 2)
					d.has("y", "sent", 1)
					d.clean()
				}
			})
		})
	}
}

// What somebody has brought back is not discarded again.
func TestRestoreIsNotDiscarded(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, lost := lostAfterUpload(t, backend, reconcile.Discard)
		a.lacks("z")
		a.must(a.Restore(t.Context(), lost))
		if preview, err := a.Preview(t.Context()); err != nil || preview.Strategy != reconcile.Recover {
			t.Errorf("%+v %v", preview, err)
		}
		syncAll(a)
		a.has("z", "unsynced", 1)
		backend.Reset(a.client(), remote.Operator)
		a.set("z", write("more", 1))
		syncAll(a)
		a.has("z", "unsynced", 1)
	})
}

// sameAs checks that devices and the backend have the same text and count of an object,
// and that nothing is unsynced.
func sameAs(t *testing.T, backend *memremote.Backend, id string, devices ...*device) {
	t.Helper()
	text, count, there := "", int64(0), false
	if o := backend.Get(itemModel, key(id)); o != nil {
		there = true
		if f := o.Field("text"); f != nil {
			text = f.Value.Text()
		}
		if f := o.Field("count"); f != nil {
			count = f.Value.Int()
		}
	}
	for _, d := range devices {
		if got, ok := d.get(id); ok != there || got.Text != text || got.Count != count {
			t.Errorf("%s: the device has %v %q %d, the backend %v %q %d", id, ok, got.Text, got.Count, there, text, count)
		}
		d.clean()
	}
}

// covered is a device whose cursor covers all that it has.
func covered(t *testing.T, backend *memremote.Backend, strategy reconcile.Strategy) *device {
	a := newDevice(t, backend, func(o *replica.Options) { o.Strategy = strategy })
	a.set("x", write("base", 1))
	syncAll(a)
	a.must(a.Download(t.Context()))
	return a
}

// atRest has a device come to rest, with a second in between.
func atRest(devices ...*device) {
	time.Sleep(time.Second)
	syncAll(devices...)
	syncAll(devices...)
}

// What came from a backup has arrived, and the backend has lost it since. That the store
// is given another name before it makes contact changes nothing.
func TestRestoreOfWhatHadArrived(t *testing.T) {
	for name, then := range map[string]func(a *device) error{
		"restored":          func(a *device) error { return nil },
		"restored, renamed": func(a *device) error { return a.Rename(a.t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := covered(t, backend, reconcile.Recover)
				saved := backend.Save()
				a.set("x", write("mine", 1))
				a.set("y", write("mine", 1))
				a.must(a.ResetNow(t.Context()))
				atRest(a)
				backend.Restore(saved)
				a.must(a.Restore(t.Context(), a.backups(1)[0]))
				a.must(then(a))
				atRest(a)
				sameAs(t, backend, "x", a)
				sameAs(t, backend, "y", a)
			})
		})
	}
}

// What was sent, then changed or deleted here and deleted elsewhere before the first
// download, does not come back for this device alone.
func TestDiscardAfterTheFirstDownload(t *testing.T) {
	for name, change := range map[string]func(a *device){
		"edit":   func(a *device) { a.set("x", write("edit", 0)) },
		"delete": func(a *device) { a.delete("x") },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
				a.set("x", write("base", 1))
				a.must(a.Upload(t.Context()))
				syncAll(b)
				b.delete("x")
				syncAll(b)
				change(a)
				a.must(a.Download(t.Context()))
				if err := a.Discard(t.Context(), itemModel, key("x")); err != nil && !errors.Is(err, store.ErrNotFound) {
					t.Error(err)
				}
				atRest(a, b)
				sameAs(t, backend, "x", a, b)
			})
		})
	}
}

// What a push is answered with the cursor does not cover either, although nothing was
// applied.
func TestAnswersAreNotCovered(t *testing.T) {
	for name, again := range map[string]func(a *device){
		"renamed": func(a *device) { a.must(a.Rename(a.t.Context())) },
		"restored": func(a *device) {
			all, err := a.Backups(a.t.Context())
			a.must(err)
			a.must(a.Restore(a.t.Context(), all[0]))
		},
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a, b := covered(t, backend, reconcile.Recover), newDevice(t, backend, nil)
				syncAll(b)
				saved := backend.Save()
				b.set("x", write("same", 0))
				syncAll(b)
				a.set("x", write("same", 0))
				a.must(a.Upload(t.Context()))
				a.clean()
				if name == "restored" {
					a.must(a.ResetNow(t.Context()))
				}
				backend.Restore(saved)
				again(a)
				atRest(a)
				sameAs(t, backend, "x", a)
			})
		})
	}
}

// The cursor of a backup is one that the backend has refused: what is brought back with it
// is not discarded by the client reset for that.
func TestRestoredWithARefusedCursor(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := covered(t, backend, reconcile.Discard)
		a.set("z", write("unsynced", 1))
		backend.Reset("", remote.Operator)
		syncAll(a)
		a.lacks("z")
		a.must(a.Restore(t.Context(), a.backups(1)[0]))
		a.has("z", "unsynced", 1)
		atRest(a)
		a.has("z", "unsynced", 1)
		sameAs(t, backend, "z", a)
	})
}

// Nobody has asked for the start over with a first download, so it recovers whatever the
// strategy is.
func TestFirstDownloadByOtherStrategies(t *testing.T) {
	t.Run("discard", func(t *testing.T) {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			a := newDevice(t, backend, func(o *replica.Options) { o.Strategy = reconcile.Discard })
			a.set("x", write("base", 1))
			a.must(a.Upload(t.Context()))
			a.set("z", write("unsynced", 1))
			atRest(a)
			a.has("z", "unsynced", 1)
		})
	})
	t.Run("overwrite", func(t *testing.T) {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			a, b := newDevice(t, backend, func(o *replica.Options) { o.Strategy = reconcile.Overwrite }), newDevice(t, backend, nil)
			a.set("x", write("base", 1))
			a.set("gone", write("base", 1))
			a.must(a.Upload(t.Context()))
			syncAll(b)
			b.set("x", write("theirs", 1))
			b.delete("gone")
			syncAll(b)
			atRest(a, b)
			b.has("x", "theirs", 2)
			b.lacks("gone")
		})
	})
}

// What overwrote has arrived as well, and is not sent again with the backup.
func TestRestoreAfterOverwrite(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := covered(t, backend, reconcile.Overwrite)
		a.set("x", write("", 1))
		a.must(a.ResetNow(t.Context()))
		atRest(a)
		a.has("x", "base", 2)
		b := a.backups(1)[0]
		if !b.Settled {
			t.Fatal("not settled")
		}
		a.must(a.Restore(t.Context(), b))
		atRest(a)
		a.has("x", "base", 2)
		sameAs(t, backend, "x", a)
	})
}

// A fresh copy that was downloaded under another name is downloaded again.
func TestRenameWhileDownloaded(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, func(o *replica.Options) { o.Attempts, o.Drain = 1, time.Second })
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("", 1))
		backend.Reset("", remote.Operator)
		hold, in := make(chan struct{}), make(chan struct{})
		go a.View(context.Background(), func(*store.Tx) error { close(in); <-hold; return nil })
		<-in
		if err := a.Upload(t.Context()); !errors.Is(err, replica.ErrResetNeedsRestart) {
			t.Error(err)
		}
		close(hold)
		time.Sleep(time.Second)
		a.must(a.Rename(t.Context()))
		a.must(a.Upload(t.Context()))
		atRest(a)
		a.has("x", "base", 2)
	})
}

// A store that is put aside may hold the only copy of what the backend has lost: it stays.
func TestPutAsideUncovered(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := covered(t, backend, reconcile.Recover)
		a.must(a.ResetNow(t.Context()))
		atRest(a)
		old := a.backups(1)[0]
		saved := backend.Save()
		a.set("y", write("acknowledged", 1))
		a.must(a.Upload(t.Context()))
		backend.Restore(saved)
		time.Sleep(time.Second)
		a.must(a.Restore(t.Context(), old))
		atRest(a)
		a.lacks("y")
		removed, err := a.Prune(t.Context(), replica.Retention{})
		a.must(err)
		if left, err := a.Backups(t.Context()); err != nil || len(left) != 1 || left[0].Reason != replica.BroughtBack || left[0].Pinned == "" {
			t.Errorf("%d were pruned, %+v are left, %v", len(removed), left, err)
		}
	})
}
