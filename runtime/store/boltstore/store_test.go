package boltstore

import (
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Harness {
		return storetest.Harness{
			Driver: Driver{},
			Path:   filepath.Join(directory(t), "store.db"),
			Kill:   copyOfTheDisk,
			Plant:  plant,
		}
	})
}

// directory is a new folder. A test that runs many times makes many of them.
func directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// copyOfTheDisk is what a killed process leaves.
func copyOfTheDisk(t testing.TB, path string) string {
	t.Helper()
	left := filepath.Join(directory(t), filepath.Base(path))
	write(t, left, read(t, path))
	return left
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// plant writes a value into a file behind the store's back.
func plant(t testing.TB, path string, m *model.Info, key model.Value, field string, value any) {
	t.Helper()
	var planted model.Value
	switch v := value.(type) {
	case nil:
		planted = model.NullValue()
	case int64:
		planted = model.IntValue(v)
	case float64:
		planted = model.FloatValue(v)
	case string:
		planted = model.StringValue(v)
	case []byte:
		planted = model.BytesValue(v)
	}
	db, err := bolt.Open(path, 0o666, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		content, _ := unseal(salt(markBucket), catalogKey, tx.Bucket([]byte(markBucket)).Get(catalogKey))
		catalog, err := store.ParseCatalog(content)
		if err != nil {
			return err
		}
		for n := range catalog.Models {
			c := &catalog.Models[n]
			if c.Name != m.Name {
				continue
			}
			name, k := objectsBucket(n), appendKey(nil, key)
			b := tx.Bucket([]byte(name))
			content, _ = unseal(salt(name), k, b.Get(k))
			o, err := decodeObject(content, key, c)
			if err != nil {
				return err
			}
			for p, f := range c.Fields {
				if f.Name == field {
					o.values[p] = planted
				}
			}
			return b.Put(k, seal(salt(name), k, o.encode(c.Key)))
		}
		return os.ErrNotExist
	})
	if err != nil {
		t.Fatal(err)
	}
}
