package emit

import (
	"github.com/dave/jennifer/jen"
)

// collectionVar binds what is generated for the model to the runtime, and adds
// it to the package's Schema while the program starts.
func (m model) collectionVar() {
	key := jen.Code(jen.Id(m.codec(m.Key)))
	if isScalar(m.Key.Type) {
		key = m.codecOf(m.Key.Type, "", nil)
	}
	info := jen.Id(m.info())
	if m.converts() {
		info = jen.Id(m.conversions()).Call()
	}
	object, record := pointer(m.GoName), pointer(m.record())
	open := jen.Func().Params(jen.Id("r").Add(record)).Params(jen.Op("*").Add(m.storePkg("Record")), object).
		Add(body(jen.Return(jen.Op("&").Add(at("r", "record")), jen.Op("&").Add(at("r", "value")))))
	diff := jen.Func().Params(jen.List(jen.Id("a"), jen.Id("b")).Add(object)).Add(m.modelPkg("FieldSet")).
		Add(body(jen.Return(jen.Id(m.diffFunc()).Call(jen.Id("a"), jen.Id("b")).Dot("Fields"))))
	binding := m.storePkg("Binding").Types(m.typ(m.Key.Type.Go), jen.Id(m.GoName), jen.Id(m.record())).Add(block(
		pair("Info", info),
		pair("Key", key),
		pair("Open", open),
		pair("Encode", jen.Id(m.encode())),
		pair("Decode", jen.Id(m.decode())),
		pair("Diff", diff),
		pair("Merge", jen.Id(m.mergeFunc()))))
	m.add(
		doc("%s is the stored objects of %s.", m.collection(), m.GoName),
		jen.Var().Id(m.collection()).Op("=").Add(m.storePkg("NewCollection")).Call(jen.Op("&").Id(schemaVar), binding))
}
