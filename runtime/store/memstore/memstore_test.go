package memstore_test

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/runtime/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Harness {
		disk := memstore.New()
		return storetest.Harness{
			Driver: disk, Path: "store",
			Kill: func(t testing.TB, path string) string {
				disk.Kill()
				return path
			},
			Plant: func(t testing.TB, path string, m *model.Info, key model.Value, field string, value any) {
				disk.Plant(path, m.Name, key, field, valueOf(value))
			},
		}
	})
}

// valueOf is what a column of a database gives as a value.
func valueOf(found any) model.Value {
	switch v := found.(type) {
	case int64:
		return model.IntValue(v)
	case float64:
		return model.FloatValue(v)
	case string:
		return model.StringValue(v)
	case []byte:
		return model.BytesValue(v)
	}
	return model.NullValue()
}
