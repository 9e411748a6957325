package integration

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/runtime/store/sqlitestore"
	"github.com/resetgen/resetgen/testdata/golden/convert"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// What is there is not a store: it is somebody else's, and stays as it is to the
// last byte, with nothing new beside it.
func TestNotAStore(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for name, put := range map[string]func(t *testing.T, path string){
			"text":      func(t *testing.T, path string) { write(t, path, []byte("Dear diary,\n")) },
			"long text": func(t *testing.T, path string) { write(t, path, []byte(strings.Repeat("Dear diary,\n", 1000))) },
			"zeros":     func(t *testing.T, path string) { write(t, path, make([]byte, 8192)) },
			"SQLite":    func(t *testing.T, path string) { otherProgram(t, d, path) },
			"SQLite with a hot log": func(t *testing.T, path string) {
				running := filepath.Join(directory(t), "store.db")
				db := otherProgram(t, d, running)
				exec(t, db, `PRAGMA journal_mode = WAL`)
				exec(t, db, `INSERT INTO songs VALUES ('Help!')`)
				left := copyOfTheDisk(t, running)
				for _, suffix := range []string{"", "-wal"} {
					write(t, path+suffix, read(t, left+suffix))
				}
			},
			"another mark": func(t *testing.T, path string) {
				fill(t, d, path)
				db := openSQL(t, d, path)
				defer db.Close()
				exec(t, db, `PRAGMA application_id = 7`)
				os.Remove(path + ".lock")
			},
			"directory": func(t *testing.T, path string) {
				if err := os.Mkdir(path, 0o777); err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(path, "file"), nil)
			},
		} {
			t.Run(name, func(t *testing.T) {
				path := newPath(t)
				put(t, path)
				refused(t, d, path, &items.Schema, store.ErrNotAStore)
			})
		}
	})
}

// An empty file is what a process leaves that was killed before it wrote: there is
// no store yet. A log without its file is another matter, it may hold changes.
func TestEmptyFile(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		write(t, path, nil)
		write(t, path+"-wal", []byte("the newest changes"))
		write(t, path+".lock", nil)
		refused(t, d, path, &items.Schema, store.ErrCorrupt)

		if err := os.Remove(path + "-wal"); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, d, path, &items.Schema, true); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("reading an empty file gives %v", err)
		}
		if got := len(read(t, path)); got != 0 {
			t.Errorf("reading made an empty file one of %d bytes", got)
		}
		db := mustOpen(t, d, path, false)
		update(t, db, func(tx *store.Tx) error { return items.FieldItemRecords.Replace(tx, &items.FieldItem{ID: "a"}) })
		if got := contentOf(t, db); len(got.Fields) != 1 {
			t.Errorf("the store that took the place of an empty file holds %+v", got)
		}
	})
}

// The end of a store is missing: a copy that was broken off.
func TestTruncated(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		whole := newPath(t)
		fill(t, d, whole)
		content := read(t, whole)
		for _, size := range []int{20, 99, 100, 1000, 4096, len(content) / 2, len(content) - 4096, len(content) - 1} {
			t.Run(fmt.Sprint(size), func(t *testing.T) {
				path := newPath(t)
				write(t, path, content[:size])
				write(t, path+".lock", nil)
				refused(t, d, path, &items.Schema, store.ErrCorrupt, path)
			})
		}
	})
}

// Garbage in each part of the header that tells how the file is to be read.
func TestGarbageInHeader(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		whole := newPath(t)
		fill(t, d, whole)
		for _, test := range []struct {
			part     string
			from, to int
			want     error
		}{
			{"magic", 0, 16, store.ErrNotAStore},
			{"page size", 16, 18, store.ErrCorrupt},
			{"versions", 18, 20, store.ErrCorrupt},
			{"payload fractions", 21, 24, store.ErrCorrupt},
			{"schema format", 44, 48, store.ErrCorrupt},
			{"mark", 68, 72, store.ErrNotAStore},
			{"all but the mark", 16, 68, store.ErrCorrupt},
		} {
			t.Run(test.part, func(t *testing.T) {
				content := read(t, whole)
				for i := test.from; i < test.to; i++ {
					content[i] = byte(0xa5 + i)
				}
				path := newPath(t)
				write(t, path, content)
				if test.want != store.ErrNotAStore {
					write(t, path+".lock", nil)
				}
				refused(t, d, path, &items.Schema, test.want, path)
			})
		}
	})
}

// A store of another app is not taken over, however sound it is.
func TestAnotherSchema(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		refused(t, d, path, &convert.Schema, store.ErrSchema, "field_item")
	})
}

// A field has another kind than in the store and nothing says how to convert it.
func TestKindChanged(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		changed := *items.FieldItemRecords.Model().Info
		changed.Fields = slices.Clone(changed.Fields)
		num := &changed.Fields[changed.Index("num")]
		num.Kind, num.Zero = model.String, model.StringValue("")
		schema := &store.Schema{}
		schema.Add(&merge.Model{Info: &changed})
		refused(t, d, path, schema, store.ErrSchema, "field_item.num", "int", "string")
	})
}

// drops is what other programs can take from a store, and the names that an error
// must give.
var drops = []struct {
	name, statement string
	named           []string
}{
	{"table", `DROP TABLE "field_item"`, []string{"field_item"}},
	{"column", `ALTER TABLE "field_item" DROP COLUMN "text"`, []string{"field_item", `"text"`}},
	{"stamp", `ALTER TABLE "field_item" DROP COLUMN "_stamps"`, []string{"field_item", "_stamps"}},
	{"meta", `DROP TABLE "_reset_meta"`, []string{"_reset_meta"}},
	{"entries", `DROP TABLE "_reset_entries"`, []string{"_reset_entries"}},
	{"column of the entries", `ALTER TABLE "_reset_entries" DROP COLUMN "change"`, []string{"_reset_entries", "change"}},
}

// What is missing must be noticed when the store is opened. Later it would look as
// if the objects had been deleted, or had a value that is only the column's name.
func TestDropped(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for _, drop := range drops {
			t.Run(drop.name, func(t *testing.T) {
				path := newPath(t)
				fill(t, d, path)
				execFile(t, d, path, drop.statement)
				refused(t, d, path, &items.Schema, store.ErrCorrupt, append(drop.named, path)...)
			})
		}
	})
}

// A backup loses a part while it is open. Reconciling it fails as a whole: part of
// its changes would be worse than none, for it could not be repeated.
func TestReconcileDamagedBackup(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for _, drop := range drops {
			if drop.name == "column of the entries" {
				continue // which only other tools read
			}
			t.Run(drop.name, func(t *testing.T) {
				path := newPath(t)
				fill(t, d, path)
				backup := mustOpen(t, d, path, true)
				fresh := mustOpen(t, d, newPath(t), false)
				update(t, fresh, func(tx *store.Tx) error {
					at := full("a")
					if err := items.FieldItemRecords.Load(tx, &at, 1); err != nil {
						return err
					}
					return tx.MarkSynced()
				})
				before, seq := contentOf(t, fresh), fresh.Seq()

				execFile(t, d, path, drop.statement)
				plan := reconcile.New(backup, fresh, reconcile.Options{})
				for _, do := range []struct {
					name string
					run  func() (*reconcile.Report, error)
				}{
					{"preview", func() (*reconcile.Report, error) { return plan.Preview(t.Context()) }},
					{"apply", func() (*reconcile.Report, error) { return plan.Apply(t.Context()) }},
				} {
					report, err := do.run()
					if report != nil {
						t.Errorf("%s reports %+v", do.name, report)
					}
					wantError(t, do.name, err, store.ErrCorrupt, path, strings.Trim(drop.named[len(drop.named)-1], `"`))
				}
				if after := contentOf(t, fresh); !reflect.DeepEqual(after, before) || fresh.Seq() != seq {
					t.Errorf("the fresh store was changed:\n%+v\n%+v", before, after)
				}
			})
		}
	})
}

// A path is a name of a file and nothing else: SQLite's URIs and its drivers give
// a meaning to many characters.
func TestPaths(t *testing.T) {
	names := []string{"with a space.db", "hash#tag.db", "100%.db", "%41.db", "a&b=c;d+e.db", "ünïcode 名前 🗂.db", "it's.db", "file:x.db", ":memory:"}
	if runtime.GOOS == "windows" {
		names = slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, ":") })
	} else {
		names = append(names, "what?.db", "x?mode=memory", `back\slash "quoted".db`)
	}
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				path := filepath.Join(directory(t), name, name)
				if err := os.Mkdir(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				want := fill(t, d, path)
				db := mustOpen(t, d, path, true)
				if got := contentOf(t, db); !reflect.DeepEqual(got, want) {
					t.Errorf("it holds\n%+v\nand not\n%+v", got, want)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
				for file := range snapshot(t, filepath.Dir(path)) {
					if !strings.HasPrefix(file, name) {
						t.Errorf("there is a file %q", file)
					}
				}
			})
		}
	})
}

// In a directory that this user cannot write to a store can be read and not
// written, which the error says: the store itself may well be writable.
func TestReadOnlyDirectory(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		want := fill(t, d, path)
		if err := os.Remove(path + ".lock"); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(path)
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o777) })
		if os.WriteFile(filepath.Join(dir, "try"), nil, 0o666) == nil {
			t.Skip("permissions do not bind this user, or not on this system")
		}
		wantStore(t, d, path, want)
		_, err := open(t, d, path, &items.Schema, false)
		wantError(t, "writing", err, fs.ErrPermission, dir)
		_, err = open(t, d, filepath.Join(dir, "new.db"), &items.Schema, false)
		wantError(t, "making a store", err, fs.ErrPermission, dir)
		wantError(t, "removing", d.Remove(t.Context(), path), fs.ErrPermission, dir)
	})
}

// Reading never makes a store: an empty one in the place of a backup would look
// like one without changes.
func TestMissingFile(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		_, err := open(t, d, path, &items.Schema, true)
		wantError(t, "reading", err, fs.ErrNotExist, path)
		if got := snapshot(t, filepath.Dir(path)); len(got) > 0 {
			t.Errorf("it left %v", slices.Collect(maps.Keys(got)))
		}
		inNothing := filepath.Join(filepath.Dir(path), "missing", "store.db")
		refused(t, d, inNothing, &items.Schema, fs.ErrNotExist, filepath.Dir(inNothing))
	})
}

// A store has one opener in the process, unless all of them only read.
func TestSecondOpener(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		for _, first := range []bool{false, true} {
			db := mustOpen(t, d, path, first)
			for _, second := range []bool{false, true} {
				other, err := open(t, d, path, &items.Schema, second)
				if first && second {
					if err != nil {
						t.Errorf("a second reader: %v", err)
					} else if err := other.Close(); err != nil {
						t.Error(err)
					}
					continue
				}
				wantError(t, fmt.Sprintf("read only %t, then %t", first, second), err, store.ErrInUse, path)
			}
			contentOf(t, db) // the first one is none the worse
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		mustOpen(t, d, path, false)
	})
}

var flips = flag.Int("flips", 10_000, "how many bytes TestFlippedBytes flips with each driver")

// Single bytes go wrong. SQLite has no checksums, so what is read of the objects
// may differ, but reading ends with content or with an error that says what the
// matter is; and what is unsynced, which nobody else has, is right or is an error.
// A flip is named by its number, and the seed is fixed: a failure can be repeated.
func TestFlippedBytes(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		t.Parallel()
		whole := newPath(t)
		want := fill(t, d, whole)
		file := read(t, whole)
		random := rand.New(rand.NewPCG(1, 2))
		path := newPath(t)
		total, told, wrong := *flips, 0, 0
		for i := range total {
			at, mask := random.IntN(len(file)), byte(1+random.IntN(255))
			if i%3 == 0 {
				at %= 1024 // where all of the file's structure hangs
			}
			flipped := slices.Clone(file)
			flipped[at] ^= mask
			write(t, path, flipped)
			got, err := listFlipped(t, d, path)
			var misfit *model.FieldError
			switch {
			case err == nil:
				if !reflect.DeepEqual(got.Entries, want.Entries) || got.state != want.state {
					t.Errorf("flip %d, byte %d ^ %#x: what is unsynced is not what was written", i, at, mask)
				}
				if !reflect.DeepEqual(got, want) {
					wrong++
				}
			case errors.Is(err, store.ErrCorrupt), errors.Is(err, store.ErrNotAStore), errors.Is(err, store.ErrSchema), errors.As(err, &misfit):
				told++
			default:
				t.Errorf("flip %d, byte %d ^ %#x: the error says nothing to the app: %v", i, at, mask, err)
			}
			if !slices.Equal(read(t, path), flipped) {
				t.Errorf("flip %d, byte %d ^ %#x: reading changed the file", i, at, mask)
			}
			if got := beside(t, path); !slices.Equal(got, []string{""}) && header(flipped) {
				t.Errorf("flip %d, byte %d ^ %#x: reading leaves %q", i, at, mask, got)
			}
			remove(t, path, "-wal", "-shm", "-journal")
		}
		t.Logf("of %d flips %d were told, %d changed an object", total, told, wrong)
		if told == 0 || told == total {
			t.Errorf("%d of %d flips were told: the test tests nothing", told, total)
		}
	})
}

// header tells whether a file says of itself that it has no log.
func header(file []byte) bool { return file[18] == 1 && file[19] == 1 }

func remove(t *testing.T, path string, suffixes ...string) {
	t.Helper()
	for _, suffix := range suffixes {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// listFlipped opens a store to read it and lists all that it has.
func listFlipped(t *testing.T, d sqlitestore.Driver, path string) (c content, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	db, err := store.Open(t.Context(), d, path, &items.Schema, store.Options{ReadOnly: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return c, err
	}
	err = db.View(t.Context(), func(tx *store.Tx) error {
		c, err = list(tx)
		return err
	})
	return c, errors.Join(err, db.Close())
}

// The content is for anyone who has an SQLite tool: what each kind of field looks
// like there is a promise.
func TestPlainSQL(t *testing.T) {
	each(t, func(t *testing.T, d sqlitestore.Driver) {
		path := newPath(t)
		fill(t, d, path)
		db := openSQL(t, d, path)
		defer db.Close()
		want := map[string]any{
			"id": "a", "text": "it's", "other": "", "num": int64(-7), "real": 1.5, "flag": int64(1),
			"when": "2024-02-29T11:30:00.000000001Z", "data": []byte{0, 255}, "opt": "some", "optnum": nil,
			"top": int64(9), "low": int64(-9), "newest": "new", "theirs": "their", "count": int64(3),
			"whole": `["x","y"]`, "tags": `["red","ünï"]`, "attrs": `{"k":"v"}`, "nums": `{"one":1}`, "list": `["b","a"]`,
			"doc": "line 1\nline 2", "sub.a": "sub", "sub.b": int64(5), "sub.deep.c": "deep", "ref": "a",
		}
		for column, value := range want {
			var got any
			if err := db.QueryRow(`SELECT "` + column + `" FROM "field_item" WHERE "id" = 'a'`).Scan(&got); err != nil {
				t.Errorf("%s: %v", column, err)
			} else if !reflect.DeepEqual(got, value) {
				t.Errorf("%s is %T %v, not %T %v", column, got, got, value, value)
			}
		}

		// Structs in lists are objects that JSON functions can look into.
		var text string
		if err := db.QueryRow(`SELECT json_extract("rows", '$[0].text') FROM "field_item" WHERE "id" = 'a'`).Scan(&text); err != nil || text != "first" {
			t.Errorf("the text of the first row is %q, %v", text, err)
		}
		var stamp int64
		if err := db.QueryRow(`SELECT "_stamp" FROM "field_item" WHERE "id" = 'a'`).Scan(&stamp); err != nil || stamp <= 0 {
			t.Errorf("the stamp is %d, %v", stamp, err)
		}
		for _, f := range items.FieldItemRecords.Model().Info.Fields {
			if _, ok := want[f.Name]; !ok && f.Name != "rows" {
				t.Errorf("the test leaves out %s", f.Name)
			}
		}
	})
}

// full is an item with something in each field.
func full(id string) items.FieldItem {
	some := "some"
	return items.FieldItem{
		ID: id, Text: "it's", Num: -7, Real: 1.5, Flag: true, When: time.Date(2024, 2, 29, 12, 30, 0, 1, time.FixedZone("CET", 3600)),
		Data: []byte{0, 255}, Opt: &some, Top: 9, Low: -9, Newest: "new", Theirs: "their", Count: 3,
		Whole: []string{"x", "y"}, Tags: []string{"red", "ünï"}, Attrs: map[string]string{"k": "v"}, Nums: map[string]int64{"one": 1},
		List: []string{"b", "a"}, Rows: []items.Row{{ID: "1", Text: "first", Num: 1}}, Doc: "line 1\nline 2",
		Sub: items.Sub{A: "sub", B: 5, Deep: items.Deep{C: "deep"}}, Ref: "a",
	}
}

// fill makes a store with objects of each model, changed and deleted ones among
// them, closes it and tells what it holds.
func fill(t testing.TB, d sqlitestore.Driver, path string) (c content) {
	t.Helper()
	db := mustOpen(t, d, path, false)
	update(t, db, func(tx *store.Tx) error {
		for _, id := range []string{"a", "b", "c"} {
			field := full(id)
			if err := errors.Join(
				items.FieldItemRecords.Load(tx, &field, 1),
				items.ObjectItemRecords.Load(tx, &items.ObjectItem{ID: id, Text: "text", Tags: []string{"red"}}, 1),
				items.JournalItemRecords.Load(tx, &items.JournalItem{ID: id, Text: "text", Tags: []string{"red"}}, 1),
			); err != nil {
				return err
			}
		}
		return tx.MarkSynced()
	})
	update(t, db, func(tx *store.Tx) error {
		r, err := items.FieldItemRecords.Get(tx, "b")
		if err != nil {
			return err
		}
		r.SetText("changed")
		return errors.Join(
			items.FieldItemRecords.Put(tx, r),
			items.FieldItemRecords.Delete(tx, "c"),
			items.ObjectItemRecords.Delete(tx, "c"),
			items.JournalItemRecords.Replace(tx, &items.JournalItem{ID: "d", Text: "new"}),
		)
	})
	c = contentOf(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

// content is all that an app can read from a store.
type content struct {
	Fields   []items.FieldItem
	Objects  []items.ObjectItem
	Journals []items.JournalItem
	Entries  []model.Entry
	state    state
}

// state is what a store says of itself.
type state struct {
	id     string
	seq    uint64
	synced store.LastSynced
}

func list(tx *store.Tx) (c content, err error) {
	c.state = state{id: tx.Store().ID(), seq: tx.Seq()}
	c.state.synced, _ = tx.Store().LastSynced()
	if c.Fields, err = plain(items.FieldItemRecords.All(tx)); err != nil {
		return c, err
	}
	if c.Objects, err = plain(items.ObjectItemRecords.All(tx)); err != nil {
		return c, err
	}
	if c.Journals, err = plain(items.JournalItemRecords.All(tx)); err != nil {
		return c, err
	}
	for e, err := range tx.Entries() {
		if err != nil {
			return c, err
		}
		c.Entries = append(c.Entries, *e)
	}
	return c, nil
}

// plain copies records out of their transaction.
func plain[R interface{ Plain() T }, T any](records iter.Seq2[R, error]) (list []T, err error) {
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		list = append(list, r.Plain())
	}
	return list, nil
}

func contentOf(t testing.TB, db *store.Store) (c content) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		c, err = list(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func update(t testing.TB, db *store.Store, do func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), do); err != nil {
		t.Fatal(err)
	}
}

// open opens a store, which the end of the test closes if nothing else did.
func open(t testing.TB, d sqlitestore.Driver, path string, s *store.Schema, readOnly bool) (*store.Store, error) {
	db, err := store.Open(t.Context(), d, path, s, store.Options{ReadOnly: readOnly, Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Cleanup(func() { db.Close() })
	}
	return db, err
}

func mustOpen(t testing.TB, d sqlitestore.Driver, path string, readOnly bool) *store.Store {
	t.Helper()
	db, err := open(t, d, path, &items.Schema, readOnly)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// refused opens a store to write and to read. Both must fail with the error, name
// what is told and leave every file as it was. Beside a store a reader leaves an
// empty log and its index, which SQLite lets only writers remove.
func refused(t testing.TB, d sqlitestore.Driver, path string, s *store.Schema, want error, named ...string) {
	t.Helper()
	dir := filepath.Dir(path)
	before := snapshot(t, dir)
	for _, readOnly := range []bool{false, true} {
		doing := fmt.Sprintf("opening with ReadOnly %t", readOnly)
		_, err := open(t, d, path, s, readOnly)
		wantError(t, doing, err, want, named...)
		after := snapshot(t, dir)
		if readOnly && want != store.ErrNotAStore {
			maps.DeleteFunc(after, func(name, content string) bool {
				return strings.HasSuffix(name, "-shm") || strings.HasSuffix(name, "-wal") && content == ""
			})
		}
		if !maps.Equal(before, after) {
			t.Errorf("%s: of the files %v it made %v, or changed them", doing, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
		}
	}
}

func wantError(t testing.TB, doing string, err, want error, named ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s gives %v and not %v", doing, err, want)
		return
	}
	for _, name := range named {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s gives %v, which does not name %s", doing, err, name)
		}
	}
}

// newPath is a path for a store in a folder of its own.
func newPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(directory(t), "store.db")
}

// snapshot is the content of the files in a folder, if there is one, by name.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	files := make(map[string]string, len(found))
	for _, f := range found {
		if f.Type().IsRegular() {
			files[f.Name()] = string(read(t, filepath.Join(dir, f.Name())))
		}
	}
	return files
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// otherProgram makes an SQLite file that has nothing to do with stores. The
// connection to it stays open until the end of the test.
func otherProgram(t testing.TB, d sqlitestore.Driver, path string) *sql.DB {
	t.Helper()
	db := openSQL(t, d, path)
	t.Cleanup(func() { db.Close() })
	exec(t, db, `CREATE TABLE songs (title TEXT)`)
	exec(t, db, `INSERT INTO songs VALUES ('Yesterday')`)
	return db
}

// execFile runs a statement in a store's file, as another program would.
func execFile(t testing.TB, d sqlitestore.Driver, path, statement string) {
	t.Helper()
	db := openSQL(t, d, path)
	exec(t, db, statement)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
