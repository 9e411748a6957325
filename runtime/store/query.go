package store

import (
	"errors"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
)

// Querier is an EngineTx of a store that speaks SQL.
type Querier interface {
	// Query yields the objects of the model for which a condition holds, in the
	// order of the keys: an SQL expression over the model's stored names, with a ?
	// for each argument. The arguments are an app's own values. A condition that
	// the store cannot make sense of is an error that wraps ErrQuery. Whether it
	// shows writes made meanwhile is unspecified.
	Query(m *model.Info, where string, args []any) iter.Seq2[*model.Row, error]
}

// What callers of Query branch on.
var (
	// ErrNoSQL: the store does not speak SQL.
	ErrNoSQL = errors.New("this kind of store does not speak SQL; go through All and choose there")

	// ErrQuery: a condition makes no sense to the store, or an argument has no
	// stored form to compare with.
	ErrQuery = errors.New("the condition cannot be used")
)

// Query yields the objects for which a condition holds, in the order of the keys
// and one at a time, as All does:
//
//	FindingRecords.Query(tx, `severity > ? AND "where.lat" > 47`, 3)
//
// The condition is an SQL expression over the stored names of the fields; what
// comes from outside of the program belongs in the arguments and takes the place
// of a question mark each. These are values of the fields' own Go types: they are
// compared in their stored form. A store that does not speak SQL answers with
// ErrNoSQL, a condition that it cannot use is an error that wraps ErrQuery. The
// condition is never able to write. It sees what the transaction has written;
// whether it shows what is written while it is under way is unspecified.
func (c *Collection[K, T, R]) Query(tx *Tx, where string, args ...any) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		read := tx.writes // the rows may be those of this moment
		for row, err := range tx.query(c.b.Info, where, args) {
			var r *R
			if err == nil {
				r, err = c.record(tx, row.Values[c.b.Info.Key], row, read)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// query yields the objects for which a condition holds, in their stored form. It
// ends after an error.
func (tx *Tx) query(m *model.Info, where string, args []any) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		fail := func(err error) { yield(nil, fmt.Errorf("querying %s where %s: %w", m.Name, where, err)) }
		if err := tx.check(false); err != nil {
			fail(err)
			return
		}
		q, ok := tx.engine.(Querier)
		if !ok {
			fail(fmt.Errorf("%s: %w", tx.store.path, ErrNoSQL))
			return
		}
		for row, err := range q.Query(m, where, args) {
			if err == nil {
				err = tx.check(false)
			}
			if err != nil {
				fail(err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}
