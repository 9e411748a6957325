package gentest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
)

// errEnough rolls a transaction back, so that each round finds an empty store.
var errEnough = errors.New("enough")

func TestWhatIsStoredComesBack(t *testing.T) {
	each(t, func(t *testing.T, s *subject) {
		db, err := store.Open(context.Background(), memstore.New(), "gentest", s.schema, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		rapid.Check(t, func(rt *rapid.T) {
			r := random{T: rt, storable: true}
			v := r.model(s, r.upTo(5))
			var got reflect.Value
			err := db.Update(context.Background(), func(tx *store.Tx) error {
				if err := s.replace(tx, v); err != nil {
					return err
				}
				var err error
				if got, err = s.get(tx, v); err != nil {
					return err
				}
				return errEnough
			})
			if !errors.Is(err, errEnough) {
				t.Fatal(err)
			}
			for i := range s.leaves {
				if l := &s.leaves[i]; !equal(l.of(v), l.of(got)) {
					t.Fatalf("%s came back as %#v, want %#v", l.goName, l.of(got), l.of(v))
				}
			}
		})
	})
}
