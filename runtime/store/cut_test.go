package store_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// backend is the other side of a cut, with plain maps: it holds objects and the
// client's mark, which it writes together with each chunk. Nobody else writes to
// it, so every patch must be based on exactly what it has.
type backend struct {
	objects map[string]object
	mark    model.Mark
	epoch   uint64
	fate    func() fate
}

// fate is what a backend does with an object.
type fate int

const (
	take fate = iota
	refuse
	conflict // somebody else was there first, and has gone again
)

// apply applies a chunk, or refuses it as late.
func (b *backend) apply(t *rapid.T, c *model.Chunk) {
	if c.Epoch < b.epoch {
		return
	}
	if b.mark.N == c.N && b.mark.Done > c.Index {
		t.Fatalf("chunk %d of cut %d came twice", c.Index, c.N)
	}
	if b.mark.N != c.N {
		b.mark = model.Mark{Client: c.Client, N: c.N, Nonce: c.Nonce}
	}
	if c.Index != b.mark.Done {
		t.Fatalf("chunk %d after %d", c.Index, b.mark.Done)
	}
	b.mark.Done++
	b.mark.Epoch = c.Epoch
	for _, p := range c.Patches {
		switch b.fate() {
		case take:
			b.patch(t, p.Key.Text(), p)
		case refuse:
			b.mark.Refused = append(b.mark.Refused, model.Refusal{Model: p.Model, Key: p.Key, Reason: "no"})
		case conflict:
			b.mark.Conflicts = append(b.mark.Conflicts, model.ObjectKey{Model: p.Model, Key: p.Key})
		}
	}
}

func (b *backend) patch(t *rapid.T, key string, p model.Patch) {
	now, there := b.objects[key]
	if there == (p.Change == model.Created) {
		t.Fatalf("%s is %s, and there: %v", key, p.Change, there)
	}
	if p.Change == model.Deleted || p.Change == model.Recreated {
		for _, v := range p.Base {
			if v.Name != "id" && !v.Value.Equal(now.get(v.Name)) {
				t.Fatalf("%s.%s is %s on %v, the backend has %v", key, v.Name, p.Change, v.Value, now.get(v.Name))
			}
		}
		delete(b.objects, key)
	}
	if p.Change == model.Deleted {
		return
	}
	next := object{}
	if p.Change == model.Updated {
		next = maps.Clone(now)
	}
	for _, f := range p.Fields {
		if p.Change == model.Updated && !f.Base.Equal(now.get(f.Name)) {
			t.Fatalf("%s.%s is based on %v, the backend has %v", key, f.Name, f.Base, now.get(f.Name))
		}
		next[f.Name] = f.Value
	}
	b.objects[key] = next
}

// object is an object's fields that were set.
type object map[string]model.Value

// get is a field's value, zero where it was never set.
func (o object) get(name string) model.Value {
	if v, ok := o[name]; ok {
		return v
	}
	info := records.Model().Info
	return info.Fields[info.Index(name)].Zero
}

// truth is what the app did, counted independently.
type truth struct {
	text  string
	count int64
	tags  map[string]bool
}

// cutMachine drives a store and a backend through everything that can happen to
// a cut.
type cutMachine struct {
	db    *store.Store
	disk  *memstore.Disk
	back  *backend
	truth map[string]*truth
	late  []*model.Chunk // of cuts that were fenced
}

func (m *cutMachine) update(t *rapid.T, do func(tx *store.Tx) error) {
	if err := m.db.Update(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

func (m *cutMachine) open(t *rapid.T) {
	db, err := store.Open(t.Context(), m.disk, "db", &items.Schema, store.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	m.db = db
}

func key(t *rapid.T) string { return rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key") }

// chunksOf lists the chunks of the open cut.
func chunksOf(tx *store.Tx) (all []*model.Chunk, err error) {
	for {
		var last *model.Chunk
		if len(all) > 0 {
			last = all[len(all)-1]
		}
		next, err := tx.Ledger().Chunk(last)
		if err != nil || next == nil {
			return all, err
		}
		all = append(all, next)
	}
}

// actions are what can happen.
func (m *cutMachine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"": m.check,
		"write": func(t *rapid.T) {
			id := key(t)
			m.update(t, func(tx *store.Tx) error {
				r, err := records.Get(tx, id)
				if errors.Is(err, store.ErrNotFound) {
					m.truth[id] = &truth{tags: map[string]bool{}}
					r, err = records.New(tx, id)
				}
				if err != nil {
					return err
				}
				m.write(t, r, m.truth[id])
				return records.Put(tx, r)
			})
		},
		"delete": func(t *rapid.T) {
			id := key(t)
			if m.truth[id] == nil {
				t.Skip("not there")
			}
			delete(m.truth, id)
			m.update(t, func(tx *store.Tx) error { return records.Delete(tx, id) })
		},
		"open a cut": func(t *rapid.T) {
			size := rapid.IntRange(1, 3).Draw(t, "size")
			m.update(t, func(tx *store.Tx) error {
				had := tx.Ledger().Cut() != nil
				_, err := tx.Ledger().OpenCut(size)
				if had {
					if !errors.Is(err, store.ErrCutOpen) {
						t.Fatalf("a second cut: %v", err)
					}
					return nil
				}
				return err
			})
		},
		"send a chunk": func(t *rapid.T) {
			m.update(t, func(tx *store.Tx) error {
				if tx.Ledger().Cut() == nil {
					return nil
				}
				done := 0
				if m.back.mark.N == tx.Ledger().Cut().N {
					done = m.back.mark.Done
				}
				chunks, err := chunksOf(tx)
				if err == nil && done < len(chunks) {
					m.back.apply(t, chunks[done])
				}
				return err
			})
		},
		"send a chunk, too late": func(t *rapid.T) {
			m.update(t, func(tx *store.Tx) error {
				if tx.Ledger().Cut() == nil {
					return nil
				}
				chunks, err := chunksOf(tx)
				m.late = append(m.late, chunks...)
				return err
			})
		},
		"settle": m.settle,
		"reopen": func(t *rapid.T) {
			if err := m.db.Close(); err != nil {
				t.Fatal(err)
			}
			m.open(t)
		},
		"retry": func(t *rapid.T) {
			m.update(t, func(tx *store.Tx) error {
				for _, r := range m.back.mark.Refused {
					if err := tx.Retry(records.Model().Info, r.Key); err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrCutOpen) {
						return err
					}
				}
				return nil
			})
		},
	}
}

func (m *cutMachine) write(t *rapid.T, r *items.FieldItemRecord, now *truth) {
	for range rapid.IntRange(1, 2).Draw(t, "fields") {
		switch rapid.IntRange(0, 3).Draw(t, "field") {
		case 0:
			now.text = rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "text")
			r.SetText(now.text)
		case 1:
			n := rapid.Int64Range(-3, 3).Draw(t, "n")
			now.count += n
			r.AddCount(n)
		case 2:
			tag := rapid.SampledFrom([]string{"p", "q"}).Draw(t, "tag")
			if now.tags[tag] = !now.tags[tag]; now.tags[tag] {
				r.AddTags(tag)
			} else {
				r.RemoveTags(tag)
			}
		case 3:
			r.TouchText()
		}
	}
}

// settle fences the cut, delivers what was under way too late, and settles by the
// mark that the backend answers with.
func (m *cutMachine) settle(t *rapid.T) {
	m.update(t, func(tx *store.Tx) error {
		epoch, err := tx.Ledger().Fence()
		m.back.epoch = epoch
		return err
	})
	for _, chunk := range m.late {
		m.back.apply(t, chunk)
	}
	m.late = nil
	m.update(t, func(tx *store.Tx) error { _, err := tx.Ledger().Settle(m.back.mark); return err })
	m.checkSettled(t)
}

// check compares the store's objects with what the app did.
func (m *cutMachine) check(t *rapid.T) {
	found := map[string]bool{}
	err := m.db.View(t.Context(), func(tx *store.Tx) error {
		for r, err := range records.All(tx) {
			if err != nil {
				return err
			}
			want := m.truth[r.ID()]
			if want == nil {
				t.Fatalf("%s is there", r.ID())
			}
			found[r.ID()] = true
			tags := r.Tags()
			slices.Sort(tags)
			wantTags := []string{}
			for tag, in := range want.tags {
				if in {
					wantTags = append(wantTags, tag)
				}
			}
			slices.Sort(wantTags)
			if r.Text() != want.text || r.Count() != want.count || !slices.Equal(tags, wantTags) {
				t.Fatalf("%s is %q %d %v, want %+v", r.ID(), r.Text(), r.Count(), tags, want)
			}
		}
		return nil
	})
	if err != nil || len(found) != len(m.truth) {
		t.Fatalf("%v found, want %d (%v)", found, len(m.truth), err)
	}
}

// checkSettled checks, when no cut is open, that the entries say exactly how the
// store differs from the backend.
func (m *cutMachine) checkSettled(t *rapid.T) {
	info := records.Model().Info
	err := m.db.View(t.Context(), func(tx *store.Tx) error {
		for _, id := range []string{"a", "b", "c", "d"} {
			there, has := m.back.objects[id]
			row, err := tx.Row(info, model.StringValue(id))
			if err != nil {
				return err
			}
			e, err := tx.Entry(info, model.StringValue(id))
			if err != nil {
				return err
			}
			m.checkEntry(t, info, id, e, row, there, has)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (m *cutMachine) checkEntry(t *rapid.T, info *model.Info, id string, e *model.Entry, row *model.Row, there object, has bool) {
	state := fmt.Sprintf("%s: entry %+v, row %v, backend %v", id, e, row.Whole(info), there)
	change := model.Change(0)
	if e != nil {
		change = e.Change
		if e.Sent != nil {
			t.Fatal("still on its way: ", state)
		}
	}
	if local := row != nil; local != (change == model.Created || change == model.Recreated || change != model.Deleted && has) ||
		has != (change == model.Updated || change == model.Deleted || change == model.Recreated || change == 0 && row != nil) {
		t.Fatal("the wrong change: ", state)
	}
	if change == model.Deleted || change == model.Recreated {
		for _, v := range e.Base {
			if v.Name != "id" && !v.Value.Equal(there.get(v.Name)) {
				t.Fatalf("%s is based on %v: %s", v.Name, v.Value, state)
			}
		}
		return
	}
	if row == nil || change == model.Created {
		return
	}
	for i, f := range info.Fields {
		if i == info.Key {
			continue
		}
		known := row.Values[i]
		if e != nil && e.Field(f.Name) != nil {
			known = e.Field(f.Name).Base
		}
		if !known.Equal(there.get(f.Name)) {
			t.Fatalf("%s counts as %v at the backend: %s", f.Name, known, state)
		}
	}
}

// Writes, cuts, lost, late, partial and refused acknowledgements in any order:
// nothing is lost and nothing is doubled.
func TestCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		willing := false
		m := &cutMachine{disk: memstore.New(), truth: map[string]*truth{}}
		m.back = &backend{objects: map[string]object{}, fate: func() fate {
			if willing {
				return take
			}
			return rapid.SampledFrom([]fate{take, take, take, take, take, take, refuse, conflict}).Draw(t, "fate")
		}}
		m.open(t)
		defer func() { m.db.Close() }()
		t.Repeat(m.actions())

		// In the end everything arrives.
		willing = true
		m.settle(t)
		m.actions()["retry"](t)
		m.update(t, func(tx *store.Tx) error {
			for e, err := range tx.Entries() {
				if err != nil {
					return err
				}
				if e.Refused != "" {
					if err := tx.Retry(records.Model().Info, e.Key); err != nil {
						return err
					}
				}
			}
			_, err := tx.Ledger().OpenCut(2)
			return err
		})
		m.update(t, func(tx *store.Tx) error {
			if tx.Ledger().Cut() == nil {
				return nil
			}
			chunks, err := chunksOf(tx)
			for _, chunk := range chunks {
				m.back.apply(t, chunk)
			}
			return err
		})
		m.settle(t)
		m.check(t)
		for id, want := range m.truth {
			if got := m.back.objects[id]; got.get("count").Int() != want.count || got.get("text").Text() != want.text {
				t.Fatalf("the backend has %v for %s, want %+v", got, id, want)
			}
		}
		if len(m.back.objects) != len(m.truth) {
			t.Fatalf("the backend has %d objects, want %d", len(m.back.objects), len(m.truth))
		}
		m.update(t, func(tx *store.Tx) error {
			for e := range tx.Entries() {
				t.Fatalf("%+v is left", e)
			}
			return nil
		})
	})
}
