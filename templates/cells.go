package templates

import (
	"go/types"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
	"github.com/resetgen/resetgen/runtime/model"
)

// cell makes text fit a table of Markdown.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

// typeOf spells the Go type as code of the package would.
func typeOf(p *schema.Package, t *schema.Type) string {
	return types.TypeString(t.Go, func(other *types.Package) string {
		if other == p.Types {
			return ""
		}
		return other.Name()
	})
}

func storedAs(f *schema.Field) string {
	kind, null := f.Type.Kind()
	if null {
		return kind.String() + " or null"
	}
	return kind.String()
}

func ruleOf(m *schema.Model, f *schema.Field) string {
	switch {
	case f == m.Key:
		return ""
	case f.Rule == model.Func:
		return "func " + f.Func
	case f.By != nil:
		return f.Rule.String() + " by " + f.By.GoName
	}
	return f.Rule.String()
}

func optionsOf(p *schema.Package, m *schema.Model, f *schema.Field) string {
	var list []string
	if f == m.Key {
		list = append(list, "key")
	}
	if f.Ref != "" {
		list = append(list, "refers to "+f.Ref)
	}
	if f.Unique {
		list = append(list, "unique")
	} else if f.Index {
		list = append(list, "indexed")
	}
	if len(f.Was) > 0 {
		list = append(list, "was "+strings.Join(f.Was, ", "))
	}
	if c := f.Convert; c != nil {
		list = append(list, "was `"+cell(typeOf(p, c.From))+"`, read by "+c.Func)
	}
	return strings.Join(list, "; ")
}
