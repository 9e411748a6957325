package model

import (
	"iter"
	"math/bits"
)

// MaxFields is how many fields a model can have: what a FieldSet holds.
const MaxFields = 256

// FieldSet is a set of a model's fields, by index. The zero FieldSet is empty;
// == compares.
type FieldSet [MaxFields / 64]uint64

// FieldSetOf is the set of the fields listed.
func FieldSetOf(fields ...int) FieldSet {
	var s FieldSet
	for _, f := range fields {
		s.Add(f)
	}
	return s
}

// FirstFields is the set of the fields 0 to n-1.
func FirstFields(n int) FieldSet {
	var s FieldSet
	for i := range s {
		switch {
		case n >= 64:
			s[i], n = 1<<64-1, n-64
		default:
			s[i], n = 1<<n-1, 0
		}
	}
	return s
}

// Add puts field f into the set. The field must be less than MaxFields, which
// the generator sees to.
func (s *FieldSet) Add(f int) { s[uint(f)/64] |= 1 << (uint(f) % 64) }

// Remove takes field f out of the set.
func (s *FieldSet) Remove(f int) { s[uint(f)/64] &^= 1 << (uint(f) % 64) }

// Has tells whether field f is in the set.
func (s *FieldSet) Has(f int) bool { return s[uint(f)/64]&(1<<(uint(f)%64)) != 0 }

// Empty tells whether no field is in the set.
func (s *FieldSet) Empty() bool { return *s == FieldSet{} }

// Len counts the fields in the set.
func (s *FieldSet) Len() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// Union is the set of the fields that are in s or in t.
func (s FieldSet) Union(t FieldSet) FieldSet {
	for i := range s {
		s[i] |= t[i]
	}
	return s
}

// All yields the fields of the set in rising order.
func (s FieldSet) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range s {
			for word != 0 {
				if !yield(i*64 + bits.TrailingZeros64(word)) {
					return
				}
				word &= word - 1
			}
		}
	}
}
