package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	osexec "os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/memstore"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// The story of the tests of the client reset: a device syncs, writes offline and is
// killed, with its newest changes in the log. Meanwhile others write, and the
// backend trims its history. What the device comes back to is the same for each
// place at which something happens to it.

var resetKills = flag.String("resetkills", "sample", `at how many places of a client reset a process is killed, and system calls fail: "sample" or "all"`)

// The environment of a device in a process of its own, beside its role.
const (
	envSocket = "RESETGEN_TEST_SOCKET" // of the backend
	envStep   = "RESETGEN_TEST_STEP"   // at which it kills itself
)

// A process in one of these roles stays on its first thread from its very
// beginning, so that all it does is counted on that one.
func init() {
	for role, do := range map[string]func(r *replica.Replica) error{
		"reset prepare": prepareDevice,
		"reset run":     func(r *replica.Replica) error { return r.Upload(context.Background()) },
		"reset resume":  resumeDevice,
		"reset fill":    func(r *replica.Replica) error { return r.Download(context.Background()) },
		"reset restore": restoreDevice,
		"reset prune": func(r *replica.Replica) error {
			_, err := r.Prune(context.Background(), replica.Retention{})
			return err
		},
		"reset usable": tryDevice,
	} {
		roles[role] = asDevice(do)
	}
	if strings.HasPrefix(os.Getenv(envRole), "reset ") {
		runtime.LockOSThread()
	}
}

// asDevice is what a device does with its replica in a process of its own.
func asDevice(do func(r *replica.Replica) error) func(d sqlitestore.Driver, path string) error {
	return func(d sqlitestore.Driver, path string) error {
		backend, err := dial(os.Getenv(envSocket))
		if err != nil {
			return err
		}
		o := deviceOptions(d, path, backend)
		o.OnStep = func(s replica.Step) {
			if string(s) == os.Getenv(envStep) {
				killMyself()
			}
		}
		r, err := replica.Open(context.Background(), o)
		if err != nil {
			return err
		}
		err = errors.Join(do(r), r.Close())
		return say("through", err)
	}
}

func killMyself() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // the signal is on its way
}

var deviceTime = time.Date(2024, 9, 26, 12, 0, 0, 0, time.UTC)

func deviceOptions(d store.Driver, path string, backend remote.Remote) replica.Options {
	return replica.Options{
		Driver: d, Path: path, Schema: &items.Schema, Remote: backend,
		Backoff: 10 * time.Millisecond, Drain: time.Second, Attempts: 3,
		Now: func() time.Time { return deviceTime }, Logger: slog.New(slog.DiscardHandler),
	}
}

func onUpdate(r *replica.Replica, do ...func(tx *store.Tx) error) error {
	for _, do := range do {
		if err := r.Update(context.Background(), do); err != nil {
			return err
		}
	}
	return nil
}

// edit changes one of the items.
func edit(id string, change func(r *items.FieldItemRecord)) func(tx *store.Tx) error {
	return func(tx *store.Tx) error {
		r, err := items.FieldItemRecords.Get(tx, id)
		if err != nil {
			return err
		}
		change(r)
		return items.FieldItemRecords.Put(tx, r)
	}
}

func seedDevices(r *replica.Replica) error {
	return onUpdate(r, func(tx *store.Tx) error {
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			item := full(id)
			if err := errors.Join(
				items.FieldItemRecords.Replace(tx, &item),
				items.ObjectItemRecords.Replace(tx, &items.ObjectItem{ID: id, Text: "text", Count: 1}),
				items.JournalItemRecords.Replace(tx, &items.JournalItem{ID: id, Text: "text", Count: 1}),
			); err != nil {
				return err
			}
		}
		return nil
	})
}

// prepareDevice syncs, writes what is sent, then what is not, and is killed.
func prepareDevice(r *replica.Replica) error {
	if err := errors.Join(r.Download(context.Background()), onUpdate(r, edit("a", func(r *items.FieldItemRecord) { r.AddCount(2) })), r.Upload(context.Background())); err != nil {
		return err
	}
	if err := onUpdate(r,
		edit("a", func(r *items.FieldItemRecord) { r.SetText("ours"); r.AddCount(3); r.AddTags("ours") }),
		edit("b", func(r *items.FieldItemRecord) { r.SetText("ours"); r.AddCount(4) }),
		edit("c", func(r *items.FieldItemRecord) { r.SetText("ours, deleted by others") }),
		func(tx *store.Tx) error { return items.FieldItemRecords.Delete(tx, "d") },
		func(tx *store.Tx) error { return items.FieldItemRecords.Delete(tx, "e") },
		func(tx *store.Tx) error {
			mine := full("ours")
			return errors.Join(
				items.FieldItemRecords.Replace(tx, &mine),
				items.ObjectItemRecords.Replace(tx, &items.ObjectItem{ID: "a", Text: "ours", Count: 2}),
				items.JournalItemRecords.Replace(tx, &items.JournalItem{ID: "a", Text: "ours", Count: 2}),
			)
		},
	); err != nil {
		return err
	}
	killMyself()
	return nil
}

// writeElsewhere is what others write meanwhile.
func writeElsewhere(r *replica.Replica) error {
	return errors.Join(r.Download(context.Background()), onUpdate(r,
		edit("a", func(r *items.FieldItemRecord) { r.SetText("theirs"); r.AddCount(10); r.AddTags("theirs") }),
		edit("e", func(r *items.FieldItemRecord) { r.SetText("theirs, deleted by us") }),
		func(tx *store.Tx) error {
			theirs := full("theirs")
			return errors.Join(
				items.FieldItemRecords.Delete(tx, "c"),
				items.FieldItemRecords.Replace(tx, &theirs),
				items.JournalItemRecords.Replace(tx, &items.JournalItem{ID: "a", Text: "theirs", Count: 8}),
			)
		},
	), r.Upload(context.Background()))
}

// resumeDevice syncs by a session, as an app does that is started again.
func resumeDevice(r *replica.Replica) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := errors.Join(r.Start(), r.WaitForUpload(ctx), r.WaitForDownload(ctx)); err != nil {
		return err
	}
	idle := make(chan struct{}) // the round that downloaded is over
	var once sync.Once
	defer r.OnStatus(func(s replica.Status) {
		if s.State == replica.Idle {
			once.Do(func() { close(idle) })
		}
	})()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the session is %+v: %w", r.Status(), ctx.Err())
	}
}

// restoreDevice brings the only backup back.
func restoreDevice(r *replica.Replica) error {
	backups, err := r.Backups(context.Background())
	if err != nil || len(backups) != 1 {
		return fmt.Errorf("there are %d backups: %w", len(backups), err)
	}
	return r.Restore(context.Background(), backups[0])
}

// state of a device's files and of its backend.
type device struct {
	files   map[string]string // by their paths in the device's folder
	backend *memremote.Saved
}

// startDevice starts a device in a process of its own.
func startDevice(t *testing.T, role string, d sqlitestore.Driver, path string, step replica.Step) (*osexec.Cmd, io.Closer, *bufio.Scanner) {
	t.Helper()
	t.Setenv(envSocket, socketOf(path))
	t.Setenv(envStep, string(step))
	return start(t, role, d, path)
}

// mustReplica opens a replica, which the end of the test closes if nothing else did.
func mustReplica(t *testing.T, d store.Driver, path string, backend remote.Remote) *replica.Replica {
	t.Helper()
	r, err := replica.Open(t.Context(), deviceOptions(d, path, backend))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// newDevice is a path for a store in a folder of its own, in memory where there is
// such a folder: what a kill leaves is the same there, and sooner.
func newDevice(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "resetgen-")
	if err != nil {
		return newPath(t)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "device", "store.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// away is the device that was killed offline, and the backend that it comes back to.
func away(t *testing.T, d sqlitestore.Driver) device {
	t.Helper()
	backend := memremote.New(memremote.Options{})
	elsewhere := mustReplica(t, memstore.New(), filepath.Join(t.TempDir(), "elsewhere"), backend)
	if err := errors.Join(seedDevices(elsewhere), elsewhere.Upload(t.Context())); err != nil {
		t.Fatal(err)
	}
	path := newDevice(t)
	serve(t, backend, socketOf(path))
	process, _, _ := startDevice(t, "reset prepare", d, path, "")
	if err := process.Wait(); err == nil || process.ProcessState.Exited() {
		t.Fatalf("the device was not killed: %v", err)
	}
	if runtime.GOOS != "windows" && len(read(t, path+"-wal")) == 0 {
		t.Fatal("the log is empty: the tests begin without one")
	}
	if err := writeElsewhere(elsewhere); err != nil {
		t.Fatal(err)
	}
	backend.Trim(backend.Position())
	return stateNow(t, path, backend)
}

// socketOf is where a device finds its backend: not among its files, so that these
// can be listed and copied.
func socketOf(path string) string { return filepath.Dir(path) + ".sock" }

func stateNow(t *testing.T, path string, backend *memremote.Backend) device {
	t.Helper()
	s := device{map[string]string{}, backend.Save()}
	dir := filepath.Dir(path)
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(name, "-shm") {
			return err
		}
		s.files[strings.TrimPrefix(name, dir)] = string(read(t, name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// again makes the device and its backend as they were, in a folder of their own.
func (s device) again(t *testing.T) (path string, backend *memremote.Backend) {
	t.Helper()
	path = newDevice(t)
	return path, s.at(t, path)
}

func (s device) at(t *testing.T, path string) *memremote.Backend {
	t.Helper()
	for name, text := range s.files {
		file := filepath.Join(filepath.Dir(path), name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, file, []byte(text))
	}
	backend := memremote.New(memremote.Options{})
	backend.Restore(s.backend)
	serve(t, backend, socketOf(path))
	return backend
}

// ending is what a story comes to.
type ending struct {
	Store   content
	Backend []remote.Object
	Reports []string // of the backups, without ids and paths
	Backups []string // what their manifests say, but for the same
	Files   []string // without the names of backups
}

// comesTo syncs a device until everything is uploaded and tells what is there then.
func comesTo(t *testing.T, d sqlitestore.Driver, path string, backend *memremote.Backend) (end ending, err error) {
	t.Helper()
	r, err := replica.Open(t.Context(), deviceOptions(d, path, backend))
	if err != nil {
		return end, fmt.Errorf("opening: %w", err)
	}
	err = resumeDevice(r)
	if err == nil {
		end, err = endingOf(t, r, backend)
	}
	if err = errors.Join(err, r.Close()); err == nil {
		end.Files = filesOf(t, path)
	}
	return end, err
}

func endingOf(t *testing.T, r *replica.Replica, backend *memremote.Backend) (end ending, err error) {
	t.Helper()
	err = r.View(t.Context(), func(tx *store.Tx) (err error) {
		end.Store, err = list(tx)
		return err
	})
	end.Store.state = state{}
	backups, errBackups := r.Backups(t.Context())
	if err = errors.Join(err, errBackups); err != nil {
		return end, err
	}
	for _, b := range backups {
		if err := r.Verify(t.Context(), b); err != nil {
			return end, err
		}
		text, err := os.ReadFile(b.ReportPath)
		if err != nil {
			return end, err
		}
		var report replica.Report
		if err := json.Unmarshal(text, &report); err != nil {
			return end, err
		}
		report.Backup, report.BackupID, report.Fresh, report.Restored = "", "", "", strings.TrimPrefix(report.Restored, filepath.Dir(r.Path()))
		text, err = json.Marshal(&report)
		if err != nil {
			return end, err
		}
		end.Reports = append(end.Reports, string(text))
		pinned, _, _ := strings.Cut(b.Pinned, filepath.Dir(r.Path()))
		end.Backups = append(end.Backups, fmt.Sprintf("%s, %d objects, %v, failed %d, settled %t, pinned %q", b.Reason, b.Total, b.Counts, b.Failed, b.Settled, pinned))
	}
	slices.Sort(end.Reports) // backups of one second may be in any order
	slices.Sort(end.Backups)
	end.Backend = backend.All()
	return end, nil
}

// filesOf lists the files of a device that nobody has open. The names of backups
// have a time and a random part.
func filesOf(t *testing.T, path string) (names []string) {
	t.Helper()
	dir := filepath.Dir(path)
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name = strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(name, dir)), "/")
		if rest, ok := strings.CutPrefix(name, "backups/store-"); ok {
			_, suffix, _ := strings.Cut(rest, ".")
			name = "backups/store-*." + suffix
		}
		names = append(names, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// differs tells in which parts an ending is another one, and where.
func (e ending) differs(want ending) (how []string) {
	got, wanted := reflect.ValueOf(e), reflect.ValueOf(want)
	for i := range got.NumField() {
		a, b := got.Field(i).Interface(), wanted.Field(i).Interface()
		if reflect.DeepEqual(a, b) {
			continue
		}
		textA, _ := json.Marshal(a)
		textB, _ := json.Marshal(b)
		at := 0
		for at < min(len(textA), len(textB)) && textA[at] == textB[at] {
			at++
		}
		from := max(at-100, 0)
		how = append(how, fmt.Sprintf("%s: %s\nand not %s", got.Type().Field(i).Name, textA[from:min(at+300, len(textA))], textB[from:min(at+300, len(textB))]))
	}
	return how
}

// undisturbed is what the story comes to when nothing happens to the device.
func undisturbed(t *testing.T, d sqlitestore.Driver, from device) ending {
	t.Helper()
	path, backend := from.again(t)
	end, err := comesTo(t, d, path, backend)
	if err != nil {
		t.Fatal(err)
	}
	var counts []string
	for _, v := range end.Store.Fields {
		counts = append(counts, fmt.Sprintf("%s %d", v.ID, v.Count))
	}
	told := fmt.Sprint(counts, end.Store.Journals[0].Count, len(end.Store.Entries), len(end.Backend), len(end.Reports))
	if told != "[a 18 b 7 c 3 e 3 f 3 ours 3 theirs 3] 9 0 19 1" {
		t.Fatalf("the story is not the one that the tests are about, it comes to %s", told)
	}
	return end
}

// wantEnding finds that a device ends as an undisturbed one does.
func wantEnding(t *testing.T, d sqlitestore.Driver, path string, backend *memremote.Backend, want ending) (ok bool) {
	t.Helper()
	end, err := comesTo(t, d, path, backend)
	if err != nil {
		t.Error(err)
		return false
	}
	how := end.differs(want)
	for _, how := range how {
		t.Error(how)
	}
	return len(how) == 0
}

// tryDevice uploads, whatever comes of it, and then reads and writes as an app does.
func tryDevice(r *replica.Replica) error {
	tell := func(doing string, err error) {
		if err != nil {
			fmt.Printf("%s: %s\n", doing, strings.ReplaceAll(err.Error(), "\n", " | "))
			return
		}
		fmt.Println(doing)
	}
	tell("uploaded", r.Upload(context.Background()))
	tell("read", readDevice(r))
	tell("wrote", writeAfterwards(r))
	return nil
}

func readDevice(r *replica.Replica) error {
	return r.View(context.Background(), func(tx *store.Tx) error {
		_, err := list(tx)
		return err
	})
}

func writeAfterwards(r *replica.Replica) error {
	return onUpdate(r, func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "written afterwards", Text: "x"})
	})
}
