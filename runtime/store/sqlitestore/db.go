package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/resetgen/resetgen/internal/storefile"
)

// ReadOnlyDB opens the file of a store for SQL that only reads, with the tables and
// columns that the documentation of this package describes. The store may be open
// in this process, and must be opened before the DB if it is to be written;
// another process's may be open only to be read. Arguments of queries are compared
// in their stored form, as those of store.Collection.Query are; columns are
// scanned as they are stored, so that a time is a string.
//
// Until it is closed the DB counts as somebody who has the store open: no other
// process can open it to write, and it cannot be moved. Close the DB before the
// store, so that the store can leave a single file.
func (d Driver) ReadOnlyDB(ctx context.Context, path string) (*sql.DB, error) {
	file, err := locate(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening %s for SQL: %w", path, err)
	}
	sqlite, l, err := d.acquire(file, storefile.Looking)
	if err != nil {
		if l != nil {
			err = errors.Join(err, l.Release(nil))
		}
		return nil, fmt.Errorf("opening %s for SQL: %w", path, err)
	}
	db := sql.OpenDB(&connector{sqlite: sqlite, path: file, lease: l})
	if err := db.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("opening %s for SQL: %w", path, errors.Join(err, db.Close()))
	}
	return db, nil
}

// connector makes the connections of a DB, and ends its use of the file when it
// and the last of them are closed.
type connector struct {
	sqlite driver.Driver
	path   string
	lease  *storefile.Lease

	mu     sync.Mutex
	open   int
	closed bool
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	conn, err := connectReader(c.sqlite, c.path)
	if err != nil {
		return nil, err
	}
	c.open++
	return &reader{conn.raw, c}, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.sqlite }

// Close is called when the DB is closed. Connections may still be busy.
func (c *connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	return c.settle()
}

func (c *connector) settle() error {
	if !c.closed || c.open > 0 {
		return nil
	}
	return c.lease.Release(func() error { return settle(c.sqlite, c.path) }) // what the store could not do when it was closed
}

// reader is a connection of a DB.
type reader struct {
	driver.Conn
	connector *connector
}

// Close implements driver.Conn.
func (r *reader) Close() error {
	err := r.Conn.Close()
	r.connector.mu.Lock()
	defer r.connector.mu.Unlock()
	r.connector.open--
	return errors.Join(err, r.connector.settle())
}

// CheckNamedValue implements driver.NamedValueChecker.
func (r *reader) CheckNamedValue(v *driver.NamedValue) (err error) {
	v.Value, err = argument(v.Value)
	return err
}

// PrepareContext implements driver.ConnPrepareContext.
func (r *reader) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if with, ok := r.Conn.(driver.ConnPrepareContext); ok {
		return with.PrepareContext(ctx, query)
	}
	return r.Conn.Prepare(query)
}

// QueryContext implements driver.QueryerContext.
func (r *reader) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if with, ok := r.Conn.(driver.QueryerContext); ok {
		return with.QueryContext(ctx, query, args)
	}
	return nil, driver.ErrSkip
}

// ExecContext implements driver.ExecerContext.
func (r *reader) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if with, ok := r.Conn.(driver.ExecerContext); ok {
		return with.ExecContext(ctx, query, args)
	}
	return nil, driver.ErrSkip
}

// ResetSession implements driver.SessionResetter.
func (r *reader) ResetSession(ctx context.Context) error {
	if with, ok := r.Conn.(driver.SessionResetter); ok {
		return with.ResetSession(ctx)
	}
	return nil
}

// IsValid implements driver.Validator.
func (r *reader) IsValid() bool {
	with, ok := r.Conn.(driver.Validator)
	return !ok || with.IsValid()
}

// BeginTx implements driver.ConnBeginTx: a transaction that sees the file as of
// its first query.
func (r *reader) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if with, ok := r.Conn.(driver.ConnBeginTx); ok {
		return with.BeginTx(ctx, driver.TxOptions{Isolation: o.Isolation})
	}
	return nil, errors.New("the SQLite driver cannot begin a transaction with a context")
}
