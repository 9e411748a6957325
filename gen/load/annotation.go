package load

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// annotations are what the tags and comments of a package say, by the position
// of the field's name, which is that of its types.Var as well.
type annotations struct {
	fields  map[token.Pos]*annotation
	structs []*declaration // in the order of the source
}

// annotation is what the source says of one field.
type annotation struct {
	field  *ast.Field
	opts   options
	tagged bool // whether it has a tag for us
	test   bool // whether it stands in a test file
}

// doc is the field's doc comment, or else the comment at the end of its line.
func (a *annotation) doc() string {
	if a.field.Doc != nil {
		return a.field.Doc.Text()
	}
	return a.field.Comment.Text()
}

// declaration is a struct type declared by a package.
type declaration struct {
	source *source
	spec   *ast.TypeSpec
	doc    *ast.CommentGroup
	blank  *annotation // the tag of the blank field, or nil
	tagged bool        // whether any of its fields has a tag for us
	wrong  bool        // whether a tag of it was reported
}

func (d *declaration) name() string { return d.spec.Name.Name }

// annotate reads every tag of the package's files and reports those that are
// wrong, whatever they stand on.
func annotate(r *reporter, sources []*source) *annotations {
	a := &annotations{fields: map[token.Pos]*annotation{}}
	for _, s := range sources {
		for _, pos := range s.local {
			r.errorf(pos, "a model is declared inside of a function; declare it at the package's top level")
		}
		for _, decl := range s.syntax.Decls {
			if decl, ok := decl.(*ast.GenDecl); ok {
				a.declarations(r, s, decl)
			}
		}
	}
	return a
}

// declarations reads the structs in one declaration, in whatever depth of it.
func (a *annotations) declarations(r *reporter, s *source, decl *ast.GenDecl) {
	owners := map[*ast.StructType]*declaration{}
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		if st, ok := spec.Type.(*ast.StructType); ok {
			doc := spec.Doc
			if doc == nil && !decl.Lparen.IsValid() {
				doc = decl.Doc
			}
			owners[st] = &declaration{source: s, spec: spec, doc: doc}
			a.structs = append(a.structs, owners[st])
		}
	}
	ast.Inspect(decl, func(n ast.Node) bool {
		if st, ok := n.(*ast.StructType); ok {
			a.structType(r, s, st, owners[st])
		}
		return true
	})
}

// structType reads the tags of a struct; owner is nil for one that has no name
// of its own.
func (a *annotations) structType(r *reporter, s *source, st *ast.StructType, owner *declaration) {
	before := len(r.errs)
	var near []misspelt
	for _, field := range st.Fields.List {
		for _, name := range fieldNames(field) {
			rules, subject := fieldRules, "field "+name.Name
			if name.Name == "_" {
				rules, subject = modelRules, "the blank field"
				if owner != nil {
					subject = "model " + owner.name()
				}
			}
			note := &annotation{field: field, test: s.isTest()}
			note.read(r, subject, rules)
			a.fields[name.Pos()] = note
			if !note.tagged {
				near = append(near, note.misspelt(subject, rules)...)
				continue
			}
			switch {
			case owner == nil && name.Name == "_":
				r.errorf(field.Tag.Pos(), "%s of a struct without a name says nothing; remove the tag", subject)
			case name.Name == "_" && owner.blank != nil:
				r.errorf(field.Tag.Pos(), "%s: two blank fields speak for it; join their options", subject)
			case name.Name == "_":
				owner.blank = note
			}
			if owner != nil {
				owner.tagged = true
			}
		}
	}
	if owner == nil {
		return
	}
	for _, m := range near {
		if owner.tagged || m.asksForModel {
			r.errorf(m.pos, "%s: the tag has the key %q where %q is meant", m.subject, m.key, tagKey)
		}
	}
	owner.wrong = len(r.errs) > before
}

// misspelt is a tag whose key is one letter away from ours.
type misspelt struct {
	pos          token.Pos
	subject, key string
	asksForModel bool // whether it would make the struct a model
}

// misspelt finds the keys of the field's tag that are nearly ours. Other tools
// have such keys too, so the value has to be made of our options, and "-" is not
// enough.
func (a *annotation) misspelt(subject string, rules []rule) []misspelt {
	if a.field.Tag == nil {
		return nil
	}
	tag, _ := plain(a.field.Tag.Value).unquote()
	pairs, _ := splitTag(tag)
	var found []misspelt
	for _, p := range pairs {
		if distance(strings.ToLower(p.key.s), tagKey) != 1 {
			continue
		}
		if opts, errs := parseOptions(p.value, rules); len(errs) == 0 && !opts.has("-") {
			found = append(found, misspelt{a.field.Tag.Pos() + token.Pos(p.key.offset()), subject, p.key.s, opts.has("key") || opts.has("track")})
		}
	}
	return found
}

// read parses the field's tag, if it has one for us.
func (a *annotation) read(r *reporter, subject string, rules []rule) {
	tag := a.field.Tag
	if tag == nil {
		return
	}
	value, found, bad := findTag(tag.Value)
	var errs []*tagError
	if bad != nil {
		errs = append(errs, bad)
	}
	if found {
		a.tagged = true
		a.opts, errs = parseOptions(value, rules)
		a.opts.base = tag.Pos()
	}
	for _, err := range errs {
		r.errorf(tag.Pos()+token.Pos(err.offset), "%s: %s", subject, err.msg)
	}
}

// fieldNames are the names of a field; an embedded one has that of its type.
func fieldNames(field *ast.Field) []*ast.Ident {
	if len(field.Names) > 0 {
		return field.Names
	}
	if name := embeddedName(field.Type); name != nil {
		return []*ast.Ident{name}
	}
	return nil
}

func embeddedName(expr ast.Expr) *ast.Ident {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr
	case *ast.StarExpr:
		return embeddedName(expr.X)
	case *ast.ParenExpr:
		return embeddedName(expr.X)
	case *ast.SelectorExpr:
		return expr.Sel
	case *ast.IndexExpr:
		return embeddedName(expr.X)
	case *ast.IndexListExpr:
		return embeddedName(expr.X)
	}
	return nil
}

// of is what is known of field i of st: from the source, for structs of the
// package, and otherwise from the tag as it was compiled, which the package that
// it belongs to answers for.
func (a *annotations) of(st *types.Struct, i int) *annotation {
	if note := a.fields[st.Field(i).Pos()]; note != nil {
		return note
	}
	note := &annotation{field: &ast.Field{}}
	value, found, err := findTag("`" + strings.ReplaceAll(st.Tag(i), "`", "'") + "`")
	if found && err == nil {
		note.tagged = true
		note.opts, _ = parseOptions(value, fieldRules)
	}
	return note
}
