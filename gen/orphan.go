package gen

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/gen/load"
)

// orphans finds generated files that no source file accounts for any more.
// Source files that build constraints exclude have not been read, so that what
// may be theirs stays.
func (g *generation) orphans(folder load.Folder) ([]*File, error) {
	entries, err := os.ReadDir(folder.Path)
	if err != nil {
		return nil, fmt.Errorf("look for generated files: %w", err)
	}
	var generated []*File
	excused := map[string]bool{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(folder.Path, e.Name())
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("look for generated files: %w", err)
		}
		switch {
		case load.IsGenerated(content):
			if g.content[path] == nil {
				generated = append(generated, &File{Path: path, Name: g.name(path), Old: content, State: Orphaned})
			}
		case !slices.Contains(folder.Sources, e.Name()):
			excuse(excused, e.Name(), content)
		}
	}
	return slices.DeleteFunc(generated, func(f *File) bool { return excused[filepath.Base(f.Path)] }), nil
}

// excuse notes what an excluded source file may have been generated to.
func excuse(excused map[string]bool, name string, content []byte) {
	excused[load.OutputName(name)] = true
	if bytes.Contains(content, []byte("reset:")) {
		for _, name := range load.SchemaNames() {
			excused[name] = true
		}
	}
}
