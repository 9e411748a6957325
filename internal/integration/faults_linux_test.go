package integration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// jobs are what the disk fails in the midst of: each writes to the store at path,
// beside which lies a backup, and says a line for each write that was acknowledged.
var jobs = map[string]func(d sqlitestore.Driver, path string) error{
	"import": func(d sqlitestore.Driver, path string) error {
		return withStore(d, path, func(db *store.Store) error {
			err := db.Update(context.Background(), func(tx *store.Tx) error {
				for i := range 400 {
					v := items.FieldItem{ID: fmt.Sprintf("import %04d", i), Text: strings.Repeat("x", 2000)}
					if err := items.FieldItemRecords.Load(tx, &v, 1); err != nil {
						return err
					}
				}
				return nil
			})
			return say("imported", err)
		})
	},
	"commit": func(d sqlitestore.Driver, path string) error {
		return withStore(d, path, func(db *store.Store) error {
			var errs []error
			for i := range 5 {
				id := fmt.Sprintf("commit %d", i)
				errs = append(errs, say(id, db.Update(context.Background(), func(tx *store.Tx) error {
					return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: id, Text: strings.Repeat("y", 5000)})
				})))
			}
			return errors.Join(errs...)
		})
	},
	"apply": func(d sqlitestore.Driver, path string) error {
		backup, err := store.Open(context.Background(), d, path+".backup", &items.Schema, store.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		defer backup.Close()
		return withStore(d, path, func(db *store.Store) error {
			_, err := reconcile.New(backup, db, reconcile.Options{}).Apply(context.Background())
			return say("applied", err)
		})
	},
}

func init() {
	for name, job := range jobs {
		roles["job "+name] = func(d sqlitestore.Driver, path string) error {
			countable()
			if err := job(d, path); err != nil {
				fmt.Println("error: " + strings.ReplaceAll(err.Error(), "\n", " | "))
			}
			return nil
		}
	}
}

func withStore(d sqlitestore.Driver, path string, do func(db *store.Store) error) error {
	db, err := store.Open(context.Background(), d, path, &items.Schema, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// job makes the stores for a job: a complete one and beside it, as its backup, one
// with many unsynced changes.
func job(t *testing.T, d sqlitestore.Driver) (path string, before content) {
	t.Helper()
	path = newPath(t)
	fill(t, d, path+".backup")
	db := mustOpen(t, d, path+".backup", false)
	update(t, db, func(tx *store.Tx) error {
		for i := range 150 {
			v := items.FieldItem{ID: fmt.Sprintf("backup %04d", i), Text: strings.Repeat("z", 2000)}
			if err := items.FieldItemRecords.Replace(tx, &v); err != nil {
				return err
			}
		}
		return nil
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = mustOpen(t, d, path, false)
	update(t, db, func(tx *store.Tx) error {
		at := full("a")
		if err := items.FieldItemRecords.Load(tx, &at, 1); err != nil {
			return err
		}
		return tx.MarkSynced()
	})
	before = contentOf(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path, before
}

// outcomes are the contents that a store may have after a job has acknowledged what
// it said: exactly that, or, where the process was killed, one write more.
func outcomes(t *testing.T, d sqlitestore.Driver, name string, before content) (after []content) {
	t.Helper()
	path, _ := job(t, d)
	after = append(after, before)
	if name != "commit" {
		if err := jobs[name](d, path); err != nil {
			t.Fatal(err)
		}
		return append(after, comparable(contentOf(t, mustOpen(t, d, path, true))))
	}
	return after
}

// comparable is content without what differs between two runs: ids, stamps and the
// time of day.
func comparable(c content) content {
	c.state = state{seq: c.state.seq}
	c.Entries = slices.Clone(c.Entries)
	for i := range c.Entries {
		e := c.Entries[i].Clone()
		e.Stamp = 0
		for f := range e.Fields {
			e.Fields[f].Stamp = 0
		}
		c.Entries[i] = *e
	}
	return c
}

// The disk fails for once, or from some point on, at any system call that writes in
// the midst of a job. The error says so; the store holds what was acknowledged and
// nothing else, and works.
func TestDiskErrors(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for name := range jobs {
			t.Run(name, func(t *testing.T) {
				path, before := job(t, d)
				whole := outcomes(t, d, name, comparable(before))
				told := 0
				for call, places := range map[string][]int{
					"pwrite64": {1, 4, 12, 40, 120, 320}, "fsync": {1, 3, 5}, "fdatasync": {1, 3, 5, 8}, "ftruncate": {1},
				} {
					for _, at := range places {
						for _, fault := range []string{"error=EIO", "error=ENOSPC"} {
							if fault == "error=ENOSPC" && call != "pwrite64" {
								continue
							}
							mine := copied(t, path, "store.db")
							write(t, mine+".backup", read(t, path+".backup"))
							said, fired := injected(t, "job "+name, d, mine, call, fault, at)
							if !fired {
								break
							}
							told += checkJob(t, d, mine, fmt.Sprintf("%s %s at %d", call, fault, at), said, whole)
						}
					}
				}
				if told == 0 {
					t.Error("no fault was told: the test tests nothing")
				}
			})
		}
	})
}

// checkJob finds the store as it must be after a job said what it did, and counts
// its errors.
func checkJob(t *testing.T, d sqlitestore.Driver, path, doing string, said []string, whole []content) (errs int) {
	t.Helper()
	var acknowledged []string
	for _, line := range said {
		text, isError := strings.CutPrefix(line, "error: ")
		switch {
		case isError:
			errs++
			if !strings.Contains(text, path) || !strings.Contains(text, "disk") && !strings.Contains(text, "may they be written") {
				t.Errorf("%s: the error does not say what the matter is: %s", doing, text)
			}
		case line != "":
			acknowledged = append(acknowledged, line)
		}
	}
	db, err := open(t, d, path, &items.Schema, false)
	if err != nil {
		t.Errorf("%s: %v", doing, err)
		return errs
	}
	got := comparable(contentOf(t, db))
	if len(whole) == 2 { // all or nothing
		want := whole[min(len(acknowledged), 1)]
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: it said %q and left %d objects and %d entries, not %d and %d", doing, said, len(got.Fields), len(got.Entries), len(want.Fields), len(want.Entries))
		}
	} else {
		var ids []string
		for _, v := range got.Fields[len(whole[0].Fields):] {
			ids = append(ids, v.ID)
		}
		if !slices.Equal(ids, acknowledged) || len(got.Entries) != len(ids) {
			t.Errorf("%s: it acknowledged %q and left %q with %d entries", doing, acknowledged, ids, len(got.Entries))
		}
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "afterwards"})
	}); err != nil {
		t.Errorf("%s: afterwards: %v", doing, err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("%s: %v", doing, err)
	}
	return errs
}

// A disk that is full in the midst of a job is told as such, and the job succeeds
// once there is room.
func TestDiskFullInJobs(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for name, do := range jobs {
			t.Run(name, func(t *testing.T) {
				made, before := job(t, d)
				dir := smallDisk(t, 16<<20)
				path, ballast := filepath.Join(dir, "store.db"), filepath.Join(dir, "ballast")
				write(t, path, read(t, made))
				write(t, path+".backup", read(t, made+".backup"))
				fillDisk(t, ballast, 90<<10)
				err := do(d, path)
				wantError(t, name, err, syscall.ENOSPC, path, "make room")
				if err := os.Remove(ballast); err != nil {
					t.Fatal(err)
				}
				acknowledged := 0
				db := mustOpen(t, d, path, false)
				got := comparable(contentOf(t, db))
				if name == "commit" {
					acknowledged = len(got.Fields) - len(before.Fields)
				}
				if acknowledged >= 5 || name != "commit" && !reflect.DeepEqual(got, comparable(before)) || len(got.Entries) != acknowledged {
					t.Errorf("it left %d objects and %d entries", len(got.Fields), len(got.Entries))
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				if err := do(d, path); err != nil {
					t.Errorf("with room on the disk: %v", err)
				}
			})
		}
	})
}

// fillDisk fills a disk but for some bytes.
func fillDisk(t *testing.T, ballast string, room int) {
	t.Helper()
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := 0
	for err == nil {
		var n int
		n, err = f.Write(make([]byte, 4096))
		size += n
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(max(size-room, 0))); err != nil {
		t.Fatal(err)
	}
}

// dying is a driver whose process is killed at one of its writes.
type dying struct {
	sqlitestore.Driver
	at int
}

type dyingEngine struct {
	store.Engine
	at int
}

type dyingTx struct {
	store.EngineTx
	left int
}

func (d dying) Open(ctx context.Context, path string, schema *store.Schema, o store.DriverOptions) (store.Engine, error) {
	e, err := d.Driver.Open(ctx, path, schema, o)
	return dyingEngine{e, d.at}, err
}

func (e dyingEngine) Begin(ctx context.Context, write bool) (store.EngineTx, error) {
	tx, err := e.Engine.Begin(ctx, write)
	return &dyingTx{tx, e.at}, err
}

func (t *dyingTx) PutEntry(e *model.Entry) error {
	if t.left--; t.left == 0 {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return t.EngineTx.PutEntry(e)
}

func init() {
	roles["die applying"] = func(d sqlitestore.Driver, path string) error {
		backup, err := store.Open(context.Background(), d, path+".backup", &items.Schema, store.Options{ReadOnly: true})
		if err != nil {
			return err
		}
		db, err := store.Open(context.Background(), dying{d, 100}, path, &items.Schema, store.Options{})
		if err != nil {
			return err
		}
		// The log is hot already when the process dies.
		if err := db.Update(context.Background(), func(tx *store.Tx) error {
			row := items.FieldItem{ID: "loaded before"}
			if err := items.FieldItemRecords.Load(tx, &row, 1); err != nil {
				return err
			}
			return tx.MarkSynced()
		}); err != nil {
			return err
		}
		_, err = reconcile.New(backup, db, reconcile.Options{}).Apply(context.Background())
		return fmt.Errorf("it lives: %w", err)
	}
}

// A process that is killed while it reconciles leaves the store as it was, and
// reconciling again ends as if nothing had happened.
func TestKilledApplying(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path, _ := job(t, d)
		process, _, out := start(t, "die applying", d, path)
		for out.Scan() {
			t.Error(out.Text())
		}
		process.Wait()
		if !strings.Contains(process.ProcessState.String(), "killed") {
			t.Fatalf("the process ended by itself: %v", process.ProcessState)
		}
		if len(read(t, path+"-wal")) == 0 {
			t.Fatal("the log is empty: the test tests nothing")
		}
		db := mustOpen(t, d, path, false)
		if got := contentOf(t, db); len(got.Fields) != 2 || len(got.Entries) != 0 {
			t.Fatalf("it left %d objects and %d entries", len(got.Fields), len(got.Entries))
		}
		backup := mustOpen(t, d, path+".backup", true)
		report, err := reconcile.New(backup, db, reconcile.Options{}).Apply(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := report.Count(merge.Recovered); n < 150 {
			t.Errorf("%d objects were recovered", n)
		}
		if got := contentOf(t, db); len(got.Fields) < 152 {
			t.Errorf("there are %d objects", len(got.Fields))
		}
	})
}

// A backup on a medium that nobody can write is read, with and without a lock file
// beside it, as a store that was closed and as a file alone whose header has a log.
func TestReadOnlyMedium(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for _, kind := range []string{"closed", "with a lock", "header of a log"} {
			t.Run(kind, func(t *testing.T) {
				made := newPath(t)
				want := fill(t, d, made)
				if kind == "header of a log" {
					db := openSQL(t, d, made)
					exec(t, db, `PRAGMA journal_mode = WAL`)
					db.Close()
				}
				dir := smallDisk(t, 4<<20)
				path := filepath.Join(dir, "store.db")
				write(t, path, read(t, made))
				if kind == "with a lock" {
					write(t, path+".lock", nil)
				}
				if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					wantStore(t, d, path, want)
				}
				db := readOnlyDB(t, d, path)
				if n := count(t, db, "1"); n != len(want.Fields) {
					t.Errorf("SQL finds %d objects", n)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
				_, err := open(t, d, path, &items.Schema, false)
				wantErrno(t, "writing", err, path)
				wantErrno(t, "moving", d.Move(t.Context(), path, newPath(t)), path)
				wantErrno(t, "removing", d.Remove(t.Context(), path), path)
			})
		}
	})
}

// wantErrno finds that nothing can be written there.
func wantErrno(t *testing.T, doing string, err error, path string) {
	t.Helper()
	if !errors.Is(err, syscall.EROFS) && !errors.Is(err, fs.ErrPermission) && (err == nil || !strings.Contains(err.Error(), "readonly")) || !strings.Contains(err.Error(), path) {
		t.Errorf("%s gives %v", doing, err)
	}
}

// With its newest changes in a log a backup cannot be read there, rather than
// without them.
func TestReadOnlyMediumWithLog(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		left := copyOfAnOpenStore(t, d)
		dir := smallDisk(t, 4<<20)
		path := filepath.Join(dir, "store.db")
		write(t, path, read(t, left))
		write(t, path+"-wal", read(t, left+"-wal"))
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
		_, err := open(t, d, path, &items.Schema, true)
		if err == nil || !strings.Contains(err.Error(), path+"-wal") || !strings.Contains(err.Error(), "copy both") {
			t.Errorf("it gives %v", err)
		}
	})
}

// To another file system a store goes as a copy.
func TestMoveToAnotherDisk(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		a, b, inA, inB := two(t, d)
		to := filepath.Join(smallDisk(t, 4<<20), "store.db")
		for range 2 {
			if err := d.Link(t.Context(), a, to); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, "moving over it", d.Move(t.Context(), b, to), fs.ErrExist, to)
		wantStore(t, d, b, inB)
		wantStore(t, d, to, inA)
		if err := d.Move(t.Context(), a, to); err != nil {
			t.Fatal(err)
		}
		wantGone(t, a)
		wantStore(t, d, to, inA)
		wantError(t, "replacing from another disk", d.Replace(t.Context(), to, b), syscall.EXDEV, to)
		wantStore(t, d, b, inB)
	})
}
