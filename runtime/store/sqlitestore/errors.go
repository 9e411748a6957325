package sqlitestore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/resetgen/resetgen/runtime/store"
)

// cause is what an error of SQLite means to the callers of a store, by its result
// code or its message. Drivers have no type of error in common; the messages are
// SQLite's own and the same with all of them.
type cause struct {
	code     int
	messages []string
	means    error
	mend     string // what to do about it, where that is not in means
}

var causes = []*cause{
	{19, []string{"constraint failed", "cannot store "}, store.ErrConstraint, ""},
	{20, []string{"datatype mismatch"}, store.ErrConstraint, ""},
	{18, []string{"string or blob too big"}, store.ErrConstraint, ""},
	{5, []string{"database is locked"}, store.ErrInUse, "another program has it open, close that"},
	{11, []string{"database disk image is malformed", "malformed database schema"}, store.ErrCorrupt, ""},
	{26, []string{"file is not a database", "file is encrypted"}, store.ErrCorrupt, ""},
	{10, []string{"disk I/O error"}, syscall.EIO, "check the disk and try again"},
	{13, []string{"database or disk is full"}, syscall.ENOSPC, "make room on the disk and try again"},
	{14, []string{"unable to open database file"}, errOpen, "are the file and its directory there, and may they be written?"},
	{misused, []string{"no such table", "no such column", "unsupported file format"}, store.ErrCorrupt, ""},
}

// misused is SQLite's code for a statement that makes no sense, and for anything
// else that has no code.
const misused = 1

var errOpen = errors.New("SQLite cannot open the file")

// failure is an error of SQLite whose cause is known.
type failure struct {
	cause *cause
	err   error
}

func (f *failure) Error() string {
	if f.cause.mend != "" {
		return fmt.Sprintf("%v (%s): %v", f.cause.means, f.cause.mend, f.err)
	}
	return fmt.Sprintf("%v: %v", f.cause.means, f.err)
}

func (f *failure) Unwrap() []error { return []error{f.cause.means, f.err} }

// coded is a result code of SQLite that was told in a text.
type coded struct {
	code int
	text string
}

func (e *coded) Error() string { return e.text }
func (e *coded) Code() int     { return e.code }

// classify gives an error of SQLite the meaning that it has to the callers of a
// store.
func classify(err error) error {
	if err == nil {
		return nil
	}
	code := 0
	if coded, ok := err.(interface{ Code() int }); ok {
		code = coded.Code() & 0xff // the rest says more than is of use here
	}
	text := err.Error()
	for _, c := range causes {
		said := slices.ContainsFunc(c.messages, func(m string) bool { return strings.Contains(text, m) })
		if said || code == c.code && code != misused {
			return &failure{c, err}
		}
	}
	return err
}

// blame tells an app's condition that SQLite cannot use from a file that it
// cannot read. A table or column that is not there was made up by the condition:
// those of the store are looked for when it is opened.
func blame(err error) error {
	var f *failure
	if errors.As(err, &f) {
		switch f.cause.means {
		case store.ErrCorrupt:
			if f.cause.code != misused {
				return err
			}
		case store.ErrConstraint: // such as a text that grows too long
		default:
			return err
		}
		err = f.err
	}
	if strings.Contains(err.Error(), "no such column") {
		return fmt.Errorf("%w: %w (columns have the stored names of the fields, nested ones in quotes: \"where.lat\")", store.ErrQuery, err)
	}
	return fmt.Errorf("%w: %w", store.ErrQuery, err)
}
