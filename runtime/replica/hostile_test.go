package replica_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
)

// strangeRemote answers as a backend should not.
type strangeRemote struct {
	*memremote.Backend
	push     func(*remote.Answer) *remote.Answer
	pull     func(after remote.Cursor) iter.Seq2[*remote.Page, error]
	snapshot func() iter.Seq2[*remote.SnapshotPage, error]
}

func (r *strangeRemote) Push(ctx context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	answer, err := r.Backend.Push(ctx, chunk)
	if r.push != nil && err == nil {
		return r.push(answer), nil
	}
	return answer, err
}

func (r *strangeRemote) Pull(ctx context.Context, client string, after remote.Cursor) iter.Seq2[*remote.Page, error] {
	if r.pull != nil {
		return r.pull(after)
	}
	return r.Backend.Pull(ctx, client, after)
}

func (r *strangeRemote) Snapshot(ctx context.Context, client string, resume remote.Resume) iter.Seq2[*remote.SnapshotPage, error] {
	if r.snapshot != nil {
		return r.snapshot()
	}
	return r.Backend.Snapshot(ctx, client, resume)
}

// pages yields these, one after the other, whether anybody takes them or not.
func pages[P any](all ...P) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		for _, p := range all {
			yield(p, nil)
		}
	}
}

func pulled[P any](all ...P) func(remote.Cursor) iter.Seq2[P, error] {
	return func(remote.Cursor) iter.Seq2[P, error] { return pages(all...) }
}

// What a backend must not answer is an error that says so, and the device goes on
// with what it has when the backend comes to its senses.
func TestStrangeAnswers(t *testing.T) {
	for what, c := range map[string]struct {
		do   func(r *strangeRemote)
		says string
	}{
		"no answer": {func(r *strangeRemote) { r.push = func(*remote.Answer) *remote.Answer { return nil } }, "no answer"},
		"no page":   {func(r *strangeRemote) { r.pull = pulled[*remote.Page](nil, nil) }, "no page"},
		"no cursor": {func(r *strangeRemote) { r.pull = pulled(&remote.Page{}, &remote.Page{}) }, "cursor"},
	} {
		t.Run(what, func(t *testing.T) {
			world(t, func(t *testing.T, backend *memremote.Backend) {
				r := &strangeRemote{Backend: backend}
				a := newDevice(t, r, nil)
				a.set("x", write("base", 1))
				syncAll(a)
				a.set("x", write("mine", 2))
				before := a.content()
				c.do(r)
				err := a.Download(t.Context())
				if err == nil {
					err = a.Upload(t.Context())
				}
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("it says %v", err)
				}
				if now := a.content(); now != before {
					t.Errorf("it has\n%s\nand had\n%s", now, before)
				}
				*r = strangeRemote{Backend: backend}
				syncAll(a)
				a.has("x", "mine", 3)
				a.clean()
				if n := len(backend.All()); n != 1 {
					t.Errorf("the backend has %d objects", n)
				}
			})
		})
	}
}

// An object under a key that no object of its model can have is told and left out,
// and what comes beside it is taken over.
func TestKeyThatDoesNotFit(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		syncAll(a)
		text := model.Named{Name: "text", Value: model.StringValue("theirs")}
		for _, key := range []model.Value{{}, key(""), model.IntValue(7)} {
			backend.Set(itemModel, key, 1, text)
		}
		backend.Put(remote.Object{Model: itemModel, Key: model.BoolValue(true), Deleted: true})
		backend.Set(itemModel, key("x"), 1, text)
		syncAll(a)
		a.has("x", "theirs", 0)
		if a.content() == "" || strings.Contains(a.content(), "\n") {
			t.Errorf("it has\n%s", a.content())
		}
		if len(a.merged) != 4 || a.merged[0].Outcome != merge.Failed || !strings.Contains(a.merged[3].Reason, itemModel+".id") {
			t.Errorf("told of %+v", a.merged)
		}
		a.must(a.ResetNow(t.Context()))
		a.has("x", "theirs", 0)
		if strings.Contains(a.content(), "\n") {
			t.Errorf("after a reset it has\n%s", a.content())
		}
	})
}

// An object's key is its own, whatever a field by that name says.
func TestKeyAmongFields(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		a := newDevice(t, backend, nil)
		syncAll(a)
		backend.Set(itemModel, key("x"), 1, model.Named{Name: "text", Value: model.StringValue("theirs")}, model.Named{Name: "id", Value: key("y")})
		syncAll(a)
		a.has("x", "theirs", 0)
		a.lacks("y")
	})
}

// A pull of which nothing comes, and which does not look at its context, ends with that.
func TestPullWithoutEnd(t *testing.T) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		r := &strangeRemote{Backend: backend}
		a := newDevice(t, r, nil)
		a.set("x", write("base", 1))
		syncAll(a)
		client := a.client()
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		r.pull = func(after remote.Cursor) iter.Seq2[*remote.Page, error] {
			return func(yield func(*remote.Page, error) bool) {
				for range 1000 {
					if n++; n == 50 {
						cancel()
					}
					if !yield(&remote.Page{Cursor: after, Mark: r.Mark(client)}, nil) {
						return
					}
				}
			}
		}
		if err := a.Download(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("downloading: %v", err)
		}
		if n != 50 {
			t.Errorf("it takes %d pages, of which 50 came in time", n)
		}
		r.pull = nil
		syncAll(a)
		a.state(replica.Paused)
	})
}
