// Package codec turns Go values into their stored form and back, compares and
// copies them. Generated code composes its pieces, one for each kind of field,
// so that no value is looked at by reflection.
//
// A type that brings MarshalText or MarshalJSON is taken for what its form says:
// what the form leaves out is not stored, and a copy may lack it.
package codec

import (
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
)

// Codec is how values of one Go type are stored, compared and copied. It is
// made by the functions of this package and does not change afterwards.
type Codec[T any] struct {
	kind model.Kind // the stored form of a value that is not null
	null bool       // whether null is one of the forms

	equal  func(a, b T) bool
	clone  func(T) T              // nil: an assignment copies
	ends   func(v T, in int) bool // whether v, inside of so many, ends before maxDepth; nil: all do
	store  func(T) (model.Value, error)
	load   func(model.Value, *T) error // the value is of the codec's kind, or null where that is allowed
	append func([]byte, T) ([]byte, error)
	parse  func(piece, *T) error

	members []Member[T] // of a struct
}

// Equal tells whether a and b are the same value: NaN equals NaN, times are
// compared by instant, and a nil list or map equals an empty one. What is nested
// too deep to be stored equals nothing, so that writing it is noticed and refused.
func (c Codec[T]) Equal(a, b T) bool {
	return !c.tooDeep(a) && !c.tooDeep(b) && c.equal(a, b)
}

// Clone is a copy of v that shares no memory with it. Of what is nested too deep
// to be stored there is none; it is v itself.
func (c Codec[T]) Clone(v T) T {
	if c.clone == nil || c.tooDeep(v) {
		return v
	}
	return c.clone(v)
}

// Index is the place of the first element of list that equals v, or -1.
func (c Codec[T]) Index(list []T, v T) int {
	return slices.IndexFunc(list, func(e T) bool { return c.Equal(e, v) })
}

// Value is the stored form of v.
func (c Codec[T]) Value(v T) (model.Value, error) {
	if c.tooDeep(v) {
		return model.Value{}, errTooDeep
	}
	return c.store(v)
}

// Load reads the stored form v, which may have been written for a field of
// another kind, into dst.
func (c Codec[T]) Load(v model.Value, dst *T) error {
	fit, err := v.Fit(c.kind, c.null)
	if err != nil {
		return err
	}
	return c.load(fit, dst)
}
