package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// The deletions of the published recipe: what is in fresh, not in the backup, and
// not newer than last synced.
var scans = map[string]string{
	// As the recipe says it.
	"NOT IN": `DELETE FROM main.finding AS f
		WHERE f.updated <= ? AND f.id NOT IN (SELECT b.id FROM backup.finding AS b)`,
	// As SQLite does it fastest: it walks both tables once, side by side.
	"EXCEPT": `DELETE FROM main.finding WHERE id IN (
		SELECT f.id FROM main.finding AS f WHERE f.updated <= ? EXCEPT SELECT b.id FROM backup.finding AS b)`,
}

// BenchmarkReconcile recovers what is unsynced, against the scan of the published
// recipe written in SQL, over the same two files. Both begin and end with closed
// files, each in a process of its own, whose largest memory is reported.
func BenchmarkReconcile(b *testing.B) {
	f := sharedFiles(b)
	fresh := filepath.Join(b.TempDir(), "fresh.db")
	for _, name := range []string{"NOT IN", "EXCEPT"} {
		b.Run(name, func(b *testing.B) {
			var ours, theirs peak
			versus(b, "x-scan",
				func() time.Duration { return ours.add(b, "", f, fresh) },
				func() time.Duration { return theirs.add(b, name, f, fresh) })
			ours.report(b, "MiB-peak")
			theirs.report(b, "MiB-peak-scan")
		})
	}
}

// add does a round in a child process: a scan, or a reconciliation where none is
// named.
func (p *peak) add(b *testing.B, scan string, f files, fresh string) time.Duration {
	b.Helper()
	must(b, copyFile(f.fresh, fresh))
	var took time.Duration
	p.of(b, &took, "reconcile", scan, f.backup, fresh, strconv.FormatInt(f.lastSynced, 10))
	return took
}

// reconcileChild is the program of that process: it gives how long it took.
func reconcileChild(args []string) (any, error) {
	deletions, backup, fresh := scans[args[0]], args[1], args[2]
	lastSynced, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if deletions != "" {
		err = scan(backup, fresh, deletions, lastSynced)
	} else {
		err = recoverAll(backup, fresh)
	}
	return time.Since(start), err
}

// recoverAll reconciles.
func recoverAll(backup, fresh string) (err error) {
	ctx, d := context.Background(), sqlitestore.Driver{Name: pure}
	from, err := store.Open(ctx, d, backup, &Schema, store.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := store.Open(ctx, d, fresh, &Schema, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	report, err := reconcile.New(from, to, reconcile.Options{}).Apply(ctx)
	if err != nil {
		return err
	}
	if report.Total != unsynced || report.Failed != 0 {
		return fmt.Errorf("%d objects reconciled, %d failed; there were %d", report.Total, report.Failed, unsynced)
	}
	return nil
}

// scan is the published recipe as a database does it best: in two statements and
// one transaction.
func scan(backup, fresh, deletions string, lastSynced int64) error {
	db, err := openFile(pure, fresh)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(`ATTACH ? AS backup`, backup); err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := wrote(tx, edited+created, `INSERT OR REPLACE INTO main.finding
		SELECT b.* FROM backup.finding AS b WHERE b.updated > ?`, lastSynced); err != nil {
		return err
	}
	if err := wrote(tx, deleted, deletions, lastSynced); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return db.Close()
}

func wrote(tx *sql.Tx, want int64, statement string, args ...any) error {
	done, err := tx.Exec(statement, args...)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n != want {
		err = fmt.Errorf("%d rows in the place of %d: %s", n, want, statement)
	}
	return err
}
