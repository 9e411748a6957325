package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// conversion is a field that was of another kind once, with its values of then
// and of now in each object of the test.
type conversion struct {
	was, now model.Field
	values   [][2]model.Value
}

// field is the field as it is now. It converts what the test knows.
func (c conversion) field() model.Field {
	f := c.now
	f.From = c.was.Kind
	f.Convert = func(v model.Value) (model.Value, error) {
		for _, pair := range c.values {
			if same(v, pair[0]) {
				return pair[1], nil
			}
		}
		return model.Value{}, fmt.Errorf("the %s %v is in no object", v.Kind(), v)
	}
	return f
}

func indexed(f model.Field) model.Field {
	f.Index = true
	return f
}

// conversions go from and to every kind. In many the old value would also fit the
// new field as it is, and mean something else.
var conversions = []conversion{
	{unique(field("code", model.Int)), unique(field("code", model.String)), pairsOf(num(1), str("one"), num(2), str("two"))},
	{field("price", model.Int), indexed(field("price", model.Float)), pairsOf(num(1250), model.FloatValue(12.5), num(0), model.FloatValue(0))},
	{indexed(field("list", model.String)), field("list", model.JSON), pairsOf(str("true"), model.JSONValue(`["true"]`), str(""), model.JSONValue("[]"))},
	{field("data", model.String), nullable("data", model.Bytes), pairsOf(str("ff"), model.BytesValue([]byte{255}), str(""), model.NullValue())},
	{nullable("day", model.Uint), nullable("day", model.Time), pairsOf(model.UintValue(math.MaxUint64), model.TimeValue(year1), model.NullValue(), model.NullValue())},
	{nullable("due", model.Time), field("due", model.Int), pairsOf(model.TimeValue(year1), num(1), model.NullValue(), num(-1))},
	{field("done", model.Bool), nullable("done", model.Uint), pairsOf(model.BoolValue(true), model.UintValue(math.MaxUint64), model.BoolValue(false), model.NullValue())},
	{field("ratio", model.Float), was(field("Share", model.String), "ratio"), pairsOf(model.FloatValue(math.NaN()), str("unknown"), model.FloatValue(0.5), str("half"))},
	{field("blob", model.Bytes), field("blob", model.Bool), pairsOf(model.BytesValue([]byte{1}), model.BoolValue(true), model.BytesValue(nil), model.BoolValue(false))},
	{field("tags", model.JSON), indexed(field("tags", model.String)), pairsOf(model.JSONValue(`["a"]`), str("a"), model.JSONValue("[]"), str(""))},
	// No zero value of them can be stored: before and now, before, and now.
	{bare("odd", model.String), bare("odd", model.Int), pairsOf(str("7"), num(7), model.Value{}, model.Value{})},
	{bare("even", model.String), field("even", model.Int), pairsOf(str("8"), num(8), model.Value{}, num(0))},
	{nullable("prime", model.String), bare("prime", model.Int), pairsOf(str("5"), num(5), model.NullValue(), num(-1))},
}

// bare is a field without a zero value.
func bare(name string, kind model.Kind) model.Field { return model.Field{Name: name, Kind: kind} }

func pairsOf(v ...model.Value) [][2]model.Value {
	return [][2]model.Value{{v[0], v[1]}, {v[2], v[3]}}
}

// converting is a model with conversions, before and now, and the values of its
// objects, which include the keys.
type converting struct {
	before, now *model.Info
	old, new    [][]model.Value
}

func newConverting(name string, keys ...model.Value) *converting {
	key := field("id", keys[0].Kind())
	c := &converting{
		before: info(name, model.TrackField, key, field("kept", model.Int)),
		now:    info(name, model.TrackField, key, field("kept", model.Int)),
		old:    make([][]model.Value, len(keys)), new: make([][]model.Value, len(keys)),
	}
	for i, k := range keys {
		c.old[i], c.new[i] = []model.Value{k, num(int64(i))}, []model.Value{k, num(int64(i))}
	}
	for _, x := range conversions {
		c.before.Fields, c.now.Fields = append(c.before.Fields, x.was), append(c.now.Fields, x.field())
		for i := range keys {
			c.old[i], c.new[i] = append(c.old[i], x.values[i][0]), append(c.new[i], x.values[i][1])
		}
	}
	return c
}

// want compares every object. Their stamps stay what they were.
func (c *converting) want(t *testing.T, tx store.EngineTx, m *model.Info, values [][]model.Value) {
	t.Helper()
	stamps := make([]stamp.Stamp, len(m.Fields))
	for f := range stamps {
		stamps[f] = stamp.Stamp(100 + f)
	}
	for _, v := range values {
		if r := wantRow(t, tx, m, v[0], v...); !slices.Equal(r.Stamps, stamps) || len(r.Extra) > 0 {
			t.Errorf("%s %v: the stamps are %d, want %d; unknown fields: %v", m.Name, v[0], r.Stamps, stamps, r.Extra)
		}
	}
	if got := keys(t, tx, m); len(got) != len(values) {
		t.Errorf("the keys of %s are %v", m.Name, got)
	}
}

// testConverted: fields change their kinds, in tables of both forms, while there
// are indexes, constraints, earlier names, nulls and entries.
func testConverted(t *testing.T, h Harness) {
	models := []*converting{newConverting("note", str("a"), str("b")), newConverting("user", num(-1), num(1))}
	before := []*model.Info{models[0].before, models[1].before}
	now := []*model.Info{models[0].now, models[1].now}
	entry := &model.Entry{Model: "note", Key: str("a"), Change: model.Updated, Seq: 1, Stamp: 1, Fields: []model.FieldChange{{Name: "code", Seq: 1, Stamp: 1, Base: num(2)}}}
	h.with(t, before, func(tx store.EngineTx) {
		for _, c := range models {
			for _, values := range c.old {
				r := row(c.before, values...)
				for f := range c.before.Fields {
					r.Mark(c.before, f, stamp.Stamp(100+f))
				}
				must(t, "inserting", tx.Insert(c.before, values[0], r))
			}
		}
		must(t, "writing an entry", tx.PutEntry(entry))
	})
	check := func(e store.Engine, now bool) {
		t.Helper()
		view(t, e, func(tx store.EngineTx) {
			t.Helper()
			for _, c := range models {
				if now {
					c.want(t, tx, c.now, c.new)
				} else {
					c.want(t, tx, c.now, c.old)
				}
			}
			wantEntry(t, tx, "note", str("a"), entry)
		})
		mustClose(t, e)
	}
	for range 2 { // the first changed nothing
		check(h.mustOpenReadOnly(t, now...), false)
	}
	for range 2 {
		check(h.mustOpen(t, now...), true)
		check(h.mustOpenReadOnly(t, now...), true)
	}
	h.with(t, now, func(tx store.EngineTx) {
		for _, c := range models {
			r := row(c.now, c.new[0]...)
			key := num(7)
			if c.now.Name == "note" {
				key = str("c")
			}
			r.Values[0] = key
			if err := tx.Insert(c.now, key, r); !errors.Is(err, store.ErrConstraint) {
				t.Errorf("a value that is there: %v, want an error that wraps ErrConstraint", err)
			}
			r.Values[2] = str("three")
			must(t, "inserting", tx.Insert(c.now, key, r))
		}
	})
	// What could be null, and cannot any more, can be null again.
	m := models[0].now
	due := m.Index("due")
	m.Fields[due] = nullable("due", model.Int)
	h.with(t, now, func(tx store.EngineTx) {
		r := get(t, tx, m, str("c"))
		r.Values[due] = model.NullValue()
		must(t, "writing a null", tx.Update(m, str("c"), r, model.FieldSetOf(due)))
	})
	if e, err := h.open(schemaOf(before...), true); !errors.Is(err, store.ErrSchema) {
		if err == nil {
			e.Close()
		}
		t.Errorf("the app of before: %v, want an error that wraps ErrSchema", err)
	}
}

// testConvertedMany: the values grow while they are converted, so that the table is
// rearranged on the way, and every object is met once.
func testConvertedMany(t *testing.T, h Harness) {
	const n = 2000
	long := func(i int64) string { return fmt.Sprint(strings.Repeat("x", int(i)), i) }
	before, now := note(), note()
	now.Fields[2] = conversion{was: field("stars", model.Int), now: field("stars", model.String)}.field()
	now.Fields[2].Convert = func(v model.Value) (model.Value, error) { return str(long(v.Int())), nil }
	h.with(t, []*model.Info{before}, func(tx store.EngineTx) {
		for i := range int64(n) {
			insert(t, tx, before, fmt.Sprint(i), i)
		}
	})
	h.with(t, []*model.Info{now}, func(tx store.EngineTx) {
		for i := range int64(n) {
			wantRow(t, tx, now, str(fmt.Sprint(i)), str(fmt.Sprint(i)), str(fmt.Sprint("title of ", i)), str(long(i)))
		}
	})
}

// testConvertedNot: what cannot be converted keeps the store from being opened to
// write, and leaves it as it was.
func testConvertedNot(t *testing.T, h Harness) {
	before := note()
	h.with(t, []*model.Info{before}, func(tx store.EngineTx) {
		insert(t, tx, before, "a", 1)
		insert(t, tx, before, "b", 2)
	})
	words := codec.Convert(codec.Int[int](), codec.String[string](), func(stars int) (string, error) {
		switch stars {
		case 1:
			return "one", nil
		case 2:
			return "", errors.New("two are too many")
		}
		panic("no such number")
	})
	panics := codec.Convert(codec.Int[int](), codec.String[string](), func(stars int) (string, error) { return []string{"none", "one"}[stars], nil })
	constant := codec.Convert(codec.Int[int](), codec.String[string](), func(int) (string, error) { return "some", nil })
	now := func(f model.Field, from model.Kind, convert func(model.Value) (model.Value, error)) *model.Info {
		m := note()
		f.From, f.Convert = from, convert
		m.Fields[1], m.Fields[2] = was(field("heading", model.String), "title"), f
		m.Fields = append(m.Fields, field("added", model.Int))
		return m
	}
	for _, c := range []struct {
		name string
		m    *model.Info
		says []string
	}{
		{"an error", now(field("stars", model.String), model.Int, words), []string{"note", `"b"`, "stars", "two are too many"}},
		{"a panic", now(field("stars", model.String), model.Int, panics), []string{"note", `"b"`, "stars", "panicked", "out of range"}},
		{"not unique", now(unique(field("stars", model.String)), model.Int, constant), []string{"note.stars", "unique"}},
		{"another kind", now(field("stars", model.String), model.Time, words), []string{"note.stars", "int", "string", "time"}},
		{"none", now(field("stars", model.String), 0, nil), []string{"note.stars", "int", "string"}},
	} {
		e, err := h.open(schemaOf(c.m), false)
		if err == nil {
			e.Close()
		}
		if !errors.Is(err, store.ErrSchema) {
			t.Fatalf("%s: got %v, want an error that wraps ErrSchema", c.name, err)
		}
		for _, word := range c.says {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q does not say %q", c.name, err, word)
			}
		}
		e = h.mustOpenReadOnly(t, before)
		view(t, e, func(tx store.EngineTx) {
			for n, key := range []string{"a", "b"} {
				if r := wantRow(t, tx, before, str(key), str(key), str("title of "+key), num(int64(n+1))); len(r.Extra) > 0 {
					t.Errorf("%s: the store has gained %v", c.name, r.Extra)
				}
			}
		})
		mustClose(t, e)
	}
	h.with(t, []*model.Info{before}, func(tx store.EngineTx) { must(t, "deleting", tx.Delete(before, str("b"))) })
	fits := now(unique(field("stars", model.String)), model.Int, words)
	h.with(t, []*model.Info{fits}, func(tx store.EngineTx) {
		wantRow(t, tx, fits, str("a"), str("a"), str("title of a"), str("one"), num(0))
	})
}
