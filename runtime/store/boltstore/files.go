package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/resetgen/resetgen/internal/storefile"
	"github.com/resetgen/resetgen/runtime/store"
)

// Files of stores are moved by the methods below: they know what lies beside a
// file, and who has it open. What is open is refused with store.ErrInUse, when Open
// would refuse it; a damaged store is moved like any other, and a file that is no
// store stays where it is. What they did lasts when they return. After a kill each
// can be called again; if there is nothing at from then, it was through.

var files = storefile.Files{Locate: storefile.Locate, Hold: hold}

// Claim implements store.Files. The lock of the path is this process's until release
// is called, which must be once; what of its own it opens there meanwhile keeps the
// lock until it is closed too. After a kill the path is free.
func (Driver) Claim(ctx context.Context, path string) (release func() error, err error) {
	return files.Claim(ctx, path)
}

// Link implements store.Files. Where the file system has no links, or to lies on
// another one, to becomes a copy. A kill leaves the store at from, and the same one
// at to or nothing; and perhaps part of a copy at to + ".resetgen-new", which is in nobody's
// way and goes with the next copy, store or Remove at to.
func (Driver) Link(ctx context.Context, from, to string) error {
	return files.Link(ctx, from, to)
}

// Copy implements store.Files. A kill leaves what it leaves of Link.
func (Driver) Copy(ctx context.Context, from, to string) error {
	return files.Copy(ctx, from, to)
}

// Replace implements store.Files. Both paths lie in one file system; there need be
// no store at over. A kill leaves both stores as they were, or that of from at over
// and none at from.
func (Driver) Replace(ctx context.Context, from, over string) error {
	return files.Replace(ctx, from, over)
}

// Remove implements store.Files. A kill leaves the store or none.
func (Driver) Remove(ctx context.Context, path string) error {
	return files.Remove(ctx, path)
}

// Checksum implements store.Files: it is that of the file's bytes. Opening the store
// changes none, not even to write, unless something is committed or the store is
// brought up to a newer schema.
func (Driver) Checksum(ctx context.Context, path string) (string, error) {
	return files.Checksum(ctx, path)
}

// hold takes a path, where nobody may have the file open (storefile.Files). A damaged
// store is no error.
func hold(ctx context.Context, path string, u storefile.Use) (*storefile.Lease, error) {
	l, err := acquire(ctx, path, u)
	if l == nil {
		return nil, err
	}
	if err := patiently(ctx, func() error { return unopened(path) }); err != nil {
		return l, err
	}
	if err == nil {
		err = identify(ctx, path)
	}
	switch {
	case errors.Is(err, store.ErrCorrupt):
		return l, nil
	case errors.Is(err, store.ErrNotAStore):
		l.InVain()
	}
	return l, err
}

// acquire begins to use a path (storefile.Acquire). Those who only read make no lock:
// bbolt locks the file itself.
func acquire(ctx context.Context, path string, u storefile.Use) (l *storefile.Lease, err error) {
	err = patiently(ctx, func() error {
		l, err = storefile.Acquire(path, u, storefile.Kind{Driver: Driver{}, Inspect: inspect})
		return err
	})
	return l, err
}

// unopened finds out whether anybody has the file at a path open that has no lock of
// it: a reader who found none, or another program. There need not be a file.
func unopened(path string) error {
	file := flock.New(path, flock.SetFlag(os.O_RDONLY))
	ok, err := file.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("locking %s: %w", path, err)
	case !ok:
		return fmt.Errorf("%w: %s is open elsewhere", store.ErrInUse, path)
	}
	return file.Unlock()
}

// retry is how often a lock is tried that another opener has.
const retry = 20 * time.Millisecond

// patiently tries again what is in use until the deadline of ctx. Without one
// nobody has said how long there is to wait.
func patiently(ctx context.Context, try func() error) error {
	for {
		err := try()
		if _, waits := ctx.Deadline(); !waits || !errors.Is(err, store.ErrInUse) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, context.Cause(ctx))
		case <-time.After(retry):
		}
	}
}
