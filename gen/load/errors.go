package load

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// Error is something in the source that cannot be generated from, and where.
type Error struct {
	Pos token.Position // the file name is relative to the working folder
	Msg string
}

// Error gives the form that editors and terminals make clickable.
func (e *Error) Error() string {
	if !e.Pos.IsValid() && e.Pos.Filename == "" {
		return e.Msg
	}
	return e.Pos.String() + ": " + e.Msg
}

// Errors is everything that is wrong, so that one run is enough to see it all.
type Errors []*Error

// Error lists the errors, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Add collects err, taking lists apart. An error of another type is kept
// without a position.
func (e *Errors) Add(err error) {
	var list Errors
	var one *Error
	switch {
	case err == nil:
	case errors.As(err, &list):
		*e = append(*e, list...)
	case errors.As(err, &one):
		*e = append(*e, one)
	default:
		*e = append(*e, &Error{Msg: err.Error()})
	}
}

// Err sorts the errors, leaves out repetitions, and is nil where there are none.
func (e *Errors) Err() error {
	slices.SortFunc(*e, func(a, b *Error) int {
		return cmp.Or(
			strings.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			strings.Compare(a.Msg, b.Msg))
	})
	*e = slices.CompactFunc(*e, func(a, b *Error) bool { return *a == *b })
	if len(*e) == 0 {
		return nil
	}
	return *e
}

// reporter collects the errors of one package.
type reporter struct {
	place func(token.Pos) token.Position
	errs  Errors
}

func (r *reporter) errorf(pos token.Pos, format string, args ...any) {
	r.errs = append(r.errs, &Error{Pos: r.place(pos), Msg: fmt.Sprintf(format, args...)})
}
