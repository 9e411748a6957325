package load

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// source is one file that a user wrote. Generated files never become a source.
type source struct {
	path    string
	name    string // the base name
	content []byte
	syntax  *ast.File // nil until it is parsed
	local   []token.Pos
}

// readSources reads files and leaves out our own.
func readSources(paths []string) ([]*source, error) {
	var list []*source
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a source file: %w", err)
		}
		if name := filepath.Base(path); !IsGenerated(name, content) {
			list = append(list, &source{path: path, name: name, content: content})
		}
	}
	return list, nil
}

// mentions tells, before anything is parsed, whether the file can have
// annotations.
func (s *source) mentions() bool { return bytes.Contains(s.content, []byte(tagKey)) }

func (s *source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// parse reads the syntax of the file, without what functions do inside.
func (s *source) parse(fset *token.FileSet) error {
	syntax, err := parser.ParseFile(fset, s.path, s.content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	s.syntax = syntax
	s.local = emptyBodies(syntax)
	return nil
}

// emptyBodies replaces what functions do by an endless loop, which is a valid
// body whatever the results. Code that calls generated functions that do not
// exist yet lives there, and nothing that models are made of does; the tags
// found there are listed, for nobody would see that they count for nothing.
func emptyBodies(file *ast.File) (tags []token.Pos) {
	ast.Inspect(file, func(n ast.Node) bool {
		var body *ast.BlockStmt
		switch n := n.(type) {
		case *ast.FuncDecl:
			body = n.Body
		case *ast.FuncLit:
			body = n.Body
		}
		if body != nil {
			tags = append(tags, keysInside(body)...)
			body.List = []ast.Stmt{&ast.ForStmt{For: body.Lbrace, Body: &ast.BlockStmt{Lbrace: body.Lbrace, Rbrace: body.Lbrace}}}
		}
		return true
	})
	return tags
}

// keysInside finds the structs inside of a function that ask to be models.
func keysInside(body *ast.BlockStmt) (tags []token.Pos) {
	ast.Inspect(body, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		value, found, err := findTag(field.Tag.Value)
		if err != nil || !found {
			return true
		}
		if opts, _ := parseOptions(value, fieldRules); opts.has("key") {
			tags = append(tags, field.Tag.Pos())
		}
		return true
	})
	return tags
}

// constraint is a //go:build line for what belongs to the file, or "": its own,
// or its old // +build lines in the new form; and what import "C" asks for.
func (s *source) constraint() string {
	line, old := s.buildLines()
	if line == "" && old != nil {
		line = "//go:build " + old.String()
	}
	if !s.usesC() {
		return line
	}
	var needed constraint.Expr = &constraint.TagExpr{Tag: "cgo"}
	if expr, err := constraint.Parse(line); err == nil {
		needed = &constraint.AndExpr{X: expr, Y: needed}
	}
	return "//go:build " + needed.String()
}

// buildLines finds the file's //go:build line, and what its // +build lines say
// together: the go command reads these where there is no other and a blank line
// follows them.
func (s *source) buildLines() (line string, old constraint.Expr) {
	for _, group := range s.syntax.Comments {
		if group.Pos() > s.syntax.Package {
			break
		}
		for _, comment := range group.List {
			if constraint.IsGoBuild(comment.Text) {
				return comment.Text, nil
			}
			expr, err := constraint.Parse(comment.Text)
			switch {
			case !constraint.IsPlusBuild(comment.Text) || err != nil || group == s.syntax.Doc:
			case old == nil:
				old = expr
			default:
				old = &constraint.AndExpr{X: old, Y: expr}
			}
		}
	}
	return "", old
}

func (s *source) usesC() bool {
	return slices.ContainsFunc(s.syntax.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"C"` })
}

// isNarrow tells whether the file is left out of some builds of the package: a
// test file, or one with a build constraint in its text or its name.
func (s *source) isNarrow() bool {
	if s.isTest() || s.constraint() != "" {
		return true
	}
	// What no system and no architecture excludes is in every build.
	nowhere := build.Context{GOOS: "nowhere", GOARCH: "none", OpenFile: func(string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("package p")), nil
	}}
	match, err := nowhere.MatchFile("", s.name)
	return err != nil || !match
}

// syntaxErrors gives each syntax error its place.
func syntaxErrors(err error, relative func(token.Position) token.Position) Errors {
	var list scanner.ErrorList
	var errs Errors
	if !errors.As(err, &list) {
		errs.Add(err)
	}
	for _, e := range list {
		errs = append(errs, &Error{Pos: relative(e.Pos), Msg: e.Msg})
	}
	return errs
}
