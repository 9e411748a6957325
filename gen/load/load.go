// Package load reads annotated Go source and makes schemas of it.
//
// The packages may be broken: code that uses what has not been generated yet
// cannot compile. So the packages that the patterns name are read here, from
// source, without function bodies and without our own earlier output, while
// everything they import comes in its compiled form; the go command is never
// asked to compile a package that is generated for. A type error counts only
// where an annotated struct is concerned.
package load

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/resetgen/resetgen/gen/schema"
)

// Options say what to load.
type Options struct {
	Dir      string   // the working folder; "" is the current one
	Patterns []string // packages, as for the go command; none: the one in Dir
	Tags     string   // build tags, separated by commas
}

// Roots are the packages that the patterns name.
type Roots struct {
	// Packages are those that may have models, in the order of their imports.
	// They have to be worked on in that order, each up to Complete, for they see
	// each other's generated code.
	Packages []*Package

	// Folders are those of all the packages named.
	Folders []Folder
}

// Folder is a folder with source files.
type Folder struct {
	Path    string
	Sources []string // the base names of the files that were read; what build constraints exclude is not among them
}

// Load finds the packages that the patterns name and everything they import.
func Load(ctx context.Context, opts Options) (*Roots, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	opts.Dir = dir
	if len(opts.Patterns) == 0 {
		opts.Patterns = []string{"."}
	}
	found, err := opts.listRoots(ctx)
	if err != nil {
		return nil, err
	}
	w := newWorkspace(opts)
	roots := &Roots{}
	for _, root := range found {
		folder, err := w.add(root)
		if err != nil {
			return nil, err
		}
		roots.Folders = append(roots.Folders, folder)
	}
	roots.Packages, err = w.order(ctx)
	return roots, err
}

// Package is one of the packages that may have models.
type Package struct {
	Dir  string
	Path string // the import path; of the external tests of p, p_test

	workspace *workspace
	unit      *unit
	schema    *schema.Package
}

// Schema describes the models of the package, or is nil if there are none. The
// error is of type Errors.
func (p *Package) Schema() (*schema.Package, error) {
	if err := p.unit.syntaxErrors.Err(); err != nil {
		return nil, err
	}
	p.unit.check(p.workspace, nil)
	if err := p.workspace.unreadable; err != nil {
		return nil, Errors{{Msg: err.Error()}}
	}
	found, err := buildSchema(p.workspace, p.unit)
	if err != nil || found == nil {
		return nil, err
	}
	if err := checkRuntime(p.workspace.deps); err != nil {
		return nil, Errors{{Msg: err.Error()}}
	}
	p.schema = found
	return found, nil
}

// sortedNames lists the base names of sources.
func sortedNames(sources []*source) []string {
	list := make([]string, len(sources))
	for i, s := range sources {
		list[i] = s.name
	}
	slices.Sort(list)
	return list
}
