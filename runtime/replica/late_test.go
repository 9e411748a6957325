package replica_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// A chunk is under way when its connection breaks, the client has it fenced and sends
// again, in vain, and the backend is put back to before all that: it has forgotten the
// fence, and takes the chunk when it arrives. What was in it counts once, and what was
// written since is the last word.
func TestLateAtARestoredBackend(t *testing.T) {
	for _, c := range []struct {
		name  string
		since func(a *device)
		ends  map[string]int64 // the texts and counts of x
	}{
		{"nothing was written since", func(*device) {}, map[string]int64{"sent": 3}},
		{"counted on", func(a *device) { a.set("x", write("", 3)) }, map[string]int64{"sent": 6}},
		{"set back", func(a *device) { a.set("x", write("base", -2)) }, map[string]int64{"base": 1}},
		{"deleted", func(a *device) { a.delete("x") }, nil},
		{"deleted and created again", func(a *device) { a.delete("x"); a.set("x", write("new", 1)) }, map[string]int64{"new": 1}},
	} {
		for _, between := range []string{"", "found lost", "started over", "started over before it was found lost", "the backend has lost more"} {
			t.Run(c.name+", "+between, func(t *testing.T) {
				world(t, func(t *testing.T, backend *memremote.Backend) {
					a := newDevice(t, backend, func(o *replica.Options) { o.Chunk = 1 })
					a.set("x", write("base", 1))
					a.set("y", write("y", 1))
					syncAll(a)
					saved := backend.Save()
					if between == "the backend has lost more" { // what the client has seen
						backend.Add(itemModel, key("y"), 0, "count", 1)
					}
					a.set("x", write("sent", 2))
					a.fails(memremote.ArriveLate)
					c.since(a)
					switch between {
					case "found lost", "the backend has lost more":
						a.must(a.Download(t.Context()))
						a.fails(memremote.LoseCall)
					case "started over":
						a.must(a.Download(t.Context()))
						a.must(a.ResetNow(t.Context()))
					case "started over before it was found lost":
						a.must(a.ResetNow(t.Context()))
					}
					backend.Restore(saved)
					arrives(t, backend, nil)
					syncAll(a)
					syncAll(a) // what was set back is unsynced only now
					a.clean()
					agrees(t, backend, a)
					if c.ends == nil {
						a.lacks("x")
					}
					for text, count := range c.ends {
						a.has("x", text, count)
					}
				})
			})
		}
	}
}

// fails sends what is unsynced, if there is anything, and the first chunk of it meets a
// fault.
func (d *device) fails(kind memremote.Kind) {
	d.t.Helper()
	d.must(d.settles())
	if len(d.unsynced()) == 0 {
		return
	}
	d.options.Remote.(*memremote.Backend).Inject(memremote.Fault{Call: memremote.Push, Kind: kind})
	if err := d.Upload(d.t.Context()); !errors.Is(err, memremote.ErrConnection) {
		d.t.Fatalf("what is to fail gives %v", err)
	}
}

// settles finds out what became of what was sent, where something was.
func (d *device) settles() error {
	for _, name := range d.unsynced() {
		if strings.HasPrefix(name, "unchanged") {
			return d.Download(d.t.Context())
		}
	}
	return nil
}

// arrives lets the calls arrive that are late, and compares what becomes of each.
func arrives(t *testing.T, backend *memremote.Backend, want ...error) {
	t.Helper()
	answers := backend.DeliverLate()
	for i, err := range answers {
		if i >= len(want) || (err == nil) != (want[i] == nil) {
			t.Fatalf("what is late is answered with %v, want %v", answers, want)
		}
	}
}

// agrees compares a device with one that downloads everything.
func agrees(t *testing.T, backend *memremote.Backend, a *device) {
	t.Helper()
	other := newDevice(t, backend, nil)
	syncAll(other)
	if got, want := a.content(), other.content(); got != want {
		t.Errorf("it has\n%s\nand another one\n%s", got, want)
	}
}

// Of two chunks that are late, made one after the other against the same state of the
// backend, it takes one.
func TestTwoLate(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, func(o *replica.Options) { o.Chunk = 1 })
		a.set("x", write("x", 1))
		a.set("y", write("y", 1))
		syncAll(a)
		a.set("x", write("", 2))
		a.set("y", write("", 2))
		backend.Inject(memremote.Fault{Call: memremote.Push, Kind: memremote.ArriveLate, After: 1})
		if err := a.Upload(t.Context()); err == nil {
			t.Fatal("it has succeeded")
		}
		saved := backend.Save() // x has arrived of two
		a.fails(memremote.ArriveLate)
		a.fails(memremote.LoseCall)
		backend.Restore(saved)
		arrives(t, backend, nil, remote.ErrFenced)
		syncAll(a)
		a.has("x", "x", 3)
		a.has("y", "y", 3)
		a.clean()
		agrees(t, backend, a)
	})
}

// A backend that is put back into the middle of a cut that it had acknowledged takes no
// later one: what it has lost is found out, and told.
func TestLateAfterTheMiddleOfACut(t *testing.T) {
	world(t, func(t *testing.T, _ *memremote.Backend) {
		var backend *memremote.Backend
		var saved *memremote.Saved
		pushes := 0
		backend = memremote.New(memremote.Options{Latency: func(_ string, call memremote.Call) time.Duration {
			if call == memremote.Push {
				if pushes++; pushes == 5 { // three, x2, and here y2
					saved = backend.Save()
				}
			}
			return 0
		}})
		a := newDevice(t, backend, func(o *replica.Options) { o.Chunk = 1 })
		for _, id := range []string{"x", "y", "z"} {
			a.set(id, write(id, 1))
		}
		syncAll(a)
		a.set("x", write("x2", 0))
		a.set("y", write("y2", 0))
		a.must(a.Upload(t.Context()))
		a.set("z", write("z2", 0))
		a.fails(memremote.ArriveLate)
		a.fails(memremote.LoseCall)
		backend.Restore(saved)
		arrives(t, backend, remote.ErrFenced)
		syncAll(a)
		syncAll(a)
		a.has("z", "z2", 1)
		a.clean()
		agrees(t, backend, a)
		if report := a.report(); report.Rewound == nil || report.Lost == nil || !slices.ContainsFunc(report.Lost.Objects, func(o reconcile.LostObject) bool { return o.Key == key("y") }) {
			t.Errorf("nobody is told that y2 is lost: %+v", report)
		}
	})
}

// An object that was brought back after the backend had deleted it is a new one there.
func TestLateBroughtBack(t *testing.T) {
	for _, since := range []func(a *device){
		func(a *device) { a.delete("x") },
		func(a *device) { a.set("x", write("anew", 1)) },
	} {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			a := newDevice(t, backend, nil)
			a.set("x", write("x", 5))
			syncAll(a)
			backend.Delete(itemModel, key("x"), 1)
			a.set("x", write("mine", 0))
			a.must(a.Download(t.Context()))
			saved := backend.Save()
			a.fails(memremote.ArriveLate)
			since(a)
			want := a.content()
			a.must(a.Download(t.Context()))
			backend.Restore(saved)
			arrives(t, backend, nil)
			syncAll(a)
			syncAll(a)
			if got := a.content(); got != want {
				t.Errorf("it has\n%s\nwant\n%s", got, want)
			}
			agrees(t, backend, a)
		})
	}
}

// Whatever is written between, by the app and by others, and however often it is tried
// again or started over: that a chunk arrives so changes nothing that the app sees, and
// others come to see the same.
func TestLateChangesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var (
			chunk  = rapid.IntRange(1, 3).Draw(rt, "chunk")
			policy = rapid.SampledFrom([]model.Policy{model.LastUpdated, model.DeletesWin, {RemoteDeleted: model.Drop}, {LocalDeleted: model.Delete}}).Draw(rt, "policy")
			before = drawSteps(rt, "before", writes)
			sent   = drawSteps(rt, "sent", writes)
			others = drawSteps(rt, "others", []string{"their text", "their count", "their deletion"})
			done   = rapid.IntRange(0, 2).Draw(rt, "chunks done")
			since  = drawSteps(rt, "since", slices.Concat(writes, []string{"lost", "late", "lost", "download", "reopen", "start over"}))
		)
		synctest.Test(t, func(t *testing.T) {
			backend := memremote.New(memremote.Options{})
			a := newDevice(t, backend, func(o *replica.Options) { o.Chunk, o.Policy = chunk, policy })
			a.set("x", write("x", 1))
			a.set("y", write("y", 1))
			a.do(before)
			syncAll(a)
			a.do(sent)
			a.do(others)
			backend.Inject(memremote.Fault{Call: memremote.Push, Kind: memremote.ArriveLate, After: done})
			if err := a.Upload(t.Context()); err == nil {
				return // there were not as many chunks
			}
			saved := backend.Save()
			a.do(since)
			a.must(a.Download(t.Context()))
			want := a.content()
			backend.Restore(saved)
			backend.DeliverLate()
			syncAll(a)
			syncAll(a)
			a.clean()
			if got := a.content(); got != want {
				rt.Errorf("it has\n%s\nwant\n%s", got, want)
			}
			agrees(t, backend, a)
		})
	})
}

var writes = []string{"text", "newest", "count", "count", "add", "remove", "list", "doc", "delete"}

// step is something that happens on a device or to its backend.
type step struct {
	what, id string
	n        int
}

func drawSteps(t *rapid.T, name string, of []string) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{rapid.SampledFrom(of).Draw(t, "what"), rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "id"), rapid.IntRange(0, 3).Draw(t, "n")}
	}), 0, 6).Draw(t, name)
}

func (d *device) do(steps []step) {
	d.t.Helper()
	backend := d.options.Remote.(*memremote.Backend)
	for _, s := range steps {
		text := fmt.Sprint(s.n)
		there := backend.Get(itemModel, key(s.id)) != nil
		_, here := d.get(s.id)
		switch s.what {
		case "text":
			d.set(s.id, func(f *items.FieldItemRecord) { f.SetText(text) })
		case "newest":
			d.set(s.id, func(f *items.FieldItemRecord) { f.SetNewest(text) })
		case "count":
			d.set(s.id, func(f *items.FieldItemRecord) { f.AddCount(int64(s.n) - 1) })
		case "add":
			d.set(s.id, func(f *items.FieldItemRecord) { f.AddTags(text) })
		case "remove":
			d.set(s.id, func(f *items.FieldItemRecord) { f.RemoveTags(text) })
		case "list":
			d.set(s.id, func(f *items.FieldItemRecord) { f.SetList(append(f.List(), text)) })
		case "doc":
			d.set(s.id, func(f *items.FieldItemRecord) { f.SetDoc(f.Doc() + text + "\n") })
		case "delete":
			if here {
				d.delete(s.id)
			}
		case "their text":
			if there {
				backend.Set(itemModel, key(s.id), 1, model.Named{Name: "text", Value: model.StringValue("their " + text)})
			}
		case "their count":
			if there {
				d.must(backend.Add(itemModel, key(s.id), 0, "count", 100))
			}
		case "their deletion":
			backend.Delete(itemModel, key(s.id), 1)
		case "lost":
			d.fails(memremote.LoseCall)
		case "late":
			d.fails(memremote.ArriveLate)
		case "download":
			d.must(d.Download(d.t.Context()))
		case "reopen":
			d.reopen(nil)
		case "start over":
			d.must(d.ResetNow(d.t.Context()))
		}
	}
}
