package reconcile

import (
	"errors"
	"maps"
	"slices"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Dangling is a reference to an object that is not in the fresh store: one that a
// recovered object brings along, or any to an object that is deleted here.
type Dangling struct {
	Model   string      `json:"model"`
	Key     model.Value `json:"key"`
	Field   string      `json:"field"`
	To      string      `json:"to"` // the model that it refers to
	ToKey   model.Value `json:"to_key"`
	Cleared bool        `json:"cleared"`
}

// references looks for references that point nowhere because of what is recovered.
// What is missing may still come, and what is there may still be deleted, so they
// are looked up again in the end.
type references struct {
	plan    *Plan
	to      *store.Tx
	missing []reference                     // of recovered objects
	deleted map[string]map[model.Value]bool // what is deleted here, by model, where others may refer to it
}

type reference struct {
	from  *model.Info
	key   model.Value
	field int
	to    *model.Info
	toKey model.Value
}

// refersTo is the model that field f of another refers to, or nil.
func (p *Plan) refersTo(m *model.Info, f int) *model.Info {
	if name := m.Fields[f].Ref; name != "" {
		return p.fresh.Schema().Model(name).Info
	}
	return nil
}

func (p *Plan) newReferences(to *store.Tx) *references {
	r := &references{plan: p, to: to, deleted: map[string]map[model.Value]bool{}}
	for _, m := range p.fresh.Schema().Models() {
		for f := range m.Info.Fields {
			if target := p.refersTo(m.Info, f); target != nil {
				r.deleted[target.Name] = map[model.Value]bool{}
			}
		}
	}
	return r
}

// note looks at an object that was recovered.
func (r *references) note(o *Object) error {
	d := o.decision
	if d.Write == merge.WriteDelete && r.deleted[o.Model] != nil {
		r.deleted[o.Model][o.Key] = true
	}
	if o.info == nil || d.Row == nil {
		return nil
	}
	for f := range o.info.Fields {
		target, toKey := r.plan.refersTo(o.info, f), d.Row.Values[f]
		if target == nil || toKey.IsNull() || toKey.Equal(o.info.Fields[f].Zero) || d.Write == merge.WriteUpdate && !d.Fields.Has(f) {
			continue
		}
		there, err := r.to.Row(target, toKey)
		if err != nil {
			return err
		}
		if there == nil && !r.deleted[target.Name][toKey] {
			r.missing = append(r.missing, reference{from: o.info, key: o.Key, field: f, to: target, toKey: toKey})
		}
	}
	return nil
}

// settle reports what points nowhere now that every object is there, and clears
// it where the policy says so: as a write of its own.
func (r *references) settle(report *Report) error {
	for _, ref := range r.missing {
		if err := r.judge(ref, report); err != nil {
			return err
		}
	}
	for _, m := range r.plan.fresh.Schema().Models() {
		for f := range m.Info.Fields {
			target := r.plan.refersTo(m.Info, f)
			if target == nil || len(r.deleted[target.Name]) == 0 {
				continue
			}
			keys := slices.SortedFunc(maps.Keys(r.deleted[target.Name]), model.Compare)
			for row, err := range r.to.Holding(m.Info, f, keys) {
				if err != nil {
					return err
				}
				ref := reference{from: m.Info, key: row.Values[m.Info.Key], field: f, to: target, toKey: row.Values[f]}
				if err := r.judge(ref, report); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// judge says what becomes of a reference.
func (r *references) judge(ref reference, report *Report) error {
	there, err := r.to.Row(ref.to, ref.toKey)
	if err != nil || there != nil {
		return err
	}
	cleared := r.plan.o.Policy.Dangling == model.ClearDangling
	if cleared {
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
