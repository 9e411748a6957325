package gentest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/testdata/golden/jsonform"
	"github.com/resetgen/resetgen/testdata/golden/text"
)

// random makes values out of few, so that two of them are often equal, or equal
// in parts.
type random struct {
	*rapid.T
	storable bool // no NaN where stores have no form for it
}

// model is a model with the key number key.
func (r random) model(s *subject, key int) reflect.Value {
	v := reflect.New(s.typ)
	for i := range s.leaves {
		l := &s.leaves[i]
		if l.key {
			l.of(v).Set(keyValue(l.typ, key))
		} else {
			l.of(v).Set(r.leaf(l))
		}
	}
	return v
}

// leaf is a value for a field of a model.
func (r random) leaf(l *leaf) reflect.Value {
	v := r.value(l.typ, 0)
	if l.rule == "counter" && v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)) {
		v.SetFloat(1) // what is not a number cannot be added to
	}
	if l.by != "" {
		v = distinct(v, l.by)
	}
	return v
}

// distinct leaves out elements whose identity another one has.
func distinct(list reflect.Value, by string) reflect.Value {
	seen := map[any]bool{}
	kept := reflect.MakeSlice(list.Type(), 0, list.Len())
	for i := range list.Len() {
		if id := list.Index(i).FieldByName(by).Interface(); !seen[id] {
			seen[id] = true
			kept = reflect.Append(kept, list.Index(i))
		}
	}
	return kept
}

// keyValue is the key number n.
func keyValue(t reflect.Type, n int) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == reflect.TypeFor[netip.Addr]():
		v.Set(reflect.ValueOf(address(n + 1)))
	case t == reflect.TypeFor[netip.Prefix]():
		v.Set(reflect.ValueOf(netip.PrefixFrom(address(n+1), 24)))
	case v.CanInt():
		v.SetInt(int64(n + 1))
	case v.CanUint():
		v.SetUint(uint64(n + 1))
	case t.Kind() == reflect.String:
		v.SetString(fmt.Sprint("key ", n))
	case t.Kind() == reflect.Array:
		v.Index(0).SetUint(uint64(n + 1))
	default:
		panic("no keys of type " + t.String())
	}
	return v
}

func address(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}) }

var (
	someText = []string{"", "a", "b", "the lazy dog", "one\ntwo\nthree\n", "one\n2\nthree\n", "<é & \"\\\x01>"}
	numbers  = []float64{0, 1, -2.5, 1e30, math.Copysign(0, -1), math.NaN()}
	instants = []time.Time{
		{}, time.Unix(1, 0), time.Unix(1, 0).UTC(), time.Unix(1, 0).In(time.FixedZone("east", 7200)),
		time.Date(2024, 2, 29, 12, 0, 0, 999999999, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
)

func pick[T any](r random, from []T) T { return rapid.SampledFrom(from).Draw(r.T, "pick") }

func (r random) upTo(n int) int { return rapid.IntRange(0, n).Draw(r.T, "n") }

// value is any value of the type; depth is how deep inside of a field it is.
func (r random) value(t reflect.Type, depth int) reflect.Value {
	v := reflect.New(t).Elem()
	switch t {
	case timeType:
		v.Set(reflect.ValueOf(pick(r, instants)))
		return v
	case reflect.TypeFor[netip.Addr]():
		if n := r.upTo(3); n > 0 {
			v.Set(reflect.ValueOf(address(n)))
		}
		return v
	case reflect.TypeFor[big.Int]():
		v.Set(reflect.ValueOf(big.NewInt(int64(r.upTo(2)))).Elem())
		return v
	case reflect.TypeFor[text.Level]():
		v.Set(reflect.ValueOf(text.LevelOf(r.upTo(2))))
		return v
	case reflect.TypeFor[text.Name]():
		v.Set(reflect.ValueOf(text.Name{S: pick(r, []string{"", "a", "A", "b"})}))
		return v
	case reflect.TypeFor[net.IP]():
		if n := r.upTo(3); n > 0 {
			v.Set(reflect.ValueOf(net.IPv4(10, 0, 0, byte(n)).To4()))
		}
		return v
	case reflect.TypeFor[json.RawMessage]():
		v.Set(reflect.ValueOf(json.RawMessage(pick(r, []string{`1`, `"a"`, `{"a":1}`, `[]`, `null`}))))
		return v
	case reflect.TypeFor[text.Quotas]():
		if n := r.upTo(2); n > 0 {
			v.Set(reflect.ValueOf(text.Quotas{"a": n, "b": 1}))
		}
		return v
	case reflect.TypeFor[jsonform.Color]():
		v.Set(reflect.ValueOf(jsonform.RGB(uint8(r.upTo(1)), uint8(r.upTo(1)), 0)))
		return v
	}
	r.fill(v, depth)
	return v
}

// fill sets v by its kind.
func (r random) fill(v reflect.Value, depth int) {
	t := v.Type()
	switch t.Kind() {
	case reflect.Bool:
		v.SetBool(r.upTo(1) == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits := t.Bits()
		v.SetInt(pick(r, []int64{0, 1, 2, -1, 100, math.MaxInt64 >> (64 - bits), math.MinInt64 >> (64 - bits)}))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(pick(r, []uint64{0, 1, 2, 100, math.MaxUint64 >> (64 - t.Bits())}))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(pick(r, r.floats(depth)))
	case reflect.String:
		v.SetString(pick(r, someText))
	case reflect.Pointer:
		if r.few(depth) > 0 {
			v.Set(reflect.New(t.Elem()))
			v.Elem().Set(r.value(t.Elem(), depth+1))
		}
	case reflect.Slice:
		if n := r.few(depth); n > 0 || r.upTo(1) == 0 {
			v.Set(reflect.MakeSlice(t, n, n+r.upTo(2))) // some have room for more
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(r.value(t.Elem(), depth+1))
		}
	case reflect.Map:
		if n := r.few(depth); n > 0 || r.upTo(1) == 0 {
			v.Set(reflect.MakeMap(t))
			for range n {
				v.SetMapIndex(r.value(t.Key(), depth+1), r.value(t.Elem(), depth+1))
			}
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if isStored(t.Field(i)) {
				v.Field(i).Set(r.value(t.Field(i).Type, depth+1))
			}
		}
	default:
		panic("no values of type " + t.String())
	}
}

// floats are the numbers to pick from. Stores have no form for NaN inside of
// lists, maps and structs, and keep apart the two zeros there.
func (r random) floats(depth int) []float64 {
	if r.storable && depth > 0 {
		return numbers[:len(numbers)-2]
	}
	return numbers
}

// few is a length, shorter deep inside so that recursive types come to an end.
func (r random) few(depth int) int { return r.upTo(max(0, 3-depth)) }

// describe shows the three sides of a field, for a test that failed.
func (s *sides) describe(l *leaf) string {
	return fmt.Sprintf("base   %#v\nlocal  %#v\nremote %#v", l.of(s.base), l.of(s.local), l.of(s.remote))
}
