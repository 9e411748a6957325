package gen_test

import (
	"errors"
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/resetgen/resetgen/gen"
	"github.com/resetgen/resetgen/gen/load"
)

var update = flag.Bool("update", false, "write what is generated, and the errors, into testdata/golden")

const golden = "../testdata/golden"

// errorsFile holds what is wrong with a case. A case without it is generated
// for, and what belongs to it is committed beside it.
const errorsFile = "errors.txt"

// cases lists the folders of testdata/golden: those that are generated for, and
// those with errors.
func cases(t *testing.T) (fine, wrong []string) {
	t.Helper()
	entries, err := os.ReadDir(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		_, err := os.Stat(filepath.Join(golden, e.Name(), errorsFile))
		if err == nil || *update && strings.HasPrefix(e.Name(), "err_") {
			wrong = append(wrong, e.Name())
		} else {
			fine = append(fine, e.Name())
		}
	}
	return fine, wrong
}

// patterns are what the cases are called on the command line.
func patterns(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = "./" + name + "/..."
	}
	return list
}

func TestGoldenErrors(t *testing.T) {
	fine, wrong := cases(t)
	before := snapshot(t)
	// One good package is among them: it gets nothing either.
	result, err := gen.Generate(t.Context(), gen.Options{Dir: golden, Patterns: patterns(append(wrong, fine[0]))})
	if result != nil {
		t.Error("there is a result in spite of errors")
	}
	var list load.Errors
	if !errors.As(err, &list) {
		t.Fatalf("the error is %T: %v", err, err)
	}
	if diff := cmp.Diff(before, snapshot(t)); diff != "" {
		t.Errorf("files were changed (-before +after):\n%s", diff)
	}
	found := map[string]string{}
	for _, e := range list {
		name, _, _ := strings.Cut(filepath.ToSlash(e.Pos.Filename), "/")
		inCase := regexp.MustCompile(`(^|[ (])` + regexp.QuoteMeta(name) + "/")
		found[name] += inCase.ReplaceAllString(filepath.ToSlash(e.Error()), "$1") + "\n"
	}
	for _, name := range wrong {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(golden, name, errorsFile)
			if *update {
				if err := os.WriteFile(path, []byte(found[name]), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), found[name]); diff != "" {
				t.Errorf("the errors differ (-want +got):\n%s", diff)
			}
			if found[name] == "" {
				t.Error("a case of errors without an error")
			}
		})
		delete(found, name)
	}
	for name, text := range found {
		t.Errorf("errors in %q, which is no case of errors:\n%s", name, text)
	}
}

// snapshot is the time of every Go file of the cases.
func snapshot(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(golden, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		info, err := e.Info()
		if err == nil {
			files[path] = info.ModTime().String()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestGoldenFiles(t *testing.T) {
	fine, _ := cases(t)
	first := generate(t, fine)
	if *update {
		if err := first.Write(); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range first.Stale() {
		t.Errorf("%s is %s (-committed +generated):\n%s", f.Name, f.State, cmp.Diff(string(f.Old), string(f.New)))
	}
	shuffled := slices.Clone(fine)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	again := generate(t, shuffled)
	if diff := cmp.Diff(contents(first), contents(again)); diff != "" {
		t.Errorf("generating again, in another order, gives other files (-first +again):\n%s", diff)
	}
}

func generate(t *testing.T, names []string) *gen.Result {
	t.Helper()
	result, err := gen.Generate(t.Context(), gen.Options{Dir: golden, Patterns: patterns(names)})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func contents(r *gen.Result) map[string]string {
	m := map[string]string{}
	for _, f := range r.Files {
		m[f.Name] = string(f.New)
	}
	return m
}

// TestGoldenCompiles asks the real compiler, tests of the cases included.
func TestGoldenCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles every case")
	}
	fine, _ := cases(t)
	vet := exec.CommandContext(t.Context(), "go", append([]string{"vet"}, patterns(fine)...)...)
	vet.Dir = golden
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// TestGoldenCoverage keeps a good share of the cases about what goes wrong.
func TestGoldenCoverage(t *testing.T) {
	fine, wrong := cases(t)
	if len(wrong)*5 < (len(fine)+len(wrong))*2 {
		t.Errorf("%d of %d cases are errors; at least two in five should be", len(wrong), len(fine)+len(wrong))
	}
}
