package codec_test

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
)

// FuzzLoad reads whatever may lie in a store with codecs of every form. What they
// take they write again, and it comes back the same.
func FuzzLoad(f *testing.F) {
	checks := []func(*testing.T, model.Value){
		settles(codec.Bool[bool]()),
		settles(codec.Int[int8]()),
		settles(codec.Uint[uint64]()),
		settles(codec.Float[float32]()),
		settles(codec.String[string]()),
		settles(codec.Bytes[[]byte]()),
		settles(codec.Time()),
		settles(codec.ByteArray(func(v *[4]byte) []byte { return v[:] })),
		settles(codec.Text[netip.Addr](nil)),
		settles(codec.Text[big.Int](nil)),
		settles(codec.JSON[maybe](nil)),
		settles(codecHeader()),
		settles(codecRaw()),
		settles(codec.Ptr(codec.Time())),
		settles(codec.Ptr(codecNode())),
		settles(codec.Slice[[]bool](codec.Bool[bool]())),
		settles(codec.Slice[[]*float64](codec.Ptr(codec.Float[float64]()))),
		settles(codec.Slice[[][]byte](codec.Bytes[[]byte]())),
		settles(codec.Slice[[]time.Time](codec.Time())),
		settles(codec.Slice[[]*json.RawMessage](codec.Ptr(codecRaw()))),
		settles(codec.Array(codec.ByteArray(func(v *[4]byte) []byte { return v[:] }), func(v *[2][4]byte) [][4]byte { return v[:] })),
		settles(codec.Map[map[int8]uint16](codec.Int[int8](), codec.Uint[uint16]())),
		settles(codec.Map[map[netip.Addr]*maybe](codec.Text[netip.Addr](nil), codec.Ptr(codec.JSON[maybe](nil)))),
	}
	for _, text := range []string{
		"", "null", "true", "-7", "18446744073709551615", "1e400", "1.5", `"a\u00e9"`, "::1", "00000000000000000001", "2024-02-29T12:30:00.5+01:00",
		"9999-12-31T23:59:59-01:00", "[]", "{}", `{"1":2,"1":3," 1":4}`, `{"::1":1,"::2":null}`, `["AAEC/w==","AAECAw=="]`, "[1,null,-0.0,1e-320]",
		`[true,false]`, `["0000-01-01T00:00:00Z"]`, `{"a":["b","c"],"d":null}`, ` [ null , "x" , { "a" : [ ] , "a" : 1 } ] `,
		`{"name":"a","size":1,"next":{"kids":[{},{"name":"\"]}"}]},"two":[null,{}],"by":{"\\":{}},"raw":[1,{}],"other":[{"x":"{"}]}`,
		strings.Repeat(`{"next":`, 300) + "{}" + strings.Repeat("}", 300), strings.Repeat("[", 10000), "\xff", "[\"\xff\"]",
	} {
		f.Add([]byte(text), int64(len(text)))
	}
	f.Fuzz(func(t *testing.T, text []byte, n int64) {
		values := []model.Value{
			model.JSONValue(string(text)), model.StringValue(string(text)), model.BytesValue(text), model.NullValue(),
			model.IntValue(n), model.UintValue(uint64(n)), model.FloatValue(float64(n) / 8), model.TimeValue(time.Unix(n, n%1e9)), model.BoolValue(n > 0),
		}
		for _, v := range values {
			for _, check := range checks {
				check(t, v)
			}
		}
	})
}

// settles checks that a value which c takes has a form, reads back equal from it,
// and has the same form then.
func settles[T any](c codec.Codec[T]) func(*testing.T, model.Value) {
	return func(t *testing.T, v model.Value) {
		var first, second T
		if c.Load(v, &first) != nil {
			return
		}
		form, err := c.Value(first)
		if err != nil {
			// A text may be read that is not written: bytes that SQL wrote as text,
			// and what grows too deep by the members it lacks.
			if !utf8.ValidString(v.Text()) || err.Error() == tooDeep {
				return
			}
			t.Fatalf("%T read from %v cannot be stored: %v", first, v, err)
		}
		if err := c.Load(form, &second); err != nil {
			t.Fatalf("%T from %v: %v cannot be read: %v", first, v, form, err)
		}
		if !c.Equal(first, second) || !c.Equal(second, c.Clone(first)) {
			t.Fatalf("%T from %v: %#v is stored as %v and comes back as %#v", first, v, first, form, second)
		}
		if again, err := c.Value(second); err != nil || !again.Equal(form) {
			t.Fatalf("%T from %v: %v is stored as %v next (%v)", first, v, form, again, err)
		}
	}
}
