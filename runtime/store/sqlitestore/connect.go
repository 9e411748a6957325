package sqlitestore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/resetgen/resetgen/runtime/store"
)

// setup is said to every connection.
var setup = []string{"PRAGMA busy_timeout = 5000", "PRAGMA cell_size_check = ON", "PRAGMA trusted_schema = OFF"}

// writer is said to those that write besides. A transaction that changes a thousand
// objects is to fit into the cache, 8 MiB, and the log is worked into the file when it
// has 4000 pages of it, 16 MiB, and not in the midst of what somebody waits for.
var writer = []string{"PRAGMA synchronous = FULL", "PRAGMA cache_size = -8192", "PRAGMA wal_autocheckpoint = 4000"}

// connectWriter opens a connection that can write, and leaves the file as it is.
func connectWriter(sqlite driver.Driver, path string) (*conn, error) {
	return open(sqlite, uri(path, "rw"), append(setup[:len(setup):len(setup)], writer...)...)
}

// connectReader opens a connection that cannot write. SQLite reads a file that may
// have a log by way of an index beside it. Where nothing can be written, by nobody,
// and there is no log, it is told that it needs none. What a process was killed in
// the midst of changing without a log, such as whether there is one, is undone
// first, which only a writer can.
func connectReader(sqlite driver.Driver, path string) (*conn, error) {
	reading := append(setup[:len(setup):len(setup)], "PRAGMA query_only = ON", "PRAGMA schema_version")
	c, err := open(sqlite, uri(path, "ro"), reading...)
	if err != nil && logOf(path) == path+"-journal" {
		if err := undo(sqlite, path); err != nil {
			return nil, fmt.Errorf("undoing what a killed process has left in %s-journal: %w", path, err)
		}
		c, err = open(sqlite, uri(path, "ro"), reading...)
	}
	if !errors.Is(err, errOpen) {
		return c, err
	}
	switch log := logOf(path); {
	case log != "":
		return nil, fmt.Errorf("%s can only be read together with %s, in a directory that can be written; copy both into one: %w", path, log, err)
	case frozen(filepath.Dir(path)):
		return open(sqlite, uri(path, "ro")+"&immutable=1", reading...)
	}
	return nil, fmt.Errorf("%s was not closed by a store and can only be read in a directory that can be written; copy it into one: %w", path, err)
}

// undo has SQLite roll back what a killed process has left half done.
func undo(sqlite driver.Driver, path string) error {
	c, err := open(sqlite, uri(path, "rw"), append(setup[:len(setup):len(setup)], "PRAGMA synchronous = FULL", "PRAGMA schema_version")...)
	if err != nil {
		return err
	}
	return c.close()
}

// single makes what a connection is to a single file, without a log. It fails with
// ErrInUse while anyone else has read or written the file and not closed it.
func single(c *conn) error {
	if err := c.run("PRAGMA busy_timeout = 200"); err != nil { // who has it open will not let go at once
		return err
	}
	var mode driver.Value
	if _, err := c.one("PRAGMA journal_mode = DELETE", nil, &mode); err != nil {
		return err
	}
	if text0(mode) != "delete" {
		return fmt.Errorf("%w: its journal mode stays %q", store.ErrInUse, mode)
	}
	return nil
}
