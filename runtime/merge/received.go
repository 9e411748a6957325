package merge

import "github.com/resetgen/resetgen/runtime/model"

// Received decides like Object where the two sides meet in one store: e and local are
// its own, and remote is what the backend has of the object, which takes local's
// place.
//
// There is no backup here in which anything could be left. So what only a newer
// version of the app knows stays, changed or not, with its changes on record. And a
// field whose merge has failed keeps its local value and is held
// (model.FieldChange.Held), while all others are merged; the decision is Failed then,
// and nothing of the object is to be sent (Entry.Refused) until somebody has decided.
func Received(m *Model, policy model.Policy, e *model.Entry, local, remote *model.Row) *Decision {
	o := &object{Model: m, entry: e, local: local, remote: remote, own: true}
	o.decide(policy)
	if o.d.Outcome != Failed || local == nil {
		return o.d
	}
	failed := o.d
	if o.held = failed.Unmerged; o.held.Empty() {
		o.held = o.changed()
	}
	o.decide(policy)
	if o.d.Outcome == Failed { // of what is merged without the others
		o.held = o.changed()
		o.decide(policy)
	}
	o.d.Outcome, o.d.Reason, o.d.Err, o.d.Unmerged = Failed, failed.Reason, failed.Err, failed.Unmerged
	if e := o.d.Entry; e != nil {
		e.Refused = failed.Reason
	}
	return o.d
}

// unknown lists the changes of fields that only a newer version of the app knows, where
// these stay in the store.
func (o *object) unknown() []model.FieldChange {
	var changes []model.FieldChange
	for i := range o.entry.Fields {
		if o.own && o.entry.Index(o.Info, i) < 0 {
			changes = append(changes, o.entry.Fields[i])
		}
	}
	return changes
}

// bothUnknown names the fields among these that the other side has changed too. How
// they merge only a newer version of the app knows.
func (o *object) bothUnknown(changes []model.FieldChange) (names []string) {
	for _, c := range changes {
		for _, theirs := range o.remote.Extra {
			if theirs.Name == c.Name && !theirs.Value.Equal(c.Base) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}
