package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/natefinch/atomic"

	"github.com/resetgen/resetgen/runtime/store"
)

// Files of stores are moved by the methods below: they know what lies beside a
// file, and who has it open. What is open is refused with store.ErrInUse, when Open
// would refuse it; a damaged store is moved like any other, and a file that is no
// store stays where it is. What they did lasts when they return. After a kill each
// can be called again; if there is nothing at from then, it was through.

// Claim implements store.Files. The lock of the path is this process's until release
// is called, which must be once; what of its own it opens there meanwhile keeps the
// lock until it is closed too. After a kill the path is free.
func (d Driver) Claim(ctx context.Context, path string) (release func() error, err error) {
	file, err := locate(ctx, path)
	if err != nil {
		return nil, err
	}
	l, err := hold(ctx, file, claiming)
	if l == nil {
		return nil, fmt.Errorf("claiming %s: %w", path, err)
	}
	return l.release, nil
}

// Link implements store.Files. Where the file system has no links, or to lies on
// another one, to becomes a copy. A kill leaves the store at from, and the same one
// at to or nothing; and perhaps part of a copy at to + ".new", which is in nobody's
// way and goes with the next copy, store or Remove at to.
func (d Driver) Link(ctx context.Context, from, to string) error {
	return d.move(ctx, "linking", from, to, func(from, to string) error {
		is, err := linked(from, to)
		if err == nil && !is {
			if err = os.Link(from, to); err != nil && !errors.Is(err, fs.ErrExist) {
				err = duplicate(ctx, from, to)
			}
		}
		return errors.Join(err, syncDir(filepath.Dir(to)))
	})
}

// Copy implements store.Files. A kill leaves what it leaves of Link.
func (d Driver) Copy(ctx context.Context, from, to string) error {
	return d.move(ctx, "copying", from, to, func(from, to string) error {
		if _, err := os.Lstat(to); err == nil {
			return errTaken
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return errors.Join(duplicate(ctx, from, to), syncDir(filepath.Dir(to)))
	})
}

// Replace implements store.Files. Both paths lie in one file system; there need be
// no store at over. A kill leaves both stores as they were, or that of from at over
// and none at from.
func (d Driver) Replace(ctx context.Context, from, over string) error {
	return d.move(ctx, "replacing", from, over, func(from, over string) error {
		if err := atomic.ReplaceFile(from, over); err != nil {
			return err
		}
		if err := syncDir(filepath.Dir(over)); err != nil {
			return err
		}
		return discard(from) // which is still there if both were one file
	})
}

// Remove implements store.Files. A kill leaves the store or none.
func (d Driver) Remove(ctx context.Context, path string) error {
	file, err := locate(ctx, path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(file)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	l, err := hold(ctx, file, moving)
	if l != nil {
		err = errors.Join(discard(file), l.release())
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return nil
}

// Checksum implements store.Files: it is that of the file's bytes. Opening the store
// changes none, not even to write, unless something is committed or the store is
// brought up to a newer schema.
func (d Driver) Checksum(ctx context.Context, path string) (sum string, err error) {
	file, err := locate(ctx, path)
	if err != nil {
		return "", err
	}
	l, err := hold(ctx, file, moving)
	if err == nil {
		sum, err = checksum(ctx, file)
	}
	if err = errors.Join(err, l.release()); err != nil {
		return "", fmt.Errorf("taking the checksum of %s: %w", path, err)
	}
	return sum, nil
}

// move does something with two names that this process has for itself.
func (d Driver) move(ctx context.Context, doing, from, to string, do func(from, to string) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s %s to %s: %w", doing, from, to, err)
		}
	}()
	fromFile, err := locate(ctx, from)
	if err != nil {
		return err
	}
	toFile, err := locate(ctx, to)
	if err != nil {
		return err
	}
	if fromFile == toFile {
		return fmt.Errorf("%w: they are one", fs.ErrExist)
	}
	for _, file := range []string{fromFile, toFile} {
		l, errHold := hold(ctx, file, moving)
		defer func() { err = errors.Join(err, l.release()) }()
		if errHold != nil && (l == nil || file == fromFile) { // at to there need not be a store
			return errHold
		}
	}
	if err := syncFile(fromFile); err != nil {
		return err
	}
	return do(fromFile, toFile)
}

// hold takes a path for this process. Where there is no store its error wraps
// fs.ErrNotExist, and the lease is valid all the same. A damaged one is no error.
func hold(ctx context.Context, path string, u use) (*lease, error) {
	if err := regular(path, false); err != nil {
		return nil, err
	}
	l, err := acquire(ctx, path, u)
	if err != nil {
		return nil, err
	}
	if err = patiently(ctx, func() error { return unopened(path) }); err == nil {
		err = identify(ctx, path)
	}
	switch {
	case err == nil, errors.Is(err, store.ErrCorrupt):
		return l, nil
	case errors.Is(err, fs.ErrNotExist):
		return l, err
	case errors.Is(err, store.ErrNotAStore):
		l.discard()
	}
	return nil, errors.Join(err, l.release())
}

// linked tells whether the store at from is at to already, as a call that was cut short
// leaves it. Any other file there is an error.
func linked(from, to string) (bool, error) {
	there, err := os.Stat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	info, err := os.Stat(from)
	if err != nil || os.SameFile(info, there) {
		return err == nil, err
	}
	same, err := sameContent(from, to)
	if err == nil && !same {
		err = errTaken
	}
	return same, err
}

var errTaken = fmt.Errorf("%w: another store is there", fs.ErrExist)

// sameContent compares two files.
func sameContent(from, to string) (bool, error) {
	a, err := os.Open(from)
	if err != nil {
		return false, err
	}
	defer a.Close()
	b, err := os.Open(to)
	if err != nil {
		return false, err
	}
	defer b.Close()
	const size = 1 << 16
	partA, partB := make([]byte, size), make([]byte, size)
	for {
		n, errA := io.ReadFull(a, partA)
		m, errB := io.ReadFull(b, partB)
		switch {
		case !bytes.Equal(partA[:n], partB[:m]):
			return false, nil
		case errA == io.EOF || errA == io.ErrUnexpectedEOF:
			return true, nil
		case errA != nil || errB != nil:
			return false, errors.Join(errA, errB)
		}
	}
}

// duplicate copies a file to a name that nothing has, by way of another: the lock of
// the name keeps others from making a store there meanwhile.
func duplicate(ctx context.Context, from, to string) error {
	draft := to + ".new"
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(draft)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, &breakable{ctx, in})
	err = errors.Join(err, out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(draft, to)
	}
	if err != nil {
		return errors.Join(err, remove(draft))
	}
	return nil
}

func checksum(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, &breakable{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// breakable is a reader that ends with its context.
type breakable struct {
	ctx context.Context
	io.Reader
}

func (r *breakable) Read(b []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

// discard removes the store at path with what was to become one.
func discard(path string) error {
	if err := errors.Join(remove(path), remove(path+".new")); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncFile makes the content of a file last. Windows does that only for those who
// could have written it.
func syncFile(path string) error {
	flag := os.O_RDONLY
	if runtime.GOOS == "windows" {
		flag = os.O_RDWR
	}
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
