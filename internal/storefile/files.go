package storefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/natefinch/atomic"

	"github.com/resetgen/resetgen/runtime/store"
)

// Files implements store.Files, and Move, for one kind of store. What a method did
// lasts when it returns.
type Files struct {
	// Locate is that of this package, or refuses more.
	Locate func(ctx context.Context, path string) (string, error)

	// Hold acquires a path to move or claim what is there, of which it makes a single
	// file, and refuses with store.ErrInUse what anybody has open that knows nothing of
	// the lock. Where the lease comes with an error there is no store (fs.ErrNotExist),
	// or one that must not be moved. A damaged one can be moved unless it is in several
	// files: that is store.ErrCorrupt, and it can be removed.
	Hold func(ctx context.Context, path string, u Use) (*Lease, error)

	// Companions are the ends of the names beside the store's that belong to it.
	Companions []string
}

// Claim implements store.Files.
func (f Files) Claim(ctx context.Context, path string) (release func() error, err error) {
	l, _, err := f.take(ctx, path, Claiming)
	if l == nil {
		return nil, fmt.Errorf("claiming %s: %w", path, err)
	}
	return sync.OnceValue(func() error { return l.Release(nil) }), nil
}

// Link implements store.Files. Where the file system has no links, or to lies on
// another one, to becomes a copy.
func (f Files) Link(ctx context.Context, from, to string) error {
	return f.move(ctx, "linking", from, to, func(from, to string) error { return f.link(ctx, from, to) })
}

// Copy implements store.Files.
func (f Files) Copy(ctx context.Context, from, to string) error {
	return f.move(ctx, "copying", from, to, func(from, to string) error {
		if _, err := os.Lstat(to); err == nil {
			return errTaken
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return f.duplicate(ctx, from, to)
	})
}

// Move gives the store at from the name to instead. What is at to is not overwritten,
// as Link has it.
func (f Files) Move(ctx context.Context, from, to string) error {
	return f.move(ctx, "moving", from, to, func(from, to string) error {
		if err := f.link(ctx, from, to); err != nil {
			return err
		}
		return f.discard(from)
	})
}

// Replace implements store.Files.
func (f Files) Replace(ctx context.Context, from, over string) error {
	return f.move(ctx, "replacing", from, over, func(from, over string) error {
		if err := atomic.ReplaceFile(from, over); err != nil {
			return err
		}
		if err := SyncDir(filepath.Dir(over)); err != nil {
			return err
		}
		return f.discard(from) // which is still there if both were one file
	})
}

// Remove implements store.Files.
func (f Files) Remove(ctx context.Context, path string) error {
	file, err := f.Locate(ctx, path)
	if err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	l, err := f.Hold(ctx, file, Moving)
	if l == nil && errors.Is(err, fs.ErrNotExist) {
		return nil // not even its directory is there
	}
	if l != nil {
		if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrCorrupt) {
			err = f.discard(file)
		}
		err = errors.Join(err, l.Release(nil))
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return nil
}

// Checksum implements store.Files: it is that of the file.
func (f Files) Checksum(ctx context.Context, path string) (sum string, err error) {
	l, file, err := f.take(ctx, path, Moving)
	if err == nil {
		sum, err = checksum(ctx, file)
	}
	if l != nil {
		err = errors.Join(err, l.Release(nil))
	}
	if err != nil {
		return "", fmt.Errorf("taking the checksum of %s: %w", path, err)
	}
	return sum, nil
}

// move does something with two names that this process has for itself.
func (f Files) move(ctx context.Context, doing, from, to string, do func(from, to string) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s %s to %s: %w", doing, from, to, err)
		}
	}()
	fromFile, err := f.Locate(ctx, from)
	if err != nil {
		return err
	}
	toFile, err := f.Locate(ctx, to)
	if err != nil {
		return err
	}
	if fromFile == toFile {
		return fmt.Errorf("%w: they are one", fs.ErrExist)
	}
	for _, file := range []string{fromFile, toFile} {
		l, errHold := f.hold(ctx, file, Moving)
		if l != nil {
			defer func() { err = errors.Join(err, l.Release(nil)) }()
		}
		if errHold != nil && (l == nil || file == fromFile) { // at to there need not be a store
			return errHold
		}
	}
	if err := syncFile(fromFile); err != nil {
		return err
	}
	return do(fromFile, toFile)
}

// take takes the file that a path means (hold).
func (f Files) take(ctx context.Context, path string, u Use) (*Lease, string, error) {
	file, err := f.Locate(ctx, path)
	if err != nil {
		return nil, "", err
	}
	l, err := f.hold(ctx, file, u)
	return l, file, err
}

// hold takes a file for this process. Where there is no store the error wraps
// fs.ErrNotExist, and the lease is valid all the same if its directory is there.
func (f Files) hold(ctx context.Context, file string, u Use) (*Lease, error) {
	l, err := f.Hold(ctx, file, u)
	if l == nil || err == nil || errors.Is(err, fs.ErrNotExist) {
		return l, err
	}
	return nil, errors.Join(err, l.Release(nil))
}

// link gives a file a second name that nothing has, and makes it last.
func (f Files) link(ctx context.Context, from, to string) error {
	if err := os.Link(from, to); err != nil {
		if is, errSame := same(from, to); errSame != nil {
			return errSame
		} else if !is {
			if _, errStat := os.Lstat(to); errStat == nil {
				return errTaken
			}
			return f.duplicate(ctx, from, to)
		}
	}
	return SyncDir(filepath.Dir(to))
}

var errTaken = fmt.Errorf("%w: another store is there", fs.ErrExist)
