package reconcile_test

import (
	"context"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// faulty is a driver whose store at path gives the errors that fail names.
type faulty struct {
	store.Driver
	path  string
	fail  map[operation]error
	reads []string // the keys of the rows that were read
}

type operation string

const (
	begin   operation = "beginning a transaction"
	row     operation = "reading a row"
	rows    operation = "listing rows"
	entries operation = "listing entries" // after the first
	insert  operation = "inserting"
	commit  operation = "committing"
)

// faulty makes the reads and writes of the store at path fail. It is called before
// the store is opened; the errors can be named later.
func (w *world) faulty(path string) map[operation]error {
	return w.watched(path).fail
}

// reading lists what is read of the store at path.
func (w *world) reading(path string) *[]string { return &w.watched(path).reads }

func (w *world) watched(path string) *faulty {
	f := &faulty{Driver: w.driver, path: path, fail: map[operation]error{}}
	w.driver = f
	return f
}

func (f *faulty) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (store.Engine, error) {
	e, err := f.Driver.Open(ctx, path, schema, o)
	if err != nil || path != f.path {
		return e, err
	}
	return &faultyEngine{e, f}, nil
}

type faultyEngine struct {
	store.Engine
	*faulty
}

func (e *faultyEngine) Begin(ctx context.Context, write bool) (store.EngineTx, error) {
	if err := e.fail[begin]; err != nil {
		return nil, err
	}
	tx, err := e.Engine.Begin(ctx, write)
	return &faultyTx{tx, e.faulty}, err
}

type faultyTx struct {
	store.EngineTx
	*faulty
}

func (t *faultyTx) Get(m *model.Info, key model.Value) (*model.Row, error) {
	if err := t.fail[row]; err != nil {
		return nil, err
	}
	t.reads = append(t.reads, key.Text())
	return t.EngineTx.Get(m, key)
}

func (t *faultyTx) Insert(m *model.Info, key model.Value, row *model.Row) error {
	if err := t.fail[insert]; err != nil {
		return err
	}
	return t.EngineTx.Insert(m, key, row)
}

func (t *faultyTx) Rows(m *model.Info) iter.Seq2[*model.Row, error] {
	return failing(t.EngineTx.Rows(m), 0, t.fail[rows])
}

func (t *faultyTx) Entries(model string, key model.Value) iter.Seq2[*model.Entry, error] {
	return failing(t.EngineTx.Entries(model, key), 1, t.fail[entries])
}

func (t *faultyTx) Commit() error {
	if err := t.fail[commit]; err != nil {
		return err
	}
	return t.EngineTx.Commit()
}

// failing is seq with an error, if there is one, in the place of what follows the
// first n.
func failing[T any](seq iter.Seq2[T, error], n int, fail error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		i := 0
		for v, err := range seq {
			if i == n && fail != nil {
				var none T
				yield(none, fail)
				return
			}
			if i++; !yield(v, err) {
				return
			}
		}
	}
}
