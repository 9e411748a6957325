package load

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
)

// Generated is a file that was generated for a package.
type Generated struct {
	Name    string // the base name
	Content []byte
}

// Complete checks the files generated for the package's models together with
// its source, so that nothing is ever written that would break a package, and
// shows them to the packages that import this one. The error is of type Errors
// and speaks of the models, not of the generated files.
func (p *Package) Complete(ctx context.Context, files []Generated) error {
	var syntax []*ast.File
	for _, f := range files {
		file, err := parser.ParseFile(p.workspace.fset, filepath.Join(p.Dir, f.Name), f.Content, parser.SkipObjectResolution)
		if err != nil {
			return Errors{{Msg: fmt.Sprintf("the code generated for %s is not Go, which is a mistake of resetgen: %v", p.Path, err)}}
		}
		syntax = append(syntax, file)
	}
	r := &reporter{place: p.workspace.place}
	p.clashes(r, syntax)
	if err := r.errs.Err(); err != nil {
		return err
	}
	if err := p.workspace.require(ctx, syntax); err != nil {
		return Errors{{Msg: err.Error()}}
	}
	errs := p.unit.check(p.workspace, syntax)
	if err := p.workspace.unreadable; err != nil {
		return Errors{{Msg: err.Error()}}
	}
	for _, err := range errs {
		if strings.HasPrefix(err.Msg, "invalid recursive type") {
			r.errorf(err.Pos, "%s: it holds what is generated for it, which holds it in turn; hold a pointer to that", err.Msg)
			return r.errs.Err()
		}
		for _, file := range syntax {
			if file.FileStart <= err.Pos && err.Pos <= file.FileEnd && !strings.HasPrefix(err.Msg, "\t") {
				p.blame(r, file, err)
			}
		}
	}
	return r.errs.Err()
}

// require asks for packages that only generated code imports: those of the
// elements of a foreign list, for example.
func (w *workspace) require(ctx context.Context, files []*ast.File) error {
	var missing []string
	for _, file := range files {
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err == nil && w.units[path] == nil && w.deps[path] == nil && path != "unsafe" {
				missing = append(missing, path)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := w.opts.listDependencies(ctx, missing)
	for path, dep := range found {
		if w.deps[path] == nil {
			w.deps[path] = dep
		}
	}
	return err
}

// clashes reports names of generated code that the source has already taken,
// for its own declarations or for what a file imports.
func (p *Package) clashes(r *reporter, files []*ast.File) {
	scope := p.unit.types.Scope()
	for _, file := range files {
		narrow := p.isNarrow(file)
		for _, decl := range file.Decls {
			for _, name := range declared(decl) {
				m := p.model(file, name)
				pos := token.NoPos
				if taken := scope.Lookup(name); taken != nil && !p.unit.isAnnounced(taken) {
					pos = taken.Pos()
				} else if spec := p.importNamed(name); spec != nil {
					pos = spec.Pos()
				} else if !narrow {
					pos = p.unit.leftOut(p.workspace)[name]
				}
				if !pos.IsValid() {
					continue
				}
				text := fmt.Sprintf("model %s: the generated code needs the name %s, which is taken at %s; rename that", m.GoName, name, p.workspace.place(pos))
				if fits(name, m) > 0 {
					text += ", or the model (the option name keeps its stored name)"
				}
				r.errs = append(r.errs, &Error{m.Pos, text})
			}
		}
	}
}

// isNarrow tells whether a generated file is left out of some builds.
func (p *Package) isNarrow(file *ast.File) bool {
	name := filepath.Base(p.workspace.fset.Position(file.Package).Filename)
	return slices.ContainsFunc(p.schema.Files, func(f *schema.File) bool { return f.Output == name && f.Narrow })
}

// declared lists the names that a declaration adds to the package.
func declared(decl ast.Decl) []string {
	var list []string
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil && decl.Name.Name != "init" {
			list = append(list, decl.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				list = append(list, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if name.Name != "_" {
						list = append(list, name.Name)
					}
				}
			}
		}
	}
	return list
}

// importNamed finds an import that some source file knows by name.
func (p *Package) importNamed(name string) *ast.ImportSpec {
	imported := map[string]string{}
	for _, pkg := range p.unit.types.Imports() {
		imported[pkg.Path()] = pkg.Name()
	}
	for _, file := range p.unit.files() {
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			local := imported[path]
			if spec.Name != nil {
				local = spec.Name.Name
			}
			if local == name {
				return spec
			}
		}
	}
	return nil
}

// blame turns an error in generated code into one of the model it was generated
// for.
func (p *Package) blame(r *reporter, file *ast.File, err types.Error) {
	where := ""
	for _, decl := range file.Decls {
		if decl.Pos() <= err.Pos && err.Pos <= decl.End() {
			where = describe(decl)
		}
	}
	m := p.model(file, where)
	r.errs = append(r.errs, &Error{m.Pos, fmt.Sprintf("model %s: the code generated for it would not compile: %s (in %s of %s)",
		m.GoName, err.Msg, where, filepath.Base(p.workspace.place(err.Pos).Filename))})
}

// describe names a declaration.
func describe(decl ast.Decl) string {
	if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil && len(f.Recv.List) == 1 {
		return strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*") + "." + f.Name.Name
	}
	if names := declared(decl); len(names) > 0 {
		return strings.Join(names, ", ")
	}
	return "a declaration"
}

// model finds the model that a declaration of a generated file is for: of those
// of its source file, the one whose name is the longest part of the
// declaration's.
func (p *Package) model(file *ast.File, declaration string) *schema.Model {
	name := filepath.Base(p.workspace.fset.Position(file.Package).Filename)
	var best *schema.Model
	for _, f := range p.schema.Files {
		for _, m := range f.Models {
			switch {
			case best == nil:
				best = m
			case f.Output == name && fits(declaration, m) > fits(declaration, best):
				best = m
			}
		}
	}
	return best
}

// fits is how much of the declaration's name the model's accounts for.
func fits(declaration string, m *schema.Model) int {
	if strings.Contains(strings.ToLower(declaration), strings.ToLower(m.GoName)) {
		return len(m.GoName)
	}
	return 0
}
