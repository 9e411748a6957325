// Package sqlitestore keeps a store in an SQLite file. It works with whatever
// SQLite driver for database/sql the app registers, and imports none.
//
// The content can be read with any SQLite tool. Each model is a STRICT table
// with a column for each field; fields of nested structs have columns such as
// "where.lat". What a kind of value looks like in its column:
//
//	bool     INTEGER, 0 or 1
//	int      INTEGER
//	uint     INTEGER up to 2^63-1, above it TEXT of 20 digits, which sorts after it
//	float    REAL; NaN is NULL
//	string   TEXT
//	bytes    BLOB
//	time     TEXT, RFC 3339 in UTC with nine digits: 2006-01-02T15:04:05.000000000Z
//	json     TEXT: lists, maps and structs that are stored whole
//
// The column _stamp is the object's newest stamp, _stamps has those of the
// fields. Tables whose names begin with _reset are the store's bookkeeping.
// Reading is always safe; writing to the file with another tool goes unnoticed
// by the record of unsynced changes.
package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/resetgen/resetgen/runtime/store"
)

// Driver is the store.Driver for SQLite files.
type Driver struct {
	// Name is the name under which the app registered a driver with
	// database/sql: "sqlite" for modernc.org/sqlite, "sqlite3" for
	// github.com/mattn/go-sqlite3.
	Name string
}

// Open opens the store in the file at path; store.Open calls it. While it is
// open no other store is opened on the file by any process, except that several
// may read it: the file path + ".lock" sees to that and stays there.
func (d Driver) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (_ store.Engine, err error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	sqlite, err := d.driver()
	if err != nil {
		return nil, err
	}
	if path == "" || path == ":memory:" {
		return nil, fmt.Errorf("%w: the path %q names no file; package memstore keeps a store in memory", store.ErrNotAStore, path)
	}
	file, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := present(file, o.ReadOnly); err != nil {
		return nil, err
	}
	l, err := acquire(file, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	e := &engine{sqlite: sqlite, path: file, lock: l, log: o.Logger, readOnly: o.ReadOnly}
	if err := e.open(schema); err != nil {
		return nil, errors.Join(err, e.abandon())
	}
	return e, nil
}

// driver finds the app's driver. The store speaks to it directly: a statement
// by way of database/sql costs several times as much.
func (d Driver) driver() (driver.Driver, error) {
	db, err := sql.Open(d.Name, "")
	if err != nil {
		return nil, fmt.Errorf("finding the SQLite driver %q: %w", d.Name, err)
	}
	return db.Driver(), db.Close()
}

// open opens the file, which is locked, and brings it up to date.
func (e *engine) open(schema *store.Schema) error {
	switch err := inspect(e.path); {
	case errors.Is(err, fs.ErrNotExist) && !e.readOnly:
		if err := e.create(schema); err != nil {
			return err
		}
	case errors.Is(err, store.ErrNotAStore):
		e.lock.discard() // nothing is left beside another program's file
		return err
	case err != nil:
		return err
	}
	c, err := e.connect(e.readOnly)
	if err != nil {
		return err
	}
	if e.readOnly {
		e.idle = []*conn{c}
	} else {
		e.writer = c
	}
	layout, err := e.update(c, schema)
	if err != nil {
		return err
	}
	return e.lay(c, layout)
}

// update reads what the file holds, compares that with the schema and, unless
// the store is only read, adds what the file lacks.
func (e *engine) update(c *conn, schema *store.Schema) (*store.Layout, error) {
	catalog, err := readCatalog(c)
	if err != nil {
		return nil, err
	}
	layout, err := catalog.Layout(schema)
	if err != nil {
		return nil, err
	}
	if err := verify(c, catalog); err != nil || e.readOnly {
		return layout, err
	}
	return layout.Applied(), migrate(c, layout)
}
