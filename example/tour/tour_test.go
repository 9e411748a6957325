package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/example/tour/inspect"
	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// An app's own test: the backend carries a push out, and its answer is lost.
func TestLostAnswer(t *testing.T) {
	backend := memremote.New(memremote.Options{})
	r, err := replica.Open(t.Context(), replica.Options{
		Driver: memstore.New(), Path: filepath.Join(t.TempDir(), "app.db"),
		Schema: &inspect.Schema, Remote: backend,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Update(t.Context(), func(tx *store.Tx) error {
		return inspect.FindingRecords.Replace(tx, &inspect.Finding{ID: "f-17", Visits: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	backend.Inject(memremote.Fault{Call: memremote.Push, Kind: memremote.LoseAnswer})
	if err := r.Upload(t.Context()); !errors.Is(err, memremote.ErrConnection) {
		t.Fatal(err)
	}
	if err := r.Upload(t.Context()); err != nil { // asks what has arrived
		t.Fatal(err)
	}
	if o := backend.Get("finding", model.StringValue("f-17")); o.Field("visits").Value.Int() != 1 {
		t.Errorf("the backend has %+v", o)
	}
}

func TestStartOver(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), sqlitestore.Driver{Name: "sqlite"}, filepath.Join(dir, "app.db"), &inspect.Schema, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base := inspect.Finding{ID: "f-17", Title: "crack", Visits: 4}
	err = errors.Join(
		db.Update(t.Context(), func(tx *store.Tx) error {
			return errors.Join(inspect.FindingRecords.Load(tx, &base, stamp.Stamp(1)), tx.MarkSynced())
		}),
		db.Update(t.Context(), func(tx *store.Tx) error {
			f, err := inspect.FindingRecords.Get(tx, "f-17")
			if err != nil {
				return err
			}
			f.AddVisits(1)
			return inspect.FindingRecords.Put(tx, f)
		}),
		db.Close())
	if err != nil {
		t.Fatal(err)
	}
	theirs := base
	theirs.Title, theirs.Visits = "crack (photo)", 6
	report, err := startOver(t.Context(), dir, "backup-1.db", []inspect.Finding{theirs}, stamp.Stamp(2))
	if err != nil {
		t.Fatal(err)
	}
	if report.Total != 1 || report.Count(merge.Merged) != 1 {
		t.Errorf("%+v", report)
	}
	if _, err := startOver(t.Context(), dir, "backup-1.db", nil, 0); !errors.Is(err, fs.ErrExist) {
		t.Errorf("once more: %v", err)
	}
	if db, err = store.Open(t.Context(), sqlitestore.Driver{Name: "sqlite"}, filepath.Join(dir, "app.db"), &inspect.Schema, store.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(t.Context(), func(tx *store.Tx) error {
		f, err := inspect.FindingRecords.Get(tx, "f-17")
		if err == nil && (f.Visits() != 7 || f.Title() != "crack (photo)") {
			t.Errorf("%+v", f.Plain())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// What the README shows of the tour is in the tour, line by line, and what it prints.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string // the lines of all files
	for _, name := range []string{"main.go", "byhand.go", "tour_test.go", "inspect/finding.go"} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, trimmed(string(file))...)
	}
	blocks := regexp.MustCompile("(?s)\n```go\n(.*?)\n```\n").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 4 {
		t.Fatalf("%d blocks of Go in the README", len(blocks))
	}
	for _, block := range blocks {
		if lines := trimmed(block[1]); !contains(shown, lines) {
			t.Errorf("these lines are not in the tour:\n%s", block[1])
		}
	}
	if out := printed(t); !strings.Contains(string(text), "\n```\n"+out+"```\n") {
		t.Errorf("the README shows another output than\n%s", out)
	}
}

// trimmed is the lines that say something, without what they are indented by.
func trimmed(text string) []string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" })
}

// contains tells whether part is a run of lines in all.
func contains(all, part []string) bool {
	for i := range all {
		if len(all)-i >= len(part) && slices.Equal(all[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// printed is what the tour prints, with a folder of a fixed name.
func printed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = out
	err = tour(t.Context(), dir)
	os.Stdout = stdout
	text, errRead := os.ReadFile(path)
	if err := errors.Join(err, out.Close(), errRead); err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`app-[0-9TZ]+-[0-9a-f]+\.db`).ReplaceAll(text, []byte("app-20261128T101500Z-6b0d1c4e.db"))
	return strings.ReplaceAll(string(text), dir, "/var/lib/app")
}
