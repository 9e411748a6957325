// Package merge decides: what becomes of one field that both sides changed, by
// its rule, and what becomes of one object with its unsynced changes. It is the
// only place where such a decision is made, whoever asks: a client reset, a
// pull or a push.
//
// Everything here is a pure function of its arguments.
package merge

import (
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Context is what a generated merge needs to know besides the three values, and
// what it has to say besides the result. The zero Context says that nothing
// changed locally. It serves one merge at a time; Reset readies it for the next.
type Context struct {
	// Local is the set of the fields that changed locally. The remote side
	// changed a field when its value differs from the base.
	Local model.FieldSet

	// LocalStamps and RemoteStamps are when each field was last written, for the
	// rule newest. Fields past the end of the slice have LocalStamp and
	// RemoteStamp: the object's own.
	LocalStamps, RemoteStamps []stamp.Stamp
	LocalStamp, RemoteStamp   stamp.Stamp

	// Conflicts lists what both sides changed and where they differed, in the
	// order of the fields.
	Conflicts []Part

	// Mixed is the set of the fields whose result holds parts of both sides.
	Mixed model.FieldSet

	failures []error
}

// Part is where a conflict is: a field, or within a field that is merged in
// parts the key of a map, the identity of a list's element ("h1 twice" where it is
// not one), with the element's field ("h1.caption"), or the element itself.
type Part struct {
	Field int
	Part  string // "" where the conflict is the whole field's
}

// Conflict notes that both sides changed field f.
func (c *Context) Conflict(f int, part string) {
	c.Conflicts = append(c.Conflicts, Part{Field: f, Part: part})
}

// Fail notes that field f could not be merged; the object as a whole fails.
func (c *Context) Fail(f int, err error) {
	c.failures = append(c.failures, &FieldError{Field: f, Err: err})
}

// Err joins the *FieldError of each field that could not be merged.
func (c *Context) Err() error { return errors.Join(c.failures...) }

// Reset empties what a merge has reported.
func (c *Context) Reset() {
	c.Conflicts, c.failures = c.Conflicts[:0], c.failures[:0]
	c.Mixed = model.FieldSet{}
}

// newerSide decides the rule newest: the local side wins a tie.
func (c *Context) newerSide(f int) side {
	local, remote := c.LocalStamp, c.RemoteStamp
	if f < len(c.LocalStamps) {
		local = c.LocalStamps[f]
	}
	if f < len(c.RemoteStamps) {
		remote = c.RemoteStamps[f]
	}
	return side(local >= remote)
}

// FieldError says that a field could not be merged.
type FieldError struct {
	Field int // the index of the field in its model
	Err   error
}

// Error says why; the caller knows the field's name.
func (e *FieldError) Error() string { return fmt.Sprintf("field %d: %v", e.Field, e.Err) }

// Unwrap gives the reason.
func (e *FieldError) Unwrap() error { return e.Err }

// ErrOverflow is wrapped when a counter's sum is out of the range of its type.
var ErrOverflow = errors.New("the sum is out of range")
