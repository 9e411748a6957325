package memstore

import (
	"cmp"
	"maps"

	"github.com/tidwall/btree"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// content is everything in a store. What it refers to is not changed once it is
// there but replaced, so that copies can share it.
type content struct {
	catalog *store.Catalog
	tables  map[string]*table // by stored name
	entries *btree.BTreeG[*model.Entry]
	meta    map[string][]byte
}

func newContent() *content {
	return &content{
		catalog: &store.Catalog{},
		tables:  map[string]*table{},
		entries: newTree(entryBefore),
		meta:    map[string][]byte{},
	}
}

// newTree makes a tree for one goroutine at a time, which spares its locks.
func newTree[T any](before func(a, b T) bool) *btree.BTreeG[T] {
	return btree.NewBTreeGOptions(before, btree.Options{NoLocks: true})
}

func entryBefore(a, b *model.Entry) bool {
	return cmp.Or(cmp.Compare(a.Model, b.Model), model.Compare(a.Key, b.Key)) < 0
}

func (c *content) copy() *content {
	copied := &content{catalog: c.catalog, tables: make(map[string]*table, len(c.tables)), entries: c.entries.Copy(), meta: maps.Clone(c.meta)}
	for name, t := range c.tables {
		copied.tables[name] = t.copy()
	}
	return copied
}

// table is the objects of one model.
type table struct {
	objects *btree.BTreeG[*object]
	unique  map[int]*btree.BTreeG[owner] // by the place of the field
}

// object is one object; it is never changed.
type object struct {
	key    model.Value
	values []model.Value // by place
	stamp  stamp.Stamp
	stamps []stamp.Stamp // by place; nil unless each field has one
}

// owner says which object has a value that no other may have.
type owner struct{ value, key model.Value }

func newTable() *table {
	return &table{objects: newTree(func(a, b *object) bool { return model.Compare(a.key, b.key) < 0 })}
}

func (t *table) copy() *table {
	copied := &table{objects: t.objects.Copy(), unique: make(map[int]*btree.BTreeG[owner], len(t.unique))}
	for p, owners := range t.unique {
		copied.unique[p] = owners.Copy()
	}
	return copied
}

func (t *table) get(key model.Value) *object {
	o, _ := t.objects.Get(&object{key: key})
	return o
}

// put writes an object in the place of old, which may be nil.
func (t *table) put(old, o *object) {
	for p, owners := range t.unique {
		if old != nil && claims(old.values[p]) {
			owners.Delete(owner{value: old.values[p]})
		}
		if claims(o.values[p]) {
			owners.Set(owner{value: o.values[p], key: o.key})
		}
	}
	t.objects.Set(o)
}

func (t *table) delete(key model.Value) {
	old, ok := t.objects.Delete(&object{key: key})
	if !ok {
		return
	}
	for p, owners := range t.unique {
		if claims(old.values[p]) {
			owners.Delete(owner{value: old.values[p]})
		}
	}
}

// conflict is the place of a value that another object has and that must be
// unique, and that object's key; or -1.
func (t *table) conflict(o *object) (place int, other model.Value) {
	for p, owners := range t.unique {
		if !claims(o.values[p]) {
			continue
		}
		if found, ok := owners.Get(owner{value: o.values[p]}); ok && !found.key.Equal(o.key) {
			return p, found.key
		}
	}
	return -1, other
}

// claims tells whether a value counts where values must be unique: as in SQL,
// any number of objects may have none.
func claims(v model.Value) bool {
	return !v.IsNull() && !v.IsAbsent() && !(v.Kind() == model.Float && v.Float() != v.Float())
}
