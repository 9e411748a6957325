package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

var errFault = errors.New("a fault on purpose")

// faulty is a driver of which one write fails, as that of a full disk would.
type faulty struct {
	store.Driver
	left *int // writes until then; less than none: no more faults
}

func (f faulty) Open(ctx context.Context, path string, s *store.Schema, o store.DriverOptions) (store.Engine, error) {
	e, err := f.Driver.Open(ctx, path, s, o)
	return faultyEngine{e, f.left}, err
}

type faultyEngine struct {
	store.Engine
	left *int
}

func (e faultyEngine) Begin(ctx context.Context, write bool) (store.EngineTx, error) {
	tx, err := e.Engine.Begin(ctx, write)
	return faultyTx{tx, e.left}, err
}

type faultyTx struct {
	store.EngineTx
	left *int
}

// write does the next write, unless that is the one that fails.
func (t faultyTx) write(do func() error) error {
	if *t.left--; *t.left == -1 {
		return errFault
	}
	return do()
}

func (t faultyTx) Insert(m *model.Info, key model.Value, row *model.Row) error {
	return t.write(func() error { return t.EngineTx.Insert(m, key, row) })
}

func (t faultyTx) Update(m *model.Info, key model.Value, row *model.Row, fields model.FieldSet) error {
	return t.write(func() error { return t.EngineTx.Update(m, key, row, fields) })
}

func (t faultyTx) Replace(m *model.Info, key model.Value, row *model.Row) error {
	return t.write(func() error { return t.EngineTx.Replace(m, key, row) })
}

func (t faultyTx) Delete(m *model.Info, key model.Value) error {
	return t.write(func() error { return t.EngineTx.Delete(m, key) })
}

func (t faultyTx) PutEntry(e *model.Entry) error {
	return t.write(func() error { return t.EngineTx.PutEntry(e) })
}

func (t faultyTx) DeleteEntry(name string, key model.Value) error {
	return t.write(func() error { return t.EngineTx.DeleteEntry(name, key) })
}

func (t faultyTx) SetMeta(name string, value []byte) error {
	return t.write(func() error { return t.EngineTx.SetMeta(name, value) })
}

func (t faultyTx) Commit() error {
	return t.write(t.EngineTx.Commit)
}

// Whichever write of a transaction fails, the transaction leaves nothing.
func testFailedWrite(t *testing.T, h Harness) {
	left := -1
	h.Driver = faulty{h.Driver, &left}
	w := newWorld()
	db := h.openStore(t, h.Path, w.schema)
	defer func() { db.Close() }()
	must(t, "writing", db.Update(t.Context(), func(tx *store.Tx) error {
		for _, c := range w.collections {
			must(t, "loading", errors.Join(c.Load(tx, &thing{ID: "synced", Text: "x"}, stamp.Stamp(1)), c.Load(tx, &thing{ID: "deleted"}, stamp.Stamp(1))))
			must(t, "writing", c.Replace(tx, &thing{ID: "created"}))
		}
		return nil
	}))
	before := content(t, db, w)
	faults := 0
	for ; ; faults++ {
		left = faults
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			for _, c := range w.collections {
				if err := errors.Join(c.Replace(tx, &thing{ID: "synced", Text: "y"}), c.Delete(tx, "deleted"), c.Delete(tx, "created"), c.Replace(tx, &thing{ID: "new"})); err != nil {
					return err
				}
			}
			return nil
		})
		if left >= 0 { // there are not that many writes
			must(t, "writing without a fault", err)
			break
		}
		if !errors.Is(err, errFault) {
			t.Fatalf("a fault at write %d: %v", faults, err)
		}
		for _, reopened := range []bool{false, true} {
			if reopened {
				must(t, "closing", db.Close())
				db = h.openStore(t, h.Path, w.schema)
			}
			if got := content(t, db, w); got != before {
				t.Fatalf("a fault at write %d leaves (reopened: %v)\n%s, it was\n%s", faults, reopened, got, before)
			}
		}
	}
	if want := 8*len(w.collections) + 2; faults != want { // an object and an entry each, the state, the commit
		t.Errorf("%d writes failed, want %d", faults, want)
	}
}

// content is all that a store shows, as text.
func content(t testing.TB, db *store.Store, w *world) string {
	t.Helper()
	text := fmt.Sprintf("seq %d\n", db.Seq())
	must(t, "reading", db.View(t.Context(), func(tx *store.Tx) error {
		for _, c := range w.collections {
			for row, err := range tx.Rows(c.Model().Info) {
				must(t, "reading", err)
				text += fmt.Sprintf("%+v\n", *row)
			}
		}
		for e, err := range tx.Entries() {
			must(t, "reading", err)
			text += fmt.Sprintf("%+v\n", *e)
		}
		return nil
	}))
	return text
}
