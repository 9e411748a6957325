package integration

import (
	"testing"

	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

// A process that is killed at a step of a client reset, and one that is killed
// again at a later one when it goes on, end as one that is left alone.
func TestResetKilledAtSteps(t *testing.T) {
	steps := []replica.Step{replica.Downloading, replica.Downloaded, replica.Closed, replica.Reconciled, replica.Moved, replica.Swapped, replica.Settling}
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := away(t, d)
		want := undisturbed(t, d, from)
		for i, first := range steps {
			seconds := steps[i:]
			if first == replica.Settling {
				seconds = []replica.Step{""} // which is reached once
			}
			if *resetKills != "all" {
				seconds = seconds[:min(len(seconds), 2)]
			}
			for _, second := range seconds {
				t.Run(string(first)+" "+string(second), func(t *testing.T) {
					path, backend := from.again(t)
					kills := []replica.Step{first}
					if second != first && second != "" {
						kills = append(kills, second)
					}
					for _, step := range kills {
						dieAt(t, d, path, step)
					}
					process, _, out := startDevice(t, "reset resume", d, path, "")
					for out.Scan() {
					}
					if err := process.Wait(); err != nil {
						t.Fatalf("a fresh process: %v", err)
					}
					wantEnding(t, d, path, backend, want)
				})
			}
		}
	})
}

// dieAt runs a device that kills itself at a step.
func dieAt(t *testing.T, d sqlitestore.Driver, path string, step replica.Step) {
	t.Helper()
	process, _, out := startDevice(t, "reset run", d, path, step)
	for out.Scan() {
	}
	if err := process.Wait(); err == nil || process.ProcessState.ExitCode() != -1 {
		t.Fatalf("it was not killed at the step %q: %v", step, err)
	}
}
