package reconcile

import (
	"errors"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Dangling is a recovered reference to an object that is not in the fresh store.
// An object of the fresh store that has no unsynced changes, and refers to one that
// is deleted here, is not looked for: it could be any.
type Dangling struct {
	Model   string      `json:"model"`
	Key     model.Value `json:"key"`
	Field   string      `json:"field"`
	To      string      `json:"to"` // the model that it refers to
	ToKey   model.Value `json:"to_key"`
	Cleared bool        `json:"cleared"`
}

// references looks for references that point nowhere, among those that recovered
// objects bring along. What is missing may still come, so it is looked up again
// in the end.
type references struct {
	plan    *Plan
	from    backup
	to      *store.Tx
	missing []reference
}

type reference struct {
	from  *model.Info
	key   model.Value
	field int
	to    *model.Info
	toKey model.Value
}

// note looks at the references that an object brings along.
func (r *references) note(o *Object) error {
	d := o.decision
	if o.info == nil || d.Row == nil {
		return nil
	}
	for f := range o.info.Fields {
		field := &o.info.Fields[f]
		to := d.Row.Values[f]
		if field.Ref == "" || to.IsNull() || to.Equal(field.Zero) || d.Write == merge.WriteUpdate && !d.Fields.Has(f) {
			continue
		}
		ref := reference{from: o.info, key: o.Key, field: f, to: r.plan.fresh.Schema().Model(field.Ref).Info, toKey: to}
		there, err := r.to.Row(ref.to, to)
		if err != nil {
			return err
		}
		deleted, err := r.from.entry(ref.to, to) // the backup may be about to delete it
		if err != nil {
			return err
		}
		if there == nil || deleted != nil && deleted.Change == model.Deleted {
			r.missing = append(r.missing, ref)
		}
	}
	return nil
}

// settle reports what points nowhere now that every object is there, and clears
// it where the policy says so: as a write of its own.
func (r *references) settle(report *Report) error {
	clears := r.plan.o.Policy.Dangling == model.ClearDangling
	for _, ref := range r.missing {
		there, err := r.to.Row(ref.to, ref.toKey)
		if err != nil {
			return err
		}
		if there != nil {
			continue
		}
		cleared := clears
		if clears {
			switch err := r.clear(ref); {
			case errors.Is(err, store.ErrConstraint):
				cleared = false
			case err != nil:
				return err
			}
		}
		report.dangling(Dangling{
			Model: ref.from.Name, Key: ref.key, Field: ref.from.Fields[ref.field].Name,
			To: ref.to.Name, ToKey: ref.toKey, Cleared: cleared,
		}, r.plan.o.Keep)
	}
	return nil
}

func (r *references) clear(ref reference) error {
	row, err := r.to.Row(ref.from, ref.key)
	if err != nil || row == nil {
		return err
	}
	row.Values[ref.field] = ref.from.Fields[ref.field].Zero
	return r.to.Write(ref.from, ref.key, row)
}
