package emit

import (
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"
)

// skewGuard refers to a constant of the runtime that is named for the format of
// the generated code, so that neither works with another version of the other.
func (f *file) skewGuard() {
	f.add(
		doc("If the next line does not compile, this file and the resetgen runtime are of different versions: run go generate with the resetgen command of the runtime's."),
		jen.Const().Id("_").Op("=").Add(f.modelPkg("GeneratedFormat1")))
}

// driftGuard converts a pointer to the model into one to a literal struct, which
// compiles exactly as long as the model has these fields, and does the same with
// the structs that it holds, once in the package. Tags do not count in
// conversions and are left out. What cannot be spelled goes unguarded: a struct
// of another package with a blank field, or with a field of a type that is kept
// there. What such a struct loses does not compile all the same, and only what
// it gains goes unnoticed.
func (m model) driftGuard() {
	var guards []jen.Code
	for _, t := range append([]types.Type{m.Named}, m.Holds...) {
		if t != m.Named && !m.unguarded(t) {
			continue
		}
		if guard := m.guard(t); guard != nil {
			guards = append(guards, guard)
		}
	}
	switch len(guards) {
	case 0:
	case 1:
		m.add(
			doc("If the next line does not compile, %s was changed: run go generate.", m.GoName),
			jen.Var().Add(guards...))
	default:
		m.add(
			doc("If this does not compile, %s or a struct that it holds was changed: run go generate.", m.GoName),
			jen.Var().Defs(guards...))
	}
}

// guard is the conversion of a struct, or nil if it has a field whose type does
// not exist.
func (f *file) guard(t types.Type) jen.Code {
	st := t.Underlying().(*types.Struct)
	if strings.Contains(types.TypeString(st, nil), "invalid type") {
		return nil
	}
	fields := make([]jen.Code, st.NumFields())
	for i := range fields {
		field := st.Field(i)
		spelled := f.typeString(field.Type())
		if field.Embedded() {
			fields[i] = jen.Id(spelled)
		} else {
			fields[i] = jen.Id(field.Name()).Id(spelled)
		}
	}
	return jen.Id("_").Op("=").Parens(jen.Op("*").Struct(fields...)).Call(jen.Parens(jen.Op("*").Add(f.typ(t))).Call(jen.Nil()))
}

// unguarded tells whether no guard that this file can rely on is for t yet, and
// notes that there will be one. A struct without a name is spelled out where it
// is held.
func (f *file) unguarded(t types.Type) bool {
	if _, named := types.Unalias(t).(*types.Named); !named || f.pkg.guarded.At(t) != nil {
		return false
	}
	guarded := &f.pkg.guarded
	if f.src.Narrow {
		guarded = &f.guarded
	}
	return guarded.Set(t, true) == nil
}
