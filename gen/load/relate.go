package load

import (
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
)

// nameOption shows how a model is given its stored name.
const nameOption = "the option name on a blank field: _ struct{} `reset:\"name=…\"`"

// reference is a field that holds the key of a model.
type reference struct {
	leaf  *leaf
	field *schema.Field
	opt   *option
}

// relate checks what concerns the models of a package together: their stored
// names, and their references to each other.
func (b *builder) relate(p *schema.Package, models []*declaration) {
	byName := map[string]*schema.Model{}
	byGoName := map[string]*schema.Model{}
	for _, f := range p.Files {
		for _, m := range f.Models {
			byGoName[m.GoName] = m
			for _, name := range append([]string{m.Name}, m.Was...) {
				folded := strings.ToLower(name)
				if other := byName[folded]; other != nil {
					b.errs = append(b.errs, &Error{m.Pos, fmt.Sprintf("model %s: it is stored as %q, as is the model %s (%s); give one of them another name with %s",
						m.GoName, name, other.GoName, other.Pos, nameOption)})
				}
				byName[folded] = m
			}
		}
	}
	var goNames []string
	for _, d := range models {
		goNames = append(goNames, d.name())
	}
	for _, ref := range b.refs {
		name := ref.opt.value
		switch to, isModel := byGoName[name], slices.Contains(goNames, name); {
		case to != nil:
			b.refer(ref, to)
		case isModel: // one with an error of its own
		case token.IsExported(name):
			ref.leaf.rejectOption(ref.opt, "the package has no such model%s; the model of another package is named as it is stored, in small letters", suggest(name, goNames))
		case byName[name] != nil:
			b.refer(ref, byName[name])
		}
	}
}

// refer makes a reference one to the model's stored name.
func (b *builder) refer(ref reference, to *schema.Model) {
	ref.field.Ref = to.Name
	have, _ := ref.field.Type.Kind()
	want, _ := to.Key.Type.Kind()
	if have != want {
		ref.leaf.rejectOption(ref.opt, "the field is stored as %s, and the key of %s, %s, as %s", have, to.GoName, to.Key.Selector, want)
	}
}
