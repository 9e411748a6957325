package bench

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// BenchmarkLoad fills an empty table in one transaction, against a prepared INSERT
// by way of database/sql. With structs, as an app has them: those that come from
// the backend (Load) and those that it made, which are tracked (Replace); against
// a table without the columns of the stamps. With rows that need no work any more
// (rows), against the same values in the same table.
func BenchmarkLoad(b *testing.B) {
	list := findings(min(*rows, 5000)) // the median of many short rounds is steadier than that of a few long ones
	for _, name := range drivers {
		d := sqlitestore.Driver{Name: name}
		b.Run(name, func(b *testing.B) {
			byApp := bareInserts(b, d, list)
			b.Run("Load", func(b *testing.B) { versus(b, "x-bare", structLoad(b, d, list, loadFinding), byApp) })
			b.Run("Replace", func(b *testing.B) { versus(b, "x-bare", structLoad(b, d, list, FindingRecords.Replace), byApp) })
			b.Run("rows", func(b *testing.B) { versus(b, "x-bare", rowLoad(b, d, list), readyInserts(b, d, list)) })
		})
	}
}

func loadFinding(tx *store.Tx, f *Finding) error { return FindingRecords.Load(tx, f, 1) }

// finding is the object number i, as it was when all was synced.
func finding(i int) Finding {
	return Finding{
		ID: fmt.Sprintf("finding-%08d", i), Site: fmt.Sprintf("site-%04d", i%1000), Title: "cracked beam", Note: "seen from below, by the stairs",
		Severity: i % 5, Visits: int64(i), Seen: time.Unix(1_700_000_000+int64(i), 0).UTC(), Updated: 1_700_000_000_000 + int64(i),
	}
}

func findings(n int) []Finding {
	list := make([]Finding, n)
	for i := range list {
		list[i] = finding(i)
	}
	return list
}

const (
	tableOfApp = `CREATE TABLE finding (
		id TEXT NOT NULL, site TEXT NOT NULL, title TEXT NOT NULL, note TEXT NOT NULL,
		severity INTEGER NOT NULL, visits INTEGER NOT NULL, seen TEXT NOT NULL, updated INTEGER NOT NULL,
		PRIMARY KEY (id)) STRICT, WITHOUT ROWID`
	insertOfApp = `INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
)

// bareInserts is what an app would write that does without the store.
func bareInserts(b *testing.B, d sqlitestore.Driver, list []Finding) func() time.Duration {
	return inserts(b, d, []string{tableOfApp}, insertOfApp, func(insert func(args ...any) error) error {
		for i := range list {
			f := &list[i]
			if err := insert(f.ID, f.Site, f.Title, f.Note, f.Severity, f.Visits, f.Seen.Format(time.RFC3339Nano), f.Updated); err != nil {
				return err
			}
		}
		return nil
	})
}

// readyInserts writes what the store would, without working it out.
func readyInserts(b *testing.B, d sqlitestore.Driver, list []Finding) func() time.Duration {
	tables, values := asStored(b, d, list)
	text := `INSERT INTO finding VALUES (?` + strings.Repeat(", ?", len(values[0])-1) + `)`
	return inserts(b, d, tables, text, func(insert func(args ...any) error) error {
		for _, row := range values {
			if err := insert(row...); err != nil {
				return err
			}
		}
		return nil
	})
}

// inserts calls all with what executes a prepared statement, in a transaction.
func inserts(b *testing.B, d sqlitestore.Driver, tables []string, text string, all func(insert func(args ...any) error) error) func() time.Duration {
	return func() time.Duration {
		path := newPath(b)
		db := openSQL(b, d.Name, path)
		for _, table := range tables {
			execute(b, db, table)
		}
		start := time.Now()
		tx, err := db.Begin()
		must(b, err)
		statement, err := tx.Prepare(text)
		must(b, err)
		must(b, all(func(args ...any) error {
			_, err := statement.Exec(args...)
			return err
		}))
		must(b, tx.Commit())
		took := time.Since(start)
		must(b, db.Close())
		must(b, os.Remove(path))
		return took
	}
}

// asStored is the statements that made the tables of a store, and the rows of the
// findings.
func asStored(b *testing.B, d sqlitestore.Driver, list []Finding) (tables []string, values [][]any) {
	b.Helper()
	path := newPath(b)
	db := openStore(b, d, path)
	loadAll(b, db, list, loadFinding)
	must(b, db.Close())
	file := openSQL(b, d.Name, path)
	defer file.Close()
	for _, r := range scanAll(b, file, `SELECT sql FROM sqlite_schema WHERE tbl_name = 'finding' AND sql IS NOT NULL`) {
		tables = append(tables, r[0].(string))
	}
	return tables, scanAll(b, file, `SELECT * FROM finding`)
}

func scanAll(b *testing.B, db *sql.DB, query string) (all [][]any) {
	b.Helper()
	found, err := db.Query(query)
	must(b, err)
	defer found.Close()
	names, err := found.Columns()
	must(b, err)
	for found.Next() {
		values, to := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		must(b, found.Scan(to...))
		all = append(all, values)
	}
	must(b, found.Err())
	return all
}

// rowLoad writes rows by the driver's own Replace.
func rowLoad(b *testing.B, d sqlitestore.Driver, list []Finding) func() time.Duration {
	m := FindingRecords.Model().Info
	rows := storedRows(b, d, list)
	return func() time.Duration {
		path := newPath(b)
		e, err := d.Open(b.Context(), path, &Schema, store.DriverOptions{Logger: slog.Default()})
		must(b, err)
		start := time.Now()
		tx, err := e.Begin(b.Context(), true)
		must(b, err)
		for _, row := range rows {
			must(b, tx.Replace(m, row.Values[m.Key], row))
		}
		must(b, tx.Commit())
		took := time.Since(start)
		must(b, e.Close())
		must(b, os.Remove(path))
		return took
	}
}

func storedRows(b *testing.B, d sqlitestore.Driver, list []Finding) (rows []*model.Row) {
	b.Helper()
	db := openStore(b, d, newPath(b))
	defer db.Close()
	loadAll(b, db, list, loadFinding)
	must(b, db.View(b.Context(), func(tx *store.Tx) error {
		for row, err := range tx.Rows(FindingRecords.Model().Info) {
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	}))
	return rows
}

func structLoad(b *testing.B, d sqlitestore.Driver, list []Finding, write func(tx *store.Tx, f *Finding) error) func() time.Duration {
	return func() time.Duration {
		path := newPath(b)
		db := openStore(b, d, path)
		start := time.Now()
		loadAll(b, db, list, write)
		took := time.Since(start)
		must(b, db.Close())
		must(b, os.Remove(path))
		return took
	}
}

func openStore(b testing.TB, d sqlitestore.Driver, path string) *store.Store {
	b.Helper()
	db, err := store.Open(b.Context(), d, path, &Schema, store.Options{})
	must(b, err)
	return db
}

func loadAll(b testing.TB, db *store.Store, list []Finding, write func(tx *store.Tx, f *Finding) error) {
	b.Helper()
	must(b, db.Update(b.Context(), func(tx *store.Tx) error {
		for i := range list {
			if err := write(tx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	}))
}
