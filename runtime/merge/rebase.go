package merge

import (
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// base is the object as it was before the first unsynced change, in the form that
// the model has now: the local one with the bases of the changed fields put back.
// A created object was nothing before, so its base has zero values in the fields
// that were set; but for one that was brought back, of which it is known what it was.
func (o *object) base() *model.Row {
	base := o.local.Clone()
	for i := range o.entry.Fields {
		if f := o.entry.Index(o.Info, i); f >= 0 {
			if base.Values[f] = o.entry.Fields[i].Base; base.Values[f].IsAbsent() {
				base.Values[f] = o.Info.Fields[f].Zero
			}
		}
	}
	if o.entry.Change == model.Created {
		zero := model.NewRow(o.Info)
		zero.Values[o.Info.Key] = base.Values[o.Info.Key]
		for f := range zero.Values {
			if was := o.oldBase(f); !was.IsAbsent() {
				zero.Values[f] = o.fit(f, was)
			}
		}
		return zero
	}
	for f := range base.Values {
		base.Values[f] = o.fit(f, base.Values[f])
	}
	return base
}

// changed is the set of the fields that count as locally changed. A field that
// the local store did not have yet is not among them, nor is one that only came back
// with its object.
func (o *object) changed() model.FieldSet {
	changed := o.entry.Changed(o.Info)
	if o.entry.Change == model.Created && o.Info.Track != model.TrackObject {
		for f := range o.Info.Fields {
			was := o.oldBase(f)
			if !was.IsAbsent() && !o.change(f, was).Touched && o.fit(f, was).Equal(o.fit(f, o.local.Values[f])) {
				changed.Remove(f)
			}
		}
	}
	if o.Info.Track == model.TrackObject && o.entry.Change == model.Updated {
		for f := range o.Info.Fields {
			if !o.local.Values[f].IsAbsent() {
				changed.Add(f)
			}
		}
	}
	changed.Remove(o.Info.Key)
	return changed
}

// localStamps is when each field was last written locally.
func (o *object) localStamps() []stamp.Stamp {
	stamps := make([]stamp.Stamp, len(o.Info.Fields))
	for f := range stamps {
		stamps[f] = o.change(f, model.Value{}).Stamp
	}
	return stamps
}

// change is the unsynced change of field f, rebased. A field that the entry does
// not list goes with the object's latest change.
func (o *object) change(f int, base model.Value) model.FieldChange {
	field := &o.Info.Fields[f]
	c := model.FieldChange{Name: field.Name, Seq: o.entry.Seq, Stamp: o.entry.Stamp, Base: base}
	if old := o.entry.Of(o.Info, f); old != nil {
		c.Seq, c.Stamp, c.Touched, c.Held = old.Seq, old.Stamp, old.Touched, old.Held
	}
	c.Held = c.Held || o.held.Has(f)
	return c
}

// oldBase is what the entry has as the base of field f, absent where it has none.
func (o *object) oldBase(f int) model.Value {
	if old := o.entry.Of(o.Info, f); old != nil {
		return old.Base
	}
	return model.Value{}
}

// heldBefore is the set of the fields that an earlier merge could not merge.
func (o *object) heldBefore() (held model.FieldSet) {
	for i := range o.entry.Fields {
		if f := o.entry.Index(o.Info, i); f >= 0 && o.entry.Fields[i].Held {
			held.Add(f)
		}
	}
	return held
}

// rebased is the entry as it goes on, based on the remote object. A refusal was
// about the change as it was: what is sent now the backend may take, if it is
// another kind of change, or the other side has changed the object since (moved).
// One that holds a field goes on as long as it does.
func (o *object) rebased(change model.Change, fields []model.FieldChange, moved bool) *model.Entry {
	e := *o.entry
	e.Change, e.Fields, e.Base = change, fields, nil
	if (change != o.entry.Change || moved) && !e.Holds() {
		e.Refused = ""
	}
	if change == model.Deleted || change == model.Recreated {
		e.Base = o.remote.Named(o.Info)
	}
	return &e
}

// pending lists what the other side has yet to learn: the fields in which row
// differs from it, and those that were touched and kept their local value.
func (o *object) pending(row *model.Row) []model.FieldChange {
	var pending []model.FieldChange
	differing := o.differing(row, o.remote)
	for f := range o.Info.Fields {
		c := o.change(f, o.remote.Values[f])
		touched := c.Touched && row.Values[f].Equal(o.fit(f, o.local.Values[f]))
		if f != o.Info.Key && (differing.Has(f) || touched) {
			pending = append(pending, c)
		}
	}
	return pending
}

// set lists the fields of a new object: those that are not zero, those that were
// touched, and those that were changed to zero in one that is brought back. Nothing is
// held in it, for there is nothing that it could not be merged with.
func (o *object) set(row *model.Row) []model.FieldChange {
	var set []model.FieldChange
	for f := range o.Info.Fields {
		c := o.change(f, model.Value{})
		zeroed := o.entry.Change != model.Recreated && !o.oldBase(f).IsAbsent() && !o.fit(f, o.oldBase(f)).Equal(row.Values[f])
		if f != o.Info.Key && (c.Touched || zeroed || !row.Values[f].Equal(o.Info.Fields[f].Zero)) {
			c.Held = false
			set = append(set, c)
		}
	}
	if o.own {
		set = append(set, o.unknownSet()...)
	}
	return set
}

// unknownSet is set for what only a newer version of the app knows.
func (o *object) unknownSet() []model.FieldChange {
	var set []model.FieldChange
	for _, extra := range o.local.Extra {
		c := model.FieldChange{Name: extra.Name, Seq: o.entry.Seq, Stamp: o.entry.Stamp}
		if old := o.entry.Field(extra.Name); old != nil {
			c = *old
		} else if o.entry.Change == model.Updated {
			c.Base = extra.Value
		}
		set = append(set, c)
	}
	return set
}

// differing is the set of the fields in which two objects differ. A field that an
// object does not have yet is zero in it.
func (o *object) differing(a, b *model.Row) model.FieldSet {
	var d model.FieldSet
	for f := range o.Info.Fields {
		va, vb := o.present(f, a.Values[f]), o.present(f, b.Values[f])
		if !va.Equal(vb) {
			d.Add(f)
		}
	}
	d.Remove(o.Info.Key)
	return d
}

// present is v in the form of field f, zero where it is absent.
func (o *object) present(f int, v model.Value) model.Value {
	if v.IsAbsent() {
		return o.Info.Fields[f].Zero
	}
	return o.fit(f, v)
}

// fit is v in the form of field f, or v itself where it does not fit.
func (o *object) fit(f int, v model.Value) model.Value {
	if fit, err := o.Info.Fields[f].Fit(v); err == nil {
		return fit
	}
	return v
}
