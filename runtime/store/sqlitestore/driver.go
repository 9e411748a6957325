// Package sqlitestore keeps a store in an SQLite file. It works with whatever
// SQLite driver for database/sql the app registers, and imports none.
//
// The content can be read with any SQLite tool, and by ReadOnlyDB. Each model is a
// STRICT table with a column for each field; fields of nested structs have columns
// such as "where.lat". What a kind of value looks like in its column:
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
// STORED.md beside this package has every form, and what is refused. The column
// _stamp is the object's newest stamp, _stamps has those of the fields. Tables whose
// names begin with _reset are the store's bookkeeping, each row with a checksum.
// Reading is always safe; writing to the file with another tool goes unnoticed by
// the record of unsynced changes.
//
// While a store is open, -wal and -shm beside its file belong to it. A store that was
// closed is a single file, which can be read on a medium that is read only. Files of
// stores are to be moved by Move, Link, Replace and Remove.
package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/resetgen/resetgen/internal/storefile"
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
// may read it: the file path + ".lock" sees to that and stays there. To be read
// only, a store may lie in a directory that is read only too. The process must not
// open and close the file by other means meanwhile: on Unix that would drop the locks
// that SQLite has on it.
func (d Driver) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (_ store.Engine, err error) {
	file, err := locate(ctx, path)
	if err != nil {
		return nil, err
	}
	u := storefile.Writing
	if o.ReadOnly {
		u = storefile.Reading
	}
	sqlite, l, missing := d.acquire(file, u)
	if l == nil {
		return nil, missing
	}
	e := &engine{sqlite: sqlite, path: file, lease: l, log: o.Logger, readOnly: o.ReadOnly}
	if err := e.open(schema, missing); err != nil {
		return nil, errors.Join(err, e.abandon())
	}
	return e, nil
}

// locate finds the file that a path means.
func locate(ctx context.Context, path string) (string, error) {
	if path == ":memory:" {
		return "", fmt.Errorf("%w: the path %q names no file; package memstore keeps a store in memory", store.ErrNotAStore, path)
	}
	if strings.HasPrefix(path, "file:") {
		return "", fmt.Errorf("%w: the path %q is a URI; give the path of the file alone, the store sees to the settings", store.ErrNotAStore, path)
	}
	return storefile.Locate(ctx, path)
}

// acquire begins to use a file (storefile.Acquire) with the app's driver.
func (d Driver) acquire(file string, u storefile.Use) (driver.Driver, *storefile.Lease, error) {
	sqlite, err := d.driver()
	if err != nil {
		return nil, nil, err
	}
	l, err := storefile.Acquire(file, u, storefile.Kind{Driver: sqlite, Inspect: inspect, ReadersLock: true})
	return sqlite, l, err
}

// driver finds the app's driver. The store speaks to it directly: a statement
// by way of database/sql costs several times as much.
func (d Driver) driver() (driver.Driver, error) {
	db, err := sql.Open(d.Name, "")
	if err != nil {
		return nil, fmt.Errorf("finding the SQLite driver %q among those that the app imports, which are %q (the names are sqlite after import _ \"modernc.org/sqlite\", sqlite3 after _ \"github.com/mattn/go-sqlite3\"): %w", d.Name, sql.Drivers(), err)
	}
	return db.Driver(), db.Close()
}

// open opens the file, which is locked, and brings it up to date. There may be none
// yet.
func (e *engine) open(schema *store.Schema, missing error) error {
	if missing != nil {
		if e.readOnly {
			return missing
		}
		if _, err := os.Stat(e.path); err == nil {
			e.log.Warn("the file is there and empty: a new store is made in it; if it has held one, somebody else has emptied it", "store", e.path)
		}
		if err := e.create(schema); err != nil {
			return err
		}
	}
	connect := connectWriter
	if e.readOnly {
		connect = connectReader
	}
	c, err := connect(e.sqlite, e.path)
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
	e.tellUnknown(layout)
	if !e.readOnly { // not before: a store that is refused stays as it is
		if err := e.durable(c); err != nil {
			return err
		}
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

// tellUnknown logs what the file has and the app has not. It stays there; perhaps
// something was renamed and nobody said so.
func (e *engine) tellUnknown(l *store.Layout) {
	var unknown []string
	known := map[string]bool{}
	for i := range l.Models {
		m := &l.Models[i]
		known[m.Now.Name] = true
		for _, p := range m.Unknown {
			unknown = append(unknown, m.Info.Name+"."+m.Now.Fields[p].Name)
		}
	}
	for _, m := range l.Catalog.Models {
		if !known[m.Name] {
			unknown = append(unknown, m.Name)
		}
	}
	if len(unknown) > 0 {
		e.log.Info("the store has models or fields that this version of the app does not know; it keeps them, and Tx.Row gives their values (Row.Extra); a rename has to be named with reset:\"was=…\" before the app is first started with the new name",
			"store", e.path, "unknown", unknown)
	}
}
