package boltstore

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// anyValue draws values that are likely to be close to each other in some way.
func anyValue() *rapid.Generator[model.Value] {
	return rapid.OneOf(
		rapid.Just(model.Value{}),
		rapid.Just(model.NullValue()),
		rapid.Map(rapid.Bool(), model.BoolValue),
		rapid.Map(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3)), model.IntValue),
		rapid.Map(rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64})), model.UintValue),
		rapid.Map(rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64})), model.FloatValue),
		rapid.Map(rapid.String(), model.StringValue),
		rapid.Map(rapid.StringMatching("[a\x00]{0,4}"), model.StringValue),
		rapid.Map(rapid.SliceOf(rapid.Byte()), model.BytesValue),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), model.BytesValue),
		rapid.Custom(func(t *rapid.T) model.Value {
			return model.TimeValue(time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")))
		}),
		rapid.Just(model.TimeValue(time.Time{})),
		rapid.Map(rapid.SampledFrom([]string{"[]", "{}", "null", "1"}), model.JSONValue),
	)
}

// The bytes of keys have the order of the values, and give the values back.
func TestKeyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, w := anyValue().Draw(t, "v"), anyValue().Draw(t, "w")
		a, b := appendKey(nil, v), appendKey(nil, w)
		if got, want := bytes.Compare(a, b), model.Compare(v, w); got != want {
			t.Fatalf("the keys %x and %x compare as %d, the %s %v and the %s %v as %d", a, b, got, v.Kind(), v, w.Kind(), w, want)
		}
		if got, err := decodeKey(a); err != nil || got != v {
			t.Fatalf("the %s %v comes back as the %s %v, %v", v.Kind(), v, got.Kind(), got, err)
		}
	})
}

// Whatever the bytes of a key, it is read or refused; what is read is what is
// written.
func FuzzDecodeKey(f *testing.F) {
	for _, v := range []model.Value{model.IntValue(-1), model.StringValue("a"), model.TimeValue(time.Unix(0, 0)), model.FloatValue(1.5), model.BoolValue(true)} {
		f.Add(appendKey(nil, v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decodeKey(b)
		if err != nil {
			if !errors.Is(err, model.ErrDecode) {
				t.Errorf("%x: %v does not wrap ErrDecode", b, err)
			}
			return
		}
		again, err := decodeKey(appendKey(nil, v))
		if err != nil || again != v {
			t.Errorf("%x is the %s %v, which comes back as %v, %v", b, v.Kind(), v, again, err)
		}
	})
}

// Whatever the content of an object's record, it is read or refused.
func FuzzDecodeObject(f *testing.F) {
	m := &store.CatalogModel{Fields: []store.CatalogField{{Name: "id", Kind: model.Int}, {Name: "text", Kind: model.String}, {Name: "tags", Kind: model.JSON}}}
	o := &object{key: model.IntValue(1), values: []model.Value{{}, model.StringValue("a"), model.JSONValue("[]")}, stamp: 1000}
	f.Add(o.encode(0))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := decodeObject(b, model.IntValue(1), m)
		if err != nil {
			if !errors.Is(err, model.ErrDecode) {
				t.Errorf("%x: %v does not wrap ErrDecode", b, err)
			}
			return
		}
		again, err := decodeObject(o.encode(0), model.IntValue(1), m)
		if err != nil || again.stamp != o.stamp || len(again.values) != len(o.values) {
			t.Fatalf("%x comes back as %+v, %v", b, again, err)
		}
		for p := range o.values {
			if again.values[p] != o.values[p] {
				t.Errorf("%x: %v comes back as %v", b, o.values[p], again.values[p])
			}
		}
	})
}

// What bbolt has no room for is refused before anything is written.
func TestLimits(t *testing.T) {
	m := &model.Info{Name: "page", GoName: "page", Fields: []model.Field{
		{Name: "id", Kind: model.String}, {Name: "text", Kind: model.String, Unique: true}, {Name: "tags", Kind: model.JSON, Zero: model.JSONValue("[]")},
	}}
	e := mustOpen(t, newPath(t), false, m)
	row := func(id, text, tags string) (model.Value, *model.Row) {
		r := model.NewRow(m)
		r.Values = []model.Value{model.StringValue(id), model.StringValue(text), model.JSONValue(tags)}
		return r.Values[0], r
	}
	long := strings.Repeat("x", 32767)
	update(t, e, func(tx *tx) error {
		insert := func(id, text, tags string) error {
			key, r := row(id, text, tags)
			return tx.Insert(m, key, r)
		}
		must(t, "the empty key", insert("", "", "[]"))
		must(t, "the longest key", insert(long, "1", "[]"))
		must(t, "a long value that must be unique", insert("a", long+long+"1", "[]"))
		must(t, "another", insert("b", long+long+"2", "[]"))
		wantError(t, "the same again", insert("c", long+long+"1", "[]"), store.ErrConstraint, "page.text", `"a"`)
		wantError(t, "a key that is too long", insert(long+"x", "2", "[]"), store.ErrConstraint, "32767")
		wantError(t, "JSON that is none", insert("c", "2", "[1,"), store.ErrConstraint, "page.tags")
		wantError(t, "a key of another kind", tx.Insert(m, model.IntValue(1), model.NewRow(m)), store.ErrConstraint, "page.id", "int")
		wantError(t, "an entry with a key that is too long", tx.PutEntry(&model.Entry{Model: "page", Key: model.StringValue(long + "x"), Change: model.Created}), store.ErrConstraint)
		n := 0
		for range tx.Rows(m) {
			n++
		}
		if n != 4 {
			t.Errorf("there are %d objects", n)
		}
		return nil
	})
}
