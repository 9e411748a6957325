package integration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// two makes two stores with different content beside each other.
func two(t *testing.T, d sqlitestore.Driver) (a, b string, inA, inB content) {
	t.Helper()
	dir := directory(t)
	a, b = filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	inA = fill(t, d, a)
	db := mustOpen(t, d, b, false)
	update(t, db, func(tx *store.Tx) error { return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "only in b"}) })
	inB = contentOf(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return a, b, inA, inB
}

// wantStore finds the content in a store.
func wantStore(t *testing.T, d sqlitestore.Driver, path string, want content) {
	t.Helper()
	db, err := open(t, d, path, &items.Schema, true)
	if err != nil {
		t.Error(err)
		return
	}
	if got := contentOf(t, db); !reflect.DeepEqual(got, want) {
		t.Errorf("%s holds\n%+v\nand not\n%+v", path, got, want)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func wantGone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", path, err)
	}
	if got := beside(t, path); len(got) > 0 {
		t.Errorf("beside %s there is %q", path, got)
	}
	if _, err := os.Lstat(path + ".lock"); err == nil && runtime.GOOS != "windows" {
		t.Errorf("the lock of %s is still there", path)
	}
}

func TestMove(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		a, b, inA, inB := two(t, d)
		wantError(t, "moving over a store", d.Move(t.Context(), a, b), fs.ErrExist, a, b)
		wantError(t, "moving onto itself", d.Move(t.Context(), a, a), fs.ErrExist, a)
		wantError(t, "moving nothing", d.Move(t.Context(), a+"x", a+"y"), fs.ErrNotExist, a+"x")
		wantStore(t, d, a, inA)
		wantStore(t, d, b, inB)
		if err := d.Move(t.Context(), a, a+".moved"); err != nil {
			t.Fatal(err)
		}
		wantGone(t, a)
		wantStore(t, d, a+".moved", inA)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantError(t, "moving too late", d.Move(ctx, b, a), context.Canceled)
	})
}

func TestLinkAndReplace(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		live, fresh, inLive, inFresh := two(t, d)
		backup := filepath.Join(filepath.Dir(live), "backup.db")
		wantError(t, "linking over a store", d.Link(t.Context(), live, fresh), fs.ErrExist, fresh)
		for range 2 { // as after a kill
			if err := d.Link(t.Context(), live, backup); err != nil {
				t.Fatal(err)
			}
		}
		wantStore(t, d, live, inLive)
		wantStore(t, d, backup, inLive)
		wantError(t, "replacing by nothing", d.Replace(t.Context(), fresh+"x", live), fs.ErrNotExist, fresh+"x")
		if err := d.Replace(t.Context(), fresh, live); err != nil {
			t.Fatal(err)
		}
		wantGone(t, fresh)
		wantStore(t, d, live, inFresh)
		wantStore(t, d, backup, inLive)

		db := mustOpen(t, d, live, false) // what is one file no more is written by itself
		update(t, db, func(tx *store.Tx) error { return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "later"}) })
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		wantStore(t, d, backup, inLive)

		// Where there is none to replace it is a move.
		if err := d.Replace(t.Context(), backup, fresh); err != nil {
			t.Fatal(err)
		}
		wantStore(t, d, fresh, inLive)
	})
}

func TestRemove(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		a, b, _, inB := two(t, d)
		for range 2 {
			if err := d.Remove(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			wantGone(t, a)
		}
		wantStore(t, d, b, inB)

		left := copyOfAnOpenStore(t, d)
		if err := d.Remove(t.Context(), left); err != nil {
			t.Fatal(err)
		}
		wantGone(t, left)

		orphan := newPath(t)
		write(t, orphan+"-wal", []byte("a log that was left"))
		if err := d.Remove(t.Context(), orphan); err != nil {
			t.Fatal(err)
		}
		wantGone(t, orphan)

		diary := newPath(t)
		write(t, diary, []byte("Dear diary,\n"))
		wantError(t, "removing a diary", d.Remove(t.Context(), diary), store.ErrNotAStore, diary)
		if got := snapshot(t, filepath.Dir(diary)); len(got) != 1 || string(got["store.db"]) != "Dear diary,\n" {
			t.Errorf("of a diary is left %q", got)
		}
	})
}

// copyOfAnOpenStore is a store as a process leaves it that is killed, with its
// newest changes in the log.
func copyOfAnOpenStore(t *testing.T, d sqlitestore.Driver) string {
	t.Helper()
	running := newPath(t)
	fill(t, d, running)
	db := mustOpen(t, d, running, false)
	update(t, db, func(tx *store.Tx) error {
		return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "in the log"})
	})
	return copyOfTheDisk(t, running)
}

// What a killed process left in the log goes with the store, and a log that
// belongs to what is replaced does not meet the new file.
func TestMoveWithLog(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := copyOfAnOpenStore(t, d)
		if err := d.Move(t.Context(), path, path+".moved"); err != nil {
			t.Fatal(err)
		}
		wantGone(t, path)
		db := mustOpen(t, d, path+".moved", true)
		if got := contentOf(t, db); len(got.Fields) != 3 {
			t.Errorf("it holds %+v", got.Fields)
		}

		over := copyOfAnOpenStore(t, d)
		from, _, inFrom, _ := two(t, d)
		if err := d.Replace(t.Context(), from, over); err != nil {
			t.Fatal(err)
		}
		wantStore(t, d, over, inFrom)

		// A log without its file may be all that is left of somebody's changes.
		_, from, _, inFrom = two(t, d)
		orphan := newPath(t)
		write(t, orphan+"-wal", []byte("the newest changes"))
		wantError(t, "replacing what has lost its file", d.Replace(t.Context(), from, orphan), store.ErrCorrupt, orphan+"-wal")
		wantError(t, "moving to a log", d.Move(t.Context(), from, orphan), store.ErrCorrupt, orphan+"-wal")
		wantStore(t, d, from, inFrom)
	})
}

// A store that SQLite cannot read can be put away.
func TestMoveDamaged(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		damaged := read(t, path)
		for i := 100; i < len(damaged); i++ {
			damaged[i] = 0xa5
		}
		write(t, path, damaged[:len(damaged)-7])
		if err := d.Move(t.Context(), path, path+".damaged"); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path+".damaged"); !slices.Equal(got, damaged[:len(damaged)-7]) {
			t.Error("moving changed what was left")
		}
		wantGone(t, path)
	})
}

// Nothing is moved that anybody has open, here, in another process or in a program
// that knows nothing of stores.
func TestMoveInUse(t *testing.T) {
	moves := map[string]func(d sqlitestore.Driver, path, other string) error{
		"move": func(d sqlitestore.Driver, path, other string) error {
			return d.Move(context.Background(), path, path+".x")
		},
		"link": func(d sqlitestore.Driver, path, other string) error {
			return d.Link(context.Background(), path, path+".x")
		},
		"replace": func(d sqlitestore.Driver, path, other string) error {
			return d.Replace(context.Background(), path, other)
		},
		"replace over": func(d sqlitestore.Driver, path, other string) error {
			return d.Replace(context.Background(), other, path)
		},
		"remove": func(d sqlitestore.Driver, path, other string) error { return d.Remove(context.Background(), path) },
		"claim": func(d sqlitestore.Driver, path, other string) error {
			release, err := d.Claim(context.Background(), path)
			if err == nil {
				release()
			}
			return err
		},
	}
	users := map[string]func(t *testing.T, d sqlitestore.Driver, path string){
		"writer": func(t *testing.T, d sqlitestore.Driver, path string) { mustOpen(t, d, path, false) },
		"reader": func(t *testing.T, d sqlitestore.Driver, path string) { mustOpen(t, d, path, true) },
		"SQL":    func(t *testing.T, d sqlitestore.Driver, path string) { readOnlyDB(t, d, path) },
		"process": func(t *testing.T, d sqlitestore.Driver, path string) {
			_, in, out := start(t, "hold", d, path)
			t.Cleanup(func() { in.Close() })
			if !out.Scan() || out.Text() != "open" {
				t.Fatalf("the second process says %q", out.Text())
			}
		},
		"program in a transaction": func(t *testing.T, d sqlitestore.Driver, path string) {
			db := openSQL(t, d, path)
			t.Cleanup(func() { db.Close() })
			exec(t, db, `BEGIN IMMEDIATE`)
		},
		"program that had it open before": func(t *testing.T, d sqlitestore.Driver, path string) {
			s := mustOpen(t, d, path, false)
			db := openSQL(t, d, path)
			t.Cleanup(func() { db.Close() })
			exec(t, db, `SELECT count(*) FROM "field_item"`)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		},
	}
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for user, use := range users {
			t.Run(user, func(t *testing.T) {
				path, other, _, inOther := two(t, d)
				use(t, d, path)
				for name, move := range moves {
					wantError(t, name, move(d, path, other), store.ErrInUse, path)
				}
				wantStore(t, d, other, inOther)
				if _, err := os.Lstat(path); err != nil {
					t.Error(err)
				}
				if _, err := os.Lstat(path + ".x"); err == nil {
					t.Error("it was moved")
				}
			})
		}
	})
}

// A claim keeps others out between the moves of one procedure; who claims can open
// and move the store.
func TestClaim(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		live, fresh, inLive, inFresh := two(t, d)
		backup := live + ".backup"
		release, err := d.Claim(t.Context(), live)
		if err != nil {
			t.Fatal(err)
		}
		kept := func() {
			t.Helper()
			process, in, out := start(t, "try", d, live)
			defer in.Close()
			if !out.Scan() || out.Text() != "in use" {
				t.Errorf("another process finds the store %q", out.Text())
			}
			process.Wait()
		}
		_, err = d.Claim(t.Context(), live)
		wantError(t, "claiming twice", err, store.ErrInUse, live)
		kept()
		wantStore(t, d, live, inLive)
		kept()
		if err := d.Move(t.Context(), live, backup); err != nil {
			t.Fatal(err)
		}
		kept()
		if err := d.Replace(t.Context(), fresh, live); err != nil {
			t.Fatal(err)
		}
		kept()
		wantStore(t, d, live, inFresh)
		if err := release(); err != nil {
			t.Fatal(err)
		}
		process, in, out := start(t, "try", d, live)
		if !out.Scan() || out.Text() != "free" {
			t.Errorf("after the release another process finds the store %q", out.Text())
		}
		in.Close()
		process.Wait()
		wantStore(t, d, backup, inLive)
	})
}

// Who has a store is named in the error of who does not get it.
func TestHolderIsNamed(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		process, in, out := start(t, "hold", d, path)
		if !out.Scan() {
			t.Fatal("the second process says nothing")
		}
		_, err := open(t, d, path, &items.Schema, false)
		wantError(t, "opening", err, store.ErrInUse, path, fmt.Sprintf("process %d", process.Process.Pid))
		in.Close()
		process.Wait()
		if got := read(t, path+".lock"); len(got) > 0 {
			t.Errorf("the lock still names %q", got)
		}
	})
}
