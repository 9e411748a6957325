package load

import (
	"context"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
)

// workspace is what is known of the packages named and of what they import.
type workspace struct {
	opts     Options
	fset     *token.FileSet
	roots    []*root
	units    map[string]*unit             // the packages that are read from source, by import path
	deps     map[string]*packages.Package // the packages that come compiled, by import path
	compiled map[string]*types.Package    // what was read of those
	reaches  map[string]bool              // whether one of those imports a package that is read from source

	unreadable error // why compiled packages could not be read: everything else follows from that
}

// root is one of the packages named: as others import it, and its tests.
type root struct {
	unit     *unit
	tests    []*source
	external *unit // the tests of package name_test, or nil
}

func newWorkspace(opts Options) *workspace {
	return &workspace{
		opts:     opts,
		fset:     token.NewFileSet(),
		units:    map[string]*unit{},
		compiled: map[string]*types.Package{},
		reaches:  map[string]bool{},
	}
}

// place is a position with a file name relative to the working folder. Line
// directives are not followed: errors belong where the tag is.
func (w *workspace) place(pos token.Pos) token.Position {
	return w.relative(w.fset.PositionFor(pos, false))
}

func (w *workspace) relative(p token.Position) token.Position {
	if rel, err := filepath.Rel(w.opts.Dir, p.Filename); err == nil && p.Filename != "" {
		p.Filename = rel
	}
	p.Offset = 0
	return p
}

// add reads the files of a package that the patterns name.
func (w *workspace) add(l *listed) (Folder, error) {
	sources, err := readSources(l.files)
	if err != nil {
		return Folder{}, err
	}
	tests, err := readSources(l.tests)
	if err != nil {
		return Folder{}, err
	}
	external, err := readSources(l.external)
	if err != nil {
		return Folder{}, err
	}
	r := &root{unit: &unit{path: l.path, dir: l.dir, goVersion: l.goVersion, sources: sources}, tests: tests}
	if len(external) > 0 {
		r.external = &unit{path: l.path + "_test", dir: l.dir, goVersion: l.goVersion, sources: external}
	}
	w.roots = append(w.roots, r)
	w.units[l.path] = r.unit
	return Folder{Path: l.dir, Sources: sortedNames(slices.Concat(sources, tests, external))}, nil
}

// order reads what the packages import and lists those that may have models,
// each after what it imports.
func (w *workspace) order(ctx context.Context) ([]*Package, error) {
	var wanted []*root
	for _, r := range w.roots {
		if r.mentions() {
			wanted = append(wanted, r)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	var err error
	if w.deps, err = w.opts.listDependencies(ctx, append(w.parse(wanted), runtimePackages...)); err != nil {
		return nil, err
	}
	var late []*unit
	for _, r := range wanted {
		if whole := w.joinTests(r); whole != nil {
			late = append(late, whole)
		}
		if r.external != nil {
			late = append(late, r.external)
		}
	}
	sorter := &importOrder{workspace: w, seen: map[string]bool{}}
	for _, r := range wanted {
		sorter.visit(r.unit.path)
	}
	for _, u := range late {
		for _, path := range u.imports() {
			sorter.visit(path)
		}
	}
	var list []*Package
	for _, u := range append(sorter.units, late...) {
		if slices.ContainsFunc(u.sources, (*source).mentions) {
			list = append(list, &Package{Dir: u.dir, Path: u.path, workspace: w, unit: u})
		}
	}
	return list, nil
}

// mentions tells whether any file of the package can have annotations.
func (r *root) mentions() bool {
	return slices.ContainsFunc(r.all(), (*source).mentions)
}

func (r *root) all() []*source {
	all := slices.Concat(r.unit.sources, r.tests)
	if r.external != nil {
		all = append(all, r.external.sources...)
	}
	return all
}

// parse parses the packages wanted and those of the packages named that they
// import, and lists what else they import.
func (w *workspace) parse(wanted []*root) (others []string) {
	seen := map[string]bool{"unsafe": true, "C": true}
	var visit func(path string)
	follow := func(u *unit, sources []*source) {
		for _, path := range u.parse(w, sources) {
			visit(path)
		}
	}
	visit = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		if u := w.units[path]; u != nil {
			follow(u, u.sources)
		} else {
			others = append(others, path)
		}
	}
	for _, r := range wanted {
		visit(r.unit.path)
		follow(r.unit, r.tests)
		if r.external != nil {
			follow(r.external, r.external.sources)
		}
	}
	return others
}

// joinTests makes a package's own test files part of it. Only where that would
// close a circle, because the tests of two packages import each other's package,
// is a second, whole unit made of it, which nobody imports: compilers see every
// package with tests in these two forms.
func (w *workspace) joinTests(r *root) *unit {
	if len(r.tests) == 0 {
		return nil
	}
	tests := &unit{sources: r.tests}
	for _, path := range tests.imports() {
		sorter := &importOrder{workspace: w, seen: map[string]bool{}}
		sorter.visit(path)
		if sorter.seen[r.unit.path] {
			whole := *r.unit
			whole.sources = slices.Concat(r.unit.sources, r.tests)
			return &whole
		}
	}
	r.unit.sources = append(r.unit.sources, r.tests...)
	return nil
}

// importOrder lists units after what they import.
type importOrder struct {
	*workspace
	seen  map[string]bool
	units []*unit
}

func (o *importOrder) visit(path string) {
	if o.seen[path] {
		return
	}
	o.seen[path] = true
	if u := o.workspace.units[path]; u != nil {
		for _, imported := range u.imports() {
			o.visit(imported)
		}
		o.units = append(o.units, u)
		return
	}
	if dep := o.deps[path]; dep != nil && o.reachesUnit(dep) {
		for _, imported := range dep.Imports {
			o.visit(imported.PkgPath)
		}
	}
}

// reachesUnit tells whether a compiled package imports, at any distance, one
// that is read from source: its compiled form would speak of other types of the
// same name.
func (w *workspace) reachesUnit(dep *packages.Package) bool {
	if reaches, known := w.reaches[dep.PkgPath]; known {
		return reaches
	}
	w.reaches[dep.PkgPath] = false
	for _, imported := range dep.Imports {
		if w.units[imported.PkgPath] != nil || w.reachesUnit(imported) {
			w.reaches[dep.PkgPath] = true
			break
		}
	}
	return w.reaches[dep.PkgPath]
}
