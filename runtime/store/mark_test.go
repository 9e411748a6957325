package store_test

import (
	"errors"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

func settle(t *testing.T, db *store.Store, mark model.Mark) {
	t.Helper()
	must(t, db, func(tx *store.Tx) error { _, err := tx.Ledger().Settle(mark); return err })
}

func put(t *testing.T, db *store.Store, ids ...string) {
	t.Helper()
	must(t, db, func(tx *store.Tx) error {
		for _, id := range ids {
			if err := records.Replace(tx, &items.FieldItem{ID: id, Num: int64(db.Seq())}); err != nil {
				return err
			}
		}
		return nil
	})
}

// A mark is compared with the latest cut that was settled: what the backend knows less
// of it was put back, and what it knows more or another of this store was.
func TestCheckMark(t *testing.T) {
	db := open(t)
	put(t, db, "a", "b")
	settle(t, db, openCut(t, db, 1))
	put(t, db, "c", "d")
	settled := openCut(t, db, 1)
	settle(t, db, settled)
	with := func(change func(m *model.Mark)) model.Mark {
		m := settled
		change(&m)
		return m
	}
	var rewound *store.BackendRewoundError
	for name, c := range map[string]struct {
		mark   model.Mark
		copied bool
	}{
		"the cut before":      {with(func(m *model.Mark) { m.N, m.Nonce = 1, "x" }), false},
		"none":                {model.Mark{}, false},
		"a chunk less of it":  {with(func(m *model.Mark) { m.Done = 1 }), false},
		"a chunk more of it":  {with(func(m *model.Mark) { m.Done = 3 }), false},
		"another of the name": {with(func(m *model.Mark) { m.Nonce = "x" }), true},
		"less of another":     {with(func(m *model.Mark) { m.Nonce, m.Done = "x", 1 }), true},
		"a later one":         {with(func(m *model.Mark) { m.N, m.Nonce = 3, "x" }), true},
	} {
		err := db.View(t.Context(), func(tx *store.Tx) error { return tx.Ledger().CheckMark(c.mark) })
		if errors.Is(err, store.ErrStoreCopied) != c.copied || errors.As(err, &rewound) == c.copied {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := db.View(t.Context(), func(tx *store.Tx) error { return tx.Ledger().CheckMark(settled) }); err != nil {
		t.Errorf("the mark itself: %v", err)
	}
}
