package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/resetgen/resetgen/gen/schema"
)

// How one field is compared and copied: in plain Go where that is right, by the
// field's codec where it is not.

// differ is the condition that the field's values x and y differ.
func (m model) differ(f *schema.Field, x, y *jen.Statement) *jen.Statement {
	switch {
	case f.Type.Plain():
		return x.Op("!=").Add(y)
	case f.Type.Form == schema.Float:
		return jen.Op("!").Add(m.codecPkg("EqualFloat")).Call(x, y)
	case f.Type.Form == schema.Bytes:
		return jen.Op("!").Add(m.codecPkg("EqualBytes")).Call(x, y)
	case f.Type.Form == schema.Time:
		return jen.Op("!").Add(x).Dot("Equal").Call(y)
	}
	return jen.Op("!").Id(m.codec(f)).Dot("Equal").Call(x, y)
}

// equalFunc is a function that compares the field's values.
func (m model) equalFunc(f *schema.Field) jen.Code {
	switch {
	case f.Type.Plain():
		return m.equality(f.Type)
	case f.Type.Form == schema.Float:
		return m.codecPkg("EqualFloat").Types(m.typ(f.Type.Go))
	case f.Type.Form == schema.Bytes:
		return m.codecPkg("EqualBytes").Types(m.typ(f.Type.Go))
	case f.Type.Form == schema.Time:
		return m.qualified("time", "time", "Time").Dot("Equal")
	}
	return jen.Id(m.codec(f)).Dot("Equal")
}

// equality is a function that compares by ==, or by the type's own method.
func (f *file) equality(t *schema.Type) *jen.Statement {
	compare := jen.Id("a").Op("==").Id("b")
	if t.Equal == "Equal" {
		compare = jen.Id("a").Dot("Equal").Call(jen.Id("b"))
	}
	return jen.Func().Params(jen.List(jen.Id("a"), jen.Id("b")).Add(f.typ(t.Go))).Bool().Add(body(jen.Return(compare)))
}

// copied tells whether an assignment of the field's value could share memory.
func copied(f *schema.Field) bool {
	return !f.Type.Plain() && f.Type.Form != schema.Float && f.Type.Form != schema.Time
}

// clone is the field's value v, copied where that makes a difference.
func (m model) clone(f *schema.Field, v *jen.Statement) *jen.Statement {
	switch {
	case !copied(f):
		return v
	case f.Type.Form == schema.Bytes:
		return m.codecPkg("CloneBytes").Call(v)
	}
	return jen.Id(m.codec(f)).Dot("Clone").Call(v)
}
