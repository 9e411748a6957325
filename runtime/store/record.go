package store

import (
	"fmt"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
)

// Record is what every generated record carries besides the object: where it
// came from and which of its fields were written since. It belongs to the
// transaction that it was made in and to that transaction's goroutine.
type Record struct {
	tx      *Tx
	key     model.Value
	row     *model.Row // as read; nil for a new object
	read    int        // the transaction's writes when it was read
	changed model.FieldSet
	touched model.FieldSet
	err     error
}

// Mark notes that field f was set to another value.
func (r *Record) Mark(f int) { r.changed.Add(f) }

// Touch notes that field f counts as written whatever its value.
func (r *Record) Touch(f int) { r.touched.Add(f) }

// Fail notes that field f was given a value that it cannot have: Put will refuse
// the record with the error.
func (r *Record) Fail(f int, err error) {
	if r.err == nil {
		r.err = &merge.FieldError{Field: f, Err: err}
	}
}

// Add adds n to a counter, field f of a record. A sum that the type cannot hold
// leaves the counter as it is and makes Put fail with merge.ErrOverflow.
func Add[T merge.Number](r *Record, f int, counter *T, n T) {
	sum, ok := merge.Plus(*counter, n)
	if !ok {
		r.Fail(f, fmt.Errorf("%v + %v: %w", *counter, n, merge.ErrOverflow))
		return
	}
	if *counter != sum {
		*counter = sum
		r.Mark(f)
	}
}

// AddElements adds what is missing to a set, field f of a record.
func AddElements[S ~[]E, E any](r *Record, f int, elem codec.Codec[E], set *S, add []E) {
	for _, e := range add {
		if elem.Index(*set, e) < 0 {
			*set = append(*set, elem.Clone(e))
			r.Mark(f)
		}
	}
}

// RemoveElements removes what is there from a set, field f of a record.
func RemoveElements[S ~[]E, E any](r *Record, f int, elem codec.Codec[E], set *S, remove []E) {
	for _, e := range remove {
		for i := elem.Index(*set, e); i >= 0; i = elem.Index(*set, e) {
			*set = append((*set)[:i], (*set)[i+1:]...)
			r.Mark(f)
		}
	}
}

// PutElement sets one key of a map, field f of a record.
func PutElement[M ~map[K]V, K comparable, V any](r *Record, f int, elem codec.Codec[V], m *M, k K, v V) {
	if old, ok := (*m)[k]; ok && elem.Equal(old, v) {
		return
	}
	if *m == nil {
		*m = M{}
	}
	(*m)[k] = elem.Clone(v)
	r.Mark(f)
}

// DeleteElement removes one key of a map, field f of a record.
func DeleteElement[M ~map[K]V, K comparable, V any](r *Record, f int, m M, k K) {
	if _, ok := m[k]; ok {
		delete(m, k)
		r.Mark(f)
	}
}
