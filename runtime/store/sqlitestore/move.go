package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/internal/storefile"
	"github.com/resetgen/resetgen/runtime/store"
)

// Files of stores are moved by the functions below and not by others: they know
// what lies beside a file, and who has it open. Each refuses with ErrInUse what is
// open anywhere, and a log that a killed process has left is worked into its file
// first. Of the programs that know nothing of stores, SQLite tells only those
// that are in a transaction, or have a store open that was not closed since they
// read it. After a kill each can be called again; if it finds nothing at from then,
// which is an error that wraps fs.ErrNotExist, it was through.

// companions are what may lie beside a store's file and goes with it.
var companions = []string{"-wal", "-journal", "-shm"}

func (d Driver) files() storefile.Files {
	return storefile.Files{Locate: locate, Hold: d.hold, Companions: companions}
}

// Claim implements store.Files: it makes sure that nobody, in this process or
// another, has the store at path open, and keeps it for this process until release
// is called, once. It holds between moves that belong together.
func (d Driver) Claim(ctx context.Context, path string) (release func() error, err error) {
	return d.files().Claim(ctx, path)
}

// Link gives the store at from the name to as well. Where the file system has no
// links, or to lies on another one, to becomes a copy. There is a store at from
// all the time, and at to there is never part of one. What is at to is never
// overwritten: if it is not the same store already, that is an error that wraps
// fs.ErrExist. Until one of the two names is taken away, writing to either is
// writing to both.
//
// A kill leaves one name or both, and perhaps to + ".resetgen-new", which the next call
// removes.
func (d Driver) Link(ctx context.Context, from, to string) error {
	return d.files().Link(ctx, from, to)
}

// Copy implements store.Files. A kill leaves nothing at to or all of it, and perhaps
// to + ".resetgen-new", which the next call removes.
func (d Driver) Copy(ctx context.Context, from, to string) error {
	return d.files().Copy(ctx, from, to)
}

// Move gives the store at from the name to instead. What is at to is never
// overwritten, as Link has it. A kill leaves the store at from, at both or at to.
func (d Driver) Move(ctx context.Context, from, to string) error {
	return d.files().Move(ctx, from, to)
}

// Replace puts the store at from in the place of that at over. The store that was at
// over is lost unless it has another name; Link gives it one. Both lie in one file
// system. A kill leaves over as it was and from where it was, or from's store at over
// and nothing at from: over is never empty.
func (d Driver) Replace(ctx context.Context, from, over string) error {
	return d.files().Replace(ctx, from, over)
}

// Remove removes the store at path with all that lies beside it. It is no error if
// it is gone. A kill leaves a store that is whole, or one that Open refuses and a
// second Remove removes.
func (d Driver) Remove(ctx context.Context, path string) error {
	return d.files().Remove(ctx, path)
}

// Checksum implements store.Files: it is that of the file, of which a log is made a
// part first.
func (d Driver) Checksum(ctx context.Context, path string) (string, error) {
	return d.files().Checksum(ctx, path)
}

// hold takes a path, and makes the store there a single file (storefile.Files). A
// damaged file that no log belongs to can be moved like any other.
func (d Driver) hold(_ context.Context, path string, u storefile.Use) (*storefile.Lease, error) {
	sqlite, l, err := d.acquire(path, u)
	if err == nil {
		err = settle(sqlite, path)
	}
	if l != nil && errors.Is(err, store.ErrCorrupt) && logOf(path) == "" {
		err = nil
	}
	return l, err
}

// settle makes the store at path a single file, while this process has it for
// itself: it works off what a log holds, and finds other programs that have the
// file open.
func settle(sqlite driver.Driver, path string) error {
	err := settleSQL(sqlite, path)
	if log := logOf(path); log != "" {
		return errors.Join(err, fmt.Errorf("%s belongs to the store and must not be parted from it", log))
	}
	return err
}

func settleSQL(sqlite driver.Driver, path string) error {
	c, err := open(sqlite, uri(path, "rw"), "PRAGMA synchronous = FULL")
	if err != nil {
		return err
	}
	if err = single(c); err == nil {
		err = c.run("BEGIN EXCLUSIVE")
	}
	if err == nil {
		// SQLite has rolled back what a journal said. One that is still there was not begun in
		// earnest: a process was killed before it wrote to the file.
		err = errors.Join(storefile.Remove(path+"-journal"), c.run(rollback.text))
	}
	return errors.Join(err, c.close())
}
