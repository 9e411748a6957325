package reconcile

import (
	"iter"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// overwrites is the strategy overwrite: every object of the backup that differs
// from the fresh one, and every tombstone, which is not followed.
func (p *Plan) overwrites(from backup, to *store.Tx) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		for _, m := range p.fresh.Schema().Models() {
			for local, err := range from.rows(m.Info) {
				var o *Object
				if err == nil {
					o, err = p.overwrite(to, m, local)
				}
				if err != nil {
					yield(nil, err)
					return
				}
				if o != nil && !yield(o, nil) {
					return
				}
			}
		}
		for e, err := range from.entries(p.o.Mark) {
			if err != nil {
				yield(nil, err)
				return
			}
			o := unknown(e)
			if m := p.fresh.Schema().Model(e.Model); m != nil {
				if e.Change != model.Deleted {
					continue
				}
				o = object(m.Info, e, &merge.Decision{Outcome: merge.Kept, Reason: "strategy overwrite deletes nothing"})
			}
			if !yield(o, nil) {
				return
			}
		}
	}
}

// overwrite is what becomes of one object of the backup, or nil where the fresh
// store has the same.
func (p *Plan) overwrite(to *store.Tx, m *merge.Model, local *model.Row) (*Object, error) {
	key := local.Values[m.Info.Key]
	remote, err := to.Row(m.Info, key)
	if err != nil {
		return nil, err
	}
	d := &merge.Decision{Outcome: merge.Overwrote, Reason: "strategy overwrite"}
	d.Row, d.Losses = merge.Fit(m, local)
	e := &model.Entry{Model: m.Info.Name, Key: key, Change: model.Created, Stamp: local.Stamp}
	if remote == nil {
		d.Write = merge.WriteInsert
		return object(m.Info, e, d), nil
	}
	e.Change = model.Updated
	d.Fields = d.Row.Differing(remote)
	if d.Fields.Empty() {
		return nil, nil
	}
	d.Write = merge.WriteUpdate
	for f := range d.Fields.All() {
		d.Conflicts = append(d.Conflicts, merge.Conflict{
			Field: m.Info.Fields[f].Name, Rule: "strategy overwrite",
			Local: local.Values[f], Remote: remote.Values[f], Result: d.Row.Values[f],
		})
	}
	return object(m.Info, e, d), nil
}
