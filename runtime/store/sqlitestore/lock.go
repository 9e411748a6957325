package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/resetgen/resetgen/runtime/store"
)

// lock keeps others from opening the same file. SQLite's own locks do not: two
// handles can share a file in peace, and moving it away under one of them, which
// a client reset does, loses what that one writes.
type lock struct {
	*flock.Flock
	made bool // the lock's file was not there before
}

// acquire takes the lock, shared by all who only read.
func acquire(path string, readOnly bool) (*lock, error) {
	name := path + ".lock"
	_, err := os.Stat(name)
	l := &lock{Flock: flock.New(name, flock.SetPermissions(0o666)), made: errors.Is(err, fs.ErrNotExist)}
	try := l.TryLock
	if readOnly {
		try = l.TryRLock
	}
	ok, err := try()
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("making the lock file %s: %w; the directory %s must be writable, even for reading a store", name, err, filepath.Dir(name))
	case err != nil:
		return nil, fmt.Errorf("locking %s: %w", name, err)
	case !ok:
		return nil, fmt.Errorf("%w: %s is locked by another opener", store.ErrInUse, name)
	}
	return l, nil
}

// discard removes a lock file that was made in vain. It must not be done to one
// that others may be waiting for.
func (l *lock) discard() {
	if l.made {
		os.Remove(l.Path())
	}
}
