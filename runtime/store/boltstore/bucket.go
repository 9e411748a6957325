package boltstore

import (
	"bytes"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/resetgen/resetgen/runtime/store"
)

// The names of the buckets.
const (
	markBucket = "resetgen"
	metaBucket = "meta"
)

func objectsBucket(number int) string       { return fmt.Sprintf("objects/%d", number) }
func entriesBucket(number int) string       { return fmt.Sprintf("entries/%d", number) }
func uniqueBuckets(number int) string       { return fmt.Sprintf("unique/%d/", number) }
func uniqueBucket(number, place int) string { return fmt.Sprintf("%s%d", uniqueBuckets(number), place) }

// packed is how far pages are filled that nothing is likely to be put into the
// midst of. What is left is for objects that grow.
const packed = 0.9

// bucket is a bucket in a transaction. Its methods are called in engine.guard.
type bucket struct {
	*bolt.Bucket
	name string
	salt uint32
	last []byte // the last key, where everything so far was added behind it
	pack packing
}

// packing is what is known of the order in which keys were added to a bucket.
type packing uint8

const (
	untouched packing = iota
	rising            // each was behind all that were there
	scattered
)

// get reads a record, or gives nil. It is valid as long as the transaction.
func (b *bucket) get(key []byte) ([]byte, error) {
	sealed := b.Get(key)
	if sealed == nil {
		return nil, nil
	}
	return b.unseal(key, sealed)
}

func (b *bucket) unseal(key, sealed []byte) ([]byte, error) {
	if content, ok := unseal(b.salt, key, sealed); ok {
		return content, nil
	}
	return nil, corrupt("a record in %s does not match its checksum", b.name)
}

// put writes a record. The bucket keeps content.
func (b *bucket) put(key, content []byte) error {
	b.added(key)
	return b.Put(key, seal(b.salt, key, content))
}

// added notes that a record is about to be written. Pages are split when the
// transaction commits: then FillPercent says where.
func (b *bucket) added(key []byte) {
	switch b.pack {
	case scattered:
		return
	case untouched:
		last, _ := b.Cursor().Last()
		b.last = bytes.Clone(last)
	}
	switch c := bytes.Compare(key, b.last); {
	case c > 0: // no key is empty
		b.pack, b.FillPercent, b.last = rising, packed, key
	case c < 0:
		b.pack, b.FillPercent = scattered, bolt.DefaultFillPercent
	}
}

// rewritten notes that every record will be written, in order.
func (b *bucket) rewritten() { b.pack, b.FillPercent = scattered, packed }

// fits refuses a key that bbolt cannot take.
func fits(key []byte) error {
	if len(key) > bolt.MaxKeySize {
		return fmt.Errorf("%w: a key can have %d bytes, and this one has %d", store.ErrConstraint, bolt.MaxKeySize-1, len(key)-1)
	}
	return nil
}
