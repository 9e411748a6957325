// Package memstore is a store that lives in memory, for tests and for data that
// may go with the process. Its content lies on a Disk, which outlives the stores
// that are opened on it: they can be closed, reopened and killed as if they were
// files.
package memstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/resetgen/resetgen/runtime/store"
)

// Disk is a store.Driver: it holds the content of any number of stores by their
// paths. It is safe for concurrent use.
type Disk struct {
	mu    sync.Mutex
	files map[string]*file
}

// file is what a path leads to.
type file struct {
	content *content // of the latest commit
	writer  *engine
	readers map[*engine]bool
}

// New gives an empty disk.
func New() *Disk { return &Disk{files: map[string]*file{}} }

// errKilled is what the calls of a store give after Kill.
var errKilled = errors.New("the process that had it open was killed")

// Open opens the store at path; store.Open calls it.
func (d *Disk) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (store.Engine, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[path]
	switch {
	case f == nil && o.ReadOnly:
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	case f == nil:
		f = &file{content: newContent(), readers: map[*engine]bool{}}
	case f.writer != nil, !o.ReadOnly && len(f.readers) > 0:
		return nil, fmt.Errorf("%w: %s is open elsewhere", store.ErrInUse, path)
	}
	layout, err := f.content.catalog.Layout(schema)
	if err != nil {
		return nil, err
	}
	e := &engine{disk: d, file: f}
	if o.ReadOnly {
		f.readers[e] = true
	} else {
		updated, err := f.content.update(layout)
		if err != nil {
			return nil, err
		}
		f.content, f.writer, layout = updated, e, layout.Applied()
		d.files[path] = f
	}
	e.lay(layout)
	return e, nil
}

// Kill ends every store that is open on the disk as the end of a process would:
// what was not committed is gone, and further calls fail. What was committed can
// be opened again.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.files {
		if f.writer != nil {
			f.writer.dead = errKilled
		}
		for e := range f.readers {
			e.dead = errKilled
		}
		f.writer = nil
		clear(f.readers)
	}
}
