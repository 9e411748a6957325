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

// envHold is the store that a test binary keeps open that is a test's second
// process.
const envHold = "RESETGEN_TEST_HOLD"

func TestMain(m *testing.M) {
	path := os.Getenv(envHold)
	if path == "" {
		os.Exit(m.Run())
	}
	if _, err := open(context.Background(), path, false, item("item"), item("note")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("open")
	io.Copy(io.Discard, os.Stdin)
}

// While a process has the store, no other gets it. When it dies, its locks do too.
func TestHeldByAnotherProcess(t *testing.T) {
	path := newPath(t)
	models, want := world(t, path)
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), envHold+"="+path)
	process.Stderr = t.Output()
	in, err := process.StdinPipe()
	must(t, "starting a process", err)
	defer in.Close()
	out, err := process.StdoutPipe()
	must(t, "starting a process", err)
	must(t, "starting a process", process.Start())
	defer process.Wait()
	if said := bufio.NewScanner(out); !said.Scan() || said.Text() != "open" {
		t.Fatalf("the second process says %q", said.Text())
	}
	for _, readOnly := range []bool{true, false} {
		_, err := open(context.Background(), path, readOnly, models...)
		wantError(t, "opening", err, store.ErrInUse, path)
	}
	must(t, "killing the process", process.Process.Kill())
	process.Wait()
	got, err := content(mustOpen(t, path, false, models...), models...)
	if err != nil || got != want {
		t.Errorf("the content is another, and the error %v", err)
	}
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
