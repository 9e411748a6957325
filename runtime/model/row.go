package model

import (
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/stamp"
)

// Row is one object in its stored form.
type Row struct {
	Values []Value       // by the index of the field in Info; Absent where the store has no such column
	Stamp  stamp.Stamp   // the object's newest stamp; 0 with TrackJournal
	Stamps []stamp.Stamp // TrackField: by the index of the field; nil otherwise
	Extra  []Named       // stored fields that this version of the app does not know
}

// Named is a value with the stored name of its field.
type Named struct {
	Name  string `json:"field"`
	Value Value  `json:"value"`
}

// NewRow gives a row of m in which every field has its zero value.
func NewRow(m *Info) *Row {
	r := &Row{Values: make([]Value, len(m.Fields))}
	for i := range m.Fields {
		r.Values[i] = m.Fields[i].Zero
	}
	if m.Track == TrackField {
		r.Stamps = make([]stamp.Stamp, len(m.Fields))
	}
	return r
}

// Clone is a copy that shares nothing with r.
func (r *Row) Clone() *Row {
	return &Row{
		Values: slices.Clone(r.Values),
		Stamp:  r.Stamp,
		Stamps: slices.Clone(r.Stamps),
		Extra:  slices.Clone(r.Extra),
	}
}

// StampOf is when field f was last written, as far as the model's tracking
// tells.
func (r *Row) StampOf(f int) stamp.Stamp {
	if r.Stamps != nil {
		return r.Stamps[f]
	}
	return r.Stamp
}

// Mark notes that field f was written at s.
func (r *Row) Mark(m *Info, f int, s stamp.Stamp) {
	switch m.Track {
	case TrackJournal:
		return
	case TrackField:
		r.Stamps[f] = s
	}
	r.Stamp = max(r.Stamp, s)
}

// Differing is the set of the fields whose values in r and s differ.
func (r *Row) Differing(s *Row) FieldSet {
	var d FieldSet
	for i := range r.Values {
		if !r.Values[i].Equal(s.Values[i]) {
			d.Add(i)
		}
	}
	return d
}

// Named lists the fields of r with their names, unknown ones last.
func (r *Row) Named(m *Info) []Named {
	all := make([]Named, 0, len(r.Values)+len(r.Extra))
	for i, v := range r.Values {
		if !v.IsAbsent() {
			all = append(all, Named{Name: m.Fields[i].Name, Value: v})
		}
	}
	return append(all, r.Extra...)
}

// Whole is the object as one JSON value, for reports; absent where r is nil.
func (r *Row) Whole(m *Info) Value {
	if r == nil {
		return Value{}
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, v := range r.Named(m) {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := marshalJSON(v.Name)
		b.Write(name)
		b.WriteByte(':')
		text, err := v.Value.MarshalJSON()
		if err != nil { // a string that is not UTF-8, in a damaged store
			text, _ = marshalJSON(v.Value.String())
		}
		b.Write(text)
	}
	b.WriteByte('}')
	return JSONValue(b.String())
}

// RowOf is the row of m that the named values make, values of earlier field
// names included; fields that are not named are absent. What m does not know, or
// has under a later name too, goes to Extra.
func RowOf(m *Info, values []Named) *Row {
	r := &Row{Values: make([]Value, len(m.Fields))}
	if m.Track == TrackField {
		r.Stamps = make([]stamp.Stamp, len(m.Fields))
	}
	has := func(name string) bool {
		return slices.ContainsFunc(values, func(v Named) bool { return v.Name == name })
	}
	for _, v := range values {
		if f := m.IndexAmong(v.Name, has); f >= 0 {
			r.Values[f] = v.Value
		} else {
			r.Extra = append(r.Extra, v)
		}
	}
	return r
}
