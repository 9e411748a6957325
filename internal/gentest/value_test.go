package gentest

import (
	"bytes"
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"time"
)

// The oracle's own idea of equality, of copies and of meddling with memory that
// somebody else may hold.

// equal tells whether two values of one type are the same to an app: NaN is NaN,
// an instant is an instant, nil is empty, and null has no value.
func equal(a, b reflect.Value) bool {
	t := a.Type()
	switch {
	case t == timeType:
		return a.Interface().(time.Time).Equal(b.Interface().(time.Time))
	case isOpaque(t):
		return equalOpaque(a, b)
	case isNull(t):
		valid := a.Field(1).Bool()
		return valid == b.Field(1).Bool() && (!valid || equal(a.Field(0), b.Field(0)))
	}
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		x, y := a.Float(), b.Float()
		return x == y || x != x && y != y
	case reflect.Pointer:
		return a.IsNil() == b.IsNil() && (a.IsNil() || equal(a.Elem(), b.Elem()))
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !equal(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for _, k := range a.MapKeys() {
			if other := b.MapIndex(k); !other.IsValid() || !equal(a.MapIndex(k), other) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range t.NumField() {
			if isStored(t.Field(i)) && !equal(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// equalOpaque compares types that bring their own form: by their method Equal,
// or by that form.
func equalOpaque(a, b reflect.Value) bool {
	if method := a.MethodByName("Equal"); method.IsValid() {
		return method.Call([]reflect.Value{b})[0].Bool()
	}
	return bytes.Equal(form(a), form(b))
}

func form(v reflect.Value) []byte {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	var text []byte
	var err error
	if m, ok := p.Interface().(encoding.TextMarshaler); ok {
		text, err = m.MarshalText()
	} else {
		text, err = p.Interface().(json.Marshaler).MarshalJSON()
	}
	if err != nil {
		panic(err)
	}
	return text
}

var bigType = reflect.TypeFor[big.Int]()

// clone is a copy of what v points to, which shares nothing with it.
func clone(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type().Elem())
	c.Elem().Set(copyOf(v.Elem()))
	return c
}

func copyOf(v reflect.Value) reflect.Value {
	t := v.Type()
	c := reflect.New(t).Elem()
	c.Set(v)
	if t == bigType {
		n := v.Interface().(big.Int)
		c.Set(reflect.ValueOf(new(big.Int).Set(&n)).Elem())
		return c
	}
	if isValue(t) {
		return c
	}
	switch t.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c.Set(reflect.New(t.Elem()))
			c.Elem().Set(copyOf(v.Elem()))
		}
	case reflect.Slice:
		if !v.IsNil() {
			c.Set(reflect.MakeSlice(t, v.Len(), v.Len()))
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			c.Index(i).Set(copyOf(v.Index(i)))
		}
	case reflect.Map:
		if !v.IsNil() {
			c.Set(reflect.MakeMap(t))
			for _, k := range v.MapKeys() {
				c.SetMapIndex(k, copyOf(v.MapIndex(k)))
			}
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if isStored(t.Field(i)) && t.Field(i).IsExported() {
				c.Field(i).Set(copyOf(v.Field(i)))
			}
		}
	}
	return c
}

// isValue tells whether a type is a value as a whole: an instant, or what brings
// its own form and is no slice or map.
func isValue(t reflect.Type) bool {
	return t == timeType || isOpaque(t) && t.Kind() != reflect.Slice && t.Kind() != reflect.Map
}

// scribble changes all the memory that v refers to, as somebody might who has
// got a copy or was asked for one. It leaves alone what isValue.
func scribble(v reflect.Value) {
	t := v.Type()
	if t == bigType {
		n := v.Interface().(big.Int)
		n.SetInt64(99) // in the memory of v, if it has any
		return
	}
	if isValue(t) {
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scribble(v.Elem())
			flip(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			scribble(v.Index(i))
			flip(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			scribble(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			scribble(v.MapIndex(k))
			v.SetMapIndex(k, reflect.Value{})
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if isStored(t.Field(i)) {
				scribble(v.Field(i))
			}
		}
	}
}

// flip gives v another value.
func flip(v reflect.Value) {
	switch {
	case !v.CanSet():
	case !v.IsZero():
		v.SetZero()
	case v.CanInt():
		v.SetInt(1)
	case v.CanUint():
		v.SetUint(1)
	case v.CanFloat():
		v.SetFloat(1)
	case v.Kind() == reflect.String:
		v.SetString("scribbled")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
	case v.Kind() == reflect.Array && v.Len() > 0:
		flip(v.Index(0))
	case v.Kind() == reflect.Struct && v.NumField() > 0:
		flip(v.Field(0))
	}
}
