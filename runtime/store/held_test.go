package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/rules"
)

// heldOrder is a store in which an order was changed in three fields, of which the
// app's own function cannot merge one.
type heldOrder struct {
	t  *testing.T
	db *store.Store
}

// long is more than rules.Concat takes together with itself.
var long = make([]int, 600)

func newHeldOrder(t *testing.T) *heldOrder {
	h := &heldOrder{t, openOn(t, memstore.New(), &rules.Schema, false)}
	must(t, h.db, func(tx *store.Tx) error {
		return rules.OrderRecords.Load(tx, &rules.Order{ID: "a", Counter: 10, Set: []string{"base"}}, 1)
	})
	must(t, h.db, h.change(func(r *rules.OrderRecord) { r.AddCounter(2); r.AddSet("local"); r.SetFuncList(long) }))
	if d := h.receive(rules.Order{Counter: 15, Set: []string{"base", "remote"}, FuncList: append(long, 1)}); d.Outcome != merge.Failed || d.Err == nil {
		t.Fatalf("it is %s: %s", d.Outcome, d.Reason)
	}
	return h
}

func (h *heldOrder) change(do func(r *rules.OrderRecord)) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		r, err := rules.OrderRecords.Get(tx, "a")
		if err != nil {
			return err
		}
		do(r)
		return rules.OrderRecords.Put(tx, r)
	}
}

// receive takes over what the backend has.
func (h *heldOrder) receive(v rules.Order) (d *merge.Decision) {
	h.t.Helper()
	v.ID = "a"
	scratch := openOn(h.t, memstore.New(), &rules.Schema, false)
	var row *model.Row
	must(h.t, scratch, func(tx *store.Tx) (err error) {
		if err = rules.OrderRecords.Load(tx, &v, 2); err == nil {
			row, err = tx.Row(rules.OrderRecords.Model().Info, model.StringValue("a"))
		}
		return err
	})
	must(h.t, h.db, func(tx *store.Tx) (err error) {
		d, err = tx.Ledger().Receive(rules.OrderRecords.Model(), model.StringValue("a"), row, model.Policy{})
		return err
	})
	return d
}

// has checks the order, and whether it waits for somebody's decision.
func (h *heldOrder) has(when string, counter int32, set []string, list int, refused bool) {
	h.t.Helper()
	must(h.t, h.db, func(tx *store.Tx) error {
		r, err := rules.OrderRecords.Get(tx, "a")
		if err != nil {
			return err
		}
		now := slices.Sorted(slices.Values(r.Set()))
		if r.Counter() != counter || !slices.Equal(now, set) || len(r.FuncList()) != list {
			h.t.Errorf("%s: counter %d, set %v, %d in the list; want %d, %v, %d", when, r.Counter(), now, len(r.FuncList()), counter, set, list)
		}
		e, err := tx.Entry(rules.OrderRecords.Model().Info, model.StringValue("a"))
		if err == nil && (e.Refused != "") != refused {
			h.t.Errorf("%s: refused %q", when, e.Refused)
		}
		return err
	})
}

// A field that cannot be merged is held, whatever comes from the backend, until
// somebody decides. The other fields are merged by their rules, as often as it takes.
func TestHeldField(t *testing.T) {
	h := newHeldOrder(t)
	h.has("held", 17, []string{"base", "local", "remote"}, 600, true)
	h.receive(rules.Order{Counter: 16, Set: []string{"base", "r2", "remote"}}) // which the function could merge, from a base that is none
	h.has("later", 18, []string{"base", "local", "r2", "remote"}, 600, true)
	must(t, h.db, h.change(func(r *rules.OrderRecord) { r.AddCounter(1) }))
	h.has("another field is written", 19, []string{"base", "local", "r2", "remote"}, 600, true)
	must(t, h.db, func(tx *store.Tx) error {
		return tx.Retry(rules.OrderRecords.Model().Info, model.StringValue("a"))
	})
	d := h.receive(rules.Order{Counter: 20, Set: []string{"base"}, FuncList: []int{1}})
	h.has("retried", 23, []string{"base", "local"}, 600, false)
	if len(d.Conflicts) != 1 || d.Conflicts[0].Field != "func_list" {
		t.Errorf("conflicts %+v", d.Conflicts)
	}
}

func TestHeldFieldIsWritten(t *testing.T) {
	h := newHeldOrder(t)
	must(t, h.db, h.change(func(r *rules.OrderRecord) { r.SetFuncList([]int{1}) }))
	h.has("written", 17, []string{"base", "local", "remote"}, 1, false)
	h.receive(rules.Order{Counter: 15, Set: []string{"base", "remote"}, FuncList: []int{2, 3}})
	h.has("merged", 17, []string{"base", "local", "remote"}, 3, false)
}

func TestHeldFieldIsDiscarded(t *testing.T) {
	h := newHeldOrder(t)
	must(t, h.db, func(tx *store.Tx) error {
		return tx.Discard(rules.OrderRecords.Model().Info, model.StringValue("a"))
	})
	must(t, h.db, func(tx *store.Tx) error {
		r, err := rules.OrderRecords.Get(tx, "a")
		if err == nil && (r.Counter() != 15 || len(r.FuncList()) != 601 || len(r.Set()) != 2) {
			t.Errorf("counter %d, set %v, %d in the list", r.Counter(), r.Set(), len(r.FuncList()))
		}
		return err
	})
}

// What goes wrong with the result of the app's function is that field's matter too.
func TestHeldFieldOfCounter(t *testing.T) {
	h := newHeldOrder(t)
	must(t, h.db, h.change(func(r *rules.OrderRecord) { r.AddCounter(1 << 30) }))
	d := h.receive(rules.Order{Counter: 1<<31 - 1, Set: []string{"base", "r2"}, FuncList: append(long, 1)})
	if d.Outcome != merge.Failed || !errors.Is(d.Err, merge.ErrOverflow) {
		t.Errorf("it is %s: %v", d.Outcome, d.Err)
	}
	h.has("both held", 17+1<<30, []string{"base", "local", "r2"}, 600, true)
	h.receive(rules.Order{Counter: 1, Set: []string{"base", "r2"}})
	h.has("later", 17+1<<30, []string{"base", "local", "r2"}, 600, true)
}

// With a stamp for the whole object every field counts as changed, and one that only so
// counts is held like any other.
func TestHeldFieldOfAWholeObject(t *testing.T) {
	undecided := errors.New("undecided")
	var decide error = undecided
	m := note("area")
	m.Info.Track = model.TrackObject
	m.Info.Fields = append(m.Info.Fields, model.Field{Name: "more", Kind: model.String, Zero: model.StringValue("")})
	m.Merge = func(c *merge.Context, base, local, remote, result *model.Row) error {
		result.Values[1] = local.Values[1]
		if c.Local.Has(2) && !remote.Values[2].Equal(base.Values[2]) {
			if decide != nil {
				c.Fail(2, decide)
				return c.Err()
			}
			result.Values[2] = model.StringValue("merged from " + base.Values[2].Text())
		}
		return nil
	}
	row := func(text, more string) *model.Row {
		r := model.NewRow(m.Info)
		r.Values[0], r.Values[1], r.Values[2] = model.StringValue("1"), model.StringValue(text), model.StringValue(more)
		return r
	}
	db := openOn(t, memstore.New(), schemaOf(m), false)
	must(t, db, func(tx *store.Tx) error { return tx.Load(m.Info, model.StringValue("1"), row("", "n0")) })
	must(t, db, func(tx *store.Tx) error { return tx.Write(m.Info, model.StringValue("1"), row("t1", "n0")) })
	if d := receiveArea(t, db, m, row("", "n1")); d.Outcome != merge.Failed || !errors.Is(d.Err, undecided) {
		t.Fatalf("it is %s: %s", d.Outcome, d.Reason)
	}
	must(t, db, func(tx *store.Tx) error { return tx.Write(m.Info, model.StringValue("1"), row("t2", "n0")) })
	decide = nil
	receiveArea(t, db, m, row("", "n2"))
	must(t, db, func(tx *store.Tx) error {
		now, err := tx.Row(m.Info, model.StringValue("1"))
		if err != nil {
			return err
		}
		e, err := tx.Entry(m.Info, model.StringValue("1"))
		if err == nil && (now.Values[2].Text() != "n0" || e.Refused == "" || !e.Holds()) {
			t.Errorf("it is %v, refused %q", now.Values, e.Refused)
		}
		return err
	})
}
