package boltstore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// The environment of a test binary that is a test's second process.
const (
	envRole = "RESETGEN_TEST_ROLE"
	envPath = "RESETGEN_TEST_PATH"
)

// roles are what a second process does with a path; those that hold it do so until
// they are killed.
var roles = map[string]func(path string) error{
	"write": func(path string) error { return holdOpen(path, false) },
	"read":  func(path string) error { return holdOpen(path, true) },
	"claim": func(path string) error {
		if _, err := (Driver{}).Claim(context.Background(), path); err != nil {
			return err
		}
		return wait()
	},
}

func holdOpen(path string, readOnly bool) error {
	if _, err := open(context.Background(), path, readOnly, item("item"), item("note")); err != nil {
		return err
	}
	return wait()
}

func wait() error {
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func TestMain(m *testing.M) {
	role := os.Getenv(envRole)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := roles[role](os.Getenv(envPath)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// another starts a process with a role, and waits until it is ready.
func another(t *testing.T, role, path string) (kill func()) {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), envRole+"="+role, envPath+"="+path)
	process.Stderr = t.Output()
	in, err := process.StdinPipe()
	must(t, "starting a process", err)
	out, err := process.StdoutPipe()
	must(t, "starting a process", err)
	must(t, "starting a process", process.Start())
	t.Cleanup(func() { in.Close(); process.Wait() })
	if said := bufio.NewScanner(out); !said.Scan() || said.Text() != "ready" {
		t.Fatalf("the second process says %q", said.Text())
	}
	return func() {
		t.Helper()
		must(t, "killing the process", process.Process.Kill())
		process.Wait()
	}
}

// While a process has the store or claims its path, no other gets it. When it dies,
// its locks do too.
func TestHeldByAnotherProcess(t *testing.T) {
	for _, role := range []string{"write", "claim"} {
		path := newPath(t)
		models, want := world(t, path)
		kill := another(t, role, path)
		for _, readOnly := range []bool{true, false} {
			_, err := open(context.Background(), path, readOnly, models...)
			wantError(t, "opening", err, store.ErrInUse, path)
		}
		wantInUse(t, path)
		kill()
		got, err := content(mustOpen(t, path, false, models...), models...)
		if err != nil || got != want {
			t.Errorf("the content is another, and the error %v", err)
		}
	}
}

// A path without a store is claimed like any other.
func TestClaimedByAnotherProcess(t *testing.T) {
	path := newPath(t)
	kill := another(t, "claim", path)
	_, err := open(context.Background(), path, false, item("item"))
	wantError(t, "opening", err, store.ErrInUse, path)
	kill()
	mustOpen(t, path, false, item("item"))
}

// A process reads the store, with the lock's file or, for there was none, without.
func TestReadByAnotherProcess(t *testing.T) {
	for _, locked := range []bool{true, false} {
		path := newPath(t)
		models, _ := world(t, path)
		if !locked {
			must(t, "removing the lock", os.Remove(path+".lock"))
		}
		kill := another(t, "read", path)
		mustClose(t, mustOpen(t, path, true, models...))
		_, err := open(context.Background(), path, false, models...)
		wantError(t, "opening", err, store.ErrInUse, path)
		wantInUse(t, path)
		kill()
		must(t, "removing", Driver{}.Remove(context.Background(), path))
	}
}

// wantInUse finds that nothing can be done with the file of a store.
func wantInUse(t *testing.T, path string) {
	t.Helper()
	ctx, d, other := context.Background(), Driver{}, newPath(t)
	models, _ := world(t, other)
	for what, do := range map[string]func() error{
		"claiming":     func() error { _, err := d.Claim(ctx, path); return err },
		"linking":      func() error { return d.Link(ctx, path, other+"2") },
		"copying":      func() error { return d.Copy(ctx, path, other+"2") },
		"copying to":   func() error { return d.Copy(ctx, other, path) },
		"replacing":    func() error { return d.Replace(ctx, other, path) },
		"replacing by": func() error { return d.Replace(ctx, path, other) },
		"removing":     func() error { return d.Remove(ctx, path) },
		"checking":     func() error { _, err := d.Checksum(ctx, path); return err },
	} {
		wantError(t, what, do(), store.ErrInUse, path)
	}
	mustClose(t, mustOpen(t, other, false, models...))
}

func mustClose(t testing.TB, e *engine) {
	t.Helper()
	must(t, "closing", e.Close())
}

// Under a context with a deadline a store is waited for.
func TestDeadline(t *testing.T) {
	for _, held := range []bool{true, false} { // by a reader, by a writer
		path := newPath(t)
		models, _ := world(t, path)
		first := mustOpen(t, path, held, models...)
		ctx, cancel := context.WithTimeout(context.Background(), 3*retry)
		_, err := open(ctx, path, false, models...)
		cancel()
		wantError(t, "opening", err, store.ErrInUse, path)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v does not say that the time is up", err)
		}
		ctx, cancel = context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		opened := make(chan error)
		go func() {
			e, err := open(ctx, path, false, models...)
			if err == nil {
				err = e.Close()
			}
			opened <- err
		}()
		must(t, "closing", first.Close())
		must(t, "opening what is closed meanwhile", <-opened)
	}
}

// Reading a store takes nothing but the file, and changes nothing.
func TestReadOnlyFile(t *testing.T) {
	path := newPath(t)
	models, want := world(t, path)
	before := read(t, path)
	must(t, "removing the lock", os.Remove(path+".lock"))
	must(t, "taking rights away", os.Chmod(path, 0o444))
	must(t, "taking rights away", os.Chmod(filepath.Dir(path), 0o555))
	t.Cleanup(func() { os.Chmod(filepath.Dir(path), 0o777) })
	wider := item("item")
	wider.Fields = append(wider.Fields, model.Field{Name: "added", Kind: model.Int, Zero: model.IntValue(0)})
	for range 2 {
		mustOpen(t, path, true, wider, models[1])
		got, err := content(mustOpen(t, path, true, models...), models...)
		if err != nil || got != want {
			t.Errorf("the content is another, and the error %v", err)
		}
	}
	if !bytes.Equal(read(t, path), before) {
		t.Error("the file has been changed")
	}
	if beside, _ := os.ReadDir(filepath.Dir(path)); len(beside) != 1 {
		t.Errorf("beside it are %v", beside)
	}
}

// A goroutine that is inside of a view can write what makes the file grow.
func TestGrowingUnderAView(t *testing.T) {
	if room(0) == 0 {
		t.Skip("there is no room for that on this system")
	}
	m := item("item")
	e := mustOpen(t, newPath(t), false, m)
	view, err := e.begin(context.Background(), false)
	must(t, "beginning to read", err)
	defer view.Rollback()
	for round := range 5 {
		update(t, e, func(tx *tx) error { return insert(tx, m, 4000*round, 4000*(round+1)) })
	}
	for range view.Rows(m) {
		t.Fatal("the view sees what came after it")
	}
}
