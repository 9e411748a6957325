package replica_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
)

// everything is what could change: the store, the files beside it, and the
// backend.
func everything(a *device, backend *memremote.Backend) string {
	a.t.Helper()
	a.must(a.Close())
	sum, err := a.disk.Checksum(a.t.Context(), a.options.Path)
	a.must(err)
	all, err := json.Marshal([]any{sum, backend.All(), backend.Position(), backend.Mark("")})
	a.must(err)
	names := string(all)
	a.must(filepath.Walk(filepath.Dir(a.options.Path), func(path string, _ os.FileInfo, err error) error {
		names += "\n" + path
		return err
	}))
	for _, beside := range []string{".fresh", ".preview"} {
		if _, err := a.disk.Checksum(a.t.Context(), a.options.Path+beside); err == nil {
			names += "\n" + beside
		}
	}
	a.open()
	return names
}

func TestPreview(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		a.set("y", write("base", 1))
		syncAll(a, b)
		b.set("x", write("theirs", 4))
		syncAll(b)
		a.set("x", write("mine", 2))
		a.delete("y")
		backend.Inject(memremote.Fault{Call: memremote.Push, Kind: memremote.LoseAnswer})
		a.begin() // pulls, and pushes without an answer
		a.Pause()
		a.set("z", write("mine", 1))
		before := everything(a, backend)
		r, err := a.Preview(t.Context())
		a.must(err)
		if r.Applied || r.Total != 1 { // what was pushed has arrived
			t.Errorf("%+v", r)
		}
		if after := everything(a, backend); after != before {
			t.Errorf("before\n%s\nafter\n%s", before, after)
		}
		if len(a.reports)+len(a.steps) > 0 {
			t.Error("a reset was reported")
		}
		backend.Inject(memremote.Fault{Call: memremote.Snapshot})
		if _, err := a.Preview(t.Context()); err == nil {
			t.Error("a preview without a connection")
		}
		if after := everything(a, backend); after != before {
			t.Errorf("before\n%s\nafter\n%s", before, after)
		}
		a.state(replica.Stopped)
		a.must(a.ResetNow(t.Context()))
		if done := a.report(); done.Total != r.Total || done.Counts[0] != r.Counts[0] {
			t.Errorf("it said %+v and did %+v", r.Counts, done.Counts)
		}
	})
}
