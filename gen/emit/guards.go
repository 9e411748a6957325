package emit

import (
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
// compiles exactly as long as the model has these fields. Tags do not count in
// conversions and are left out. A struct with a field that cannot be spelled,
// because its type does not exist yet, goes unguarded.
func (m model) driftGuard() {
	fields := make([]jen.Code, m.Struct.NumFields())
	for i := range fields {
		field := m.Struct.Field(i)
		spelled := m.typeString(field.Type())
		if strings.Contains(spelled, "invalid type") {
			return
		}
		if field.Embedded() {
			fields[i] = jen.Id(spelled)
		} else {
			fields[i] = jen.Id(field.Name()).Id(spelled)
		}
	}
	m.add(
		doc("If the next line does not compile, %s was changed: run go generate.", m.GoName),
		jen.Var().Id("_").Op("=").Parens(jen.Op("*").Struct(fields...)).Call(jen.Parens(pointer(m.GoName)).Call(jen.Nil())))
}
