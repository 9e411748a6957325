package boltstore

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

var faults = flag.String("faults", "sample", `at how many of its system calls the disk fails a store: "sample" or "all"`)

// jobs are what the disk fails in the midst of: each writes to the store at path, beside
// which lies a backup, and tells of each write that was acknowledged.
var jobs = map[string]func(path string, tell func(done string)) error{
	"import": func(path string, tell func(done string)) error {
		return withStore(path, func(db *store.Store) error {
			err := db.Update(context.Background(), func(tx *store.Tx) error {
				for i := range 300 {
					v := items.FieldItem{ID: fmt.Sprintf("import %04d", i), Text: strings.Repeat("x", 2000)}
					if err := items.FieldItemRecords.Load(tx, &v, 1); err != nil {
						return err
					}
				}
				return nil
			})
			if err == nil {
				tell("imported")
			}
			return err
		})
	},
	"commit": func(path string, tell func(done string)) error {
		return withStore(path, func(db *store.Store) error {
			var errs []error
			for i := range 4 {
				id := fmt.Sprintf("commit %d", i)
				err := db.Update(context.Background(), func(tx *store.Tx) error {
					return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: id, Text: strings.Repeat("y", 50_000)})
				})
				if err == nil {
					tell(id)
				}
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		})
	},
	"apply": func(path string, tell func(done string)) error {
		backup, err := store.Open(context.Background(), Driver{}, path+".backup", &items.Schema, store.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		defer backup.Close()
		return withStore(path, func(db *store.Store) error {
			_, err := reconcile.New(backup, db, reconcile.Options{}).Apply(context.Background())
			if err == nil {
				tell("applied")
			}
			return err
		})
	},
}

func init() {
	for name, job := range jobs {
		roles["job "+name] = func(path string) error {
			runtime.LockOSThread() // strace counts the calls of each thread
			if err := job(path, func(done string) { fmt.Println(done) }); err != nil {
				fmt.Println("error: " + strings.ReplaceAll(err.Error(), "\n", " | "))
			}
			return nil
		}
	}
}

func withStore(path string, do func(db *store.Store) error) error {
	// Another test may be starting a process, which has the file until it is running.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := store.Open(ctx, Driver{}, path, &items.Schema, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// job makes the stores for a job: a complete one and beside it, as its backup, one with
// many unsynced changes.
func job(t *testing.T) string {
	t.Helper()
	path := newPath(t)
	load := func(tx *store.Tx) error {
		for i := range 20 {
			if err := items.FieldItemRecords.Load(tx, &items.FieldItem{ID: fmt.Sprintf("backup %04d", 5*i)}, 1); err != nil {
				return err
			}
		}
		return tx.MarkSynced()
	}
	must(t, "filling", withStore(path, func(db *store.Store) error { return db.Update(t.Context(), load) }))
	must(t, "filling", withStore(path+".backup", func(db *store.Store) error {
		return db.Update(t.Context(), func(tx *store.Tx) error {
			if err := load(tx); err != nil {
				return err
			}
			for i := range 100 {
				v := items.FieldItem{ID: fmt.Sprintf("backup %04d", i), Text: strings.Repeat("z", 2000)}
				if err := items.FieldItemRecords.Replace(tx, &v); err != nil {
					return err
				}
			}
			return nil
		})
	}))
	return path
}

// itemsIn is what a store holds, and what is unsynced of it, as text.
func itemsIn(t *testing.T, path string) (text string) {
	t.Helper()
	must(t, "reading", withStore(path, func(db *store.Store) error {
		return db.View(t.Context(), func(tx *store.Tx) error {
			for r, err := range items.FieldItemRecords.All(tx) {
				if err != nil {
					return err
				}
				text += r.ID() + ": " + r.Text() + "\n"
			}
			for e, err := range tx.Entries() {
				if err != nil {
					return err
				}
				text += fmt.Sprintf("%s %s %d\n", e.Key.Text(), e.Change, len(e.Fields))
			}
			return nil
		})
	}))
	return text
}

// after is what the store holds after the writes of a job that are named.
func after(t *testing.T, name, path string) func(done ...string) string {
	t.Helper()
	before := itemsIn(t, path)
	if name == "commit" {
		return func(done ...string) string {
			text := before
			for _, id := range done {
				text += id + ": " + strings.Repeat("y", 50_000) + "\n"
			}
			for _, id := range done {
				text += id + " created 1\n"
			}
			return text
		}
	}
	mine := copied(t, path, directory(t))
	must(t, name, jobs[name](mine, func(string) {}))
	whole := itemsIn(t, mine)
	return func(done ...string) string {
		if len(done) == 0 {
			return before
		}
		return whole
	}
}

// copied copies the stores of a job to a folder.
func copied(t *testing.T, path, dir string) string {
	t.Helper()
	mine := filepath.Join(dir, "store.db")
	write(t, mine, read(t, path))
	write(t, mine+".backup", read(t, path+".backup"))
	return mine
}

// The disk fails at any system call that writes in the midst of a job. The error says
// so; the store holds what was acknowledged, and what an error leaves open, and works.
func TestDiskErrors(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: faults of system calls are not tested")
	}
	for name := range jobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := job(t)
			want := after(t, name, path)
			told, runs := 0, 0
			for call, errnos := range map[string][]string{"pwrite64": {"EIO", "ENOSPC"}, "fdatasync": {"EIO"}, "fsync": {"EIO"}, "ftruncate": {"EIO"}} {
				for _, errno := range errnos {
					for at := 1; ; at++ {
						if *faults == "sample" {
							at += at / 2
						}
						mine := copied(t, path, directory(t))
						said, fired := failedAt(t, strace, "job "+name, mine, call, errno, at)
						if !fired {
							break
						}
						runs++
						if checkJob(t, mine, fmt.Sprintf("%s %s at %d", call, errno, at), said, want) {
							told++
						}
					}
				}
			}
			if told < runs/2 || runs < 5 {
				t.Errorf("of %d faults %d were told: the test tests little", runs, told)
			}
			t.Logf("of %d faults %d were told", runs, told)
		})
	}
}

// failedAt runs a job in a second process under strace, which fails the call. It tells
// whether the process came that far.
func failedAt(t *testing.T, strace, role, path, call, errno string, at int) (said []string, fired bool) {
	t.Helper()
	trace := filepath.Join(directory(t), "trace")
	process := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", trace, "-e", "trace="+call,
		"-e", fmt.Sprintf("inject=%s:error=%s:when=%d", call, errno, at), os.Args[0])
	process.Env = append(os.Environ(), envRole+"="+role, envPath+"="+path)
	var out, errs bytes.Buffer
	process.Stdout, process.Stderr = &out, &errs
	err := process.Run()
	if strings.Contains(strings.ToLower(errs.String()), "ptrace") {
		t.Skipf("strace is not allowed here: %s", &errs)
	}
	if err != nil || errs.Len() > 0 {
		t.Errorf("%s, %s %s at %d: %v %s", role, call, errno, at, err, &errs)
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n"), bytes.Contains(read(t, trace), []byte("(INJECTED)"))
}

// checkJob finds the store as it must be after a job told what it did, and tells whether
// there was an error.
func checkJob(t *testing.T, path, doing string, said []string, after func(done ...string) string) (told bool) {
	t.Helper()
	var done []string
	open := false // whether the write that failed is in the store
	for _, line := range said {
		switch text, isError := strings.CutPrefix(line, "error: "); {
		case isError:
			told, open = true, strings.Contains(text, "is not known")
			if !strings.Contains(text, path) || !strings.Contains(text, "input/output error") && !strings.Contains(text, "no space left") {
				t.Errorf("%s: the error does not say what the matter is: %s", doing, text)
			}
		case line != "":
			done = append(done, line)
		}
	}
	got := itemsIn(t, path)
	if open && got != after(done...) { // nothing was written since
		done = append(done, fmt.Sprintf("commit %d", len(done)))
	}
	if got != after(done...) {
		t.Errorf("%s: it told %.1000q and left\n%.2000s", doing, said, got)
	}
	must(t, doing+": afterwards", withStore(path, func(db *store.Store) error {
		return db.Update(t.Context(), func(tx *store.Tx) error {
			return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "afterwards"})
		})
	}))
	return told
}

// A disk that is full in the midst of a job is told as such, and the job succeeds once
// there is room.
func TestDiskFull(t *testing.T) {
	for name, do := range jobs {
		t.Run(name, func(t *testing.T) {
			made := job(t)
			want := after(t, name, made)
			dir := smallDisk(t, 16<<20)
			path, ballast := copied(t, made, dir), filepath.Join(dir, "ballast")
			fillDisk(t, ballast)
			var acknowledged []string
			err := do(path, func(done string) { acknowledged = append(acknowledged, done) })
			wantError(t, name, err, syscall.ENOSPC, path)
			must(t, "making room", os.Remove(ballast))
			if got := itemsIn(t, path); got != want(acknowledged...) {
				t.Errorf("it acknowledged %q and left\n%.2000s", acknowledged, got)
			}
			must(t, "with room on the disk", do(path, func(string) {}))
		})
	}
}

// smallDisk mounts a file system of a few bytes, where this is allowed.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := directory(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() { must(t, "taking the small disk away", syscall.Unmount(dir, 0)) })
	return dir
}

// fillDisk fills a disk to the last byte.
func fillDisk(t *testing.T, ballast string) {
	t.Helper()
	f, err := os.Create(ballast)
	must(t, "filling the disk", err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	wantError(t, "filling the disk", err, syscall.ENOSPC)
}
