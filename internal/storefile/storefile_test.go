package storefile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/resetgen/resetgen/runtime/store"
)

// text is a kind of store that any file is.
var (
	text  = Kind{Driver: "text", Inspect: func(path string) error { _, err := os.Stat(path); return err }}
	files = Files{Locate: Locate, Hold: func(_ context.Context, path string, u Use) (*Lease, error) { return Acquire(path, u, text) }}
)

func newStore(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "store")
	must(t, "making a store", os.WriteFile(path, []byte("content"), 0o666))
	return path
}

// A reader that found no lock, for it was made only then, finds it once it has the file.
func TestConfirm(t *testing.T) {
	path := newStore(t)
	reader, err := Acquire(path, Reading, text)
	must(t, "reading", err)
	if reader.lock != nil {
		t.Fatal("there is a lock: the test tests nothing")
	}
	must(t, "confirming", reader.Confirm())
	writer := flock.New(path + ".lock")
	if ok, err := writer.TryLock(); err != nil || !ok {
		t.Fatalf("locking beside a reader without a lock: %v, %v", ok, err)
	}
	wantError(t, "confirming", reader.Confirm(), store.ErrInUse, path)
	must(t, "unlocking", writer.Unlock())
	must(t, "confirming", reader.Confirm())
	if ok, err := writer.TryLock(); err != nil || ok {
		t.Fatalf("locking beside a reader with a lock: %v, %v", ok, err)
	}
	must(t, "releasing", reader.Release(nil))
}

// A copy ends with its context, and leaves nothing.
func TestCopyCancelled(t *testing.T) {
	path := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, "copying", files.duplicate(ctx, path, path+"2"), context.Canceled)
	for _, left := range []string{path + "2", path + "2.resetgen-new"} {
		if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", left, err)
		}
	}
	_, err := checksum(ctx, path)
	wantError(t, "taking a checksum", err, context.Canceled)
}

// A path in a directory that is not there cannot be claimed, and holds nothing to remove.
func TestNowhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "store")
	_, err := files.Claim(t.Context(), path)
	wantError(t, "claiming", err, fs.ErrNotExist, path)
	must(t, "removing", files.Remove(t.Context(), path))
}

// A claim that is let go of twice is let go of once, and what lies beside a store under a
// name like that of a draft is another store.
func TestLettingGo(t *testing.T) {
	path := newStore(t)
	must(t, "writing", os.WriteFile(path+".new", []byte("another"), 0o600))
	first, err := files.Claim(t.Context(), path)
	must(t, "claiming", err)
	must(t, "letting go", first())
	writer, err := Acquire(path, Writing, text)
	must(t, "opening", err)
	must(t, "letting go again", first())
	_, err = Acquire(path, Writing, text)
	wantError(t, "opening twice", err, store.ErrInUse, path)
	must(t, "closing", writer.Release(nil))
	must(t, "removing", files.Remove(t.Context(), path))
	if _, err := os.Stat(path + ".new"); err != nil {
		t.Error(err)
	}
}

// Two kinds of store do not use one path, even where their uses would not clash.
func TestOtherDriver(t *testing.T) {
	path := newStore(t)
	release, err := files.Claim(t.Context(), path)
	must(t, "claiming", err)
	_, err = Acquire(path, Reading, Kind{Driver: 1, Inspect: text.Inspect})
	wantError(t, "reading", err, store.ErrInUse, path)
	must(t, "releasing", release())
}

func must(t *testing.T, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

func wantError(t *testing.T, doing string, err, want error, words ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v, want an error that wraps %q", doing, err, want)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %q does not say %q", doing, err, word)
		}
	}
}
