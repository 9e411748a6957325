package integration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
)

const nobody = 65534

func init() {
	roles["nobody"] = func(d sqlitestore.Driver, path string) error {
		if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
		return asDevice(tryDevice)(d, path)
	}
	roles["sql"] = holdWithSQL
}

// holdWithSQL is another program that knows nothing of stores and has the file open.
func holdWithSQL(d sqlitestore.Driver, path string) error {
	db, err := sql.Open(d.Name, path)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	var n int
	if err := db.QueryRow(`SELECT count(*) FROM field_item`).Scan(&n); err != nil {
		return err
	}
	fmt.Println("open")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, db.Close())
}

// endings are what a device comes to whose app writes once more: before the reset
// that then takes it along, or after it.
type endings struct{ before, after ending }

func endingsOf(t *testing.T, d sqlitestore.Driver, from device) (e endings) {
	t.Helper()
	path, backend := from.again(t)
	r := mustReplica(t, d, path, backend)
	if err := errors.Join(writeAfterwards(r), r.Close()); err != nil {
		t.Fatal(err)
	}
	var err error
	if e.before, err = comesTo(t, d, path, backend); err != nil {
		t.Fatal(err)
	}
	path, backend = from.again(t)
	if _, err = comesTo(t, d, path, backend); err != nil {
		t.Fatal(err)
	}
	if e.after, err = comesToWritten(t, d, path, backend); err != nil {
		t.Fatal(err)
	}
	e.before, e.after = e.before.unstamped(), e.after.unstamped()
	return e
}

// comesToWritten has a device write, unless it has already, and sync.
func comesToWritten(t *testing.T, d sqlitestore.Driver, path string, backend *memremote.Backend) (end ending, err error) {
	t.Helper()
	r, err := replica.Open(t.Context(), deviceOptions(d, path, backend))
	if err != nil {
		return end, fmt.Errorf("opening: %w", err)
	}
	if err := errors.Join(writeAfterwards(r), r.Close()); err != nil {
		return end, err
	}
	return comesTo(t, d, path, backend)
}

// unstamped is an ending without stamps: they tell apart when the app has written.
func (e ending) unstamped() ending {
	e.Backend = slices.Clone(e.Backend)
	for i := range e.Backend {
		e.Backend[i].Stamp = 0
		e.Backend[i].Fields = slices.Clone(e.Backend[i].Fields)
		for f := range e.Backend[i].Fields {
			e.Backend[i].Fields[f].Stamp = 0
		}
	}
	return e
}

// wantEither finds that a device whose fault is gone ends in one of the ways in
// which an undisturbed one ends.
func wantEither(t *testing.T, d sqlitestore.Driver, path string, backend *memremote.Backend, want endings) {
	t.Helper()
	end, err := comesToWritten(t, d, path, backend)
	if err != nil {
		t.Errorf("the fault is gone: %v", err)
		return
	}
	end = end.unstamped()
	before, after := end.differs(want.before), end.differs(want.after)
	if len(before) > 0 && len(after) > 0 {
		t.Errorf("it ends in another way: %s\nor %s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
}

// A disk that fills up at any step of a reset is told as such. The app goes on with
// its store, or is told that it cannot before there is room, and when there is the
// same process goes on with the reset and ends as an undisturbed one.
func TestResetDiskFull(t *testing.T) {
	steps := []replica.Step{"", replica.Downloading, replica.Downloaded, replica.Closed, replica.Reconciled, replica.Moved, replica.Swapped, replica.Settling}
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := away(t, d)
		want := endingsOf(t, d, from)
		told, usable, refused := 0, 0, 0
		for _, step := range steps {
			for _, room := range []int{0, 4 << 10, 32 << 10, 96 << 10} {
				t.Run(fmt.Sprintf("%s %d", step, room), func(t *testing.T) {
					disk := smallDisk(t, 8<<20)
					path, ballast := filepath.Join(disk, "device", "store.db"), filepath.Join(disk, "ballast")
					backend := from.at(t, path)
					o := deviceOptions(d, path, backend)
					full := false
					o.OnStep = func(s replica.Step) {
						if s == step && !full {
							full = true
							fillDisk(t, ballast, room)
						}
					}
					r, err := replica.Open(t.Context(), o)
					if err != nil {
						t.Fatal(err)
					}
					defer r.Close()
					if step == "" {
						o.OnStep("")
					}
					if err := r.Upload(t.Context()); err != nil {
						told++
						if !isFull(err) {
							t.Errorf("the error does not say that the disk is full: %v", err)
						}
					}
					for _, err := range []error{readDevice(r), writeAfterwards(r)} {
						switch {
						case err == nil:
							usable++
						case isFull(err):
							refused++
						default:
							t.Errorf("the error does not say that the disk is full: %v", err)
						}
					}
					if !full {
						t.Fatal("it did not come to the step")
					}
					if err := os.Remove(ballast); err != nil {
						t.Fatal(err)
					}
					if err := errors.Join(r.Upload(t.Context()), readDevice(r), writeAfterwards(r), r.Close()); err != nil {
						t.Fatalf("with room on the disk: %v", err)
					}
					wantEither(t, d, path, backend, want)
				})
			}
		}
		t.Logf("%d uploads were told that the disk is full; then %d reads and writes worked and %d were refused", told, usable, refused)
		if told == 0 {
			t.Error("the disk was never full: the test tests nothing")
		}
	})
}

// isFull tells whether an error says that a disk is full. Where SQLite cannot make
// the index of its log larger it says only that the disk has an error.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EIO) && strings.Contains(err.Error(), "check the disk")
}

// A disk that fails at a system call of a reset, once, is told as such, or nobody
// needs to know. The app goes on with its store, or is told why not; the next
// process ends as an undisturbed one.
func TestResetDiskErrors(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := away(t, d)
		want := endingsOf(t, d, from)
		path, _ := from.again(t)
		points := slices.DeleteFunc(pointsAmong(t, slices.Concat(changing, reading), "reset usable", d, path), func(p point) bool {
			return strings.Contains(p.line, "socket:") || strings.Contains(p.line, " = -1 ")
		})
		told, usable, refused, opened := 0, 0, 0, 0
		var few []point // there are few calls that make names, and each of them is a step
		many := map[string][]point{}
		for _, p := range points {
			if strings.HasPrefix(p.call, "link") || strings.HasPrefix(p.call, "rename") {
				few = append(few, p)
			} else {
				many[p.call] = append(many[p.call], p)
			}
		}
		if len(few) == 0 {
			t.Error("nothing was linked or renamed")
		}
		tried := few
		for _, call := range slices.Sorted(maps.Keys(many)) {
			tried = append(tried, pick(many[call], 4)...)
		}
		for _, p := range tried {
			t.Run(p.String(), func(t *testing.T) {
				path, backend, out := failingAt(t, d, from, p)
				said := map[string]string{}
				for line := range strings.Lines(out) {
					doing, what, _ := strings.Cut(strings.TrimSpace(line), ": ")
					said[doing] = what
					switch {
					case doing == "through":
					case doing == "read" || doing == "wrote":
						if what == "" {
							usable++
						} else {
							refused++
						}
					case doing == "uploaded" && what != "":
						told++
					case doing != "uploaded":
						opened++ // it could not be opened, or closed
						what = line
					}
					if what != "" && !saysWhy(p, what) {
						t.Errorf("the error does not say what the matter is: %s", line)
					}
				}
				reads := slices.Contains(reading, p.call) // what failed once can be read the next time
				if wrote, ok := said["wrote"]; ok && said["read"] != "" && wrote == "" && !reads {
					t.Errorf("it writes what it cannot read: %s", out)
				}
				wantEither(t, d, path, backend, want)
				if t.Failed() {
					t.Logf("it failed at %s\n%s", p.line, out)
				}
			})
		}
		t.Logf("%s: of %d points %d failed; %d uploads were told; then %d reads and writes worked and %d were refused; %d could not open or close", d.Name, len(points), len(tried), told, usable, refused, opened)
		if told == 0 {
			t.Error("nothing was told: the test tests nothing")
		}
	})
}

// saysWhy tells whether an error says that a disk has failed, as far as SQLite knows: a
// file that it cannot open to be written it tries to read, and what it cannot read it may
// take for damaged.
func saysWhy(p point, what string) bool {
	says := []string{"input/output error", "disk I/O error"}
	switch {
	case strings.HasPrefix(p.call, "open"):
		says = append(says, "cannot open the file", "readonly database")
	case slices.Contains(reading, p.call):
		says = append(says, "the store is damaged", "unable to get the page")
	}
	return slices.ContainsFunc(says, func(s string) bool { return strings.Contains(what, s) })
}

// failingAt runs a device one of whose system calls fails. Now and then Go's own
// runtime writes something to wake itself, which is then the one that is counted, or was
// when the calls were listed: the device is run again, and the neighbours are tried.
func failingAt(t *testing.T, d sqlitestore.Driver, from device, p point) (path string, backend *memremote.Backend, out string) {
	t.Helper()
	for try := range 12 {
		path, backend = from.again(t)
		var trace []string
		at := max(1, p.at+[]int{0, -1, 1}[try%3])
		out, trace = traced(t, "reset usable", d, path, "-e", "trace="+p.call, "-e", fmt.Sprintf("inject=%s:error=EIO:when=%d", p.call, at))
		for _, line := range trace {
			if strings.Contains(line, "(INJECTED)") && strings.Contains(line, filepath.Dir(path)) {
				return path, backend, out
			}
		}
	}
	t.Fatalf("it did not come to %s", p.line)
	return
}

// Where there can be no backup there is no reset: each attempt is undone, the last
// one gives up, and the app has its store all the time. When the matter is seen to,
// ResetNow ends as an undisturbed reset.
func TestResetWithoutBackups(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := away(t, d)
		want := undisturbed(t, d, from)
		path, backend := from.again(t)
		folder := filepath.Join(filepath.Dir(path), "backups")
		write(t, folder, []byte("Dear diary,\n"))
		o := deviceOptions(d, path, backend)
		fell := 0
		o.Fallback = func(_ context.Context, err error) {
			fell++
			wantError(t, "the fallback", err, replica.ErrResetGaveUp, folder)
		}
		r, err := replica.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		failed := make(chan error, 1)
		defer r.OnStatus(func(s replica.Status) {
			if s.State == replica.Failed {
				failed <- s.Err
			}
		})()
		if err := r.Start(); err != nil {
			t.Fatal(err)
		}
		wantError(t, "the session", <-failed, replica.ErrResetGaveUp, folder)
		if fell != 1 {
			t.Errorf("the fallback was called %d times", fell)
		}
		if got, want := string(read(t, folder)), "Dear diary,\n"; got != want {
			t.Errorf("of the diary is left %q", got)
		}
		if err := readDevice(r); err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if files := filesOf(t, path); !slices.Equal(files, []string{"backups", "store.db", "store.db.lock", "store.db.reset"}) {
			t.Errorf("it leaves %q", files)
		}

		r = mustReplica(t, d, path, backend)
		wantError(t, "uploading", r.Upload(t.Context()), replica.ErrResetGaveUp)
		if err := errors.Join(readDevice(r), os.Remove(folder)); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(r.ResetNow(t.Context()), r.Close()); err != nil {
			t.Fatal(err)
		}
		end, err := comesTo(t, d, path, backend)
		for i := range want.Backups { // why it was made is another matter
			want.Backups[i] = strings.Replace(want.Backups[i], "history trimmed", "asked by this app", 1)
		}
		if how := end.differs(want); err != nil || len(how) > 0 {
			t.Error(err, strings.Join(how, "\n"))
		}
	})
}

// Attempts are counted over the processes that make them: opening the store is one.
func TestAttemptsOfProcesses(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path, backend := away(t, d).again(t)
		write(t, filepath.Join(filepath.Dir(path), "backups"), nil)
		for _, gaveUp := range []bool{false, true} {
			r := mustReplica(t, d, path, backend)
			if err := r.Upload(t.Context()); err == nil || errors.Is(err, replica.ErrResetGaveUp) != gaveUp {
				t.Errorf("it gives %v", err)
			}
			if err := errors.Join(readDevice(r), r.Close()); err != nil {
				t.Error(err)
			}
		}
	})
}

// A user who may not write to the folder of the backups is told so, and has the
// store.
func TestResetByAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := away(t, d)
		want := endingsOf(t, d, from)
		path, backend := from.again(t)
		dir := filepath.Dir(path)
		folder := filepath.Join(dir, "backups")
		err := errors.Join(os.Mkdir(folder, 0o700), os.Chown(dir, nobody, nobody), os.Chmod(socketOf(path), 0o777))
		for name := range from.files {
			err = errors.Join(err, os.Chown(filepath.Join(dir, name), nobody, nobody))
		}
		for up := filepath.Dir(dir); up != os.TempDir() && up != "/dev/shm" && up != "/"; up = filepath.Dir(up) {
			err = errors.Join(err, os.Chmod(up, 0o755)) // the way to the store
		}
		if err != nil {
			t.Fatal(err)
		}
		process, _, out := startDevice(t, "nobody", d, path, "")
		var said []string
		for out.Scan() {
			said = append(said, out.Text())
		}
		if err := process.Wait(); err != nil {
			t.Fatal(err)
		}
		if len(said) != 4 || !strings.Contains(said[0], "permission denied") || !strings.Contains(said[0], folder) || !slices.Equal(said[1:], []string{"read", "wrote", "through"}) {
			t.Errorf("it says %q", said)
		}
		wantEither(t, d, path, backend, want)
	})
}

// While another program has the live store open there is no reset; the app has its
// store, and when the other one has gone the next session ends as an undisturbed
// one.
func TestResetBesideAnotherProgram(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		from := away(t, d)
		want := endingsOf(t, d, from)
		path, backend := from.again(t)
		r := mustReplica(t, d, path, backend)
		if err := readDevice(r); err != nil {
			t.Fatal(err)
		}
		process, in, out := start(t, "sql", d, path)
		if !out.Scan() || out.Text() != "open" {
			t.Fatalf("the second process says %q", out.Text())
		}
		for range 5 { // more often than attempts fail: these are none
			wantError(t, "uploading", r.Upload(t.Context()), replica.ErrResetNeedsRestart, path)
			if err := errors.Join(readDevice(r), writeAfterwards(r)); err != nil {
				t.Error(err)
			}
		}
		in.Close()
		if err := process.Wait(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(resumeDevice(r), r.Close()); err != nil {
			t.Fatal(err)
		}
		wantEither(t, d, path, backend, want)
	})
}
