package storetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sync"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

func insert(t testing.TB, tx store.EngineTx, m *model.Info, id string, stars int64) {
	t.Helper()
	must(t, "inserting", tx.Insert(m, str(id), row(m, str(id), str("title of "+id), num(stars))))
}

func testIsolation(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) { insert(t, tx, m, "a", 1) })
	before := begin(t, e, false)
	defer before.Rollback()
	writer := begin(t, e, true)
	defer writer.Rollback()
	insert(t, writer, m, "b", 2)
	must(t, "updating", writer.Update(m, str("a"), row(m, str("a"), str(""), num(9)), model.FieldSetOf(2)))
	during := begin(t, e, false)
	defer during.Rollback()
	must(t, "committing", writer.Commit())
	for when, tx := range map[string]store.EngineTx{"before": before, "during": during} {
		if got := keys(t, tx, m); len(got) != 1 {
			t.Errorf("a reader from %s the write sees the objects %v", when, got)
		}
		wantRow(t, tx, m, str("a"), str("a"), str("title of a"), num(1))
	}
	view(t, e, func(tx store.EngineTx) { wantRow(t, tx, m, str("a"), str("a"), str("title of a"), num(9)) })
}

func testConcurrentViews(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	ids := []string{"a", "b", "c", "d"}
	update(t, e, func(tx store.EngineTx) {
		for _, id := range ids {
			insert(t, tx, m, id, 0)
		}
	})
	const readers, rounds = 8, 20
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for range rounds {
				if err := viewAllEqual(e, m); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for round := range int64(rounds) {
		update(t, e, func(tx store.EngineTx) {
			for _, id := range ids {
				must(t, "updating", tx.Update(m, str(id), row(m, str(id), str(""), num(round)), model.FieldSetOf(2)))
			}
		})
	}
	wg.Wait()
}

// viewAllEqual reads all objects, whose numbers every commit makes equal.
func viewAllEqual(e store.Engine, m *model.Info) error {
	tx, err := e.Begin(context.Background(), false)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var first *model.Row
	for r, err := range tx.Rows(m) {
		if err != nil {
			return err
		}
		if first == nil {
			first = r
		}
		if !r.Values[2].Equal(first.Values[2]) {
			return fmt.Errorf("a reader sees half a commit: %v and %v", first.Values, r.Values)
		}
	}
	return tx.Rollback()
}

func testNestedIterators(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) {
		insert(t, tx, m, "a", 1)
		insert(t, tx, m, "b", 2)
	})
	update(t, e, func(tx store.EngineTx) {
		n := 0
		for outer, err := range tx.Rows(m) {
			must(t, "listing", err)
			for inner, err := range tx.Rows(m) {
				must(t, "listing", err)
				if inner.Values[0].Equal(str("a")) {
					must(t, "updating meanwhile", tx.Update(m, outer.Values[0], row(m, outer.Values[0], str(""), num(5)), model.FieldSetOf(2)))
				}
				n++
			}
		}
		if n != 4 {
			t.Errorf("two objects make %d pairs", n)
		}
	})
}

func testIteratorsEnd(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) {
		insert(t, tx, m, "a", 1)
		insert(t, tx, m, "b", 2)
	})
	tx := begin(t, e, true)
	next, stop := iter.Pull2(tx.Rows(m))
	defer stop()
	if _, err, ok := next(); err != nil || !ok {
		t.Fatalf("the first object: %v", err)
	}
	must(t, "rolling back", tx.Rollback())
	if _, err, ok := next(); err == nil || !ok {
		t.Errorf("an iterator goes on after its transaction")
	}
	update(t, e, func(tx store.EngineTx) { insert(t, tx, m, "c", 3) })
}

func testRollback(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) { insert(t, tx, m, "a", 1) })
	tx := begin(t, e, true)
	insert(t, tx, m, "b", 2)
	must(t, "deleting", tx.Delete(m, str("a")))
	must(t, "writing an entry", tx.PutEntry(&model.Entry{Model: "note", Key: str("b"), Change: model.Created}))
	must(t, "writing", tx.SetMeta("x", []byte("x")))
	must(t, "rolling back", tx.Rollback())
	must(t, "rolling back again", tx.Rollback())
	view(t, e, func(tx store.EngineTx) {
		wantRow(t, tx, m, str("a"), str("a"), str("title of a"), num(1))
		wantRow(t, tx, m, str("b"))
		wantEntry(t, tx, "note", str("b"), nil)
		if v, err := tx.Meta("x"); v != nil || err != nil {
			t.Errorf("a value that was rolled back is %q, %v", v, err)
		}
	})
}

func testReopen(t *testing.T, h Harness) {
	m := note()
	for round := range int64(3) {
		id := string(rune('a' + round))
		h.with(t, []*model.Info{m}, func(tx store.EngineTx) {
			if got := keys(t, tx, m); len(got) != int(round) {
				t.Errorf("after %d rounds the objects are %v", round, got)
			}
			insert(t, tx, m, id, round)
		})
	}
}

func testKill(t *testing.T, h Harness) {
	if h.Kill == nil {
		t.Skip("the harness cannot kill")
	}
	m := note()
	e := h.mustOpen(t, m)
	update(t, e, func(tx store.EngineTx) { insert(t, tx, m, "kept", 1) })
	tx := begin(t, e, true)
	insert(t, tx, m, "lost", 2)
	h.Path = h.Kill(t, h.Path)
	tx.Rollback()
	e.Close()
	e = h.mustOpen(t, m)
	view(t, e, func(tx store.EngineTx) {
		wantRow(t, tx, m, str("kept"), str("kept"), str("title of kept"), num(1))
		wantRow(t, tx, m, str("lost"))
	})
}

func testReadOnly(t *testing.T, h Harness) {
	m := note()
	if _, err := h.open(schemaOf(m), true); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a store that is not there: %v, want an error that wraps fs.ErrNotExist", err)
	}
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) { insert(t, tx, m, "a", 1) })
	e := h.mustOpenReadOnly(t, m)
	view(t, e, func(tx store.EngineTx) { wantRow(t, tx, m, str("a"), str("a"), str("title of a"), num(1)) })
	if _, err := e.Begin(context.Background(), true); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("writing: %v, want an error that wraps ErrReadOnly", err)
	}
	mustClose(t, e)
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) { insert(t, tx, m, "b", 2) })
}

func testInUse(t *testing.T, h Harness) {
	m := note()
	inUse := func(readOnly bool) {
		t.Helper()
		e, err := h.open(schemaOf(m), readOnly)
		if !errors.Is(err, store.ErrInUse) {
			t.Errorf("opening a store that is open: %v, want an error that wraps ErrInUse", err)
		}
		if err == nil {
			e.Close()
		}
	}
	e := h.mustOpen(t, m)
	inUse(false)
	inUse(true)
	mustClose(t, e)
	one, two := h.mustOpenReadOnly(t, m), h.mustOpenReadOnly(t, m)
	inUse(false)
	mustClose(t, one)
	inUse(false)
	mustClose(t, two)
	mustClose(t, h.mustOpen(t, m))
}

// testEnded: what has ended answers with an error and does nothing.
func testEnded(t *testing.T, h Harness) {
	m := note()
	e := h.mustOpen(t, m)
	tx := begin(t, e, true)
	insert(t, tx, m, "a", 1)
	must(t, "committing", tx.Commit())
	must(t, "rolling back what was committed", tx.Rollback())
	if _, err := tx.Get(m, str("a")); !errors.Is(err, store.ErrTxDone) {
		t.Errorf("reading after the end: %v", err)
	}
	if err := tx.Delete(m, str("a")); !errors.Is(err, store.ErrTxDone) {
		t.Errorf("writing after the end: %v", err)
	}
	if err := tx.Commit(); !errors.Is(err, store.ErrTxDone) {
		t.Errorf("committing twice: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Begin(ctx, true); !errors.Is(err, context.Canceled) {
		t.Errorf("beginning under a context that has ended: %v", err)
	}
	mustClose(t, e)
	if _, err := e.Begin(context.Background(), false); err == nil {
		t.Error("a closed store begins a transaction")
	}
}
