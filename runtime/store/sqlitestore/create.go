package sqlitestore

import (
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/internal/storefile"
	"github.com/resetgen/resetgen/runtime/store"
)

// create makes an empty store.
func (e *engine) create(schema *store.Schema) error {
	err := storefile.Create(e.path, companions, func(draft string) error { return e.fill(draft, schema) })
	if err != nil {
		return fmt.Errorf("making the store: %w", err)
	}
	return nil
}

// fill makes the tables of a new store in the file at path, which is empty.
func (e *engine) fill(path string, schema *store.Schema) (err error) {
	layout, err := (&store.Catalog{}).Layout(schema)
	if err != nil {
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
