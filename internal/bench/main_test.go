package bench

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

var rows = flag.Int("rows", 100_000, "how many objects the stores hold that are measured whole")

// drivers are the SQLite drivers, by the name under which database/sql knows
// them. That of the C library is there where there is a C compiler.
var drivers = []string{pure}

// pure is the driver that needs no C compiler, which is what apps are shown.
const pure = "sqlite"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if err := runChild(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	dir, err := os.MkdirTemp("", "resetgen-bench-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	cache = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// newPath is where a new file can be made.
func newPath(b testing.TB) string {
	b.Helper()
	dir, err := os.MkdirTemp(b.TempDir(), "")
	must(b, err)
	return filepath.Join(dir, "store.db")
}

// openFile opens a file by way of database/sql, with the settings that the store
// has.
func openFile(driver, path string) (*sql.DB, error) {
	db, err := sql.Open(driver, path)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, pragma := range []string{`journal_mode = WAL`, `synchronous = FULL`, `cell_size_check = ON`} {
		if _, err := db.Exec("PRAGMA " + pragma); err != nil {
			db.Close()
			return nil, err
		}
	}
	return db, nil
}

func openSQL(b testing.TB, driver, path string) *sql.DB {
	b.Helper()
	db, err := openFile(driver, path)
	must(b, err)
	return db
}

func execute(b testing.TB, db *sql.DB, statement string, args ...any) {
	b.Helper()
	_, err := db.Exec(statement, args...)
	must(b, err)
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
