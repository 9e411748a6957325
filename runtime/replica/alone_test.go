package replica_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// A second Open of a replica that is open touches nothing of what the first is about.
func TestSecondOpenDuringRestore(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		a.must(a.ResetNow(t.Context()))
		syncAll(a)
		b := a.backups(1)[0]
		time.Sleep(time.Second)
		a.set("x", write("mine", 2))
		hold := make(chan struct{})
		go a.View(t.Context(), func(*store.Tx) error { <-hold; return nil })
		synctest.Wait()
		done := make(chan error)
		go func() { done <- a.Restore(t.Context(), b) }()
		synctest.Wait()
		if _, err := replica.Open(t.Context(), a.options); !errors.Is(err, store.ErrInUse) {
			t.Errorf("opening it again: %v", err)
		}
		close(hold)
		a.must(<-done)
		a.has("x", "base", 1)
		a.set("x", write("", 4))
		a.backups(2)
	})
}

// A reset whose fresh copy is gone at the last moment goes back, and begins anew.
func TestFreshCopyGone(t *testing.T) {
	for _, restore := range []bool{false, true} {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			a := newDevice(t, backend, nil)
			a.set("x", write("base", 1))
			a.must(a.ResetNow(t.Context()))
			syncAll(a)
			b := a.backups(1)[0]
			gone := false
			a.reopen(func(o *replica.Options) {
				o.OnStep = func(s replica.Step) {
					if s == replica.Moved && !gone {
						gone = true
						a.must(a.disk.Remove(t.Context(), o.Path+".fresh"))
					}
				}
			})
			time.Sleep(time.Second)
			a.set("x", write("mine", 2))
			var err error
			if restore {
				err = a.Restore(t.Context(), b)
			} else {
				err = a.ResetNow(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), "gone") {
				t.Errorf("restore %v: %v", restore, err)
			}
			a.backups(1)
			a.set("x", write("", 4))
			syncAll(a)
			a.has("x", "mine", 7)
			a.clean()
		})
	}
}

// After a Restore that failed the store is in use as it was, and what a reset before it
// has recovered is settled as if nothing had been.
func TestRestoreFails(t *testing.T) {
	failed := 0
	for n, over := 1, false; !over; n++ {
		world(t, func(t *testing.T, backend *memremote.Backend) {
			var c crasher
			a := newDevice(t, backend, c.wire)
			a.set("x", write("base", 1))
			syncAll(a)
			a.set("x", write("", 2))
			backend.Reset("", remote.Operator)
			a.must(a.Download(t.Context()))
			b := a.backups(1)[0]
			time.Sleep(time.Second)
			c.fail(n)
			err := a.Restore(t.Context(), b)
			c.fail(0)
			if over = err == nil; over {
				return
			}
			if strings.Contains(err.Error(), "in its place") { // from there on it goes on
				a.reopen(nil)
				a.backups(2)
				return
			}
			failed++
			a.has("x", "base", 3)
			a.must(a.Upload(t.Context()))
			b = a.backups(1)[0]
			if !b.Settled {
				t.Errorf("%d: all of it has arrived: %+v", n, b)
			}
			a.must(a.Restore(t.Context(), b))
			syncAll(a)
			if v := backend.Get(itemModel, key("x")).Field("count").Value.Int(); v != 3 {
				t.Errorf("%d: the backend has %d", n, v)
			}
		})
	}
	if failed < 4 {
		t.Errorf("it failed %d times only", failed)
	}
}
