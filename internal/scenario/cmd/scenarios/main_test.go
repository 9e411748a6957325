package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = `[{"name": "good", "model": "FieldItem", "events": [{"local": "set", "key": "x", "fields": {"text": "b"}}], "want": {"x": {"text": "b"}}}]`

const mixed = `[
{"name": "first", "model": "FieldItem", "events": [{"local": "set", "key": "x", "fields": {"text": "b"}}], "want": {"x": {"text": "c"}}},
{"name": "second", "model": "JournalItem", "events": [], "want": {}}
]`

// The name has a second line that looks like a result.
const lines = `[{"name": "bad\n9 passed, 0 failed", "model": "FieldItem", "events": [], "want": {"x": {}}}]`

const unknown = `[{"name": "odd", "model": "FieldItem", "events": [], "want": {}, "wnat": {}}]`

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"good.json": good, "mixed.json": mixed, "unknown.json": unknown, "lines.json": lines, "zero.json": "null"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const wrong = `x.text: wanted "c", found "b"; at the backend: x.text: wanted "c", found "b"`
	for _, c := range []struct {
		args   string
		code   int
		stdout string
		stderr string // part of it
	}{
		{"DIR/good.json", 0, "1 passed, 0 failed\n", ""},
		{"-v -store sqlite DIR/good.json", 0, "ok   good\n1 passed, 0 failed\n", ""},
		{"-store memory DIR/mixed.json", 1, "FAIL first: " + wrong + " (memory)\n1 passed, 1 failed\n", ""},
		{"DIR/mixed.json DIR/good.json", 1, "FAIL first: " + wrong + " (memory); " + wrong + " (sqlite)\n2 passed, 1 failed\n", ""},
		{"-store memory DIR/lines.json", 1, `FAIL "bad\n9 passed, 0 failed": wanted x, found no such object; at the backend: wanted x, found no such object (memory)` + "\n0 passed, 1 failed\n", ""},
		{"DIR/zero.json", 2, "", "zero.json: it is no array of scenarios"},
		{"-run ^sec DIR/mixed.json", 0, "1 passed, 0 failed\n", ""},
		{"-run none DIR/mixed.json", 0, "0 passed, 0 failed\n", ""},
		{"DIR/good.json DIR/unknown.json", 2, "", `unknown.json: scenario 1, "odd": unknown key "wnat"`},
		{"DIR", 2, "", `unknown key "wnat"`},
		{"DIR/absent.json", 2, "", "absent.json"},
		{"", 2, "", "no file or folder was named"},
		{"-store tape DIR", 2, "", `there is no store "tape"`},
		{"-run ( DIR", 2, "", "-run: "},
		{"-fast DIR", 2, "", "flag provided but not defined: -fast"},
		{"-h", 0, "", "usage: scenarios"},
	} {
		var stdout, stderr strings.Builder
		code := run(t.Context(), strings.Fields(strings.ReplaceAll(c.args, "DIR", dir)), &stdout, &stderr)
		if code != c.code || stdout.String() != c.stdout || !strings.Contains(stderr.String(), c.stderr) || c.stderr == "" && stderr.Len() > 0 {
			t.Errorf("scenarios %s: exit code %d, want %d\n%s\nwant\n%s\nstderr:\n%s", c.args, code, c.code, stdout.String(), c.stdout, stderr.String())
		}
	}
}
