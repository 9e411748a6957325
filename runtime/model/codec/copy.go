package codec

import (
	"reflect"
	"time"
)

// copiedByForm is c for a type that brings its own form, in which an assignment
// may leave memory shared: a copy is what the form reads as. Where this is not the
// same again, as with a big.Float of many digits, the value itself must do.
func copiedByForm[T any](c Codec[T], equal func(a, b T) bool) Codec[T] {
	if plain(reflect.TypeFor[T]()) {
		return c
	}
	c.clone = func(v T) T {
		form, err := c.store(v)
		if err != nil {
			return v
		}
		var copied T
		if c.load(form, &copied) != nil || equal != nil && !equal(v, copied) {
			return v
		}
		if again, err := c.store(copied); err != nil || !again.Equal(form) {
			return v
		}
		return copied
	}
	return c
}

// CopiedBy is c for a slice or a map that brings its own form, such as
// json.RawMessage: clone copies it quicker than by the form, its elements by
// assignment. It is not used where these may share memory.
func (c Codec[T]) CopiedBy(clone func(T) T) Codec[T] {
	switch t := reflect.TypeFor[T](); t.Kind() {
	case reflect.Slice, reflect.Map:
		if !plain(t.Elem()) {
			return c
		}
	}
	c.clone = clone
	return c
}

// plain tells whether an assignment of a t copies all that can be written to.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer:
		return t == reflect.TypeFor[*time.Location]()
	case reflect.Slice, reflect.Map, reflect.Interface, reflect.UnsafePointer:
		return false
	case reflect.Array:
		return plain(t.Elem())
	case reflect.Struct:
		if t.PkgPath() == "unique" { // a Handle, as in netip.Addr
			return true
		}
		for f := range t.Fields() {
			if !plain(f.Type) {
				return false
			}
		}
	}
	return true
}
