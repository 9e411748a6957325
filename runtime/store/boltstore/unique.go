package boltstore

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// claims is what a transaction changes in a bucket of values that must be unique:
// the key of the object that has a value, nil where none has it any more. It is
// written in the order of the values when the transaction commits: bbolt takes
// long over many records in no order.
type claims struct {
	bucket  string
	changed map[string][]byte
}

// claimKey is the form in which a value is claimed, and whether it counts: as in
// SQL, any number of objects may have none.
func claimKey(v model.Value) (key string, counts bool) {
	if v.IsNull() || v.IsAbsent() || v.Kind() == model.Float && v.Float() != v.Float() {
		return "", false
	}
	k := appendKey(nil, v)
	if len(k) > sha256.Size {
		hash := sha256.Sum256(k)
		k = append(k[:1], hash[:]...) // longer than those that are no hash
	}
	return string(k), true
}

// claimsOf gives the claims of a field.
func (t *tx) claimsOf(bucket string) *claims {
	c := t.claims[bucket]
	if c == nil {
		if t.claims == nil {
			t.claims = map[string]*claims{}
		}
		c = &claims{bucket: bucket, changed: map[string][]byte{}}
		t.claims[bucket] = c
	}
	return c
}

// owner is the key of the object that has a value, or nil.
func (t *tx) owner(c *claims, value string) ([]byte, error) {
	if key, ok := c.changed[value]; ok {
		return key, nil
	}
	return t.record(c.bucket, []byte(value))
}

// claim gives the values of an object that must be unique from old to o; either
// may be nil. It refuses, and changes nothing, where another object has one.
func (t *tx) claim(table *table, old, o *object) error {
	l := table.layout
	for _, f := range table.unique {
		if o == nil {
			break
		}
		place := l.Place[f]
		value, counts := claimKey(o.values[place])
		if !counts {
			continue
		}
		owner, err := t.owner(t.claimsOf(uniqueBucket(table.number, place)), value)
		if err != nil {
			return err
		}
		if owner == nil {
			continue
		}
		other, err := decodeKey(owner)
		if err != nil {
			return t.engine.named(corrupt("%s: %v", uniqueBucket(table.number, place), err))
		}
		if other != o.key {
			return fmt.Errorf("%w: %s.%s must be unique, and %v has the same value as %v", store.ErrConstraint, l.Info.Name, l.Info.Fields[f].Name, other, o.key)
		}
	}
	for _, f := range table.unique {
		place := l.Place[f]
		if old != nil && o != nil && old.values[place] == o.values[place] {
			continue
		}
		c := t.claimsOf(uniqueBucket(table.number, place))
		if old != nil {
			if value, counts := claimKey(old.values[place]); counts {
				c.changed[value] = nil
			}
		}
		if o != nil {
			if value, counts := claimKey(o.values[place]); counts {
				c.changed[value] = appendKey(nil, o.key)
			}
		}
	}
	return nil
}

// writeClaims writes what the transaction has changed.
func (t *tx) writeClaims() error {
	for _, c := range t.claims {
		for _, value := range slices.Sorted(maps.Keys(c.changed)) {
			var err error
			if key := c.changed[value]; key != nil {
				err = t.put(c.bucket, []byte(value), key)
			} else {
				err = t.remove(c.bucket, []byte(value))
			}
			if err != nil {
				return err
			}
		}
	}
	t.claims = nil
	return nil
}
