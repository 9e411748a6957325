package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// runtimePackages are what generated code imports, whatever the models.
var runtimePackages = []string{
	modulePath + "/runtime/merge",
	modulePath + "/runtime/model",
	modulePath + "/runtime/model/codec",
	modulePath + "/runtime/stamp",
	modulePath + "/runtime/store",
}

const modulePath = "github.com/resetgen/resetgen"

func (o *Options) config(ctx context.Context, mode packages.LoadMode) *packages.Config {
	cfg := &packages.Config{Context: ctx, Mode: mode, Dir: o.Dir}
	if o.Tags != "" {
		cfg.BuildFlags = []string{"-tags=" + o.Tags}
	}
	return cfg
}

// listed is a package that the patterns name, with its tests.
type listed struct {
	path, dir string
	goVersion string
	files     []string // without tests
	tests     []string // the test files of the package itself
	external  []string // the test files of the package of external tests
}

// listRoots asks the go command which packages and files the patterns name.
// Nothing is compiled, and nothing has to compile.
func (o *Options) listRoots(ctx context.Context) ([]*listed, error) {
	for _, p := range o.Patterns {
		if strings.HasSuffix(p, ".go") {
			return nil, fmt.Errorf("%s is a file, and the patterns name packages (resetgen ./... for all of a module)", p)
		}
	}
	cfg := o.config(ctx, packages.NeedName|packages.NeedFiles|packages.NeedModule|packages.NeedForTest)
	cfg.Tests = true
	found, err := packages.Load(cfg, o.Patterns...)
	if err != nil {
		return nil, fmt.Errorf("list the packages %s: %w", strings.Join(o.Patterns, " "), err)
	}
	var errs []error
	roots := map[string]*listed{}
	var order []*listed
	for _, p := range found {
		if strings.HasSuffix(p.ID, ".test") {
			continue // the main package of the tests
		}
		path := p.PkgPath
		if p.ForTest != "" {
			path = p.ForTest
		}
		root := roots[path]
		if root == nil {
			root = &listed{path: path, dir: p.Dir}
			roots[path] = root
			order = append(order, root)
		}
		switch {
		case p.ForTest == "":
			root.files = p.GoFiles
			errs = append(errs, listErrors(p)...)
		case p.PkgPath == p.ForTest:
			root.tests = p.GoFiles
		case p.PkgPath == p.ForTest+"_test":
			root.external = p.GoFiles
		}
		if p.Module != nil && p.Module.GoVersion != "" {
			root.goVersion = "go" + p.Module.GoVersion
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	for _, root := range order {
		root.tests = slices.DeleteFunc(root.tests, func(f string) bool { return slices.Contains(root.files, f) })
	}
	return order, nil
}

// listErrors keeps what makes a package unusable: that there is none, or no file
// in it. Whatever is wrong inside of it is found again, with its place, when
// it is read.
func listErrors(p *packages.Package) []error {
	if len(p.GoFiles)+len(p.IgnoredFiles) > 0 {
		return nil
	}
	var errs []error
	for _, err := range p.Errors {
		errs = append(errs, errors.New(err.Msg))
	}
	return errs
}

// listDependencies asks for the compiled form of packages and of all that they
// import.
func (o *Options) listDependencies(ctx context.Context, paths []string) (map[string]*packages.Package, error) {
	cfg := o.config(ctx, packages.NeedName|packages.NeedFiles|packages.NeedImports|packages.NeedDeps|packages.NeedExportFile|packages.NeedModule)
	found, err := packages.Load(cfg, paths...)
	if err != nil {
		return nil, fmt.Errorf("find the imported packages: %w", err)
	}
	all := map[string]*packages.Package{}
	packages.Visit(found, nil, func(p *packages.Package) { all[p.PkgPath] = p })
	return all, nil
}

// checkRuntime explains what to do where generated code could not compile.
func checkRuntime(deps map[string]*packages.Package) error {
	for _, path := range runtimePackages {
		switch p := deps[path]; {
		case p != nil && len(p.GoFiles) > 0:
		case p != nil && isVendored(p):
			return fmt.Errorf("the package %s, which generated code needs, is not in the vendor folder, where only what is imported goes; import %s/runtime/store for now (import _), run go mod tidy and go mod vendor, and generate again",
				path, modulePath)
		default:
			return fmt.Errorf("the package %s, which generated code needs, is not in this module's requirements; run: go get %s", path, modulePath)
		}
	}
	return nil
}

// isVendored tells whether a package is not found because it is looked for in a
// vendor folder only.
func isVendored(p *packages.Package) bool {
	return slices.ContainsFunc(p.Errors, func(err packages.Error) bool { return strings.Contains(err.Msg, "-mod=vendor") })
}
