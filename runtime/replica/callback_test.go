package replica_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// waits are the methods that wait for the session.
func (d *device) waits(ctx context.Context) map[string]error {
	none := &replica.Backup{Path: "none"}
	_, preview := d.Preview(ctx)
	_, prune := d.Prune(ctx, replica.Retention{})
	return map[string]error{
		"Preview": preview, "Prune": prune, "RemoveBackup": d.RemoveBackup(ctx, none, true), "Restore": d.Restore(ctx, none),
		"ResetNow": d.ResetNow(ctx), "Upload": d.Upload(ctx), "Download": d.Download(ctx), "Rename": d.Rename(ctx),
		"Retry": d.Retry(ctx, itemModel, key("x")), "Discard": d.Discard(ctx, itemModel, key("x")),
		"WaitForUpload": d.WaitForUpload(ctx), "WaitForDownload": d.WaitForDownload(ctx),
	}
}

// What waits for the session fails at once in a function that the session waits for.
// The store can be used there, except while the stores are exchanged.
func TestWaitInCallback(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		called := map[string]int{}
		var a *device
		try := func(ctx context.Context, name string) {
			called[name]++
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			for method, err := range a.waits(ctx) {
				if !errors.Is(err, replica.ErrInCallback) {
					t.Errorf("%s in %s: %v", method, name, err)
				}
			}
			for method, err := range map[string]error{
				"View":   a.View(ctx, func(tx *store.Tx) error { return nil }),
				"Update": a.Update(ctx, func(tx *store.Tx) error { return put(tx, name, write("in it", 1)) }),
			} {
				if name == "Manual" && !errors.Is(err, replica.ErrInCallback) || name != "Manual" && err != nil {
					t.Errorf("%s in %s: %v", method, name, err)
				}
			}
		}
		a = newDevice(t, backend, func(o *replica.Options) {
			o.Attempts, o.Strategy = 2, reconcile.Manual
			o.Before = func(ctx context.Context, _ *remote.ClientResetError, _ replica.View) error {
				try(ctx, "Before")
				return nil
			}
			o.Manual = func(ctx context.Context, h *reconcile.ByHand) error {
				if try(ctx, "Manual"); called["Manual"] > 1 {
					return errors.New("not now")
				}
				return nil
			}
			o.After = func(ctx context.Context, _ *replica.Recovery) error { try(ctx, "After"); return nil }
			o.Merged = func(ctx context.Context, _ []replica.Merge) { try(ctx, "Merged") }
			o.Fallback = func(ctx context.Context, _ error) { try(ctx, "Fallback") }
		})
		b := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		syncAll(a, b)
		a.set("x", write("mine", 1))
		b.set("x", write("theirs", 1))
		syncAll(b, a)
		a.must(a.ResetNow(t.Context()))
		syncAll(a)
		backend.Reset("", remote.Operator)
		a.begin()
		time.Sleep(time.Hour)
		a.state(replica.Failed)
		for _, name := range []string{"Before", "Manual", "After", "Merged", "Fallback"} {
			if called[name] == 0 {
				t.Errorf("%s was never called", name)
			}
		}
	})
}

// Who ends the session, or closes the replica, does not wait for a callback that heeds
// its context; one that was not through is called again.
func TestEndInCallback(t *testing.T) {
	for name, end := range map[string]func(a *device, cancel func()) error{
		"Stop":  func(a *device, _ func()) error { a.Stop(); return nil },
		"Pause": func(a *device, _ func()) error { a.Pause(); return nil },
		"Close": func(a *device, _ func()) error { return a.Close() },
		"ctx":   func(a *device, cancel func()) error { cancel(); synctest.Wait(); return nil },
	} {
		for _, in := range []string{"Before", "Manual", "After", "Merged"} {
			if name == "ctx" && in == "Merged" {
				continue
			}
			t.Run(name+" "+in, func(t *testing.T) {
				world(t, func(t *testing.T, backend *memremote.Backend) {
					var calls []string
					heed := func(ctx context.Context, at string) error {
						calls = append(calls, at)
						if at == in && count(calls, at) == 1 {
							<-ctx.Done()
							return fmt.Errorf("stopped: %w", ctx.Err())
						}
						return nil
					}
					a := newDevice(t, backend, func(o *replica.Options) {
						o.Before = func(ctx context.Context, _ *remote.ClientResetError, _ replica.View) error {
							return heed(ctx, "Before")
						}
						o.Strategy = reconcile.Manual
						o.Manual = func(ctx context.Context, h *reconcile.ByHand) error {
							for o, err := range h.Objects() {
								if err == nil {
									err = h.Recover(o)
								}
								if err != nil {
									return err
								}
							}
							return heed(ctx, "Manual")
						}
						o.After = func(ctx context.Context, _ *replica.Recovery) error { return heed(ctx, "After") }
						o.Merged = func(ctx context.Context, _ []replica.Merge) { heed(ctx, "Merged") }
					})
					b := newDevice(t, backend, nil)
					a.set("x", write("base", 1))
					syncAll(a, b)
					a.set("x", write("mine", 2))
					b.set("x", write("theirs", 4))
					syncAll(b)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if in != "Merged" {
						backend.Reset(a.client(), remote.Operator)
					}
					if name == "ctx" || name == "Close" && in != "Merged" { // it is no session that waits
						reset := waiting(a.ResetNow, ctx)
						synctest.Wait()
						a.must(end(a, cancel))
						if err := <-reset; err == nil {
							t.Error("it was through")
						}
					} else {
						a.begin()
						a.must(end(a, cancel))
					}
					if name == "Close" {
						a.open()
					}
					syncAll(a, b)
					a.has("x", "mine", 7)
					b.has("x", "mine", 7)
					a.clean()
					if got := count(calls, in); got != 2 {
						t.Errorf("called %v", calls)
					}
					if in != "Merged" {
						a.backups(1)
					}
				})
			})
		}
	}
}

// Who waits for the session when the replica is closed is told at once, were it in a
// callback and with a context of its own.
func TestCloseWhileACallbackWaits(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		var got error
		var a *device
		a = newDevice(t, backend, func(o *replica.Options) {
			o.After = func(context.Context, *replica.Recovery) error {
				_, got = a.Prune(context.Background(), replica.Retention{})
				return nil
			}
		})
		backend.Reset("", remote.Operator)
		a.set("x", write("base", 1))
		a.must(a.Start())
		time.Sleep(time.Second)
		reset := waiting(a.ResetNow, t.Context())
		synctest.Wait()
		a.must(a.Close())
		<-reset
		if !errors.Is(got, replica.ErrClosed) {
			t.Errorf("Prune: %v", got)
		}
		if !slices.Contains(a.steps, replica.Swapped) {
			t.Errorf("steps %v", a.steps)
		}
	})
}
