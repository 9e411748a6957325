package replica_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// A session that is stopped meanwhile is not there when ResetNow or Restore returns, so
// that those who wait are told.
func TestStoppedMeanwhile(t *testing.T) {
	for name, do := range map[string]func(a *device, b *replica.Backup) error{
		"ResetNow": func(a *device, b *replica.Backup) error { return a.ResetNow(context.Background()) },
		"Restore":  func(a *device, b *replica.Backup) error { return a.Restore(context.Background(), b) },
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				a := newDevice(t, backend, nil)
				a.set("x", write("base", 1))
				a.must(a.ResetNow(t.Context()))
				syncAll(a)
				b := a.backups(1)[0]
				a.begin()
				a.state(replica.Idle)
				hold := make(chan bool)
				go a.View(t.Context(), func(*store.Tx) error { <-hold; return nil })
				synctest.Wait()
				done := make(chan error)
				go func() { done <- do(a, b) }()
				synctest.Wait()
				a.Stop()
				close(hold)
				a.must(<-done)
				a.state(replica.Stopped)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if err := a.WaitForDownload(ctx); !errors.Is(err, replica.ErrStopped) {
					t.Errorf("waiting: %v", err)
				}
			})
		})
	}
}

// What has made a session end for good is over when an Upload has done it all.
func TestUploadAfterAFailure(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		backend.Reset("", remote.Operator)
		hold := make(chan bool)
		go a.View(t.Context(), func(*store.Tx) error { <-hold; return nil })
		synctest.Wait()
		a.begin()
		time.Sleep(time.Minute)
		a.state(replica.Failed)
		close(hold)
		synctest.Wait()
		a.must(a.Upload(t.Context()))
		if s := a.Status(); s.State != replica.Stopped || s.Err != nil {
			t.Errorf("the status is %+v", s)
		}
	})
}
