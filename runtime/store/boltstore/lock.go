package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/resetgen/resetgen/runtime/store"
)

// retry is how often a lock is tried that another opener has.
const retry = 20 * time.Millisecond

// lock keeps a second writer away while there is no file yet that bbolt could
// lock, and while the file is looked over. The nil lock is that of a reader.
type lock struct {
	*flock.Flock
	made bool // the lock's file was not there before
}

// acquire takes the lock for a writer.
func acquire(ctx context.Context, path string) (*lock, error) {
	name := path + ".lock"
	_, err := os.Stat(name)
	l := &lock{Flock: flock.New(name, flock.SetPermissions(0o666)), made: errors.Is(err, fs.ErrNotExist)}
	err = patiently(ctx, func() error {
		switch ok, err := l.TryLock(); {
		case err != nil:
			return fmt.Errorf("locking %s: %w", name, err)
		case !ok:
			return fmt.Errorf("%w: %s is locked by another opener", store.ErrInUse, name)
		}
		return nil
	})
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w; the directory %s must be writable, except for a store that is only read", err, filepath.Dir(name))
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

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

func (l *lock) release() error {
	if l == nil {
		return nil
	}
	return l.Unlock()
}

// discard removes a lock file that was made in vain, so that nothing is left
// beside another program's file. It must not be done to one that others may be
// waiting for.
func (l *lock) discard() {
	if l != nil && l.made {
		os.Remove(l.Path())
	}
}
