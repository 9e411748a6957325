package load

import (
	"go/token"
	"go/types"

	"github.com/resetgen/resetgen/gen/schema"
	"golang.org/x/tools/go/types/typeutil"
)

// holds lists the structs that the model holds: those that it tracks field by
// field, and those that it stores whole.
func (f *flattener) holds() []types.Type {
	var list []types.Type
	var seen typeutil.Map
	add := func(t types.Type) bool {
		if seen.Set(t, true) != nil {
			return false
		}
		list = append(list, t)
		return true
	}
	for _, t := range f.split {
		add(t)
	}
	var walk func(*schema.Type)
	walk = func(t *schema.Type) {
		if t == nil || t.Form == schema.Struct && !add(t.Go) {
			return
		}
		walk(t.Elem)
		walk(t.Key)
		for _, m := range t.Members {
			walk(m.Type)
		}
	}
	for _, field := range f.model.Fields {
		walk(field.Type)
		if field.Convert != nil {
			walk(field.Convert.From)
		}
	}
	return list
}

// sameInAllBuilds reports a struct that the package declares for each build in
// another file, where the model is in all of them: what is stored would differ.
func (f *flattener) sameInAllBuilds(pos token.Pos, t types.Type) {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() != f.pkg || f.source.isNarrow() {
		return
	}
	name := named.Obj().Name()
	s := f.unit.sourceOf(named.Obj().Pos())
	other, declared := f.unit.leftOut(f.workspace)[name]
	if s != nil && s.isNarrow() && declared {
		f.errorf(pos, "model %s: it is in every build, and holds %s, which is another struct in each (%s, %s); declare that in one file, or the model in each",
			f.model.GoName, name, f.place(named.Obj().Pos()), f.place(other))
	}
}

// spellable tells whether generated code could write the type out in full: not
// so where a part of it is kept to another package, such as the type of a field
// that is not stored, or a blank field.
func (b *builder) spellable(t types.Type) bool {
	if b.nameable(t) != nil {
		return false
	}
	switch t := t.(type) {
	case *types.Pointer:
		return b.spellable(t.Elem())
	case *types.Slice:
		return b.spellable(t.Elem())
	case *types.Array:
		return b.spellable(t.Elem())
	case *types.Chan:
		return b.spellable(t.Elem())
	case *types.Map:
		return b.spellable(t.Key()) && b.spellable(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			if !b.spellable(v.Type()) {
				return false
			}
		}
	case *types.Signature:
		return b.spellable(t.Params()) && b.spellable(t.Results())
	case *types.Struct:
		for v := range t.Fields() {
			if !v.Exported() && v.Pkg() != b.pkg || !b.spellable(v.Type()) {
				return false
			}
		}
	case *types.Interface:
		for m := range t.ExplicitMethods() {
			if !m.Exported() && m.Pkg() != b.pkg || !b.spellable(m.Type()) {
				return false
			}
		}
		for e := range t.EmbeddedTypes() {
			if !b.spellable(e) {
				return false
			}
		}
	case *types.Union:
		return false
	}
	return true
}
