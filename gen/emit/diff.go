package emit

import (
	"github.com/dave/jennifer/jen"
)

// diffType declares what a comparison of two objects gives.
func (m model) diffType() {
	m.add(
		doc("%s says in which fields two values of %s differ. It holds on to both and is only right until one of them changes.", m.diff(), m.GoName),
		jen.Type().Id(m.diff()).Struct(
			jen.Id("Fields").Add(m.modelPkg("FieldSet")),
			jen.List(jen.Id("From"), jen.Id("To")).Add(pointer(m.GoName))))
}

// diffFunction compares two objects. Its result has a name, and so is not copied
// once more.
func (m model) diffFunction() {
	statements := []jen.Code{jen.List(at("d", "From"), at("d", "To")).Op("=").List(jen.Id("a"), jen.Id("b"))}
	for _, f := range m.Fields {
		statements = append(statements, jen.If(m.differ(f, at("a", f.Selector), at("b", f.Selector))).Block(
			at("d", "Fields").Dot("Add").Call(jen.Id(m.index(f)))))
	}
	statements = append(statements, jen.Return(jen.Id("d")))
	m.add(
		doc("%s compares two values of %s field by field, the key included.", m.diffFunc(), m.GoName),
		jen.Func().Id(m.diffFunc()).Params(jen.List(jen.Id("a"), jen.Id("b")).Add(pointer(m.GoName))).Params(jen.Id("d").Id(m.diff())).Block(statements...))
}

// diffMethods are what can be done with a diff.
func (m model) diffMethods() {
	m.add(
		doc("Empty tells whether the two are equal."),
		m.ofDiff("Empty").Params().Bool().Add(body(jen.Return(at("d", "Fields").Dot("Empty").Call()))))
	m.applyMethod()
	m.add(
		doc("String shows each differing field with both values, one to a line."),
		m.ofDiff("String").Params().String().Block(m.shown("DiffString")))
	m.add(
		doc("MarshalJSON gives an object with both values of each differing field."),
		m.ofDiff("MarshalJSON").Params().Params(jen.Index().Byte(), jen.Error()).Block(m.shown("DiffJSON")))
}

// applyMethod carries a diff over to another object.
func (m model) applyMethod() {
	statements := make([]jen.Code, len(m.Fields))
	for i, f := range m.Fields {
		statements[i] = jen.If(at("d", "Fields").Dot("Has").Call(jen.Id(m.index(f)))).Block(
			at("v", f.Selector).Op("=").Add(m.clone(f, at("d", "To").Dot(f.Selector))))
	}
	m.add(
		doc("Apply gives v the differing fields of the second %s.", m.GoName),
		m.ofDiff("Apply").Params(jen.Id("v").Add(pointer(m.GoName))).Block(statements...))
}

// shown calls a function of the runtime that shows a diff.
func (m model) shown(function string) jen.Code {
	return jen.Return(m.codecPkg(function).Call(jen.Id(m.info()), jen.Id(m.encode()), at("d", "Fields"), at("d", "From"), at("d", "To")))
}

// ofDiff begins a method of the diff.
func (m model) ofDiff(name string) *jen.Statement {
	return jen.Func().Params(jen.Id("d").Id(m.diff())).Id(name)
}
