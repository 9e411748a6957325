package store

import "errors"

// What callers branch on; every error of a store wraps one of these or the error
// of the system that caused it.
var (
	// ErrNotFound: there is no object with the key.
	ErrNotFound = errors.New("no such object")

	// ErrExists: there is an object with the key already.
	ErrExists = errors.New("the object exists already")

	// ErrKeyChanged: an object's key is not the one it was read with.
	ErrKeyChanged = errors.New("the key of an object cannot change")

	// ErrTxDone: the transaction has ended.
	ErrTxDone = errors.New("the transaction has ended")

	// ErrWrongTx: a record was used in a transaction that it was not read in.
	ErrWrongTx = errors.New("the record is none of this transaction")

	// ErrReadOnly: a write in View, or in a store that was opened to be read.
	ErrReadOnly = errors.New("only reading is possible here; write in Update, in a store that was not opened with Options.ReadOnly")

	// ErrUnsynced: there are unsynced changes where there must be none.
	ErrUnsynced = errors.New("there are unsynced changes")

	// ErrConstraint: a constraint of the store refused an object.
	ErrConstraint = errors.New("a constraint refused the object")

	// ErrNotAStore: the file is not a store of this kind.
	ErrNotAStore = errors.New("not a store")

	// ErrCorrupt: the store's file is damaged.
	ErrCorrupt = errors.New("the store is damaged")

	// ErrSchema: the store belongs to another schema, or to one that cannot be
	// brought up to date.
	ErrSchema = errors.New("the store does not match the schema")

	// ErrInUse: another process, or this one, has the store open.
	ErrInUse = errors.New("the store is in use")

	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
)
