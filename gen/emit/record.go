package emit

import (
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/resetgen/resetgen/gen/schema"
)

// recordType declares the wrapper through which an object is changed.
func (m model) recordType() {
	m.add(
		doc("%s is %s in a transaction. Its setters mark what they change; %s.Put writes what is marked.", m.record(), a(m.GoName), m.collection()),
		jen.Type().Id(m.record()).Struct(
			jen.Id("record").Add(m.storePkg("Record")),
			jen.Id("value").Id(m.GoName)))
}

// plainMethod gives the object as the app's own struct.
func (m model) plainMethod() {
	var copies []jen.Code
	for _, f := range m.Fields {
		if copied(f) {
			copies = append(copies, at("v", f.Selector).Op("=").Add(m.clone(f, at("v", f.Selector))))
		}
	}
	comment := doc("Plain is a copy of the %s, free of the transaction.", m.GoName)
	plain := m.method("Plain").Params().Id(m.GoName)
	if len(copies) == 0 {
		m.add(comment, plain.Add(body(jen.Return(at("r", "value")))))
		return
	}
	statements := slices.Concat([]jen.Code{jen.Id("v").Op(":=").Add(at("r", "value"))}, copies, []jen.Code{jen.Return(jen.Id("v"))})
	m.add(comment, plain.Block(statements...))
}

// accessors are the methods of a field. The key has a getter only: it cannot
// change.
func (m model) accessors(f *schema.Field) {
	m.getter(f)
	if f == m.Key {
		return
	}
	m.setter(f)
	switch f.Parts() {
	case schema.Amounts:
		m.adder(f)
	case schema.Elements:
		m.elementMethod("Add", "adds to %s what is not in it", "AddElements", f)
		m.elementMethod("Remove", "removes from %s what is in it", "RemoveElements", f)
	case schema.Keys:
		m.putter(f)
		m.deleter(f)
	}
	m.toucher(f)
}

func (m model) getter(f *schema.Field) {
	m.add(
		m.getterDoc(f),
		m.method(f.GoName).Params().Add(m.typ(f.Type.Go)).Add(body(jen.Return(m.clone(f, value(f))))))
}

// getterDoc is what the user wrote about the field, or what there is to say of
// any.
func (m model) getterDoc(f *schema.Field) jen.Code {
	switch {
	case f.Doc != "":
		m.unsettled = m.unsettled || strings.Contains(f.Doc, "\n")
		return lines(f.Doc)
	case f == m.Key:
		return doc("%s is the key.", f.GoName)
	case copied(f):
		return doc("%s is a copy of the field %s.", f.GoName, f.Selector)
	}
	return doc("%s is the field %s.", f.GoName, f.Selector)
}

func (m model) setter(f *schema.Field) {
	comment := doc("Set%s sets %s.", f.GoName, f.Selector)
	if copied(f) {
		comment = doc("Set%s sets %s to a copy of v.", f.GoName, f.Selector)
	}
	m.add(
		comment,
		m.method("Set"+f.GoName).Params(jen.Id("v").Add(m.typ(f.Type.Go))).Block(
			jen.If(m.differ(f, value(f), jen.Id("v"))).Block(
				value(f).Op("=").Add(m.clone(f, jen.Id("v"))),
				at("r", "record").Dot("Mark").Call(jen.Id(m.index(f))))))
}

func (m model) toucher(f *schema.Field) {
	m.add(
		doc("Touch%s marks %s as written whatever its value.", f.GoName, f.Selector),
		m.method("Touch"+f.GoName).Params().Add(body(at("r", "record").Dot("Touch").Call(jen.Id(m.index(f))))))
}

// adder adds to a counter.
func (m model) adder(f *schema.Field) {
	m.add(
		doc("Add%s adds n to %s. If the sum is out of range, Put fails.", f.GoName, f.Selector),
		m.method("Add"+f.GoName).Params(jen.Id("n").Add(m.typ(f.Type.Go))).Block(
			m.change("Add", f, address(f), jen.Id("n"))))
}

// elementMethod adds or removes elements of a set.
func (m model) elementMethod(verb, does, function string, f *schema.Field) {
	m.add(
		doc("%s%s "+does+".", verb, f.GoName, f.Selector),
		m.method(verb+f.GoName).Params(jen.Id("v").Op("...").Add(m.typ(f.Type.Elem.Go))).Block(
			m.change(function, f, jen.Id(m.elem(f)), address(f), jen.Id("v"))))
}

// putter sets one key of a map.
func (m model) putter(f *schema.Field) {
	m.add(
		doc("Put%s sets one key of %s.", f.GoName, f.Selector),
		m.method("Put"+f.GoName).Params(jen.Id("k").Add(m.typ(f.Type.Key.Go)), jen.Id("v").Add(m.typ(f.Type.Elem.Go))).Block(
			m.change("PutElement", f, jen.Id(m.elem(f)), address(f), jen.Id("k"), jen.Id("v"))))
}

// deleter removes one key of a map.
func (m model) deleter(f *schema.Field) {
	m.add(
		doc("Delete%s removes one key of %s.", f.GoName, f.Selector),
		m.method("Delete"+f.GoName).Params(jen.Id("k").Add(m.typ(f.Type.Key.Go))).Block(
			m.change("DeleteElement", f, value(f), jen.Id("k"))))
}

// method begins a method of the record.
func (m model) method(name string) *jen.Statement {
	return jen.Func().Params(jen.Id("r").Add(pointer(m.record()))).Id(name)
}

// change calls a function of the runtime that changes a part of the field and
// marks it.
func (m model) change(function string, f *schema.Field, with ...jen.Code) jen.Code {
	about := []jen.Code{jen.Op("&").Add(at("r", "record")), jen.Id(m.index(f))}
	return m.storePkg(function).Call(append(about, with...)...)
}

// value is where a record holds the field.
func value(f *schema.Field) *jen.Statement { return at("r", "value").Dot(f.Selector) }

// address is a pointer to it.
func address(f *schema.Field) *jen.Statement { return jen.Op("&").Add(value(f)) }
