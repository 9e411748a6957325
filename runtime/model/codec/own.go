package codec

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
)

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
		text, err := guard(P(&v).MarshalText)
		if err == nil {
			err = checkString(string(text))
		}
		return model.StringValue(string(text)), err
	}
	return copiedByForm(scalar(model.String, orByForm(equal, store), store,
		func(v model.Value, dst *T) error {
			// A fresh value: UnmarshalText may leave parts of an old one.
			var fresh T
			if err := guardLoad(P(&fresh).UnmarshalText, v); err != nil {
				return err
			}
			*dst = fresh
			return nil
		},
		parseAs(model.StringValue)), equal)
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
		text, err := guard(P(&v).MarshalJSON)
		if err != nil {
			return model.Value{}, err
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil {
			return model.Value{}, fmt.Errorf("MarshalJSON of %T gave what is not JSON: %w", v, err)
		}
		return model.JSONValue(compact.String()), checkString(compact.String())
	}
	return copiedByForm(scalar(model.JSON, orByForm(equal, store), store,
		func(v model.Value, dst *T) error {
			var fresh T
			if err := guardLoad(P(&fresh).UnmarshalJSON, v); err != nil {
				return err
			}
			*dst = fresh
			return nil
		},
		func(raw []byte) (model.Value, error) { return model.JSONValue(string(raw)), nil }), equal)
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

// guard calls a method of the app's and turns a panic into an error: one bad value
// must not keep the others from being read or written.
func guard(marshal func() ([]byte, error)) (text []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the type's own method panicked: %v", v)
		}
	}()
	return marshal()
}

func guardLoad(unmarshal func([]byte) error, v model.Value) error {
	_, err := guard(func() ([]byte, error) { return nil, unmarshal([]byte(v.Text())) })
	return err
}
