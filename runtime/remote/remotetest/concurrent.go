package remotetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// testMarkAgrees: at any moment the content has exactly the chunks that the mark
// says are done, as Pull and Snapshot tell it while the client pushes.
func testMarkAgrees(t *testing.T, h Harness) {
	const cuts, chunks, size = 25, 4, 2
	c := newClient(h.Remote, "a")
	pushed := make(chan error, 1)
	go func() {
		for n := range int64(cuts) {
			var patches []model.Patch
			for i := range chunks * size {
				if n == 0 {
					patches = append(patches, created(name(i), 1, 1))
				} else {
					patches = append(patches, updated(name(i), n, n+1, 1))
				}
			}
			for _, chunk := range c.cut(size, patches...) {
				if _, err := c.trySend(context.WithoutCancel(t.Context()), chunk); err != nil {
					pushed <- err
					return
				}
			}
		}
		pushed <- nil
	}()

	check := func(how string, values map[string]int64, mark model.Mark) {
		for i := range chunks * size {
			want := int64(mark.N)
			if i/size >= mark.Done {
				want = max(0, want-1)
			}
			if got := values[name(i)]; got != want {
				t.Errorf("%s: %s is %d where %d chunks of cut %d are done", how, name(i), got, mark.Done, mark.N)
			}
		}
	}
	pulled := map[string]int64{}
	var cursor remote.Cursor
	for over := false; !over && !t.Failed(); {
		select {
		case err := <-pushed:
			must(t, "pushing", err)
			over = true
		default:
		}
		var mark model.Mark
		for page, err := range h.Remote.Pull(t.Context(), "a", cursor) {
			must(t, "pulling", err)
			for _, o := range page.Objects {
				pulled[o.Key.Text()] = o.Field("num").Value.Int()
			}
			cursor, mark = page.Cursor, page.Mark
		}
		if mark.N > 0 {
			check("pulled", pulled, mark)
		}
		downloaded := map[string]int64{}
		last := newClient(h.Remote, "a").pages(t, remote.Resume{}, func(page *remote.SnapshotPage) {
			for _, o := range page.Objects {
				downloaded[o.Key.Text()] = o.Field("num").Value.Int()
			}
		})
		check("downloaded", downloaded, last.Mark)
	}
	if pulled[name(0)] != cuts {
		t.Errorf("the end is %v", pulled)
	}
}

// testConcurrentClients: clients that count the same object at the same time, and
// merge what conflicts, lose nothing.
func testConcurrentClients(t *testing.T, h Harness) {
	const clients, each = 4, 15
	newClient(h.Remote, "first").push(t, created("k", 0, 1))
	count := func(c *client) error {
		base := int64(0)
		for i := 0; i < each; {
			answer, err := c.trySend(context.WithoutCancel(t.Context()), c.cut(2, updated("k", base, base+1, 1), created(fmt.Sprintf("%s-%d-%d", c.id, i, c.n), 1, 1))[0])
			switch {
			case err != nil:
				return err
			case len(answer.Current) == 0:
				i++
				base++
			default:
				base = answer.Current[0].Field("num").Value.Int()
			}
		}
		return nil
	}
	var all sync.WaitGroup
	failed := make([]error, clients)
	for i := range clients {
		all.Go(func() { failed[i] = count(newClient(h.Remote, fmt.Sprintf("c%d", i))) })
	}
	all.Wait()
	must(t, "counting", errors.Join(failed...))
	if o := contents(t, h.Remote); o[len(o)-1] != fmt.Sprintf(`thing "k" num=%d@1 @1`, clients*each) {
		t.Errorf("the count is %s", o[len(o)-1])
	}
}

// testCancelled: calls end when their context does.
func testCancelled(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	fill(t, c, 1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Remote.Push(ended, c.cut(1, created("k", 1, 1))[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("pushing gives %v", err)
	}
	if _, err := h.Remote.Settle(ended, "a", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("settling gives %v", err)
	}
	if err := pullAll(ended, h.Remote, func() {}); !errors.Is(err, context.Canceled) {
		t.Errorf("pulling gives %v", err)
	}
	if err := downloadAll(ended, h.Remote, func() {}); !errors.Is(err, context.Canceled) {
		t.Errorf("downloading gives %v", err)
	}

	// In the middle: the page that is there may still be used, more may not follow
	// as if nothing had happened.
	for what, all := range map[string]func(context.Context, remote.Remote, func()) error{"pulling": pullAll, "downloading": downloadAll} {
		pages := 0
		must(t, what, all(t.Context(), h.Remote, func() { pages++ }))
		ctx, cancel := context.WithCancel(t.Context())
		err := all(ctx, h.Remote, cancel)
		cancel()
		if pages > 1 && !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled after the first of %d pages, gives %v", what, pages, err)
		}
	}

	if w, ok := h.Remote.(remote.Watcher); ok {
		c.pull(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Watch(ctx, "a", c.cursor) }()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("watching gives %v", err)
		}
	}
}

func pullAll(ctx context.Context, r remote.Remote, each func()) error {
	for _, err := range r.Pull(ctx, "a", "") {
		if err != nil {
			return err
		}
		each()
	}
	return nil
}

func downloadAll(ctx context.Context, r remote.Remote, each func()) error {
	for _, err := range r.Snapshot(ctx, "a", remote.Resume{}) {
		if err != nil {
			return err
		}
		each()
	}
	return nil
}

// testWatch: it ends when there is something to pull, and not before; the client's
// own writes count.
func testWatch(t *testing.T, h Harness) {
	w, ok := h.Remote.(remote.Watcher)
	need(t, ok)
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	watch := func(who *client, pause time.Duration, write func()) {
		t.Helper()
		done := make(chan error, 1)
		go func() { done <- w.Watch(context.WithoutCancel(t.Context()), who.id, who.cursor) }()
		time.Sleep(pause)
		select {
		case err := <-done:
			t.Fatalf("Watch returns before anything was written, with %v", err)
		default:
		}
		write()
		must(t, "watching", <-done)
	}
	const long = 50 * time.Millisecond // enough for Watch to wait, or to return
	watch(b, long, func() { a.push(t, created("k", 1, 1)) })
	must(t, "watching what is there", w.Watch(t.Context(), b.id, ""))
	n := int64(1)
	for i := range 20 {
		for _, who := range []*client{a, b} {
			b.pull(t)
			pause := time.Duration(0) // the write comes just as Watch begins
			if i%5 == 0 {
				pause = long
			}
			watch(b, pause, func() { who.push(t, updated("k", n, n+1, 1)) })
			n++
		}
	}
	b.pull(t)
	watch(b, long, func() { a.push(t, deleted("k", n, 1)) })
	same(t, "what there is to pull", b.pull(t), []string{`thing "k" deleted`})
}
