package sqlitestore

import (
	"errors"
	"syscall"
	"testing"

	"github.com/resetgen/resetgen/runtime/store"
)

// A page that the disk does not give is not damage.
func TestUnreadPage(t *testing.T) {
	for text, want := range map[string]error{
		"*** in database main ***\nTree 5 page 5: unable to get the page. error code=8458": syscall.EIO,
		"*** in database main ***\nTree 5 page 5: unable to get the page. error code=11":   store.ErrCorrupt,
		"*** in database main ***\nTree 5 page 5 cell 0: Rowid 1 out of order":             store.ErrCorrupt,
	} {
		if err := damage("t", text); !errors.Is(err, want) || want == syscall.EIO && errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%q is %v", text, err)
		}
	}
}
