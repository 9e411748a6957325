package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
)

// Every one of the 1,200 edits comes to what the oracle says, and so does every
// feature of the result, for each choice that a reader can make.
func TestEveryEdit(t *testing.T) {
	o := readOracle(t)
	for _, c := range []options{
		{track: "field", strategy: "recover", policyName: "last-updated"},
		{track: "journal", strategy: "recover", policyName: "last-updated"},
		{track: "object", strategy: "recover", policyName: "last-updated"},
		{track: "field", strategy: "recover", policyName: "deletes-win"},
		{track: "field", strategy: "discard", policyName: "last-updated"},
	} {
		t.Run(strings.Join([]string{c.track, c.strategy, c.policyName}, " "), func(t *testing.T) {
			t.Parallel()
			c.dir = t.TempDir()
			outcomes, result := play(t, c)
			want := maps.Clone(o.remote)
			for _, edit := range o.edits {
				id := edit["id"].(string)
				j := o.judge(edit, c.track, c.strategy, c.policyName)
				if outcomes[id] != j.outcome {
					t.Errorf("%v of %s: %q, want %q", edit["op"], id, outcomes[id], j.outcome)
				}
				if want[id] = j.result; j.result == nil {
					delete(want, id)
				}
			}
			checkResult(t, result, want)
			if len(outcomes) != len(o.edits) {
				t.Errorf("%d objects in the report, want %d", len(outcomes), len(o.edits))
			}
		})
	}
}

// Overwriting takes the contributor's whole catalogue and deletes nothing.
func TestOverwrite(t *testing.T) {
	o := readOracle(t)
	want := maps.Clone(o.remote)
	maps.Copy(want, o.base)
	for _, edit := range o.edits {
		id := edit["id"].(string)
		switch edit["op"] {
		case "create":
			want[id] = apply(zero(id), edit)
		case "set":
			want[id] = apply(o.base[id], edit)
		case "delete":
			if want[id] = o.remote[id]; want[id] == nil {
				delete(want, id)
			}
		}
	}
	_, result := play(t, options{track: "field", strategy: "overwrite", policyName: "last-updated", dir: t.TempDir()})
	checkResult(t, result, want)
}

// play runs the example and gives the outcome of each edit, from the JSON report,
// and the result.
func play(t *testing.T, o options) (outcomes map[string]string, result map[string]object) {
	t.Helper()
	policy, err := model.ParsePolicy(o.policyName)
	if err != nil {
		t.Fatal(err)
	}
	o.policy = policy
	if err := run(t.Context(), io.Discard, o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(o.dir, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Objects []struct{ Key, Outcome string }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	outcomes = map[string]string{}
	for _, o := range report.Objects {
		outcomes[o.Key] = o.Outcome
	}
	s := &story{options: o, tracking: trackings[o.track]}
	err = s.with(t.Context(), liveFile, true, func(db *store.Store) error { return db.View(t.Context(), s.readAll) })
	if err != nil {
		t.Fatal(err)
	}
	result = map[string]object{}
	for _, f := range s.result {
		if f.Support == nil {
			f.Support = map[string]string{}
		}
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var plain object
		if err := json.Unmarshal(text, &plain); err != nil {
			t.Fatal(err)
		}
		for _, set := range []string{"spec_urls", "tags"} {
			if plain[set] == nil {
				plain[set] = []any{}
			}
		}
		result[f.ID] = plain
	}
	return outcomes, result
}

func checkResult(t *testing.T, result, want map[string]object) {
	t.Helper()
	for id, w := range want {
		if !same(result[id], w) {
			t.Errorf("%s is %v, want %v", id, result[id], w)
		}
	}
	for id := range result {
		if want[id] == nil {
			t.Errorf("%s is there, want it gone", id)
		}
	}
}

// The published recipe loses what resetgen keeps, on the same files.
func TestPublishedRecipeLosesChanges(t *testing.T) {
	var recipe, ours strings.Builder
	if err := run(t.Context(), &recipe, options{track: "object", strategy: published, policyName: "last-updated", dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), &ours, options{track: "field", strategy: "recover", policyName: "last-updated", dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	for text, wantLoss := range map[string]bool{recipe.String(): true, ours.String(): false} {
		if got := lostByMaintainers(t, text) > 0; got != wantLoss {
			t.Errorf("lost changes of the maintainers: %v, want %v, in\n%s", got, wantLoss, text)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct{ strategy, track, policy string }{
		{"recovr", "field", "last-updated"}, {"recover", "fields", "last-updated"}, {"recover", "field", "mine"},
	} {
		o := options{strategy: c.strategy, track: c.track}
		if err := o.check(c.policy, nil); err == nil {
			t.Errorf("%v is taken", c)
		}
	}
}

// Files of an earlier run are left alone.
func TestFilesOfAnEarlierRun(t *testing.T) {
	dir := t.TempDir()
	backup := filepath.Join(dir, backupFile)
	if err := os.WriteFile(backup, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), io.Discard, options{track: "field", strategy: "recover", dir: dir}); err == nil || !strings.Contains(err.Error(), backup) {
		t.Errorf("the error was %v", err)
	}
	if text, err := os.ReadFile(backup); string(text) != "precious" {
		t.Errorf("the backup is now %q (%v)", text, err)
	}
}

var everyKill = flag.Bool("kills", false, "kill the example at every step, not at two of them")

// Killed at any step of the client reset, the next run finishes it and comes to the
// same report and the same content.
func TestKilled(t *testing.T) {
	steps := []string{string(replica.Downloading), string(replica.Reconciled)}
	if *everyKill {
		steps = kills
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "example")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := filepath.Join(dir, "whole")
	if out, err := exec.Command(program, "-dir", whole).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := content(t, whole)
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			there := filepath.Join(dir, step)
			out, err := exec.Command(program, "-dir", there, "-kill", step).CombinedOutput()
			if err == nil || !strings.Contains(string(out), fmt.Sprintf("killed at the step %q", step)) {
				t.Fatalf("%v\n%s", err, out)
			}
			out, err = exec.Command(program, "-dir", there).CombinedOutput()
			if err != nil || !strings.Contains(string(out), fmt.Sprintf("An earlier run was killed at the step %q of its client reset; this one has finished it.", step)) {
				t.Fatalf("%v\n%s", err, out)
			}
			if got := content(t, there); got != want {
				t.Error("another report or another content than that of an undisturbed run")
			}
			backups, err := filepath.Glob(filepath.Join(there, "backups", "*.db"))
			if err != nil || len(backups) != 1 {
				t.Errorf("the backups are %v (%v)", backups, err)
			}
		})
	}
}

// content is what a run has left: the outcomes in its report, and its live store.
func content(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Objects []struct{ Key, Outcome, Reason string }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	s := &story{options: options{dir: dir}, tracking: trackings["field"]}
	err = s.with(t.Context(), liveFile, true, func(db *store.Store) error { return db.View(t.Context(), s.readAll) })
	if err != nil {
		t.Fatal(err)
	}
	all, err := json.Marshal([]any{report, s.result})
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// lostByMaintainers reads the number from what the example printed.
func lostByMaintainers(t *testing.T, text string) (lost int) {
	t.Helper()
	_, rest, found := strings.Cut(text, "by the maintainers alone")
	if !found {
		t.Fatalf("no line about the maintainers in\n%s", text)
	}
	var made, survived int
	if _, err := fmt.Sscan(rest, &made, &survived, &lost); err != nil {
		t.Fatal(err)
	}
	return lost
}
