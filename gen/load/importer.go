package load

import (
	"errors"
	"fmt"
	"go/types"
	"os"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

// importer gives the type checker what a package imports.
type importer struct{ *workspace }

// Import finds a package by its import path.
func (w importer) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if u := w.units[path]; u != nil {
		return w.fromSource(u)
	}
	dep := w.deps[path]
	switch {
	case dep == nil:
		return nil, errors.New("the package is not found")
	case len(dep.GoFiles) == 0 && dep.ExportFile == "":
		return nil, reason(dep)
	case dep.ExportFile == "" || w.reachesUnit(dep):
		return w.fromFiles(dep)
	}
	return w.fromExportData(dep)
}

// reason is why the go command found no files for the package.
func reason(dep *packages.Package) error {
	for _, err := range dep.Errors {
		return errors.New(strings.ReplaceAll(err.Msg, "\n\t", " "))
	}
	return errors.New("the package has no files")
}

func (w importer) fromSource(u *unit) (*types.Package, error) {
	if u.checking {
		return nil, errors.New("the packages import each other")
	}
	if u.types == nil {
		u.check(w.workspace, nil)
	}
	return u.types, nil
}

// fromFiles reads from source what has no compiled form because it, or something
// that it imports, does not compile; and what imports a package that is read
// from source.
func (w importer) fromFiles(dep *packages.Package) (*types.Package, error) {
	sources, err := readSources(dep.GoFiles)
	if err != nil {
		return nil, err
	}
	u := &unit{path: dep.PkgPath, dir: dep.Dir, sources: sources}
	if dep.Module != nil && dep.Module.GoVersion != "" {
		u.goVersion = "go" + dep.Module.GoVersion
	}
	pkg, err := w.fromSource(u)
	w.units[dep.PkgPath] = u
	w.compiled[dep.PkgPath] = pkg
	return pkg, err
}

func (w importer) fromExportData(dep *packages.Package) (*types.Package, error) {
	if pkg := w.compiled[dep.PkgPath]; pkg != nil && pkg.Complete() {
		return pkg, nil
	}
	pkg, err := w.readExportData(dep)
	if err != nil && w.unreadable == nil {
		w.unreadable = fmt.Errorf("what the Go toolchain compiled cannot be read (package %s: %w); if the toolchain is newer than resetgen, install a newer resetgen", dep.PkgPath, err)
	}
	return pkg, err
}

func (w importer) readExportData(dep *packages.Package) (pkg *types.Package, err error) {
	file, err := os.Open(dep.ExportFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	//lint:ignore SA1019 up to Go 1.27 the go command gives archives, which nothing else reads
	data, err := gcexportdata.NewReader(file)
	if err != nil {
		return nil, err
	}
	return gcexportdata.Read(data, w.fset, w.compiled, dep.PkgPath)
}
