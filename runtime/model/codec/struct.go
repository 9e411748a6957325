package codec

import (
	"slices"
	"sync"
)

// Member is one field of a struct that is stored whole.
type Member[T any] struct {
	name   string
	equal  func(a, b *T) bool
	clone  func(*T) // replaces the field by its copy; nil: an assignment copies
	assign func(dst, src *T)
	ends   func(v *T, in int) bool
	append func([]byte, *T) ([]byte, error)
	parse  func(piece, *T) error
}

// Name is the stored name of the member.
func (m Member[T]) Name() string { return m.name }

// Equal tells whether a and b have the same value in the member.
func (m Member[T]) Equal(a, b *T) bool {
	return (m.ends == nil || m.ends(a, 0) && m.ends(b, 0)) && m.equal(a, b)
}

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
		parse:  func(p piece, v *T) error { return c.parse(p, field(v)) },
	}
	if c.ends != nil {
		m.ends = func(v *T, in int) bool { return c.ends(*field(v), in) }
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
	numbers := make(map[string]int, len(members))
	for i, m := range members {
		numbers[m.name] = i
	}
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
					return b, within(m.name, err)
				}
			}
			return append(b, '}'), nil
		},
		func(p piece, dst *T) error {
			part, n, err := p.object()
			if err != nil {
				return err
			}
			found := make([]piece, len(members)) // of members with one name, the last
			for range n {
				name, err := part.name()
				if err != nil {
					return err
				}
				value := part.next()
				if i, ok := numbers[string(name)]; ok {
					found[i] = value
				}
				part = value.next()
			}
			var fresh T
			for i, m := range members {
				if found[i].of == nil {
					continue
				}
				if err := m.parse(found[i], &fresh); err != nil {
					return within(m.name, err)
				}
			}
			*dst = fresh
			return nil
		})
	c.members = members
	if slices.ContainsFunc(members, func(m Member[T]) bool { return m.ends != nil }) {
		c.ends = func(v T, in int) bool {
			return !slices.ContainsFunc(members, func(m Member[T]) bool { return m.ends != nil && !m.ends(&v, in) })
		}
	}
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
	c := whole(
		func(a, b T) bool { return get().equal(a, b) },
		func(v T) T {
			if clone := get().clone; clone != nil {
				return clone(v)
			}
			return v
		},
		func(b []byte, v T) ([]byte, error) { return get().append(b, v) },
		func(p piece, dst *T) error { return get().parse(p, dst) })
	c.ends = func(v T, in int) bool {
		ends := get().ends
		return in < maxDepth && (ends == nil || ends(v, in+1))
	}
	return c
}
