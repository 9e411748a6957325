package load

import (
	"go/token"
	"testing"
)

func TestConstraints(t *testing.T) {
	for _, c := range []struct {
		name, before, after string
		want                string
		narrow              bool
	}{
		{"note.go", "", "", "", false},
		{"linux.go", "", "", "", false},
		{"note_unix.go", "", "", "", false},
		{"note_v2.go", "", "", "", false},
		{"note_linux.go", "", "", "", true},
		{"note_amd64.go", "", "", "", true},
		{"note_windows_arm64.go", "", "", "", true},
		{"note_test.go", "", "", "", true},
		{"note.go", "//go:build !minimal\n\n", "", "//go:build !minimal", true},
		{"note.go", "//go:build !minimal\n// +build linux\n\n", "", "//go:build !minimal", true},
		{"note.go", "// +build linux darwin\n// +build !minimal\n\n", "", "//go:build (linux || darwin) && !minimal", true},
		{"note.go", "// A licence.\n\n// +build linux\n\n// Package p is a package.\n", "", "//go:build linux", true},
		{"note.go", "// +build linux\n", "", "", false}, // the go command takes it for documentation
		{"note_c.go", "", `import "C"`, "//go:build cgo", true},
		{"note_c.go", "//go:build linux || darwin\n\n", `import "C"`, "//go:build (linux || darwin) && cgo", true},
		{"note_c.go", "// +build linux\n\n", `import "C"`, "//go:build linux && cgo", true},
	} {
		s := &source{path: c.name, name: c.name, content: []byte(c.before + "package p\n" + c.after)}
		if err := s.parse(token.NewFileSet()); err != nil {
			t.Fatal(err)
		}
		if got := s.constraint(); got != c.want {
			t.Errorf("%s with %q: what belongs to it has %q, want %q", c.name, c.before+c.after, got, c.want)
		}
		if got := s.isNarrow(); got != c.narrow {
			t.Errorf("%s with %q is narrow: %v, want %v", c.name, c.before+c.after, got, c.narrow)
		}
	}
}
