package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	bolt "go.etcd.io/bbolt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// tx is a transaction.
type tx struct {
	engine  *engine
	ctx     context.Context
	bolt    *bolt.Tx // nil once the transaction has ended
	write   bool
	broken  error // a write was left half done
	buckets map[string]*bucket
	claims  map[string]*claims
	writes  int // tells readers of a bucket that it may have moved
}

// check tells whether the transaction can still be used.
func (t *tx) check(write bool) error {
	switch {
	case t.bolt == nil:
		return store.ErrTxDone
	case write && !t.write:
		return store.ErrReadOnly
	case t.broken != nil:
		return fmt.Errorf("the transaction has failed already: %w", t.broken)
	}
	if err := t.engine.check(); err != nil {
		return err
	}
	return context.Cause(t.ctx)
}

// read runs what reads the file.
func (t *tx) read(do func() error) error {
	if err := t.check(false); err != nil {
		return err
	}
	return t.engine.guard(do)
}

// change runs what writes to the file, once nothing is left that could refuse the
// write. After an error the transaction cannot commit.
func (t *tx) change(do func() error) error {
	if err := t.check(true); err != nil {
		return err
	}
	t.writes++
	err := t.engine.guard(do)
	if err != nil {
		t.broken = err
	}
	return err
}

// find gives a bucket, or nil. It is called in engine.guard.
func (t *tx) find(name string) *bucket {
	if b := t.buckets[name]; b != nil {
		return b
	}
	found := t.bolt.Bucket([]byte(name))
	if found == nil {
		return nil
	}
	if t.buckets == nil {
		t.buckets = map[string]*bucket{}
	}
	b := &bucket{Bucket: found, name: name, salt: salt(name)}
	t.buckets[name] = b
	return b
}

// bucket gives a bucket that must be there. It is called in engine.guard.
func (t *tx) bucket(name string) (*bucket, error) {
	if b := t.find(name); b != nil {
		return b, nil
	}
	return nil, corrupt("the bucket %s is missing", name)
}

// record reads a record, or gives nil.
func (t *tx) record(name string, key []byte) (content []byte, err error) {
	err = t.read(func() error {
		b, err := t.bucket(name)
		if err != nil {
			return err
		}
		content, err = b.get(key)
		content = bytes.Clone(content)
		return err
	})
	return content, err
}

// put writes a record; content is the bucket's from now on.
func (t *tx) put(name string, key, content []byte) error {
	return t.change(func() error {
		b, err := t.bucket(name)
		if err != nil {
			return err
		}
		return b.put(key, content)
	})
}

// remove removes a record, if it is there.
func (t *tx) remove(name string, key []byte) error {
	return t.change(func() error {
		b, err := t.bucket(name)
		if err != nil {
			return err
		}
		return b.Delete(key)
	})
}

// record is what scan yields.
type record struct{ key, content []byte }

// scan yields the records of a bucket whose keys come after the one given, in
// order. A record is valid until the next.
func (t *tx) scan(name string, after []byte) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		var cursor *bolt.Cursor
		var r record
		writes, last := 0, after
		next := func() error {
			b, err := t.bucket(name)
			if err != nil {
				return err
			}
			var key, sealed []byte
			if cursor != nil && writes == t.writes {
				key, sealed = cursor.Next()
			} else { // writes may move what a cursor stands on
				cursor, writes = b.Cursor(), t.writes
				if key, sealed = cursor.Seek(last); key != nil && bytes.Equal(key, last) {
					key, sealed = cursor.Next()
				}
			}
			if r = (record{}); key == nil {
				return nil
			}
			content, err := b.unseal(key, sealed)
			r = record{key: bytes.Clone(key), content: content}
			last = r.key
			return err
		}
		for {
			if err := t.read(next); err != nil {
				yield(record{}, err)
				return
			}
			if r.key == nil || !yield(r, nil) {
				return
			}
		}
	}
}

// decode reads an object from its record.
func (t *tx) decode(l *store.ModelLayout, key, content []byte) (o *object, err error) {
	k, err := decodeKey(key)
	if err == nil {
		// The content may still be the file's own.
		err = t.engine.guard(func() (err error) {
			o, err = decodeObject(content, k, l.Was)
			return err
		})
	}
	if err != nil {
		return nil, t.engine.named(corrupt("%s %v: %v", l.Info.Name, k, err))
	}
	return o, nil
}

// object reads an object, or gives nil.
func (t *tx) object(table *table, key []byte) (*object, error) {
	content, err := t.record(objectsBucket(table.number), key)
	if err != nil || content == nil {
		return nil, err
	}
	return t.decode(table.layout, key, content)
}

// Get implements store.EngineTx.
func (t *tx) Get(m *model.Info, key model.Value) (*model.Row, error) {
	if err := t.check(false); err != nil {
		return nil, err
	}
	table, err := t.engine.table(m)
	if err != nil || table.layout.Was == nil {
		return nil, err
	}
	o, err := t.object(table, appendKey(nil, key))
	if err != nil || o == nil {
		return nil, err
	}
	return o.row(table.layout), nil
}

// Rows implements store.EngineTx.
func (t *tx) Rows(m *model.Info) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		table, err := t.engine.table(m)
		if err == nil {
			err = t.check(false)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		if table.layout.Was == nil {
			return
		}
		for o, err := range t.objects(table) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(o.row(table.layout), nil) {
				return
			}
		}
	}
}

// objects yields every object of a model that the file has.
func (t *tx) objects(table *table) iter.Seq2[*object, error] {
	return func(yield func(*object, error) bool) {
		for r, err := range t.scan(objectsBucket(table.number), nil) {
			var o *object
			if err == nil {
				o, err = t.decode(table.layout, r.key, r.content)
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// Insert implements store.EngineTx.
func (t *tx) Insert(m *model.Info, key model.Value, row *model.Row) error {
	return t.store(m, key, row, model.FirstFields(len(m.Fields)), func(old *object) error {
		if old != nil {
			return fmt.Errorf("%w: there is an object with this key", store.ErrConstraint)
		}
		return nil
	})
}

// Update implements store.EngineTx.
func (t *tx) Update(m *model.Info, key model.Value, row *model.Row, fields model.FieldSet) error {
	return t.store(m, key, row, fields, func(old *object) error {
		if old == nil {
			return store.ErrNotFound
		}
		return nil
	})
}

// Replace implements store.EngineTx.
func (t *tx) Replace(m *model.Info, key model.Value, row *model.Row) error {
	return t.store(m, key, row, model.FirstFields(len(m.Fields)), func(*object) error { return nil })
}

// store writes an object that it puts together from what is there, which may be
// nothing and must be what allowed wants, and some fields of a row.
func (t *tx) store(m *model.Info, key model.Value, row *model.Row, fields model.FieldSet, allowed func(old *object) error) error {
	if err := t.check(true); err != nil {
		return err
	}
	table, err := t.engine.table(m)
	if err != nil {
		return err
	}
	l, k := table.layout, appendKey(nil, key)
	if key.Kind() != m.Fields[m.Key].Kind {
		return fmt.Errorf("%w: %s.%s is a %s, and the key a %s", store.ErrConstraint, m.Name, m.Fields[m.Key].Name, m.Fields[m.Key].Kind, key.Kind())
	}
	if err := fits(k); err != nil {
		return err
	}
	old, err := t.object(table, k)
	if err != nil {
		return err
	}
	if err := allowed(old); err != nil {
		return err
	}
	o := &object{key: key, values: make([]model.Value, l.Stored())}
	var stamps []stamp.Stamp
	if old != nil {
		copy(o.values, old.values)
		stamps = old.stamps
	}
	for f := range fields.All() {
		if o.values[l.Place[f]], err = store.Storable(m, f, row.Values[f]); err != nil {
			return err
		}
	}
	o.values[l.Now.Key] = key
	o.stamp, o.stamps = l.Stamps(row, stamps)
	content := o.encode(l.Now.Key)
	if len(content) > bolt.MaxValueSize-sealSize {
		return fmt.Errorf("%w: an object of %d bytes", store.ErrConstraint, len(content))
	}
	if err := t.claim(table, old, o); err != nil {
		return err
	}
	return t.put(objectsBucket(table.number), k, content)
}

// Delete implements store.EngineTx.
func (t *tx) Delete(m *model.Info, key model.Value) error {
	if err := t.check(true); err != nil {
		return err
	}
	table, err := t.engine.table(m)
	if err != nil {
		return err
	}
	k := appendKey(nil, key)
	if len(table.unique) > 0 {
		old, err := t.object(table, k)
		if err != nil || old == nil {
			return err
		}
		if err := t.claim(table, old, nil); err != nil {
			return err
		}
	}
	return t.remove(objectsBucket(table.number), k)
}

// Commit implements store.EngineTx.
func (t *tx) Commit() error {
	if err := t.check(true); err != nil {
		return err
	}
	if err := t.writeClaims(); err != nil {
		return err
	}
	id, panicked := t.bolt.ID(), true
	err := t.engine.guard(func() error {
		err := t.bolt.Commit()
		panicked = false
		return err
	})
	switch {
	case panicked: // before it made its pages valid, which takes no reading
		t.engine.fail(err, false)
		return errors.Join(err, t.Rollback())
	case err != nil:
		t.bolt = nil
		return t.engine.doubt(id, err)
	}
	t.bolt = nil
	return nil
}

// doubt judges a commit that ended with an error. Where it came so far as to make
// its pages valid nobody can say whether that lasts.
func (e *engine) doubt(id int, failed error) error {
	now := -1
	err := e.guard(func() error {
		reader, err := e.db.Begin(false)
		if err != nil {
			return err
		}
		now = reader.ID()
		return reader.Rollback()
	})
	if err == nil && now < id {
		return failed
	}
	failed = fmt.Errorf("whether the latest commit is in %s is not known: %w", e.path, failed)
	e.fail(failed, false)
	return failed
}

// Rollback implements store.EngineTx.
func (t *tx) Rollback() error {
	if t.bolt == nil {
		return nil
	}
	b := t.bolt
	t.bolt = nil
	if t.engine.isStuck() {
		return nil // nothing of it can come into the file
	}
	err := t.engine.guard(b.Rollback)
	if err != nil {
		t.engine.fail(err, true)
	}
	return err
}
