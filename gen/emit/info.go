package emit

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/resetgen/resetgen/gen/schema"
	rmodel "github.com/resetgen/resetgen/runtime/model"
)

// The names of the runtime's constants.
var (
	trackNames = map[rmodel.Track]string{rmodel.TrackField: "TrackField", rmodel.TrackObject: "TrackObject", rmodel.TrackJournal: "TrackJournal"}
	kindNames  = map[rmodel.Kind]string{
		rmodel.Bool: "Bool", rmodel.Int: "Int", rmodel.Uint: "Uint", rmodel.Float: "Float", rmodel.String: "String",
		rmodel.Bytes: "Bytes", rmodel.Time: "Time", rmodel.JSON: "JSON",
	}
	ruleNames = map[rmodel.Rule]string{
		rmodel.Remote: "Remote", rmodel.Newest: "Newest", rmodel.Max: "Max", rmodel.Min: "Min", rmodel.Counter: "Counter",
		rmodel.Set: "Set", rmodel.Map: "Map", rmodel.List: "List", rmodel.Text: "Text", rmodel.Func: "Func",
	}
)

// fieldConstants numbers the fields.
func (m model) fieldConstants() {
	list := make([]jen.Code, len(m.Fields))
	for i, f := range m.Fields {
		list[i] = jen.Id(m.index(f))
		if i == 0 {
			list[i] = jen.Id(m.index(f)).Op("=").Iota()
		}
	}
	m.add(
		doc("The fields of %s, in the order of %s.", m.GoName, m.info()),
		jen.Const().Defs(list...))
}

// infoVar describes the model to the runtime.
func (m model) infoVar() {
	fields := make([]jen.Code, len(m.Fields))
	for i, f := range m.Fields {
		fields[i] = m.fieldInfo(f)
	}
	items := []jen.Code{pair("Name", jen.Lit(m.Name))}
	if len(m.Was) > 0 {
		items = append(items, pair("Was", stringList(m.Was)))
	}
	items = append(items,
		pair("GoName", jen.Lit(m.GoName)),
		pair("Track", m.modelPkg(trackNames[m.Track])),
		pair("Key", jen.Id(m.index(m.Key))),
		pair("Fields", jen.Index().Add(m.modelPkg("Field")).Add(block(fields...))))
	m.add(
		doc("%s describes %s to the runtime.", m.info(), m.GoName),
		jen.Var().Id(m.info()).Op("=").Op("&").Add(m.modelPkg("Info")).Add(block(items...)))
}

// fieldInfo describes a field: what is not said has its zero value.
func (m model) fieldInfo(f *schema.Field) jen.Code {
	items := []jen.Code{pair("Name", jen.Lit(f.Name))}
	if len(f.Was) > 0 {
		items = append(items, pair("Was", stringList(f.Was)))
	}
	kind, null := f.Type.Kind()
	items = append(items, pair("Kind", m.modelPkg(kindNames[kind])))
	if null {
		items = append(items, pair("Null", jen.True()))
	}
	if f.Rule != rmodel.Local {
		items = append(items, pair("Rule", m.modelPkg(ruleNames[f.Rule])))
	}
	if f.Ref != "" {
		items = append(items, pair("Ref", jen.Lit(f.Ref)))
	}
	if f.Index {
		items = append(items, pair("Index", jen.True()))
	}
	if f.Unique {
		items = append(items, pair("Unique", jen.True()))
	}
	if f.Convert != nil {
		from, _ := f.Convert.From.Kind()
		items = append(items, pair("From", m.modelPkg(kindNames[from])))
	}
	return pairs(items...)
}

// conversionsFunc adds the app's functions to the description. In the initializer
// of the variable, one that compares objects, or shows what differs, would close
// a circle, which the compiler refuses.
func (m model) conversionsFunc() {
	if !m.converts() {
		return
	}
	var statements []jen.Code
	for _, f := range m.Fields {
		if f.Convert != nil {
			statements = append(statements, jen.Id(m.info()).Dot("Fields").Index(jen.Id(m.index(f))).Dot("Convert").Op("=").Add(m.conversion(f)))
		}
	}
	statements = append(statements, jen.Return(jen.Id(m.info())))
	m.add(
		doc("%s completes %s by how values of earlier types are read.", m.conversions(), m.info()),
		jen.Func().Id(m.conversions()).Params().Op("*").Add(m.modelPkg("Info")).Block(statements...))
}

// converts tells whether any field had another type before.
func (m model) converts() bool {
	return slices.ContainsFunc(m.Fields, func(f *schema.Field) bool { return f.Convert != nil })
}

// conversion is the function that reads a value of the field's earlier type.
func (m model) conversion(f *schema.Field) jen.Code {
	place := upper(m.GoName) + f.GoName
	to := jen.Id(m.codec(f))
	if isScalar(f.Type) {
		to = m.codecOf(f.Type, place, nil)
	}
	return m.codecPkg("Convert").Call(m.codecOf(f.Convert.From, place+"Before", nil), to, jen.Id(f.Convert.Func))
}

func stringList(list []string) jen.Code {
	items := make([]jen.Code, len(list))
	for i, s := range list {
		items[i] = jen.Lit(s)
	}
	return jen.Index().String().Add(pairs(items...))
}
