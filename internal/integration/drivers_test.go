// Package integration tests the stores with real drivers, real files and real
// processes.
package integration

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/runtime/store/storetest"
)

// drivers are the SQLite drivers under test, by the name under which database/sql
// knows them. That of the C library is there where there is a C compiler.
var drivers = []string{"sqlite"}

// each runs a test with every driver.
func each(t *testing.T, test func(t *testing.T, d sqlitestore.Driver)) {
	for _, name := range drivers {
		t.Run(name, func(t *testing.T) { test(t, sqlitestore.Driver{Name: name}) })
	}
}

func TestStore(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		storetest.Run(t, func(t testing.TB) storetest.Harness {
			return storetest.Harness{
				Driver: d,
				Path:   filepath.Join(directory(t), "store.db"),
				Kill:   copyOfTheDisk,
				Plant: func(t testing.TB, path string, m *model.Info, key model.Value, field string, value any) {
					plant(t, d, path, m, key, field, value)
				},
			}
		})
	})
}

// directory is a new folder. A test that runs many times makes many of them.
func directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// copyOfTheDisk is what a killed process leaves: the files as they are, with the
// write-ahead log hot.
func copyOfTheDisk(t testing.TB, path string) string {
	t.Helper()
	left := filepath.Join(directory(t), filepath.Base(path))
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(left+suffix, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return left
}

// plant writes into a file behind the store's back. A STRICT table takes no value
// of another type, so for the moment it is declared as one that takes any.
func plant(t testing.TB, d sqlitestore.Driver, path string, m *model.Info, key model.Value, field string, value any) {
	t.Helper()
	db := openSQL(t, d, path)
	defer db.Close()
	var strict string
	if err := db.QueryRow(`SELECT sql FROM sqlite_schema WHERE name = ?`, m.Name).Scan(&strict); err != nil {
		t.Fatal(err)
	}
	lax := strings.NewReplacer("STRICT", "", "WITHOUT ROWID, ", "WITHOUT ROWID", " INTEGER", " BLOB", " REAL", " BLOB", " TEXT", " BLOB").Replace(strict)
	declare := func(text string) {
		exec(t, db, `PRAGMA writable_schema = ON`)
		exec(t, db, `UPDATE sqlite_schema SET sql = ? WHERE name = ?`, text, m.Name)
		exec(t, db, `PRAGMA writable_schema = RESET`)
	}
	declare(lax)
	exec(t, db, `UPDATE "`+m.Name+`" SET "`+field+`" = ? WHERE "`+m.Fields[m.Key].Name+`" = ?`, value, key.Text())
	declare(strict)
}

func exec(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// openSQL opens a store's file as any other program would, with one connection.
func openSQL(t testing.TB, d sqlitestore.Driver, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.Name, path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}
