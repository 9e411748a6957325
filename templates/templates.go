// Package templates holds what the generator writes that is not Go.
package templates

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"text/template"

	"github.com/resetgen/resetgen/gen/schema"
)

//go:embed models.md.tmpl
var models string

// Models writes the model sheet, in Markdown: which models there are, how each
// field is stored, and what happens to it when both sides have changed it.
func Models(w io.Writer, packages []*schema.Package) error {
	sheet, err := template.New("models").Funcs(template.FuncMap{
		"type":    typeOf,
		"stored":  storedAs,
		"rule":    ruleOf,
		"options": optionsOf,
		"cell":    cell,
		"join":    strings.Join,
	}).Parse(models)
	if err != nil {
		return fmt.Errorf("read the template of the model sheet: %w", err)
	}
	return sheet.Execute(w, packages)
}
