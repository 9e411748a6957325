package remote

import (
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Object is an object as the backend has it.
type Object struct {
	Model   string
	Key     model.Value
	Deleted bool
	Stamp   stamp.Stamp // of its newest write
	Fields  []Field     // without the key; a field that nobody wrote is not among them; nil where deleted
}

// Field is one field of an object.
type Field struct {
	Name  string // the stored name
	Value model.Value
	Stamp stamp.Stamp // of its newest write
}

// Field finds a field by its stored name, or gives nil.
func (o *Object) Field(name string) *Field {
	for i := range o.Fields {
		if o.Fields[i].Name == name {
			return &o.Fields[i]
		}
	}
	return nil
}

// Row is the object in the form that stores and merges work with; nil where it is
// deleted. A field that nobody wrote has its zero value; what m has no field for
// is among the row's Extra. Where a field is there under its present name and an
// earlier one, the present one counts.
func (o *Object) Row(m *model.Info) *model.Row {
	if o.Deleted {
		return nil
	}
	row := model.NewRow(m)
	row.Values[m.Key] = o.Key
	if m.Track != model.TrackJournal {
		row.Stamp = o.Stamp
	}
	has := func(name string) bool { return o.Field(name) != nil }
	for _, f := range o.Fields {
		switch i := m.IndexAmong(f.Name, has); {
		case i == m.Key: // the object's own counts
		case i >= 0:
			row.Values[i] = f.Value
			row.Mark(m, i, f.Stamp)
		case m.IndexWas(f.Name) < 0:
			row.Extra = append(row.Extra, model.Named{Name: f.Name, Value: f.Value})
		}
	}
	return row
}

// ObjectOf is the inverse of Row.
func ObjectOf(m *model.Info, row *model.Row) Object {
	o := Object{Model: m.Name, Key: row.Values[m.Key], Stamp: row.Stamp}
	for i := range m.Fields {
		if i != m.Key {
			o.Fields = append(o.Fields, Field{Name: m.Fields[i].Name, Value: row.Values[i], Stamp: row.StampOf(i)})
		}
	}
	for _, extra := range row.Extra {
		o.Fields = append(o.Fields, Field{Name: extra.Name, Value: extra.Value})
	}
	return o
}
