package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

func init() { roles["lock"] = lockWhole }

// lockWhole takes the lock by which an SQLite connection knows that it is the only
// one, and may take away the log.
func lockWhole(d sqlitestore.Driver, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	const shared, size = 0x40000002, 510 // of SQLite's file format
	err = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK, Start: shared, Len: size})
	fmt.Println(err)
	return nil
}

// Whatever else this process does with a store that is open, it keeps the locks
// that SQLite has on the file: to close any handle of it would drop them.
func TestLocksStay(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		contentOf(t, mustOpen(t, d, path, false))
		kept := func(after string) {
			t.Helper()
			process, _, out := start(t, "lock", d, path)
			out.Scan()
			process.Wait()
			if out.Text() != syscall.EAGAIN.Error() {
				t.Fatalf("after %s another program locks the whole file: %s", after, out.Text())
			}
		}
		kept("opening it")
		other := readOnlyDB(t, d, path)
		kept("opening it for SQL")
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		kept("closing it for SQL")
		for _, readOnly := range []bool{false, true} {
			_, err := open(t, d, path, &items.Schema, readOnly)
			wantError(t, "opening it again", err, store.ErrInUse)
		}
		kept("opening it again")
		wantError(t, "moving", d.Move(t.Context(), path, path+".x"), store.ErrInUse)
		kept("moving it")
		alias := filepath.Join(filepath.Dir(path), "alias.db")
		if err := os.Link(path, alias); err != nil {
			t.Fatal(err)
		}
		if other, err := d.ReadOnlyDB(t.Context(), alias); err == nil {
			other.Close()
		}
		kept("opening it by another name")
	})
}
