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
		path := filepath.Join(folder.Path, e.Name())
		if !strings.HasSuffix(e.Name(), ".go") || !isFile(path) {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("look for generated files: %w", err)
		}
		switch {
		case load.IsGenerated(e.Name(), content):
			if g.content[path] == nil {
				generated = append(generated, &File{Path: path, Name: g.name(path), Old: content, State: Orphaned})
			}
		case !slices.Contains(folder.Sources, e.Name()):
			excuse(excused, e.Name(), content)
		}
	}
	return slices.DeleteFunc(generated, func(f *File) bool { return excused[filepath.Base(f.Path)] }), nil
}

// isFile tells whether there is a file at path, or at the end of links from it.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
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
