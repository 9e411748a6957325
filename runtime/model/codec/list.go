package codec

import (
	"fmt"
	"slices"
)

// Slice is a slice, stored as a JSON array; nil and empty are equal, and come
// back as nil.
func Slice[S ~[]E, E any](elem Codec[E]) Codec[S] {
	c := whole(
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
		func(p piece, dst *S) error {
			var list S
			err := parseArray(p, elem, func(n int) { list = make(S, 0, n) }, func(e E) error {
				list = append(list, e)
				return nil
			})
			if err == nil {
				*dst = list
			}
			return err
		})
	if elem.ends != nil {
		c.ends = func(v S, in int) bool { return allEnd(v, elem, in) }
	}
	return c
}

// Array is an array of fixed length, stored as a JSON array; view is the array
// as a slice.
func Array[A, E any](elem Codec[E], view func(*A) []E) Codec[A] {
	c := whole(
		func(a, b A) bool { return slices.EqualFunc(view(&a), view(&b), elem.equal) },
		nil,
		func(b []byte, v A) ([]byte, error) { return appendArray(b, view(&v), elem) },
		func(p piece, dst *A) error {
			var fresh A
			to := view(&fresh)
			i := 0
			err := parseArray(p, elem, func(int) {}, func(e E) error {
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
	if elem.ends != nil {
		c.ends = func(v A, in int) bool { return allEnd(view(&v), elem, in) }
	}
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

func allEnd[E any](list []E, elem Codec[E], in int) bool {
	return !slices.ContainsFunc(list, func(e E) bool { return !elem.ends(e, in) })
}

func appendArray[E any](b []byte, list []E, elem Codec[E]) ([]byte, error) {
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = elem.append(b, e); err != nil {
			return b, within(fmt.Sprintf("element %d", i), err)
		}
	}
	return append(b, ']'), nil
}

func parseArray[E any](p piece, elem Codec[E], begin func(n int), add func(E) error) error {
	part, n, err := p.list()
	if err != nil || n == 0 {
		return err
	}
	begin(n)
	for i := range n {
		var e E
		if err := elem.parse(part, &e); err != nil {
			return within(fmt.Sprintf("element %d", i), err)
		}
		if err := add(e); err != nil {
			return err
		}
		part = part.next()
	}
	return nil
}
