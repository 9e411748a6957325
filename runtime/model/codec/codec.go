// Package codec turns Go values into their stored form and back, compares and
// copies them. Generated code composes its pieces, one for each kind of field,
// so that nothing is looked up by reflection.
//
// A type that brings MarshalText or MarshalJSON is asked for its form and is
// taken for an immutable value: its inside is neither looked at nor copied,
// unless CopiedBy says how.
package codec

import (
	"bytes"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/resetgen/resetgen/runtime/model"
)

// Codec is how values of one Go type are stored, compared and copied. It is
// made by the functions of this package and does not change afterwards.
type Codec[T any] struct {
	kind model.Kind // the stored form of a value that is not null
	null bool       // whether null is one of the forms

	equal  func(a, b T) bool
	clone  func(T) T // nil: an assignment copies
	store  func(T) (model.Value, error)
	load   func(model.Value, *T) error // the value is of the codec's kind, or null where that is allowed
	append func([]byte, T) ([]byte, error)
	parse  func([]byte, *T) error // one JSON value

	members []Member[T] // of a struct
}

// Equal tells whether a and b are the same value: NaN equals NaN, times are
// compared by instant, and a nil list or map equals an empty one.
func (c Codec[T]) Equal(a, b T) bool { return c.equal(a, b) }

// Clone is a copy of v that shares no memory with it.
func (c Codec[T]) Clone(v T) T {
	if c.clone == nil {
		return v
	}
	return c.clone(v)
}

// CopiedBy is c for a type whose assigned copies share memory although it brings
// its own form, such as json.RawMessage: clone makes a copy that does not.
func (c Codec[T]) CopiedBy(clone func(T) T) Codec[T] {
	c.clone = clone
	return c
}

// Index is the place of the first element of list that equals v, or -1.
func (c Codec[T]) Index(list []T, v T) int {
	return slices.IndexFunc(list, func(e T) bool { return c.equal(e, v) })
}

// Value is the stored form of v.
func (c Codec[T]) Value(v T) (model.Value, error) { return c.store(v) }

// Load reads the stored form v, which may have been written for a field of
// another kind, into dst.
func (c Codec[T]) Load(v model.Value, dst *T) error {
	fit, err := v.Fit(c.kind, c.null)
	if err != nil {
		return err
	}
	return c.load(fit, dst)
}

// scalar makes a codec whose JSON form, inside of lists and maps, follows from
// its stored form.
func scalar[T any](kind model.Kind, equal func(a, b T) bool, store func(T) (model.Value, error), load func(model.Value, *T) error,
	parse func([]byte) (model.Value, error)) Codec[T] {
	return Codec[T]{
		kind: kind, equal: equal, store: store, load: load,
		append: func(b []byte, v T) ([]byte, error) {
			value, err := store(v)
			if err != nil {
				return b, err
			}
			return appendScalar(b, value)
		},
		parse: func(raw []byte, dst *T) error {
			value, err := parse(raw)
			if err != nil {
				return err
			}
			return load(value, dst)
		},
	}
}

func appendScalar(b []byte, v model.Value) ([]byte, error) {
	switch v.Kind() {
	case model.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case model.Int:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case model.Uint:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case model.Float:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return b, fmt.Errorf("%v has no form inside a list, map or struct", f)
		}
		text, err := json.Marshal(v.Float())
		return append(b, text...), err
	case model.String:
		return appendString(b, v.Text()), nil
	case model.Bytes:
		return appendString(b, base64.StdEncoding.EncodeToString([]byte(v.Text()))), nil
	case model.Time:
		return appendString(b, model.FormatTime(v.Time())), nil
	}
	return append(b, v.Text()...), nil
}

// appendString writes valid UTF-8 as a JSON string, escaping only what JSON
// requires, so that there is one spelling for each string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < 0x20:
			b = append(b, fmt.Sprintf(`\u%04x`, c)...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// checkString refuses what JSON, SQL and wires cannot carry unchanged.
func checkString(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("the string is not valid UTF-8; use []byte for bytes")
	}
	return nil
}

// checkTime refuses years that RFC 3339 cannot write.
func checkTime(t time.Time) error {
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return fmt.Errorf("the year %d is outside of 0 to 9999", year)
	}
	return nil
}

func parseAs[T any](kind func(T) model.Value) func([]byte) (model.Value, error) {
	return func(raw []byte) (model.Value, error) {
		var v T
		if err := parseJSON(raw, &v); err != nil {
			return model.Value{}, err
		}
		return kind(v), nil
	}
}

// parseJSON reads one JSON value that must not be null: encoding/json would
// pass over a null and leave what was there.
func parseJSON(raw []byte, dst any) error {
	if string(raw) == "null" {
		return errors.New("null where a value belongs")
	}
	return json.Unmarshal(raw, dst)
}

func same[T comparable](a, b T) bool { return a == b }

// Bool is a bool, or a type of that kind.
func Bool[T ~bool]() Codec[T] {
	return scalar(model.Bool, same[T],
		func(v T) (model.Value, error) { return model.BoolValue(bool(v)), nil },
		func(v model.Value, dst *T) error { *dst = T(v.Bool()); return nil },
		parseAs(model.BoolValue))
}

// Signed is any signed integer.
type Signed interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64
}

// Unsigned is any unsigned integer.
type Unsigned interface {
	~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

// Real is any floating-point number.
type Real interface{ ~float32 | ~float64 }

// Int is a signed integer. A stored number that the type cannot hold does not
// fit.
func Int[T Signed]() Codec[T] {
	return scalar(model.Int, same[T],
		func(v T) (model.Value, error) { return model.IntValue(int64(v)), nil },
		loadInt[T], parseAs(model.IntValue))
}

func loadInt[T Signed](v model.Value, dst *T) error {
	n := T(v.Int())
	if int64(n) != v.Int() {
		return fmt.Errorf("%d is out of the range of %T", v.Int(), n)
	}
	*dst = n
	return nil
}

// Uint is an unsigned integer. A stored number that the type cannot hold does
// not fit.
func Uint[T Unsigned]() Codec[T] {
	return scalar(model.Uint, same[T],
		func(v T) (model.Value, error) { return model.UintValue(uint64(v)), nil },
		loadUint[T], parseAs(model.UintValue))
}

func loadUint[T Unsigned](v model.Value, dst *T) error {
	n := T(v.Uint())
	if uint64(n) != v.Uint() {
		return fmt.Errorf("%d is out of the range of %T", v.Uint(), n)
	}
	*dst = n
	return nil
}

// Float is a floating-point number.
func Float[T Real]() Codec[T] {
	return scalar(model.Float, EqualFloat[T],
		func(v T) (model.Value, error) { return model.FloatValue(float64(v)), nil },
		loadFloat[T], parseAs(model.FloatValue))
}

// loadFloat lets a float32 round: what it wrote comes back exactly, and a
// float64 that was stored before the field shrank would otherwise never fit.
func loadFloat[T Real](v model.Value, dst *T) error {
	f := v.Float()
	if !math.IsInf(f, 0) && math.IsInf(float64(T(f)), 0) {
		return fmt.Errorf("%v is out of the range of %T", f, *dst)
	}
	*dst = T(f)
	return nil
}

// EqualFloat is == except that NaN equals NaN: a field that holds NaN and is
// set to NaN has not changed.
func EqualFloat[T Real](a, b T) bool { return a == b || a != a && b != b }

// String is a string of valid UTF-8.
func String[T ~string]() Codec[T] {
	return scalar(model.String, same[T],
		func(v T) (model.Value, error) { return model.StringValue(string(v)), checkString(string(v)) },
		func(v model.Value, dst *T) error { *dst = T(v.Text()); return nil },
		parseAs(model.StringValue))
}

// Bytes is a slice of bytes; nil and empty are equal, and come back as nil.
func Bytes[T ~[]byte]() Codec[T] {
	c := scalar(model.Bytes, EqualBytes[T],
		func(v T) (model.Value, error) { return model.BytesValue(v), nil },
		loadBytes[T], parseAs(model.BytesValue))
	c.clone = CloneBytes[T]
	return c
}

func loadBytes[T ~[]byte](v model.Value, dst *T) error {
	if *dst = nil; v.Text() != "" {
		*dst = T(v.Text())
	}
	return nil
}

// EqualBytes is bytes.Equal for any type of bytes.
func EqualBytes[T ~[]byte](a, b T) bool { return bytes.Equal(a, b) }

// CloneBytes is bytes.Clone for any type of bytes.
func CloneBytes[T ~[]byte](v T) T { return T(bytes.Clone(v)) }

// Time is an instant: the zone and the monotonic reading are not stored, and
// times come back in UTC. Years are from 0 to 9999.
func Time() Codec[time.Time] {
	return scalar(model.Time, time.Time.Equal,
		func(v time.Time) (model.Value, error) { return model.TimeValue(v), checkTime(v) },
		func(v model.Value, dst *time.Time) error { *dst = v.Time(); return nil },
		func(raw []byte) (model.Value, error) {
			var text string
			if err := parseJSON(raw, &text); err != nil {
				return model.Value{}, err
			}
			t, err := model.ParseTime(text)
			return model.TimeValue(t), err
		})
}

// ByteArray is an array of bytes; view is the array as a slice.
func ByteArray[A comparable](view func(*A) []byte) Codec[A] {
	return scalar(model.Bytes, same[A],
		func(v A) (model.Value, error) { return model.BytesValue(view(&v)), nil },
		func(v model.Value, dst *A) error {
			to := view(dst)
			if len(v.Text()) != len(to) {
				return fmt.Errorf("%d bytes where %d belong", len(v.Text()), len(to))
			}
			copy(to, v.Text())
			return nil
		},
		parseAs(model.BytesValue))
}

// textType is a pointer to a type that brings its own text form.
type textType[T any] interface {
	*T
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// Text is a type with MarshalText and UnmarshalText, stored as the string that
// these give. A nil equal compares the strings.
func Text[T any, P textType[T]](equal func(a, b T) bool) Codec[T] {
	store := func(v T) (model.Value, error) {
		text, err := P(&v).MarshalText()
		if err == nil {
			err = checkString(string(text))
		}
		return model.StringValue(string(text)), err
	}
	return scalar(model.String, orByForm(equal, store), store,
		func(v model.Value, dst *T) error {
			// A fresh value: UnmarshalText may leave parts of an old one.
			var fresh T
			if err := P(&fresh).UnmarshalText([]byte(v.Text())); err != nil {
				return err
			}
			*dst = fresh
			return nil
		},
		parseAs(model.StringValue))
}

// jsonType is a pointer to a type that brings its own JSON form.
type jsonType[T any] interface {
	*T
	json.Marshaler
	json.Unmarshaler
}

// JSON is a type with MarshalJSON and UnmarshalJSON, stored as the JSON that
// these give. A nil equal compares the JSON.
func JSON[T any, P jsonType[T]](equal func(a, b T) bool) Codec[T] {
	store := func(v T) (model.Value, error) {
		text, err := P(&v).MarshalJSON()
		if err != nil {
			return model.Value{}, err
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil {
			return model.Value{}, fmt.Errorf("MarshalJSON of %T gave what is not JSON: %w", v, err)
		}
		return model.JSONValue(compact.String()), checkString(compact.String())
	}
	return scalar(model.JSON, orByForm(equal, store), store,
		func(v model.Value, dst *T) error {
			var fresh T
			if err := P(&fresh).UnmarshalJSON([]byte(v.Text())); err != nil {
				return err
			}
			*dst = fresh
			return nil
		},
		func(raw []byte) (model.Value, error) { return model.JSONValue(string(raw)), nil })
}

// orByForm compares stored forms where the type offers nothing better. Values
// without a form are equal to nothing, so that writing them is noticed and
// refused.
func orByForm[T any](equal func(a, b T) bool, store func(T) (model.Value, error)) func(a, b T) bool {
	if equal != nil {
		return equal
	}
	return func(a, b T) bool {
		va, errA := store(a)
		vb, errB := store(b)
		return errA == nil && errB == nil && va.Equal(vb)
	}
}

// Ptr is a pointer; nil is stored as null.
func Ptr[T any](elem Codec[T]) Codec[*T] {
	return nullable(elem,
		func(p *T) (T, bool) {
			if p == nil {
				var none T
				return none, false
			}
			return *p, true
		},
		func(v T, valid bool) *T {
			if !valid {
				return nil
			}
			return &v
		}, true)
}

// Null is a type such as sql.NullString: split takes it into the value and
// whether there is one, join is the reverse.
func Null[T, E any](elem Codec[E], split func(T) (E, bool), join func(E, bool) T) Codec[T] {
	return nullable(elem, split, join, elem.clone != nil)
}

func nullable[T, E any](elem Codec[E], split func(T) (E, bool), join func(E, bool) T, clones bool) Codec[T] {
	var none E
	c := Codec[T]{
		kind: elem.kind, null: true,
		equal: func(a, b T) bool {
			va, oka := split(a)
			vb, okb := split(b)
			return oka == okb && (!oka || elem.equal(va, vb))
		},
		store: func(v T) (model.Value, error) {
			e, ok := split(v)
			if !ok {
				return model.NullValue(), nil
			}
			value, err := elem.store(e)
			if f := value.Float(); err == nil && value.Kind() == model.Float && math.IsNaN(f) {
				err = errors.New("NaN cannot be told from null here; use a field that is not nullable")
			}
			return value, err
		},
		load: func(v model.Value, dst *T) error {
			if v.IsNull() {
				*dst = join(none, false)
				return nil
			}
			var e E
			if err := elem.load(v, &e); err != nil {
				return err
			}
			*dst = join(e, true)
			return nil
		},
		append: func(b []byte, v T) ([]byte, error) {
			e, ok := split(v)
			if !ok {
				return append(b, "null"...), nil
			}
			return elem.append(b, e)
		},
		parse: func(raw []byte, dst *T) error {
			if string(raw) == "null" {
				*dst = join(none, false)
				return nil
			}
			var e E
			if err := elem.parse(raw, &e); err != nil {
				return err
			}
			*dst = join(e, true)
			return nil
		},
	}
	if clones {
		c.clone = func(v T) T {
			e, ok := split(v)
			if !ok {
				return join(none, false)
			}
			return join(elem.Clone(e), true)
		}
	}
	return c
}

// whole makes the codec of something that is stored as one JSON text.
func whole[T any](equal func(a, b T) bool, clone func(T) T, app func([]byte, T) ([]byte, error), parse func([]byte, *T) error) Codec[T] {
	return Codec[T]{
		kind: model.JSON, equal: equal, clone: clone, append: app, parse: parse,
		store: func(v T) (model.Value, error) {
			text, err := app(nil, v)
			return model.JSONValue(string(text)), err
		},
		load: func(v model.Value, dst *T) error { return parse([]byte(v.Text()), dst) },
	}
}

// Slice is a slice, stored as a JSON array; nil and empty are equal, and come
// back as nil.
func Slice[S ~[]E, E any](elem Codec[E]) Codec[S] {
	return whole(
		func(a, b S) bool { return slices.EqualFunc(a, b, elem.equal) },
		func(v S) S {
			v = slices.Clone(v)
			if elem.clone != nil {
				for i := range v {
					v[i] = elem.clone(v[i])
				}
			}
			return v
		},
		func(b []byte, v S) ([]byte, error) { return appendArray(b, v, elem) },
		func(raw []byte, dst *S) error {
			var list S
			err := parseArray(raw, elem, func(n int) { list = make(S, 0, n) }, func(e E) error {
				list = append(list, e)
				return nil
			})
			if err == nil {
				*dst = list
			}
			return err
		})
}

// Array is an array of fixed length, stored as a JSON array; view is the array
// as a slice.
func Array[A, E any](elem Codec[E], view func(*A) []E) Codec[A] {
	c := whole(
		func(a, b A) bool { return slices.EqualFunc(view(&a), view(&b), elem.equal) },
		nil,
		func(b []byte, v A) ([]byte, error) { return appendArray(b, view(&v), elem) },
		func(raw []byte, dst *A) error {
			var fresh A
			to := view(&fresh)
			i := 0
			err := parseArray(raw, elem, func(int) {}, func(e E) error {
				if i == len(to) {
					return fmt.Errorf("more than the %d elements of %T", len(to), fresh)
				}
				to[i] = e
				i++
				return nil
			})
			if err == nil && i < len(to) {
				err = fmt.Errorf("%d elements where %T has %d", i, fresh, len(to))
			}
			if err == nil {
				*dst = fresh
			}
			return err
		})
	if elem.clone != nil {
		c.clone = func(v A) A {
			to := view(&v)
			for i := range to {
				to[i] = elem.clone(to[i])
			}
			return v
		}
	}
	return c
}

func appendArray[E any](b []byte, list []E, elem Codec[E]) ([]byte, error) {
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = elem.append(b, e); err != nil {
			return b, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return append(b, ']'), nil
}

func parseArray[E any](raw []byte, elem Codec[E], begin func(n int), add func(E) error) error {
	var parts []json.RawMessage
	if err := parseJSON(raw, &parts); err != nil {
		return err
	}
	if len(parts) == 0 {
		return nil
	}
	begin(len(parts))
	for i, part := range parts {
		var e E
		if err := elem.parse(part, &e); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
		if err := add(e); err != nil {
			return err
		}
	}
	return nil
}

// Map is a map, stored as a JSON object with its keys in order; nil and empty
// are equal, and come back as nil. Keys are strings, integers or types with a
// text form.
func Map[M ~map[K]V, K comparable, V any](key Codec[K], elem Codec[V]) Codec[M] {
	return whole(
		func(a, b M) bool {
			if len(a) != len(b) {
				return false
			}
			for k, va := range a {
				if vb, ok := b[k]; !ok || !elem.equal(va, vb) {
					return false
				}
			}
			return true
		},
		func(v M) M {
			if v == nil {
				return nil
			}
			c := make(M, len(v))
			for k, e := range v {
				c[k] = elem.Clone(e)
			}
			return c
		},
		func(b []byte, v M) ([]byte, error) {
			type member struct {
				name string
				key  K
			}
			members := make([]member, 0, len(v))
			for k := range v {
				value, err := key.store(k)
				if err != nil {
					return b, fmt.Errorf("key %v: %w", k, err)
				}
				members = append(members, member{name: memberName(value), key: k})
			}
			slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
			b = append(b, '{')
			for i, m := range members {
				if i > 0 {
					if m.name == members[i-1].name {
						return b, fmt.Errorf("two keys have the text %q", m.name)
					}
					b = append(b, ',')
				}
				b = append(appendString(b, m.name), ':')
				var err error
				if b, err = elem.append(b, v[m.key]); err != nil {
					return b, fmt.Errorf("key %q: %w", m.name, err)
				}
			}
			return append(b, '}'), nil
		},
		func(raw []byte, dst *M) error {
			var parts map[string]json.RawMessage
			if err := parseJSON(raw, &parts); err != nil {
				return err
			}
			var m M
			if len(parts) > 0 {
				m = make(M, len(parts))
			}
			for name, part := range parts {
				var k K
				if err := loadMemberName(name, key, &k); err != nil {
					return fmt.Errorf("key %q: %w", name, err)
				}
				var e V
				if err := elem.parse(part, &e); err != nil {
					return fmt.Errorf("key %q: %w", name, err)
				}
				m[k] = e
			}
			*dst = m
			return nil
		})
}

func memberName(v model.Value) string {
	if v.Kind() == model.String {
		return v.Text()
	}
	return v.String()
}

func loadMemberName[K any](name string, key Codec[K], dst *K) error {
	if key.kind == model.String {
		return key.load(model.StringValue(name), dst)
	}
	return key.parse([]byte(name), dst)
}

// Member is one field of a struct that is stored whole.
type Member[T any] struct {
	name   string
	equal  func(a, b *T) bool
	clone  func(*T) // replaces the field by its copy; nil: an assignment copies
	assign func(dst, src *T)
	append func([]byte, *T) ([]byte, error)
	parse  func([]byte, *T) error
}

// Name is the stored name of the member.
func (m Member[T]) Name() string { return m.name }

// Equal tells whether a and b have the same value in the member.
func (m Member[T]) Equal(a, b *T) bool { return m.equal(a, b) }

// Assign gives dst the member of src, which they share from then on.
func (m Member[T]) Assign(dst, src *T) { m.assign(dst, src) }

// Members lists the members of a struct that is stored whole, and nothing of any
// other type.
func (c Codec[T]) Members() []Member[T] { return c.members }

// At is the member that is stored under name; field is where it lies.
func At[T, F any](name string, c Codec[F], field func(*T) *F) Member[T] {
	m := Member[T]{
		name:   name,
		equal:  func(a, b *T) bool { return c.equal(*field(a), *field(b)) },
		assign: func(dst, src *T) { *field(dst) = *field(src) },
		append: func(b []byte, v *T) ([]byte, error) { return c.append(b, *field(v)) },
		parse:  func(raw []byte, v *T) error { return c.parse(raw, field(v)) },
	}
	if c.clone != nil {
		m.clone = func(v *T) { f := field(v); *f = c.clone(*f) }
	}
	return m
}

// Struct is a struct that is stored whole, as a JSON object with its members in
// order. A member that a stored text lacks keeps its zero value; one that the
// struct does not know is passed over.
func Struct[T any](members ...Member[T]) Codec[T] {
	c := whole(
		func(a, b T) bool {
			for i := range members {
				if !members[i].equal(&a, &b) {
					return false
				}
			}
			return true
		},
		nil,
		func(b []byte, v T) ([]byte, error) {
			b = append(b, '{')
			for i, m := range members {
				if i > 0 {
					b = append(b, ',')
				}
				b = append(appendString(b, m.name), ':')
				var err error
				if b, err = m.append(b, &v); err != nil {
					return b, fmt.Errorf("%s: %w", m.name, err)
				}
			}
			return append(b, '}'), nil
		},
		func(raw []byte, dst *T) error {
			var parts map[string]json.RawMessage
			if err := parseJSON(raw, &parts); err != nil {
				return err
			}
			var fresh T
			for _, m := range members {
				part, ok := parts[m.name]
				if !ok {
					continue
				}
				if err := m.parse(part, &fresh); err != nil {
					return fmt.Errorf("%s: %w", m.name, err)
				}
			}
			*dst = fresh
			return nil
		})
	c.members = members
	if slices.ContainsFunc(members, func(m Member[T]) bool { return m.clone != nil }) {
		c.clone = func(v T) T {
			for _, m := range members {
				if m.clone != nil {
					m.clone(&v)
				}
			}
			return v
		}
	}
	return c
}

// Lazy stands for a codec inside itself, in types that contain themselves. It
// always copies, for it cannot know in time whether it must.
func Lazy[T any](of func() Codec[T]) Codec[T] {
	get := sync.OnceValue(of)
	return whole(
		func(a, b T) bool { return get().equal(a, b) },
		func(v T) T { return get().Clone(v) },
		func(b []byte, v T) ([]byte, error) { return get().append(b, v) },
		func(raw []byte, dst *T) error { return get().parse(raw, dst) })
}
