package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/resetgen/resetgen/gen/schema"
	rmodel "github.com/resetgen/resetgen/runtime/model"
)

// wholeRules are the functions for values that are merged whole and that == can
// compare; the names of those for other values end in Func.
var wholeRules = map[rmodel.Rule]string{rmodel.Local: "LocalWins", rmodel.Remote: "RemoteWins", rmodel.Newest: "NewestWins"}

// merging is a merge function in the making, with the names of its parameters
// and its result. The function's body refers to types and functions of the
// user's, which these names must not hide.
type merging struct {
	model
	context, base, local, remote, result string
}

// mergeFunction merges two objects by their rules. Its result has a name, and so
// is not copied once more.
func (m model) mergeFunction() {
	free := m.pkg.free
	g := merging{m, free("mc"), free("base"), free("local"), free("remote"), free("m")}
	diff := jen.Id(m.diffFunc()).Call(jen.Id(g.base), jen.Id(g.local)).Dot("Fields")
	statements := []jen.Code{
		jen.If(jen.Id(g.context).Op("==").Nil()).Block(
			jen.Id(g.context).Op("=").Op("&").Add(m.mergePkg("Context")).Add(pairs(pair("Local", diff)))),
		jen.Id(g.result).Op("=").Add(pointer(g.remote)),
	}
	for _, f := range m.Fields {
		if f != m.Key {
			statements = append(statements, jen.If(at(g.context, "Local").Dot("Has").Call(jen.Id(m.index(f)))).Block(
				at(g.result, f.Selector).Op("=").Add(g.field(f))))
		}
	}
	statements = append(statements, jen.Return(jen.Id(g.result), at(g.context, "Err").Call()))
	m.add(
		doc("%s merges what changed locally into what the other side has, field by field; %s says which fields changed locally and is told of conflicts. "+
			"With a nil %s these are the fields in which %s differs from %s. The result may share memory with its arguments.",
			m.mergeFunc(), g.context, g.context, g.local, g.base),
		jen.Func().Id(m.mergeFunc()).Params(
			jen.Id(g.context).Op("*").Add(m.mergePkg("Context")),
			jen.List(jen.Id(g.base), jen.Id(g.local), jen.Id(g.remote)).Add(pointer(m.GoName)),
		).Params(jen.Id(g.result).Id(m.GoName), jen.Id("_").Error()).Block(statements...))
}

// field is the call that merges a field.
func (g merging) field(f *schema.Field) jen.Code {
	switch f.Rule {
	case rmodel.Max, rmodel.Min:
		return g.call(f, g.ordered(f))
	case rmodel.Counter:
		return g.call(f, "Sum")
	case rmodel.Set:
		if f.Type.Elem.Plain() {
			return g.call(f, "SetParts")
		}
		return g.call(f, "SetPartsFunc", jen.Id(g.elem(f)))
	case rmodel.Map:
		return g.call(f, "MapParts", jen.Id(g.key(f)), jen.Id(g.elem(f)).Dot("Equal"))
	case rmodel.List:
		if f.By != nil {
			return g.call(f, "ListByParts", jen.Id(g.elem(f)), g.identity(f))
		}
		return g.call(f, "ListParts", jen.Id(g.elem(f)))
	case rmodel.Text:
		return g.call(f, "TextParts")
	case rmodel.Func:
		return g.call(f, "FuncWins", g.equalFunc(f), jen.Id(f.Func))
	}
	if f.Type.Plain() {
		return g.call(f, wholeRules[f.Rule])
	}
	return g.call(f, wholeRules[f.Rule]+"Func", g.equalFunc(f))
}

// ordered is the function for a rule that goes by order.
func (g merging) ordered(f *schema.Field) string {
	if f.Type.Form == schema.Time {
		return ruleNames[f.Rule] + "TimeWins"
	}
	return ruleNames[f.Rule] + "Wins"
}

// identity is the function that tells which element of a list is which.
func (g merging) identity(f *schema.Field) jen.Code {
	return jen.Func().Params(jen.Id("e").Add(g.typ(f.Type.Elem.Go))).Add(g.typ(f.By.Type.Go)).
		Add(body(jen.Return(at("e", f.By.GoName))))
}

// call is a call of a rule's function: what every rule takes, and what this one
// takes besides, before the three values.
func (g merging) call(f *schema.Field, function string, with ...jen.Code) jen.Code {
	arguments := append([]jen.Code{jen.Id(g.context), jen.Id(g.index(f))}, with...)
	for _, side := range []string{g.base, g.local, g.remote} {
		arguments = append(arguments, at(side, f.Selector))
	}
	return g.mergePkg(function).Call(arguments...)
}
