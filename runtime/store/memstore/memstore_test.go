package memstore_test

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/runtime/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Harness {
		disk := memstore.New()
		return storetest.Harness{Driver: disk, Path: "store", Kill: func(t testing.TB, path string) string {
			disk.Kill()
			return path
		}}
	})
}
