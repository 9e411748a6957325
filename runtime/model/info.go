// Package model describes models and carries their data where no generated
// type is at hand: Info is a model, Row an object, Value a field of it, Entry
// the record of an object's unsynced changes, Policy what the app chose.
//
// It decides nothing: how changes are merged is in package merge, how they are
// kept is in package store.
package model

import "fmt"

// GeneratedFormat1 names the format of generated code that this runtime works
// with. Generated files refer to it, so that old code with a newer runtime, or
// the reverse, is a compile error that names what is missing; run go generate
// to mend it.
const GeneratedFormat1 = true

// Track says how a model's changes are stamped.
type Track uint8

// The tracking modes.
const (
	TrackField   Track = iota // a stamp per field travels with the object
	TrackObject               // one stamp per object travels with it
	TrackJournal              // nothing is added to the object
)

// String is the spelling used in tags.
func (t Track) String() string { return spelling(trackNames[:], int(t), "track") }

// ParseTrack reads the spelling used in tags.
func ParseTrack(s string) (Track, error) {
	i, err := parseName(trackNames[:], s, "tracking mode")
	return Track(i), err
}

var trackNames = [...]string{"field", "object", "journal"}

// Rule says what happens to a field that both sides changed.
type Rule uint8

// The merge rules; section "Rules" of the README has them as a table.
const (
	Local   Rule = iota // the local value wins
	Remote              // the remote value wins
	Newest              // the value with the larger stamp wins, the local one on a tie
	Max                 // the larger value wins
	Min                 // the smaller value wins
	Counter             // both sides' increments count
	Set                 // both sides' additions and removals count
	Map                 // each key is merged by itself
	List                // insertions, removals and edits of both sides count
	Text                // as List, by lines and then by words
	Func                // a function of the app's decides
)

// String is the spelling used in tags.
func (r Rule) String() string { return spelling(ruleNames[:], int(r), "rule") }

// MergesParts tells whether the rule keeps what both sides changed in a field, as
// long as they changed different parts of it.
func (r Rule) MergesParts() bool {
	switch r {
	case Counter, Set, Map, List, Text:
		return true
	}
	return false
}

var ruleNames = [...]string{"local", "remote", "newest", "max", "min", "counter", "set", "map", "list", "text", "func"}

func spelling(names []string, i int, what string) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s %d", what, i)
}

func parseName(names []string, s, what string) (int, error) {
	for i, name := range names {
		if name == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is not a %s (allowed: %v)", s, what, names)
}

// Info describes a model. Generated code declares one for each model; it must
// not be changed afterwards.
type Info struct {
	Name   string   // the stored name
	Was    []string // earlier stored names
	GoName string   // the Go type, for messages
	Track  Track
	Key    int // the index of the key among the fields
	Fields []Field
}

// Field describes one field of a model: a leaf, where structs are nested.
type Field struct {
	Name   string   // the stored name; "where.lat" for a leaf of a nested struct
	Was    []string // earlier stored names
	Kind   Kind     // the stored form of a value that is not null
	Null   bool     // whether null can be stored
	Rule   Rule
	Ref    string // the stored name of the model whose key this field holds, or ""
	Index  bool
	Unique bool
	Zero   Value // the stored form of the Go zero value

	// Convert reads a value that was stored when the field had another type, which
	// was stored as From. Nil where the field had none.
	From    Kind
	Convert func(Value) (Value, error)
}

// Fit turns v into the form that the field stores. A value of the earlier type
// goes through Convert, and not through Value.Fit although that may have an
// answer too: what was a price in cents is not the same number of euros. Nor does
// a null that the field cannot hold.
func (f *Field) Fit(v Value) (Value, error) {
	if f.Convert != nil && (v.Kind() == f.From || v.IsNull() && !f.Null) {
		var err error
		if v, err = f.Convert(v); err != nil {
			return Value{}, err
		}
	}
	return v.Fit(f.Kind, f.Null)
}

// Present is v in the form that the field has now, and its zero value where v is
// absent.
func (f *Field) Present(v Value) (Value, error) {
	fit, err := f.Fit(v)
	if err == nil && fit.IsAbsent() {
		fit = f.Zero
	}
	return fit, err
}

// Index is the index of the field with the stored name, or -1.
func (m *Info) Index(name string) int {
	for i := range m.Fields {
		if m.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// IndexWas is like Index, and knows a field by its earlier names too.
func (m *Info) IndexWas(name string) int {
	if i := m.Index(name); i >= 0 {
		return i
	}
	for i := range m.Fields {
		for _, was := range m.Fields[i].Was {
			if was == name {
				return i
			}
		}
	}
	return -1
}

// IndexAmong is IndexWas for a name that stands beside others: of two names of the
// same field the present one counts, or else the later one, and the other is no
// name of any field. has tells whether a name is among them.
func (m *Info) IndexAmong(name string, has func(name string) bool) int {
	i := m.IndexWas(name)
	if i < 0 || m.Fields[i].Name == name {
		return i
	}
	if has(m.Fields[i].Name) {
		return -1
	}
	for _, was := range m.Fields[i].Was {
		if was == name {
			break
		}
		if has(was) {
			return -1
		}
	}
	return i
}

// Names lists the stored names of the fields in s.
func (m *Info) Names(s FieldSet) []string {
	names := make([]string, 0, s.Len())
	for f := range s.All() {
		names = append(names, m.Fields[f].Name)
	}
	return names
}
