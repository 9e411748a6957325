package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/resetgen/resetgen/internal/storefile"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// engine is an open file: one connection that writes, and connections that read
// as they are needed.
type engine struct {
	sqlite   driver.Driver
	path     string
	lease    *storefile.Lease
	log      *slog.Logger
	readOnly bool

	tables map[*model.Info]*table
	names  names

	mu     sync.Mutex
	writer *conn   // nil after a failure: the next transaction opens another
	idle   []*conn // readers at rest
	closed bool
}

// keptReaders is how many connections that read are kept open at rest.
const keptReaders = 4

var (
	beginWrite = &query{text: "BEGIN IMMEDIATE"}
	beginRead  = &query{text: "BEGIN"}
	look       = &query{text: `SELECT 1 FROM "_reset_meta" LIMIT 1`}
	commit     = &query{text: "COMMIT"}
	rollback   = &query{text: "ROLLBACK"}
)

// connect opens a connection to the file.
func (e *engine) connect(readOnly bool) (*conn, error) {
	if readOnly {
		return connectReader(e.sqlite, e.path)
	}
	c, err := connectWriter(e.sqlite, e.path)
	if err != nil {
		return nil, err
	}
	if err := e.durable(c); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// durable makes commits survive the loss of power and readers independent of the
// writer.
func (e *engine) durable(c *conn) error {
	var mode driver.Value
	if _, err := c.one("PRAGMA journal_mode = WAL", nil, &mode); err != nil {
		return err
	}
	if text0(mode) != "wal" {
		return fmt.Errorf("%s cannot have a write-ahead log, its journal mode stays %q; is it on a network drive?", e.path, mode)
	}
	return nil
}

// lay prepares what the transactions need to know of the file.
func (e *engine) lay(c *conn, l *store.Layout) error {
	e.names = newNames(l)
	e.tables = make(map[*model.Info]*table, len(l.Models))
	for i := range l.Models {
		m := &l.Models[i]
		var have []string
		if m.Was != nil {
			var err error
			if have, err = columns(c, m.Was.Name); err != nil {
				return err
			}
		}
		e.tables[m.Info] = newTable(m, have)
	}
	return nil
}

// Begin implements store.Engine.
func (e *engine) Begin(ctx context.Context, write bool) (store.EngineTx, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if write && e.readOnly {
		return nil, store.ErrReadOnly
	}
	c, err := e.take(write)
	if err != nil {
		return nil, err
	}
	t := &tx{engine: e, conn: c, write: write}
	if err := t.begin(); err != nil {
		c.close()
		return nil, e.named(err)
	}
	return t, nil
}

// take gives a connection to a transaction, which gives it back.
func (e *engine) take(write bool) (*conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return nil, store.ErrClosed
	case write && e.writer != nil:
		c := e.writer
		e.writer = nil
		return c, nil
	case !write && len(e.idle) > 0:
		c := e.idle[len(e.idle)-1]
		e.idle = e.idle[:len(e.idle)-1]
		return c, nil
	}
	c, err := e.connect(!write)
	return c, e.named(err)
}

// give takes a connection back that is at rest.
func (e *engine) give(c *conn, write bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
	case write && e.writer == nil:
		e.writer = c
		return nil
	case !write && len(e.idle) < keptReaders:
		e.idle = append(e.idle, c)
		return nil
	}
	return c.close()
}

// Close implements store.Engine. What a writer leaves is a single file, which can
// be read where nothing can be written.
func (e *engine) Close() error {
	err := e.closeIdle() // for whom the log would have to stay
	if !e.readOnly {
		err = errors.Join(err, e.settle())
	}
	return e.named(errors.Join(err, e.abandon()))
}

// settle moves the write-ahead log into the file and does without it from here
// on: also when the last transaction has failed, and taken its connection with it.
// While the file is open elsewhere too the log has to stay, but nothing in it is
// needed any more.
func (e *engine) settle() error {
	c, err := e.take(true)
	if err != nil {
		return err
	}
	err = single(c)
	if errors.Is(err, store.ErrInUse) {
		if !e.lease.Shared() {
			e.log.Warn("another program has the store open: the file -wal beside it belongs to it and must not be left behind", "store", e.path)
		}
		_, err = c.one("PRAGMA wal_checkpoint(TRUNCATE)", nil, new(driver.Value), new(driver.Value), new(driver.Value))
	}
	if err != nil {
		err = fmt.Errorf("moving %s-wal into the file, from which it must not be parted until that succeeds: %w", e.path, err)
	}
	return errors.Join(err, e.give(c, true))
}

// closeIdle closes the readers at rest.
func (e *engine) closeIdle() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, c := range e.idle {
		errs = append(errs, c.close())
	}
	e.idle = nil
	return errors.Join(errs...)
}

// abandon closes all connections, the writer last, and releases the file.
func (e *engine) abandon() error {
	errs := []error{e.closeIdle()}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.writer != nil {
		errs = append(errs, e.writer.close())
	}
	e.writer, e.closed = nil, true
	return errors.Join(append(errs, e.lease.Release(nil))...)
}

// table finds the table of a model.
func (e *engine) table(m *model.Info) (*table, error) {
	if t := e.tables[m]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%w: the model %s is not part of it", store.ErrSchema, m.Name)
}

// named says which file the matter is with, where it is the file.
func (e *engine) named(err error) error {
	var f *failure
	if errors.Is(err, store.ErrCorrupt) || errors.As(err, &f) && f.cause.means != store.ErrConstraint {
		return fmt.Errorf("%s: %w", e.path, err)
	}
	return err
}
