package replica_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// Close does not wait for a line that hangs, whoever is on it, and the store is whole
// afterwards.
func TestCloseOnALineThatHangs(t *testing.T) {
	for name, do := range map[string]func(a *device) error{
		"Upload":   func(a *device) error { return a.Upload(context.Background()) },
		"Download": func(a *device) error { return a.Download(context.Background()) },
		"ResetNow": func(a *device) error { return a.ResetNow(context.Background()) },
		"Preview": func(a *device) error {
			_, err := a.Preview(context.Background())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var slow atomic.Bool
				backend := memremote.New(memremote.Options{Latency: func(string, memremote.Call) time.Duration {
					if slow.Load() {
						return 1000 * time.Hour
					}
					return 0
				}})
				a := newDevice(t, backend, nil)
				a.set("x", write("base", 1))
				slow.Store(true)
				errs := make(chan error, 2)
				for range 2 { // one waits for the other
					go func() { errs <- do(a) }()
				}
				synctest.Wait()
				began := time.Now()
				a.must(a.Close())
				if d := time.Since(began); d > time.Second {
					t.Errorf("Close took %v", d)
				}
				for range 2 {
					if err := <-errs; !errors.Is(err, replica.ErrClosed) {
						t.Errorf("%s gives %v", name, err)
					}
				}
				slow.Store(false)
				a.open()
				syncAll(a)
				a.has("x", "base", 1)
			})
		})
	}
}

// No listener is called any more when Close has returned, which one of them may call.
func TestListenersAfterClose(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		var closed, begun atomic.Bool
		called := func() {
			if closed.Load() {
				begun.Store(true)
			}
			time.Sleep(time.Second)
		}
		a.OnStatus(func(replica.Status) { called() })
		a.OnChange(func(store.Changes) { called() })
		a.OnSynced(func(store.LastSynced) { called() })
		a.OnUpload(replica.Indefinitely, func(replica.Transfer) { called() })
		a.OnDownload(replica.Indefinitely, func(replica.Transfer) { called() })
		a.OnSynced(func(store.LastSynced) {
			a.must(a.Close())
			closed.Store(true)
		})
		a.set("x", write("base", 1))
		a.begin()
		time.Sleep(time.Hour)
		if !closed.Load() || begun.Load() {
			t.Errorf("closed: %v, called afterwards: %v", closed.Load(), begun.Load())
		}
	})
}
