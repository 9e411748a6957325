package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Layout says where the models and fields of a schema lie in a store, and what
// the store lacks.
type Layout struct {
	Catalog *Catalog      // the store's description, brought up to date
	Models  []ModelLayout // in the order of Schema.Models
}

// ModelLayout says where the fields of one model lie. A field's place is its
// index in Was.Fields and in Now.Fields: these agree up to the length of Was, but
// for what was renamed since, can now be null or is now of another kind.
type ModelLayout struct {
	Info    *model.Info
	Was     *CatalogModel // as the store has it; nil where it has none
	Now     *CatalogModel // as it is when the store is up to date
	Place   []int         // by the index of the field in Info
	Unknown []int         // the places of the stored fields that Info does not have
}

// Layout compares the description of a store's content with the schema of an
// app. The empty catalog is that of a new store. A schema that the store cannot
// be brought up to is refused with an error that wraps ErrSchema.
func (c *Catalog) Layout(s *Schema) (*Layout, error) {
	l := &Layout{Catalog: &Catalog{Models: slices.Clone(c.Models)}}
	known := false
	for _, m := range s.Models() {
		at := c.find(m.Info)
		var was *CatalogModel
		if at >= 0 {
			was, known = &c.Models[at], true
		}
		ml, err := layoutModel(was, m.Info)
		if err != nil {
			return nil, err
		}
		if at >= 0 {
			l.Catalog.Models[at] = *ml.Now
		} else {
			l.Catalog.Models = append(l.Catalog.Models, *ml.Now)
		}
		l.Models = append(l.Models, ml)
	}
	if !known && len(c.Models) > 0 {
		return nil, fmt.Errorf("%w: it is another app's: it holds %s, and the app has %s",
			ErrSchema, strings.Join(c.names(), ", "), strings.Join(l.Catalog.names()[len(c.Models):], ", "))
	}
	return l, distinct("model", l.Catalog.names())
}

// find is the index of the model under its name or, failing that, an earlier
// one; or -1.
func (c *Catalog) find(m *model.Info) int {
	for _, name := range append([]string{m.Name}, m.Was...) {
		if i := slices.IndexFunc(c.Models, func(cm CatalogModel) bool { return cm.Name == name }); i >= 0 {
			return i
		}
	}
	return -1
}

func layoutModel(was *CatalogModel, m *model.Info) (ModelLayout, error) {
	l := ModelLayout{Info: m, Was: was, Now: &CatalogModel{Key: -1}, Place: make([]int, len(m.Fields))}
	if was != nil {
		l.Now = was.clone()
	}
	l.Now.Name, l.Now.Track = m.Name, m.Track
	if reserved(m.Name) {
		return l, fmt.Errorf("%w: the model name %q is reserved; choose another with reset:\"name=…\"", ErrSchema, m.Name)
	}
	for f := range m.Fields {
		if err := l.lay(f); err != nil {
			return l, err
		}
	}
	switch key := l.Place[m.Key]; {
	case was == nil:
		l.Now.Key = key
	case key != was.Key:
		return l, fmt.Errorf("%w: the key of %s is %s in the store and %s in the app; a key cannot change",
			ErrSchema, m.Name, was.Fields[was.Key].Name, m.Fields[m.Key].Name)
	}
	for p := range l.Now.Fields {
		if !slices.Contains(l.Place, p) {
			l.Unknown = append(l.Unknown, p)
		}
	}
	return l, l.checkNames()
}

// lay finds the place of field f, or makes one.
func (l *ModelLayout) lay(f int) error {
	field := &l.Info.Fields[f]
	p := l.find(field)
	if p < 0 || slices.Contains(l.Place[:f], p) {
		l.Place[f] = len(l.Now.Fields)
		l.Now.Fields = append(l.Now.Fields, CatalogField{Name: field.Name, Kind: field.Kind, Null: field.Null})
		return nil
	}
	l.Place[f] = p
	now := &l.Now.Fields[p]
	if now.Kind != field.Kind {
		if err := l.checkConvert(f, now.Kind); err != nil {
			return err
		}
		*now = CatalogField{Name: field.Name, Kind: field.Kind, Null: field.Null}
		return nil
	}
	// A field that can be null no more keeps the nulls that it has.
	now.Name, now.Null = field.Name, now.Null || field.Null
	return nil
}

// checkConvert refuses field f where it cannot be converted from the kind that the
// store has.
func (l *ModelLayout) checkConvert(f int, was model.Kind) error {
	field := &l.Info.Fields[f]
	var mend string
	switch {
	case f == l.Info.Key:
		mend = "; a key cannot change"
	case field.Convert == nil:
		mend = "; convert it with reset:\"convert=func:…\" or give it another stored name with reset:\"name=…\""
	case field.From != was:
		mend = fmt.Sprintf(", which converts a %s; give it another stored name with reset:\"name=…\"", field.From)
	default:
		return nil
	}
	return fmt.Errorf("%w: %s.%s is stored as %s and is of the kind %s in the app%s", ErrSchema, l.Info.Name, field.Name, was, field.Kind, mend)
}

// find is the place of a field in the store as it is, under its name or, failing
// that, an earlier one that is no other field's; or -1.
func (l *ModelLayout) find(field *model.Field) int {
	if l.Was == nil {
		return -1
	}
	if p := l.Was.place(field.Name); p >= 0 {
		return p
	}
	for _, name := range field.Was {
		if p := l.Was.place(name); p >= 0 && l.Info.Index(name) < 0 {
			return p
		}
	}
	return -1
}

func (l *ModelLayout) checkNames() error {
	names := make([]string, len(l.Now.Fields))
	for p, f := range l.Now.Fields {
		names[p] = f.Name
		if reserved(f.Name) {
			return fmt.Errorf("%w: the field name %s.%s is reserved; choose another with reset:\"name=…\"", ErrSchema, l.Info.Name, f.Name)
		}
	}
	return distinct("field", names)
}

// reserved tells the names that stores use for their own tables and columns.
func reserved(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "_reset") || strings.HasPrefix(name, "_stamp") || strings.HasPrefix(name, "sqlite_")
}

// Current tells whether the store is up to date with the schema.
func (l *Layout) Current() bool {
	return !slices.ContainsFunc(l.Models, func(m ModelLayout) bool { return !m.current() })
}

func (l *ModelLayout) current() bool {
	return l.Was != nil && l.Was.Name == l.Now.Name && l.Was.Track == l.Now.Track && slices.Equal(l.Was.Fields, l.Now.Fields)
}

// Applied is the layout of the store once it has been brought up to date.
func (l *Layout) Applied() *Layout {
	applied := &Layout{Catalog: l.Catalog, Models: slices.Clone(l.Models)}
	for i := range applied.Models {
		applied.Models[i].Was = applied.Models[i].Now
	}
	return applied
}

// Converted is the set of the fields of which the store has values of an earlier
// kind. Until it is brought up to date these are handed out as they are.
func (l *ModelLayout) Converted() model.FieldSet {
	var s model.FieldSet
	for f, p := range l.Place {
		if p < l.Stored() && l.Was.Fields[p].Kind != l.Now.Fields[p].Kind {
			s.Add(f)
		}
	}
	return s
}

// Convert is what becomes of v, a value of field f in an object of the store, when
// the store is brought up to date. One that cannot be converted is an error that
// wraps ErrSchema: to open the store all the same would be to lose it.
func (l *ModelLayout) Convert(key model.Value, f int, v model.Value) (model.Value, error) {
	converted, err := storable(&l.Info.Fields[f], v)
	if err != nil {
		misfit := &model.FieldError{Model: l.Info.Name, Field: l.Info.Fields[f].Name, Value: v, Err: err}
		return v, fmt.Errorf("%w: %w", ErrSchema, describe("converting", l.Info, key, misfit))
	}
	return converted, nil
}

// Stored is how many places of the model the store has.
func (l *ModelLayout) Stored() int {
	if l.Was == nil {
		return 0
	}
	return len(l.Was.Fields)
}

// Row makes a row of an object's values and stamps by place. The values are
// copied; those of places that the store does not have are absent.
func (l *ModelLayout) Row(values []model.Value, at stamp.Stamp, stamps []stamp.Stamp) *model.Row {
	row := &model.Row{Values: make([]model.Value, len(l.Place))}
	for f, p := range l.Place {
		if p < len(values) {
			row.Values[f] = values[p]
		}
	}
	for _, p := range l.Unknown {
		if p < len(values) && !values[p].IsAbsent() {
			row.Extra = append(row.Extra, model.Named{Name: l.Was.Fields[p].Name, Value: values[p]})
		}
	}
	if l.Info.Track != model.TrackJournal {
		row.Stamp = at
	}
	if l.Info.Track == model.TrackField {
		row.Stamps = make([]stamp.Stamp, len(l.Place))
		for f, p := range l.Place {
			if p < len(stamps) {
				row.Stamps[f] = stamps[p]
			}
		}
	}
	return row
}

// Stamps is a row's stamps by place, and the newest of them: old, which may be
// nil, has those of the fields that the row does not know.
func (l *ModelLayout) Stamps(row *model.Row, old []stamp.Stamp) (newest stamp.Stamp, stamps []stamp.Stamp) {
	if l.Info.Track == model.TrackJournal {
		return 0, nil
	}
	newest = row.Stamp
	if l.Info.Track == model.TrackObject {
		return newest, nil
	}
	stamps = make([]stamp.Stamp, len(l.Now.Fields))
	for f, p := range l.Place {
		stamps[p] = row.Stamps[f]
	}
	for _, p := range l.Unknown {
		if p < len(old) {
			stamps[p] = old[p]
		}
	}
	return max(newest, slices.Max(stamps)), stamps
}

// Spread is what is known of the stamps per field of an object that was stamped
// as a whole: each field counts as written when the object was.
func (l *ModelLayout) Spread(at stamp.Stamp) []stamp.Stamp {
	return slices.Repeat([]stamp.Stamp{at}, l.Stored())
}

// Storable is v in the form in which field f of m keeps it. An absent value is
// the field's zero value. What the field cannot hold, text that is not JSON among it,
// is refused with an error that wraps ErrConstraint.
func Storable(m *model.Info, f int, v model.Value) (model.Value, error) {
	fit, err := storable(&m.Fields[f], v)
	if err != nil {
		return v, fmt.Errorf("%w: %s.%s: %w", ErrConstraint, m.Name, m.Fields[f].Name, err)
	}
	return fit, nil
}

func storable(field *model.Field, v model.Value) (model.Value, error) {
	if v.IsAbsent() {
		return field.Zero, nil
	}
	if v.Kind() != field.Kind || v.Kind() == model.JSON { // else it fits; of text somebody may only have said that it is JSON
		var err error
		if v, err = field.Fit(v); err != nil {
			return v, err
		}
	}
	if v.Kind() == model.Float && field.Null && v.Float() != v.Float() {
		return v, errors.New("NaN cannot be told from null")
	}
	return v, nil
}
