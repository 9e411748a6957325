package scenario

import (
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// table is the objects of one of the models, by way of its generated code.
type table interface {
	info() *model.Info
	schema() *store.Schema // of this model alone

	// edit writes to an object through its record; create says whether one that is
	// not there is made.
	edit(tx *store.Tx, key string, create bool, do func(record)) error

	// replace writes a whole plain object.
	replace(tx *store.Tx, key string, v plain) error

	// remove deletes an object; there need not be one.
	remove(tx *store.Tx, key string) error

	// all reads every object, through the records.
	all(tx *store.Tx) (map[string]plain, error)
}

// tables are the models by the names of their Go types.
var tables = map[string]table{
	"FieldItem": newCollection[items.FieldItem, items.FieldItemRecord, *items.FieldItemRecord](items.FieldItemRecords,
		func(v plain) items.FieldItem { return v }, func(v items.FieldItem) plain { return v }),
	"ObjectItem": newCollection[items.ObjectItem, items.ObjectItemRecord, *items.ObjectItemRecord](items.ObjectItemRecords,
		func(v plain) items.ObjectItem { return items.ObjectItem(v) }, func(v items.ObjectItem) plain { return plain(v) }),
	"JournalItem": newCollection[items.JournalItem, items.JournalItemRecord, *items.JournalItemRecord](items.JournalItemRecords,
		func(v plain) items.JournalItem { return items.JournalItem(v) }, func(v items.JournalItem) plain { return plain(v) }),
}

// recordOf is the record *R of the model T.
type recordOf[T, R any] interface {
	*R
	record
	ID() string
	Plain() T
}

// collection is the table of the model T.
type collection[T, R any, P recordOf[T, R]] struct {
	records *store.Collection[string, T, R]
	of      func(plain) T
	plain   func(T) plain
	alone   store.Schema
}

func newCollection[T, R any, P recordOf[T, R]](records *store.Collection[string, T, R], of func(plain) T, toPlain func(T) plain) *collection[T, R, P] {
	c := &collection[T, R, P]{records: records, of: of, plain: toPlain}
	c.alone.Add(records.Model())
	return c
}

func (c *collection[T, R, P]) info() *model.Info     { return c.records.Model().Info }
func (c *collection[T, R, P]) schema() *store.Schema { return &c.alone }

func (c *collection[T, R, P]) edit(tx *store.Tx, key string, create bool, do func(record)) error {
	r, err := c.records.Get(tx, key)
	if create && errors.Is(err, store.ErrNotFound) {
		r, err = c.records.New(tx, key)
	}
	if err != nil {
		return err
	}
	do(P(r))
	return c.records.Put(tx, r)
}

func (c *collection[T, R, P]) replace(tx *store.Tx, key string, v plain) error {
	v.ID = key
	t := c.of(v)
	return c.records.Replace(tx, &t)
}

func (c *collection[T, R, P]) remove(tx *store.Tx, key string) error {
	if err := c.records.Delete(tx, key); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

func (c *collection[T, R, P]) all(tx *store.Tx) (map[string]plain, error) {
	all := map[string]plain{}
	for r, err := range c.records.All(tx) {
		if err != nil {
			return nil, fmt.Errorf("reading what is stored: %w", err)
		}
		all[P(r).ID()] = c.plain(P(r).Plain())
	}
	return all, nil
}
