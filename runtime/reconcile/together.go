package reconcile

import (
	"errors"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// together updates objects that wait for each other: two that have swapped a value
// that must be unique, or more in a ring. A group is taken out and put back as it
// shall be, or as it was where that is refused. Only the transaction sees what is
// in between.
func (p *Plan) together(to *store.Tx, refused []*Object) (done, left []*Object, err error) {
	w, err := p.waiting(to, refused)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range refused {
		group := w.group(o)
		if len(group) == 0 {
			continue
		}
		ok, err := w.exchange(to, group)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			done = append(done, group...)
		} else {
			group = group[:1] // and nobody who waits for it can have more luck
		}
		w.drop(group)
	}
	placed := make(map[*Object]bool, len(done))
	for _, o := range done {
		placed[o] = true
	}
	for _, o := range refused {
		if !placed[o] {
			left = append(left, o)
		}
	}
	return done, left, nil
}

// waiting is the objects that could be taken out and put back unharmed.
type waiting struct {
	old     map[*Object]*model.Row
	holders map[holding]*Object // by the values that they would give up
}

// holding is a value that must be unique and that an object holds now.
type holding struct {
	info  *model.Info
	field int
	value model.Value
}

func (p *Plan) waiting(to *store.Tx, refused []*Object) (*waiting, error) {
	w := &waiting{old: map[*Object]*model.Row{}, holders: map[holding]*Object{}}
	for _, o := range refused {
		d := o.decision
		if d.Write != merge.WriteUpdate {
			continue
		}
		old, err := to.Row(o.info, o.Key)
		if err != nil {
			return nil, err
		}
		if old == nil || len(old.Extra) > 0 || len(p.fresh.Schema().Model(o.Model).Misfits(old)) > 0 {
			continue // it would not come back as it was
		}
		w.old[o] = old
		for f := range d.Fields.All() {
			if o.info.Fields[f].Unique && !old.Values[f].IsNull() {
				w.holders[holding{o.info, f, old.Values[f]}] = o
			}
		}
	}
	w.dropHopeless()
	return w, nil
}

// waitsFor is the objects that hold what o is to have.
func (w *waiting) waitsFor(o *Object) (all []*Object) {
	for f := range o.decision.Fields.All() {
		if h := w.holders[holding{o.info, f, o.decision.Row.Values[f]}]; h != nil && h != o {
			all = append(all, h)
		}
	}
	return all
}

// dropHopeless leaves out who waits for no other, for a stranger has what it wants,
// and who waits for one of these.
func (w *waiting) dropHopeless() {
	waiters := map[*Object][]*Object{}
	var hopeless []*Object
	for o := range w.old {
		all := w.waitsFor(o)
		if len(all) == 0 {
			hopeless = append(hopeless, o)
		}
		for _, h := range all {
			waiters[h] = append(waiters[h], o)
		}
	}
	for i := 0; i < len(hopeless); i++ {
		o := hopeless[i]
		if w.old[o] != nil {
			w.drop([]*Object{o})
			hopeless = append(hopeless, waiters[o]...)
		}
	}
}

// drop leaves objects out.
func (w *waiting) drop(all []*Object) {
	for _, o := range all {
		delete(w.old, o)
	}
}

// group is an object and all those that it waits for, through others too; none
// where one of them was left out.
func (w *waiting) group(o *Object) []*Object {
	if w.old[o] == nil {
		return nil
	}
	group, in := []*Object{o}, map[*Object]bool{o: true}
	for i := 0; i < len(group); i++ {
		for _, h := range w.waitsFor(group[i]) {
			switch {
			case w.old[h] == nil:
				return nil
			case !in[h]:
				group, in[h] = append(group, h), true
			}
		}
	}
	return group
}

// exchange takes a group out and puts it back as it shall be. Where a constraint
// refuses one of it, all are put back as they were.
func (w *waiting) exchange(to *store.Tx, group []*Object) (bool, error) {
	if err := takeOut(to, group); err != nil {
		return false, err
	}
	for i, o := range group {
		d := o.decision
		err := to.Ledger().Apply(o.info, o.Key, &merge.Decision{Write: merge.WriteInsert, Row: d.Row, Entry: d.Entry})
		if errors.Is(err, store.ErrConstraint) {
			return false, w.putBack(to, group, i)
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

func takeOut(to *store.Tx, group []*Object) error {
	for _, o := range group {
		if err := to.Ledger().Apply(o.info, o.Key, &merge.Decision{Write: merge.WriteDelete}); err != nil {
			return err
		}
	}
	return nil
}

// putBack makes a group what it was, after the first n of it were put in.
func (w *waiting) putBack(to *store.Tx, group []*Object, n int) error {
	if err := takeOut(to, group[:n]); err != nil {
		return err
	}
	for _, o := range group {
		if err := to.Ledger().Apply(o.info, o.Key, &merge.Decision{Write: merge.WriteInsert, Row: w.old[o]}); err != nil {
			return err
		}
	}
	return nil
}
