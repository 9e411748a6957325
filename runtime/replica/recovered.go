package replica

import (
	"context"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// recoveredNote is of what client resets have recovered and has yet to be settled with
// the backend. That cannot be seen from the entries alone: one that is gone was settled,
// or taken back by the app before anything of it was sent.
var recoveredNote = note[recovered]{"recovered", "what was recovered"}

// recovered is that note.
type recovered struct {
	Objects   []recoveredObject // with an entry since, as far as is known
	TakenBack bool

	changed bool
}

// recoveredObject is an object in the note.
type recoveredObject struct {
	Model  string
	Key    model.Value
	Fields []string // that were recovered and have been unsynced since

	undone []string // of them, those that the app has taken back while they were being sent
}

// missing lists the fields that the entry does not have. That of a deletion has none, and
// stands for them all.
func (o *recoveredObject) missing(e *model.Entry) (names []string) {
	if e.Change == model.Deleted {
		return nil
	}
	for _, name := range o.Fields {
		if e.Field(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// keep goes through the objects with their entries, nil for none, and takes those off
// the note that keep does not want.
func (n *recovered) keep(tx *store.Tx, schema *store.Schema, keep func(o *recoveredObject, e *model.Entry) bool) error {
	left := n.Objects[:0]
	for _, o := range n.Objects {
		info := &model.Info{Name: o.Model} // of a model that this version of the app does not have
		if m := schema.Model(o.Model); m != nil {
			info = m.Info
		}
		e, err := tx.Entry(info, o.Key)
		if err != nil {
			return err
		}
		if keep(&o, e) {
			left = append(left, o)
		} else {
			n.changed = true
		}
	}
	n.Objects = left
	return nil
}

// before is called before a transaction settles anything: what is in no entry any more
// was taken back.
func (n *recovered) before(tx *store.Tx, schema *store.Schema) error {
	return n.keep(tx, schema, func(o *recoveredObject, e *model.Entry) bool {
		if e == nil {
			n.TakenBack = true
			return false
		}
		gone := o.missing(e)
		if e.Sent != nil {
			o.undone = gone
		} else if len(gone) > 0 {
			n.TakenBack = true
			n.drop(o, gone)
		}
		return true
	})
}

// after is called when the transaction has settled what it could: what is in no entry
// any more is settled now. What was undone while it was being sent is in one still, as
// the change back, if it had arrived.
func (n *recovered) after(tx *store.Tx, schema *store.Schema) error {
	return n.keep(tx, schema, func(o *recoveredObject, e *model.Entry) bool {
		if e == nil {
			n.TakenBack = n.TakenBack || len(o.undone) > 0
			return false
		}
		gone := o.missing(e)
		for _, name := range o.undone {
			n.TakenBack = n.TakenBack || slices.Contains(gone, name)
		}
		n.drop(o, gone)
		return true
	})
}

// drop takes fields off an object in the note.
func (n *recovered) drop(o *recoveredObject, fields []string) {
	if len(fields) == 0 {
		return
	}
	o.Fields = slices.DeleteFunc(slices.Clone(o.Fields), func(name string) bool { return slices.Contains(fields, name) })
	n.changed = true
}

// settling runs do in a transaction of the live store that takes over what the backend
// says of what was sent, or has.
func (r *Replica) settling(ctx context.Context, do func(tx *store.Tx) error) error {
	return r.update(ctx, func(tx *store.Tx) error {
		n, err := recoveredNote.load(tx)
		if err == nil {
			err = n.before(tx, r.o.Schema)
		}
		if err == nil {
			err = do(tx)
		}
		if err == nil {
			err = n.after(tx, r.o.Schema)
		}
		if err != nil || !n.changed {
			return err
		}
		return recoveredNote.save(tx, n)
	})
}

// noteRecovered makes the note in a fresh copy that was reconciled with a backup. What
// an earlier reset had recovered into the backup is in the fresh copy as well, or was
// taken back; if it cannot be told, that counts as taken back.
func (r *Replica) noteRecovered(to, from *store.Tx) error {
	var n recovered
	if from != nil && len(r.pending.Backups) > 0 {
		earlier, err := recoveredNote.load(from)
		if err == nil {
			err = earlier.before(from, r.o.Schema)
		}
		n.TakenBack = err != nil || earlier.TakenBack
		for _, o := range earlier.Objects {
			n.TakenBack = n.TakenBack || len(o.undone) > 0
		}
	}
	for e, err := range to.Entries() {
		if err != nil {
			return err
		}
		o := recoveredObject{Model: e.Model, Key: e.Key}
		for i := range e.Fields {
			o.Fields = append(o.Fields, e.Fields[i].Name)
		}
		n.Objects = append(n.Objects, o)
	}
	return recoveredNote.save(to, n)
}

// recovered notes that what the latest reset recovered is settled with the backend,
// once it is: then its backups may be pruned, and attempts count from none. What is not
// sent (Refused) keeps the backups, but not the attempts.
func (r *Replica) recovered(ctx context.Context) error {
	p := r.pending
	if p == nil || p.Step != Settling {
		return nil
	}
	var n recovered
	waiting := false
	err := r.update(ctx, func(tx *store.Tx) (err error) {
		if n, err = recoveredNote.load(tx); err != nil {
			return err
		}
		err = n.keep(tx, r.o.Schema, func(_ *recoveredObject, e *model.Entry) bool {
			n.TakenBack = n.TakenBack || e == nil
			waiting = waiting || e != nil && r.unsent(e) == ""
			return e != nil
		})
		if err != nil || !n.changed {
			return err
		}
		return recoveredNote.save(tx, n)
	})
	if err != nil || waiting {
		return err
	}
	if len(n.Objects) > 0 { // that is for the user to decide, and no reason to give a later reset up
		if p.Attempts == 0 {
			return nil
		}
		p.Attempts = 0
		return writeJSON(r.o.pendingFile(), p)
	}
	for _, name := range p.Backups {
		if err := r.settled(ctx, name, n.TakenBack); err != nil {
			return err
		}
	}
	return r.forget()
}
