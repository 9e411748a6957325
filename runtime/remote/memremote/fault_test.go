package memremote_test

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
)

func noteKey(i int) model.Value { return model.StringValue(fmt.Sprintf("n%02d", i)) }

// chunk creates the notes from first on, as chunk index of the n-th cut of a
// client.
func chunk(client string, epoch, n uint64, index, first, notes int) *model.Chunk {
	c := &model.Chunk{Cut: model.Cut{Client: client, Epoch: epoch, N: n, Nonce: fmt.Sprint("nonce ", n), Size: notes}, Index: index}
	for i := range notes {
		c.Patches = append(c.Patches, model.Patch{Model: "note", Key: noteKey(first + i), Change: model.Created, Stamp: 1,
			Fields: []model.PatchField{{Name: "text", Value: model.StringValue("x"), Stamp: 1}}})
	}
	return c
}

func lost(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, memremote.ErrConnection) {
		t.Errorf("the error is %v, want a lost connection", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// done checks how many chunks of the first cut the backend says are done, and that
// its content agrees.
func done(t *testing.T, b *memremote.Backend, chunks int) {
	t.Helper()
	if m := b.Mark("a"); m.Done != chunks || len(b.All()) != chunks {
		t.Errorf("%d chunks are done, and there are %d objects; want %d", m.Done, len(b.All()), chunks)
	}
}

func TestPushFaults(t *testing.T) {
	b := memremote.New(memremote.Options{})
	push := func(index int) error {
		_, err := b.Push(t.Context(), chunk("a", 0, 1, index, index, 1))
		return err
	}
	b.Inject(
		memremote.Fault{Call: memremote.Push, Client: "a", After: 1},
		memremote.Fault{Call: memremote.Push, Client: "a", After: 1, Kind: memremote.LoseAnswer},
		memremote.Fault{Call: memremote.Push, Client: "a", After: 1, Kind: memremote.ArriveLate},
		memremote.Fault{Call: memremote.Push, Client: "b"},
	)
	must(t, push(0))
	done(t, b, 1)
	lost(t, push(1))
	done(t, b, 1)
	lost(t, push(1))
	done(t, b, 2)
	lost(t, push(2))
	done(t, b, 2)
	if pending := b.Pending(); len(pending) != 1 || pending[0].Client != "b" {
		t.Errorf("these are pending: %v", pending)
	}
	if answers := b.DeliverLate(); len(answers) != 1 || answers[0] != nil {
		t.Errorf("the late chunk was answered with %v", answers)
	}
	done(t, b, 3)
	must(t, push(2))
	done(t, b, 3)
	if answers := b.DeliverLate(); len(answers) != 0 {
		t.Errorf("it is delivered twice: %v", answers)
	}
	if _, err := b.Push(t.Context(), chunk("b", 0, 1, 0, 50, 1)); !errors.Is(err, memremote.ErrConnection) {
		t.Errorf("the other client's push gives %v", err)
	}
	if pending := b.Pending(); pending != nil {
		t.Errorf("these are pending: %v", pending)
	}
}

// A chunk that arrives after the client was fenced has no effect, also where the
// answer to Settle was lost.
func TestLateChunkIsFenced(t *testing.T) {
	b := memremote.New(memremote.Options{})
	b.Inject(
		memremote.Fault{Call: memremote.Push, Kind: memremote.ArriveLate},
		memremote.Fault{Call: memremote.Settle, Kind: memremote.LoseAnswer},
		memremote.Fault{Call: memremote.Settle, Kind: memremote.LoseCall, After: 1},
	)
	_, err := b.Push(t.Context(), chunk("a", 0, 1, 0, 0, 1))
	lost(t, err)
	_, err = b.Settle(t.Context(), "a", 1)
	lost(t, err)
	if answers := b.DeliverLate(); len(answers) != 1 || !errors.Is(answers[0], remote.ErrFenced) {
		t.Errorf("the late chunk was answered with %v", answers)
	}
	done(t, b, 0)
	_, err = b.Settle(t.Context(), "a", 1)
	must(t, err)
	_, err = b.Settle(t.Context(), "a", 2)
	lost(t, err)
	_, err = b.Push(t.Context(), chunk("a", 1, 2, 0, 0, 1)) // that fence never arrived
	must(t, err)
	done(t, b, 1)
}

func TestCutInTheMiddle(t *testing.T) {
	b := memremote.New(memremote.Options{Page: 10, SnapshotPage: 10})
	_, err := b.Push(t.Context(), chunk("a", 0, 1, 0, 0, 35))
	must(t, err)

	b.Inject(memremote.Fault{Call: memremote.Pull, After: 2})
	var cursor remote.Cursor
	var got int
	pull := func() (failed error) {
		for page, err := range b.Pull(t.Context(), "a", cursor) {
			if err != nil {
				return err
			}
			got += len(page.Objects)
			cursor = page.Cursor
		}
		return nil
	}
	lost(t, pull())
	if got != 20 {
		t.Errorf("%d objects came before the connection broke, want 20", got)
	}
	must(t, pull())
	if got != 35 {
		t.Errorf("%d objects came, want 35", got)
	}

	b.Inject(memremote.Fault{Call: memremote.Snapshot, After: 3})
	var resume remote.Resume
	got = 0
	download := func() (failed error) {
		for page, err := range b.Snapshot(t.Context(), "a", resume) {
			if err != nil {
				return err
			}
			if resume.ID != "" && page.Resume.ID != resume.ID {
				t.Errorf("another snapshot began")
			}
			got += len(page.Objects)
			resume = page.Resume
		}
		return nil
	}
	lost(t, download())
	if got != 30 {
		t.Errorf("%d objects came before the connection broke, want 30", got)
	}
	must(t, download())
	if got != 35 {
		t.Errorf("%d objects came, want 35", got)
	}
}

func TestOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memremote.New(memremote.Options{Page: 1})
		_, err := b.Push(t.Context(), chunk("a", 0, 1, 0, 0, 2))
		must(t, err)
		var cursor remote.Cursor
		for page, err := range b.Pull(t.Context(), "a", "") {
			must(t, err)
			cursor = page.Cursor
		}
		watched := make(chan error, 1)
		go func() { watched <- b.Watch(t.Context(), "a", cursor) }()
		synctest.Wait()
		b.Offline("a")
		lost(t, <-watched)
		lost(t, b.Watch(t.Context(), "a", ""))
		_, err = b.Push(t.Context(), chunk("a", 0, 2, 0, 5, 1))
		lost(t, err)
		_, err = b.Push(t.Context(), chunk("b", 0, 1, 0, 6, 1))
		must(t, err)
		b.Online("a")
		pages := 0
		for _, err := range b.Pull(t.Context(), "a", "") {
			if pages == 1 {
				lost(t, err)
				break
			}
			must(t, err)
			pages++
			b.Offline("")
		}
		_, err = b.Settle(t.Context(), "b", 0)
		lost(t, err)
		b.Offline("b")
		b.Online("")
		_, err = b.Settle(t.Context(), "b", 0)
		must(t, err)
	})
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memremote.New(memremote.Options{Page: 10, Latency: func(client string, call memremote.Call) time.Duration {
			if client == "fast" {
				return 0
			}
			return map[memremote.Call]time.Duration{memremote.Push: time.Minute, memremote.Pull: time.Second}[call]
		}})
		start := time.Now()
		took := func(want time.Duration) {
			t.Helper()
			if d := time.Since(start); d != want {
				t.Errorf("it took %v, want %v", d, want)
			}
			start = time.Now()
		}
		_, err := b.Push(t.Context(), chunk("a", 0, 1, 0, 0, 35))
		must(t, err)
		took(time.Minute)
		for _, err := range b.Pull(t.Context(), "a", "") {
			must(t, err)
		}
		took(4 * time.Second)
		for _, err := range b.Pull(t.Context(), "fast", "") {
			must(t, err)
		}
		took(0)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := b.Push(ctx, chunk("a", 0, 2, 0, 50, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a push that takes too long gives %v", err)
		}
		took(30 * time.Second)
		if len(b.All()) != 35 {
			t.Error("the push was carried out after its context had ended")
		}
	})
}
