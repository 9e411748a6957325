package replica_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// racingRemote has another client write just before each push.
type racingRemote struct {
	*memremote.Backend
	race func()
}

func (r *racingRemote) Push(ctx context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	r.race()
	return r.Backend.Push(ctx, chunk)
}

// What the backend has changed since the last pull is merged with what it answers,
// and sent again.
func TestPushConflict(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		races := 0
		r := &racingRemote{backend, func() {}}
		a := newDevice(t, r, nil)
		a.set("x", write("a", 1))
		syncAll(a)
		r.race = func() {
			if races++; races <= 3 {
				if err := backend.Add(itemModel, key("x"), 0, "count", 10); err != nil {
					t.Error(err)
				}
			}
		}
		a.set("x", write("b", 1))
		syncAll(a)
		if races != 4 {
			t.Errorf("%d pushes, want 4", races)
		}
		a.has("x", "b", 32)
		if n := backend.Get(itemModel, key("x")).Field("count").Value.Int(); n != 32 {
			t.Errorf("the backend has counted %d, want 32", n)
		}
		a.clean()
	})
}

// Somebody who writes an object all the time does not keep anything else from being
// sent.
func TestPushConflictWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := memremote.New(memremote.Options{Latency: func(string, memremote.Call) time.Duration { return 50 * time.Millisecond }})
		r := &racingRemote{backend, func() {}}
		a := newDevice(t, r, nil)
		a.set("x", write("a", 3))
		syncAll(a)
		r.race = func() { backend.Add(itemModel, key("x"), 0, "count", 10) }
		a.set("x", write("b", 1))
		a.set("y", write("y", 1))
		a.must(a.Start())
		time.Sleep(time.Minute)
		if backend.Get(itemModel, key("y")) == nil {
			t.Error("another object is not sent")
		}
		a.Pause()
		r.race = func() {}
		syncAll(a)
		n := backend.Get(itemModel, key("x")).Field("count").Value.Int()
		if n%10 != 4 {
			t.Errorf("the backend has counted %d, of which 4 here", n)
		}
		a.has("x", "b", n)
	})
}

// An answer that never came, chunk by chunk: nothing is sent twice, and nothing that
// was written meanwhile is lost.
func TestLostAnswers(t *testing.T) {
	for _, kind := range []memremote.Kind{memremote.LoseCall, memremote.LoseAnswer, memremote.ArriveLate} {
		for after := range 4 {
			t.Run(fmt.Sprint(kind, after), func(t *testing.T) {
				world(t, func(t *testing.T, backend *memremote.Backend) {
					a := newDevice(t, backend, func(o *replica.Options) { o.Chunk = 2 })
					ids := []string{"a", "b", "c", "d", "e"}
					for _, id := range ids {
						a.set(id, write(id, 1))
					}
					syncAll(a)
					for _, id := range ids {
						a.set(id, write("", 1))
					}
					backend.Inject(memremote.Fault{Call: memremote.Push, Kind: kind, After: after})
					a.begin()
					for _, id := range ids {
						a.set(id, write("", 1))
					}
					a.Pause()
					a.begin()
					backend.DeliverLate()
					a.reopen(nil)
					syncAll(a)
					for _, id := range ids {
						a.has(id, id, 3)
						if n := backend.Get(itemModel, key(id)).Field("count").Value.Int(); n != 3 {
							t.Errorf("the backend has counted %d of %s, want 3", n, id)
						}
					}
					a.clean()
				})
			})
		}
	}
}

func TestRefused(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		a.set("x", write("base", 1))
		a.set("gone", write("base", 1))
		syncAll(a)
		no := errors.New("not yours")
		backend.Refuse(func(_ string, p *model.Patch) error {
			if p.Key.Text() == "ok" {
				return nil
			}
			return no
		})
		a.set("x", write("mine", 2))
		a.set("new", write("mine", 1))
		a.delete("gone")
		a.set("ok", write("mine", 1))
		a.begin()
		var refused *replica.RefusedError
		if err := a.WaitForUpload(t.Context()); !errors.As(err, &refused) || len(refused.Refusals) != 3 {
			t.Fatalf("waiting: %v", err)
		}
		list, err := a.Refused(t.Context())
		a.must(err)
		for i, want := range []struct {
			key    string
			change model.Change
		}{{"gone", model.Deleted}, {"new", model.Created}, {"x", model.Updated}} {
			if r := list[i]; r.Key.Text() != want.key || r.Change != want.change || r.Reason != "not yours" || r.Stamp == 0 {
				t.Errorf("%+v, want %v", r, want)
			}
		}
		if backend.Get(itemModel, key("ok")) == nil {
			t.Error("the rest is not sent")
		}
		a.has("x", "mine", 3)
		if _, ok, _ := a.LastSynced(t.Context()); !ok {
			t.Error("it never was in sync")
		}

		// It is not sent again by itself, survives a restart and a reset, and goes on being
		// merged with what comes in.
		a.reopen(nil)
		backend.Reset("", remote.Operator)
		backend.Set(itemModel, key("x"), 0, model.Named{Name: "num", Value: model.IntValue(7)})
		a.begin()
		if list, err = a.Refused(t.Context()); err != nil || len(list) != 3 {
			t.Errorf("refused after a reset: %+v %v", list, err)
		}
		a.has("x", "mine", 3)
		if b := a.backups(1)[0]; b.Settled {
			t.Error("the backup counts as settled")
		}

		// One is retried, one discarded, one written again.
		backend.Refuse(nil)
		a.must(a.Discard(t.Context(), itemModel, key("x")))
		a.has("x", "base", 1)
		a.must(a.Retry(t.Context(), itemModel, key("gone")))
		a.set("new", write("again", 0))
		syncAll(a)
		a.clean()
		a.has("new", "again", 1)
		if backend.Get(itemModel, key("gone")) != nil || backend.Get(itemModel, key("new")).Field("text").Value.Text() != "again" {
			t.Error("the backend does not have what was retried")
		}
		if x := backend.Get(itemModel, key("x")); x.Field("text").Value.Text() != "base" {
			t.Error("the backend has what was discarded")
		}
		if b := a.backups(1)[0]; !b.Settled {
			t.Error("the backup does not count as settled")
		}
		if err := a.Retry(t.Context(), itemModel, key("x")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("retrying what was not refused: %v", err)
		}
		if err := a.Discard(t.Context(), itemModel, key("x")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("discarding what is in sync: %v", err)
		}
		if err := a.Retry(t.Context(), "nothing", key("x")); !errors.Is(err, store.ErrSchema) {
			t.Errorf("retrying an object of no model: %v", err)
		}
	})
}

// A change that stays refused does not use up the attempts of resets to come.
func TestRefusedThroughManyResets(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, func(o *replica.Options) { o.Attempts = 2 })
		syncAll(a)
		backend.Refuse(func(string, *model.Patch) error { return errors.New("no") })
		a.set("x", write("mine", 1))
		a.begin()
		for range 5 {
			backend.Reset("", remote.Operator)
			synctest.Wait()
			time.Sleep(time.Second)
			a.state(replica.Idle)
		}
		for _, b := range a.backups(5) {
			if b.Settled {
				t.Errorf("%s is settled", b.Path)
			}
		}
		backend.Refuse(nil)
		a.must(a.Retry(t.Context(), itemModel, key("x")))
		syncAll(a)
		a.has("x", "mine", 1)
		for _, b := range a.backups(5) {
			if !b.Settled {
				t.Errorf("%s is not settled", b.Path)
			}
		}
	})
}
