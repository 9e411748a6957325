package integration

import (
	"database/sql"
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

func readOnlyDB(t *testing.T, d sqlitestore.Driver, path string) *sql.DB {
	t.Helper()
	db, err := d.ReadOnlyDB(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t *testing.T, db *sql.DB, where string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRow(`SELECT count(*) FROM "field_item" WHERE `+where, args...).Scan(&n); err != nil {
		t.Errorf("where %s: %v", where, err)
	}
	return n
}

// beside lists the files of a store.
func beside(t *testing.T, path string) (names []string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", ".resetgen-new"} {
		if _, err := os.Lstat(path + suffix); err == nil {
			names = append(names, suffix)
		}
	}
	return names
}

// SQL reads a store while it is open, sees each commit, takes the app's own values
// and cannot write.
func TestReadOnlyDB(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		s := mustOpen(t, d, path, false)
		db := readOnlyDB(t, d, path)
		update(t, s, func(tx *store.Tx) error {
			if n := count(t, db, "id = 'z'"); n != 0 {
				t.Error("it sees what is not committed")
			}
			return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "z", When: time.Unix(5, 0), Flag: true})
		})
		if n := count(t, db, `"when" = ? AND flag = ? AND id <> ?`, time.Unix(5, 0), true, "a"); n != 1 {
			t.Errorf("%d objects are found by the app's own values", n)
		}
		statement, err := db.Prepare(`SELECT "id" FROM "field_item" WHERE "when" >= ? ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		var id string
		if err := statement.QueryRow(time.Unix(6, 0)).Scan(&id); err != nil || id != "a" {
			t.Errorf("a prepared statement finds %q, %v", id, err)
		}
		statement.Close()
		for _, text := range []string{`DELETE FROM "field_item"`, `CREATE TABLE "x" (y)`, `PRAGMA query_only = OFF; DELETE FROM "field_item"`, `PRAGMA user_version = 9`} {
			if _, err := db.Exec(text); err == nil && text != `PRAGMA user_version = 9` {
				t.Errorf("%s was run", text)
			}
		}
		tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := errors.Join(db.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
		if got := beside(t, path); !slices.Equal(got, []string{""}) {
			t.Errorf("closing leaves %q", got)
		}
		var version int
		if err := openSQL(t, d, path).QueryRow(`PRAGMA user_version`).Scan(&version); err != nil || version != store.CatalogFormat {
			t.Errorf("the format is %d, %v: it was written", version, err)
		}
	})
}

// The DB counts as an opener: until it is closed no other process can write the
// store, and nothing can move it. Closed in whatever order, a single file is left.
func TestReadOnlyDBHoldsTheStore(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		s := mustOpen(t, d, path, false)
		db := readOnlyDB(t, d, path)
		if count(t, db, "1") != 2 {
			t.Error("it does not read")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		held := func(doing string) {
			t.Helper()
			wantError(t, doing, d.Move(t.Context(), path, path+".moved"), store.ErrInUse, path, "ReadOnlyDB")
			process, in, out := start(t, "try", d, path)
			defer in.Close()
			if !out.Scan() || out.Text() != "in use" {
				t.Errorf("%s: another process finds the store %q", doing, out.Text())
			}
			process.Wait()
		}
		held("after the store was closed")

		// The process that it is in has the store to itself.
		s = mustOpen(t, d, path, false)
		update(t, s, func(tx *store.Tx) error { return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "y"}) })
		if count(t, db, "1") != 3 {
			t.Error("it does not see the store that was opened again")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		// Rows that are being read keep it.
		rows, err := db.Query(`SELECT "id" FROM "field_item"`)
		if err != nil || !rows.Next() {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		held("while rows are read")
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if got := beside(t, path); !slices.Equal(got, []string{""}) {
			t.Errorf("closing leaves %q", got)
		}
		if err := d.Move(t.Context(), path, path+".moved"); err != nil {
			t.Error(err)
		}
	})
}

// Without a store beside it the DB reads alone, and a store can only be opened to
// be read.
func TestReadOnlyDBAlone(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		_, err := d.ReadOnlyDB(t.Context(), path)
		wantError(t, "reading nothing", err, os.ErrNotExist, path)
		write(t, path, []byte("Dear diary,\n"))
		_, err = d.ReadOnlyDB(t.Context(), path)
		wantError(t, "reading a diary", err, store.ErrNotAStore, path)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		want := fill(t, d, path)
		db := readOnlyDB(t, d, path)
		if count(t, db, "1") != 2 {
			t.Error("it does not read")
		}
		_, err = open(t, d, path, &items.Schema, false)
		wantError(t, "writing beside it", err, store.ErrInUse, path, "ReadOnlyDB")
		if got := contentOf(t, mustOpen(t, d, path, true)); !reflect.DeepEqual(got, want) {
			t.Error("the store reads other content beside it")
		}
	})
}

// Two SQLite libraries in one process lose each other's locks: the second is
// refused.
func TestTwoDrivers(t *testing.T) {
	if len(drivers) < 2 {
		t.Skip("there is one driver only")
	}
	path := newPath(t)
	one, two := sqlitestore.Driver{Name: drivers[0]}, sqlitestore.Driver{Name: drivers[1]}
	fill(t, one, path)
	db := mustOpen(t, one, path, true)
	_, err := open(t, two, path, &items.Schema, true)
	wantError(t, "reading with the other driver", err, store.ErrInUse, path)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, two, path, true)
}

// A driver that is not there is named beside those that are.
func TestUnknownDriver(t *testing.T) {
	_, err := open(t, sqlitestore.Driver{Name: "sqlite9"}, newPath(t), &items.Schema, false)
	if err == nil {
		t.Fatal("it was opened")
	}
	wantError(t, "opening", err, err, append(slices.Clone(drivers), "sqlite9")...)
}
