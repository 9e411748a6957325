package replica_test

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
)

// A chunk is under way when its connection breaks, the client has it fenced and sends
// again, in vain, and the backend is put back to before all that: it has forgotten the
// fence, and takes the chunk when it arrives. What was in it counts once, and what was
// written since is the last word.
func TestLateAtARestoredBackend(t *testing.T) {
	for _, c := range []struct {
		name  string
		since func(a *device)
		reset bool // the backend has lost so much besides that the client must start over
		text  string
		count int64
		gone  bool
	}{
		{name: "nothing was written since", since: func(*device) {}, text: "sent", count: 3},
		{name: "counted on", since: func(a *device) { a.set("x", write("", 3)) }, text: "sent", count: 6},
		{name: "set back", since: func(a *device) { a.set("x", write("base", -2)) }, text: "base", count: 1},
		{name: "deleted", since: func(a *device) { a.delete("x") }, gone: true},
		{name: "counted on, and started over", since: func(a *device) { a.set("x", write("", 3)) }, reset: true, text: "sent", count: 6},
		{name: "set back, and started over", since: func(a *device) { a.set("x", write("base", -2)) }, reset: true, text: "base", count: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := newDevice(t, backend, func(o *replica.Options) { o.Chunk = 1 })
				a.set("x", write("base", 1))
				a.set("y", write("y", 1))
				syncAll(a)
				a.Pause()
				saved := backend.Save()
				if c.reset { // the client has seen what the backend will have forgotten
					backend.Add(itemModel, key("y"), 0, "count", 1)
				}

				a.set("x", write("sent", 2))
				backend.Inject(memremote.Fault{Call: memremote.Push, Kind: memremote.ArriveLate})
				if err := a.Upload(t.Context()); err == nil {
					t.Fatal("the first attempt has succeeded")
				}
				c.since(a)
				a.must(a.Download(t.Context())) // which finds the first one lost
				if len(a.unsynced()) > 0 {
					backend.Inject(memremote.Fault{Call: memremote.Push})
					if err := a.Upload(t.Context()); err == nil {
						t.Fatal("the second attempt has succeeded")
					}
				}

				backend.Restore(saved)
				if answers := backend.DeliverLate(); len(answers) != 1 || answers[0] != nil {
					t.Fatalf("the backend answers what is late with %v", answers)
				}
				syncAll(a)
				syncAll(a) // what was set back is unsynced only now
				if o := backend.Get(itemModel, key("x")); c.gone != (o == nil) {
					t.Fatalf("the backend has %+v", o)
				} else if !c.gone && (o.Field("text").Value.Text() != c.text || o.Field("count").Value.Int() != c.count) {
					t.Errorf("the backend has %+v", o)
				}
				if c.gone {
					a.lacks("x")
				} else {
					a.has("x", c.text, c.count)
				}
				if n := len(a.reports); (n > 0) != c.reset {
					t.Errorf("it has started over %d times", n)
				}
				a.clean()
			})
		})
	}
}
