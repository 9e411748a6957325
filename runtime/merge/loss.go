package merge

import (
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
)

// Fit is an object in the form that the model has now, with the zero value in the
// place of what does not fit. That, and what the model has no field for, is
// listed as lost.
func Fit(m *Model, local *model.Row) (*model.Row, []Loss) {
	var losses []Loss
	row := local.Clone()
	row.Extra = nil
	for _, extra := range local.Extra {
		losses = append(losses, Loss{Field: extra.Name, Value: extra.Value, Why: noField})
	}
	for _, misfit := range m.Misfits(local) {
		row.Values[m.Info.Index(misfit.Field)] = model.Value{}
		losses = append(losses, Loss{Field: misfit.Field, Value: misfit.Value, Why: misfit.Err.Error()})
	}
	for f := range row.Values {
		field := &m.Info.Fields[f]
		v, err := field.Present(row.Values[f])
		if err != nil {
			v = field.Zero
		}
		row.Values[f] = v
	}
	return row, losses
}

// whole is the local object in the form that the model has now.
func (o *object) whole() *model.Row {
	local := o.local
	if o.own { // where nothing is lost of what it does not know
		local = local.Clone()
		local.Extra = nil
	}
	row, losses := Fit(o.Model, local)
	o.d.Losses = append(o.d.Losses, losses...)
	return row
}

// noField is why the value of a field of an older or newer model is lost.
const noField = "the model has no such field any more"

func (o *object) lose(misfit *model.FieldError) {
	if slices.ContainsFunc(o.d.Losses, func(l Loss) bool { return l.Field == misfit.Field }) {
		return
	}
	o.d.Losses = append(o.d.Losses, Loss{Field: misfit.Field, Value: misfit.Value, Why: misfit.Err.Error()})
}

// loseUnknown reports changed fields that this version of the model lacks.
func (o *object) loseUnknown() {
	for i := range o.entry.Fields {
		if o.entry.Index(o.Info, i) >= 0 {
			continue
		}
		name := o.entry.Fields[i].Name
		loss := Loss{Field: name, Why: noField}
		for _, extra := range o.local.Extra {
			if extra.Name == name {
				loss.Value = extra.Value
			}
		}
		o.d.Losses = append(o.d.Losses, loss)
	}
}

// Unsaved lists the local changes of a decision that could not be written.
func Unsaved(m *model.Info, d *Decision, err error) []Loss {
	var losses []Loss
	if d.Entry == nil || d.Row == nil {
		return nil
	}
	for _, f := range d.Entry.Fields {
		if i := m.Index(f.Name); i >= 0 {
			losses = append(losses, Loss{Field: f.Name, Value: d.Row.Values[i], Why: err.Error()})
		}
	}
	return losses
}
