package remote

import (
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
)

// Holds tells whether what a patch is based on is still what the backend has, so
// that the patch can be applied as it is. now is the object as the backend has it;
// nil or Deleted where there is none.
//
//   - created: there is no such object
//   - updated: it is there, and each changed field has the value it was changed from
//   - deleted: it is gone already, or equals the one that was deleted
//   - recreated: it equals the one that was deleted
//
// A field that the backend does not have was written by nobody, so it holds
// whatever the base. That the backend has the very value that the patch brings is
// not enough: two clients that both count from 5 to 7 have counted four.
func Holds(now *Object, p *model.Patch) bool {
	now = now.renamed(p)
	there := now != nil && !now.Deleted
	switch p.Change {
	case model.Created:
		return !there
	case model.Deleted:
		return !there || now.equals(p)
	case model.Recreated:
		return there && now.equals(p)
	}
	if !there {
		return false
	}
	for i := range p.Fields {
		f := now.Field(p.Fields[i].Name)
		if f != nil && !f.Value.Equal(p.Fields[i].Base) {
			return false
		}
	}
	return true
}

// equals tells whether the object is the one that a deletion is based on. A field
// that the deletion knows nothing of was written by a newer version of the app.
func (o *Object) equals(p *model.Patch) bool {
	base := make(map[string]model.Value, len(p.Base))
	for _, v := range p.Base {
		base[presentName(p, v.Name)] = v.Value
	}
	for i := range o.Fields {
		if v, known := base[o.Fields[i].Name]; !known || !v.Equal(o.Fields[i].Value) {
			return false
		}
	}
	return true
}

func presentName(p *model.Patch, name string) string {
	if now, ok := p.Renamed[name]; ok {
		return now
	}
	return name
}

// renamed is the object with its fields under the names that the client has for
// them now. Where the backend has one under both names, the present one counts.
func (o *Object) renamed(p *model.Patch) *Object {
	if o == nil || !slices.ContainsFunc(o.Fields, func(f Field) bool { return presentName(p, f.Name) != f.Name }) {
		return o
	}
	r := *o
	r.Fields = make([]Field, 0, len(o.Fields))
	for _, f := range o.Fields {
		name := presentName(p, f.Name)
		if name != f.Name && o.Field(name) != nil {
			continue
		}
		f.Name = name
		r.Fields = append(r.Fields, f)
	}
	return &r
}

// Patched is what an object becomes by a patch that holds. It does not change now.
func Patched(now *Object, p *model.Patch) *Object {
	next := &Object{Model: p.Model, Key: p.Key, Stamp: p.Stamp}
	if p.Change == model.Deleted {
		next.Deleted = true
		return next
	}
	if p.Change == model.Updated {
		now = now.renamed(p)
		next.Fields = append(next.Fields, now.Fields...)
		next.Stamp = max(now.Stamp, p.Stamp)
	}
	for _, f := range p.Fields {
		written := Field{Name: f.Name, Value: f.Value, Stamp: f.Stamp}
		if old := next.Field(f.Name); old != nil {
			*old = written
		} else {
			next.Fields = append(next.Fields, written)
		}
	}
	return next
}
