package replica

import (
	"context"
	"errors"
	"slices"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// keptOut is what a fresh copy holds back although the backup has unsynced changes of
// it: the backend has these objects, and whoever looks into the copy misses them.
type keptOut map[model.ObjectKey]bool

// makeWay has a fresh copy hold back another object than one of which something is
// unsynced in the backup, for a reconciliation would take that one for deleted. What
// both clash by is a value that must be unique, so one of them has to wait, and which
// one is as it came. It gives those for which there is no way: what stands in theirs
// has unsynced changes as well.
func (r *Replica) makeWay(ctx context.Context, backup, fresh *store.Store) (keptOut, error) {
	back, err := r.holdsBack(ctx, backup, fresh)
	if err != nil || !back {
		return nil, err
	}
	out, overwrites := keptOut{}, r.strategy(ctx, backup) == reconcile.Overwrite
	var unread error // whose fault it is tells the plan
	err = fresh.Update(ctx, func(to *store.Tx) error {
		err := backup.View(ctx, func(from *store.Tx) error {
			held, err := heldNote.load(to)
			if err != nil {
				return err
			}
			w := wayMaker{r: r, to: to, unsynced: func(m *model.Info, key model.Value) bool {
				e, err := from.Entry(m, key)
				var row *model.Row
				if err == nil && overwrites { // which writes all that is there
					row, err = from.Row(m, key)
				}
				if err != nil && unread == nil {
					unread = err
				}
				return e != nil || row != nil
			}}
			for i, o := range held {
				m := r.o.Schema.Model(o.Model)
				if m == nil || !w.unsynced(m.Info, o.Key) {
					continue
				}
				instead, in, err := w.letIn(m, o)
				if err != nil {
					return err
				}
				if !in {
					out[model.ObjectKey{Model: m.Info.Name, Key: o.Key}] = true
					continue
				}
				held[i] = nil
				held = append(held, instead...)
			}
			return heldNote.save(to, slices.DeleteFunc(held, func(o *remote.Object) bool { return o == nil }))
		})
		return errors.Join(err, unread)
	})
	if unread != nil && reconcile.Unreadable(unread) {
		return nil, nil
	}
	return out, err
}

// holdsBack tells whether a fresh copy holds back anything that may have to be let in.
func (r *Replica) holdsBack(ctx context.Context, backup, fresh *store.Store) (back bool, err error) {
	if r.strategy(ctx, backup) == reconcile.Discard {
		return false, nil
	}
	err = fresh.View(ctx, func(tx *store.Tx) error {
		held, err := heldNote.load(tx)
		_, done := tx.Ledger().Reconciled(backup.ID())
		back = len(held) > 0 && !done
		return err
	})
	return back, err
}

type wayMaker struct {
	r        *Replica
	to       *store.Tx // of the fresh copy
	unsynced func(m *model.Info, key model.Value) bool
}

// letIn puts an object into the fresh copy and gives what had to be taken out for it.
func (w *wayMaker) letIn(m *merge.Model, o *remote.Object) (instead []*remote.Object, in bool, err error) {
	row := o.Row(m.Info)
	there, err := w.inTheWay(m.Info, row)
	if err != nil {
		return nil, false, err
	}
	for _, other := range there {
		if w.unsynced(m.Info, other.Values[m.Info.Key]) || w.r.o.Policy.Dangling == model.ClearDangling && w.referredTo(m.Info) {
			return nil, false, nil
		}
	}
	for _, other := range there {
		back := remote.ObjectOf(m.Info, other)
		instead = append(instead, &back)
		if _, err := w.to.Ledger().Receive(m, back.Key, nil, w.r.o.Policy); err != nil {
			return nil, false, err
		}
	}
	_, err = w.to.Ledger().Receive(m, o.Key, row, w.r.o.Policy)
	if !errors.Is(err, store.ErrConstraint) {
		return instead, err == nil, err
	}
	for i, other := range there { // it was something else
		if _, err := w.to.Ledger().Receive(m, instead[i].Key, other, w.r.o.Policy); err != nil {
			return nil, false, err
		}
	}
	return nil, false, nil
}

// inTheWay lists the objects that have a value of row's that must be unique.
func (w *wayMaker) inTheWay(m *model.Info, row *model.Row) (there []*model.Row, err error) {
	for f := range m.Fields {
		if !m.Fields[f].Unique {
			continue
		}
		v, err := m.Fields[f].Fit(row.Values[f])
		if err != nil || v.IsAbsent() {
			v = m.Fields[f].Zero // as it is stored
		}
		if v.IsNull() {
			continue
		}
		for other, err := range w.to.Holding(m, f, []model.Value{v}) {
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(there, func(r *model.Row) bool { return r.Values[m.Key].Equal(other.Values[m.Key]) }) {
				there = append(there, other)
			}
		}
	}
	return there, nil
}

// referredTo tells whether a field of any model may refer to the model. A reference to
// what is held back would be cleared.
func (w *wayMaker) referredTo(m *model.Info) bool {
	for _, other := range w.r.o.Schema.Models() {
		if slices.ContainsFunc(other.Info.Fields, func(f model.Field) bool { return f.Ref == m.Name }) {
			return true
		}
	}
	return false
}

func (k keptOut) has(object model.ObjectKey) bool { return k[object] }

// letWait tries what was held back once more, now that what is unsynced was taken over.
func (r *Replica) letWait(to *store.Tx) error {
	in, err := r.newIntake(to)
	if err == nil {
		err = in.end()
	}
	if err != nil {
		return err
	}
	return r.noteMerged(to, in.merged)
}
