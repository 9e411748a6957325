package merge

import "github.com/resetgen/resetgen/runtime/model"

// Hold is what becomes of an object whose merge has failed, where there is no
// backup to leave the local changes in: the changed fields keep their local values
// beside what the other side has of the rest, and are not sent (Entry.Refused)
// until somebody has decided. failed is what Object said.
func Hold(m *Model, e *model.Entry, local, remote *model.Row, failed *Decision) *Decision {
	o := &object{Model: m, entry: e, local: local, remote: remote, d: &Decision{
		Outcome: Failed, Reason: failed.Reason, Err: failed.Err, Write: WriteUpdate,
	}}
	row := remote.Clone()
	for f := range o.changed().All() {
		row.Values[f] = o.fit(f, local.Values[f])
		row.Mark(o.Info, f, o.change(f, model.Value{}).Stamp)
	}
	o.d.Row, o.d.Fields = row, row.Differing(remote)
	if pending := o.pending(row); len(pending) > 0 {
		entry := *e
		entry.Change, entry.Base, entry.Fields, entry.Refused = model.Updated, nil, pending, failed.Reason
		o.d.Entry = &entry
	}
	return o.d
}
