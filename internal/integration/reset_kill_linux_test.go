package integration

import (
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// changing are the system calls that change files or send something, with those
// that open files only where they make one.
var changing = []string{
	"open", "openat", "write", "pwrite64", "copy_file_range", "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "fchown",
	"link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir",
}

// reading are those that read files.
var reading = []string{"read", "pread64"}

// point is a system call of a process, the nth of its kind.
type point struct {
	call string
	at   int
	line string // of the trace: what it is about
}

func (p point) String() string { return fmt.Sprintf("%s %d", p.call, p.at) }

// traced runs a device under strace, with its first thread alone: it does all of its
// work on that (see the roles).
func traced(t *testing.T, role string, d sqlitestore.Driver, path string, args ...string) (out string, trace []string) {
	t.Helper()
	strace, err := osexec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: faults of system calls are not tested")
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "trace")
	process := osexec.CommandContext(t.Context(), strace, append(append([]string{"-qq", "-y", "-o", file}, args...), binary)...)
	process.Env = append(os.Environ(), envRole+"="+role, envDriver+"="+d.Name, envPath+"="+path, envSocket+"="+socketOf(path), envStep+"=")
	text, _ := process.CombinedOutput() // how it ends is in the trace
	if out = string(text); strings.Contains(strings.ToLower(out), "ptrace") {
		t.Skipf("strace is not allowed here: %s", out)
	}
	if strings.Contains(out, "panic") && !strings.Contains(out, "netpollBreak") || strings.Contains(out, "DATA RACE") {
		t.Errorf("%s %q: %s", role, args, out)
	}
	return out, strings.Split(string(read(t, file)), "\n")
}

// pointsOf lists the system calls by which a device changes something.
func pointsOf(t *testing.T, role string, d sqlitestore.Driver, path string) (points []point) {
	t.Helper()
	return slices.DeleteFunc(pointsAmong(t, changing, role, d, path), func(p point) bool {
		return strings.HasPrefix(p.call, "open") && !strings.Contains(p.line, "O_CREAT")
	})
}

// pointsAmong lists those of the system calls by which a device does something with its
// files or its connection.
func pointsAmong(t *testing.T, calls []string, role string, d sqlitestore.Driver, path string) (points []point) {
	t.Helper()
	out, trace := traced(t, role, d, path, "-e", "trace="+strings.Join(known(t, calls), ","))
	if !strings.Contains(out, "through") {
		t.Fatalf("%s: %s", role, out)
	}
	about := regexp.MustCompile(regexp.QuoteMeta(filepath.Dir(path)) + `|socket:`)
	counts := map[string]int{}
	for _, line := range trace {
		call, _, ok := strings.Cut(line, "(")
		if !ok || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") {
			continue
		}
		counts[call]++
		if about.MatchString(line) {
			points = append(points, point{call, counts[call], line})
		}
	}
	return points
}

// known are those of the system calls that this machine has.
func known(t *testing.T, of []string) (calls []string) {
	t.Helper()
	for _, call := range of {
		if osexec.Command("strace", "-o", os.DevNull, "-e", "trace="+call, "true").Run() == nil {
			calls = append(calls, call)
		}
	}
	if len(calls) == 0 {
		t.Skip("strace is not installed or not allowed here: faults of system calls are not tested")
	}
	return calls
}

// pick takes some of the points, spread over all of them.
func pick(points []point, sample int) []point {
	if *resetKills == "all" || len(points) <= sample {
		return points
	}
	var some []point
	for i := range sample {
		some = append(some, points[i*len(points)/sample])
	}
	return some
}

// killEverywhere kills a device in a role at some of the points of it, or at all,
// and then has it checked.
func killEverywhere(t *testing.T, d sqlitestore.Driver, from device, role string, sample int, check func(t *testing.T, path string, backend *memremote.Backend) bool) {
	t.Helper()
	path, _ := from.again(t)
	points := pointsOf(t, role, d, path)
	kinds := map[string]int{}
	tried, recovered := 0, 0
	for _, p := range pick(points, sample) {
		t.Run(p.String(), func(t *testing.T) {
			path, backend := from.again(t)
			_, trace := traced(t, role, d, path, "-e", "trace="+p.call, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", p.call, p.at))
			if !slices.Contains(trace, "+++ killed by SIGKILL +++") {
				t.Fatalf("it was not killed at %s", p.line)
			}
			tried++
			kinds[p.call]++
			if check(t, path, backend) && !t.Failed() {
				recovered++
			} else {
				t.Logf("it was killed at %s", p.line)
			}
		})
	}
	t.Logf("%s, %s: of %d points %d were tried and %d recovered; %v", d.Name, role, len(points), tried, recovered, kinds)
	if tried == 0 {
		t.Error("nothing was killed: the test tests nothing")
	}
}

// A process that is killed at any system call of a client reset, from the opening
// of the store to its closing, ends as one that is left alone.
func TestResetKilled(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := away(t, d)
		want := undisturbed(t, d, from)
		killEverywhere(t, d, from, "reset run", 24, func(t *testing.T, path string, backend *memremote.Backend) bool {
			return wantEnding(t, d, path, backend, want)
		})
	})
}

// So does one that was killed at a step of a reset and is killed once more when it
// goes on.
func TestResetKilledTwice(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := away(t, d)
		want := undisturbed(t, d, from)
		for _, step := range []replica.Step{replica.Downloaded, replica.Closed, replica.Reconciled, replica.Moved, replica.Swapped, replica.Settling} {
			t.Run(string(step), func(t *testing.T) {
				path, backend := from.again(t)
				dieAt(t, d, path, step)
				killEverywhere(t, d, stateNow(t, path, backend), "reset run", 2, func(t *testing.T, path string, backend *memremote.Backend) bool {
					return wantEnding(t, d, path, backend, want)
				})
			})
		}
	})
}

// A first download that is killed goes on, and what was written before it and is
// not sent stays.
func TestFillKilled(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := unfilled(t, d, 0)
		path, backend := from.again(t)
		want, err := comesTo(t, d, path, backend)
		if err != nil || len(want.Store.Fields) != 7 || len(want.Backend) != 19 {
			t.Fatalf("it comes to %+v, %v", want, err)
		}
		killEverywhere(t, d, from, "reset fill", 8, func(t *testing.T, path string, backend *memremote.Backend) bool {
			return wantEnding(t, d, path, backend, want)
		})
	})
}

// A download that takes more than one transaction goes on behind the last of them.
func TestLongFillKilled(t *testing.T) {
	d := sqlitestore.Driver{Name: "sqlite"}
	from := unfilled(t, d, 21_000)
	path, backend := from.again(t)
	want, err := comesTo(t, d, path, backend)
	if err != nil || len(want.Store.Journals) != 21_006 {
		t.Fatalf("it comes to %d objects, %v", len(want.Store.Journals), err)
	}
	path, _ = from.again(t)
	points := pointsOf(t, "reset fill", d, path)
	tried := 0
	for i := range 4 {
		p := points[(2*i+1)*len(points)/8]
		path, backend := from.again(t)
		_, trace := traced(t, "reset fill", d, path, "-e", "trace="+p.call, "-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", p.call, p.at))
		if !slices.Contains(trace, "+++ killed by SIGKILL +++") {
			t.Fatalf("it was not killed at %s", p.line)
		}
		if tried++; !wantEnding(t, d, path, backend, want) {
			t.Errorf("it was killed at %s", p.line)
		}
	}
	t.Logf("of %d points %d were tried", len(points), tried)
}

// unfilled is a device that has written and never synced, and was killed, and a
// backend with some objects, and more of them.
func unfilled(t *testing.T, d sqlitestore.Driver, more int) device {
	t.Helper()
	backend := memremote.New(memremote.Options{})
	elsewhere := mustReplica(t, memstore.New(), filepath.Join(t.TempDir(), "elsewhere"), backend)
	if err := errors.Join(seedDevices(elsewhere), elsewhere.Upload(t.Context()), elsewhere.Close()); err != nil {
		t.Fatal(err)
	}
	for i := range more {
		backend.Set("journal_item", model.StringValue(fmt.Sprintf("more %05d", i)), 0, model.Named{Name: "text", Value: model.StringValue("x")})
	}
	path := newDevice(t)
	r := mustReplica(t, d, path, backend)
	if err := writeAfterwards(r); err != nil {
		t.Fatal(err)
	}
	from := stateNow(t, path, backend)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return from
}

// synced is a device that has come through a reset, with all of it uploaded and its
// backup, and has written offline since; nobody has closed it.
func synced(t *testing.T, d sqlitestore.Driver) device {
	t.Helper()
	path, backend := away(t, d).again(t)
	r := mustReplica(t, d, path, backend)
	if err := errors.Join(resumeDevice(r), writeAfterwards(r)); err != nil {
		t.Fatal(err)
	}
	r.Stop()
	if err := onUpdate(r, edit("b", func(r *items.FieldItemRecord) { r.SetText("offline again") })); err != nil {
		t.Fatal(err)
	}
	from := stateNow(t, path, backend)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return from
}

// inDevice is what an app finds without a connection.
func inDevice(t *testing.T, d sqlitestore.Driver, path string, backend *memremote.Backend, do func(r *replica.Replica) error) (end ending, err error) {
	t.Helper()
	r, err := replica.Open(t.Context(), deviceOptions(d, path, backend))
	if err != nil {
		return end, fmt.Errorf("opening: %w", err)
	}
	if err = do(r); err == nil {
		end, err = endingOf(t, r, backend)
	}
	if err = errors.Join(err, r.Close()); err == nil {
		end.Files = filesOf(t, path)
	}
	return end, err
}

func leave(*replica.Replica) error { return nil }

// A Restore that is killed is through when the store is opened again, or nothing
// has changed; then it can be called again.
func TestRestoreKilled(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := synced(t, d)
		path, backend := from.again(t)
		before, err := inDevice(t, d, path, backend, leave)
		if err != nil {
			t.Fatal(err)
		}
		after, err := inDevice(t, d, path, backend, restoreDevice)
		if err != nil || len(after.Backups) != 2 || reflect.DeepEqual(before.Store, after.Store) {
			t.Fatalf("it comes to %+v, %v", after, err)
		}
		want, err := comesTo(t, d, path, backend)
		if err != nil {
			t.Fatal(err)
		}
		unchanged, through := 0, 0
		killEverywhere(t, d, from, "reset restore", 12, func(t *testing.T, path string, backend *memremote.Backend) bool {
			end, err := inDevice(t, d, path, backend, leave)
			switch {
			case err != nil:
				t.Error(err)
				return false
			case len(end.differs(after)) == 0:
				through++
			case len(end.differs(before)) == 0:
				unchanged++
				if end, err = inDevice(t, d, path, backend, restoreDevice); err != nil || len(end.differs(after)) > 0 {
					t.Error("once more:", err, end.differs(after))
				}
			default:
				t.Errorf("it is neither as before: %q\nnor as afterwards: %q", end.differs(before), end.differs(after))
				return false
			}
			return wantEnding(t, d, path, backend, want)
		})
		t.Logf("%d were through, and in %d nothing had changed", through, unchanged)
	})
}

// A Prune that is killed leaves a backup that is listed or none, and comes to its
// end when it is called again.
func TestPruneKilled(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := synced(t, d)
		prune := func(r *replica.Replica) error {
			_, err := r.Prune(t.Context(), replica.Retention{})
			return err
		}
		path, backend := from.again(t)
		want, err := inDevice(t, d, path, backend, prune)
		if err != nil || len(want.Backups) != 0 {
			t.Fatalf("it comes to %+v, %v", want, err)
		}
		killEverywhere(t, d, from, "reset prune", 6, func(t *testing.T, path string, backend *memremote.Backend) bool {
			end, err := inDevice(t, d, path, backend, prune)
			how := end.differs(want)
			if err != nil || len(how) > 0 {
				t.Error(err, how)
			}
			return err == nil && len(how) == 0
		})
	})
}
