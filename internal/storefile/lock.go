package storefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/resetgen/resetgen/runtime/store"
)

// The lock of a path is on a file of its own beside it, for it is there before the
// store and stays while the store is replaced. Locks on the store's file, such as
// SQLite's, would not do either: two handles can share a file in peace, and moving it
// away under one of them, which a client reset does, loses what that one writes.

// enter takes the lock of the path, which all who only read share.
func (p *presence) enter(create bool) error {
	name := p.path + ".lock"
	for {
		_, err := os.Stat(name)
		made := create && errors.Is(err, fs.ErrNotExist)
		lock := flock.New(name, flock.SetPermissions(0o666))
		if !create {
			lock = flock.New(name, flock.SetFlag(os.O_RDONLY))
		}
		try := lock.TryRLock
		if p.exclusive {
			try = lock.TryLock
		}
		ok, err := try()
		switch unwritable := errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS); {
		case !p.exclusive && (errors.Is(err, fs.ErrNotExist) || made && unwritable):
			return nil
		case p.exclusive && unwritable:
			return fmt.Errorf("making the lock file %s: %w; the directory %s must be writable, except for a store that is only read", name, err, filepath.Dir(name))
		case err != nil:
			return fmt.Errorf("locking %s: %w", name, err)
		case !ok:
			return fmt.Errorf("%w: %s has %s open; close it there, or end that process, and try again", store.ErrInUse, holder(name), p.path)
		}
		if current(lock) {
			p.lock, p.made = lock, made
			p.sign()
			return nil
		}
		if err := lock.Unlock(); err != nil {
			return err
		}
	}
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

// sign writes into the lock's file, past the byte that is locked, which process
// has it for itself. That is for messages only.
func (p *presence) sign() {
	if !p.exclusive {
		p.unsign() // of a process that was killed
		return
	}
	if f, err := os.OpenFile(p.lock.Path(), os.O_WRONLY, 0); err == nil {
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 1)
		f.Close()
	}
}

func (p *presence) unsign() {
	if info, err := os.Stat(p.lock.Path()); err == nil && info.Size() > 0 {
		os.Truncate(p.lock.Path(), 0)
	}
}

// holder says who has a lock, as far as is known.
func holder(name string) string {
	content, _ := os.ReadFile(name) // fails on Windows, for the byte that is locked
	if pid := strings.Trim(string(content), "\x00\n"); pid != "" {
		return "process " + pid
	}
	return "another process"
}

// leave lets go of the lock, and of its file where that has nothing to lie beside.
func (p *presence) leave() error {
	if p.lock == nil {
		return nil
	}
	if p.exclusive {
		p.unsign()
	}
	if _, err := os.Lstat(p.path); p.vain || p.exclusive && errors.Is(err, fs.ErrNotExist) {
		os.Remove(p.lock.Path()) // what is open stays, on Windows
	}
	return p.lock.Unlock()
}
