package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/resetgen/resetgen/internal/storefile"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// engine is an open file.
type engine struct {
	path     string
	readOnly bool
	lease    *storefile.Lease
	db       *bolt.DB
	file     *os.File // bbolt's

	models map[*model.Info]*table
	names  []named // in the order of the names

	mu     sync.Mutex
	closed bool
	failed error // the state of the file is not known any more
	stuck  bool  // bbolt panicked and holds on to its own locks: to call it is to wait for ever
}

// named is a model by the name that it has in the app, whether the app has it or
// not.
type named struct {
	name   string
	number int
}

// table is where the objects of a model lie.
type table struct {
	layout *store.ModelLayout
	number int
	unique []int // the fields whose values must be
}

// lay prepares what the transactions need to know of the file, which has as many
// models as stored says.
func (e *engine) lay(l *store.Layout, stored int) {
	if !e.readOnly {
		stored = len(l.Catalog.Models)
	}
	e.models, e.names = tables(l), nil
	for i := range l.Catalog.Models[:stored] {
		e.names = append(e.names, named{l.Catalog.Models[i].Name, i})
	}
	slices.SortFunc(e.names, func(a, b named) int { return strings.Compare(a.name, b.name) })
}

// tables finds the numbers of the models in the catalog.
func tables(l *store.Layout) map[*model.Info]*table {
	all := make(map[*model.Info]*table, len(l.Models))
	for i := range l.Models {
		m := &l.Models[i]
		t := &table{layout: m}
		t.number = slices.IndexFunc(l.Catalog.Models, func(c store.CatalogModel) bool { return c.Name == m.Now.Name })
		for f := range m.Info.Fields {
			if m.Info.Fields[f].Unique && f != m.Info.Key {
				t.unique = append(t.unique, f)
			}
		}
		all[m.Info] = t
	}
	return all
}

// number is the number of the model with the name, or -1.
func (e *engine) number(name string) int {
	i, ok := slices.BinarySearchFunc(e.names, name, func(n named, name string) int { return strings.Compare(n.name, name) })
	if !ok {
		return -1
	}
	return e.names[i].number
}

// guard runs what reads or writes the file. bbolt panics on pages that make no
// sense, and faults where they lead it out of its memory: both become an error
// that wraps store.ErrCorrupt.
func (e *engine) guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = damaged(p)
		}
		err = e.named(err)
	}()
	return do()
}

// damaged makes an error of a panic.
func damaged(p any) error { return fmt.Errorf("%w: bbolt: %v", store.ErrCorrupt, p) }

// named says which file is damaged.
func (e *engine) named(err error) error {
	if errors.Is(err, store.ErrCorrupt) {
		return fmt.Errorf("%s: %w", e.path, err)
	}
	return err
}

// Begin implements store.Engine.
func (e *engine) Begin(ctx context.Context, write bool) (store.EngineTx, error) {
	t, err := e.begin(ctx, write)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (e *engine) begin(ctx context.Context, write bool) (*tx, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if write && e.readOnly {
		return nil, store.ErrReadOnly
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	t := &tx{engine: e, ctx: ctx, write: write}
	panicked := true
	err := e.guard(func() (err error) {
		t.bolt, err = e.db.Begin(write)
		panicked = false
		return err
	})
	if panicked {
		e.fail(err, true)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// atomically runs do in a transaction that writes.
func (e *engine) atomically(ctx context.Context, do func(t *tx) error) error {
	t, err := e.begin(ctx, true)
	if err != nil {
		return err
	}
	if err := do(t); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Commit()
}

// view runs do in a transaction that reads.
func (e *engine) view(ctx context.Context, do func(t *tx) error) error {
	t, err := e.begin(ctx, false)
	if err != nil {
		return err
	}
	return errors.Join(do(t), t.Rollback())
}

// check tells whether the store can still be used.
func (e *engine) check() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return store.ErrClosed
	}
	return e.failed
}

// fail keeps everybody from a store whose state is not known.
func (e *engine) fail(err error, stuck bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stuck = e.stuck || stuck
	if e.failed == nil {
		e.failed = fmt.Errorf("the store cannot go on after a failure, close it and open it again: %w", err)
	}
}

func (e *engine) isStuck() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stuck
}

// Close implements store.Engine.
func (e *engine) Close() error {
	e.mu.Lock()
	closed := e.closed
	e.closed = true
	e.mu.Unlock()
	if closed {
		return store.ErrClosed
	}
	return e.abandon()
}

// abandon closes the file and ends its use.
func (e *engine) abandon() error {
	return errors.Join(e.closeFile(), e.lease.Release(nil))
}

// table finds the table of a model.
func (e *engine) table(m *model.Info) (*table, error) {
	if t := e.models[m]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%w: the model %s is not part of it", store.ErrSchema, m.Name)
}
