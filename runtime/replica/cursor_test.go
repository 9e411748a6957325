package replica_test

import (
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
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
