package memremote_test

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
)

// A backend that is made once more takes the cursors of the first, whoever read
// from it; one of another seed, or of none, does not.
func TestSeed(t *testing.T) {
	made := func(seed uint64, snapshot bool) *memremote.Backend {
		b := memremote.New(memremote.Options{Seed: seed})
		b.Put(remote.Object{Model: "m", Key: model.StringValue("a")})
		if snapshot {
			for range b.Snapshot(t.Context(), "c", remote.Resume{}) {
			}
		}
		b.Put(remote.Object{Model: "m", Key: model.StringValue("b")})
		return b
	}
	var cursor remote.Cursor
	for page, err := range made(7, true).Pull(t.Context(), "c", "") {
		if err != nil {
			t.Fatal(err)
		}
		cursor = page.Cursor
	}
	for seed, want := range map[uint64]bool{7: true, 8: false, 0: false} {
		var err error
		for _, err = range made(seed, false).Pull(t.Context(), "c", cursor) {
		}
		if got := err == nil; got != want {
			t.Errorf("seed %d takes the cursor: %v (%v)", seed, got, err)
		}
	}
}
