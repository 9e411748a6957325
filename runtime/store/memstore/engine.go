package memstore

import (
	"context"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// engine is an open store.
type engine struct {
	disk   *Disk
	file   *file
	models map[*model.Info]*store.ModelLayout
	stored map[string]string // the names that models have in the store, by their names in the app
	now    map[string]string // the reverse
	dead   error             // why nothing works any more; guarded by the disk
}

func (e *engine) lay(l *store.Layout) {
	e.models = make(map[*model.Info]*store.ModelLayout, len(l.Models))
	e.stored, e.now = map[string]string{}, map[string]string{}
	for i := range l.Models {
		m := &l.Models[i]
		e.models[m.Info] = m
		if m.Was != nil && m.Was.Name != m.Info.Name {
			e.stored[m.Info.Name], e.now[m.Was.Name] = m.Was.Name, m.Info.Name
		}
	}
}

// translate gives a name that has changed in its other form.
func translate(names map[string]string, name string) string {
	if other, ok := names[name]; ok {
		return other
	}
	return name
}

// Begin implements store.Engine: a transaction works on a copy of the content,
// which costs next to nothing until it is written to.
func (e *engine) Begin(ctx context.Context, write bool) (store.EngineTx, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	switch {
	case e.dead != nil:
		return nil, e.dead
	case write && e.file.writer != e:
		return nil, store.ErrReadOnly
	}
	return &tx{engine: e, write: write, content: e.file.content.copy()}, nil
}

// Close implements store.Engine.
func (e *engine) Close() error {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	if e.dead != nil {
		return e.dead
	}
	e.dead = store.ErrClosed
	if e.file.writer == e {
		e.file.writer = nil
	}
	delete(e.file.readers, e)
	return nil
}

// check tells whether the store can still be used.
func (e *engine) check() error {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	return e.dead
}

// layout is where the fields of a model lie.
func (e *engine) layout(m *model.Info) (*store.ModelLayout, error) {
	if l := e.models[m]; l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("%w: the model %s is not part of it", store.ErrSchema, m.Name)
}
