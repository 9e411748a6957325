package merge

import (
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// base is the object as it was before the first unsynced change: the local one
// with the bases of the changed fields put back. A created object was nothing
// before, so its base has zero values in the fields that were set.
func (o *object) base() *model.Row {
	base := o.local.Clone()
	for i := range o.entry.Fields {
		if f := o.Info.IndexWas(o.entry.Fields[i].Name); f >= 0 {
			if base.Values[f] = o.entry.Fields[i].Base; base.Values[f].IsAbsent() {
				base.Values[f] = o.Info.Fields[f].Zero
			}
		}
	}
	if o.entry.Change == model.Created {
		zero := model.NewRow(o.Info)
		zero.Values[o.Info.Key] = base.Values[o.Info.Key]
		return zero
	}
	return base
}

// changed is the set of the fields that count as locally changed.
func (o *object) changed() model.FieldSet {
	changed := o.entry.Changed(o.Info)
	if o.Info.Track == model.TrackObject && o.entry.Change == model.Updated {
		changed = model.FirstFields(len(o.Info.Fields))
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
	for i := range o.entry.Fields {
		if old := &o.entry.Fields[i]; o.Info.IndexWas(old.Name) == f {
			c.Seq, c.Stamp, c.Touched = old.Seq, old.Stamp, old.Touched
		}
	}
	return c
}

// pending lists what the other side has yet to learn: the fields in which row
// differs from it, and those that were touched and kept their local value.
func (o *object) pending(row *model.Row) []model.FieldChange {
	var pending []model.FieldChange
	for f := range o.Info.Fields {
		c := o.change(f, o.remote.Values[f])
		differs := !row.Values[f].Equal(o.remote.Values[f])
		touched := c.Touched && row.Values[f].Equal(o.fit(f, o.local.Values[f]))
		if f != o.Info.Key && (differs || touched) {
			pending = append(pending, c)
		}
	}
	return pending
}

// differing is the set of the fields in which two objects differ, as far as both
// have them.
func (o *object) differing(a, b *model.Row) model.FieldSet {
	var d model.FieldSet
	for f := range o.Info.Fields {
		va, vb := o.fit(f, a.Values[f]), o.fit(f, b.Values[f])
		if !va.IsAbsent() && !vb.IsAbsent() && !va.Equal(vb) {
			d.Add(f)
		}
	}
	d.Remove(o.Info.Key)
	return d
}

// fit is v in the form of field f, or v itself where it does not fit.
func (o *object) fit(f int, v model.Value) model.Value {
	if fit, err := o.Info.Fields[f].Fit(v); err == nil {
		return fit
	}
	return v
}
