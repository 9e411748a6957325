package memstore

import (
	"fmt"
	"slices"

	"github.com/tidwall/btree"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// update is the content brought up to a schema.
func (c *content) update(l *store.Layout) (*content, error) {
	updated := c.copy()
	updated.catalog = l.Catalog
	for i := range l.Models {
		m := &l.Models[i]
		t := newTable()
		if m.Was != nil {
			var err error
			if t, err = updated.tables[m.Was.Name].update(m); err != nil {
				return nil, err
			}
			delete(updated.tables, m.Was.Name)
		}
		if err := t.index(m); err != nil {
			return nil, err
		}
		updated.tables[m.Info.Name] = t
	}
	updated.entries = updated.renameEntries(l)
	return updated, nil
}

func (t *table) update(m *store.ModelLayout) (*table, error) {
	updated := newTable()
	converted := m.Converted()
	for o := range all(t.objects) {
		n := o.update(m)
		for f := range converted.All() {
			var err error
			if n.values[m.Place[f]], err = m.Convert(o.key, f, o.values[m.Place[f]]); err != nil {
				return nil, err
			}
		}
		updated.objects.Set(n)
	}
	return updated, nil
}

// update gives an object the places that its model has gained, and the stamps
// that its tracking has.
func (o *object) update(m *store.ModelLayout) *object {
	n := &object{key: o.key, values: slices.Clone(o.values)}
	for f, p := range m.Place {
		if p >= len(o.values) {
			n.values = append(n.values, m.Info.Fields[f].Zero)
		}
	}
	if m.Now.Track != model.TrackJournal {
		n.stamp = o.stamp
	}
	if m.Now.Track == model.TrackField {
		n.stamps = o.stamps
		if m.Was.Track != model.TrackField {
			n.stamps = m.Spread(o.stamp)
		}
	}
	return n
}

// index notes which values must be unique, and refuses content in which they are
// not.
func (t *table) index(m *store.ModelLayout) error {
	t.unique = map[int]*btree.BTreeG[owner]{}
	for f := range m.Info.Fields {
		if m.Info.Fields[f].Unique {
			t.unique[m.Place[f]] = newTree(func(a, b owner) bool { return model.Compare(a.value, b.value) < 0 })
		}
	}
	for o := range all(t.objects) {
		if p, other := t.conflict(o); p >= 0 {
			return fmt.Errorf("%w: %s.%s cannot be unique: %v and %v have the same value", store.ErrSchema, m.Info.Name, m.Now.Fields[p].Name, other, o.key)
		}
		t.put(nil, o)
	}
	return nil
}

func (c *content) renameEntries(l *store.Layout) *btree.BTreeG[*model.Entry] {
	names := map[string]string{}
	for i := range l.Models {
		if m := &l.Models[i]; m.Was != nil {
			names[m.Was.Name] = m.Info.Name
		}
	}
	renamed := newTree(entryBefore)
	for e := range all(c.entries) {
		n := *e
		n.Model = translate(names, e.Model)
		renamed.Set(&n)
	}
	return renamed
}
