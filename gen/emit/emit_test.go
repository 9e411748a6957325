package emit

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"

	"github.com/resetgen/resetgen/gen/load"
	"github.com/resetgen/resetgen/gen/schema"
)

const golden = "../../testdata/golden"

// schemaOf reads the models of a golden package.
func schemaOf(t *testing.T, name string) *schema.Package {
	t.Helper()
	roots, err := load.Load(context.Background(), load.Options{Dir: filepath.Join(golden, name)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := roots.Packages[0].Schema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOutputDoesNotDependOnOrder(t *testing.T) {
	for _, name := range []string{"twofiles", "constrained"} {
		s := schemaOf(t, name)
		want, err := Package(s)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(s.Files)
		got, err := Package(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, files := range [][]File{want, got} {
			slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-in order +reversed):\n%s", name, diff)
		}
	}
}

// The guard stops the package from compiling as soon as a model has other fields
// than its generated code, and at nothing else.
func TestDriftGuard(t *testing.T) {
	source, imports := readGolden(t, "comments"), loadRuntime(t)
	for change, c := range map[string]struct {
		old, new string
		stops    bool
	}{
		"nothing":            {"", "", false},
		"a comment":          {"// Body is the text.", "// Body is a text.", false},
		"a tag":              {"`reset:\"merge=text\"`", "`reset:\"merge=local\"`", false},
		"a new field":        {"	Hue int\n", "	Hue, Tone int\n", true},
		"a new hidden field": {"	Hue int\n", "	Hue int\n	cache int\n", true},
		"a removed field":    {"	Hue int\n", "", true},
		"a renamed field":    {"	Hue int\n", "	Tone int\n", true},
		"a retyped field":    {"	Hue int\n", "	Hue uint\n", true},
		"another order":      {"	X, Y int", "	Y, X int", true},
	} {
		t.Run(change, func(t *testing.T) {
			changed := strings.Replace(source["comments.go"], c.old, c.new, 1)
			if (changed == source["comments.go"]) != (c.old == "") {
				t.Fatalf("%q is not in the source", c.old)
			}
			files := maps.Clone(source)
			files["comments.go"] = changed
			errs := check(t, imports, files)
			if stopped := stoppedBy(errs, "Note"); stopped != c.stops || !c.stops && len(errs) > 0 {
				t.Errorf("stopped by the guard: %v, want %v (%v)", stopped, c.stops, errs)
			}
		})
	}
}

// The structs that a model holds are guarded like the model itself.
func TestDriftGuardOfWhatIsHeld(t *testing.T) {
	imports := loadRuntime(t)
	for where, c := range map[string]struct{ golden, old, new, guarded string }{
		"in a field":             {"nested", "	Street string\n", "	Street, Zip string\n", "Address"},
		"in a field of such":     {"nested", "	Note string\n", "	Note string\n	Height float64\n", "Location"},
		"in a list":              {"collections", "	Hash   string\n", "	Hash, Title string\n", "Photo"},
		"in a struct in a list":  {"collections", "struct{ Width, Height int }\n\n", "struct{ Width, Height, Depth int }\n\n", "Size"},
		"behind its own pointer": {"recursive", "	Name  string\n", "	Name, Kind string\n", "Node"},
	} {
		t.Run(where, func(t *testing.T) {
			files := readGolden(t, c.golden)
			name := c.golden + ".go"
			changed := strings.Replace(files[name], c.old, c.new, 1)
			if changed == files[name] {
				t.Fatalf("%q is not in the source", c.old)
			}
			files[name] = changed
			if errs := check(t, imports, files); !stoppedBy(errs, c.guarded) {
				t.Errorf("not stopped by the guard of %s (%v)", c.guarded, errs)
			}
		})
	}
}

// stoppedBy tells whether the guard of a type is among the errors.
func stoppedBy(errs []error, guarded string) bool {
	return slices.ContainsFunc(errs, func(err error) bool {
		return strings.Contains(err.Error(), "cannot convert") && strings.Contains(err.Error(), "(*"+guarded+")")
	})
}

// readGolden reads the files of a golden package.
func readGolden(t *testing.T, name string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(golden, name, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	source := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		source[filepath.Base(path)] = string(content)
	}
	return source
}

// loadRuntime gives the packages that generated code imports.
func loadRuntime(t *testing.T) importMap {
	t.Helper()
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes}, modelPath, codecPath, mergePath, storePath, "time")
	if err != nil {
		t.Fatal(err)
	}
	imports := importMap{}
	for _, p := range pkgs {
		imports[p.PkgPath] = p.Types
	}
	return imports
}

// check lists the type errors of a package with these files.
func check(t *testing.T, imports importMap, source map[string]string) []error {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range sortedKeys(source) {
		file, err := parser.ParseFile(fset, name, source[name], parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	var errs []error
	config := types.Config{Importer: imports, Error: func(err error) { errs = append(errs, err) }}
	_, _ = config.Check("comments", fset, files, nil) // Error has been told
	return errs
}

// importMap is an importer that knows its packages.
type importMap map[string]*types.Package

func (m importMap) Import(path string) (*types.Package, error) { return m[path], nil }

func TestImportNames(t *testing.T) {
	source := []schema.Import{
		{Path: "example.org/geo"},
		{Name: "pb", Path: "example.org/api/proto"},
		{Name: ".", Path: "example.org/dot"},
		{Name: "rm", Path: modelPath},
	}
	imports := newImports(&pkg{taken: map[string]bool{"merge": true, "time": true}}, source)
	for _, c := range []struct{ path, name, want, why string }{
		{modelPath, "model", "model", "the runtime's packages are called the same everywhere"},
		{mergePath, "merge", "resetmerge", "the package declares merge"},
		{"time", "time", "stdtime", "the package declares time"},
		{"example.org/geo", "geo", "geo", "nothing else has the name"},
		{"example.org/map/geo", "geo", "mapgeo", "geo is taken"},
		{"example.com/map/geo", "geo", "mapgeo2", "mapgeo is taken too"},
		{"example.org/api/proto", "proto", "pb", "the source calls it that"},
		{"example.org/dot", "dot", "dot", "what is imported with a dot has its own name"},
		{"example.org/app/store", "store", "appstore", "the runtime has a store"},
		{"example.org/app/v", "v", "appv", "v is a parameter"},
		{"example.org/app/string", "string", "appstring", "string is a name of the language"},
		{"example.org/geo", "geo", "geo", "a name that is chosen stays"},
	} {
		if got := imports.name(c.path, c.name); got != c.want {
			t.Errorf("%s is called %s, want %s, because %s", c.path, got, c.want, c.why)
		}
	}
}
