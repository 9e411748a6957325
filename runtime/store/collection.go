package store

import (
	"errors"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Binding is what generated code tells of a model: K is the type of the key, T
// the annotated struct, R the generated record.
type Binding[K, T, R any] struct {
	Info   *model.Info
	Key    codec.Codec[K]
	Open   func(*R) (*Record, *T) // the parts of a record
	Encode func(*codec.Encoder, *T)
	Decode func(*codec.Decoder, *T)
	Diff   func(a, b *T) model.FieldSet
	Merge  func(c *merge.Context, base, local, remote *T) (T, error)
}

// Collection is the objects of one model in any store whose schema has it. It
// holds no objects itself and is safe for concurrent use in transactions of
// their own.
type Collection[K, T, R any] struct {
	b     Binding[K, T, R]
	model *merge.Model
}

// NewCollection declares a model as part of a schema. Generated code calls it
// while the program starts.
func NewCollection[K, T, R any](schema *Schema, b Binding[K, T, R]) *Collection[K, T, R] {
	c := &Collection[K, T, R]{b: b}
	c.fillZeros()
	c.model = &merge.Model{Info: b.Info, Merge: c.mergeRows, Misfits: c.misfits}
	schema.Add(c.model)
	return c
}

// Model describes the model; it must not be changed.
func (c *Collection[K, T, R]) Model() *merge.Model { return c.model }

// fillZeros completes the Info by the stored form of the zero value of each
// field. A field whose zero value has none stays absent.
func (c *Collection[K, T, R]) fillZeros() {
	row := &model.Row{Values: make([]model.Value, len(c.b.Info.Fields))}
	e := codec.NewEncoder(c.b.Info, row, model.FirstFields(len(c.b.Info.Fields)))
	var zero T
	c.b.Encode(e, &zero)
	for f := range c.b.Info.Fields {
		c.b.Info.Fields[f].Zero = row.Values[f]
	}
}

// Get reads the object with the key. Its error wraps ErrNotFound where there is
// none.
func (c *Collection[K, T, R]) Get(tx *Tx, key K) (*R, error) {
	k, err := codec.Key(c.b.Info, c.b.Key, key)
	if err != nil {
		return nil, err
	}
	row, err := tx.Row(c.b.Info, k)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, describe("reading", c.b.Info, k, ErrNotFound)
	}
	return c.record(tx, k, row, tx.writes)
}

// New makes a record for an object that is not there yet; Put creates it. Its
// error wraps ErrExists where there is one.
func (c *Collection[K, T, R]) New(tx *Tx, key K) (*R, error) {
	k, err := codec.Key(c.b.Info, c.b.Key, key)
	if err != nil {
		return nil, err
	}
	row, err := tx.Row(c.b.Info, k)
	if err != nil {
		return nil, err
	}
	if row != nil {
		return nil, describe("creating", c.b.Info, k, ErrExists)
	}
	row = model.NewRow(c.b.Info)
	row.Values[c.b.Info.Key] = k
	r, err := c.record(tx, k, row, tx.writes)
	if err != nil {
		return nil, err
	}
	rec, _ := c.b.Open(r)
	rec.row = nil
	return r, nil
}

// record makes a record of a row that was read when the transaction had made so
// many writes.
func (c *Collection[K, T, R]) record(tx *Tx, key model.Value, row *model.Row, read int) (*R, error) {
	r := new(R)
	rec, v := c.b.Open(r)
	*rec = Record{tx: tx, key: key, row: row, read: read}
	d := codec.NewDecoder(c.b.Info, row)
	c.b.Decode(d, v)
	if err := d.Err(); err != nil {
		return nil, describe("reading", c.b.Info, key, err)
	}
	return r, nil
}

// Put writes what was changed in a record since it was read, and nothing else:
// what was written to the object by other means in between stays, and counters,
// sets, maps, lists and texts that both changed are merged by their rules. The record
// is then what is stored, so it can be changed further and put again. A record in
// which nothing was changed writes nothing, unless it is new.
func (c *Collection[K, T, R]) Put(tx *Tx, r *R) error {
	if r == nil {
		return fmt.Errorf("writing %s: the record is nil", c.b.Info.Name)
	}
	rec, v := c.b.Open(r)
	switch {
	case rec.tx == nil:
		return fmt.Errorf("writing %s: %w: Get, New, All or Query have not made it", c.b.Info.Name, ErrWrongTx)
	case rec.tx != tx:
		return describe("writing", c.b.Info, rec.key, ErrWrongTx)
	}
	if err := tx.check(true); err != nil {
		return describe("writing", c.b.Info, rec.key, err)
	}
	if rec.err != nil {
		return describe("writing", c.b.Info, rec.key, c.named(rec.err))
	}
	before, err := c.current(tx, rec)
	if err != nil {
		return err
	}
	after, err := c.encoded(rec, v)
	stale := before != nil && before != rec.row
	if err == nil && stale {
		after, err = c.overlay(rec.row, after, before, rec.changed.Union(rec.touched))
	}
	if err != nil {
		return describe("writing", c.b.Info, rec.key, err)
	}
	if err := c.put(tx, rec.key, before, after, rec.touched); err != nil {
		return err
	}
	if stale {
		c.b.Decode(codec.NewDecoder(c.b.Info, after), v)
	}
	rec.row, rec.read = after, tx.writes
	rec.changed, rec.touched = model.FieldSet{}, model.FieldSet{}
	return nil
}

// encoded is the object as the record has it.
func (c *Collection[K, T, R]) encoded(rec *Record, v *T) (*model.Row, error) {
	var after *model.Row
	if rec.row == nil {
		after = model.NewRow(c.b.Info)
		after.Values[c.b.Info.Key] = rec.key
	} else {
		after = rec.row.Clone()
	}
	e := codec.NewEncoder(c.b.Info, after, rec.changed.Union(rec.touched))
	c.b.Encode(e, v)
	return after, e.Err()
}

// overlay brings what was changed between base and local into what is stored. The
// later write wins, except that fields that are merged in parts keep the parts of
// both.
func (c *Collection[K, T, R]) overlay(base, local, stored *model.Row, changed model.FieldSet) (*model.Row, error) {
	result := stored.Clone()
	var parts model.FieldSet
	for f := range changed.All() {
		if c.b.Info.Fields[f].Rule.MergesParts() && !base.Values[f].Equal(stored.Values[f]) {
			parts.Add(f)
		} else {
			result.Values[f] = local.Values[f]
		}
	}
	if parts.Empty() {
		return result, nil
	}
	return result, c.mergeRows(&merge.Context{Local: parts}, base, local, stored, result)
}

// current is the object that a record was made of, as the transaction sees it
// now.
func (c *Collection[K, T, R]) current(tx *Tx, rec *Record) (*model.Row, error) {
	if rec.read == tx.writes {
		return rec.row, nil
	}
	row, err := tx.Row(c.b.Info, rec.key)
	switch {
	case err != nil:
		return nil, err
	case rec.row == nil && row != nil:
		return nil, describe("creating", c.b.Info, rec.key, ErrExists)
	case rec.row != nil && row == nil:
		return nil, describe("writing", c.b.Info, rec.key, fmt.Errorf("it was deleted meanwhile: %w", ErrNotFound))
	}
	return row, nil
}

// put writes after where before was.
func (c *Collection[K, T, R]) put(tx *Tx, key model.Value, before, after *model.Row, touched model.FieldSet) error {
	if !after.Values[c.b.Info.Key].Equal(key) {
		return describe("writing", c.b.Info, key, fmt.Errorf("its key is now %v: %w", after.Values[c.b.Info.Key], ErrKeyChanged))
	}
	from := before
	if from == nil {
		from = model.NewRow(c.b.Info)
	}
	changed := after.Differing(from)
	changed.Remove(c.b.Info.Key)
	return tx.put(c.b.Info, key, before, after, changed, touched)
}

// Delete deletes the object with the key and leaves a tombstone until that is
// settled with the backend. Its error wraps ErrNotFound where there is none.
func (c *Collection[K, T, R]) Delete(tx *Tx, key K) error {
	k, err := codec.Key(c.b.Info, c.b.Key, key)
	if err != nil {
		return err
	}
	if err := tx.check(true); err != nil {
		return describe("deleting", c.b.Info, k, err)
	}
	row, err := tx.Row(c.b.Info, k)
	if err != nil {
		return err
	}
	if row == nil {
		return describe("deleting", c.b.Info, k, ErrNotFound)
	}
	return tx.remove(c.b.Info, k, row)
}

// Save writes what an app changed in a plain struct: the fields in which after
// differs from before, which is what the app had read, perhaps long ago. Fields
// that were written meanwhile and that the app left alone stay as they are. The
// object must still be there.
func (c *Collection[K, T, R]) Save(tx *Tx, before, after *T) error {
	key, to, err := c.row(after)
	if err != nil {
		return err
	}
	fromKey, from, err := c.row(before)
	if err != nil {
		return err
	}
	if !fromKey.Equal(key) {
		return describe("saving", c.b.Info, fromKey, fmt.Errorf("its key is now %v: %w", key, ErrKeyChanged))
	}
	if err := tx.check(true); err != nil {
		return describe("saving", c.b.Info, key, err)
	}
	stored, err := tx.Row(c.b.Info, key)
	if err != nil {
		return err
	}
	if stored == nil {
		return describe("saving", c.b.Info, key, ErrNotFound)
	}
	result, err := c.overlay(from, to, stored, c.b.Diff(before, after))
	if err != nil {
		return describe("saving", c.b.Info, key, err)
	}
	return c.put(tx, key, stored, result, model.FieldSet{})
}

// Replace writes a plain struct whole: the fields in which it differs from what
// is stored count as changed, and an object that is not there is created with
// the fields that are not zero.
func (c *Collection[K, T, R]) Replace(tx *Tx, v *T) error {
	key, row, err := c.row(v)
	if err != nil {
		return err
	}
	if err := tx.check(true); err != nil {
		return describe("replacing", c.b.Info, key, err)
	}
	stored, err := tx.Row(c.b.Info, key)
	if err != nil {
		return err
	}
	if stored != nil {
		result := stored.Clone()
		result.Values = row.Values
		row = result
	}
	return c.put(tx, key, stored, row, model.FieldSet{})
}

// Load writes an object as the backend has it, stamped as it was there: it is in
// sync afterwards. An object with unsynced changes is refused with ErrUnsynced.
// It is for filling a store; what a backend sends later goes through the merge.
func (c *Collection[K, T, R]) Load(tx *Tx, v *T, at stamp.Stamp) error {
	key, row, err := c.row(v)
	if err != nil {
		return err
	}
	for f := range c.b.Info.Fields {
		row.Mark(c.b.Info, f, at)
	}
	return tx.Load(c.b.Info, key, row)
}

// row is a plain struct in its stored form, and its key.
func (c *Collection[K, T, R]) row(v *T) (model.Value, *model.Row, error) {
	if v == nil {
		return model.Value{}, nil, fmt.Errorf("writing %s: the struct is nil", c.b.Info.Name)
	}
	row := model.NewRow(c.b.Info)
	e := codec.NewEncoder(c.b.Info, row, model.FirstFields(len(c.b.Info.Fields)))
	c.b.Encode(e, v)
	key := row.Values[c.b.Info.Key]
	if err := e.Err(); err != nil {
		return key, nil, fmt.Errorf("%s %v: %w", c.b.Info.Name, key, err)
	}
	return key, row, codec.CheckKey(c.b.Info, key)
}

// All yields every object in the order of the keys, one at a time. An object
// that cannot be read is an error that names it, and the end. Whether it shows
// writes made meanwhile in the same transaction is unspecified.
func (c *Collection[K, T, R]) All(tx *Tx) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		read := tx.writes // the rows may be those of this moment
		for row, err := range tx.Rows(c.b.Info) {
			var r *R
			if err == nil {
				r, err = c.record(tx, row.Values[c.b.Info.Key], row, read)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// mergeRows is the generated merge over rows.
func (c *Collection[K, T, R]) mergeRows(mc *merge.Context, base, local, remote, result *model.Row) error {
	var b, l, r T
	c.b.Decode(codec.NewDecoder(c.b.Info, base), &b)
	c.b.Decode(codec.NewDecoder(c.b.Info, local), &l)
	c.b.Decode(codec.NewDecoder(c.b.Info, remote), &r)
	merged, err := c.b.Merge(mc, &b, &l, &r)
	if err != nil {
		return err
	}
	e := codec.NewEncoder(c.b.Info, result, mc.Local)
	c.b.Encode(e, &merged)
	return e.Err()
}

// misfits lists the values of a row that do not fit their fields.
func (c *Collection[K, T, R]) misfits(row *model.Row) []*model.FieldError {
	d := codec.NewDecoder(c.b.Info, row)
	var v T
	c.b.Decode(d, &v)
	return d.Misfits()
}

// named puts the field's name in the place of its number.
func (c *Collection[K, T, R]) named(err error) error {
	var field *merge.FieldError
	if errors.As(err, &field) {
		return fmt.Errorf("field %s: %w", c.b.Info.Fields[field.Field].Name, field.Err)
	}
	return err
}
