package integration

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// An entry that cannot be found any more, because its page counts one less, would
// be a user's change that nobody misses: the store is refused.
func TestLostEntry(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		db := openSQL(t, d, path)
		var page, size int
		if err := db.QueryRow(`SELECT s.rootpage, p.page_size FROM sqlite_schema AS s, pragma_page_size AS p WHERE s.name = '_reset_entries'`).Scan(&page, &size); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		file := read(t, path)
		const indexLeaf, cells = 10, 4
		root := file[(page-1)*size:]
		if root[0] != indexLeaf || root[cells] < 2 {
			t.Fatalf("the page is of kind %d and has %d entries", root[0], root[cells])
		}
		root[cells]--
		write(t, path, file)
		write(t, path+".lock", nil)
		refused(t, d, path, &items.Schema, store.ErrCorrupt, path, "_reset_entries")
	})
}
