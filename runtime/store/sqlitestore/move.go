package sqlitestore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql/driver"
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

// Files of stores are moved by the functions below and not by others: they know
// what lies beside a file, and who has it open. Each refuses with ErrInUse what is
// open anywhere, and a log that a killed process has left is worked into its file
// first. Of the programs that know nothing of stores, SQLite tells only those
// that are in a transaction, or have a store open that was not closed since they
// read it. After a kill each can be called again; if it finds nothing at from then,
// which is an error that wraps fs.ErrNotExist, it was through.

// Claim implements store.Files: it makes sure that nobody, in this process or
// another, has the store at path open, and keeps it for this process until release
// is called, once. It holds between moves that belong together.
func (d Driver) Claim(ctx context.Context, path string) (release func() error, err error) {
	file, sqlite, err := d.locate(ctx, path)
	if err != nil {
		return nil, err
	}
	l, err := hold(file, claiming, sqlite)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if l != nil {
			err = errors.Join(err, l.release(nil))
		}
		return nil, fmt.Errorf("claiming %s: %w", path, err)
	}
	return func() error { return l.release(nil) }, nil
}

// Link gives the store at from the name to as well. Where the file system has no
// links, or to lies on another one, to becomes a copy. There is a store at from
// all the time, and at to there is never part of one. What is at to is never
// overwritten: if it is not the same store already, that is an error that wraps
// fs.ErrExist. Until one of the two names is taken away, writing to either is
// writing to both.
//
// A kill leaves one name or both, and perhaps to + ".new", which the next call
// removes.
func (d Driver) Link(ctx context.Context, from, to string) error {
	return d.move(ctx, "linking", from, to, func(from, to string) error { return link(ctx, from, to) })
}

// Copy implements store.Files. A kill leaves nothing at to or all of it, and perhaps
// to + ".new", which the next call removes.
func (d Driver) Copy(ctx context.Context, from, to string) error {
	return d.move(ctx, "copying", from, to, func(from, to string) error {
		switch _, err := os.Lstat(to); {
		case err == nil:
			return fmt.Errorf("%w: another store is there", fs.ErrExist)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if err := duplicate(ctx, from, to); err != nil {
			return err
		}
		return syncDir(filepath.Dir(to))
	})
}

// Checksum implements store.Files: it is that of the file, of which a log is made a
// part first.
func (d Driver) Checksum(ctx context.Context, path string) (sum string, err error) {
	file, sqlite, err := d.locate(ctx, path)
	if err != nil {
		return "", err
	}
	l, err := hold(file, moving, sqlite)
	if l != nil {
		defer func() { err = errors.Join(err, l.release(nil)) }()
	}
	if err != nil {
		return "", fmt.Errorf("checking %s: %w", path, err)
	}
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("checking: %w", err)
	}
	defer f.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, contextReader{ctx, f}); err != nil {
		return "", fmt.Errorf("checking %s: %w", path, err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// Move gives the store at from the name to instead. What is at to is never
// overwritten, as Link has it. A kill leaves the store at from, at both or at to.
func (d Driver) Move(ctx context.Context, from, to string) error {
	return d.move(ctx, "moving", from, to, func(from, to string) error {
		if err := link(ctx, from, to); err != nil {
			return err
		}
		return discard(from)
	})
}

// Replace puts the store at from in the place of that at over. The store that was at
// over is lost unless it has another name; Link gives it one. Both lie in one file
// system. A kill leaves over as it was and from where it was, or from's store at over
// and nothing at from: over is never empty.
func (d Driver) Replace(ctx context.Context, from, over string) error {
	return d.move(ctx, "replacing", from, over, func(from, over string) error {
		if err := atomic.ReplaceFile(from, over); err != nil {
			return err
		}
		return errors.Join(syncDir(filepath.Dir(over)), discard(from))
	})
}

// Remove removes the store at path with all that lies beside it. It is no error if
// it is gone. A kill leaves a store that is whole, or one that Open refuses and a
// second Remove removes.
func (d Driver) Remove(ctx context.Context, path string) error {
	file, sqlite, err := d.locate(ctx, path)
	if err != nil {
		return err
	}
	l, err := hold(file, moving, sqlite)
	if l == nil && errors.Is(err, fs.ErrNotExist) {
		return nil // not even its directory is there
	}
	if l == nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrCorrupt) {
		err = discard(file)
	}
	if err = errors.Join(err, l.release(nil)); err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return nil
}

// move does something with two names that this process has for itself.
func (d Driver) move(ctx context.Context, doing, from, to string, do func(from, to string) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s %s to %s: %w", doing, from, to, err)
		}
	}()
	fromFile, sqlite, err := d.locate(ctx, from)
	if err != nil {
		return err
	}
	toFile, _, err := d.locate(ctx, to)
	if err != nil {
		return err
	}
	if fromFile == toFile {
		return fmt.Errorf("%w: they are one", fs.ErrExist)
	}
	for _, file := range []string{fromFile, toFile} {
		l, err := hold(file, moving, sqlite)
		if l != nil {
			defer l.release(nil)
		}
		if err != nil && (file == fromFile || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	if err := syncFile(fromFile); err != nil {
		return err
	}
	return do(fromFile, toFile)
}

// hold takes a path, and makes the store there a single file. The lease is valid
// where there is none, which is an error that wraps fs.ErrNotExist, and where it is
// damaged. A damaged file that no log belongs to can be moved like any other.
func hold(path string, u use, sqlite driver.Driver) (*lease, error) {
	if err := regular(path, false); err != nil {
		return nil, err
	}
	l, err := acquire(path, u, sqlite)
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
		err = errors.Join(remove(path+"-journal"), c.run(rollback.text))
	}
	return errors.Join(err, c.close())
}

// link gives a file a second name that nothing has, and makes it last.
func link(ctx context.Context, from, to string) error {
	if err := os.Link(from, to); err != nil {
		if is, errSame := same(from, to); errSame != nil {
			return errSame
		} else if !is {
			if _, errStat := os.Lstat(to); errStat == nil {
				return fmt.Errorf("%w: another store is there", fs.ErrExist)
			}
			if err := duplicate(ctx, from, to); err != nil {
				return err
			}
		}
	}
	return syncDir(filepath.Dir(to))
}

// same tells whether two names are of one file, or of files with one content.
func same(from, to string) (bool, error) {
	b, err := os.Open(to)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer b.Close()
	a, err := os.Open(from)
	if err != nil {
		return false, err
	}
	defer a.Close()
	infoA, errA := a.Stat()
	infoB, errB := b.Stat()
	if err := errors.Join(errA, errB); err != nil || os.SameFile(infoA, infoB) || infoA.Size() != infoB.Size() {
		return err == nil && os.SameFile(infoA, infoB), err
	}
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

// duplicate copies a file to a name that nothing has, by way of another: the lock
// of the name keeps others from making a store there meanwhile.
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
	_, err = io.Copy(out, contextReader{ctx, in})
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	return os.Rename(draft, to)
}

// companions are what may lie beside a store's file and goes with it.
var companions = []string{"-wal", "-journal", "-shm", ".new", ".new-journal"}

// discard removes the store at path, the file before what lies beside it: a log
// without its file is noticed, a file without its log is not.
func discard(path string) error {
	if err := remove(path); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := syncDir(dir); err != nil {
		return err
	}
	for _, suffix := range companions {
		if err := remove(path + suffix); err != nil {
			return err
		}
	}
	return syncDir(dir)
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
