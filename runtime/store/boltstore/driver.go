// Package boltstore keeps a store in a file of bbolt, a key/value store in pure
// Go: for apps that want neither SQL nor C.
//
// # The file
//
// A store is one file, in which bbolt finds these buckets. N is the number of a
// model: its place in the catalog, which never changes, whatever the model is
// called. P is the place of a field, which never changes either.
//
//	resetgen     the mark of a store: its form, and the catalog
//	meta         the bookkeeping of package store
//	objects/N    the objects of a model
//	entries/N    the record of their unsynced changes
//	unique/N/P   which object has which value of a field that must be unique
//
// The keys in a bucket begin with the kind of the value, one byte, and go on so
// that their bytes are in the order of model.Compare:
//
//	bool         1 byte
//	int          8 bytes, the most significant first, the sign turned over
//	uint         8 bytes, the most significant first
//	float        8 bytes, those of negative numbers turned over; NaN is all zeros
//	time         8 bytes of seconds like an int, 4 bytes of nanoseconds
//	string, bytes, json  the bytes themselves
//
// In unique/N/P a value longer than its hash is kept as that. An object is its
// stamp, the stamps of its fields (model.PackStamps) and its values in the order
// of their places (model.AppendValue), each preceded by its length; the key is
// left out. An entry is what model.AppendEntry makes of it. No bucket is kept for
// a field that is only to be indexed, as nothing could ask for it: store.EngineTx
// finds objects by their keys.
//
// A key has up to 32,767 bytes; an object with a longer one is refused with
// store.ErrConstraint.
//
// # Damage
//
// Every record ends in a checksum (CRC-32C) of its bucket, its key and its
// content, which each reading checks. bbolt trusts the pages of its file: damaged
// ones make it panic, read memory that is not its own, recurse for ever, or write
// over pages in use, and where the newest of its two headers is damaged it goes
// back to the commit before without a word. So Open looks over the file before
// bbolt does: every page must be in its place, either in use or free, and every
// record must match its checksum. That reads the whole file, half a second or so
// for 100 MB; it is the price of being told of damage instead of losing what is
// damaged. Damage that comes later, under an open store, is found where it is
// read, with an error that wraps store.ErrCorrupt; against what makes bbolt recurse
// for ever there is no remedy then.
//
// # Writing
//
// A commit is written with two fsyncs, the content first and then the page that
// makes it valid. A store has one writer at a time, a process: Open locks the file
// itself, and for a writer also the file path + ".lock", which stays there as long
// as the store. Readers share both and make none, so that a backup can lie in a
// directory, or be a file, that cannot be written to. A new store is made under
// the name path + ".resetgen-new" and moved into place. Nothing else lies beside a store, were
// its process killed; it is to be moved by the methods of store.Files all the same,
// for these find out whether it is in use.
//
// Objects that are written in the order of their keys, after all that are there,
// fill their pages to nine tenths, and to half otherwise, as bbolt does by itself:
// a store filled in order is little more than half as large, and is read and
// looked over that much faster. In one transaction order counts for more: bbolt
// keeps what was added to a page in a sorted slice until the commit, so that a
// hundred thousand objects in no order take it some fifteen times as long. In
// transactions of ten thousand they take no longer than in order.
//
// While a View is open the pages that it sees are not used again, so that the
// file grows. On Windows, and in processes of 32 bits, a write that makes the file
// grow also waits for the views that are open: there a goroutine must not write
// while it is inside of a View. Elsewhere that is so only when a store grows by a
// gigabyte while it is open.
package boltstore

import (
	"context"
	"errors"

	"github.com/resetgen/resetgen/internal/storefile"
	"github.com/resetgen/resetgen/runtime/store"
)

// Driver is the store.Driver for files of bbolt, and their store.Files.
type Driver struct{}

var _ store.Files = Driver{}

// Open opens the store in the file at path; store.Open calls it. A file that is
// open elsewhere is refused with store.ErrInUse: at once or, where ctx has a
// deadline, once that has passed.
func (Driver) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (store.Engine, error) {
	file, err := storefile.Locate(ctx, path)
	if err != nil {
		return nil, err
	}
	u := storefile.Writing
	if o.ReadOnly {
		u = storefile.Reading
	}
	l, missing := acquire(ctx, file, u)
	if l == nil {
		return nil, missing
	}
	e := &engine{path: file, readOnly: o.ReadOnly, lease: l}
	if err := e.open(ctx, schema, missing); err != nil {
		if errors.Is(err, store.ErrNotAStore) {
			l.InVain()
		}
		return nil, errors.Join(err, e.abandon())
	}
	return e, nil
}

// open opens the file, of which the engine has a lease, and brings it up to date.
// There may be none yet.
func (e *engine) open(ctx context.Context, schema *store.Schema, missing error) error {
	if missing != nil {
		if e.readOnly {
			return missing
		}
		if err := e.create(ctx, schema); err != nil {
			return err
		}
	}
	if err := e.attach(ctx); err != nil {
		return err
	}
	return e.update(ctx, schema)
}

// update reads what the file holds, compares that with the schema and, unless the
// store is only read, adds what the file lacks.
func (e *engine) update(ctx context.Context, schema *store.Schema) error {
	catalog, err := e.catalog(ctx)
	if err != nil {
		return err
	}
	layout, err := catalog.Layout(schema)
	if err != nil {
		return err
	}
	if !e.readOnly {
		if err := e.migrate(ctx, layout); err != nil {
			return err
		}
		layout = layout.Applied()
	}
	e.lay(layout, len(catalog.Models))
	return nil
}
