package sqlitestore

import (
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/store"
)

// argument is the stored form of an app's value, to compare columns with.
func argument(v any) (driver.Value, error) {
	value, err := stored(reflect.ValueOf(v))
	if err == nil && value.Kind() == model.Float && math.IsNaN(value.Float()) {
		err = errors.New("NaN is stored as NULL, which nothing compares with; ask IS NULL")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the argument %v (%T): %w", store.ErrQuery, v, v, err)
	}
	return bind(value), nil
}

// stored is the stored form of a value of any type that a field can have, but for
// those that are stored as JSON text. The kind of type is asked in the order in
// which the generator asks.
func stored(v reflect.Value) (model.Value, error) {
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return model.NullValue(), nil
	}
	if v.Kind() == reflect.Pointer {
		return stored(v.Elem())
	}
	if t := v.Type(); t.PkgPath() == "database/sql" && t.Kind() == reflect.Struct && t.NumField() == 2 && t.Field(1).Name == "Valid" {
		if !v.Field(1).Bool() {
			return model.NullValue(), nil
		}
		return stored(v.Field(0))
	}
	own := reflect.New(v.Type()) // methods may have a pointer for receiver
	own.Elem().Set(v)
	switch t := own.Interface().(type) {
	case *model.Value:
		return *t, nil
	case *time.Time:
		return codec.Time().Value(*t)
	case encoding.TextMarshaler:
		text, err := t.MarshalText()
		return model.StringValue(string(text)), err
	case json.Marshaler:
		return model.Value{}, errJSON
	}
	return plain(v)
}

var errJSON = errors.New("values of this type are stored as JSON text; compare parts of it with json_extract, or its text with a string")

// plain is the stored form of a value whose type brings none of its own.
func plain(v reflect.Value) (model.Value, error) {
	switch v.Kind() {
	case reflect.Bool:
		return model.BoolValue(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return model.IntValue(v.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return model.UintValue(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return model.FloatValue(v.Float()), nil
	case reflect.String:
		return codec.String[string]().Value(v.String())
	case reflect.Slice:
		if v.Type().Elem() == reflect.TypeFor[byte]() {
			return model.BytesValue(v.Bytes()), nil
		}
		return model.Value{}, errJSON
	case reflect.Array:
		if v.Type().Elem() == reflect.TypeFor[byte]() {
			b := make([]byte, v.Len())
			reflect.Copy(reflect.ValueOf(b), v)
			return model.BytesValue(b), nil
		}
		return model.Value{}, errJSON
	case reflect.Map, reflect.Struct:
		return model.Value{}, errJSON
	}
	return model.Value{}, errors.New("values of this type cannot be stored")
}
