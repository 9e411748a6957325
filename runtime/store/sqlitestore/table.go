package sqlitestore

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// table is how the objects of one model are read and written.
type table struct {
	layout *store.ModelLayout
	exists bool
	fields []column // by place
	stray  []string // columns that the store never made
	stamps []string // the columns of the stamps that are there

	get, rows, insert, delete, oldStamps *query
}

// newTable makes the statements for a model whose table has the columns given.
// Parameters have no numbers: some drivers would look each of them up by it.
func newTable(l *store.ModelLayout, have []string) *table {
	t := &table{layout: l, exists: l.Was != nil}
	if !t.exists {
		return t
	}
	expected := columnNames(l.Was)
	for _, name := range have {
		if !slices.Contains(expected, name) {
			t.stray = append(t.stray, name)
		}
	}
	for _, f := range l.Was.Fields {
		t.fields = append(t.fields, columnOf(f.Kind, f.Null))
	}
	for f, p := range l.Place {
		if p < len(t.fields) {
			t.fields[p] = storedColumn(l, f)
		}
	}
	t.stamps = stampColumns(l.Was.Track)
	t.prepareReads(append(expected, t.stray...))
	t.prepareWrites()
	return t
}

// storedColumn is the column of field f, which the store has. A NULL stands for
// nothing at all where the field has no zero value that could have been put into
// the rows that lacked it.
func storedColumn(l *store.ModelLayout, f int) column {
	field, was := &l.Info.Fields[f], l.Was.Fields[l.Place[f]]
	lacks := !field.Null && field.Zero.IsAbsent()
	if was.Kind != field.Kind { // it is an earlier version of the app that had no zero value
		lacks = !was.Null && was.Kind != model.Float
	}
	c := columnOf(was.Kind, was.Null)
	if lacks {
		c.null = model.Value{}
	}
	return c
}

func (t *table) prepareReads(all []string) {
	was := t.layout.Was
	for i, name := range all {
		all[i] = "t." + quote(name)
	}
	selection := "SELECT " + strings.Join(all, ", ") + " FROM " + quote(was.Name) + " AS t"
	key := "t." + quote(was.Fields[was.Key].Name)
	t.get = &query{text: selection + " WHERE " + key + " = ?"}
	t.rows = &query{text: selection + " ORDER BY " + key}
	if t.layout.Info.Track == model.TrackField && len(t.stamps) == 2 {
		t.oldStamps = &query{text: fmt.Sprintf("SELECT t.%s, t.%s FROM %s AS t WHERE %s = ?", quote(stampColumn), quote(stampsColumn), quote(was.Name), key)}
	}
}

func (t *table) prepareWrites() {
	m := t.layout.Info
	var names, params []string
	for _, name := range append(m.Names(model.FirstFields(len(m.Fields))), t.stamps...) {
		names = append(names, quote(name))
		params = append(params, "?")
	}
	t.insert = &query{text: fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", quote(m.Name), strings.Join(names, ", "), strings.Join(params, ", "))}
	t.delete = &query{text: fmt.Sprintf("DELETE FROM %s WHERE %s = ?", quote(m.Name), quote(m.Fields[m.Key].Name))}
}

// updateKey tells the statements that write some of a model's fields.
type updateKey struct {
	table  *table
	fields model.FieldSet
}

// keptUpdates is how many of these statements a connection keeps.
const keptUpdates = 256

// update is the statement that writes some fields; the key is its last
// parameter.
func (c *conn) update(t *table, fields model.FieldSet) *query {
	key := updateKey{t, fields}
	if q := c.updates[key]; q != nil {
		return q
	}
	if len(c.updates) == keptUpdates {
		for _, q := range c.updates {
			c.forget(q)
		}
		clear(c.updates)
	}
	m := t.layout.Info
	var set []string
	for _, name := range append(m.Names(fields), t.stamps...) {
		set = append(set, quote(name)+" = ?")
	}
	q := &query{text: fmt.Sprintf("UPDATE %s SET %s WHERE %s = ?", quote(m.Name), strings.Join(set, ", "), quote(m.Fields[m.Key].Name))}
	c.updates[key] = q
	return q
}

// row makes a row of what a connection found in the columns of get and rows.
func (t *table) row(found []driver.Value) (*model.Row, error) {
	n := len(t.fields)
	var few [32]model.Value // on the stack, for most models
	values := few[:0]
	for p, column := range t.fields {
		values = append(values, column.value(found[p]))
	}
	at, stamps, err := t.readStamps(found[n : n+len(t.stamps)])
	if err != nil {
		return nil, fmt.Errorf("%w: %s %v: %w", store.ErrCorrupt, t.layout.Info.Name, values[t.layout.Was.Key], err)
	}
	row := t.layout.Row(values, at, stamps)
	for i, name := range t.stray {
		row.Extra = append(row.Extra, model.Named{Name: name, Value: column{null: model.NullValue()}.value(found[n+len(t.stamps)+i])})
	}
	return row, nil
}

// readStamps reads the columns of the stamps, as many as there are.
func (t *table) readStamps(found []driver.Value) (at stamp.Stamp, stamps []stamp.Stamp, err error) {
	if len(found) == 0 {
		return 0, nil, nil
	}
	n, ok := found[0].(int64)
	if !ok {
		return 0, nil, fmt.Errorf("its stamp is a %T", found[0])
	}
	at = stamp.Stamp(n)
	if t.layout.Info.Track != model.TrackField {
		return at, nil, nil
	}
	var packed driver.Value
	if len(found) > 1 {
		packed = found[1]
	}
	switch b := packed.(type) {
	case nil:
		return at, t.layout.Spread(at), nil
	case []byte:
		stamps, err = model.UnpackStamps(nil, b, at)
		return at, stamps, err
	}
	return 0, nil, fmt.Errorf("the stamps of its fields are a %T", packed)
}

// appendFields appends the parameters for some fields of a row.
func (t *table) appendFields(args []driver.Value, row *model.Row, fields model.FieldSet) ([]driver.Value, error) {
	for f := range fields.All() {
		v, err := store.Storable(t.layout.Info, f, row.Values[f])
		if err != nil {
			return nil, err
		}
		args = append(args, bind(v))
	}
	return args, nil
}

// appendStamps appends the parameters for the stamps of a row; old has those of
// the fields that the row does not know.
func (t *table) appendStamps(args []driver.Value, row *model.Row, old []stamp.Stamp) []driver.Value {
	switch len(t.stamps) {
	case 0:
		return args
	case 1:
		return append(args, int64(row.Stamp))
	}
	if len(t.layout.Unknown) == 0 && !slices.ContainsFunc(row.Stamps, func(s stamp.Stamp) bool { return s != row.Stamp }) {
		return append(args, int64(row.Stamp), nil) // a byte a field less, and most of a bulk load is like this
	}
	newest, stamps := t.layout.Stamps(row, old)
	return append(args, int64(newest), model.PackStamps([]byte{}, newest, stamps))
}
