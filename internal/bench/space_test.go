package bench

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// BenchmarkSpace tells how large a packed file is, in bytes for each object: that
// of a bare table, and by how much a store's is larger. Loaded: each object under
// one stamp. Unsynced: and two fields of every hundredth changed. Spread: each
// field of every object stamped a minute after the other.
func BenchmarkSpace(b *testing.B) {
	n := min(*rows, 20_000)
	var bare, loaded, unsynced, spread float64
	for b.Loop() {
		path := newPath(b)
		must(b, fill(path, n))
		loaded = sizeOf(b, path, n)

		dropStamps(b, path)
		bare = sizeOf(b, path, n)

		path = newPath(b)
		must(b, fill(path, n))
		must(b, withStore(path, func(tx *store.Tx) error { return editHundredth(tx, n) }))
		unsynced = sizeOf(b, path, n)

		path = newPath(b)
		must(b, fill(path, n))
		must(b, spreadStamps(path))
		spread = sizeOf(b, path, n)
	}
	b.ReportMetric(bare, "B-bare")
	b.ReportMetric(loaded-bare, "+B-loaded")
	b.ReportMetric(unsynced-bare, "+B-unsynced")
	b.ReportMetric(spread-bare, "+B-spread")
	b.ReportMetric(0, "ns/op")
}

func sizeOf(b *testing.B, path string, n int) float64 {
	b.Helper()
	db := openSQL(b, pure, path)
	execute(b, db, `VACUUM`)
	must(b, db.Close())
	info, err := os.Stat(path)
	must(b, err)
	return float64(info.Size()) / float64(n)
}

func dropStamps(b *testing.B, path string) {
	b.Helper()
	db := openSQL(b, pure, path)
	defer db.Close()
	execute(b, db, `ALTER TABLE finding DROP COLUMN _stamps`)
	execute(b, db, `ALTER TABLE finding DROP COLUMN _stamp`)
}

func editHundredth(tx *store.Tx, n int) error {
	for i := 0; i < n; i += 100 {
		r, err := FindingRecords.Get(tx, finding(i).ID)
		if err != nil {
			return err
		}
		r.SetTitle("cracked wall")
		r.SetUpdated(r.Updated() + 1)
		if err := FindingRecords.Put(tx, r); err != nil {
			return err
		}
	}
	return nil
}

// spreadStamps writes the stamps by the store's driver: by way of records there
// would be entries too.
func spreadStamps(path string) error {
	m := FindingRecords.Model().Info
	e, err := sqlitestore.Driver{Name: pure}.Open(context.Background(), path, &Schema, store.DriverOptions{Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer e.Close()
	tx, err := e.Begin(context.Background(), true)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var all []*model.Row
	for row, err := range tx.Rows(m) {
		if err != nil {
			return err
		}
		all = append(all, row)
	}
	const minute = 60_000 << 16
	for _, row := range all {
		for f := range m.Fields {
			row.Mark(m, f, row.Stamp+stamp.Stamp(minute))
		}
		if err := tx.Update(m, row.Values[m.Key], row, model.FirstFields(len(m.Fields))); err != nil {
			return err
		}
	}
	return tx.Commit()
}
