package merge

import "github.com/resetgen/resetgen/runtime/model"

// Arrived decides what is still unsynced of an object when a chunk has arrived after
// all that the client had given up. sent is the object as the chunk has it, seq the
// sequence of its cut, latest that of the latest commit. e and local are what is on
// record of it and what is stored by now, each nil where there is none: the app may have
// written it since, and what others wrote may have been merged into it. It gives the
// entry that remains, nil for none.
//
// A field that was not changed since has arrived. One that was goes on from what has
// arrived. One that is back at what it was before it was sent is no change as long as
// nothing has arrived, and is one now.
func Arrived(m *Model, seq, latest uint64, sent *model.Sent, e *model.Entry, local *model.Row) *model.Entry {
	a := &arrival{
		object: object{Model: m, entry: e, local: local, own: true, d: &Decision{}},
		seq:    seq, latest: latest, sent: sent.Entry, row: model.RowOf(m.Info, sent.Row),
	}
	if e == nil {
		a.entry = &model.Entry{Model: m.Info.Name, Key: sent.Entry.Key, Seq: latest, Stamp: sent.Entry.Stamp}
	}
	switch deleted := a.sent.Change == model.Deleted; {
	case deleted && local == nil:
		return nil
	case deleted:
		return a.remains(model.Created, a.set(a.whole()), nil)
	case local != nil:
		return a.changedSince()
	case e != nil || a.sent.Change == model.Created:
		return a.remains(model.Deleted, nil, a.theirs())
	}
	return nil // others have deleted it
}

// arrival is one such decision.
type arrival struct {
	object
	seq    uint64
	latest uint64 // by which at the latest a field was set back
	sent   *model.Entry
	row    *model.Row // the object as it was sent
}

// remains is the entry as it goes on; theirs is what it is based on.
func (a *arrival) remains(change model.Change, fields []model.FieldChange, theirs *model.Row) *model.Entry {
	e := *a.entry
	e.Change, e.Fields, e.Base, e.Sent = change, fields, nil, nil
	if change == model.Deleted || change == model.Recreated {
		e.Base = theirs.Named(a.Info)
	}
	if !e.Holds() {
		e.Refused = ""
	}
	return &e
}

// changedSince is what remains of an object that both sides have.
func (a *arrival) changedSince() *model.Entry {
	theirs := a.theirs()
	differing := a.differing(theirs, a.local)
	var fields []model.FieldChange
	for f := range a.Info.Fields {
		was, sent := a.was(f)
		now := a.entry.Of(a.Info, f)
		c := a.change(f, theirs.Values[f])
		switch {
		case now == nil && sent && differing.Has(f): // it was set back
			c.Seq, c.Stamp = a.latest, max(was.Stamp, a.local.StampOf(f))
		case now == nil, sent && now.Seq <= a.seq && !now.Held:
			continue
		case !differing.Has(f) && !now.Touched && !now.Held:
			continue
		}
		fields = append(fields, c)
	}
	for _, c := range a.unknown() {
		if c.Seq > a.seq || a.sent.Field(c.Name) == nil {
			fields = append(fields, c)
		}
	}
	switch {
	case a.entry.Change == model.Recreated && a.sent.Change == model.Updated:
		return a.remains(model.Recreated, fields, theirs)
	case len(fields) == 0:
		return nil
	}
	return a.remains(model.Updated, fields, theirs)
}

// was is the change of field f that was sent, if it was: of an object that was new,
// every field.
func (a *arrival) was(f int) (c model.FieldChange, sent bool) {
	if c := a.sent.Of(a.Info, f); c != nil {
		return *c, true
	}
	if f == a.Info.Key || a.sent.Change == model.Updated || a.row.Values[f].IsAbsent() {
		return c, false
	}
	return model.FieldChange{Stamp: a.sent.Stamp}, true
}

// theirs is the object as the backend has it by what has arrived: what this client
// knew of it, with what was sent in its place. A field that is merged in parts may have
// been merged with others' parts since it was sent; then its own go in between them. Of
// any other that somebody else has replaced meanwhile nothing is unsynced. An object that
// the backend did not have nobody else has changed.
func (a *arrival) theirs() *model.Row {
	known := a.known()
	theirs, base, sent := known.Clone(), known.Clone(), known.Clone()
	before := model.RowOf(a.Info, a.sent.Base)
	there := a.entry.Change != model.Created && (a.local != nil || a.entry.Change != 0)
	var parts model.FieldSet
	for f := range known.Values {
		was, ok := a.was(f)
		if !ok {
			continue
		}
		if was.Base.IsAbsent() {
			was.Base = before.Values[f]
		}
		base.Values[f], sent.Values[f] = a.present(f, was.Base), a.present(f, a.row.Values[f])
		others := there && !known.Values[f].Equal(base.Values[f])
		switch mine := a.local == nil || a.entry.Of(a.Info, f) != nil; {
		case others && a.Info.Fields[f].Rule.MergesParts():
			parts.Add(f)
		case !others || mine:
			theirs.Values[f] = sent.Values[f]
		}
	}
	if parts.Empty() {
		return theirs
	}
	if merged := theirs.Clone(); a.Merge(&Context{Local: parts}, base, sent, known, merged) == nil {
		return merged
	}
	return theirs
}

// known is what this client knew the backend to have of the object.
func (a *arrival) known() *model.Row {
	var known *model.Row
	switch a.entry.Change {
	case model.Deleted, model.Recreated:
		known = model.RowOf(a.Info, a.entry.Base)
	default:
		if a.local != nil {
			return a.base()
		}
		known = model.NewRow(a.Info)
		known.Values[a.Info.Key] = a.sent.Key
	}
	for f := range known.Values {
		known.Values[f] = a.present(f, known.Values[f])
	}
	return known
}
