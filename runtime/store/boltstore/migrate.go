package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// migrate brings the file up to the schema in one transaction. It costs nothing
// when the file is up to date.
func (e *engine) migrate(ctx context.Context, l *store.Layout) error {
	current := l.Current()
	if current {
		err := e.view(ctx, func(t *tx) error {
			for _, table := range tables(l) {
				missing, surplus, err := t.compareUnique(table)
				if err != nil {
					return err
				}
				current = current && len(missing)+len(surplus) == 0
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if current {
		return nil
	}
	return e.atomically(ctx, func(t *tx) error { return t.raise(l) })
}

// raise makes the changes of migrate. Renaming changes nothing but the catalog:
// buckets go by numbers.
func (t *tx) raise(l *store.Layout) error {
	all := tables(l)
	for i := range l.Models {
		table := all[l.Models[i].Info]
		converted := table.layout.Converted()
		if err := t.raiseObjects(table, converted); err != nil {
			return err
		}
		applied := *table.layout // the objects have their new form
		applied.Was = applied.Now
		table.layout = &applied
		if err := t.raiseUnique(table, converted); err != nil {
			return err
		}
	}
	text, err := l.Catalog.Encode()
	if err != nil {
		return err
	}
	return t.put(markBucket, catalogKey, text)
}

// raiseObjects makes the buckets of a model, or gives its objects the form that
// they have now.
func (t *tx) raiseObjects(table *table, converted model.FieldSet) error {
	m := table.layout
	if m.Was == nil {
		if err := t.make(objectsBucket(table.number)); err != nil {
			return err
		}
		return t.make(entriesBucket(table.number))
	}
	if converted.Empty() && len(m.Was.Fields) == len(m.Now.Fields) && m.Was.Track == m.Now.Track {
		return nil
	}
	name := objectsBucket(table.number)
	err := t.read(func() error {
		b, err := t.bucket(name)
		if err == nil {
			b.rewritten()
		}
		return err
	})
	if err != nil {
		return err
	}
	for o, err := range t.objects(table) {
		if err != nil {
			return err
		}
		n, err := o.raise(m, converted)
		if err != nil {
			return err
		}
		if err := t.put(name, appendKey(nil, n.key), n.encode(m.Now.Key)); err != nil {
			return err
		}
	}
	return nil
}

// raise gives an object the places that its model has gained, values of the kinds
// that its fields have now, and the stamps that its tracking has.
func (o *object) raise(m *store.ModelLayout, converted model.FieldSet) (*object, error) {
	n := &object{key: o.key, values: slices.Clone(o.values)}
	for f, p := range m.Place {
		if p >= len(o.values) {
			n.values = append(n.values, m.Info.Fields[f].Zero)
		}
	}
	for f := range converted.All() {
		v, err := m.Convert(o.key, f, o.values[m.Place[f]])
		if err != nil {
			return nil, err
		}
		n.values[m.Place[f]] = v
	}
	if m.Now.Track != model.TrackJournal {
		n.stamp = o.stamp
	}
	if m.Now.Track == model.TrackField {
		n.stamps = o.stamps
		if m.Was.Track != model.TrackField {
			n.stamps = m.Spread(o.stamp)
		}
	}
	return n, nil
}

// compareUnique compares the buckets of values that must be unique that a model
// should have with those that are there.
func (t *tx) compareUnique(table *table) (missing []int, surplus []string, err error) {
	prefix := []byte(uniqueBuckets(table.number))
	have := map[string]bool{}
	err = t.read(func() error {
		return t.bolt.ForEach(func(name []byte, _ *bolt.Bucket) error {
			if bytes.HasPrefix(name, prefix) {
				have[string(name)] = true
			}
			return nil
		})
	})
	if err != nil {
		return nil, nil, err
	}
	for _, f := range table.unique {
		name := uniqueBucket(table.number, table.layout.Place[f])
		if !have[name] {
			missing = append(missing, f)
		}
		delete(have, name)
	}
	for name := range have {
		surplus = append(surplus, name)
	}
	return missing, surplus, nil
}

// raiseUnique makes and fills the buckets of values that must be unique, and
// removes those that need not be any more, or that hold values of another kind.
func (t *tx) raiseUnique(table *table, converted model.FieldSet) error {
	missing, surplus, err := t.compareUnique(table)
	if err != nil {
		return err
	}
	for _, f := range table.unique {
		if converted.Has(f) && !slices.Contains(missing, f) {
			missing = append(missing, f)
			surplus = append(surplus, uniqueBucket(table.number, table.layout.Place[f]))
		}
	}
	for _, name := range surplus {
		if err := t.unmake(name); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for _, f := range missing {
		if err := t.make(uniqueBucket(table.number, table.layout.Place[f])); err != nil {
			return err
		}
	}
	filling := *table
	filling.unique = missing
	for o, err := range t.objects(&filling) {
		if err != nil {
			return err
		}
		if err := t.claim(&filling, nil, o); err != nil {
			if errors.Is(err, store.ErrConstraint) {
				err = fmt.Errorf("%w: it does not fit what is there: %v", store.ErrSchema, err)
			}
			return err
		}
	}
	return t.writeClaims()
}

// unmake removes a bucket.
func (t *tx) unmake(name string) error {
	delete(t.buckets, name)
	return t.change(func() error { return t.bolt.DeleteBucket([]byte(name)) })
}
