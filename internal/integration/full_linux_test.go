package integration

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// A disk that is full fails the transaction and nothing else: what was
// acknowledged is there, what was not has left no trace, even where the app goes
// on after an error, and what is closed after such a failure is a single file.
func TestDiskFull(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		dir := smallDisk(t, 8<<20)
		path, ballast := filepath.Join(dir, "store.db"), filepath.Join(dir, "ballast")
		write(t, ballast, make([]byte, 5<<20))
		fill(t, d, path)
		db := mustOpen(t, d, path, false)
		failed := 0
		for n := 0; failed < 5; n++ {
			before := contentOf(t, db)
			if n == 1000 {
				t.Fatal("the disk is never full")
			}
			if err := fillUp(t, db, n); err == nil {
				continue
			}
			failed++
			if after := contentOf(t, db); !reflect.DeepEqual(after, before) {
				t.Fatal("a transaction that failed has left a trace")
			}
		}
		want := contentOf(t, db)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for name := range snapshot(t, dir) {
			if name != "store.db" && name != "store.db.lock" {
				t.Errorf("closing leaves %s", name)
			}
		}
		db = mustOpen(t, d, path, false)
		if got := contentOf(t, db); !reflect.DeepEqual(got, want) {
			t.Error("after reopening the content is another")
		}
		if err := fillUp(t, db, 1000); err != nil {
			t.Errorf("with room on the disk: %v", err)
		}
	})
}

// fillUp writes some objects in one transaction and, as a careless app would,
// looks at the last error only.
func fillUp(t *testing.T, db *store.Store, n int) (err error) {
	t.Helper()
	return db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 4 {
			err = items.FieldItemRecords.Replace(tx, &items.FieldItem{
				ID: fmt.Sprintf("%d-%d", n, i), Text: strings.Repeat("x", 10_000), Data: bytes.Repeat([]byte{1}, 10_000),
			})
		}
		return err
	})
}

// smallDisk mounts a file system of a few bytes, where this is allowed.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := directory(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}
