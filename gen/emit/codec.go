package emit

import (
	"go/types"

	"github.com/dave/jennifer/jen"

	"github.com/resetgen/resetgen/gen/schema"
	rmodel "github.com/resetgen/resetgen/runtime/model"
)

// scalarNames are the forms for which package codec has one function each: a
// codec by that name, and Put and Get before it for a field of a model.
var scalarNames = map[schema.Form]string{
	schema.Bool: "Bool", schema.Int: "Int", schema.Uint: "Uint", schema.Float: "Float",
	schema.String: "String", schema.Bytes: "Bytes", schema.Time: "Time",
}

func isScalar(t *schema.Type) bool { return scalarNames[t.Form] != "" }

// codecOf is the expression that makes the codec of a type. Place says where the
// type stands and names what has no name of its own; inside says what the
// expression is part of.
func (f *file) codecOf(t *schema.Type, place string, inside *schema.Type) *jen.Statement {
	switch t.Form {
	case schema.Time:
		return f.codecPkg("Time").Call()
	case schema.ByteArray:
		return f.codecPkg("ByteArray").Call(f.view(t, jen.Byte()))
	case schema.Text:
		return f.ownForm("Text", t)
	case schema.JSON:
		return f.ownForm("JSON", t)
	case schema.Pointer:
		return f.codecPkg("Ptr").Call(f.codecOf(t.Elem, place, inside))
	case schema.SQLNull:
		return f.codecPkg("Null").Add(args(f.codecOf(t.Elem, place, inside), f.split(t), f.join(t)))
	case schema.Slice:
		return f.sliceOf(t, f.codecOf(t.Elem, place, inside))
	case schema.Array:
		return f.codecPkg("Array").Call(f.codecOf(t.Elem, place, inside), f.view(t, f.typ(t.Elem.Go)))
	case schema.Map:
		return f.mapOf(t, f.codecOf(t.Key, place, inside), f.codecOf(t.Elem, place, inside))
	case schema.Struct:
		return f.structs.codecOf(t, place, inside)
	}
	return f.codecPkg(scalarNames[t.Form]).Types(f.typ(t.Go)).Call()
}

func (f *file) sliceOf(t *schema.Type, elem jen.Code) *jen.Statement {
	return f.codecPkg("Slice").Types(f.typ(t.Go)).Call(elem)
}

func (f *file) mapOf(t *schema.Type, key, elem jen.Code) *jen.Statement {
	return f.codecPkg("Map").Types(f.typ(t.Go)).Call(key, elem)
}

// ownForm is the codec of a type that brings its own text or JSON form.
func (f *file) ownForm(name string, t *schema.Type) *jen.Statement {
	codec := f.codecPkg(name).Types(f.typ(t.Go)).Call(jen.Nil())
	if t.Equal != "" {
		codec = f.codecPkg(name).Call(f.equality(t))
	}
	switch t.Go.Underlying().(type) {
	case *types.Slice:
		return codec.Dot("CopiedBy").Call(f.qualified("slices", "slices", "Clone").Types(f.typ(t.Go)))
	case *types.Map:
		return codec.Dot("CopiedBy").Call(f.qualified("maps", "maps", "Clone").Types(f.typ(t.Go)))
	}
	return codec
}

// view is a function that gives an array as a slice.
func (f *file) view(t *schema.Type, elem jen.Code) jen.Code {
	return jen.Func().Params(jen.Id("v").Op("*").Add(f.typ(t.Go))).Index().Add(elem).
		Add(body(jen.Return(jen.Id("v").Index(jen.Op(":")))))
}

// split is a function that takes a value such as sql.NullString apart.
func (f *file) split(t *schema.Type) jen.Code {
	return jen.Func().Params(jen.Id("v").Add(f.typ(t.Go))).Params(f.typ(t.Elem.Go), jen.Bool()).
		Add(body(jen.Return(at("v", t.ValueField), at("v", "Valid"))))
}

// join is the reverse of split. Its parameters must not hide the type.
func (f *file) join(t *schema.Type) jen.Code {
	e, ok := f.pkg.free("e"), f.pkg.free("ok")
	return jen.Func().Params(jen.Id(e).Add(f.typ(t.Elem.Go)), jen.Id(ok).Bool()).Add(f.typ(t.Go)).
		Add(body(jen.Return(f.typ(t.Go).Add(pairs(pair(t.ValueField, jen.Id(e)), pair("Valid", jen.Id(ok)))))))
}

// hasElem tells whether something besides the field's codec needs the codec of
// its elements, so that this is made once and has a name.
func hasElem(f *schema.Field) bool {
	return f.Rule == rmodel.Set || f.Rule == rmodel.List || f.Type.Form == schema.Map
}

// hasKey is the same for the codec of a map's keys.
func hasKey(f *schema.Field) bool { return f.Rule == rmodel.Map }

// codecVars declares the codecs of the fields that need one.
func (m model) codecVars() {
	var vars []jen.Code
	declare := func(name string, codec *jen.Statement) *jen.Statement {
		vars = append(vars, jen.Id(name).Op("=").Add(codec))
		return jen.Id(name)
	}
	for _, f := range m.Fields {
		t, place := f.Type, upper(m.GoName)+f.GoName
		switch {
		case isScalar(t):
		case t.Form == schema.Map:
			key := m.codecOf(t.Key, place, nil)
			if hasKey(f) {
				key = declare(m.key(f), key)
			}
			elem := declare(m.elem(f), m.codecOf(t.Elem, place, nil))
			declare(m.codec(f), m.mapOf(t, key, elem))
		case hasElem(f):
			elem := declare(m.elem(f), m.codecOf(t.Elem, place, nil))
			declare(m.codec(f), m.sliceOf(t, elem))
		default:
			declare(m.codec(f), m.codecOf(t, place, nil))
		}
	}
	if len(vars) > 0 {
		m.add(
			doc("How the fields of %s that are more than one plain value are stored.", m.GoName),
			jen.Var().Defs(vars...))
	}
}

// encodeFunc turns an object into its stored form, a line for each field.
func (m model) encodeFunc() {
	statements := make([]jen.Code, len(m.Fields))
	for i, f := range m.Fields {
		index, value := jen.Id(m.index(f)), at("v", f.Selector)
		if isScalar(f.Type) {
			statements[i] = m.codecPkg("Put"+scalarNames[f.Type.Form]).Call(jen.Id("e"), index, value)
		} else {
			statements[i] = m.codecPkg("Put").Call(jen.Id("e"), index, jen.Id(m.codec(f)), value)
		}
	}
	m.add(
		doc("%s turns %s into its stored form.", m.encode(), a(m.GoName)),
		jen.Func().Id(m.encode()).Params(jen.Id("e").Op("*").Add(m.codecPkg("Encoder")), jen.Id("v").Add(pointer(m.GoName))).Block(statements...))
}

// decodeFunc is the reverse of encodeFunc.
func (m model) decodeFunc() {
	statements := make([]jen.Code, len(m.Fields))
	for i, f := range m.Fields {
		index, into := jen.Id(m.index(f)), jen.Op("&").Add(at("v", f.Selector))
		if isScalar(f.Type) {
			statements[i] = m.codecPkg("Get"+scalarNames[f.Type.Form]).Call(jen.Id("d"), index, into)
		} else {
			statements[i] = m.codecPkg("Get").Call(jen.Id("d"), index, jen.Id(m.codec(f)), into)
		}
	}
	m.add(
		doc("%s is the reverse of %s.", m.decode(), m.encode()),
		jen.Func().Id(m.decode()).Params(jen.Id("d").Op("*").Add(m.codecPkg("Decoder")), jen.Id("v").Add(pointer(m.GoName))).Block(statements...))
}
