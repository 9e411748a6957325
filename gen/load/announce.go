package load

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
)

// announce declares the types that generated code will bring, as far as fields
// may be of them, so that the types of these fields are known before there is
// any: those of every struct with a tag, for which of them are models is not
// known yet. What the source declares itself is left to it.
func (u *unit) announce(w *workspace) *ast.File {
	var taken, names []string
	for _, file := range u.files() {
		for _, decl := range file.Decls {
			taken = append(taken, declared(decl)...)
			for _, name := range taggedStructs(decl) {
				names = append(names, name+schema.RecordSuffix, name+schema.DiffSuffix)
			}
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(taken, name) })
	if len(names) == 0 {
		return nil
	}
	var text strings.Builder
	fmt.Fprintf(&text, "package %s\n", u.files()[0].Name.Name)
	for _, name := range names {
		fmt.Fprintf(&text, "type %s struct{}\n", name)
	}
	file, err := parser.ParseFile(w.fset, filepath.Join(u.dir, "announced"), text.String(), parser.SkipObjectResolution)
	if err != nil {
		return nil // a package of no name, which is reported
	}
	return file
}

// taggedStructs names the structs in a declaration that have a field with a tag
// for us.
func taggedStructs(decl ast.Decl) []string {
	var names []string
	general, _ := decl.(*ast.GenDecl)
	if general == nil {
		return nil
	}
	for _, spec := range general.Specs {
		spec, _ := spec.(*ast.TypeSpec)
		if spec == nil {
			continue
		}
		st, _ := spec.Type.(*ast.StructType)
		if st != nil && slices.ContainsFunc(st.Fields.List, func(f *ast.Field) bool {
			return f.Tag != nil && strings.Contains(f.Tag.Value, tagKey)
		}) {
			names = append(names, spec.Name.Name)
		}
	}
	return names
}

// isAnnounced tells whether an object is only announced.
func (u *unit) isAnnounced(obj types.Object) bool {
	return u.announced != nil && u.announced.FileStart <= obj.Pos() && obj.Pos() <= u.announced.FileEnd
}
