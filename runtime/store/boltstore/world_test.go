package boltstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// item is the model of most tests: a text, which must be unique, and a number.
func item(name string) *model.Info {
	return &model.Info{Name: name, GoName: name, Fields: []model.Field{
		{Name: "id", Kind: model.Int, Zero: model.IntValue(0)},
		{Name: "text", Kind: model.String, Zero: model.StringValue(""), Unique: true},
		{Name: "n", Kind: model.Int, Zero: model.IntValue(0)},
	}}
}

func itemRow(id int) (key model.Value, row *model.Row) {
	m := item("")
	row, key = model.NewRow(m), model.IntValue(int64(id))
	row.Values = []model.Value{key, model.StringValue(fmt.Sprintf("the text of the item %d", id)), model.IntValue(int64(id) % 7)}
	row.Mark(m, 1, 1000)
	return key, row
}

func schemaOf(models ...*model.Info) *store.Schema {
	s := &store.Schema{}
	for _, m := range models {
		s.Add(&merge.Model{Info: m})
	}
	return s
}

func newPath(t testing.TB) string { return filepath.Join(directory(t), "store.db") }

func open(ctx context.Context, path string, readOnly bool, models ...*model.Info) (*engine, error) {
	o := store.DriverOptions{ReadOnly: readOnly, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	e, err := Driver{}.Open(ctx, path, schemaOf(models...), o)
	if err != nil {
		return nil, err
	}
	return e.(*engine), nil
}

// mustOpen opens a store that the end of the test closes, if the test does not.
func mustOpen(t testing.TB, path string, readOnly bool, models ...*model.Info) *engine {
	t.Helper()
	e, err := open(context.Background(), path, readOnly, models...)
	must(t, "opening", err)
	t.Cleanup(func() { e.Close() })
	return e
}

func must(t testing.TB, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

// wantError wants an error that wraps another and says some words.
func wantError(t testing.TB, doing string, err, want error, words ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v, want an error that wraps %q", doing, err, want)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %q does not say %q", doing, err, word)
		}
	}
}

func update(t testing.TB, e *engine, do func(tx *tx) error) {
	t.Helper()
	must(t, "writing", e.atomically(context.Background(), do))
}

// insert inserts the items from first up to end, with entries.
func insert(tx *tx, m *model.Info, first, end int) error {
	for id := first; id < end; id++ {
		key, row := itemRow(id)
		if err := tx.Insert(m, key, row); err != nil {
			return err
		}
		if err := tx.PutEntry(&model.Entry{Model: m.Name, Key: key, Change: model.Created, Seq: 1, Stamp: 1}); err != nil {
			return err
		}
	}
	return nil
}

// content is everything in a store of items, read in every way that there is.
func content(e *engine, models ...*model.Info) (text string, err error) {
	var b []byte
	err = e.view(context.Background(), func(tx *tx) error {
		for _, m := range models {
			b = append(b, m.Name...)
			for row, err := range tx.Rows(m) {
				if err != nil {
					return err
				}
				got, err := tx.Get(m, row.Values[m.Key])
				if err != nil {
					return err
				}
				b = appendRow(appendRow(b, row), got)
			}
			for id := range 1000 { // which finds those that the list leaves out
				row, err := tx.Get(m, model.IntValue(int64(id)))
				if err != nil {
					return err
				}
				if row != nil {
					b = binary.AppendUvarint(b, uint64(id))
				}
			}
		}
		for entry, err := range tx.Entries("", model.Value{}) {
			if err != nil {
				return err
			}
			b = model.AppendEntry(model.AppendValue(append(b, entry.Model...), entry.Key), entry)
		}
		state, err := tx.Meta("state")
		b = append(b, state...)
		return err
	})
	return string(b), err
}

func appendRow(b []byte, r *model.Row) []byte {
	if r == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(r.Stamp))
	for _, s := range r.Stamps {
		b = binary.AppendUvarint(b, uint64(s))
	}
	for _, v := range r.Values {
		b = model.AppendValue(b, v)
	}
	for _, v := range r.Extra {
		b = model.AppendValue(append(b, v.Name...), v.Value)
	}
	return b
}

// world makes a store with two models, in pages of every kind: some are free, one
// object takes several, one bucket is small.
func world(t testing.TB, path string) (models []*model.Info, text string) {
	t.Helper()
	models = []*model.Info{item("item"), item("note")}
	e := mustOpen(t, path, false, models...)
	for round := range 3 { // so that pages become free
		update(t, e, func(tx *tx) error {
			if err := tx.SetMeta("state", []byte("some state")); err != nil {
				return err
			}
			if err := insert(tx, models[0], 300*round, 300*round+300); err != nil {
				return err
			}
			return insert(tx, models[1], 2*round, 2*round+2)
		})
	}
	update(t, e, func(tx *tx) error {
		for id := range 100 {
			if err := tx.Delete(models[0], model.IntValue(int64(5*id))); err != nil {
				return err
			}
		}
		key, row := itemRow(7)
		row.Values[1] = model.StringValue(strings.Repeat("long ", 3000))
		return tx.Replace(models[0], key, row)
	})
	text, err := content(e, models...)
	must(t, "reading", err)
	must(t, "closing", e.Close())
	return models, text
}
