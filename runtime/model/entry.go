package model

import (
	"slices"

	"github.com/resetgen/resetgen/runtime/stamp"
)

// Change is what happened to an object since it was last in sync.
type Change uint8

// The kinds of change.
const (
	Updated   Change = iota + 1
	Created          // the backend never had it
	Deleted          // the backend has it
	Recreated        // deleted and created again before the deletion was sent
)

var changeNames = [...]string{"unchanged", "updated", "created", "deleted", "recreated"}

// String is the lower-case name of the change.
func (c Change) String() string { return spelling(changeNames[:], int(c), "change") }

// MarshalText gives the form of String.
func (c Change) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the form of String.
func (c *Change) UnmarshalText(text []byte) error {
	i, err := parseName(changeNames[:], string(text), "change")
	*c = Change(i)
	return err
}

// Entry is the record of one object's unsynced changes. A store keeps one for
// each object that has any, and writes it in the transaction of the change.
type Entry struct {
	Model  string // the stored name of the model
	Key    Value
	Change Change
	Seq    uint64      // the commit sequence of the latest change
	Stamp  stamp.Stamp // the stamp of the latest change

	// Fields lists the changed fields of an object that exists, in the order of
	// their indexes.
	Fields []FieldChange

	// Base is the whole object before it was deleted; of a Deleted or Recreated
	// object.
	Base []Named

	// Refused is why the backend refused the change; "" where it did not. A
	// refused change is not sent again until it is retried or the object is
	// written again.
	Refused string

	// Sent is set when the object was written while its entry was part of the open
	// cut. The entry itself is then what is unsynced if the cut is never applied,
	// with no Change if that is nothing.
	Sent *Sent
}

// Sent is what is known of an object that was written while its changes were on
// their way to the backend.
type Sent struct {
	Entry *Entry  // the entry as the cut has it
	Row   []Named // the object as the cut has it; nil where it was deleted
	Since *Entry  // what is unsynced if the cut is applied; nil for nothing
}

// FieldChange is one field's unsynced change.
type FieldChange struct {
	Name  string // the stored name of the field
	Seq   uint64
	Stamp stamp.Stamp

	// Base is the value before the first unsynced change, perhaps of an earlier kind.
	// It is absent in a created object, which means zero, unless the object was brought
	// back after the backend had lost it.
	Base Value

	Touched bool // marked as written although the value may be that of the base

	// Held: the value could not be merged with what the backend has, which is Base. It
	// was not made from that, so no later merge may start there: the value stands, and
	// the object is not sent, until somebody retries, discards or writes the field.
	Held bool
}

// Clone is a copy that shares nothing with e that can change.
func (e *Entry) Clone() *Entry {
	if e == nil {
		return nil
	}
	c := *e
	c.Fields, c.Base = slices.Clone(e.Fields), slices.Clone(e.Base)
	if e.Sent != nil {
		c.Sent = &Sent{Entry: e.Sent.Entry.Clone(), Row: slices.Clone(e.Sent.Row), Since: e.Sent.Since.Clone()}
	}
	return &c
}

// Field finds the change of the field with the stored name, or nil.
func (e *Entry) Field(name string) *FieldChange {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return &e.Fields[i]
		}
	}
	return nil
}

// Index is the index of the field of m that the entry's ith change is of, or -1
// where m has no such field.
func (e *Entry) Index(m *Info, i int) int {
	return m.IndexAmong(e.Fields[i].Name, func(name string) bool { return e.Field(name) != nil })
}

// Of finds the change of field f of m, under whichever of its names it stands; nil
// where there is none.
func (e *Entry) Of(m *Info, f int) *FieldChange {
	for i := range e.Fields {
		if e.Index(m, i) == f {
			return &e.Fields[i]
		}
	}
	return nil
}

// Holds tells whether a field of the object is held.
func (e *Entry) Holds() bool {
	return slices.ContainsFunc(e.Fields, func(f FieldChange) bool { return f.Held })
}

// Changed is the set of m's fields that the entry lists; names that m does not
// know are left out.
func (e *Entry) Changed(m *Info) FieldSet {
	var s FieldSet
	for i := range e.Fields {
		if f := e.Index(m, i); f >= 0 {
			s.Add(f)
		}
	}
	return s
}
