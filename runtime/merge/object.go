package merge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
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

// Outcome is what became of one object's unsynced changes, in a word.
type Outcome uint8

// The outcomes.
const (
	Recovered  Outcome = iota + 1 // applied; the other side had not touched the object
	Merged                        // applied beside what the other side changed
	Conflicted                    // applied; a rule decided where both sides changed the same
	Restored                      // the object was gone and is back
	Kept                          // not deleted, because the other side changed the object
	Dropped                       // not applied, as the policy says
	Already                       // the other side had done the same
	Failed                        // not applied; the reason is given
	Overwrote                     // took the place of what the other side holds, unasked (strategy overwrite)
)

var outcomeNames = [...]string{"none", "recovered", "merged", "conflict", "restored", "kept", "dropped", "already there", "failed", "overwrote"}

// String is the outcome in a word or two.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome %d", o)
}

// MarshalText gives the form of String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Outcomes lists every outcome, in the order in which reports count them.
func Outcomes() []Outcome {
	return []Outcome{Recovered, Merged, Conflicted, Restored, Overwrote, Kept, Dropped, Already, Failed}
}

// Write is what has to be done to the object in the fresh store.
type Write uint8

// The writes.
const (
	WriteNothing Write = iota
	WriteInsert
	WriteUpdate
	WriteDelete
)

var writeNames = [...]string{"nothing", "insert", "update", "delete"}

// String is the write in a word.
func (w Write) String() string { return writeNames[w] }

// MarshalText gives the form of String.
func (w Write) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// Decision is what becomes of one object.
type Decision struct {
	Outcome Outcome
	Reason  string // why, for people

	Write  Write
	Row    *model.Row     // what is written by WriteInsert and WriteUpdate
	Fields model.FieldSet // which of its fields WriteUpdate writes

	// Entry is what remains unsynced: the changes rebased on the remote object,
	// with the sequences and stamps that they had. Nil where nothing remains.
	Entry *model.Entry

	Conflicts []Conflict
	Losses    []Loss
	Err       error // of a Failed decision
}

// Conflict is what both sides changed: a field, a part of one, or the object as
// a whole.
type Conflict struct {
	Field  string      `json:"field,omitempty"` // the stored name; "" where one side deleted the object
	Part   string      `json:"part,omitempty"`  // the key of a map or the identity of a list's element
	Rule   string      `json:"rule,omitempty"`  // what decided
	Base   model.Value `json:"base"`
	Local  model.Value `json:"local"`
	Remote model.Value `json:"remote"`
	Result model.Value `json:"result"`
}

// Loss is a local value that could not be carried over.
type Loss struct {
	Field string      `json:"field"`
	Value model.Value `json:"value"`
	Why   string      `json:"why"`
}

// Object decides what becomes of one object: e says what changed locally, local
// is the object in the backup and remote the one in the fresh store, each nil
// where there is none. The arguments are not changed.
func Object(m *Model, policy model.Policy, e *model.Entry, local, remote *model.Row) *Decision {
	o := &object{Model: m, entry: e, local: local, remote: remote, d: &Decision{}}
	switch {
	case e.Change == model.Deleted:
		o.deleted(policy.LocalDeleted)
	case local == nil:
		o.fail(fmt.Errorf("it is on record as %s, but the store does not hold it", e.Change))
	case e.Change == model.Recreated:
		o.recreated()
	case remote != nil:
		o.merge()
	case e.Change == model.Created:
		o.insert(Recovered, "created locally")
	default:
		o.updatedButGone(policy.RemoteDeleted)
	}
	return o.d
}

// object is one decision in the making.
type object struct {
	*Model
	entry         *model.Entry
	local, remote *model.Row
	d             *Decision
}

func (o *object) fail(err error) {
	o.d.Outcome, o.d.Reason, o.d.Err = Failed, err.Error(), err
}

// deleted is a local deletion.
func (o *object) deleted(policy model.LocalDeleted) {
	if o.remote == nil {
		o.d.Outcome, o.d.Reason = Already, "gone on both sides"
		return
	}
	base := model.RowOf(o.Info, o.entry.Base)
	changed := o.differing(base, o.remote)
	switch {
	case changed.Empty():
		o.d.Outcome, o.d.Reason = Recovered, "deleted locally"
	case policy == model.Keep:
		o.d.Outcome, o.d.Reason = Kept, "deleted locally, changed by the other side: "+o.names(changed)
		o.conflict("policy local_deleted=keep", base, nil, o.remote, o.remote)
		return
	default:
		o.d.Outcome, o.d.Reason = Conflicted, "deleted locally although changed by the other side: "+o.names(changed)
		o.conflict("policy local_deleted=delete", base, nil, o.remote, nil)
	}
	o.d.Write = WriteDelete
	entry := *o.entry
	entry.Base = o.remote.Named(o.Info)
	o.d.Entry = &entry
}

// updatedButGone is a local update of an object that the other side deleted.
func (o *object) updatedButGone(policy model.RemoteDeleted) {
	base := o.base()
	if policy == model.Drop {
		o.d.Outcome, o.d.Reason = Dropped, "updated locally, absent from the backend"
		o.conflict("policy remote_deleted=drop", base, o.local, nil, nil)
		return
	}
	o.insert(Restored, "updated locally, absent from the backend")
	if o.d.Outcome == Restored {
		o.conflict("policy remote_deleted=restore", base, o.local, nil, o.d.Row)
	}
}

// recreated is an object that was deleted and created again before the deletion
// was sent: the local object stands for itself, whole.
func (o *object) recreated() {
	if o.remote == nil {
		o.insert(Recovered, "deleted and created again locally")
		return
	}
	row := o.whole()
	base := model.RowOf(o.Info, o.entry.Base)
	theirs := o.differing(base, o.remote)
	o.d.Row, o.d.Fields = row, row.Differing(o.remote)
	row.Extra = o.remote.Extra
	for f := range theirs.All() {
		if o.d.Fields.Has(f) {
			o.fieldConflict(Part{Field: f}, "the local object, whole", base)
		}
	}
	switch {
	case o.d.Fields.Empty():
		o.d.Outcome, o.d.Reason, o.d.Row = Already, "the other side holds the same object", nil
		return
	case len(o.d.Conflicts) > 0:
		o.d.Outcome, o.d.Reason = Conflicted, "deleted and created again locally, changed by the other side: "+o.names(theirs)
	case !theirs.Empty():
		o.d.Outcome, o.d.Reason = Merged, "deleted and created again locally"
	default:
		o.d.Outcome, o.d.Reason = Recovered, "deleted and created again locally"
	}
	o.d.Write = WriteUpdate
	entry := *o.entry
	entry.Fields = o.pending(row)
	entry.Base = o.remote.Named(o.Info)
	o.d.Entry = &entry
}

// insert puts the local object, whole, where the other side has none.
func (o *object) insert(outcome Outcome, reason string) {
	row := o.whole()
	o.d.Outcome, o.d.Reason, o.d.Write, o.d.Row = outcome, reason, WriteInsert, row
	entry := *o.entry
	entry.Change, entry.Base, entry.Fields = model.Created, nil, nil
	zero := model.NewRow(o.Info)
	for f := range o.Info.Fields {
		change := o.change(f, model.Value{})
		if f != o.Info.Key && (change.Touched || !row.Values[f].Equal(zero.Values[f])) {
			entry.Fields = append(entry.Fields, change)
		}
	}
	o.d.Entry = &entry
}

// whole is the local object in the form that the model has now.
func (o *object) whole() *model.Row {
	row, losses := Fit(o.Model, o.local)
	o.d.Losses = append(o.d.Losses, losses...)
	return row
}

// Fit is an object in the form that the model has now, with the zero value in the
// place of what does not fit. That, and what the model has no field for, is
// listed as lost.
func Fit(m *Model, local *model.Row) (*model.Row, []Loss) {
	var losses []Loss
	row := local.Clone()
	row.Extra = nil
	for _, extra := range local.Extra {
		losses = append(losses, Loss{Field: extra.Name, Value: extra.Value, Why: noField})
	}
	for _, misfit := range m.Misfits(local) {
		row.Values[m.Info.Index(misfit.Field)] = model.Value{}
		losses = append(losses, Loss{Field: misfit.Field, Value: misfit.Value, Why: misfit.Err.Error()})
	}
	for f := range row.Values {
		field := &m.Info.Fields[f]
		v, err := row.Values[f].Fit(field.Kind, field.Null)
		if err != nil || v.IsAbsent() {
			v = field.Zero
		}
		row.Values[f] = v
	}
	return row, losses
}

// merge is a local update or creation of an object that the other side has too.
func (o *object) merge() {
	base := o.base()
	changed := o.changed()
	for _, row := range []*model.Row{o.local, base, o.remote} {
		for _, misfit := range o.Misfits(row) {
			if f := o.Info.Index(misfit.Field); changed.Has(f) {
				changed.Remove(f)
				misfit.Value = o.local.Values[f]
				o.lose(misfit)
			}
		}
	}
	o.loseUnknown()

	c := &Context{
		Local:       changed,
		LocalStamps: o.localStamps(), LocalStamp: o.entry.Stamp,
		RemoteStamps: o.remote.Stamps, RemoteStamp: o.remote.Stamp,
	}
	row := o.remote.Clone()
	if err := o.Merge(c, base, o.local, o.remote, row); err != nil {
		o.fail(o.named(err))
		return
	}
	for _, part := range c.Conflicts {
		o.d.Row = row
		o.fieldConflict(part, o.Info.Fields[part.Field].Rule.String(), base)
	}
	theirs := o.differing(base, o.remote)
	o.d.Row, o.d.Fields = row, row.Differing(o.remote)
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
	entry := *o.entry
	entry.Change, entry.Base = model.Updated, nil
	if entry.Fields = o.pending(row); len(entry.Fields) > 0 {
		o.d.Entry = &entry
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
	case o.d.Fields.Empty() && len(o.d.Losses) == 0:
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

// base is the object as it was before the first unsynced change: the local one
// with the bases of the changed fields put back. A created object was nothing
// before, so its base has zero values in the fields that were set.
func (o *object) base() *model.Row {
	base := o.local.Clone()
	for i := range o.entry.Fields {
		if f := o.Info.IndexWas(o.entry.Fields[i].Name); f >= 0 {
			if base.Values[f] = o.entry.Fields[i].Base; base.Values[f].IsAbsent() {
				base.Values[f] = o.Info.Fields[f].Zero
			}
		}
	}
	if o.entry.Change == model.Created {
		zero := model.NewRow(o.Info)
		zero.Values[o.Info.Key] = base.Values[o.Info.Key]
		return zero
	}
	return base
}

// changed is the set of the fields that count as locally changed.
func (o *object) changed() model.FieldSet {
	changed := o.entry.Changed(o.Info)
	if o.Info.Track == model.TrackObject && o.entry.Change == model.Updated {
		changed = model.FirstFields(len(o.Info.Fields))
	}
	changed.Remove(o.Info.Key)
	return changed
}

// localStamps is when each field was last written locally.
func (o *object) localStamps() []stamp.Stamp {
	stamps := make([]stamp.Stamp, len(o.Info.Fields))
	for f := range stamps {
		stamps[f] = o.change(f, model.Value{}).Stamp
	}
	return stamps
}

// change is the unsynced change of field f, rebased. A field that the entry does
// not list goes with the object's latest change.
func (o *object) change(f int, base model.Value) model.FieldChange {
	field := &o.Info.Fields[f]
	c := model.FieldChange{Name: field.Name, Seq: o.entry.Seq, Stamp: o.entry.Stamp, Base: base}
	for i := range o.entry.Fields {
		if old := &o.entry.Fields[i]; o.Info.IndexWas(old.Name) == f {
			c.Seq, c.Stamp, c.Touched = old.Seq, old.Stamp, old.Touched
		}
	}
	return c
}

// pending lists what the other side has yet to learn: the fields in which row
// differs from it, and those that were touched and kept their local value.
func (o *object) pending(row *model.Row) []model.FieldChange {
	var pending []model.FieldChange
	for f := range o.Info.Fields {
		c := o.change(f, o.remote.Values[f])
		differs := !row.Values[f].Equal(o.remote.Values[f])
		touched := c.Touched && row.Values[f].Equal(o.local.Values[f])
		if f != o.Info.Key && (differs || touched) {
			pending = append(pending, c)
		}
	}
	return pending
}

// differing is the set of the fields in which two objects differ, as far as both
// have them.
func (o *object) differing(a, b *model.Row) model.FieldSet {
	var d model.FieldSet
	for f := range o.Info.Fields {
		va, vb := o.fit(f, a.Values[f]), o.fit(f, b.Values[f])
		if !va.IsAbsent() && !vb.IsAbsent() && !va.Equal(vb) {
			d.Add(f)
		}
	}
	d.Remove(o.Info.Key)
	return d
}

// fit is v in the form of field f, or v itself where it does not fit.
func (o *object) fit(f int, v model.Value) model.Value {
	if fit, err := v.Fit(o.Info.Fields[f].Kind, o.Info.Fields[f].Null); err == nil {
		return fit
	}
	return v
}

// fieldConflict reports a field that both sides changed; of a map just the key.
func (o *object) fieldConflict(p Part, rule string, base *model.Row) {
	of := func(row *model.Row) model.Value {
		v := row.Values[p.Field]
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

func (o *object) lose(misfit *model.FieldError) {
	if slices.ContainsFunc(o.d.Losses, func(l Loss) bool { return l.Field == misfit.Field }) {
		return
	}
	o.d.Losses = append(o.d.Losses, Loss{Field: misfit.Field, Value: misfit.Value, Why: misfit.Err.Error()})
}

// noField is why the value of a field of an older or newer model is lost.
const noField = "the model has no such field any more"

// loseUnknown reports changed fields that this version of the model lacks.
func (o *object) loseUnknown() {
	for i := range o.entry.Fields {
		name := o.entry.Fields[i].Name
		if o.Info.IndexWas(name) >= 0 {
			continue
		}
		loss := Loss{Field: name, Why: noField}
		for _, extra := range o.local.Extra {
			if extra.Name == name {
				loss.Value = extra.Value
			}
		}
		o.d.Losses = append(o.d.Losses, loss)
	}
}

// names lists fields for people.
func (o *object) names(fields model.FieldSet) string {
	return strings.Join(o.Info.Names(fields), ", ")
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

// WriteText shows a conflict to people, in lines of "  field: base …".
func (c *Conflict) WriteText(b *strings.Builder) {
	what := c.Field
	switch {
	case what == "":
		what = "the object"
	case c.Part != "":
		what += "[" + c.Part + "]"
	}
	fmt.Fprintf(b, "  %s (%s)\n    base    %v\n    local   %v\n    remote  %v\n    result  %v\n", what, c.Rule, c.Base, c.Local, c.Remote, c.Result)
}
