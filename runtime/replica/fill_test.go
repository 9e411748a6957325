package replica_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// many fills a backend.
func many(backend *memremote.Backend, n int) {
	for i := range n {
		backend.Set(itemModel, key(fmt.Sprintf("k%06d", i)), 1, model.Named{Name: "text", Value: model.StringValue("there")})
	}
}

// What was written before the first download is merged with it.
func TestFirstFill(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		b := newDevice(t, backend, nil)
		b.set("x", write("b", 1))
		b.set("z", write("b", 1))
		syncAll(b)
		backend.Trim(backend.Position())
		a := newDevice(t, backend, nil)
		a.set("x", write("a", 2))
		a.set("y", write("a", 2))
		a.set("w", write("a", 2))
		a.delete("w")
		syncAll(a, b)
		for _, d := range []*device{a, b} {
			d.has("x", "a", 3)
			d.has("y", "a", 2)
			d.has("z", "b", 1)
			d.lacks("w")
			d.clean()
		}
		if len(a.merged) != 1 || a.merged[0].Outcome != merge.Conflicted || a.merged[0].Conflicts[0].Field != "text" {
			t.Errorf("told of %+v", a.merged)
		}
		if len(a.reports) > 0 {
			t.Error("a first download is no reset")
		}
	})
}

// A download that was cut off goes on where it was.
func TestFillGoesOn(t *testing.T) {
	downloads := map[string]func(t *testing.T, a *device, backend *memremote.Backend){
		"first": func(t *testing.T, a *device, backend *memremote.Backend) {},
		"reset": func(t *testing.T, a *device, backend *memremote.Backend) {
			a.set("x", write("a", 1))
			syncAll(a)
			a.set("x", write("b", 1))
			backend.Reset("", remote.Operator)
		},
	}
	for name, prepare := range downloads {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend := memremote.New(memremote.Options{SnapshotPage: 10})
				a := newDevice(t, backend, nil)
				prepare(t, a, backend)
				many(backend, 100)
				backend.Inject(memremote.Fault{Call: memremote.Snapshot, After: 8})
				var took []replica.Transfer
				defer a.OnDownload(replica.Indefinitely, func(tr replica.Transfer) { took = append(took, tr) })()
				a.begin()
				a.state(replica.Offline)
				if name == "first" {
					if got := len(splitLines(a.content())); got != 80 {
						t.Errorf("%d objects are there after 8 pages of 10", got)
					}
				}
				a.reopen(nil)
				backend.Inject(memremote.Fault{Call: memremote.Snapshot, After: 3}) // two are left, or three
				a.begin()
				a.state(replica.Idle)
				if n := len(splitLines(a.content())); n != 100 && n != 101 {
					t.Errorf("%d objects are there", n)
				}
				if name == "reset" {
					a.has("x", "b", 2)
				}
				if len(backend.Pending()) == 0 {
					t.Error("it began anew")
				}
			})
		})
	}
}

func splitLines(s string) (lines []string) {
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, line)
	}
	return lines
}

// Where the backend does not have the snapshot any more the download starts over, and
// what was deleted meanwhile does not stay.
func TestDownloadStartsOver(t *testing.T) {
	for _, first := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			backend := memremote.New(memremote.Options{SnapshotPage: 10})
			many(backend, 100)
			a := newDevice(t, backend, nil)
			if !first {
				syncAll(a)
				backend.Reset("", remote.Operator)
			}
			a.set("k000003", write("mine", 1))
			backend.Inject(memremote.Fault{Call: memremote.Snapshot, After: 8})
			a.begin()
			a.state(replica.Offline)
			backend.Delete(itemModel, key("k000001"), 2)
			backend.Restore(backend.Save()) // forgets the snapshots
			time.Sleep(time.Minute)
			a.state(replica.Idle)
			a.lacks("k000001")
			a.has("k000003", "mine", 1)
			a.has("k000099", "there", 0)
			a.clean()
		})
	}
}

// A pull over a bad line goes on from page to page.
func TestPullGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := memremote.New(memremote.Options{Page: 10})
		a := newDevice(t, backend, nil)
		a.set("x", write("a", 1))
		syncAll(a)
		many(backend, 100)
		for range 5 { // no try gets farther than three pages
			backend.Inject(memremote.Fault{Call: memremote.Pull, After: 3})
			a.begin()
			synctest.Wait()
			a.Pause()
		}
		a.has("k000099", "there", 0)
	})
}

// The app may write while everything is downloaded.
func TestWriteDuringFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := memremote.New(memremote.Options{SnapshotPage: 10, Latency: func(_ string, c memremote.Call) time.Duration { return time.Second }})
		many(backend, 100)
		a := newDevice(t, backend, nil)
		a.begin()
		for i := range 20 {
			a.set(fmt.Sprintf("k%06d", 7*i%110), func(f *items.FieldItemRecord) { f.AddCount(1) })
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		a.state(replica.Idle)
		a.clean()
		sum := int64(0)
		for _, o := range backend.All() {
			if f := o.Field("count"); f != nil {
				sum += f.Value.Int()
			}
		}
		if sum != 20 {
			t.Errorf("the backend has counted %d, want 20", sum)
		}
	})
}
