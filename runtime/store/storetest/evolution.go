package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// filled makes a store of one model with the object "a" and its entry.
func (h Harness) filled(t *testing.T, m *model.Info, values ...model.Value) {
	t.Helper()
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) {
		r := row(m, append([]model.Value{str("a")}, values...)...)
		for f := range m.Fields {
			r.Mark(m, f, stamp.Stamp(100+f))
		}
		must(t, "inserting", tx.Insert(m, str("a"), r))
		must(t, "writing an entry", tx.PutEntry(&model.Entry{Model: m.Name, Key: str("a"), Change: model.Updated, Seq: 1, Stamp: 1}))
	})
}

func testAddedField(t *testing.T, h Harness) {
	m := note()
	h.filled(t, m, str("one"), num(1))
	wider := note()
	wider.Fields = append(wider.Fields, field("done", model.Bool), nullable("due", model.Time), field("size", model.Float), field("tags", model.JSON),
		model.Field{Name: "odd", Kind: model.String}) // its zero value cannot be stored
	e := h.mustOpenReadOnly(t, wider)
	absent := []model.Value{{}, {}, {}, {}, {}}
	view(t, e, func(tx store.EngineTx) {
		wantRow(t, tx, wider, str("a"), append([]model.Value{str("a"), str("one"), num(1)}, absent...)...)
		if len(keys(t, tx, wider)) != 1 {
			t.Error("the objects are not listed")
		}
	})
	mustClose(t, e)
	e = h.mustOpen(t, wider)
	update(t, e, func(tx store.EngineTx) {
		r := wantRow(t, tx, wider, str("a"), str("a"), str("one"), num(1), model.BoolValue(false), model.NullValue(), model.FloatValue(0), model.JSONValue("[]"), model.Value{})
		if want := []stamp.Stamp{100, 101, 102, 0, 0, 0, 0, 0}; !slices.Equal(r.Stamps, want) {
			t.Errorf("the stamps are %d, want %d", r.Stamps, want)
		}
		r.Values[3], r.Values[7] = model.BoolValue(true), str("odd")
		r.Mark(wider, 3, 200)
		must(t, "updating", tx.Update(wider, str("a"), r, model.FieldSetOf(3, 7)))
	})
	mustClose(t, e)
	e = h.mustOpen(t, wider)
	view(t, e, func(tx store.EngineTx) {
		r := wantRow(t, tx, wider, str("a"), str("a"), str("one"), num(1), model.BoolValue(true), model.NullValue(), model.FloatValue(0), model.JSONValue("[]"), str("odd"))
		if want := []stamp.Stamp{100, 101, 102, 200, 0, 0, 0, 0}; !slices.Equal(r.Stamps, want) {
			t.Errorf("the stamps are %d, want %d", r.Stamps, want)
		}
	})
}

func testAddedModel(t *testing.T, h Harness) {
	m, other := note(), info("other", model.TrackObject, field("id", model.Int))
	h.filled(t, m, str("one"), num(1))
	e := h.mustOpenReadOnly(t, m, other)
	view(t, e, func(tx store.EngineTx) {
		wantRow(t, tx, other, num(1))
		if got := keys(t, tx, other); len(got) > 0 {
			t.Errorf("a model that is not there has the objects %v", got)
		}
	})
	mustClose(t, e)
	h.with(t, []*model.Info{m, other}, func(tx store.EngineTx) {
		must(t, "inserting", tx.Insert(other, num(1), row(other, num(1))))
	})
	// The app leaves the first model out, and takes it up again.
	h.with(t, []*model.Info{other}, func(tx store.EngineTx) { wantRow(t, tx, other, num(1), num(1)) })
	h.with(t, []*model.Info{m, other}, func(tx store.EngineTx) { wantRow(t, tx, m, str("a"), str("a"), str("one"), num(1)) })
}

func testRemovedField(t *testing.T, h Harness) {
	m := note()
	h.filled(t, m, str("one"), num(7))
	narrow := info("note", model.TrackField, field("id", model.String), field("title", model.String))
	wantExtra := func(tx store.EngineTx) {
		t.Helper()
		r := get(t, tx, narrow, str("a"))
		if len(r.Extra) != 1 || r.Extra[0].Name != "stars" || !same(r.Extra[0].Value, num(7)) {
			t.Errorf("the unknown fields are %v", r.Extra)
		}
	}
	e := h.mustOpenReadOnly(t, narrow)
	view(t, e, wantExtra)
	mustClose(t, e)
	h.with(t, []*model.Info{narrow}, func(tx store.EngineTx) {
		wantExtra(tx)
		r := get(t, tx, narrow, str("a"))
		r.Values[1] = str("two")
		r.Mark(narrow, 1, 200)
		must(t, "updating", tx.Update(narrow, str("a"), r, model.FieldSetOf(1)))
		wantExtra(tx)
		r.Extra[0].Value = num(0)
		must(t, "replacing", tx.Replace(narrow, str("a"), r))
		wantExtra(tx)
		must(t, "inserting", tx.Insert(narrow, str("b"), row(narrow, str("b"), str("new"))))
	})
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) {
		r := wantRow(t, tx, m, str("a"), str("a"), str("two"), num(7))
		if want := []stamp.Stamp{100, 200, 102}; !slices.Equal(r.Stamps, want) {
			t.Errorf("the stamps are %d, want %d", r.Stamps, want)
		}
	})
}

func testRenamedField(t *testing.T, h Harness) {
	m := note()
	h.filled(t, m, str("one"), num(1))
	// Every name is now another field's, or differs in case only.
	renamed := info("note", model.TrackField, was(field("ID", model.String), "id"), was(field("stars", model.String), "title"), was(field("Count", model.Int), "stars"))
	if e, err := h.open(schemaOf(renamed), false); err == nil {
		e.Close()
		t.Fatal("a name that was a number's became a text's unnoticed")
	} else if !errors.Is(err, store.ErrSchema) {
		t.Fatal(err)
	}
	renamed = info("note", model.TrackField, was(field("ID", model.String), "id"), was(field("Title", model.String), "name", "title"), was(field("count", model.Int), "stars"))
	check := func(tx store.EngineTx) {
		t.Helper()
		r := wantRow(t, tx, renamed, str("a"), str("a"), str("one"), num(1))
		if want := []stamp.Stamp{100, 101, 102}; !slices.Equal(r.Stamps, want) || len(r.Extra) > 0 {
			t.Errorf("the stamps are %d, want %d; unknown fields: %v", r.Stamps, want, r.Extra)
		}
		if got := keys(t, tx, renamed); len(got) != 1 {
			t.Errorf("the keys are %v", got)
		}
	}
	e := h.mustOpenReadOnly(t, renamed)
	view(t, e, check)
	mustClose(t, e)
	h.with(t, []*model.Info{renamed}, check)
	h.with(t, []*model.Info{renamed}, check)
}

func testRenamedModel(t *testing.T, h Harness) {
	h.filled(t, note(), str("one"), num(1))
	for _, name := range []string{"memo", "Memo"} {
		m := note()
		m.Name, m.Was = name, []string{"note", "memo"}
		if name == "memo" {
			m.Was = []string{"note"}
		}
		check := func(tx store.EngineTx) {
			t.Helper()
			wantRow(t, tx, m, str("a"), str("a"), str("one"), num(1))
			entry, err := tx.Entry(name, str("a"))
			must(t, "reading an entry", err)
			if entry == nil || entry.Model != name {
				t.Errorf("the entry is %+v", entry)
			}
			for entry, err := range tx.Entries("", model.Value{}) {
				must(t, "listing entries", err)
				if entry.Model != name || !same(entry.Key, str("a")) {
					t.Errorf("an entry of %s %v is listed", entry.Model, entry.Key)
				}
			}
		}
		e := h.mustOpenReadOnly(t, m)
		view(t, e, check)
		mustClose(t, e)
		h.with(t, []*model.Info{m}, check)
	}
}

// testNullableField: a field becomes nullable, and not nullable again.
func testNullableField(t *testing.T, h Harness) {
	m := note()
	m.Fields[2].Index = true
	h.filled(t, m, str("one"), num(1))
	loose := info("note", model.TrackField, field("id", model.String), field("title", model.String), nullable("stars", model.Int))
	loose.Fields[2].Index = true
	h.with(t, []*model.Info{loose}, func(tx store.EngineTx) {
		wantRow(t, tx, loose, str("a"), str("a"), str("one"), num(1))
		must(t, "inserting a null", tx.Insert(loose, str("b"), row(loose, str("b"), str("two"), model.NullValue())))
	})
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) {
		wantRow(t, tx, m, str("b"), str("b"), str("two"), model.NullValue())
		insert(t, tx, m, "c", 3)
		wantRow(t, tx, m, str("c"), str("c"), str("title of c"), num(3))
	})
}

func testChangedTracking(t *testing.T, h Harness) {
	with := func(track model.Track) *model.Info {
		m := note()
		m.Track = track
		return m
	}
	h.filled(t, with(model.TrackField), str("one"), num(1))
	steps := []struct {
		track  model.Track
		stamp  stamp.Stamp
		stamps []stamp.Stamp
	}{
		{model.TrackField, 102, []stamp.Stamp{100, 101, 102}},
		{model.TrackObject, 102, nil},
		{model.TrackField, 102, []stamp.Stamp{102, 102, 102}},
		{model.TrackJournal, 0, nil},
		{model.TrackField, 0, []stamp.Stamp{0, 0, 0}},
	}
	for _, step := range steps {
		m := with(step.track)
		check := func(tx store.EngineTx) {
			t.Helper()
			if r := get(t, tx, m, str("a")); r.Stamp != step.stamp || !slices.Equal(r.Stamps, step.stamps) {
				t.Errorf("track=%s: the stamps are %d %d, want %d %d", step.track, r.Stamp, r.Stamps, step.stamp, step.stamps)
			}
		}
		e := h.mustOpenReadOnly(t, m)
		view(t, e, check)
		mustClose(t, e)
		h.with(t, []*model.Info{m}, func(tx store.EngineTx) {
			check(tx)
			r := get(t, tx, m, str("a"))
			must(t, "updating", tx.Update(m, str("a"), r, model.FieldSetOf(1)))
			check(tx)
		})
	}
}

func testChangedUnique(t *testing.T, h Harness) {
	m := note()
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) {
		insert(t, tx, m, "a", 1)
		insert(t, tx, m, "b", 1)
	})
	strict := note()
	strict.Fields[2] = unique(strict.Fields[2])
	_, err := h.open(schemaOf(strict), false)
	if !errors.Is(err, store.ErrSchema) || !strings.Contains(err.Error(), "note.stars") {
		t.Errorf("a field whose values are not unique: %v, want an error that wraps ErrSchema and names it", err)
	}
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) { must(t, "deleting", tx.Delete(m, str("b"))) })
	h.with(t, []*model.Info{strict}, func(tx store.EngineTx) {
		if err := tx.Insert(strict, str("b"), row(strict, str("b"), str(""), num(1))); !errors.Is(err, store.ErrConstraint) {
			t.Errorf("a value that is there: %v, want an error that wraps ErrConstraint", err)
		}
	})
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) { insert(t, tx, m, "b", 1) })
}

func testRefusedSchemas(t *testing.T, h Harness) {
	m := note()
	h.filled(t, m, str("one"), num(1))
	kind, key := note(), note()
	kind.Fields[2] = field("stars", model.String)
	key.Key = 1
	refused := []struct {
		schema *store.Schema
		says   []string
	}{
		{schemaOf(info("elsewhere", model.TrackField, field("id", model.String))), []string{"note", "elsewhere"}},
		{schemaOf(kind), []string{"note.stars", "int", "string"}},
		{schemaOf(info("note", model.TrackField, field("id", model.Int))), []string{"note.id", "int", "string"}},
		{schemaOf(key), []string{"note", "id", "title"}},
		{schemaOf(info("note", model.TrackField, field("id", model.String), field("Title", model.String))), []string{"Title", "title"}},
		{schemaOf(m, info("NOTE", model.TrackField, field("id", model.String))), []string{"NOTE", "note"}},
		{schemaOf(m, info("_reset_meta", model.TrackField, field("id", model.String))), []string{"_reset_meta"}},
		{schemaOf(info("note", model.TrackField, field("id", model.String), field("_stamps", model.String))), []string{"_stamps"}},
	}
	for _, r := range refused {
		for _, readOnly := range []bool{true, false} {
			e, err := h.open(r.schema, readOnly)
			if err == nil {
				e.Close()
			}
			if !errors.Is(err, store.ErrSchema) {
				t.Errorf("got %v, want an error that wraps ErrSchema and says %v", err, r.says)
				continue
			}
			for _, word := range r.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not say %q", err, word)
				}
			}
		}
	}
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) { wantRow(t, tx, m, str("a"), str("a"), str("one"), num(1)) })
}

func testMisfits(t *testing.T, h Harness) {
	if h.Plant == nil {
		t.Skip("the harness cannot plant values")
	}
	kinds := []model.Kind{model.Bool, model.Int, model.Uint, model.Float, model.String, model.Bytes, model.Time, model.JSON}
	fields := []model.Field{field("id", model.String)}
	for _, k := range kinds {
		fields = append(fields, field("f_"+k.String(), k))
	}
	m := info("misfit", model.TrackObject, fields...)
	planted := []struct {
		value any
		found model.Value
	}{
		{int64(-3), num(-3)}, {2.5, model.FloatValue(2.5)}, {"no such thing", str("no such thing")}, {[]byte{1, 2}, model.BytesValue([]byte{1, 2})},
	}
	fits := func(k model.Kind, v model.Value) bool {
		return k == v.Kind() || k == model.Float && v.Kind() == model.Int // a store may have one form for both
	}
	h.with(t, []*model.Info{m}, func(tx store.EngineTx) { must(t, "inserting", tx.Insert(m, str("a"), row(m, str("a")))) })
	for f, k := range kinds {
		for _, p := range planted {
			if fits(k, p.found) {
				continue
			}
			h.Plant(t, h.Path, m, str("a"), m.Fields[f+1].Name, p.value)
			e := h.mustOpen(t, m)
			view(t, e, func(tx store.EngineTx) {
				if got := get(t, tx, m, str("a")).Values[f+1]; !same(got, p.found) {
					t.Errorf("a %s field that holds %v reads as the %s %v", k, p.value, got.Kind(), got)
				}
			})
			mustClose(t, e)
		}
	}
}
