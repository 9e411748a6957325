package store

import (
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// change is one write of an object by the app.
type change struct {
	info          *model.Info
	key           model.Value
	before, after *model.Row     // nil: no such object
	written       model.FieldSet // the fields that differ or were touched
	touched       model.FieldSet
	seq           uint64
	at            stamp.Stamp
}

// follow is what an object's entry becomes by the write: e says what was unsynced
// before it, and nil that nothing was or is. It is a pure function, and e is not
// changed. A deletion of what the backend never had, and a field that is back at
// its base and was not touched, are no changes any more. What the backend refused is
// worth another try now, but for an object of which another field is held.
func (c *change) follow(e *model.Entry) *model.Entry {
	next := &model.Entry{Model: c.info.Name, Key: c.key, Seq: c.seq, Stamp: c.at}
	switch {
	case c.after == nil:
		if e != nil && e.Change == model.Created {
			return nil
		}
		next.Change, next.Base = model.Deleted, c.wholeBase(e)
		return next
	case e == nil && c.before == nil:
		next.Change = model.Created
	case e == nil:
		next.Change = model.Updated
	case e.Change == model.Deleted:
		next.Change, next.Base = model.Recreated, e.Base
	default:
		next.Change, next.Base = e.Change, e.Base
	}
	next.Fields = c.fields(e, next.Change)
	if next.Change == model.Updated && len(next.Fields) == 0 {
		return nil
	}
	if next.Holds() {
		next.Refused = e.Refused
	}
	return next
}

// wholeBase is the object as it was before its first unsynced change, to be kept
// with a tombstone.
func (c *change) wholeBase(e *model.Entry) []model.Named {
	if e != nil && e.Change != model.Updated {
		return e.Base
	}
	base := c.before.Named(c.info)
	if e != nil {
		for _, f := range e.Fields {
			i := slices.IndexFunc(base, func(v model.Named) bool { return v.Name == f.Name })
			if i < 0 {
				continue
			}
			if base[i].Value = f.Base; f.Base.IsAbsent() { // nobody had written it
				base = slices.Delete(base, i, i+1)
			}
		}
	}
	return base
}

// fields lists the fields that are changed after the write, in the order of the
// model; names that this version of the model does not know stay on record.
func (c *change) fields(e *model.Entry, kind model.Change) []model.FieldChange {
	if e == nil {
		e = &model.Entry{}
	}
	fields := make([]model.FieldChange, 0, len(e.Fields)+c.written.Len())
	for i := range c.info.Fields {
		old := e.Field(c.info.Fields[i].Name)
		switch {
		case i == c.info.Key:
		case c.written.Has(i):
			if f, changed := c.field(i, old, kind); changed {
				fields = append(fields, f)
			}
		case old != nil:
			fields = append(fields, *old)
		}
	}
	for _, f := range e.Fields {
		if c.info.Index(f.Name) < 0 {
			fields = append(fields, f)
		}
	}
	return fields
}

// field is the change of field i, and whether it is one.
func (c *change) field(i int, old *model.FieldChange, kind model.Change) (model.FieldChange, bool) {
	f := model.FieldChange{Name: c.info.Fields[i].Name, Seq: c.seq, Stamp: c.at, Touched: c.touched.Has(i)}
	switch {
	case old != nil:
		f.Base, f.Touched = old.Base, f.Touched || old.Touched
	case kind == model.Updated:
		f.Base = c.before.Values[i]
	}
	base, field := f.Base, &c.info.Fields[i]
	broughtBack := kind == model.Created && !base.IsAbsent() // what it was before stays known until it is sent
	if kind != model.Updated && !broughtBack {
		base = field.Zero
	}
	if base.Kind() != field.Kind { // an earlier version of the app may have written it
		if fit, err := field.Fit(base); err == nil {
			base = fit
		}
	}
	return f, f.Touched || broughtBack || !c.after.Values[i].Equal(base)
}
