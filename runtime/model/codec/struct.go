package codec

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

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
