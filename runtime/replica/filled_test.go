package replica_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
)

// What is sent while a first download waits to go on is no reason to start over: the mark
// of its snapshot is from before.
func TestUploadBetweenTwoHalvesOfAFill(t *testing.T) {
	for _, restored := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			backend := memremote.New(memremote.Options{SnapshotPage: 1})
			b := newDevice(t, backend, nil)
			for _, id := range []string{"a", "b", "c"} {
				b.set(id, write("base", 1))
			}
			syncAll(b)
			a := newDevice(t, backend, nil)
			backend.Inject(memremote.Fault{Call: memremote.Snapshot, After: 1})
			if err := a.Download(t.Context()); !errors.Is(err, memremote.ErrConnection) {
				t.Fatal(err)
			}
			before := backend.Save()
			a.set("new", write("mine", 1))
			a.set("a", write("", 1))
			a.must(a.Upload(t.Context()))
			if restored {
				backend.Restore(before)
			}
			a.must(a.Download(t.Context()))
			if reset := len(a.reports) > 0; reset != restored {
				t.Errorf("restored %v, and it has started over: %v", restored, reset)
			}
			syncAll(a, b)
			if !restored {
				a.has("new", "mine", 1)
				a.has("a", "base", 2)
			}
			a.has("c", "base", 1)
			if a.content() != b.content() {
				t.Errorf("one has\n%s\nand the other\n%s", a.content(), b.content())
			}
		})
	}
}
