package replica_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

func TestTwoDevices(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		a.set("x", write("a", 2))
		syncAll(a, b)
		b.has("x", "a", 2)
		a.set("x", func(f *items.FieldItemRecord) { f.SetOther("a"); f.AddCount(3) })
		b.set("x", write("b", 5))
		syncAll(a, b, a)
		a.has("x", "b", 10)
		if a.content() != b.content() {
			t.Errorf("%s\n%s", a.content(), b.content())
		}
		a.clean()
		b.clean()
	})
}

// While sessions run, what one device writes reaches the others without anybody
// asking for it.
func TestSessionsRun(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		a.begin()
		b.begin()
		a.set("x", write("a", 1))
		synctest.Wait()
		b.has("x", "a", 1)
		b.delete("x")
		synctest.Wait()
		a.lacks("x")
		a.state(replica.Idle)
		b.state(replica.Idle)
	})
}

func TestStatus(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		var seen []replica.State
		stop := a.OnStatus(func(s replica.Status) { seen = append(seen, s.State) })
		defer stop()
		next := func(want ...replica.State) {
			t.Helper()
			synctest.Wait()
			if got := slices.Compact(seen); !slices.Equal(got, want) {
				t.Errorf("states %v, want %v", got, want)
			}
			seen = nil
		}
		next(replica.Stopped)
		a.must(a.Start())
		synctest.Wait()
		a.state(replica.Idle)
		if last := seen[len(seen)-1]; last != replica.Idle {
			t.Errorf("told last of %v", last)
		}
		seen = nil

		backend.Offline("")
		synctest.Wait()
		a.state(replica.Offline)
		if s := a.Status(); !errors.Is(s.Err, memremote.ErrConnection) || !s.NextTry.After(time.Now()) {
			t.Errorf("offline: %+v", s)
		}
		time.Sleep(10 * time.Minute)
		a.state(replica.Offline)
		if s := a.Status(); time.Until(s.NextTry) > 2*time.Minute {
			t.Errorf("the next try is in %v", time.Until(s.NextTry))
		}
		backend.Online("")
		a.begin()
		a.state(replica.Idle)

		seen = nil
		a.Pause()
		next(replica.Paused)
		a.Stop()
		next(replica.Stopped)
		a.must(a.Close())
		if err := a.Start(); !errors.Is(err, replica.ErrClosed) {
			t.Errorf("Start after Close: %v", err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("a second Close: %v", err)
		}
		if err := a.trySet("x", write("a", 1)); !errors.Is(err, replica.ErrClosed) {
			t.Errorf("Update after Close: %v", err)
		}
		if err := a.ResetNow(context.Background()); !errors.Is(err, replica.ErrClosed) {
			t.Errorf("ResetNow after Close: %v", err)
		}
	})
}

// A session that has no connection tries less and less often, however much the app
// writes meanwhile.
func TestBackoff(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		var calls atomic.Int64
		a := newDevice(t, &countingRemote{backend, &calls}, nil)
		a.begin()
		backend.Offline("")
		synctest.Wait()
		calls.Store(0)
		for i := range 6000 {
			a.set("x", write(fmt.Sprint(i), 1))
			time.Sleep(100 * time.Millisecond)
		}
		if n := calls.Load(); n > 30 {
			t.Errorf("%d calls in ten minutes without a connection", n)
		}
		backend.Online("")
		a.begin()
		a.state(replica.Idle)
		a.clean()
	})
}

// countingRemote counts calls of Settle, with which each contact begins.
type countingRemote struct {
	*memremote.Backend
	calls *atomic.Int64
}

func (r *countingRemote) Settle(ctx context.Context, client string, epoch uint64) (model.Mark, error) {
	r.calls.Add(1)
	return r.Backend.Settle(ctx, client, epoch)
}

// deafRemote is a backend that cannot be watched.
type deafRemote struct{ *countingRemote }

func (deafRemote) Watch(context.Context, string, remote.Cursor) error {
	return errors.New("there is a proxy in between")
}

// A backend that fails only where it is watched is asked from time to time.
func TestWatchFails(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		var calls atomic.Int64
		a := newDevice(t, deafRemote{&countingRemote{backend, &calls}}, nil)
		a.must(a.Start())
		time.Sleep(10 * time.Minute)
		if n := calls.Load(); n > 40 {
			t.Errorf("%d contacts in ten minutes", n)
		}
		b := newDevice(t, backend, nil)
		b.set("x", write("b", 1))
		syncAll(b)
		time.Sleep(2 * time.Minute)
		a.has("x", "b", 1)
	})
}

// pollingRemote is a backend without Watch.
type pollingRemote struct{ remote.Remote }

func TestPoll(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, pollingRemote{backend}, nil), newDevice(t, backend, nil)
		a.begin()
		b.set("x", write("b", 1))
		syncAll(b)
		a.lacks("x")
		time.Sleep(31 * time.Second)
		a.has("x", "b", 1)
	})
}

// waiting begins to wait, and gives where the outcome will be.
func waiting(wait func(context.Context) error, ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() { done <- wait(ctx) }()
	synctest.Wait()
	return done
}

// still checks that it waits, ended that it has come to its end.
func still(t *testing.T, done <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		t.Fatalf("it does not wait: %v", err)
	default:
	}
}

func ended(t *testing.T, done <-chan error, want error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		if !errors.Is(err, want) {
			t.Errorf("it ends with %v, want %v", err, want)
		}
	default:
		t.Fatal("it waits")
	}
}

func TestWait(t *testing.T) {
	waits := map[string]func(*device, context.Context) error{
		"upload":   func(d *device, ctx context.Context) error { return d.WaitForUpload(ctx) },
		"download": func(d *device, ctx context.Context) error { return d.WaitForDownload(ctx) },
	}
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := newDevice(t, backend, nil)
				of := func(ctx context.Context) error { return wait(a, ctx) }
				a.set("x", write("a", 1))
				ended(t, waiting(of, t.Context()), replica.ErrStopped)

				backend.Offline("")
				a.begin()
				ctx, cancel := context.WithCancel(t.Context())
				done := waiting(of, ctx)
				still(t, done)
				cancel()
				ended(t, done, context.Canceled)

				done = waiting(of, t.Context())
				a.Pause()
				still(t, done)
				a.begin()
				still(t, done)
				a.Stop()
				ended(t, done, replica.ErrStopped)

				a.Pause()
				done = waiting(of, t.Context())
				still(t, done)
				backend.Online("")
				a.begin()
				ended(t, done, nil)
				if backend.Get(itemModel, key("x")) == nil {
					t.Error("it is not at the backend")
				}

				a.Pause()
				a.set("x", write("b", 1))
				done = waiting(of, t.Context())
				a.must(a.Close())
				ended(t, done, replica.ErrClosed)
			})
		})
	}
}

// Waiting ends when the session has failed for good.
func TestWaitUntilFailure(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, func(o *replica.Options) { o.Attempts = 1 })
		a.set("x", write("a", 1))
		syncAll(a)
		copied := copyOf(a)
		syncAll(a) // so that the backend knows more than the copy
		a.set("x", write("b", 1))
		syncAll(a)
		backend.Offline("")
		copied.set("y", write("c", 1))
		copied.begin()
		up, down := waiting(copied.WaitForUpload, t.Context()), waiting(copied.WaitForDownload, t.Context())
		backend.Online("")
		time.Sleep(time.Hour)
		ended(t, up, store.ErrStoreCopied)
		ended(t, down, store.ErrStoreCopied)
		copied.state(replica.Failed)
	})
}

// What is waited for is what was written before, also where the app goes on writing
// the same fields.
func TestWaitForUploadOfWhatIsWrittenAgain(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		backend.Offline("")
		a.begin()
		a.set("x", write("a", 0))
		done := waiting(a.WaitForUpload, t.Context())
		a.set("x", write("b", 0))
		time.Sleep(10 * time.Minute)
		still(t, done)
		a.set("y", write("later", 0))
		backend.Online("")
		a.begin()
		ended(t, done, nil)
	})
}

// Those who wait for a session that is busy get to know that the replica is closed.
func TestCloseWhileOthersWait(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		hold := make(chan struct{})
		a := newDevice(t, backend, func(o *replica.Options) {
			o.Before = func(context.Context, *remote.ClientResetError, replica.View) error { <-hold; return nil }
		})
		first := waiting(a.ResetNow, t.Context())
		second := waiting(a.ResetNow, t.Context())
		closed := waiting(func(context.Context) error { return a.Close() }, t.Context())
		again := waiting(func(context.Context) error { return a.Close() }, t.Context())
		close(hold)
		synctest.Wait()
		<-first
		<-second
		ended(t, closed, nil)
		ended(t, again, nil)
	})
}

// Everybody may use a replica at the same time.
func TestConcurrentUse(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		a.begin()
		b.begin()
		done := make(chan struct{})
		for n := range 4 {
			go func() {
				for i := range 25 {
					a.set(fmt.Sprint("x", i%3), func(f *items.FieldItemRecord) { f.AddCount(1); f.AddTags(fmt.Sprint(n, i)) })
					b.set(fmt.Sprint("x", i%3), func(f *items.FieldItemRecord) { f.AddCount(1) })
				}
				done <- struct{}{}
			}()
		}
		go func() {
			for i := range 10 {
				if i%2 == 0 {
					a.must(a.ResetNow(t.Context()))
				} else {
					backend.Reset("", remote.Operator)
				}
				a.Status()
				_, err := b.Backups(t.Context())
				b.must(err)
			}
			done <- struct{}{}
		}()
		for range 5 {
			<-done
		}
		for range 3 {
			synctest.Wait()
			time.Sleep(time.Minute)
		}
		sum := int64(0)
		for i := range 3 {
			v, _ := a.get(fmt.Sprint("x", i))
			sum += v.Count
		}
		if sum != 200 {
			t.Errorf("counted %d, want 200", sum)
		}
		if a.content() != b.content() {
			t.Errorf("%s\n%s", a.content(), b.content())
		}
	})
}

func TestOnChange(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a, b := newDevice(t, backend, nil), newDevice(t, backend, nil)
		var told []string
		stop := a.OnChange(func(c store.Changes) {
			if c.All {
				told = append(told, "all")
			}
			for _, k := range c.Keys {
				told = append(told, k.Key.Text())
			}
		})
		next := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := strings.Join(told, " "); got != want {
				t.Errorf("told of %q, want %q", got, want)
			}
			told = nil
		}
		a.set("x", write("a", 1))
		next("x")
		b.set("y", write("b", 1))
		syncAll(b)
		a.begin()
		if !slices.Contains(told, "y") {
			t.Errorf("told of %q, want y among it", told)
		}
		a.Pause()
		backend.Reset("", remote.Operator)
		a.begin()
		synctest.Wait()
		if !slices.Contains(told, "all") {
			t.Errorf("after a reset told of %q", told)
		}
		told = nil
		a.set("x", write("c", 1))
		synctest.Wait()
		if !slices.Contains(told, "x") {
			t.Errorf("after a reset, of a write, told of %q", told)
		}
		stop()
		told = nil
		a.set("x", write("d", 1))
		next("")
	})
}

func TestOnSynced(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		var latest store.LastSynced
		defer a.OnSynced(func(at store.LastSynced) { latest = at })()
		if _, ok, err := a.LastSynced(t.Context()); ok || err != nil {
			t.Errorf("a new replica is synced: %v", err)
		}
		a.set("x", write("a", 1))
		a.begin()
		for range 3 {
			time.Sleep(time.Second)
			synctest.Wait()
			at, ok, err := a.LastSynced(t.Context())
			if !ok || err != nil || at != latest || at.Cut == 0 {
				t.Errorf("told of %+v, it is %+v %v %v", latest, at, ok, err)
			}
			a.set("x", write("", 1))
			time.Sleep(time.Millisecond)
			a.set("x", write("", 1))
			synctest.Wait()
			backend.Reset("", remote.Operator) // before it is time to tell of the second write
		}
	})
}

// gatedRemote lets a call of Settle go on when it is let, whatever its context says.
type gatedRemote struct {
	*memremote.Backend
	let chan struct{}
}

func (r *gatedRemote) Settle(ctx context.Context, client string, epoch uint64) (model.Mark, error) {
	<-r.let
	return r.Backend.Settle(ctx, client, epoch)
}

// A session that is started while another one ends is not told to be stopped when that
// has ended.
func TestStartWhileStopping(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		r := &gatedRemote{backend, make(chan struct{})}
		a := newDevice(t, r, nil)
		a.set("x", write("mine", 1))
		a.begin() // it waits in Settle
		stopped := make(chan struct{})
		go func() { a.Stop(); close(stopped) }()
		synctest.Wait()
		a.begin()
		done := waiting(a.WaitForUpload, t.Context())
		r.let <- struct{}{} // the first one
		<-stopped
		synctest.Wait()
		a.state(replica.Syncing)
		still(t, done)
		r.let <- struct{}{}
		ended(t, done, nil)
		synctest.Wait()
		a.state(replica.Idle)
	})
}
