package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// BenchmarkOpen opens and closes a store with as many objects as -rows says,
// against one with a thousand.
func BenchmarkOpen(b *testing.B) {
	large := filepath.Join(b.TempDir(), "large.db")
	must(b, copyFile(sharedFiles(b).fresh, large))
	small := newPath(b)
	must(b, fill(small, 1000))
	versus(b, "x-thousand", opened(b, large), opened(b, small))
}

func opened(b *testing.B, path string) func() time.Duration {
	return repeated(1, func() {
		must(b, openStore(b, sqlitestore.Driver{Name: pure}, path).Close())
	})
}
