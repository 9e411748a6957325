package emit

import (
	"go/types"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/dave/jennifer/jen"

	"github.com/resetgen/resetgen/gen/schema"
)

// The packages of the runtime.
const (
	runtimePath = "github.com/resetgen/resetgen/runtime/"
	modelPath   = runtimePath + "model"
	codecPath   = runtimePath + "model/codec"
	mergePath   = runtimePath + "merge"
	storePath   = runtimePath + "store"
)

// imports knows by which name a generated file refers to each package that it
// imports. Jennifer could see to clashes among imports, but not to those with
// the declarations of the user's package, with the names of the language and
// with parameters, any of which would hide an import.
type imports struct {
	names map[string]string // path to name, of what may be imported
	own   map[string]string // path to the package's own name
	used  map[string]bool
	taken map[string]bool
	asIn  map[string]string // path to the name that the user's source file gives it
}

// locals are the names of parameters and variables in generated functions.
var locals = []string{"a", "b", "base", "d", "e", "k", "local", "m", "mc", "n", "ok", "r", "remote", "v"}

func newImports(p *pkg, source []schema.Import) *imports {
	t := &imports{names: map[string]string{}, own: map[string]string{}, used: map[string]bool{}, taken: map[string]bool{}, asIn: map[string]string{}}
	for name := range p.taken {
		t.taken[name] = true
	}
	for _, name := range slices.Concat(types.Universe.Names(), locals) {
		t.taken[name] = true
	}
	for _, i := range source {
		if i.Name != "." && i.Name != "_" {
			t.asIn[i.Path] = i.Name
		}
	}
	// The runtime's packages come first: they are in every generated file, and
	// should have the same names in all of them.
	for _, path := range []string{modelPath, codecPath, mergePath, storePath} {
		t.choose(path, path[strings.LastIndex(path, "/")+1:])
	}
	return t
}

// name is how the file refers to the package at path, whose own name is name.
func (t *imports) name(path, name string) string {
	t.used[path] = true
	if chosen, ok := t.names[path]; ok {
		return chosen
	}
	return t.choose(path, name)
}

// choose takes a name for the package at path: its own or the one the user's
// source gives it, or where that is taken one with its folder's name before it.
func (t *imports) choose(path, name string) string {
	wanted := name
	if user := t.asIn[path]; user != "" && !strings.HasPrefix(path, runtimePath) {
		wanted = user
	}
	chosen := wanted
	if t.taken[chosen] {
		chosen = qualifier(path) + name
	}
	for i := 2; t.taken[chosen]; i++ {
		chosen = qualifier(path) + name + strconv.Itoa(i)
	}
	t.taken[chosen], t.names[path], t.own[path] = true, chosen, name
	return chosen
}

// qualifier is what tells the package at importPath from others of its name.
func qualifier(importPath string) string {
	switch {
	case strings.HasPrefix(importPath, runtimePath):
		return "reset"
	case isStandard(importPath):
		return "std"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, path.Base(path.Dir(importPath)))
}

// isStandard tells whether the package is taken for one of the standard library,
// by the custom that other paths begin with a domain.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// decl is the import declaration, the standard library's packages first.
func (t *imports) decl() jen.Code {
	var standard, other []jen.Code
	for _, path := range sortedKeys(t.used) {
		spec := jen.Lit(path)
		if t.names[path] != t.own[path] {
			spec = jen.Id(t.names[path]).Lit(path)
		}
		if isStandard(path) {
			standard = append(standard, spec)
		} else {
			other = append(other, spec)
		}
	}
	if len(standard) > 0 && len(other) > 0 {
		standard = append(standard, jen.Empty())
	}
	specs := append(standard, other...)
	if len(specs) == 1 {
		return jen.Id("import").Add(specs...)
	}
	return jen.Id("import").Defs(specs...)
}

// The packages of the runtime, as the file names them.

func (f *file) modelPkg(name string) *jen.Statement { return f.qualified(modelPath, "model", name) }
func (f *file) codecPkg(name string) *jen.Statement { return f.qualified(codecPath, "codec", name) }
func (f *file) mergePkg(name string) *jen.Statement { return f.qualified(mergePath, "merge", name) }
func (f *file) storePkg(name string) *jen.Statement { return f.qualified(storePath, "store", name) }

func (f *file) qualified(path, pkg, name string) *jen.Statement {
	return jen.Id(f.imports.name(path, pkg)).Dot(name)
}
