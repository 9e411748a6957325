package sqlitestore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/store"
)

// causes tells, by the result code or the message of SQLite, what an error means
// to the callers of a store. Drivers have no type of error in common; the
// messages are SQLite's own and the same with all of them.
var causes = []struct {
	code     int
	messages []string
	means    error
}{
	{19, []string{"constraint failed", "cannot store "}, store.ErrConstraint},
	{20, []string{"datatype mismatch"}, store.ErrConstraint},
	{18, []string{"string or blob too big"}, store.ErrConstraint},
	{5, []string{"database is locked"}, store.ErrInUse},
	{11, []string{"database disk image is malformed", "malformed database schema"}, store.ErrCorrupt},
	{26, []string{"file is not a database", "file is encrypted"}, store.ErrCorrupt},
	{1, []string{"no such table", "no such column", "unsupported file format"}, store.ErrCorrupt},
}

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
		if said || code == c.code && code > 1 { // 1 stands for anything
			return fmt.Errorf("%w: %w", c.means, err)
		}
	}
	return err
}
