package load

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
)

// unit is a package that is read from source.
type unit struct {
	path      string
	dir       string
	goVersion string
	sources   []*source

	syntaxErrors Errors
	types        *types.Package // nil until it is checked
	errors       []types.Error  // of the source; those of generated code are dealt with at once
	announced    *ast.File      // declares types that will be generated, or nil
	checking     bool
	omitted      map[string]token.Pos // what leftOut has found
}

// parse parses some of the unit's files and lists what they import.
func (u *unit) parse(w *workspace, sources []*source) []string {
	for _, s := range sources {
		if s.syntax != nil {
			continue
		}
		if err := s.parse(w.fset); err != nil {
			errs := syntaxErrors(err, w.relative)
			for _, e := range errs {
				if isOutputName(s.name) {
					e.Msg += "; the file is called like a generated one: if it was, delete it"
				}
			}
			u.syntaxErrors.Add(errs)
		}
	}
	return (&unit{sources: sources}).imports()
}

// imports lists what the unit imports.
func (u *unit) imports() []string {
	var list []string
	for _, s := range u.sources {
		if s.syntax == nil {
			continue
		}
		for _, spec := range s.syntax.Imports {
			if path, err := strconv.Unquote(spec.Path.Value); err == nil && !slices.Contains(list, path) {
				list = append(list, path)
			}
		}
	}
	return list
}

func (u *unit) files() []*ast.File {
	var files []*ast.File
	for _, s := range u.sources {
		if s.syntax != nil {
			files = append(files, s.syntax)
		}
	}
	return files
}

// check finds the types of the unit's declarations, together with those of
// generated files, or of what is known of these before they exist. They come last
// so that a name declared twice is reported there. The bodies of the source have been emptied and those of generated code
// are checked.
func (u *unit) check(w *workspace, generated []*ast.File) []types.Error {
	u.parse(w, u.sources)
	var errs []types.Error
	conf := types.Config{
		GoVersion:        u.goVersion,
		IgnoreFuncBodies: len(generated) == 0,
		FakeImportC:      true,
		Importer:         importer{w},
		Error: func(err error) {
			if e, ok := err.(types.Error); ok {
				errs = append(errs, e)
			}
		},
	}
	files := append(u.files(), generated...)
	if len(generated) == 0 {
		if u.announced = u.announce(w); u.announced != nil {
			files = append(files, u.announced)
		}
	}
	u.checking = true
	u.types, _ = conf.Check(u.path, w.fset, files, nil)
	u.checking = false
	if len(generated) == 0 {
		u.errors = errs
	}
	return errs
}
