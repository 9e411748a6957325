package load

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// leftOut are the names that files of the unit's package declare which this
// build leaves out: others do not, and generated code is in their way there.
func (u *unit) leftOut(w *workspace) map[string]token.Pos {
	if u.omitted != nil {
		return u.omitted
	}
	u.omitted = map[string]token.Pos{}
	entries, err := os.ReadDir(u.dir)
	if err != nil {
		return u.omitted // and there is nothing to write to
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") ||
			slices.ContainsFunc(u.sources, func(s *source) bool { return s.name == name }) {
			continue
		}
		for _, decl := range u.leftOutDecls(w, filepath.Join(u.dir, name)) {
			for _, name := range declared(decl) {
				u.omitted[name] = decl.Pos()
			}
		}
	}
	return u.omitted
}

// leftOutDecls are the declarations of one file, as far as it can be read and is
// of the package.
func (u *unit) leftOutDecls(w *workspace, path string) []ast.Decl {
	content, err := os.ReadFile(path)
	if err != nil || IsGenerated(filepath.Base(path), content) {
		return nil
	}
	file, _ := parser.ParseFile(w.fset, path, content, parser.SkipObjectResolution)
	if file == nil || file.Name.Name != u.types.Name() {
		return nil
	}
	return file.Decls
}

// sourceOf is the source file in which pos lies, or nil.
func (u *unit) sourceOf(pos token.Pos) *source {
	for _, s := range u.sources {
		if s.syntax != nil && s.syntax.FileStart <= pos && pos <= s.syntax.FileEnd {
			return s
		}
	}
	return nil
}
