package bench

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// BenchmarkTracking reads an object and changes two of its fields, against the same
// SELECT and UPDATE by way of database/sql, which record nothing. Nothing is unsynced
// before. In Write each object has a transaction of its own, as when a user presses a
// button, and each waits for the disk. In GetPut a thousand objects share one, so that
// next to nothing is left but what the statements cost; Put leaves the reads out of
// that, on both sides. What follows are the parts of Put, as far as the driver of the
// store goes: the UPDATE alone, then the look-up of the entry besides, then the entry
// written too.
func BenchmarkTracking(b *testing.B) {
	for _, name := range drivers {
		d := sqlitestore.Driver{Name: name}
		b.Run(name, func(b *testing.B) {
			t := newTracking(b, d)
			each := *t
			each.together = 1
			b.Run("Write", func(b *testing.B) { versus(b, "x-bare", each.all(b, each.put), each.all(b, each.bare)) })
			b.Run("Put", func(b *testing.B) { versus(b, "x-bare", t.writing(b, t.put), t.writing(b, t.bare)) })
			b.Run("GetPut", func(b *testing.B) { versus(b, "x-bare", t.all(b, t.put), t.all(b, t.bare)) })
			b.Run("update", func(b *testing.B) { versus(b, "x-bare", t.writing(b, t.engine(1)), t.writing(b, t.bare)) })
			b.Run("update+lookup", func(b *testing.B) { versus(b, "x-bare", t.writing(b, t.engine(2)), t.writing(b, t.bare)) })
			b.Run("update+lookup+entry", func(b *testing.B) { versus(b, "x-bare", t.writing(b, t.engine(3)), t.writing(b, t.bare)) })
		})
	}
}

// updates is how many objects a round writes.
const updates = 1000

// tracking is what the rounds begin with: each has a copy of one file.
type tracking struct {
	driver  sqlitestore.Driver
	synced  string
	objects int

	together int // objects in a transaction
}

func newTracking(b *testing.B, d sqlitestore.Driver) *tracking {
	b.Helper()
	t := &tracking{driver: d, synced: newPath(b), objects: min(*rows, 20_000), together: updates}
	must(b, fill(t.synced, t.objects))
	return t
}

// edit is the i-th object that a round writes, and the new values.
func (t *tracking) edit(i int) (id, title string, updated int64) {
	return finding(i * (t.objects / updates)).ID, "cracked wall", 2_000_000_000_000
}

// updating is a way to do a round with the file at path: it calls each in a
// transaction until it says that it is over, with what reads and what writes the i-th
// object, and says how long all of that took, opening and closing left out.
type updating func(path string, each each) (time.Duration, error)

type each func(read, write func(i int) error) (over bool, err error)

// all is what a round takes.
func (t *tracking) all(b *testing.B, u updating) func() time.Duration {
	return func() time.Duration {
		took, _ := t.round(b, u)
		return took
	}
}

// writing is the same without the reads.
func (t *tracking) writing(b *testing.B, u updating) func() time.Duration {
	return func() time.Duration {
		took, reading := t.round(b, u)
		return took - reading
	}
}

func (t *tracking) round(b *testing.B, u updating) (took, reading time.Duration) {
	path := newPath(b)
	must(b, copyFile(t.synced, path))
	at := 0
	took, err := u(path, func(read, write func(i int) error) (over bool, err error) {
		for range t.together {
			start := time.Now()
			err := read(at)
			reading += time.Since(start)
			if err == nil {
				err = write(at)
			}
			if err != nil {
				return true, err
			}
			at++
		}
		return at == updates, nil
	})
	must(b, err)
	must(b, os.Remove(path))
	return took, reading
}

func (t *tracking) bare(path string, each each) (time.Duration, error) {
	db, err := openFile(t.driver.Name, path)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	start := time.Now()
	get, err := db.Prepare(`SELECT id, site, title, note, severity, visits, seen, updated FROM finding WHERE id = ?`)
	if err != nil {
		return 0, err
	}
	set, err := db.Prepare(`UPDATE finding SET title = ?, updated = ? WHERE id = ?`)
	if err != nil {
		return 0, err
	}
	var tx *sql.Tx
	var getTx, setTx *sql.Stmt
	var f Finding
	read := func(i int) error {
		var seen string
		id, _, _ := t.edit(i)
		err := getTx.QueryRow(id).Scan(&f.ID, &f.Site, &f.Title, &f.Note, &f.Severity, &f.Visits, &seen, &f.Updated)
		if err == nil {
			f.Seen, err = time.Parse(time.RFC3339Nano, seen)
		}
		return err
	}
	write := func(i int) error {
		_, f.Title, f.Updated = t.edit(i)
		_, err := setTx.Exec(f.Title, f.Updated, f.ID)
		return err
	}
	for over := false; !over; {
		if tx, err = db.Begin(); err != nil {
			return 0, err
		}
		getTx, setTx = tx.Stmt(get), tx.Stmt(set)
		if over, err = each(read, write); err == nil {
			err = tx.Commit()
		}
		if err != nil {
			tx.Rollback()
			return 0, err
		}
	}
	return time.Since(start), nil
}

func (t *tracking) put(path string, each each) (time.Duration, error) {
	db, err := store.Open(context.Background(), t.driver, path, &Schema, store.Options{})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	start := time.Now()
	over := false
	do := func(tx *store.Tx) (err error) {
		var r *FindingRecord
		read := func(i int) (err error) {
			id, _, _ := t.edit(i)
			r, err = FindingRecords.Get(tx, id)
			return err
		}
		write := func(i int) error {
			_, title, updated := t.edit(i)
			r.SetTitle(title)
			r.SetUpdated(updated)
			return FindingRecords.Put(tx, r)
		}
		over, err = each(read, write)
		return err
	}
	for !over && err == nil {
		err = db.Update(context.Background(), do)
	}
	return time.Since(start), err
}

// engine does the first so many parts of a Put by the store's driver.
func (t *tracking) engine(parts int) updating {
	m := FindingRecords.Model().Info
	title, updated := m.Index("title"), m.Index("updated")
	fields := model.FieldSetOf(title, updated)
	return func(path string, each each) (time.Duration, error) {
		engine, err := t.driver.Open(context.Background(), path, &Schema, store.DriverOptions{Logger: slog.Default()})
		if err != nil {
			return 0, err
		}
		defer engine.Close()
		start := time.Now()
		tx, err := engine.Begin(context.Background(), true)
		if err != nil {
			return 0, err
		}
		defer tx.Rollback()
		const seq, at = 2, stamp.Stamp(2_000_000_000_000 << 16)
		var row *model.Row
		read := func(i int) (err error) {
			id, _, _ := t.edit(i)
			row, err = tx.Get(m, model.StringValue(id))
			return err
		}
		write := func(i int) error {
			_, newTitle, newUpdated := t.edit(i)
			key := row.Values[m.Key]
			entry := &model.Entry{Model: m.Name, Key: key, Change: model.Updated, Seq: seq, Stamp: at}
			for f := range fields.All() {
				entry.Fields = append(entry.Fields, model.FieldChange{Name: m.Fields[f].Name, Seq: seq, Stamp: at, Base: row.Values[f]})
				row.Mark(m, f, at)
			}
			row.Values[title], row.Values[updated] = model.StringValue(newTitle), model.IntValue(newUpdated)
			if parts >= 2 {
				if _, err := tx.Entry(m.Name, key); err != nil {
					return err
				}
			}
			if err := tx.Update(m, key, row, fields); err != nil || parts < 3 {
				return err
			}
			return tx.PutEntry(entry)
		}
		if _, err := each(read, write); err != nil {
			return 0, err
		}
		err = tx.Commit()
		return time.Since(start), err
	}
}
