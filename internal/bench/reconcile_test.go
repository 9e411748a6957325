package bench

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
			if ours > 0 {
				b.ReportMetric(float64(ours)/(1<<20), "MiB-peak")
				b.ReportMetric(float64(theirs)/(1<<20), "MiB-peak-scan")
			}
		})
	}
}

// peak is the largest memory of any round, in bytes; 0 where the system does not
// tell.
type peak int64

// add does a round in a child process: a scan, or a reconciliation where none is
// named.
func (p *peak) add(b *testing.B, scan string, f files, fresh string) time.Duration {
	b.Helper()
	must(b, copyFile(f.fresh, fresh))
	child := exec.Command(os.Args[0], scan, f.backup, fresh, strconv.FormatInt(f.lastSynced, 10))
	child.Env = append(os.Environ(), childEnv+"=1")
	child.Stderr = os.Stderr
	out, err := child.Output()
	must(b, err)
	var r result
	must(b, json.Unmarshal(out, &r))
	*p = max(*p, peak(r.Peak))
	return r.Took
}

// childEnv tells the test binary that it is a child.
const childEnv = "RESETGEN_BENCH_CHILD"

// result is what a child prints.
type result struct {
	Took time.Duration
	Peak int64
}

// runChild is the program of a child.
func runChild() error {
	deletions, backup, fresh := scans[os.Args[1]], os.Args[2], os.Args[3]
	lastSynced, err := strconv.ParseInt(os.Args[4], 10, 64)
	if err != nil {
		return err
	}
	start := time.Now()
	if deletions != "" {
		err = scan(backup, fresh, deletions, lastSynced)
	} else {
		err = recoverAll(backup, fresh)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result{Took: time.Since(start), Peak: peakMemory()})
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

// peakMemory is the most that this process had in memory, in bytes, or 0 where
// the system does not tell: only Linux does so by a file.
func peakMemory() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
