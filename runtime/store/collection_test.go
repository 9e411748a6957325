package store_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

type (
	item   = items.FieldItem
	record = items.FieldItemRecord
)

var records = items.FieldItemRecords

func open(t *testing.T) *store.Store {
	t.Helper()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	db, err := store.Open(t.Context(), memstore.New(), "db", &items.Schema, store.Options{
		Now:    func() time.Time { now = now.Add(time.Second); return now },
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// must runs a transaction that succeeds.
func must(t *testing.T, db *store.Store, do func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

// synced loads an item as the backend has it.
func synced(t *testing.T, db *store.Store, v item) {
	t.Helper()
	must(t, db, func(tx *store.Tx) error { return records.Load(tx, &v, 1) })
}

// change changes an item through its record.
func change(id string, do func(r *record)) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		r, err := records.Get(tx, id)
		if err != nil {
			return err
		}
		do(r)
		return records.Put(tx, r)
	}
}

// entry is the record of what is unsynced of an item, or nil.
func entry(t *testing.T, db *store.Store, id string) (e *model.Entry) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		e, err = tx.Entry(records.Model().Info, model.StringValue(id))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// fields lists the changed fields of an item.
func fields(e *model.Entry) (names []string) {
	if e != nil {
		for _, f := range e.Fields {
			names = append(names, f.Name)
		}
	}
	return names
}

func TestRefusals(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a", Count: 1<<63 - 1})
	var kept *record
	var keptTx *store.Tx
	must(t, db, func(tx *store.Tx) (err error) {
		keptTx = tx
		kept, err = records.Get(tx, "a")
		return err
	})
	for _, c := range []struct {
		name string
		do   func(tx *store.Tx) error
		want error
		text string
	}{
		{"an empty key, read", func(tx *store.Tx) error { _, err := records.Get(tx, ""); return err }, codec.ErrKey, "field_item.id"},
		{"an empty key, new", func(tx *store.Tx) error { _, err := records.New(tx, ""); return err }, codec.ErrKey, "empty"},
		{"an empty key, replaced", func(tx *store.Tx) error { return records.Replace(tx, &item{Text: "x"}) }, codec.ErrKey, "empty"},
		{"a changed key", func(tx *store.Tx) error { return records.Save(tx, &item{ID: "a"}, &item{ID: "b"}) }, store.ErrKeyChanged, `"b"`},
		{"nothing there, read", func(tx *store.Tx) error { _, err := records.Get(tx, "z"); return err }, store.ErrNotFound, `"z"`},
		{"nothing there, saved", func(tx *store.Tx) error { return records.Save(tx, &item{ID: "z"}, &item{ID: "z"}) }, store.ErrNotFound, `"z"`},
		{"nothing there, deleted", func(tx *store.Tx) error { return records.Delete(tx, "z") }, store.ErrNotFound, `"z"`},
		{"something there", func(tx *store.Tx) error { _, err := records.New(tx, "a"); return err }, store.ErrExists, `"a"`},
		{"a record of another transaction", func(tx *store.Tx) error { return records.Put(tx, kept) }, store.ErrWrongTx, `"a"`},
		{"a record of none", func(tx *store.Tx) error { return records.Put(tx, new(record)) }, store.ErrWrongTx, "Get"},
		{"a transaction that ended", func(*store.Tx) error { _, err := records.Get(keptTx, "a"); return err }, store.ErrTxDone, ""},
		{"a counter out of range", change("a", func(r *record) { r.AddCount(1) }), merge.ErrOverflow, "field count"},
		{"a string that is not UTF-8", change("a", func(r *record) { r.SetText("\xff") }), nil, "field_item.text cannot be stored"},
		{"a year past 9999", change("a", func(r *record) { r.SetWhen(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) }), nil, "field_item.when cannot be stored"},
		{"loading over a change", func(tx *store.Tx) error {
			if err := change("a", func(r *record) { r.SetText("mine") })(tx); err != nil {
				return err
			}
			return records.Load(tx, &item{ID: "a"}, 2)
		}, store.ErrUnsynced, "updated"},
		{"marking as synced what is not", func(tx *store.Tx) error {
			if err := change("a", func(r *record) { r.SetText("mine") })(tx); err != nil {
				return err
			}
			return tx.MarkSynced()
		}, store.ErrUnsynced, `"a"`},
		{"a record of what was deleted meanwhile", func(tx *store.Tx) error {
			r, err := records.Get(tx, "a")
			if err != nil {
				return err
			}
			if err := records.Delete(tx, "a"); err != nil {
				return err
			}
			r.SetText("late")
			return records.Put(tx, r)
		}, store.ErrNotFound, "deleted meanwhile"},
	} {
		err := db.Update(t.Context(), c.do)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.name, err)
		}
		if e := entry(t, db, "a"); e != nil || db.Seq() != 0 {
			t.Fatalf("%s: %v is left at commit %d", c.name, e, db.Seq())
		}
	}
}

func TestWritesInViewAreRefused(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a"})
	for name, do := range map[string]func(tx *store.Tx) error{
		"Put":     change("a", func(r *record) { r.SetText("x") }),
		"Replace": func(tx *store.Tx) error { return records.Replace(tx, &item{ID: "a", Text: "x"}) },
		"Save":    func(tx *store.Tx) error { return records.Save(tx, &item{ID: "a"}, &item{ID: "a", Text: "x"}) },
		"Delete":  func(tx *store.Tx) error { return records.Delete(tx, "a") },
		"Load":    func(tx *store.Tx) error { return records.Load(tx, &item{ID: "a", Text: "x"}, 1) },
		"Mark":    func(tx *store.Tx) error { return tx.MarkSynced() },
	} {
		if err := db.View(t.Context(), do); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEntryFollowsTheChanges(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a", Text: "one", Num: 1})
	must(t, db, change("a", func(r *record) { r.SetText("two"); r.SetNum(2) }))
	must(t, db, change("a", func(r *record) { r.SetText("three") }))
	e := entry(t, db, "a")
	if diff := cmp.Diff([]string{"text", "num"}, fields(e)); diff != "" || e.Change != model.Updated || e.Seq != 2 {
		t.Fatalf("%+v %s", e, diff)
	}
	if text, num := e.Field("text"), e.Field("num"); text.Base.Text() != "one" || text.Seq != 2 || num.Base.Int() != 1 || num.Seq != 1 {
		t.Errorf("%+v", e)
	}
	must(t, db, change("a", func(r *record) { r.SetText("one") }))
	if diff := cmp.Diff([]string{"num"}, fields(entry(t, db, "a"))); diff != "" {
		t.Error("set back: ", diff)
	}
	must(t, db, change("a", func(r *record) { r.SetNum(1) }))
	if e := entry(t, db, "a"); e != nil {
		t.Errorf("everything set back: %+v", e)
	}
	must(t, db, change("a", func(r *record) { r.TouchText() }))
	if e := entry(t, db, "a"); e == nil || !e.Field("text").Touched {
		t.Errorf("touched: %+v", e)
	}
}

func TestKindsOfChange(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a", Text: "one", Num: 1})
	check := func(id string, want model.Change, changed ...string) {
		t.Helper()
		e := entry(t, db, id)
		if want == 0 {
			if e != nil {
				t.Fatalf("%+v", e)
			}
			return
		}
		if e == nil || e.Change != want {
			t.Fatalf("%+v, want %v", e, want)
		}
		if diff := cmp.Diff(changed, fields(e)); diff != "" {
			t.Fatal(diff)
		}
	}
	replace := func(v item) { must(t, db, func(tx *store.Tx) error { return records.Replace(tx, &v) }) }
	remove := func(id string) { must(t, db, func(tx *store.Tx) error { return records.Delete(tx, id) }) }

	replace(item{ID: "n", Num: 5})
	check("n", model.Created, "num")
	replace(item{ID: "n", Text: "x"})
	check("n", model.Created, "text") // num is back at zero
	remove("n")
	check("n", 0)

	must(t, db, change("a", func(r *record) { r.SetText("two") }))
	remove("a")
	check("a", model.Deleted)
	base := model.RowOf(records.Model().Info, entry(t, db, "a").Base)
	if got := base.Values[records.Model().Info.Index("text")].Text(); got != "one" {
		t.Errorf("the tombstone's base has the text %q", got)
	}
	replace(item{ID: "a", Num: 1})
	check("a", model.Recreated, "num")
	remove("a")
	check("a", model.Deleted)
	if len(entry(t, db, "a").Base) == 0 {
		t.Error("the tombstone has lost its base")
	}
}

// Two records of one object in one transaction do not undo each other.
func TestTwoRecordsOfOneObject(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a"})
	must(t, db, func(tx *store.Tx) error {
		first, err := records.Get(tx, "a")
		if err != nil {
			return err
		}
		second, err := records.Get(tx, "a")
		if err != nil {
			return err
		}
		first.SetText("first")
		second.SetNum(2)
		return errors.Join(records.Put(tx, first), records.Put(tx, second))
	})
	must(t, db, func(tx *store.Tx) error {
		r, err := records.Get(tx, "a")
		if err == nil && (r.Text() != "first" || r.Num() != 2) {
			t.Errorf("%q and %d", r.Text(), r.Num())
		}
		return err
	})
	if diff := cmp.Diff([]string{"text", "num"}, fields(entry(t, db, "a"))); diff != "" {
		t.Error(diff)
	}
}

// Save leaves alone what the app did not change since it read the object.
func TestSaveMarksWhatTheAppChanged(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a", Text: "one", Num: 1})
	before := item{ID: "a", Text: "one", Num: 1}
	must(t, db, change("a", func(r *record) { r.SetNum(7) }))
	after := before
	after.Text = "two"
	must(t, db, func(tx *store.Tx) error { return records.Save(tx, &before, &after) })
	must(t, db, func(tx *store.Tx) error {
		r, err := records.Get(tx, "a")
		if err == nil && (r.Text() != "two" || r.Num() != 7) {
			t.Errorf("%q and %d", r.Text(), r.Num())
		}
		return err
	})
}

// A transaction that fails or panics leaves no trace: neither in the objects nor
// in what is unsynced nor in the sequence.
func TestRollback(t *testing.T) {
	db := open(t)
	synced(t, db, item{ID: "a"})
	no := errors.New("no")
	set := change("a", func(r *record) { r.SetText("x") })
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(set(tx), no) }); !errors.Is(err, no) {
		t.Errorf("the error was %v", err)
	}
	func() {
		defer func() { recover() }()
		db.Update(t.Context(), func(tx *store.Tx) error { set(tx); panic("no") })
	}()
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(tx *store.Tx) error { err := set(tx); cancel(); return err })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error was %v", err)
	}
	if e := entry(t, db, "a"); e != nil || db.Seq() != 0 {
		t.Errorf("%v at %d", e, db.Seq())
	}
	must(t, db, set)
	if db.Seq() != 1 {
		t.Errorf("the sequence is %d", db.Seq())
	}
}

// All fields that one transaction writes have one stamp, later than every one
// before, and later than every one loaded.
func TestStamps(t *testing.T) {
	db := open(t)
	ahead := stamp.At(time.Date(2026, 3, 1, 0, 30, 0, 0, time.UTC))
	must(t, db, func(tx *store.Tx) error { return records.Load(tx, &item{ID: "a"}, ahead) })
	must(t, db, change("a", func(r *record) { r.SetText("x"); r.SetNum(1) }))
	e := entry(t, db, "a")
	if e.Stamp <= ahead || e.Field("text").Stamp != e.Stamp || e.Field("num").Stamp != e.Stamp {
		t.Errorf("%+v", e)
	}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		info := records.Model().Info
		row, err := tx.Row(info, model.StringValue("a"))
		if err == nil && (row.Stamp != e.Stamp || row.StampOf(info.Index("text")) != e.Stamp || row.StampOf(info.Index("doc")) != ahead) {
			t.Errorf("%v %v", row.Stamp, row.Stamps)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestClosedStore(t *testing.T) {
	db := open(t)
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("the error was %v", err)
	}
}

// Nothing panics on what is missing.
func TestNil(t *testing.T) {
	if _, err := store.Open(t.Context(), nil, "db", &items.Schema, store.Options{}); err == nil || !strings.Contains(err.Error(), "driver") {
		t.Errorf("without a driver: %v", err)
	}
	if _, err := store.Open(t.Context(), memstore.New(), "db", nil, store.Options{}); !errors.Is(err, store.ErrSchema) {
		t.Errorf("without a schema: %v", err)
	}
	db := open(t)
	for what, do := range map[string]func(tx *store.Tx) error{
		"record":  func(tx *store.Tx) error { return records.Put(tx, nil) },
		"replace": func(tx *store.Tx) error { return records.Replace(tx, nil) },
		"save":    func(tx *store.Tx) error { return records.Save(tx, nil, &item{ID: "a"}) },
		"load":    func(tx *store.Tx) error { return records.Load(tx, nil, 1) },
	} {
		if err := db.Update(t.Context(), do); err == nil || !strings.Contains(err.Error(), "nil") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
