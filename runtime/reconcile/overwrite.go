package reconcile

import (
	"iter"
	"slices"

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
					o, err = p.overwrite(from, to, m, local)
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
func (p *Plan) overwrite(from backup, to *store.Tx, m *merge.Model, local *model.Row) (*Object, error) {
	key := local.Values[m.Info.Key]
	remote, err := to.Row(m.Info, key)
	if err != nil {
		return nil, err
	}
	if remote == nil && p.heldBack(m.Info, key) {
		about, err := from.about(m.Info, key, local)
		return object(m.Info, about, outOfPlace()), err
	}
	d := &merge.Decision{Outcome: merge.Overwrote, Reason: "strategy overwrite"}
	d.Row, d.Losses = merge.Fit(m, local)
	old := remote
	if old == nil {
		old = model.NewRow(m.Info)
	}
	d.Fields = d.Row.Differing(old)
	d.Fields.Remove(m.Info.Key)
	if remote != nil && d.Fields.Empty() {
		return nil, nil
	}
	seq, at := to.Ledger().CommitStamp()
	d.Entry = &model.Entry{Model: m.Info.Name, Key: key, Change: model.Updated, Seq: seq, Stamp: at}
	d.Row.Stamp, d.Row.Stamps = old.Stamp, slices.Clone(old.Stamps)
	for f := range d.Fields.All() {
		d.Row.Mark(m.Info, f, at)
		d.Entry.Fields = append(d.Entry.Fields, model.FieldChange{Name: m.Info.Fields[f].Name, Seq: seq, Stamp: at})
	}
	about, err := from.about(m.Info, key, local)
	if err != nil {
		return nil, err
	}
	if d.Write = merge.WriteUpdate; remote == nil {
		d.Row.Mark(m.Info, m.Info.Key, at)
		d.Write, d.Entry.Change = merge.WriteInsert, model.Created
		return object(m.Info, about, d), nil
	}
	for i, f := range slices.Collect(d.Fields.All()) {
		d.Entry.Fields[i].Base = remote.Values[f]
		d.Conflicts = append(d.Conflicts, merge.Conflict{
			Field: m.Info.Fields[f].Name, Rule: "strategy overwrite",
			Local: local.Values[f], Remote: remote.Values[f], Result: d.Row.Values[f],
		})
	}
	return object(m.Info, about, d), nil
}

// about is what was unsynced of an object of the backup, if anything was.
func (b backup) about(m *model.Info, key model.Value, local *model.Row) (*model.Entry, error) {
	e, err := b.tx.Entry(m, key)
	if err != nil {
		return nil, ofBackup(err)
	}
	if e == nil {
		e = &model.Entry{Model: m.Name, Key: key, Stamp: local.Stamp}
	}
	return e, nil
}
