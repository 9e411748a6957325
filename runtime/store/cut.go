package store

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
)

// What callers of the cuts branch on.
var (
	// ErrCutOpen: the fate of what was sent is not known yet, so that nothing may
	// be taken over from the backend. Settle the cut by the backend's mark first.
	ErrCutOpen = errors.New("a cut is open")

	// ErrNoCut: no cut is open.
	ErrNoCut = errors.New("no cut is open")
)

// DefaultChunk is how many objects a chunk has unless told otherwise.
const DefaultChunk = 1000

// Cut is the open cut, or nil.
func (l Ledger) Cut() *model.Cut { return l.tx.state.Cut }

// OpenCut makes what is unsynced a cut, to be sent in chunks of size objects; 0
// means DefaultChunk. It gives nil where there is nothing to send: changes that
// the backend refused do not count until they are retried, nor do those of models
// that this version of the app does not have. One cut is open at a time.
func (l Ledger) OpenCut(size int) (*model.Cut, error) {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return nil, err
	}
	if tx.state.Cut != nil {
		return nil, fmt.Errorf("opening a cut in %s: cut %d: %w", tx.store.path, tx.state.Cut.N, ErrCutOpen)
	}
	if size <= 0 {
		size = DefaultChunk
	}
	cut := &model.Cut{Client: tx.state.Client, Epoch: tx.state.Epoch, N: tx.state.Cuts + 1, Nonce: randomID(), Seq: tx.state.Seq, Stamp: tx.store.clock.High(), Size: size, Previous: tx.state.Settled.Nonce, PreviousDone: tx.state.Settled.Done}
	for _, m := range tx.store.schema.Models() {
		cut.Models = append(cut.Models, m.Info.Name)
	}
	for e, err := range tx.cutEntries(cut, nil) {
		if err != nil {
			return nil, err
		}
		if inCut(cut, e) {
			cut.Objects++
		}
	}
	if cut.Objects == 0 {
		return nil, nil
	}
	cut.Size = min(size, cut.Objects)
	tx.state.Cut, tx.state.Cuts, tx.dirty = cut, cut.N, true
	tx.stamped = 0 // what this transaction writes from here on is not in the cut
	return cut, nil
}

// chunks is how many chunks a cut has.
func chunks(cut *model.Cut) int { return (cut.Objects + cut.Size - 1) / cut.Size }

// inCut tells whether an entry of one of the cut's models belongs to the cut. What
// was written since has a later sequence, or what the cut has of it is set aside.
func inCut(cut *model.Cut, e *model.Entry) bool {
	return e.Sent != nil || e.Refused == "" && e.Seq <= cut.Seq
}

// cutEntries yields the entries of the models in the cut, in the order in which
// they are sent; those after the one of the patch, if there is one.
func (tx *Tx) cutEntries(cut *model.Cut, after *model.Patch) iter.Seq2[*model.Entry, error] {
	return func(yield func(*model.Entry, error) bool) {
		var key model.Value
		names := cut.Models
		if after != nil {
			i := slices.IndexFunc(names, func(name string) bool { return tx.store.nowNamed(name) == after.Model })
			names, key = names[i:], after.Key
		}
		for _, name := range names {
			name = tx.store.nowNamed(name)
			for e, err := range tx.entriesAfter(name, key) {
				if err == nil && e.Model != name {
					break
				}
				if !yield(e, err) || err != nil {
					return
				}
			}
			key = model.Value{}
		}
	}
}

// nowNamed is the name that the model has now.
func (s *Store) nowNamed(name string) string {
	if m := s.schema.Model(name); m != nil {
		return m.Info.Name
	}
	return name
}

// Chunk is the chunk of the open cut that follows the one given, as of the moment
// when the cut was made, and nil when there is none; nil is followed by the
// first.
func (l Ledger) Chunk(after *model.Chunk) (*model.Chunk, error) {
	tx := l.tx
	cut := tx.state.Cut
	switch {
	case cut == nil:
		return nil, fmt.Errorf("sending from %s: %w", tx.store.path, ErrNoCut)
	case cut.Epoch != tx.state.Epoch:
		return nil, fmt.Errorf("sending from %s: cut %d was fenced and waits to be settled: %w", tx.store.path, cut.N, ErrCutOpen)
	}
	next := &model.Chunk{Cut: *cut, Patches: make([]model.Patch, 0, cut.Size)}
	var last *model.Patch
	if after != nil {
		if after.Cut.Nonce != cut.Nonce || len(after.Patches) == 0 {
			return nil, fmt.Errorf("sending from %s: the chunk to go on from is none of cut %d", tx.store.path, cut.N)
		}
		next.Index = after.Index + 1
		last = &after.Patches[len(after.Patches)-1]
	}
	for e, err := range tx.cutEntries(cut, last) {
		if err != nil {
			return nil, err
		}
		if !inCut(cut, e) {
			continue
		}
		patch, err := tx.patch(e)
		if err != nil {
			return nil, err
		}
		if next.Patches = append(next.Patches, patch); len(next.Patches) == cut.Size {
			return next, nil
		}
	}
	if len(next.Patches) == 0 {
		return nil, nil
	}
	return next, nil
}

// patch is what is sent of an entry.
func (tx *Tx) patch(e *model.Entry) (model.Patch, error) {
	m := tx.store.schema.Model(e.Model)
	if m == nil {
		return model.Patch{}, fmt.Errorf("sending %s %v: %w: it has no such model", e.Model, e.Key, ErrSchema)
	}
	var row *model.Row
	var err error
	if e.Sent != nil {
		row = model.RowOf(m.Info, e.Sent.Row)
		e = e.Sent.Entry
	} else if e.Change != model.Deleted {
		if row, err = tx.Row(m.Info, e.Key); err != nil {
			return model.Patch{}, err
		}
		if row == nil {
			return model.Patch{}, describe("sending", m.Info, e.Key, fmt.Errorf("%w: it is on record as %s and is not there", ErrCorrupt, e.Change))
		}
	}
	p := model.Patch{Model: e.Model, Key: e.Key, Change: e.Change, Seq: e.Seq, Stamp: e.Stamp, Base: e.Base, Renamed: renamed(m.Info)}
	for i := range e.Fields {
		f := &e.Fields[i]
		v, err := valueToSend(m.Info, row, f.Name)
		if err != nil {
			return model.Patch{}, describe("sending", m.Info, e.Key, err)
		}
		p.Fields = append(p.Fields, model.PatchField{Name: f.Name, Value: v, Base: f.Base, Stamp: f.Stamp, Touched: f.Touched})
	}
	if e.Change != model.Created && e.Change != model.Recreated && m.Info.Track != model.TrackObject {
		return p, nil
	}
	return p, tx.patchRest(m.Info, e, row, &p)
}

// patchRest adds the fields that nobody changed: those of a new object, which are as
// much a part of it although they are zero, and with track=object those of every
// object, for they hold only together.
func (tx *Tx) patchRest(m *model.Info, e *model.Entry, row *model.Row, p *model.Patch) error {
	for i := range m.Fields {
		field := &m.Fields[i]
		if i == m.Key || e.Change == model.Deleted || e.Field(field.Name) != nil || e.Change == model.Updated && field.Convert != nil {
			continue // of a value that was converted nobody knows how the backend has it
		}
		v, err := valueToSend(m, row, field.Name)
		if err != nil {
			return describe("sending", m, e.Key, err)
		}
		rest := model.PatchField{Name: field.Name, Value: v, Stamp: e.Stamp}
		if e.Change == model.Updated {
			rest.Base = v
		}
		p.Fields = append(p.Fields, rest)
	}
	return nil
}

// renamed has the present names of a model's fields by their earlier ones.
func renamed(m *model.Info) map[string]string {
	var names map[string]string
	for i := range m.Fields {
		for _, was := range m.Fields[i].Was {
			if names == nil {
				names = map[string]string{}
			}
			names[was] = m.Fields[i].Name
		}
	}
	return names
}

// valueToSend is the value of a changed field in the form that it has now; a field
// that this version of the app does not know is sent as it was stored. Its base is
// sent as it is on record, for that is how the backend knows it.
func valueToSend(m *model.Info, row *model.Row, name string) (model.Value, error) {
	if i := m.Index(name); i >= 0 {
		v, err := m.Fields[i].Present(row.Values[i])
		if err != nil {
			return v, &model.FieldError{Model: m.Name, Field: name, Value: row.Values[i], Err: err}
		}
		return v, nil
	}
	for _, extra := range row.Extra {
		if extra.Name == name {
			return extra.Value, nil
		}
	}
	return model.Value{}, fmt.Errorf("%w: the field %s is on record as changed and is not there; set it again, or discard the change with Tx.Discard", ErrSchema, name)
}
