// Package consumer checks what a program that uses resetgen has to live with.
package consumer

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A program that links every package of the runtime against no driver and no
// server ends up with these modules, and no others.
var modules = []string{
	"consumer",
	"github.com/aymanbagabas/go-udiff",
	"github.com/gofrs/flock",
	"github.com/natefinch/atomic",
	"github.com/resetgen/resetgen",
	"github.com/tidwall/btree",
	"golang.org/x/sys",
}

func TestModulesOfAConsumer(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write("go.sum", string(sum))
	write("go.mod", "module consumer\n\ngo 1.26.0\n\nrequire github.com/resetgen/resetgen v0.0.0\n\nreplace github.com/resetgen/resetgen => "+root+"\n")
	write("main.go", `package main

import (
	_ "github.com/resetgen/resetgen/runtime/remote/memremote"
	_ "github.com/resetgen/resetgen/runtime/replica"
	_ "github.com/resetgen/resetgen/runtime/store/memstore"
	_ "github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

func main() {}
`)
	for _, platform := range []string{"linux", "darwin", "windows"} {
		cmd := exec.Command("go", "list", "-mod=mod", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOOS="+platform, "CGO_ENABLED=0")
		var complaint strings.Builder
		cmd.Stderr = &complaint
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, &complaint)
		}
		found := strings.Fields(string(out))
		slices.Sort(found)
		if found = slices.Compact(found); !slices.Equal(found, modules) {
			t.Errorf("on %s: %q, want %q", platform, found, modules)
		}
	}
}
