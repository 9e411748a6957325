package bench

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// What is unsynced in the backup, and what others did meanwhile.
const (
	edited, created, deleted = 1000, 100, 100
	unsynced                 = edited + created + deleted
	theirEdits               = 2000 // a tenth of them of what was edited here too
	theirInserts             = 1000
)

// files are the two sides of a reset, made once in a run: the backup with its
// unsynced changes, and the fresh copy as it was downloaded.
type files struct {
	backup, fresh string
	lastSynced    int64 // what Updated is compared with, in milliseconds
}

var (
	cache   string // the folder for what benchmarks share, gone after the run
	makeAll sync.Once
	made    files
	failed  error
)

func sharedFiles(b testing.TB) files {
	b.Helper()
	makeAll.Do(func() { made, failed = makeFiles(cache, *rows) })
	must(b, failed)
	return made
}

// makeFiles makes them of n objects.
func makeFiles(dir string, n int) (files, error) {
	f := files{
		backup: filepath.Join(dir, "backup.db"), fresh: filepath.Join(dir, "fresh.db"),
		lastSynced: finding(n - 1).Updated,
	}
	if n < 2*unsynced {
		return f, fmt.Errorf("-rows=%d: at least %d are needed for %d unsynced ones", n, 2*unsynced, unsynced)
	}
	for _, path := range []string{f.backup, f.fresh} {
		if err := withStore(path, func(tx *store.Tx) error { return nil }); err != nil {
			return f, err
		}
	}
	if err := fill(f.fresh, n); err != nil {
		return f, err
	}
	if err := copyTable(f.fresh, f.backup); err != nil {
		return f, err
	}
	if err := withStore(f.backup, func(tx *store.Tx) error { return tx.MarkSynced() }); err != nil {
		return f, err
	}
	if err := withStore(f.backup, func(tx *store.Tx) error { return editOffline(tx, n, f.lastSynced) }); err != nil {
		return f, err
	}
	return f, withStore(f.fresh, func(tx *store.Tx) error { return editElsewhere(tx, n, f.lastSynced) })
}

// withStore runs one transaction.
func withStore(path string, do func(tx *store.Tx) error) error {
	db, err := store.Open(context.Background(), sqlitestore.Driver{Name: pure}, path, &Schema, store.Options{})
	if err != nil {
		return err
	}
	err = db.Update(context.Background(), do)
	if closing := db.Close(); err == nil {
		err = closing
	}
	return err
}

// fill loads n objects, a part in each transaction.
func fill(path string, n int) error {
	const part = 50_000
	for from := 0; from < n; from += part {
		err := withStore(path, func(tx *store.Tx) error {
			for i := from; i < min(from+part, n); i++ {
				f := finding(i)
				if err := FindingRecords.Load(tx, &f, stamp.Stamp(f.Updated)<<16); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copyTable gives the backup the same rows: it must be a store of its own, not a
// copy of the file.
func copyTable(from, to string) error {
	db, err := openFile(pure, to)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(`ATTACH ? AS "from"`, from); err != nil {
		return err
	}
	_, err = db.Exec(`INSERT INTO finding SELECT * FROM "from".finding`)
	return err
}

// editOffline is what the app did since it last synced.
func editOffline(tx *store.Tx, n int, lastSynced int64) error {
	step := n / (edited + deleted)
	for i := range edited {
		r, err := FindingRecords.Get(tx, finding(i*step).ID)
		if err != nil {
			return err
		}
		r.SetTitle(fmt.Sprintf("cracked beam, seen again %d", i))
		r.SetSeverity(r.Severity() + 1)
		r.SetUpdated(lastSynced + 1 + int64(i))
		if err := FindingRecords.Put(tx, r); err != nil {
			return err
		}
	}
	for i := range created {
		f := finding(n + i)
		f.ID, f.Updated = fmt.Sprintf("created-%08d", i), lastSynced+1
		if err := FindingRecords.Replace(tx, &f); err != nil {
			return err
		}
	}
	for i := range deleted {
		if err := FindingRecords.Delete(tx, finding((edited+i)*step).ID); err != nil {
			return err
		}
	}
	return nil
}

// elsewhere is what other devices brought to the backend, by the number of the
// object.
func elsewhere(n int, lastSynced int64) iter.Seq2[int, Finding] {
	return func(yield func(int, Finding) bool) {
		step := n / (edited + deleted)
		for i := range theirEdits {
			at := i*step/2 + 1 // beside what was edited here
			if i%10 == 0 {
				at = i / 2 * step
			}
			if at >= edited*step { // what is deleted here stays as it was
				at = at % (edited * step)
			}
			f := finding(at)
			f.Note, f.Visits, f.Updated = fmt.Sprintf("repaired by team %d", i), f.Visits+1, lastSynced+2
			if !yield(at, f) {
				return
			}
		}
		for i := range theirInserts {
			at := n + created + i
			f := finding(at)
			f.Updated = lastSynced + 3
			if !yield(at, f) {
				return
			}
		}
	}
}

func editElsewhere(tx *store.Tx, n int, lastSynced int64) error {
	for _, f := range elsewhere(n, lastSynced) {
		if err := FindingRecords.Load(tx, &f, stamp.Stamp(f.Updated)<<16); err != nil {
			return err
		}
	}
	return tx.MarkSynced()
}

// copyFile copies a closed store's file and waits until it is on the disk, so
// that nobody else pays for that.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return out.Close()
}
