package replica_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// conflictKilled plays a session that meets a conflict, killed at its nth moment, and
// gives what the app was told of.
func conflictKilled(t *testing.T, n int, then func(a *device)) (told []replica.Merge, reported int, at string) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		var c crasher
		a, b := newDevice(t, backend, c.wire), newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a, b)
		mine := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
		a.set("x", func(f *items.FieldItemRecord) { f.SetText("mine"); f.SetData([]byte{0xff, 0}); f.SetWhen(mine) })
		b.set("x", func(f *items.FieldItemRecord) { f.SetText("theirs"); f.SetData([]byte{1}); f.SetWhen(mine.Add(1)) })
		syncAll(b)
		c.arm(n)
		a.begin()
		time.Sleep(time.Minute)
		if at = c.where(); at != "" {
			a.Close()
			c.arm(0)
			a.open()
			then(a)
		}
		c.arm(0)
		syncAll(a)
		a.has("x", "mine", 1)
		a.clean()
		told = a.merged
		for _, r := range a.reports {
			reported += r.Conflicts
		}
	})
	return told, reported, at
}

// A conflict is told although the process is killed at any moment of the session that
// meets it: at least once, and the same as if nothing had happened.
func TestToldAfterKill(t *testing.T) {
	offline := 0 // told before there was a connection again
	for name, then := range map[string]func(a *device){
		"synced": func(a *device) {},
		"reset":  func(a *device) { a.must(a.ResetNow(a.t.Context())) },
		"offline": func(a *device) {
			backend := a.options.Remote.(*crashingRemote).backend
			backend.Offline("")
			before := len(a.merged)
			a.begin()
			a.Pause()
			offline += len(a.merged) - before
			backend.Online("")
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, _, _ := conflictKilled(t, 0, nil)
			if len(want) != 1 || want[0].Outcome != merge.Conflicted || len(want[0].Conflicts) != 3 {
				t.Fatalf("told of %+v", want)
			}
			var twice, never []string
			for n := 1; ; n++ {
				told, reported, at := conflictKilled(t, n, then)
				if at == "" {
					break
				}
				if len(told) == 0 && reported == 0 {
					never = append(never, at)
				}
				for _, m := range told {
					if !reflect.DeepEqual(m, want[0]) {
						t.Errorf("killed %s it is told of %+v, want %+v", at, m, want[0])
					}
				}
				if len(told) > 1 {
					twice = append(twice, at)
				}
			}
			if len(never) > 0 {
				t.Errorf("killed %q it was told nothing", never)
			}
			if len(slices.Compact(twice)) > 2 { // around the commit that takes the note away
				t.Errorf("killed %q it was told twice", twice)
			}
		})
	}
	if offline == 0 {
		t.Error("nothing was told without a connection")
	}
}

// Nobody to tell: nothing is noted for later.
func TestNobodyToTell(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, func(o *replica.Options) { o.Merged = nil })
		a.set("x", write("base", 1))
		syncAll(a)
		a.set("x", write("mine", 0))
		backend.Put(remote.Object{Model: itemModel, Key: key("x"), Deleted: true})
		syncAll(a)
		a.has("x", "mine", 1)
		told := 0
		a.reopen(func(o *replica.Options) { o.Merged = func(context.Context, []replica.Merge) { told++ } })
		syncAll(a)
		if told != 0 {
			t.Error("told of what was over")
		}
	})
}
