package codec

import (
	"errors"
	"math"

	"github.com/resetgen/resetgen/runtime/model"
)

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

// errNullForm refuses a value that would come back as no value.
var errNullForm = errors.New("a value whose form is null cannot be told from nil here")

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
			switch {
			case err != nil:
			case value.Kind() == model.Float && math.IsNaN(value.Float()):
				err = errors.New("NaN cannot be told from null here; use a field that is not nullable")
			case value.IsNull():
				err = errNullForm
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
			start := len(b)
			b, err := elem.append(b, e)
			if err == nil && string(b[start:]) == "null" {
				err = errNullForm
			}
			return b, err
		},
		parse: func(p piece, dst *T) error {
			if p.isNull() {
				*dst = join(none, false)
				return nil
			}
			var e E
			if err := elem.parse(p, &e); err != nil {
				return err
			}
			*dst = join(e, true)
			return nil
		},
	}
	if elem.ends != nil {
		c.ends = func(v T, in int) bool {
			e, ok := split(v)
			return !ok || elem.ends(e, in)
		}
	}
	if clones {
		c.clone = func(v T) T {
			e, ok := split(v)
			if !ok {
				return join(none, false)
			}
			if elem.clone != nil {
				e = elem.clone(e)
			}
			return join(e, true)
		}
	}
	return c
}
