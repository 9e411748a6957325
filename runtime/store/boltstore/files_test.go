package boltstore

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/resetgen/resetgen/runtime/store"
)

// Nothing is left beside a path without a store, and at one with a store the lock.
func TestNothingBeside(t *testing.T) {
	ctx, d, path := context.Background(), Driver{}, newPath(t)
	world(t, path)
	dir := filepath.Dir(path)
	beside := func(want ...string) {
		t.Helper()
		var names []string
		entries, err := os.ReadDir(dir)
		must(t, "listing the folder", err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if len(names) != len(want) {
			t.Fatalf("the folder has %q, want %q", names, want)
		}
		for i, name := range names {
			if name != want[i] {
				t.Fatalf("the folder has %q, want %q", names, want)
			}
		}
	}
	moved := filepath.Join(dir, "moved")
	must(t, "replacing nothing", d.Replace(ctx, path, moved))
	beside("moved", "moved.lock")
	write(t, path+".resetgen-new", []byte("half a copy"))
	must(t, "copying", d.Copy(ctx, moved, path))
	beside("moved", "moved.lock", "store.db", "store.db.lock")
	write(t, path+".resetgen-new", []byte("half a copy"))
	must(t, "removing", d.Remove(ctx, path))
	must(t, "removing", d.Remove(ctx, moved))
	beside()
	release, err := d.Claim(ctx, path)
	must(t, "claiming", err)
	must(t, "releasing", release())
	beside()
}

// A damaged store is moved, compared and removed like any other.
func TestMovingDamaged(t *testing.T) {
	ctx, d, path := context.Background(), Driver{}, newPath(t)
	world(t, path)
	whole := read(t, path)
	sum, err := d.Checksum(ctx, path)
	must(t, "taking a checksum", err)
	for name, damaged := range map[string][]byte{"in the middle": flipped(whole, len(whole)/2), "cut": whole[:len(whole)/2], "header": flipped(whole, 40)} {
		write(t, path, damaged)
		if now, err := d.Checksum(ctx, path); err != nil || now == sum {
			t.Errorf("%s: the checksum is %s, %v", name, now, err)
		}
		must(t, "linking", d.Link(ctx, path, path+"2"))
		must(t, "replacing", d.Replace(ctx, path+"2", path))
		must(t, "copying", d.Copy(ctx, path, path+"2"))
		if !bytes.Equal(read(t, path), damaged) || !bytes.Equal(read(t, path+"2"), damaged) {
			t.Errorf("%s: the bytes are others", name)
		}
		must(t, "removing", d.Remove(ctx, path+"2"))
		must(t, "removing", d.Remove(ctx, path))
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: after removing: %v", name, err)
		}
	}
}

func flipped(content []byte, at int) []byte {
	content = bytes.Clone(content)
	content[at] ^= 1
	return content
}

// What is somebody else's stays where it is.
func TestMovingForeign(t *testing.T) {
	ctx, d := context.Background(), Driver{}
	for name, put := range map[string]func(path string){
		"text":      func(path string) { write(t, path, []byte("Dear diary,\n")) },
		"directory": func(path string) { must(t, "making a directory", os.Mkdir(path, 0o777)) },
		"bbolt": func(path string) {
			db, err := bolt.Open(path, 0o666, nil)
			must(t, "opening with bbolt", err)
			must(t, "writing with bbolt", db.Update(func(tx *bolt.Tx) error {
				_, err := tx.CreateBucket([]byte("songs"))
				return err
			}))
			must(t, "closing bbolt", db.Close())
		},
	} {
		own := newPath(t)
		world(t, own)
		dir := directory(t)
		path := filepath.Join(dir, name)
		put(path)
		for what, do := range map[string]func() error{
			"claiming":     func() error { _, err := d.Claim(ctx, path); return err },
			"linking":      func() error { return d.Link(ctx, path, own+"2") },
			"linking to":   func() error { return d.Link(ctx, own, path) },
			"copying":      func() error { return d.Copy(ctx, path, own+"2") },
			"copying to":   func() error { return d.Copy(ctx, own, path) },
			"replacing":    func() error { return d.Replace(ctx, own, path) },
			"replacing by": func() error { return d.Replace(ctx, path, own) },
			"removing":     func() error { return d.Remove(ctx, path) },
		} {
			wantError(t, name+": "+what, do(), store.ErrNotAStore, path)
		}
		if beside, _ := os.ReadDir(dir); len(beside) != 1 {
			t.Errorf("%s: beside it are %v", name, beside)
		}
	}
}

// Opening to write, with nothing written, changes no byte.
func TestChecksumOfOpened(t *testing.T) {
	ctx, d, path := context.Background(), Driver{}, newPath(t)
	models, _ := world(t, path)
	before, err := d.Checksum(ctx, path)
	must(t, "taking a checksum", err)
	e := mustOpen(t, path, false, models...)
	tx, err := e.begin(ctx, true)
	must(t, "beginning to write", err)
	must(t, "writing", insert(tx, models[0], 5000, 5100))
	must(t, "rolling back", tx.Rollback())
	mustClose(t, e)
	if after, err := d.Checksum(ctx, path); err != nil || after != before {
		t.Errorf("the checksum was %s and is %s, %v", before, after, err)
	}
}

// A store and its locks are found by way of a link too.
func TestSymbolicLinks(t *testing.T) {
	ctx, d, path := context.Background(), Driver{}, newPath(t)
	models, want := world(t, path)
	by := filepath.Join(directory(t), "link")
	if err := os.Symlink(path, by); err != nil {
		t.Skip(err)
	}
	e := mustOpen(t, by, false, models...)
	wantError(t, "removing", d.Remove(ctx, path), store.ErrInUse)
	mustClose(t, e)
	fresh := newPath(t)
	must(t, "copying", d.Copy(ctx, by, fresh))
	must(t, "removing", d.Remove(ctx, by))
	must(t, "replacing", d.Replace(ctx, fresh, path))
	if got, err := content(mustOpen(t, by, true, models...), models...); err != nil || got != want {
		t.Errorf("the content is another, and the error %v", err)
	}
}
