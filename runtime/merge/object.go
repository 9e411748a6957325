package merge

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
)

// Model is a model with its generated code, as far as merging needs it.
type Model struct {
	Info *model.Info

	// Merge is the generated merge over rows: it writes the fields of c.Local
	// into result. Every value fits its field.
	Merge func(c *Context, base, local, remote, result *model.Row) error

	// Misfits lists the values of a row that do not fit their fields.
	Misfits func(row *model.Row) []*model.FieldError
}

// Object decides what becomes of one object: e says what changed locally, local
// is the object in the backup and remote the one in the fresh store, each nil
// where there is none. The arguments are not changed.
func Object(m *Model, policy model.Policy, e *model.Entry, local, remote *model.Row) *Decision {
	o := &object{Model: m, entry: e, local: local, remote: remote}
	o.decide(policy)
	return o.d
}

// object is one decision in the making.
type object struct {
	*Model
	entry         *model.Entry
	local, remote *model.Row
	own           bool           // local is in the store that remote goes to
	held          model.FieldSet // the fields that cannot be merged
	d             *Decision
}

func (o *object) decide(policy model.Policy) {
	o.d = &Decision{}
	switch {
	case o.entry.Change == model.Deleted:
		o.deleted(policy.LocalDeleted)
	case o.local == nil:
		o.fail(fmt.Errorf("it is on record as %s, but the store does not hold it", o.entry.Change))
	case o.entry.Change == model.Recreated:
		o.recreated()
	case o.remote != nil:
		o.merge()
	case o.entry.Change == model.Created:
		o.insert(Recovered, "created locally", nil)
	default:
		o.updatedButGone(policy.RemoteDeleted)
	}
}

func (o *object) fail(err error) {
	o.d.Outcome, o.d.Reason, o.d.Err = Failed, err.Error(), err
}

// deleted is a local deletion.
func (o *object) deleted(policy model.LocalDeleted) {
	if o.remote == nil {
		o.d.Outcome, o.d.Reason = Already, "deleted locally, absent from the backend"
		return
	}
	base := model.RowOf(o.Info, o.entry.Base)
	changed := o.differing(base, o.remote)
	names := append(o.Info.Names(changed), unknownTo(base, o.remote)...)
	switch {
	case len(names) == 0:
		o.d.Outcome, o.d.Reason = Recovered, "deleted locally"
	case policy == model.Keep:
		o.d.Outcome, o.d.Reason = Kept, "deleted locally, changed by the other side: "+strings.Join(names, ", ")
		o.conflict("policy local_deleted=keep", base, nil, o.remote, o.remote)
		return
	default:
		o.d.Outcome, o.d.Reason = Conflicted, "deleted locally although changed by the other side: "+strings.Join(names, ", ")
		o.conflict("policy local_deleted=delete", base, nil, o.remote, nil)
	}
	o.d.Write = WriteDelete
	o.d.Entry = o.rebased(model.Deleted, nil, len(names) > 0)
}

// unknownTo names the fields that only a newer version of the model has, and that
// the other side wrote since base. Those that base has never heard of do not count:
// an older version of the app could delete nothing that a newer one has written.
func unknownTo(base, remote *model.Row) []string {
	var names []string
	for _, was := range base.Extra {
		if slices.ContainsFunc(remote.Extra, func(now model.Named) bool { return now.Name == was.Name && !now.Value.Equal(was.Value) }) {
			names = append(names, was.Name)
		}
	}
	return names
}

// updatedButGone is a local update of an object that the other side deleted.
func (o *object) updatedButGone(policy model.RemoteDeleted) {
	base := o.base()
	if policy == model.Drop {
		o.d.Outcome, o.d.Reason = Dropped, "updated locally, absent from the backend"
		o.conflict("policy remote_deleted=drop", base, o.local, nil, nil)
		return
	}
	o.insert(Restored, "updated locally, absent from the backend", base)
	if o.d.Outcome == Restored {
		o.conflict("policy remote_deleted=restore", base, o.local, nil, o.d.Row)
	}
}

// recreated is an object that was deleted and created again before the deletion
// was sent: the local object stands for itself, whole.
func (o *object) recreated() {
	if o.remote == nil {
		o.insert(Recovered, "deleted and created again locally", nil)
		return
	}
	row := o.whole()
	for f := range row.Values {
		if o.local.Values[f].IsAbsent() { // a newer version of the app wrote it
			row.Values[f] = o.remote.Values[f]
		}
	}
	base := model.RowOf(o.Info, o.entry.Base)
	theirs := o.differing(base, o.remote)
	o.d.Row, o.d.Fields = row, o.differing(row, o.remote)
	row.Stamp, row.Stamps, row.Extra = o.remote.Stamp, slices.Clone(o.remote.Stamps), o.remote.Extra
	for f := range o.d.Fields.All() {
		row.Mark(o.Info, f, o.change(f, model.Value{}).Stamp)
	}
	for f := range theirs.All() {
		if o.d.Fields.Has(f) {
			o.fieldConflict(Part{Field: f}, "the local object, whole", base)
		}
	}
	switch {
	case o.d.Fields.Empty():
		o.d.Outcome, o.d.Reason, o.d.Row = Already, "the other side holds the same object", nil
		o.keepPending(row, theirs)
		return
	case len(o.d.Conflicts) > 0:
		o.d.Outcome, o.d.Reason = Conflicted, "deleted and created again locally, changed by the other side: "+o.names(theirs)
	case !theirs.Empty():
		o.d.Outcome, o.d.Reason = Merged, "deleted and created again locally"
	default:
		o.d.Outcome, o.d.Reason = Recovered, "deleted and created again locally"
	}
	o.d.Write = WriteUpdate
	o.d.Entry = o.rebased(model.Recreated, o.set(row), !theirs.Empty())
}

// insert puts the local object, whole, where the other side has none. base is what
// both sides had before, nil where they had nothing: somebody else may bring the
// object back as well, and then what each of them changed must not count twice.
func (o *object) insert(outcome Outcome, reason string, base *model.Row) {
	row := o.whole()
	o.d.Outcome, o.d.Reason, o.d.Write, o.d.Row = outcome, reason, WriteInsert, row
	fields := o.set(row)
	for i := range fields {
		switch f := o.Info.Index(fields[i].Name); {
		case f < 0: // unknownSet knows
		case base != nil:
			fields[i].Base = base.Values[f]
		case o.entry.Change == model.Created:
			fields[i].Base = o.oldBase(f)
		}
	}
	o.d.Entry = o.rebased(model.Created, fields, false)
}

// merge is a local update or creation of an object that the other side has too.
func (o *object) merge() {
	base := o.base()
	changed := o.changed()
	for _, misfit := range o.Misfits(o.local) {
		if f := o.Info.Index(misfit.Field); changed.Has(f) {
			changed.Remove(f)
			o.lose(misfit)
		}
	}
	// Without a base, or a remote value, to merge with the local value stands.
	var alone model.FieldSet
	for _, row := range []*model.Row{base, o.remote} {
		for _, misfit := range o.Misfits(row) {
			if f := o.Info.Index(misfit.Field); changed.Has(f) {
				changed.Remove(f)
				alone.Add(f)
			}
		}
	}
	// What could not be merged once has no base to be merged from any more: it stands
	// until somebody has decided.
	held := o.heldBefore().Union(o.held)
	for f := range held.All() {
		if changed.Has(f) {
			changed.Remove(f)
			alone.Add(f)
		}
	}
	if !o.own {
		o.loseUnknown()
	}

	c := &Context{
		Local:       changed,
		LocalStamps: o.localStamps(), LocalStamp: o.entry.Stamp,
		RemoteStamps: o.remote.Stamps, RemoteStamp: o.remote.Stamp,
	}
	row := o.remote.Clone()
	if err := o.Merge(c, base, o.local, o.remote, row); err != nil {
		o.d.Unmerged = o.unmerged(err)
		o.fail(o.named(err))
		for f := range o.entry.Changed(o.Info).All() {
			o.lose(&model.FieldError{Field: o.Info.Fields[f].Name, Value: o.local.Values[f], Err: o.d.Err})
		}
		return
	}
	o.d.Row = row
	for f := range alone.All() {
		row.Values[f] = o.fit(f, o.local.Values[f])
		theirs := o.fit(f, o.remote.Values[f])
		if !row.Values[f].Equal(theirs) && !(held.Has(f) && theirs.Equal(base.Values[f])) {
			c.Conflict(f, "")
		}
	}
	slices.SortStableFunc(c.Conflicts, func(a, b Part) int { return cmp.Compare(a.Field, b.Field) })
	for _, part := range c.Conflicts {
		o.fieldConflict(part, o.Info.Fields[part.Field].Rule.String(), base)
	}
	theirs := o.differing(base, o.remote)
	o.d.Fields = o.differing(row, o.remote)
	for f := range o.d.Fields.All() {
		at := o.change(f, model.Value{}).Stamp
		if c.Mixed.Has(f) {
			at = max(at, o.remote.StampOf(f))
		}
		row.Mark(o.Info, f, at)
	}
	o.classify(theirs, c)
	if !o.d.Fields.Empty() {
		o.d.Write = WriteUpdate
	} else {
		o.d.Row = nil
	}
	o.keepPending(row, theirs)
}

// keepPending keeps on record what the other side lacks of row.
func (o *object) keepPending(row *model.Row, theirs model.FieldSet) {
	unknown := o.unknown()
	pending := append(o.pending(row), unknown...)
	if len(pending) == 0 {
		return
	}
	o.d.Entry = o.rebased(model.Updated, pending, !theirs.Empty())
	if names := o.bothUnknown(unknown); len(names) > 0 {
		o.d.Entry.Refused = "both sides changed what only a newer version of the app can merge: " + strings.Join(names, ", ")
	}
}

// classify says in a word what a merge came to.
func (o *object) classify(theirs model.FieldSet, c *Context) {
	verb := o.entry.Change.String() + " locally"
	switch {
	case len(c.Conflicts) > 0:
		var both model.FieldSet
		for _, part := range c.Conflicts {
			both.Add(part.Field)
		}
		o.d.Outcome, o.d.Reason = Conflicted, "both sides changed "+o.names(both)
	case o.d.Fields.Empty() && len(o.d.Losses) == 0 && len(o.unknown()) == 0:
		o.d.Outcome, o.d.Reason = Already, "the other side holds the same values"
	case len(o.d.Losses) > 0 && o.d.Fields.Empty():
		o.d.Outcome, o.d.Reason = Dropped, "no changed field could be carried over"
	case o.entry.Change == model.Created:
		o.d.Outcome, o.d.Reason = Merged, "created on both sides"
	case !theirs.Empty():
		o.d.Outcome, o.d.Reason = Merged, verb+"; the other side changed "+o.names(theirs)
	default:
		o.d.Outcome, o.d.Reason = Recovered, verb
	}
}

// names lists fields for people.
func (o *object) names(fields model.FieldSet) string {
	return strings.Join(o.Info.Names(fields), ", ")
}

// unmerged is the set of the fields that the errors of a merge are about.
func (o *object) unmerged(err error) (fields model.FieldSet) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			fields = fields.Union(o.unmerged(err))
		}
		return fields
	}
	var field *FieldError
	var misfit *model.FieldError // of a result that cannot be stored
	switch {
	case errors.As(err, &field):
		fields.Add(field.Field)
	case errors.As(err, &misfit) && o.Info.Index(misfit.Field) >= 0:
		fields.Add(o.Info.Index(misfit.Field))
	}
	return fields
}

// named replaces the field numbers in a merge's errors by names.
func (o *object) named(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var errs []error
	for _, err := range joined.Unwrap() {
		var field *FieldError
		if errors.As(err, &field) {
			err = fmt.Errorf("field %s: %w", o.Info.Fields[field.Field].Name, field.Err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
