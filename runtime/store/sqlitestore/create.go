package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/resetgen/resetgen/runtime/store"
)

// create makes an empty store under another name and moves it into place, so
// that there is never half a store.
func (e *engine) create(schema *store.Schema) error {
	draft := e.path + ".new"
	if err := remove(draft, draft+"-journal"); err != nil { // of a process that was killed
		return err
	}
	if err := e.fill(draft, schema); err != nil {
		return errors.Join(fmt.Errorf("making the store: %w", err), remove(draft, draft+"-journal"))
	}
	if err := os.Rename(draft, e.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(e.path))
}

// remove removes files that may not be there.
func remove(names ...string) error {
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// fill makes the tables of a new store in the file at path.
func (e *engine) fill(path string, schema *store.Schema) (err error) {
	layout, err := (&store.Catalog{}).Layout(schema)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	c, err := open(e.sqlite, uri(path, "rw"), "PRAGMA synchronous = FULL")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	return c.atomically(func() error {
		for _, text := range bookkeeping {
			if err := c.run(text); err != nil {
				return err
			}
		}
		return apply(c, layout)
	})
}
