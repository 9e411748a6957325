package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// The environment of a test binary that is a test's second process: what it does,
// with which driver and in which store.
const (
	envRole   = "RESETGEN_TEST_ROLE"
	envDriver = "RESETGEN_TEST_DRIVER"
	envPath   = "RESETGEN_TEST_PATH"
)

// roles are what a second process does with its store. It tells of it on its
// standard output, line by line.
var roles = map[string]func(d sqlitestore.Driver, path string) error{
	"die":  writeAndDie,
	"hold": func(d sqlitestore.Driver, path string) error { return hold(d, path, false) },
	"read": func(d sqlitestore.Driver, path string) error { return hold(d, path, true) },
	"try":  tryToOpen,
}

func TestMain(m *testing.M) {
	role, ok := roles[os.Getenv(envRole)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := role(sqlitestore.Driver{Name: os.Getenv(envDriver)}, os.Getenv(envPath)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// start starts a second process in a role. Ending its input ends it, and the end
// of the test kills it if it is still there.
func start(t *testing.T, role string, d sqlitestore.Driver, path string) (process *osexec.Cmd, in io.Closer, out *bufio.Scanner) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process = osexec.CommandContext(t.Context(), binary)
	process.Env = append(os.Environ(), envRole+"="+role, envDriver+"="+d.Name, envPath+"="+path)
	process.Stderr = t.Output()
	in, err = process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Wait() })
	return process, in, bufio.NewScanner(stdout)
}

// commits is how many writes the process that dies has acknowledged.
const commits = 40

// writeAndDie commits writes, reports each, and dies in the midst of one more: no
// deferred call runs, no connection is closed, the log stays as it is.
func writeAndDie(d sqlitestore.Driver, path string) error {
	db, err := store.Open(context.Background(), d, path, &items.Schema, store.Options{})
	if err != nil {
		return err
	}
	for i := range commits {
		id := fmt.Sprintf("item-%02d", i)
		err := db.Update(context.Background(), func(tx *store.Tx) error {
			return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: id, Num: int64(i), Tags: []string{id}})
		})
		if err != nil {
			return err
		}
		fmt.Println(id)
	}
	return db.Update(context.Background(), func(tx *store.Tx) error {
		if err := items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "never committed"}); err != nil {
			return err
		}
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		if err := self.Kill(); err != nil {
			return err
		}
		select {} // the signal is on its way
	})
}

// What a store has acknowledged outlives the process, and so does the record that
// it is unsynced; what it has not acknowledged leaves no trace of either.
func TestKilled(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		process, _, out := start(t, "die", d, path)
		var acknowledged []string
		for out.Scan() {
			acknowledged = append(acknowledged, out.Text())
		}
		if err := process.Wait(); err == nil || process.ProcessState.Exited() && process.ProcessState.ExitCode() == 0 {
			t.Fatalf("the process was not killed: %v", process.ProcessState)
		}
		if len(acknowledged) != commits {
			t.Fatalf("the process has acknowledged %q", acknowledged)
		}
		if len(read(t, path+"-wal")) == 0 {
			t.Fatal("the log is empty: the test tests nothing")
		}

		// A reader goes first, who finds the log and may not move it into the file.
		for _, readOnly := range []bool{true, false} {
			db := mustOpen(t, d, path, readOnly)
			wantAcknowledged(t, db, acknowledged)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := os.Stat(path + "-wal"); err == nil {
			t.Error("the writer that was closed has left the log")
		}
	})
}

// wantAcknowledged finds each object and its entry, and nothing else.
func wantAcknowledged(t *testing.T, db *store.Store, ids []string) {
	t.Helper()
	got := contentOf(t, db)
	var objects, entries []string
	for i, v := range got.Fields {
		objects = append(objects, v.ID)
		if v.Num != int64(i) || !slices.Equal(v.Tags, []string{v.ID}) {
			t.Errorf("%s holds %+v", v.ID, v)
		}
	}
	for i, e := range got.Entries {
		entries = append(entries, e.Key.Text())
		if e.Model != "field_item" || e.Change != model.Created || e.Seq != uint64(i+1) {
			t.Errorf("the entry of %s is %+v", e.Key.Text(), e)
		}
	}
	if !slices.Equal(objects, ids) {
		t.Errorf("there are the objects %q", objects)
	}
	if !slices.Equal(entries, ids) {
		t.Errorf("there are the entries %q", entries)
	}
	if db.Seq() != uint64(len(ids)) {
		t.Errorf("the latest commit is %d", db.Seq())
	}
}

// hold keeps a store open until the input ends.
func hold(d sqlitestore.Driver, path string, readOnly bool) error {
	db, err := store.Open(context.Background(), d, path, &items.Schema, store.Options{ReadOnly: readOnly})
	if err != nil {
		return err
	}
	fmt.Println("open")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return db.Close()
}

// While a process has the store, no other gets it, unless both only read. The
// lock file stays behind, and means nothing by itself.
func TestHeldByAnotherProcess(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for _, role := range []string{"hold", "read"} {
			for _, end := range []string{"closed", "killed"} {
				t.Run(role+" "+end, func(t *testing.T) {
					path := newPath(t)
					fill(t, d, path)
					process, in, out := start(t, role, d, path)
					if !out.Scan() || strings.TrimSpace(out.Text()) != "open" {
						t.Fatalf("the second process says %q", out.Text())
					}
					_, err := open(t, d, path, &items.Schema, false)
					wantError(t, "writing", err, store.ErrInUse, path)
					db, err := open(t, d, path, &items.Schema, true)
					if role == "hold" {
						wantError(t, "reading", err, store.ErrInUse, path)
					} else if err != nil {
						t.Errorf("reading beside a reader: %v", err)
					} else if err := db.Close(); err != nil {
						t.Error(err)
					}

					if end == "killed" {
						if err := process.Process.Kill(); err != nil {
							t.Fatal(err)
						}
						process.Wait()
					} else {
						in.Close()
						if err := process.Wait(); err != nil {
							t.Fatal(err)
						}
					}
					contentOf(t, mustOpen(t, d, path, false))
				})
			}
		}
	})
}

// tryToOpen tells whether the store can be written.
func tryToOpen(d sqlitestore.Driver, path string) error {
	db, err := store.Open(context.Background(), d, path, &items.Schema, store.Options{})
	if errors.Is(err, store.ErrInUse) {
		fmt.Println("in use")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Println("free")
	return db.Close()
}

// say tells, in a process of its own, that something was acknowledged.
func say(done string, err error) error {
	if err == nil && os.Getenv(envRole) != "" {
		fmt.Println(done)
	}
	return err
}
