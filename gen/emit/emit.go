// Package emit turns schemas into Go source: for each source file with models
// one generated file beside it, and for each package one with its Schema.
//
// Generated code is read in code review and compiled with the user's own, so it
// calls the runtime by plain names, says one thing a line, and declares nothing
// that the user's package has declared already.
package emit

import (
	"bytes"
	"fmt"
	"go/format"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/resetgen/resetgen/gen/schema"
)

// File is a generated file.
type File struct {
	Name   string // finding_reset.go
	Source []byte
}

// Package generates the files of a package: one for each of p.Files, in their
// order, and the one that declares its Schema.
func Package(p *schema.Package) ([]File, error) {
	pkg := newPkg(p)
	sources := make(map[*schema.File][]byte)
	for _, src := range pkg.widestFirst() {
		source, err := pkg.models(src)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", src.Output, err)
		}
		sources[src] = source
	}
	files := make([]File, 0, len(p.Files)+1)
	for _, src := range p.Files {
		files = append(files, File{Name: src.Output, Source: sources[src]})
	}
	schemaFile, err := pkg.schemaFile()
	if err != nil {
		return nil, err
	}
	return append(files, schemaFile), nil
}

// models generates the file for the models of src.
func (p *pkg) models(src *schema.File) ([]byte, error) {
	f := p.newFile(src)
	f.skewGuard()
	for _, m := range src.Models {
		model{f, m}.emit()
	}
	f.structCodecs()
	return f.render(src.Constraint)
}

// emit adds everything that is generated for a model, in the order in which a
// reader wants to meet it.
func (m model) emit() {
	m.fieldConstants()
	m.infoVar()
	m.codecVars()
	m.conversionsFunc()
	m.driftGuard()
	m.collectionVar()
	m.encodeFunc()
	m.decodeFunc()
	m.recordType()
	m.plainMethod()
	for _, f := range m.Fields {
		m.accessors(f)
	}
	m.diffType()
	m.diffFunction()
	m.diffMethods()
	m.mergeFunction()
}

// file is a generated file in the making.
type file struct {
	pkg     *pkg
	src     *schema.File
	imports *imports
	structs *structs
	decls   []jen.Code
	guarded typeutil.Map // the structs that only this file has a drift guard for

	// unsettled says that a type without a name is written out, or a comment of
	// the user's. Gofmt breaks the one into lines, and what follows it only at a
	// second pass; and it may take two to lay out the other.
	unsettled bool
}

func (p *pkg) newFile(src *schema.File) *file {
	f := &file{pkg: p, src: src}
	var source []schema.Import
	if src != nil {
		source = src.Imports
	}
	f.imports = newImports(p, source)
	f.structs = &structs{file: f}
	return f
}

// add appends a declaration with its comment.
func (f *file) add(doc jen.Code, decl ...jen.Code) {
	f.decls = append(f.decls, jen.Line().Add(doc).Line().Add(decl...))
}

// render formats the file. The imports come last, when it is known which of
// them are used, and first in the text.
func (f *file) render(constraint string) ([]byte, error) {
	out := jen.NewFile(f.pkg.schema.Name)
	header := schema.Header
	if constraint != "" {
		header += "\n\n" + constraint
	}
	out.HeaderComment(header)
	out.Add(f.imports.decl())
	out.Add(f.decls...)
	var b bytes.Buffer
	if err := out.Render(&b); err != nil {
		return nil, err
	}
	if !f.unsettled {
		return b.Bytes(), nil
	}
	return format.Source(b.Bytes())
}

// widestFirst lists the source files, those first that are part of every build:
// what they declare, the others can use.
func (p *pkg) widestFirst() []*schema.File {
	files := slices.Clone(p.schema.Files)
	slices.SortStableFunc(files, func(a, b *schema.File) int {
		switch {
		case a.Narrow == b.Narrow:
			return strings.Compare(a.Name, b.Name)
		case a.Narrow:
			return 1
		}
		return -1
	})
	return files
}
