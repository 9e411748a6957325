package merge

import (
	"github.com/resetgen/resetgen/runtime/model"
)

// fieldConflict reports a field that both sides changed; of a map just the key.
func (o *object) fieldConflict(p Part, rule string, base *model.Row) {
	of := func(row *model.Row) model.Value {
		v := o.fit(p.Field, row.Values[p.Field])
		if o.Info.Fields[p.Field].Rule == model.Map && p.Part != "" {
			v = v.Member(p.Part)
		}
		return v
	}
	o.d.Conflicts = append(o.d.Conflicts, Conflict{
		Field: o.Info.Fields[p.Field].Name, Part: p.Part, Rule: rule,
		Base: of(base), Local: of(o.local), Remote: of(o.remote), Result: of(o.d.Row),
	})
}

// conflict reports a deletion against a change: the values are whole objects.
func (o *object) conflict(rule string, base, local, remote, result *model.Row) {
	o.d.Conflicts = append(o.d.Conflicts, Conflict{
		Rule: rule,
		Base: base.Whole(o.Info), Local: local.Whole(o.Info), Remote: remote.Whole(o.Info), Result: result.Whole(o.Info),
	})
}
