// Package gen is the generator: it reads annotated packages, makes the files
// that belong to them, and says how these differ from what is on disk. Writing,
// checking and showing differences are thin consumers of that.
package gen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/gen/emit"
	"github.com/resetgen/resetgen/gen/load"
	"github.com/resetgen/resetgen/gen/schema"
)

// Options say what to generate for.
type Options = load.Options

// Result is what was generated.
type Result struct {
	Files  []*File // by path; what is generated, and what is to be removed
	Models []*schema.Package
}

// Generate makes the files for all models of the packages named, in memory.
// If anything is wrong with any model there is no result; the error is then of
// type load.Errors and lists everything that is.
func Generate(ctx context.Context, opts Options) (*Result, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	opts.Dir = dir
	roots, err := load.Load(ctx, opts)
	if err != nil {
		return nil, err
	}
	g := &generation{dir: dir, content: map[string][]byte{}, owner: map[string]string{}, models: map[string]*schema.Package{}}
	var errs load.Errors
	for _, p := range roots.Packages {
		errs.Add(g.generate(ctx, p))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	return g.result(roots.Folders)
}

// generation is what has been generated so far.
type generation struct {
	dir     string
	content map[string][]byte // by path
	owner   map[string]string // the package that a path belongs to
	models  map[string]*schema.Package
}

// generate adds the files of one package. One whose tests could not be joined to
// it, because of what they import, comes twice, without its tests and then
// whole; what comes later counts.
func (g *generation) generate(ctx context.Context, p *load.Package) error {
	models, err := p.Schema()
	if err != nil || models == nil {
		return err
	}
	if err := clashes(models); err != nil {
		return err
	}
	files, err := emit.Package(models)
	if err != nil {
		return fmt.Errorf("generate the code of %s: %w", p.Path, err)
	}
	var generated []load.Generated
	for _, f := range files {
		generated = append(generated, load.Generated{Name: g.free(p, f.Name), Content: f.Source})
	}
	if err := p.Complete(ctx, generated); err != nil {
		return err
	}
	for _, f := range generated {
		path := filepath.Join(p.Dir, f.Name)
		g.content[path], g.owner[path] = f.Content, p.Path
	}
	g.models[p.Path] = models
	return nil
}

// clashes reports models that could not both have generated code.
func clashes(models *schema.Package) error {
	var errs load.Errors
	for _, c := range emit.Clashes(models) {
		errs = append(errs, &load.Error{Pos: c.Model.Pos, Msg: fmt.Sprintf("model %s: its generated code needs the name %s, as does that of %s (%s); rename one of them (the option name keeps its stored name)",
			c.Model.GoName, c.Name, c.For.GoName, c.For.Pos)})
	}
	return errs.Err()
}

// free is the name of a generated file, or another one where the package's own
// tests have taken it.
func (g *generation) free(p *load.Package, name string) string {
	if owner := g.owner[filepath.Join(p.Dir, name)]; owner != "" && owner != p.Path {
		return load.ExternalSchemaFile
	}
	return name
}

// result compares what was generated with what is there.
func (g *generation) result(folders []load.Folder) (*Result, error) {
	r := &Result{}
	for path, content := range g.content {
		f, err := g.file(path, content)
		if err != nil {
			return nil, err
		}
		r.Files = append(r.Files, f)
	}
	for _, folder := range folders {
		orphans, err := g.orphans(folder)
		if err != nil {
			return nil, err
		}
		r.Files = append(r.Files, orphans...)
	}
	slices.SortFunc(r.Files, func(a, b *File) int { return strings.Compare(a.Path, b.Path) })
	for _, p := range g.models {
		r.Models = append(r.Models, p)
	}
	slices.SortFunc(r.Models, func(a, b *schema.Package) int { return strings.Compare(a.Path, b.Path) })
	return r, nil
}

// file compares one generated file with what is there. A file of the same name
// that somebody else wrote is left alone.
func (g *generation) file(path string, content []byte) (*File, error) {
	f := &File{Path: path, Name: g.name(path), New: content}
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.State = Missing
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("read what was generated before: %w", err)
	case !load.IsGenerated(filepath.Base(path), old):
		return nil, fmt.Errorf("%s: the generated file belongs here, but this one was not written by resetgen (its first line is not %q); move it away, or rename the source file", f.Name, schema.Header)
	}
	f.Old = old
	// Version control may have changed the line ends on the way.
	if f.State = Stale; bytes.Equal(bytes.ReplaceAll(old, []byte("\r\n"), []byte("\n")), content) {
		f.State = Fresh
	}
	return f, nil
}

// name is the path as people see it.
func (g *generation) name(path string) string {
	if rel, err := filepath.Rel(g.dir, path); err == nil {
		return rel
	}
	return path
}
