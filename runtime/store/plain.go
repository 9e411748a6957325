package store

import (
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/model/codec"
)

// Encode is a plain struct in its stored form, without stamps. Its error names
// what cannot be stored.
func (c *Collection[K, T, R]) Encode(v *T) (*model.Row, error) {
	_, row, err := c.row(v)
	return row, err
}

// EncodeKey is the stored form of the key of a plain struct.
func (c *Collection[K, T, R]) EncodeKey(v *T) (model.Value, error) {
	row := &model.Row{Values: make([]model.Value, len(c.b.Info.Fields))}
	e := codec.NewEncoder(c.b.Info, row, model.FieldSetOf(c.b.Info.Key))
	c.b.Encode(e, v)
	if err := e.Err(); err != nil {
		return model.Value{}, err
	}
	key := row.Values[c.b.Info.Key]
	return key, codec.CheckKey(c.b.Info, key)
}

// Decode is the reverse of Encode.
func (c *Collection[K, T, R]) Decode(row *model.Row) (T, error) {
	var v T
	d := codec.NewDecoder(c.b.Info, row)
	c.b.Decode(d, &v)
	return v, d.Err()
}
