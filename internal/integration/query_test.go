package integration

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// ids lists the objects for which a condition holds.
func ids(tx *store.Tx, where string, args ...any) (list []string, err error) {
	for r, err := range items.FieldItemRecords.Query(tx, where, args...) {
		if err != nil {
			return nil, err
		}
		list = append(list, r.ID())
	}
	return list, nil
}

// Arguments are values of the app's own types, and are found in the form in which
// they are stored.
func TestQueryArguments(t *testing.T) {
	type Level int8
	type Word string
	when := time.Date(2024, 2, 29, 12, 30, 0, 1, time.FixedZone("CET", 3600))
	some := "some"
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		for _, readOnly := range []bool{false, true} {
			db := mustOpen(t, d, path, readOnly)
			for _, test := range []struct {
				where string
				args  []any
				want  string
			}{
				{"num = ?", []any{-7}, "a b"},
				{"num < ?", []any{int8(-7)}, ""},
				{"num = ? AND id <> ?", []any{Level(-7), Word("a")}, "b"},
				{"num > ?", []any{uint64(1) << 63}, ""},
				{"real = ?", []any{float32(1.5)}, "a b"},
				{"flag = ?", []any{true}, "a b"},
				{"flag", nil, "a b"},
				{"not flag or flag = ?", []any{false}, ""},
				{`"when" = ?`, []any{when}, "a b"},
				{`"when" = ?`, []any{when.UTC()}, "a b"},
				{`"when" < ?`, []any{when}, ""},
				{`"when" > ?`, []any{when.Add(-1)}, "a b"},
				{"data = ?", []any{[]byte{0, 255}}, "a b"},
				{"data = ?", []any{[2]byte{0, 255}}, "a b"},
				{"opt = ?", []any{&some}, "a b"},
				{"opt = ?", []any{sql.NullString{String: "some", Valid: true}}, "a b"},
				{"opt IS ?", []any{(*string)(nil)}, ""},
				{"optnum IS ?", []any{sql.NullInt64{}}, "a b"},
				{"optnum IS ?", []any{nil}, "a b"},
				{"top = ?", []any{sql.Null[time.Duration]{V: 9, Valid: true}}, "a b"},
				{"text = ?", []any{"it's"}, "a"},
				{"text = 'it''s' -- ) ; \"", nil, "a"},
				{"text /* ) ; ' */ = ?", []any{"changed"}, "b"},
				{`"sub.deep.c" = ? AND [sub.b] = 5 AND ` + "`sub.a` = 'sub'", []any{"deep"}, "a b"},
				{`attrs ->> '$.k' = 'v' AND json_array_length("tags") = ?`, []any{2}, "a b"},
				{"field_item.id IN (SELECT o.id FROM object_item AS o WHERE o.text = ?)", []any{"text"}, "a b"},
				{"EXISTS (SELECT 1 FROM object_item AS o WHERE o.id = field_item.id AND o.id = 'b')", nil, "b"},
				{"text = '?'", nil, ""},
			} {
				err := db.View(t.Context(), func(tx *store.Tx) error {
					got, err := ids(tx, test.where, test.args...)
					if strings.Join(got, " ") != test.want {
						t.Errorf("where %s %v: %q, want %q", test.where, test.args, got, test.want)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// What is no condition over the model is an error that says so, and neither a text
// that is compared nor a statement that is run.
func TestQueryRefused(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		want := fill(t, d, path)
		db := mustOpen(t, d, path, false)
		for _, test := range []struct {
			where string
			args  []any
			named string
		}{
			{"missing = 1", nil, "missing"},
			{`"missing" = 'missing'`, nil, "missing"},
			{`"miss""ing" = 1`, nil, `miss"ing`},
			{`text = "it's"`, nil, "it's"},
			{"", nil, "empty"},
			{"num =", nil, "syntax"},
			{"num ORDER BY num", nil, "ORDER"},
			{"1; DELETE FROM field_item", nil, "';'"},
			{"1); DELETE FROM field_item; --", nil, "parenthesis"},
			{"1) UNION SELECT * FROM field_item WHERE (1", nil, "parenthesis"},
			{"1) /*", nil, "parenthesis"},
			{"1 /* (", nil, "/*"},
			{"1 /*/", nil, "/*"},
			{"(1", nil, "not closed"},
			{"text = 'it", nil, "not closed"},
			{`text = "it`, nil, "not closed"},
			{"text = [it", nil, "not closed"},
			{"1\x00; DELETE FROM field_item", nil, "expression"},
			{"DELETE FROM field_item", nil, "DELETE"},
			{"num = ?", nil, "takes 1 arguments, by its question marks, and there are 0"},
			{"num = 1", []any{1}, "takes 0 arguments, by its question marks, and there are 1"},
			{"num = ?1", []any{1}, "?1"},
			{"num = :n", []any{sql.Named("n", 1)}, ":n"},
			{"num = ?", []any{sql.Named("n", 1)}, "NamedArg"},
			{"real = ?", []any{nan()}, "NaN"},
			{"tags = ?", []any{[]string{"red"}}, "JSON"},
			{"num = ?", []any{make(chan int)}, "chan"},
			{`"when" = ?`, []any{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "10000"},
			{"text = ?", []any{"\xff"}, "UTF-8"},
			{"json_extract(text, '$') = 1", nil, "JSON"},
			{"abs(-9223372036854775807 - 1) > num", nil, "overflow"},
			{"load_extension('x')", nil, "load_extension"},
		} {
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				got, err := ids(tx, test.where, test.args...)
				if err == nil {
					t.Errorf("where %s gives %q", test.where, got)
				}
				return err
			})
			wantError(t, "where "+test.where, err, store.ErrQuery, "field_item", test.named)
			if errors.Is(err, store.ErrCorrupt) {
				t.Errorf("where %s: a wrong condition is told as damage: %v", test.where, err)
			}
		}
		if got := contentOf(t, db); !reflect.DeepEqual(got, want) {
			t.Error("a condition has written")
		}
	})
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}

// No text leaves its parentheses: whatever is asked, nothing is written.
func TestQueryNeverWrites(t *testing.T) {
	path := newPath(t)
	d := sqlitestore.Driver{Name: "sqlite"}
	fill(t, d, path)
	db := mustOpen(t, d, path, false)
	want := contentOf(t, db)
	parts := []string{"'", `"`, "`", "[", "]", "(", ")", ";", "--", "/*", "*/", "\n", "1", " ", "x", "DELETE FROM field_item", "DROP TABLE object_item", "?", "''", "\\", "\x00"}
	rapid.Check(t, func(r *rapid.T) {
		where := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 12).Draw(r, "where"), "")
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := ids(tx, where)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrQuery) {
			r.Fatalf("where %q: %v", where, err)
		}
	})
	if got := contentOf(t, db); !reflect.DeepEqual(got, want) {
		t.Error("a condition has written")
	}
}

// A transaction asks about its own writes, and gets records that it can put.
func TestQueryOwnWrites(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		db := mustOpen(t, d, path, false)
		update(t, db, func(tx *store.Tx) error {
			if err := items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "z", Num: 100, Tags: []string{"new"}}); err != nil {
				return err
			}
			for r, err := range items.FieldItemRecords.Query(tx, "num > ?", 0) {
				if err != nil {
					return err
				}
				if v := r.Plain(); v.ID != "z" || !slices.Equal(v.Tags, []string{"new"}) {
					t.Errorf("found %+v", v)
				}
				r.SetNum(-1)
				if err := items.FieldItemRecords.Put(tx, r); err != nil {
					return err
				}
			}
			got, err := ids(tx, "num = ?", -1)
			if len(got) != 1 {
				t.Errorf("after the write: %q", got)
			}
			return err
		})
	})
}

// Every object is met once, also where the condition is about what is written
// meanwhile; queries can be nested and left early.
func TestQueryWhileWriting(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		db := mustOpen(t, d, newPath(t), false)
		const n = 300
		update(t, db, func(tx *store.Tx) error {
			for i := range n {
				if err := items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: fmt.Sprintf("%04d", i), Num: 1, Ref: "x"}); err != nil {
					return err
				}
			}
			met := 0
			for r, err := range items.FieldItemRecords.Query(tx, "ref >= ?", "x") { // which has an index
				if err != nil {
					return err
				}
				for other, err := range items.FieldItemRecords.Query(tx, "id = ?", r.ID()) {
					if err != nil || other.ID() != r.ID() {
						t.Errorf("%s: %v", r.ID(), err)
					}
					break
				}
				if want := fmt.Sprintf("%04d", met); r.ID() != want {
					t.Errorf("%s comes where %s belongs", r.ID(), want)
				}
				r.SetRef("y" + r.ID())
				if err := items.FieldItemRecords.Put(tx, r); err != nil {
					return err
				}
				if met++; met > n {
					return errors.New("it does not end")
				}
			}
			if met != n {
				t.Errorf("%d objects were met", met)
			}
			return nil
		})
	})
}

// A query ends with its transaction.
func TestQueryAfterTheEnd(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		db := mustOpen(t, d, path, false)
		var err error
		if errView := db.View(t.Context(), func(tx *store.Tx) error {
			defer func() { _, err = ids(tx, "1") }()
			return nil
		}); errView != nil || err != nil {
			t.Fatal(errView, err)
		}
		var left *store.Tx
		if err := db.View(t.Context(), func(tx *store.Tx) error { left = tx; return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := ids(left, "1"); !errors.Is(err, store.ErrTxDone) || errors.Is(err, store.ErrQuery) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// A backup that an earlier version wrote is asked by the names of this one, two of
// which have changed places, and a field that it lacks has its zero value.
func TestQueryOlderBackup(t *testing.T) {
	before := &model.Info{Name: "memo", Fields: []model.Field{
		{Name: "id", Kind: model.String, Zero: model.StringValue("")},
		{Name: "one", Kind: model.Int, Zero: model.IntValue(0)},
		{Name: "two", Kind: model.Int, Zero: model.IntValue(0)},
		{Name: "gone", Kind: model.Int, Zero: model.IntValue(0)},
	}}
	after := &model.Info{Name: "note", Was: []string{"memo"}, Fields: []model.Field{
		{Name: "new", Kind: model.Int, Zero: model.IntValue(7)},
		{Name: "key", Was: []string{"id"}, Kind: model.String, Zero: model.StringValue("")},
		{Name: "uno", Was: []string{"one"}, Kind: model.Int, Zero: model.IntValue(0)},
		{Name: "dos", Was: []string{"two"}, Kind: model.Int, Zero: model.IntValue(0)},
	}, Key: 1}
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		inEngine(t, d, path, before, false, func(tx store.EngineTx) error {
			for i, id := range []string{"b", "a"} {
				n := int64(i + 1)
				row := &model.Row{Values: []model.Value{model.StringValue(id), model.IntValue(n), model.IntValue(10 * n), model.IntValue(5)}, Stamps: make([]stamp.Stamp, 4)}
				if err := tx.Insert(before, row.Values[0], row); err != nil {
					return err
				}
			}
			return tx.Commit()
		})
		inEngine(t, d, path, after, true, func(tx store.EngineTx) error {
			for where, want := range map[string]string{
				"uno = 1": "b", "dos = 20": "a", "note.new = 7": "a b", `"key" = 'a'`: "a", "new <> 7": "",
			} {
				var got []string
				for row, err := range tx.(store.Querier).Query(after, where, nil) {
					if err != nil {
						t.Fatalf("where %s: %v", where, err)
					}
					got = append(got, row.Values[1].Text())
					if !row.Values[0].IsAbsent() || row.Values[3].Int() != 10*row.Values[2].Int() || len(row.Extra) != 1 || row.Extra[0].Name != "gone" || row.Extra[0].Value.Int() != 5 {
						t.Errorf("where %s: the row %+v", where, row)
					}
				}
				if strings.Join(got, " ") != want {
					t.Errorf("where %s: %q, want %q", where, got, want)
				}
			}
			for _, err := range tx.(store.Querier).Query(after, "one = 1", nil) {
				wantError(t, "asking by an old name", err, store.ErrQuery, "one")
			}
			return nil
		})
	})
}

// inEngine runs do in a transaction of a store of one model, by the driver alone.
func inEngine(t *testing.T, d sqlitestore.Driver, path string, m *model.Info, readOnly bool, do func(tx store.EngineTx) error) {
	t.Helper()
	schema := &store.Schema{}
	schema.Add(&merge.Model{Info: m})
	e, err := d.Open(t.Context(), path, schema, store.DriverOptions{ReadOnly: readOnly, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	tx, err := e.Begin(t.Context(), !readOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		t.Fatal(err)
	}
}

// A store without SQL says so.
func TestQueryWithoutSQL(t *testing.T) {
	db, err := store.Open(t.Context(), memstore.New(), "db", &items.Schema, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(t.Context(), func(tx *store.Tx) error {
		_, err := ids(tx, "num = 1")
		return err
	})
	wantError(t, "querying", err, store.ErrNoSQL, "All")
}
