package model_test

import (
	"cmp"
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
)

func TestValueEqual(t *testing.T) {
	for _, c := range []struct {
		a, b model.Value
		want bool
	}{
		{model.FloatValue(math.NaN()), model.FloatValue(-math.NaN()), true},
		{model.FloatValue(0), model.FloatValue(math.Copysign(0, -1)), true},
		{model.IntValue(1), model.UintValue(1), false},
		{model.JSONValue(`{"a":1,"b":2}`), model.JSONValue(`{ "b": 2, "a": 1 }`), true},
		{model.JSONValue(`[1]`), model.JSONValue(`[1.0]`), false},
		{model.JSONValue(`[9007199254740993]`), model.JSONValue(`[9007199254740992]`), false},
		{model.NullValue(), model.Value{}, false},
		{model.TimeValue(time.Unix(5, 0)), model.TimeValue(time.Unix(5, 0).In(time.FixedZone("", 3600))), true},
	} {
		if got := c.a.Equal(c.b); got != c.want {
			t.Errorf("%v Equal %v = %v", c.a, c.b, got)
		}
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		v    model.Value
		kind model.Kind
		null bool
		want model.Value
	}{
		{model.IntValue(7), model.Uint, false, model.UintValue(7)},
		{model.UintValue(7), model.Int, false, model.IntValue(7)},
		{model.IntValue(7), model.Float, false, model.FloatValue(7)},
		{model.IntValue(1), model.Bool, false, model.BoolValue(true)},
		{model.StringValue("2024-05-01T10:00:00Z"), model.Time, false, model.TimeValue(time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC))},
		{model.StringValue("[1]"), model.JSON, false, model.JSONValue("[1]")},
		{model.NullValue(), model.Int, true, model.NullValue()},
	} {
		if got, err := c.v.Fit(c.kind, c.null); err != nil || got != c.want {
			t.Errorf("%v as %v is %v, %v", c.v, c.kind, got, err)
		}
	}
	for _, c := range []struct {
		v    model.Value
		kind model.Kind
	}{
		{model.IntValue(-1), model.Uint},
		{model.UintValue(math.MaxUint64), model.Int},
		{model.IntValue(1<<53 + 1), model.Float},
		{model.IntValue(2), model.Bool},
		{model.StringValue("soon"), model.Time},
		{model.StringValue("{"), model.JSON},
		{model.JSONValue("{"), model.JSON},
		{model.NullValue(), model.Int},
		{model.StringValue("7"), model.Int},
	} {
		if got, err := c.v.Fit(c.kind, false); err == nil {
			t.Errorf("%v as %v is %v", c.v, c.kind, got)
		}
	}
}

// Compare is a total order that agrees with Go's own.
func TestCompareIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		if got := model.Compare(model.IntValue(a), model.IntValue(b)); got != cmp.Compare(a, b) {
			t.Fatalf("%d and %d compare as %d", a, b, got)
		}
	})
}

func TestEveryValueHasJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue().Draw(t, "value")
		text, err := json.Marshal(v)
		if err != nil || !json.Valid(text) {
			t.Fatalf("%v gives %s (%v)", v, text, err)
		}
	})
}

func TestFieldSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s model.FieldSet
		want := map[int]bool{}
		for _, f := range rapid.SliceOf(rapid.IntRange(0, model.MaxFields-1)).Draw(t, "fields") {
			if want[f] && rapid.Bool().Draw(t, "remove") {
				s.Remove(f)
				delete(want, f)
			} else {
				s.Add(f)
				want[f] = true
			}
		}
		last, n := -1, 0
		for f := range s.All() {
			if !want[f] || f <= last {
				t.Fatalf("%d after %d, want %v", f, last, want)
			}
			last = f
			n++
		}
		if n != len(want) || s.Len() != n || s.Empty() != (n == 0) {
			t.Fatalf("%d fields listed, %d counted, want %v", n, s.Len(), want)
		}
	})
	first := model.FirstFields(70)
	if first.Len() != 70 || !first.Has(69) || first.Has(70) {
		t.Errorf("FirstFields(70) has %d fields", first.Len())
	}
}

// A value read from a report shows itself as it did.
func TestValueFromJSON(t *testing.T) {
	for _, v := range []model.Value{
		model.NullValue(), model.BoolValue(true), model.IntValue(-3), model.UintValue(1 << 63), model.FloatValue(1.5), model.FloatValue(1e300),
		model.StringValue("<a> \"b\""), model.JSONValue(`{"a":[1,2]}`), model.BytesValue([]byte{0, 255}),
	} {
		text, err := v.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var got model.Value
		if err := got.UnmarshalJSON(text); err != nil {
			t.Fatal(err)
		}
		again, err := got.MarshalJSON()
		if err != nil || string(again) != string(text) {
			t.Errorf("%v: %s became %s (%v)", v, text, again, err)
		}
	}
	var v model.Value
	for _, text := range []string{"", "x", "{", "tru", "-"} {
		if err := v.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, v)
		}
	}
}
