package integration

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	inspect "github.com/resetgen/resetgen/testdata/golden/finding"
)

// loaded is how many objects a benchmark writes in one transaction.
const loaded = 20_000

// BenchmarkLoad fills a table: by hand with a prepared INSERT by way of
// database/sql, by the store with rows that are ready, with structs that come
// from the backend, and with structs that the app made, which are tracked.
func BenchmarkLoad(b *testing.B) {
	for _, name := range drivers {
		d := sqlitestore.Driver{Name: name}
		b.Run(name, func(b *testing.B) {
			b.Run("bare", func(b *testing.B) { benchmarkBare(b, d) })
			b.Run("rows", func(b *testing.B) { benchmarkRows(b, d) })
			b.Run("Load", func(b *testing.B) {
				benchmarkStructs(b, d, func(tx *store.Tx, f *inspect.Finding) error { return inspect.FindingRecords.Load(tx, f, 1) })
			})
			b.Run("Replace", func(b *testing.B) { benchmarkStructs(b, d, inspect.FindingRecords.Replace) })
		})
	}
}

func findings() []inspect.Finding {
	list := make([]inspect.Finding, loaded)
	for i := range list {
		list[i] = inspect.Finding{
			ID: fmt.Sprintf("finding-%08d", i), Site: fmt.Sprintf("site-%04d", i%1000), Title: "cracked beam", Severity: inspect.Severity(i % 5),
			Note: strings.Repeat("seen from below ", 4), Visits: int64(i), Where: inspect.Location{Lat: 47.1 + float64(i)/1e6, Lng: 8.5},
		}
	}
	return list
}

// perRow reports what a row costs beside what the loop costs.
func perRow(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/loaded, "ns/row")
}

// benchmarkBare writes what the store would: into the same table, without the
// columns of the stamps being worked out.
func benchmarkBare(b *testing.B, d sqlitestore.Driver) {
	table, insert, rows := asStored(b, d)
	for b.Loop() {
		b.StopTimer()
		db := openSQL(b, d, newPath(b))
		exec(b, db, `PRAGMA journal_mode = WAL`)
		exec(b, db, `PRAGMA synchronous = FULL`)
		for _, text := range table {
			exec(b, db, text)
		}
		b.StartTimer()
		if err := insertAll(db, insert, rows); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		db.Close()
		b.StartTimer()
	}
	perRow(b)
}

func insertAll(db *sql.DB, insert string, rows [][]any) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	statement, err := tx.Prepare(insert)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := statement.Exec(row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// asStored is the statements that made the table of a store, with its indexes,
// and its rows.
func asStored(b *testing.B, d sqlitestore.Driver) (table []string, insert string, rows [][]any) {
	b.Helper()
	path := newPath(b)
	db, err := store.Open(b.Context(), d, path, &inspect.Schema, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	loadAll(b, db, findings(), func(tx *store.Tx, f *inspect.Finding) error { return inspect.FindingRecords.Load(tx, f, 1) })
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	file := openSQL(b, d, path)
	defer file.Close()
	for _, r := range scanAll(b, file, `SELECT sql FROM sqlite_schema WHERE tbl_name = 'finding' AND sql IS NOT NULL`) {
		table = append(table, r[0].(string))
	}
	rows = scanAll(b, file, `SELECT * FROM "finding"`)
	return table, `INSERT INTO "finding" VALUES (?` + strings.Repeat(", ?", len(rows[0])-1) + `)`, rows
}

func scanAll(b *testing.B, db *sql.DB, query string) (all [][]any) {
	b.Helper()
	rows, err := db.Query(query)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	names, _ := rows.Columns()
	for rows.Next() {
		values, to := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			b.Fatal(err)
		}
		all = append(all, values)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return all
}

// benchmarkRows writes rows by the driver's own Replace.
func benchmarkRows(b *testing.B, d sqlitestore.Driver) {
	m := inspect.FindingRecords.Model().Info
	rows := storedRows(b, d)
	for b.Loop() {
		b.StopTimer()
		e, err := d.Open(b.Context(), newPath(b), &inspect.Schema, store.DriverOptions{Logger: slog.Default()})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := replaceAll(e, m, rows); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		e.Close()
		b.StartTimer()
	}
	perRow(b)
}

func replaceAll(e store.Engine, m *model.Info, rows []*model.Row) error {
	tx, err := e.Begin(context.Background(), true)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, row := range rows {
		if err := tx.Replace(m, row.Values[m.Key], row); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func storedRows(b *testing.B, d sqlitestore.Driver) (rows []*model.Row) {
	b.Helper()
	db, err := store.Open(b.Context(), d, newPath(b), &inspect.Schema, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	loadAll(b, db, findings(), func(tx *store.Tx, f *inspect.Finding) error { return inspect.FindingRecords.Load(tx, f, 1) })
	err = db.View(b.Context(), func(tx *store.Tx) error {
		for row, err := range tx.Rows(inspect.FindingRecords.Model().Info) {
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return rows
}

func benchmarkStructs(b *testing.B, d sqlitestore.Driver, write func(tx *store.Tx, f *inspect.Finding) error) {
	list := findings()
	for b.Loop() {
		b.StopTimer()
		db, err := store.Open(b.Context(), d, newPath(b), &inspect.Schema, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		loadAll(b, db, list, write)
		b.StopTimer()
		db.Close()
		b.StartTimer()
	}
	perRow(b)
}

func loadAll(b *testing.B, db *store.Store, list []inspect.Finding, write func(tx *store.Tx, f *inspect.Finding) error) {
	b.Helper()
	update(b, db, func(tx *store.Tx) error {
		for i := range list {
			if err := write(tx, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
