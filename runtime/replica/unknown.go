package replica

import (
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// unknownNote is of what was left out because this version of the app does not know it.
var unknownNote = note[unknown]{"unknown", "what was left out"}

// unknown is a list of what was left out: "model" or "model.field". When a later
// version of the app knows one of them, it starts over.
type unknown []string

// in lists what of an object the schema does not know.
func (u *unknown) in(schema *store.Schema, o *remote.Object) (added bool) {
	m := schema.Model(o.Model)
	if m == nil {
		return u.add(o.Model)
	}
	for i := range o.Fields {
		if m.Info.IndexWas(o.Fields[i].Name) < 0 && u.add(m.Info.Name+"."+o.Fields[i].Name) {
			added = true
		}
	}
	return added
}

func (u *unknown) add(name string) bool {
	i, found := slices.BinarySearch(*u, name)
	if !found {
		*u = slices.Insert(*u, i, name)
	}
	return !found
}

// known tells whether the schema knows something of the list.
func (u unknown) known(schema *store.Schema) bool {
	names := map[string]bool{}
	for _, m := range schema.Models() {
		for _, model := range append([]string{m.Info.Name}, m.Info.Was...) {
			names[model] = true
			for _, f := range m.Info.Fields {
				for _, field := range append([]string{f.Name}, f.Was...) {
					names[model+"."+field] = true
				}
			}
		}
	}
	return slices.ContainsFunc(u, func(name string) bool { return names[name] })
}

// noteUnknown notes what the whole of an object has that the store cannot put back.
func noteUnknown(tx *store.Tx, m *model.Info, whole []model.Named) error {
	extra := model.RowOf(m, whole).Extra
	if len(extra) == 0 {
		return nil
	}
	u, err := unknownNote.load(tx)
	if err != nil {
		return err
	}
	for _, v := range extra {
		u.add(m.Name + "." + v.Name)
	}
	return unknownNote.save(tx, u)
}

// outgrown is the client reset that is due when the app has come to know something
// that was left out: what the backend has of it lies before the cursor.
func outgrown(tx *store.Tx, schema *store.Schema) error {
	left, err := unknownNote.load(tx)
	if err != nil || !left.known(schema) {
		return err
	}
	return &remote.ClientResetError{Reason: remote.SchemaChanged, Detail: "this version of the app knows what an earlier one had to leave out"}
}
