package model_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// anyValue draws a value of any kind.
func anyValue() *rapid.Generator[model.Value] {
	return rapid.Custom(func(t *rapid.T) model.Value {
		switch model.Kind(rapid.IntRange(int(model.Absent), int(model.JSON)).Draw(t, "kind")) {
		case model.Null:
			return model.NullValue()
		case model.Bool:
			return model.BoolValue(rapid.Bool().Draw(t, "bool"))
		case model.Int:
			return model.IntValue(rapid.Int64().Draw(t, "int"))
		case model.Uint:
			return model.UintValue(rapid.Uint64().Draw(t, "uint"))
		case model.Float:
			return model.FloatValue(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1.5, math.NaN(), math.Inf(1), math.MaxFloat64}).Draw(t, "float"))
		case model.String:
			return model.StringValue(rapid.String().Draw(t, "string"))
		case model.Bytes:
			return model.BytesValue(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		case model.Time:
			return model.TimeValue(time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "sec"), rapid.Int64Range(0, 999_999_999).Draw(t, "nsec")))
		case model.JSON:
			return model.JSONValue(rapid.SampledFrom([]string{"[]", "{}", `{"a":[1,2.50]}`, `"x"`}).Draw(t, "json"))
		}
		return model.Value{}
	})
}

func anyEntry() *rapid.Generator[model.Entry] {
	return rapid.Custom(func(t *rapid.T) model.Entry {
		e := changes().Draw(t, "entry")
		e.Refused = rapid.String().Draw(t, "refused")
		if rapid.Bool().Draw(t, "sent") {
			was := changes().Draw(t, "sent entry")
			e.Sent = &model.Sent{Entry: &was, Row: []model.Named{{Name: "a", Value: anyValue().Draw(t, "sent value")}}}
			if rapid.Bool().Draw(t, "since") {
				since := changes().Draw(t, "since")
				e.Sent.Since = &since
			} else {
				e.Change = 0
			}
		}
		return e
	})
}

// changes draws the part of an entry that describes the changes.
func changes() *rapid.Generator[model.Entry] {
	return rapid.Custom(func(t *rapid.T) model.Entry {
		e := model.Entry{
			Change: model.Change(rapid.IntRange(int(model.Updated), int(model.Recreated)).Draw(t, "change")),
			Seq:    rapid.Uint64().Draw(t, "seq"),
			Stamp:  stamp.Stamp(rapid.Uint64().Draw(t, "stamp")),
			Fields: []model.FieldChange{},
		}
		for range rapid.IntRange(0, 4).Draw(t, "fields") {
			e.Fields = append(e.Fields, model.FieldChange{
				Name: rapid.String().Draw(t, "name"), Seq: rapid.Uint64().Draw(t, "field seq"),
				Stamp: stamp.Stamp(rapid.Uint64().Draw(t, "field stamp")), Base: anyValue().Draw(t, "base"),
				Touched: rapid.Bool().Draw(t, "touched"),
			})
		}
		for range rapid.IntRange(0, 3).Draw(t, "base fields") {
			e.Base = append(e.Base, model.Named{Name: rapid.String().Draw(t, "name"), Value: anyValue().Draw(t, "value")})
		}
		return e
	})
}

// identical compares by content: the fields of a value are its own affair.
var identical = cmp.Comparer(func(a, b model.Value) bool { return a == b })

func TestEntryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry().Draw(t, "entry")
		var back model.Entry
		if err := model.DecodeEntry(model.AppendEntry(nil, &e), &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, back, identical); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestValueRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue().Draw(t, "value")
		if back, err := model.DecodeValue(model.AppendValue(nil, v)); err != nil || back != v {
			t.Fatalf("%v became %v (%v)", v, back, err)
		}
	})
}

// Every cut-off or extended entry is refused, none is misread.
func TestDecodeEntryRefusesCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEntry().Draw(t, "entry")
		b := model.AppendEntry(nil, &e)
		var back model.Entry
		if err := model.DecodeEntry(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")], &back); err == nil {
			t.Fatal("a cut-off entry was read")
		}
		if err := model.DecodeEntry(append(b, 0), &back); err == nil {
			t.Fatal("an entry with a byte too many was read")
		}
	})
}

func TestStampsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		newest := stamp.Stamp(rapid.Uint64Range(1, math.MaxUint64-1).Draw(t, "newest"))
		stamps := rapid.SliceOfN(rapid.Uint64Range(0, uint64(newest)), 1, 20).Draw(t, "stamps")
		all := make([]stamp.Stamp, len(stamps))
		for i, s := range stamps {
			all[i] = stamp.Stamp(s)
		}
		back, err := model.UnpackStamps(nil, model.PackStamps(nil, newest, all), newest)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range all { // trailing nevers are not stored
			if i < len(back) && back[i] != s || i >= len(back) && s != 0 {
				t.Fatalf("%v became %v", all, back)
			}
		}
	})
}

func TestFieldsWrittenTogetherCostAByteEach(t *testing.T) {
	at := stamp.At(time.Now())
	if b := model.PackStamps(nil, at, []stamp.Stamp{at, at, at, 0, at}); len(b) != 5 {
		t.Errorf("%d bytes for five fields", len(b))
	}
}
