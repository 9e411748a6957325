package load

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
	"github.com/resetgen/resetgen/runtime/model"
	"golang.org/x/tools/go/types/typeutil"
)

// builder makes the schema of one package.
type builder struct {
	*reporter
	pkg        *types.Package
	workspace  *workspace
	unit       *unit
	notes      *annotations
	known      typeutil.Map          // from types.Type to *schema.Type: the structs that are stored whole
	unfinished map[*schema.Type]bool // those of known whose members are still being listed
	stack      []*types.Named
	nested     typeutil.Map // the structs whose fields were tracked by themselves
	pending    []misplaced
	refs       []reference
}

// buildSchema describes the models of a unit; it is nil if there are none.
func buildSchema(w *workspace, u *unit) (*schema.Package, error) {
	r := &reporter{place: w.place}
	b := &builder{reporter: r, pkg: u.types, workspace: w, unit: u, notes: annotate(r, u.sources), unfinished: map[*schema.Type]bool{}}
	p := &schema.Package{Path: u.path, Name: u.types.Name(), Dir: u.dir, Types: u.types, InTest: true}
	models := b.models()
	for _, s := range u.sources {
		if name := s.syntax.Name; name.Name != p.Name {
			b.errorf(name.Pos(), "the file is of package %s, and the folder's package is %s; a folder holds one package", name.Name, p.Name)
		}
		file := &schema.File{Name: s.name, Output: OutputName(s.name), Constraint: s.constraint(), Narrow: s.isNarrow(), Imports: importsOf(s)}
		for _, d := range models {
			if d.source == s {
				if m := b.model(d); m != nil {
					file.Models = append(file.Models, m)
				}
			}
		}
		if len(file.Models) > 0 {
			p.Files = append(p.Files, file)
			p.InTest = p.InTest && s.isTest()
		}
	}
	slices.SortFunc(p.Files, func(a, b *schema.File) int { return strings.Compare(a.Name, b.Name) })
	b.reportMisplaced()
	b.relate(p, models)
	if len(p.Files) > 0 {
		b.redeclared()
		p.LeftOut = slices.Sorted(maps.Keys(u.leftOut(w)))
	}
	if err := b.errs.Err(); err != nil || len(p.Files) == 0 {
		return nil, err
	}
	return p, nil
}

// predeclared are the names of the language that generated code uses.
var predeclared = []string{"bool", "byte", "error", "int", "iota", "nil", "string", "true"}

// redeclared refuses a package in which the language itself means something
// else.
func (b *builder) redeclared() {
	for _, name := range predeclared {
		if obj := b.pkg.Scope().Lookup(name); obj != nil {
			b.errorf(obj.Pos(), "package %s declares %s, which is a name of the language that generated code uses; rename it", b.pkg.Path(), name)
		}
	}
}

func importsOf(s *source) []schema.Import {
	var list []schema.Import
	for _, spec := range s.syntax.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		i := schema.Import{Path: path}
		if spec.Name != nil {
			i.Name = spec.Name.Name
		}
		list = append(list, i)
	}
	return list
}

// models finds the structs that are models. A field tagged as the key makes one.
// So does a key that comes with an embedded struct, if the struct that embeds it
// has a tag of its own: a plain struct around a model, a view for example, is
// not meant. A struct that is there to be embedded and bring the key is no model
// itself, unless its own blank field says so.
func (b *builder) models() []*declaration {
	var list []*declaration
	lends := map[*types.Struct]bool{}
	for _, d := range b.notes.structs {
		st := b.structOf(d)
		if st == nil {
			if d.tagged && !b.broken(d) && d.name() == "_" {
				b.errorf(d.spec.Name.Pos(), "a struct called _ cannot be a model, for nothing can refer to it; give it a name, or remove the tags")
			}
			continue
		}
		own, promoted := b.keys(st)
		switch {
		case own || promoted != nil && d.tagged:
			list = append(list, d)
			if promoted != nil {
				lends[promoted] = true
			}
		case d.blank != nil && !d.wrong && !b.broken(d):
			b.errorf(d.spec.Name.Pos(), `model %s: no field is the key; tag one with reset:"key"`, d.name())
		case d.tagged && !d.wrong:
			b.keyless(d)
		}
	}
	return slices.DeleteFunc(list, func(d *declaration) bool { return lends[b.structOf(d)] && d.blank == nil })
}

func (b *builder) structOf(d *declaration) *types.Struct {
	obj, ok := b.pkg.Scope().Lookup(d.name()).(*types.TypeName)
	if !ok || obj.Pos() != d.spec.Name.Pos() {
		return nil
	}
	st, _ := obj.Type().Underlying().(*types.Struct)
	return st
}

// keys tells whether a field of st is tagged as the key, and which embedded
// struct brings one.
func (b *builder) keys(st *types.Struct) (own bool, promoted *types.Struct) {
	for i := range st.NumFields() {
		if b.notes.of(st, i).opts.has("key") {
			own = true
		}
		if inner, ok := st.Field(i).Type().Underlying().(*types.Struct); ok && st.Field(i).Embedded() {
			if innerOwn, innerPromoted := b.keys(inner); innerOwn || innerPromoted != nil {
				promoted = inner
			}
		}
	}
	return own, promoted
}

// model describes one model, or reports what is wrong with it and gives nil.
func (b *builder) model(d *declaration) *schema.Model {
	pos := d.spec.Name.Pos()
	before := len(b.errs)
	if d.spec.Assign.IsValid() {
		b.errorf(pos, "model %s: an alias of a struct without a name cannot be a model; remove the =", d.name())
		return nil
	}
	if d.spec.TypeParams != nil {
		b.errorf(pos, "model %s: a type with type parameters cannot be a model; declare a struct for each of its uses", d.name())
		return nil
	}
	named := b.pkg.Scope().Lookup(d.name()).Type().(*types.Named)
	m := &schema.Model{
		Named:  named,
		GoName: d.name(),
		Doc:    d.doc.Text(),
		Name:   snake(d.name()),
		Struct: named.Underlying().(*types.Struct),
		Pos:    b.place(pos),
	}
	at := pos
	if d.blank != nil {
		opts := &d.blank.opts
		m.Was = opts.values("was")
		if opt := opts.get("name"); opt != nil {
			m.Name, at = opt.value, opts.pos(opt)
		}
		if opt := opts.get("track"); opt != nil {
			m.Track, _ = model.ParseTrack(opt.value)
		}
	}
	if why := unfit(m.Name); why != "" {
		b.errorf(at, "model %s: its stored name would be %q, but %s; give it one with %s",
			d.name(), m.Name, why, nameOption)
	}
	f := &flattener{builder: b, model: m, source: d.source, before: before}
	f.fields(m.Struct, trail{})
	if !b.broken(d) {
		f.finish(pos)
	}
	if len(b.errs) > before {
		return nil
	}
	return m
}

// broken reports the type errors inside of an annotated struct. Others do not
// matter: they may be about what has not been generated yet.
func (b *builder) broken(d *declaration) bool {
	found := false
	for _, err := range b.unit.errors {
		if err.Soft || strings.HasPrefix(err.Msg, "\t") || err.Pos < d.spec.Pos() || err.Pos > d.spec.End() {
			continue
		}
		found = true
		subject := "model " + d.name()
		if field := fieldAt(d.spec.Type, err.Pos); field != "" {
			subject = "field " + field
		}
		b.errorf(err.Pos, "%s: %s", subject, err.Msg)
	}
	return found
}

// fieldAt names the field of a struct type that stands at pos, or gives "".
func fieldAt(expr ast.Expr, pos token.Pos) string {
	st, ok := expr.(*ast.StructType)
	if !ok {
		return ""
	}
	for _, field := range st.Fields.List {
		if names := fieldNames(field); field.Pos() <= pos && pos <= field.End() && len(names) > 0 {
			return names[0].Name
		}
	}
	return ""
}

// cause finds the type error that made the type of a field unknown: in the type
// itself, in the declaration of it or of a name that it is spelled with, or else
// an import that failed. It is nil if there is none.
func (b *builder) cause(t types.Type, note *annotation) *types.Error {
	expr := note.field.Type
	named, _ := types.Unalias(t).(*types.Named)
	for _, matches := range []func(types.Error) bool{
		func(err types.Error) bool { return expr != nil && expr.Pos() <= err.Pos && err.Pos <= expr.End() },
		func(err types.Error) bool { return named != nil && named.Obj().Pos() == err.Pos },
		func(err types.Error) bool { return expr != nil && b.spelledWith(expr, err.Pos) },
		func(err types.Error) bool { return strings.HasPrefix(err.Msg, "could not import") },
	} {
		if i := slices.IndexFunc(b.unit.errors, matches); i >= 0 {
			return &b.unit.errors[i]
		}
	}
	return nil
}

// spelledWith tells whether a name in a type is declared by the package at pos.
func (b *builder) spelledWith(expr ast.Expr, pos token.Pos) bool {
	found := false
	ast.Inspect(expr, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			obj := b.pkg.Scope().Lookup(name.Name)
			found = found || obj != nil && obj.Pos() == pos
		}
		return !found
	})
	return found
}
