package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/example/catalog"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// For each choice that a reader can make, every one of the 1,200 edits, every
// conflict and every feature of the result are what the oracle says, and what is
// printed is true. The losses are those of the table in README.md.
func TestEveryChoice(t *testing.T) {
	o := readOracle(t)
	for _, c := range []struct {
		track, strategy, policy  string
		contributor, maintainers int // changes lost
		says                     []string
	}{
		{"field", "recover", "last-updated", 0, 0, []string{
			"strategy recover, track=field, policy last-updated", "3 conflicts in full", "1140 objects uploaded",
			"client reset: restored: position 15333", "60 kept deleted changed what was deleted here nothing",
		}},
		{"field", "recover", "deletes-win", 0, 0, []string{
			"60 conflict deleted changed what was deleted here delete", "40 dropped updated has no such feature any more nothing",
		}},
		{"journal", "recover-or-discard", "last-updated", 0, 0, []string{"strategy recover-or-discard, track=journal, policy last-updated"}},
		{"journal", "recover", "deletes-win", 0, 0, nil},
		{"object", "recover", "last-updated", 0, 136, nil},
		{"object", "recover", "deletes-win", 0, 136, nil},
		{"field", "manual", "last-updated", 204, 0, []string{"207 dropped updated was in conflict with it nothing"}},
		{"field", "discard", "deletes-win", 3069, 0, []string{"track=field, no policy", "1000 dropped updated is taken as it is nothing"}},
		{"field", "overwrite", "deletes-win", 20, 30199, []string{
			"track=field, no policy", "OBJECTS IN THE BACKUP", "80 deleted is not looked at: overwriting deletes nothing",
			"1120 of the 14683 that were written are edits", "3 objects that were written over in full",
		}},
		{"object", published, "deletes-win", 0, 1559, []string{
			"track=object, no policy", "959 updated changed it wrote it, whole 1559 225", "60 deleted changed it left it there 0 60",
			"1223 like this: there is one time", "336 like this: nothing remembers", "257 like this: nothing tells",
			`support[samsunginternet_android] base "no" contributor "23.0" maintainers "24.0" result "23.0"`,
		}},
	} {
		t.Run(strings.Join([]string{c.track, c.strategy, c.policy}, " "), func(t *testing.T) {
			t.Parallel()
			choice := options{track: c.track, strategy: c.strategy, policy: c.policy, dir: t.TempDir()}
			s, err := play(t.Context(), choice)
			if err != nil {
				t.Fatal(err)
			}
			o.check(t, choice, s.result)
			var b strings.Builder
			if err := s.tell(&b); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(strings.Fields(b.String()), " ")
			for _, want := range append(c.says,
				fmt.Sprintf("by the contributor alone 3069 %d %d ", 3069-c.contributor, c.contributor),
				fmt.Sprintf("by the maintainers alone 61184 %d %d ", 61184-c.maintainers, c.maintainers),
			) {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, b.String())
				}
			}
			checkFiles(t, b.String())
		})
	}
}

// check compares what a run has left, its result and the report in its folder, with
// what the oracle says.
func (o *oracle) check(t *testing.T, c options, result []catalog.Feature) {
	t.Helper()
	judged := o.judge(c)
	want := maps.Clone(o.remote)
	counts := map[string]int{}
	for id, j := range judged {
		if want[id] = j.result; j.result == nil {
			delete(want, id)
		}
		if j.outcome != "" {
			counts[j.outcome]++
		}
	}
	for _, f := range result {
		if !same(plain(f), want[f.ID]) {
			t.Errorf("%s is %v, want %v", f.ID, plain(f), want[f.ID])
		}
		delete(want, f.ID)
	}
	for id := range want {
		t.Errorf("%s is gone", id)
	}
	if c.strategy == published {
		return
	}
	report := readReport(t, c.dir)
	for _, r := range report.Objects {
		conflicts := map[place]values{}
		for _, x := range r.Conflicts {
			conflicts[place{x.Field, x.Part}] = values{x.Base, x.Local, x.Remote, x.Result}
		}
		j := judged[r.Key]
		if r.Outcome != j.outcome || len(r.Conflicts) != len(j.conflicts) || !maps.EqualFunc(conflicts, j.conflicts, func(a, b values) bool { return same(a, b) }) {
			t.Errorf("%s came to %q with the conflicts %v, want %q with %v", r.Key, r.Outcome, conflicts, j.outcome, j.conflicts)
		}
		delete(judged, r.Key) // so that it is there once
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	for _, n := range report.Counts {
		counts[n.Outcome] -= n.Objects
	}
	for outcome, n := range counts {
		if n != 0 {
			t.Errorf("%q is counted %d times too few", outcome, n)
		}
	}
	if got := len(report.Objects); report.Total != total || got != min(total, 10_000) {
		t.Errorf("the report lists %d objects of %d, want all of %d, or 10,000", got, report.Total, total)
	}
}

// report is what the JSON of a report is read as.
type report struct {
	Total  int
	Counts []struct {
		Outcome string
		Objects int
	}
	Objects []struct {
		Key, Outcome string
		Conflicts    []struct {
			Field, Part                 string
			Base, Local, Remote, Result any
		}
	}
}

// readReport reads the one report that a run has left.
func readReport(t *testing.T, dir string) (r report) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "backups", "*.report.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the reports are %v (%v)", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// plain is a feature as the oracle has it.
func plain(f catalog.Feature) object {
	list := func(all []string) []any {
		plain := []any{}
		for _, e := range all {
			plain = append(plain, e)
		}
		return plain
	}
	support := object{}
	for browser, version := range f.Support {
		support[browser] = version
	}
	return object{
		"id": f.ID, "description": f.Description, "mdn_url": f.MDNURL, "source_file": f.SourceFile,
		"spec_urls": list(f.SpecURLs), "tags": list(f.Tags),
		"deprecated": f.Deprecated, "experimental": f.Experimental, "standard_track": f.StandardTrack, "support": support,
	}
}

// checkFiles checks that the files that were printed are there.
func checkFiles(t *testing.T, text string) {
	t.Helper()
	_, text, _ = strings.Cut(text, "\nFiles\n\n")
	text, _, _ = strings.Cut(text, "\n\n")
	n := 0
	for line := range strings.Lines(text) {
		if _, err := os.Stat(strings.Fields(line)[1]); err != nil {
			t.Error(err)
		}
		n++
	}
	if n < 2 {
		t.Errorf("the files are %q", text)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := options{strategy: "recover", track: "field", policy: "last-updated"}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*options){
		"-strategy=recovr is not": func(o *options) { o.strategy = "recovr" },
		"-track=fields is not":    func(o *options) { o.track = "fields" },
		"-policy":                 func(o *options) { o.policy = "mine" },
		"-kill=closing is not":    func(o *options) { o.kill, o.dir = "closing", "d" },
		"-kill needs -dir":        func(o *options) { o.kill = "closed" },
		"cannot go on":            func(o *options) { o.kill, o.dir, o.strategy = "closed", "d", published },
	} {
		o := good
		change(&o)
		if err := o.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}

// A story that cannot go on says where it stopped.
func TestStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	s, err := play(ctx, options{track: "field", strategy: "recover", policy: "last-updated", dir: t.TempDir()})
	if s != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// Files of an earlier run are left alone.
func TestFilesOfAnEarlierRun(t *testing.T) {
	dir := t.TempDir()
	backup := filepath.Join(dir, backupFile)
	if err := os.WriteFile(backup, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := play(t.Context(), options{track: "field", strategy: "recover", dir: dir}); err == nil || !strings.Contains(err.Error(), backup) {
		t.Errorf("the error was %v", err)
	}
	if text, err := os.ReadFile(backup); string(text) != "precious" {
		t.Errorf("the backup is now %q (%v)", text, err)
	}
}

var everyKill = flag.Bool("kills", false, "kill the example at every step, not at two of them")

// Killed at any step of the client reset, the next run finishes it, comes to what an
// undisturbed run comes to, and says what it did.
func TestKilled(t *testing.T) {
	o := readOracle(t)
	steps := []string{string(replica.Downloading), string(replica.Reconciled)}
	if *everyKill {
		steps = kills
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "example")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			c := options{track: "field", strategy: "recover", policy: "last-updated", dir: filepath.Join(dir, step)}
			run := func(args ...string) (string, error) {
				out, err := exec.Command(program, append([]string{"-dir", c.dir}, args...)...).CombinedOutput()
				return string(out), err
			}
			if out, err := run("-kill", step); err == nil || !strings.Contains(out, fmt.Sprintf("killed at the step %q", step)) {
				t.Fatalf("%v\n%s", err, out)
			}
			if out, err := run("-kill", string(replica.Downloading)); err == nil || !strings.Contains(out, "does not come to downloading any more") {
				t.Errorf("killed at a step that is past: %v\n%s", err, out)
			}
			out, err := run()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			s := &story{options: c, features: trackings[c.track]}
			err = s.with(t.Context(), s.path(liveFile), true, func(db *store.Store) (err error) {
				s.result, err = s.readAll(t.Context(), db.View)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			o.check(t, c, s.result)
			checkFiles(t, out)
			says := []string{
				fmt.Sprintf("An earlier run was killed at the step %q of its client reset; this one has finished it.", step),
				"client reset: restored: position 15333", "1140 objects uploaded afterwards",
				"  open the contributor's store: finish the client reset (recover)\n", "  upload\n",
			}
			if step == string(replica.Downloading) {
				says = append(says[:3], "  open the contributor's store\n", "  go on with the client reset (recover), upload\n")
			}
			for _, want := range says {
				if !strings.Contains(out, want) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if out, err := run(); err == nil || !strings.Contains(out, "is there already") {
				t.Errorf("a third run: %v\n%s", err, out)
			}
		})
	}
}

// The steps at which a run can kill itself are those of a client reset, in their
// order.
func TestKillsAreTheSteps(t *testing.T) {
	var reached []string
	r, err := replica.Open(t.Context(), replica.Options{
		Driver: driver, Path: filepath.Join(t.TempDir(), liveFile), Schema: &catalog.Schema, Remote: memremote.New(memremote.Options{}),
		OnStep: func(at replica.Step) { reached = append(reached, string(at)) },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.ResetNow(t.Context()), r.Close()); err != nil {
		t.Fatal(err)
	}
	if want := append(slices.Clone(kills), string(replica.Settling)); !slices.Equal(reached, want) {
		t.Errorf("the steps are %q, want %q", reached, want)
	}
}
