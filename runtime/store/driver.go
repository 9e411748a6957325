package store

import (
	"context"
	"iter"
	"log/slog"

	"github.com/resetgen/resetgen/runtime/model"
)

// Driver is one kind of store: what keeps the bytes. Package store puts
// tracking, clocks and typed collections on top, the same for every driver;
// package storetest is what a driver must pass.
type Driver interface {
	Files

	// Open opens the store at path, and creates it where there is none, unless
	// it is opened to be read only. A store that is not of this kind, is
	// damaged or belongs to another schema is refused with an error that wraps
	// ErrNotAStore, ErrCorrupt or ErrSchema, and is left as it was found. A
	// store whose schema is older gets the models and fields that it lacks, and
	// values of an earlier kind are converted (ModelLayout.Convert), unless it is
	// opened to be read only: then what it lacks reads as absent, and what would
	// be converted is handed out as it is found.
	//
	// Either one opener writes to a store or any number read it. Who comes besides is
	// refused with an error that wraps ErrInUse. Where ctx has a deadline a driver may
	// wait for the store until then.
	Open(ctx context.Context, path string, schema *Schema, o DriverOptions) (Engine, error)
}

// Files is how a driver treats stores that nobody reads or writes: it knows what
// lies beside a file and who has it open, so stores are moved by these and by no
// other means. Their errors wrap
//
//   - ErrInUse where the store is open anywhere, as that of Open does,
//   - fs.ErrNotExist where there is no store at a path that needs one,
//   - fs.ErrExist where both paths are the same.
//
// What a call did lasts when it returns. One that a kill cut short can be repeated: if
// it was through, Link and Remove do nothing, Replace finds nothing at from and Copy
// finds its copy at to.
type Files interface {
	// Claim keeps a path, with or without a store, for this process until release is
	// called, once: no other can open a store there or move one, this one can.
	Claim(ctx context.Context, path string) (release func() error, err error)

	// Link gives the store at from the name to as well, by a copy where it takes one.
	// What is at to and is another store is not overwritten: that is an error that
	// wraps fs.ErrExist. Until one of the names is taken away neither may be opened to
	// be written.
	Link(ctx context.Context, from, to string) error

	// Copy makes a store at to that has the content of that at from, the store's id
	// included, and shares nothing with it. What is at to is not overwritten, were it
	// the same: that is an error that wraps fs.ErrExist.
	Copy(ctx context.Context, from, to string) error

	// Replace puts the store at from in the place of that at over in one step: there
	// is one of the two at over all the time. From then on there is none at from. There
	// need be none at over; both paths lie in one file system.
	Replace(ctx context.Context, from, over string) error

	// Remove removes the store at path, damaged or not. It is no error if there is
	// none.
	Remove(ctx context.Context, path string) error

	// Checksum is the SHA-256, in hexadecimal, of everything in the store at path. It
	// is that of its links and copies too, and another as soon as the content is.
	// Opening a store to read leaves it; opening one to write may change it, even if
	// nothing is written.
	Checksum(ctx context.Context, path string) (string, error)
}

// DriverOptions is what a Driver is told.
type DriverOptions struct {
	ReadOnly bool
	Logger   *slog.Logger // never nil
}

// Engine is an open store. Its methods are safe for concurrent use.
type Engine interface {
	// Begin begins a transaction that sees the store as of this moment, and its
	// own writes. At most one that writes is open at a time: package store sees
	// to that.
	Begin(ctx context.Context, write bool) (EngineTx, error)

	// Close releases the store; no transaction is open.
	Close() error
}

// EngineTx is a transaction of an Engine, used by one goroutine. Rows and
// entries that it hands out are the caller's. When the context of Begin ends,
// methods may answer with its error; Rollback works all the same.
type EngineTx interface {
	// Get reads the object with the key, or gives nil. A value that does not fit
	// its field is handed out as it is found.
	Get(m *model.Info, key model.Value) (*model.Row, error)

	// Insert writes an object that is not there. Update writes the fields listed,
	// and the stamps, of one that is. Replace writes every field of an object,
	// there or not. A row's unknown fields (Extra) are never written. What a
	// constraint refuses, the key's included, and a value that its field cannot hold
	// (Storable) is an error that wraps ErrConstraint; it wrote nothing and leaves the
	// transaction usable.
	Insert(m *model.Info, key model.Value, row *model.Row) error
	Update(m *model.Info, key model.Value, row *model.Row, fields model.FieldSet) error
	Replace(m *model.Info, key model.Value, row *model.Row) error

	// Delete removes the object with the key, if it is there.
	Delete(m *model.Info, key model.Value) error

	// Rows yields every object of the model in the order of the keys
	// (model.Compare). Whether it shows writes made meanwhile is unspecified.
	Rows(m *model.Info) iter.Seq2[*model.Row, error]

	// Entry reads the entry of an object, or gives nil.
	Entry(model string, key model.Value) (*model.Entry, error)

	// PutEntry writes an entry. One of a model that the schema does not have may be
	// refused; those that are there already stay all the same, and are read, listed
	// and deleted like any other.
	PutEntry(e *model.Entry) error

	// DeleteEntry removes the entry of an object, if it is there.
	DeleteEntry(model string, key model.Value) error

	// Entries yields the entries that come after the one of the object named, in
	// the order of the models' names and then of the keys: every entry where
	// model is "", and every one of the model from its first on where the key is
	// absent. Whether it shows writes made meanwhile is unspecified.
	Entries(model string, key model.Value) iter.Seq2[*model.Entry, error]

	// Meta reads a value of the store's bookkeeping, or gives nil.
	Meta(name string) ([]byte, error)

	// SetMeta writes a value of the store's bookkeeping.
	SetMeta(name string, value []byte) error

	// Commit makes the writes last: when it returns without an error they
	// survive the loss of power. An error means that none was made, or, as after an
	// fsync that failed, that it is not known whether all were or none: then to open
	// the store again is to see.
	Commit() error

	// Rollback ends the transaction and undoes its writes. It does nothing after
	// Commit.
	Rollback() error
}
