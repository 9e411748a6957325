package load

import (
	"go/ast"
	"path/filepath"
	"slices"
)

// keyless reports a struct that has tags but no key, so that nothing would come
// of them. One that a field holds has them for the models that hold it in turn;
// whether these are in packages that are not read cannot be told, so any field
// will do.
func (b *builder) keyless(d *declaration) {
	if b.held(d.spec, map[string]bool{}) || b.broken(d) {
		return
	}
	b.errorf(d.spec.Name.Pos(), `struct %s: it has reset tags but no key, and no field of another struct holds it, so its tags say nothing; `+
		`tag the key with reset:"key", or remove the tags (for a struct that only other packages embed, declare var _ struct{ %s })`, d.name(), d.name())
}

// held tells whether a type is part of the type of a struct's field, in this
// package or in one that imports it.
func (b *builder) held(spec *ast.TypeSpec, seen map[string]bool) bool {
	name := spec.Name.Name
	if seen[name] {
		return false
	}
	seen[name] = true
	found := false
	for _, r := range b.workspace.roots {
		for _, s := range r.all() {
			own := filepath.Dir(s.path) == b.unit.dir
			if s.syntax == nil || !own && !slices.Contains((&unit{sources: []*source{s}}).imports(), b.unit.path) {
				continue
			}
			ast.Inspect(s.syntax, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeSpec:
					if _, isStruct := n.Type.(*ast.StructType); !isStruct && own && mentionsName(n.Type, name) {
						found = found || b.held(n, seen)
					}
					return !found && n != spec
				case *ast.StructType:
					for _, field := range n.Fields.List {
						found = found || mentionsName(field.Type, name)
					}
				}
				return !found
			})
		}
	}
	return found
}

// mentionsName tells whether a type is spelled with the name. The fields of a
// struct in it are looked at by themselves.
func mentionsName(expr ast.Expr, name string) bool {
	found := false
	ast.Inspect(expr, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		_, isStruct := n.(*ast.StructType)
		return !found && !isStruct
	})
	return found
}
