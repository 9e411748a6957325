package load

import (
	"bytes"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/gen/schema"
)

// suffix marks the names of generated files.
const suffix = "_reset"

// The files that declare a package's Schema.
const (
	schemaFile     = "reset_schema.go"
	schemaTestFile = "reset_schema_test.go"

	// ExternalSchemaFile is for the external tests of a package whose own tests
	// have taken the name: they share a folder.
	ExternalSchemaFile = "reset_schema_external_test.go"
)

// OutputName is the name of the file that is generated for the models of the
// source file name. What the go command reads out of a file name (the system,
// the architecture, whether it is a test) has to stay at its end: x_linux.go
// gives x_reset_linux.go, and x_test.go gives x_reset_test.go.
func OutputName(name string) string {
	parts := strings.Split(strings.TrimSuffix(name, ".go"), "_")
	n := len(parts)
	end := n
	if end > 1 && parts[end-1] == "test" {
		end--
	}
	switch {
	case end > 2 && systems[parts[end-2]] && architectures[parts[end-1]]:
		end -= 2
	case end > 1 && (systems[parts[end-1]] || architectures[parts[end-1]]):
		end--
	}
	out := strings.Join(parts[:end], "_") + suffix
	for _, part := range parts[end:] {
		out += "_" + part
	}
	return out + ".go"
}

// SchemaNames lists the names that the file with a package's Schema can have.
func SchemaNames() []string { return []string{schemaFile, schemaTestFile, ExternalSchemaFile} }

// IsGenerated tells whether a file is one that this program wrote: only such
// files are ever replaced or removed. Editors may have put a byte order mark
// before the header. A file with the name of ours and nothing in it is what a
// power cut has left of one.
func IsGenerated(name string, content []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(content, []byte("\ufeff")), []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r"))) == schema.Header ||
		len(bytes.Trim(content, "\x00 \t\r\n")) == 0 && isOutputName(name)
}

// isOutputName tells whether a generated file can have the name.
func isOutputName(name string) bool {
	i := strings.LastIndex(name, suffix)
	if i < 0 {
		return slices.Contains(SchemaNames(), name)
	}
	rest := strings.Split(strings.TrimSuffix(name[i+len(suffix):], ".go"), "_")
	return rest[0] == "" && !slices.ContainsFunc(rest[1:], func(part string) bool { return part != "test" && !systems[part] && !architectures[part] })
}

// systems and architectures are the lists of internal/syslist, which the go
// command goes by; they only grow, and past names stay in them.
var (
	systems       = set("aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos")
	architectures = set("386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		m[word] = true
	}
	return m
}
