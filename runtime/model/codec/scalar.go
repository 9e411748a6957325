package codec

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"github.com/resetgen/resetgen/runtime/model"
)

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
		parse: func(p piece, dst *T) error {
			value, err := parse(p.text())
			if err != nil {
				return err
			}
			return load(value, dst)
		},
	}
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
		loadTime,
		func(raw []byte) (model.Value, error) {
			var text string
			if err := parseJSON(raw, &text); err != nil {
				return model.Value{}, err
			}
			t, err := model.ParseTime(text)
			return model.TimeValue(t), err
		})
}

func loadTime(v model.Value, dst *time.Time) error {
	*dst = v.Time()
	return checkTime(*dst)
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
