package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/resetgen/resetgen/internal/storefile"
	"github.com/resetgen/resetgen/runtime/store"
)

// inspect tells a file of bbolt from others by what never changes in it, whoever
// may be writing to it. Its error wraps fs.ErrNotExist where there is no file yet,
// or an empty one.
func inspect(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() == 0:
		return fmt.Errorf("%s is empty: %w", path, fs.ErrNotExist)
	}
	header := make([]byte, minPageSize)
	for at := int64(0); at <= maxPageSize; at = max(2*at, minPageSize) { // either header may be damaged
		n, err := f.ReadAt(header, at)
		if err != nil && err != io.EOF {
			return err
		}
		if n < pageHeaderSize+metaSize {
			break
		}
		if m := parseMeta(header); m.magic == magic {
			if info.Size() < 2*max(int64(m.pageSize), minPageSize) {
				return fmt.Errorf("%w: %s ends after %d bytes", store.ErrCorrupt, path, info.Size())
			}
			return nil
		}
	}
	return fmt.Errorf("%w: %s is not a file of bbolt", store.ErrNotAStore, path)
}

// identify tells a store from other files of bbolt without looking it over: by the mark.
// Its errors are those of verify.
func identify(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := (&verifier{ctx: ctx, file: f}).buckets(info.Size()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// attach opens the file: first to look it over, which keeps writers away but
// touches nothing, and then, where the store is to be written to, for that.
func (e *engine) attach(ctx context.Context) error {
	return patiently(ctx, func() error {
		for {
			if err := e.openFile(e.path, true); err != nil {
				return err
			}
			if err := e.lease.Confirm(); err != nil {
				return errors.Join(err, e.closeFile())
			}
			looked, err := e.lookOver(ctx)
			if err != nil || e.readOnly {
				return err
			}
			if err := e.closeFile(); err != nil {
				return err
			}
			if err := e.openFile(e.path, false); err != nil {
				return err
			}
			opened, err := e.file.Stat()
			if err != nil || os.SameFile(looked, opened) {
				return err
			}
			if err := e.closeFile(); err != nil { // it has been replaced meanwhile
				return err
			}
		}
	})
}

// lookOver verifies the file that is open, and tells which it is.
func (e *engine) lookOver(ctx context.Context) (os.FileInfo, error) {
	info, err := e.file.Stat()
	if err != nil {
		return nil, err
	}
	if err := verify(ctx, e.file, info.Size()); err != nil {
		return nil, fmt.Errorf("%s: %w", e.path, err)
	}
	return info, nil
}

// room is how far a file that is written to can grow before it has to be mapped
// into memory anew, for which bbolt waits until nobody reads. It costs nothing but
// addresses, of which a process of 64 bits has plenty; on Windows it would be the
// size of the file.
func room(size int64) int {
	if runtime.GOOS == "windows" || strconv.IntSize < 64 {
		return 0
	}
	return int(size + 1<<30)
}

// growth is by how many bytes a file grows at least.
const growth = 1 << 18

// openFile opens a file with bbolt, and takes bbolt's lock.
func (e *engine) openFile(path string, readOnly bool) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	var file *os.File
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = e.named(damaged(p))
		}
		if err != nil && file != nil {
			file.Close() // again, unless bbolt had no chance to
		}
	}()
	options := &bolt.Options{
		ReadOnly:     readOnly,
		Timeout:      1, // it has been tried once by then
		FreelistType: bolt.FreelistMapType,
		NoStatistics: true,
		OpenFile: func(name string, flag int, perm os.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag&^os.O_CREATE, perm)
			return file, err
		},
	}
	if !readOnly {
		options.InitialMmapSize = room(info.Size())
	}
	db, err := bolt.Open(path, 0o666, options)
	if err != nil {
		return opening(path, err)
	}
	db.AllocSize = growth
	e.db, e.file = db, file
	return nil
}

// opening says what an error of bbolt's means.
func opening(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: %s is open elsewhere", store.ErrInUse, path)
	case errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %s is a file of another version of bbolt: %w", store.ErrNotAStore, path, err)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum):
		return fmt.Errorf("%w: %s: neither of its headers is sound: %w", store.ErrCorrupt, path, err)
	}
	return err
}

// closeFile closes the file and gives bbolt's lock back. Where bbolt would wait
// for itself only the file is closed: its mapping, and on some systems with it the
// lock, stays until the process ends.
func (e *engine) closeFile() error {
	if e.db == nil {
		return nil
	}
	db, file := e.db, e.file
	e.db, e.file = nil, nil
	if e.isStuck() {
		return file.Close()
	}
	return e.guard(db.Close)
}

// create makes an empty store.
func (e *engine) create(ctx context.Context, schema *store.Schema) error {
	err := storefile.Create(e.path, nil, func(draft string) error { return fill(ctx, draft, schema) })
	if err != nil {
		return fmt.Errorf("making the store: %w", err)
	}
	return nil
}

// fill makes the buckets of a new store in the file at path, which is empty.
func fill(ctx context.Context, path string, schema *store.Schema) (err error) {
	layout, err := (&store.Catalog{}).Layout(schema)
	if err != nil {
		return err
	}
	e := &engine{path: path}
	if err := e.openFile(path, false); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.closeFile()) }()
	return e.atomically(ctx, func(t *tx) error {
		if err := t.mark(); err != nil {
			return err
		}
		return t.raise(layout)
	})
}
