package replica_test

import (
	"context"
	"iter"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// markRemote says that other chunks are done than are in the marks of its snapshots.
type markRemote struct {
	*memremote.Backend
	done atomic.Int64 // 0 for those that are
}

func (r *markRemote) Snapshot(ctx context.Context, client string, resume remote.Resume) iter.Seq2[*remote.SnapshotPage, error] {
	return func(yield func(*remote.SnapshotPage, error) bool) {
		for page, err := range r.Backend.Snapshot(ctx, client, resume) {
			if done := r.done.Load(); err == nil && page.Last && done != 0 {
				page.Mark.Done = int(done)
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// A mark that cannot be is an error, and nothing is kept of it.
func TestStrangeMark(t *testing.T) {
	for what, done := range map[string]int64{"less than none": -5, "too many": 1 << 40} {
		t.Run(what, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				r := &markRemote{Backend: backend}
				a := newDevice(t, r, nil)
				a.set("x", write("base", 1))
				syncAll(a)
				a.set("x", write("mine", 2))
				r.done.Store(done)
				backend.Reset("", remote.Operator)
				a.begin()
				a.state(replica.Offline)
				r.done.Store(0)
				time.Sleep(time.Hour)
				a.state(replica.Idle)
				a.has("x", "mine", 3)
				a.clean()
			})
		})
	}
}

// A record of a reset that no replica has written is an error that names it.
func TestStrangeRecord(t *testing.T) {
	for _, text := range []string{
		"null", "{}", "[]", "", `{"id":"0123456789"}`, `{"id":"0123456789","step":"foo"}`, `{"step":"moved"}`, `{"id":"0123456789","step":"moved"}`,
		`{"id":"0123456789","step":"swapped","backup":"../x"}`, `{"id":"0123456789","step":"settling","backups":["a/b"]}`, `{"id":"0123456789","step":"moved","backup":"x","before":{}}`,
	} {
		t.Run(text, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := newDevice(t, backend, nil)
				a.set("x", write("base", 1))
				a.must(a.Close())
				record := a.options.Path + ".reset"
				a.must(os.WriteFile(record, []byte(text), 0o600))
				if err := a.tryOpen(); err == nil || !strings.Contains(err.Error(), record) {
					t.Errorf("opening gives %v", err)
				}
				a.must(os.Remove(record))
				a.open()
				a.has("x", "base", 1)
			})
		})
	}
}

// eagerRemote is a watcher that has always seen something.
type eagerRemote struct {
	*memremote.Backend
	asked atomic.Int64
}

func (r *eagerRemote) Watch(context.Context, string, remote.Cursor) error {
	r.asked.Add(1)
	return nil
}

// A watcher that is wrong does not keep a session spinning.
func TestEagerWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &eagerRemote{Backend: memremote.New(memremote.Options{Latency: func(string, memremote.Call) time.Duration { return time.Millisecond }})}
		a := newDevice(t, r, nil)
		a.must(a.Start())
		time.Sleep(time.Minute)
		if n := r.asked.Load(); n < 2 || n > 100 {
			t.Errorf("it was asked %d times in a minute", n)
		}
		a.set("x", write("mine", 1)) // the app's own writes do not wait for it
		began := time.Now()
		a.must(a.WaitForUpload(t.Context()))
		if d := time.Since(began); d > 100*time.Millisecond {
			t.Errorf("the upload took %v", d)
		}
	})
}

// Text of a backend's that is not JSON, where JSON belongs, is told to the app, by a
// process after a killed one too, and keeps nothing else from being synced.
func TestTextThatIsNotJSON(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		killed, told := true, 0
		a := newDevice(t, backend, func(o *replica.Options) {
			o.Merged = func(ctx context.Context, all []replica.Merge) {
				if killed {
					<-ctx.Done()
					return
				}
				told += len(all)
			}
		})
		whole := func(to ...string) {
			a.set("x", func(f *items.FieldItemRecord) { f.SetWhole(to) })
		}
		whole("base")
		syncAll(a)
		whole("mine")
		backend.Set(itemModel, key("x"), 1<<40<<16, model.Named{Name: "whole", Value: model.JSONValue("[not JSON")})
		a.begin()
		a.Pause()
		killed = false
		a.reopen(nil)
		a.set("y", write("mine", 1))
		syncAll(a)
		if told == 0 {
			t.Error("the app was told nothing")
		}
		whole("again")
		backend.Set(itemModel, key("x"), 1<<41<<16, model.Named{Name: "whole", Value: model.JSONValue("[not JSON either")})
		a.must(a.ResetNow(t.Context()))
		if a.report().Total != 1 {
			t.Errorf("%+v", a.report())
		}
		b := newDevice(t, backend, nil)
		syncAll(a, b)
		b.has("y", "mine", 1)
	})
}
