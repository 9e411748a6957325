package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// engine is an open file: one connection that writes, and connections that read
// as they are needed.
type engine struct {
	sqlite   driver.Driver
	path     string
	lock     *lock
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
	beginWrite = &query{"BEGIN IMMEDIATE"}
	beginRead  = &query{"BEGIN"}
	look       = &query{`SELECT 1 FROM "_reset_meta" LIMIT 1`}
	commit     = &query{"COMMIT"}
	rollback   = &query{"ROLLBACK"}
)

// connect opens a connection to the file.
func (e *engine) connect(readOnly bool) (*conn, error) {
	setup := []string{"PRAGMA busy_timeout = 5000", "PRAGMA cell_size_check = ON", "PRAGMA trusted_schema = OFF"}
	if readOnly {
		return open(e.sqlite, uri(e.path, "ro"), append(setup, "PRAGMA query_only = ON")...)
	}
	c, err := open(e.sqlite, uri(e.path, "rw"), setup...)
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
	return c.run("PRAGMA synchronous = FULL")
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

// Close implements store.Engine. What a writer leaves is a single file.
func (e *engine) Close() error {
	var err error
	if !e.readOnly {
		err = e.checkpoint()
	}
	return e.named(errors.Join(err, e.abandon()))
}

// checkpoint moves the write-ahead log into the file: also when the last
// transaction has failed, and taken its connection with it.
func (e *engine) checkpoint() error {
	c, err := e.take(true)
	if err != nil {
		return err
	}
	var busy, logged, moved driver.Value
	_, err = c.one("PRAGMA wal_checkpoint(TRUNCATE)", nil, &busy, &logged, &moved)
	switch {
	case err != nil:
		err = fmt.Errorf("moving %s-wal into the file, from which it must not be parted until that succeeds: %w", e.path, err)
	case busy != int64(0):
		e.log.Warn("another program reads the store: the file -wal beside it belongs to it and must not be left behind", "store", e.path)
	}
	return errors.Join(err, e.give(c, true))
}

// abandon closes all connections, the writer last, and releases the file.
func (e *engine) abandon() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, c := range e.idle {
		errs = append(errs, c.close())
	}
	if e.writer != nil {
		errs = append(errs, e.writer.close())
	}
	e.idle, e.writer, e.closed = nil, nil, true
	return errors.Join(append(errs, e.lock.Unlock())...)
}

// table finds the table of a model.
func (e *engine) table(m *model.Info) (*table, error) {
	if t := e.tables[m]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%w: the model %s is not part of it", store.ErrSchema, m.Name)
}

// named says which file is damaged.
func (e *engine) named(err error) error {
	if errors.Is(err, store.ErrCorrupt) {
		return fmt.Errorf("%s: %w", e.path, err)
	}
	return err
}
