package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/resetgen/resetgen/runtime/store"
)

// retry is how often a lock is tried that another opener has.
const retry = 20 * time.Millisecond

// use is what a part of this process does with the path of a store.
type use uint8

const (
	reading  use = iota // a store that is open to be read only
	writing             // a store that is open
	moving              // a Link, Copy, Replace, Remove or Checksum
	claiming            // a Claim
	uses
)

var useNames = [uses]string{"a store that is open to be read", "an open store", "a move", "a Claim"}

// clashes tells which uses cannot begin beside which others of the same process.
var clashes = [uses][]use{
	reading:  {writing, moving},
	writing:  {reading, writing, moving},
	moving:   {reading, writing, moving},
	claiming: {reading, writing, moving, claiming},
}

// presence is the hold that this process has on a path, with all its uses: one lock
// file for them all, for the locks of one process shut each other out like those of
// two. It keeps writers away while there is no file yet that bbolt could lock, while
// the file is looked over and while it is moved.
type presence struct {
	path      string
	lock      *flock.Flock // nil where there was none and somebody only reads
	exclusive bool
	made      bool // the lock's file was not there before
	vain      bool // and is not to stay
	uses      [uses]int
}

// present has this process's presences, by path.
var present = struct {
	sync.Mutex
	paths map[string]*presence
}{paths: map[string]*presence{}}

// lease is one use of a presence.
type lease struct {
	*presence
	use use
}

// acquire begins to use a path; there need not be a store.
func acquire(ctx context.Context, path string, u use) (l *lease, err error) {
	err = patiently(ctx, func() error {
		l, err = take(path, u)
		return err
	})
	return l, err
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

func take(path string, u use) (*lease, error) {
	present.Lock()
	defer present.Unlock()
	p := present.paths[path]
	if p == nil {
		p = &presence{path: path, exclusive: u != reading}
		if err := p.enter(); err != nil {
			return nil, err
		}
		present.paths[path] = p
	}
	for _, other := range clashes[u] {
		if p.uses[other] > 0 {
			return nil, fmt.Errorf("%w: this process has %s of %s, which must end first", store.ErrInUse, useNames[other], path)
		}
	}
	p.uses[u]++
	return &lease{p, u}, nil
}

// enter takes the lock of the path. Those who only read share it, and make none.
func (p *presence) enter() error {
	name := p.path + ".lock"
	for {
		_, err := os.Stat(name)
		made := errors.Is(err, fs.ErrNotExist)
		lock := flock.New(name, flock.SetPermissions(0o666))
		try := lock.TryLock
		if !p.exclusive {
			lock = flock.New(name, flock.SetFlag(os.O_RDONLY))
			try = lock.TryRLock
		}
		ok, err := try()
		switch {
		case !p.exclusive && errors.Is(err, fs.ErrNotExist):
			return nil
		case p.exclusive && unwritable(err):
			return fmt.Errorf("making the lock file %s: %w; the directory %s must be writable, except for a store that is only read", name, err, filepath.Dir(name))
		case err != nil:
			return fmt.Errorf("locking %s: %w", name, err)
		case !ok:
			return fmt.Errorf("%w: %s is locked by another opener", store.ErrInUse, name)
		}
		if current(lock) {
			p.lock, p.made = lock, made
			return nil
		}
		if err := lock.Unlock(); err != nil {
			return err
		}
	}
}

// unwritable tells whether an error is that of a place where nothing can be made.
func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// current tells whether the file that is locked is still the one that others would
// lock: the one who had it before may have removed it.
func current(lock *flock.Flock) bool {
	mine, err := lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(lock.Path())
	return err == nil && os.SameFile(mine, there)
}

// confirm is for a reader that found no lock and has the file by now. Whoever makes
// the lock after this finds the file in use.
func (l *lease) confirm() error {
	present.Lock()
	defer present.Unlock()
	if l.lock != nil {
		return nil
	}
	return l.enter()
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

// discard lets a lock file that was made in vain go with the lease, so that nothing
// is left beside another program's file.
func (l *lease) discard() {
	present.Lock()
	defer present.Unlock()
	l.vain = l.made
}

// release ends a use. The lock file goes with the last one where no store is left.
func (l *lease) release() error {
	if l == nil {
		return nil
	}
	present.Lock()
	defer present.Unlock()
	l.uses[l.use]--
	if l.uses != [uses]int{} {
		return nil
	}
	delete(present.paths, l.path)
	if l.lock == nil {
		return nil
	}
	if _, err := os.Lstat(l.path); l.exclusive && (l.vain || errors.Is(err, fs.ErrNotExist)) {
		os.Remove(l.lock.Path()) // what is open stays, on Windows
	}
	return l.lock.Unlock()
}
