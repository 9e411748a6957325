package load

import (
	"flag"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"

	"github.com/resetgen/resetgen/gen/schema"
)

var update = flag.Bool("update", false, "write testdata/forms/schema.txt")

// TestForms compares the schema of a model that has a field of every form with
// what a reader of its source expects.
func TestForms(t *testing.T) {
	roots, err := Load(t.Context(), Options{Dir: "testdata/forms"})
	if err != nil {
		t.Fatal(err)
	}
	if len(roots.Packages) != 1 {
		t.Fatalf("%d packages, want 1", len(roots.Packages))
	}
	p, err := roots.Packages[0].Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "forms", "schema.txt")
	got := describeSchema(p)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), got); diff != "" {
		t.Errorf("the schema differs (-want +got):\n%s", diff)
	}
}

func describeSchema(p *schema.Package) string {
	var b strings.Builder
	for _, f := range p.Files {
		for _, m := range f.Models {
			fmt.Fprintf(&b, "%s: %s was %v, track %s, key %s\n", m.GoName, m.Name, m.Was, m.Track, m.Key.Selector)
			for _, x := range m.Fields {
				fmt.Fprintf(&b, "  %s: %s was %v, %s is %s %s\n", x.Selector, x.Name, x.Was, x.GoName, spell(x.Type.Go), form(x.Type, nil))
				if x.Doc != "" {
					fmt.Fprintf(&b, "    doc %q\n", x.Doc)
				}
			}
		}
	}
	return b.String()
}

func spell(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

var formNames = []string{"Bool", "Int", "Uint", "Float", "String", "Bytes", "Time", "ByteArray", "Text", "JSON", "Pointer", "SQLNull", "Slice", "Array", "Map", "Struct"}

func form(t *schema.Type, above []*schema.Type) string {
	for _, seen := range above {
		if seen == t {
			return "…"
		}
	}
	above = append(above, t)
	text := formNames[t.Form]
	if t.Equal != "" {
		text += " " + t.Equal
	}
	if t.Recursive {
		text += " recursive"
	}
	var parts []string
	if t.ValueField != "" {
		parts = append(parts, t.ValueField)
	}
	for _, inner := range []*schema.Type{t.Key, t.Elem} {
		if inner != nil {
			parts = append(parts, form(inner, above))
		}
	}
	for _, m := range t.Members {
		parts = append(parts, m.GoName+" "+m.Name+" "+form(m.Type, above))
	}
	if len(parts) > 0 {
		text += "(" + strings.Join(parts, ", ") + ")"
	}
	return text
}

// TestUnreadable has compiled packages that are in no known form.
func TestUnreadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "compiled")
	if err := os.WriteFile(path, []byte("!<arch>\nfrom the future"), 0o666); err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(Options{})
	w.deps = map[string]*packages.Package{"fmt": {PkgPath: "fmt", ExportFile: path, GoFiles: []string{"fmt.go"}}}
	file := &source{path: "p.go", name: "p.go", content: []byte("package p\n\nimport \"fmt\"\n\nvar X fmt.Stringer\n")}
	p := &Package{workspace: w, unit: &unit{path: "p", sources: []*source{file}}}
	_, err := p.Schema()
	if err == nil || !strings.Contains(err.Error(), "install a newer resetgen") {
		t.Errorf("the error is %v", err)
	}
}
