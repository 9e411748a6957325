package replica_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// killed plays a reset in which the process is killed at the nth moment, and again
// at the mth of the next one (0 is never), and gives what everybody has in the end.
func killed(t *testing.T, n, m int) (end string, at []string) {
	world(t, func(t *testing.T, backend *memremote.Backend) {
		var c crasher
		a, b := newDevice(t, backend, c.wire), newDevice(t, backend, nil)
		for _, id := range []string{"x", "y", "gone", "back"} {
			a.set(id, write("base", 1))
		}
		syncAll(a, b)
		b.set("y", write("theirs", 4))
		syncAll(b)
		a.set("x", write("mine", 2))
		a.set("y", func(f *items.FieldItemRecord) { f.AddCount(2); f.SetList([]string{"mine"}); f.AddTags("mine") })
		a.set("new", write("mine", 1))
		a.delete("gone")
		a.delete("back")
		a.set("back", write("again", 8))
		backend.Reset(a.client(), remote.Operator)
		for _, arm := range []int{n, m} {
			c.arm(arm)
			a.begin()
			time.Sleep(time.Minute)
			if c.where() == "" {
				break
			}
			at = append(at, c.where())
			a.Close()
			c.arm(0)
			a.open()
		}
		c.arm(0)
		syncAll(a, b)
		a.clean()
		if a.content() != b.content() {
			t.Errorf("killed %q: it has\n%s\nand the other one\n%s", at, a.content(), b.content())
		}
		backups := a.backups(1)
		if b := backups[0]; !b.Settled || b.Total != 5 || b.Reason != remote.Operator {
			t.Errorf("killed %q: %+v", at, b)
		}
		end = a.content()
		for _, o := range backend.All() {
			end += fmt.Sprintf("\n%s %v", o.Key.Text(), o.Fields)
		}
	})
	// Stamps differ from run to run.
	var lines []string
	for line := range strings.SplitSeq(end, "\n") {
		if strings.HasPrefix(line, "{") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), at
}

// A process that is killed at any moment of a reset goes on with it when it is
// started again, and the result is that of one that was not disturbed.
func TestKilled(t *testing.T) {
	want, _ := killed(t, 0, 0)
	seen := map[string]bool{}
	for n := 1; ; n++ {
		got, at := killed(t, n, 0)
		if got != want {
			t.Errorf("killed %q:\n%s\nwant\n%s", at, got, want)
		}
		if len(at) == 0 {
			break
		}
		seen[at[0]] = true
	}
	for _, moment := range []string{
		"before Settle", "after Settle", "in Snapshot", beforeCommit, afterCommit, "step downloading", "step downloaded", "step closed",
		"step reconciled", "before Link", "after Link", "step moved", "before Replace", "after Replace", "step swapped", "step settling",
		"in Pull", "before Push", "after Push",
	} {
		if !seen[moment] {
			t.Errorf("it was never killed %s", moment)
		}
	}
}

// It may be killed again while it goes on.
func TestKilledTwice(t *testing.T) {
	want, _ := killed(t, 0, 0)
	for n := 4; n < 30; n += 5 {
		for m := 1; m < 12; m += 4 {
			if got, at := killed(t, n, m); got != want {
				t.Errorf("killed %q:\n%s\nwant\n%s", at, got, want)
			}
		}
	}
}
