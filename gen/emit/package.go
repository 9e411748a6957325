package emit

import (
	"go/types"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/resetgen/resetgen/gen/schema"
)

// pkg is a package that code is generated for.
type pkg struct {
	schema  *schema.Package
	taken   map[string]bool // the names that the package declares
	shared  typeutil.Map    // the struct codecs that every file of the package can call: their types to their names
	guarded typeutil.Map    // the structs that a file which is part of every build has a drift guard for
}

func newPkg(s *schema.Package) *pkg {
	p := &pkg{schema: s, taken: map[string]bool{schemaVar: true}}
	for _, name := range slices.Concat(s.Types.Scope().Names(), s.LeftOut) {
		p.taken[name] = true
	}
	for _, f := range s.Files {
		for _, m := range f.Models {
			if !f.Narrow {
				p.guarded.Set(m.Named, true)
			}
			for _, name := range names(m) {
				p.taken[name] = true
			}
		}
	}
	return p
}

// free is a name that nothing in the package has: wanted, if possible.
func (p *pkg) free(wanted string) string {
	name := wanted
	for i := 2; p.taken[name]; i++ {
		name = wanted + strconv.Itoa(i)
	}
	return name
}

// declare takes a free name for a declaration.
func (p *pkg) declare(wanted string) string {
	name := p.free(wanted)
	p.taken[name] = true
	return name
}

// typeString is a type as the package spells it, with its imports as qualify
// says.
func (f *file) typeString(t types.Type) string {
	text := types.TypeString(t, func(p *types.Package) string {
		if p == f.pkg.schema.Types {
			return ""
		}
		return f.imports.name(p.Path(), p.Name())
	})
	if strings.Contains(text, "{") {
		f.unsettled = true
	}
	if strings.Contains(text, "unsafe.Pointer") { // a basic type: no package is asked for
		f.imports.name("unsafe", "unsafe")
	}
	return text
}
