package boltstore

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// usedSize is how far the file of a store is in use.
func usedSize(t testing.TB, path string) int64 {
	t.Helper()
	db, err := bolt.Open(path, 0o666, &bolt.Options{ReadOnly: true})
	must(t, "opening with bbolt", err)
	defer db.Close()
	var size int64
	must(t, "reading with bbolt", db.View(func(tx *bolt.Tx) error {
		size = tx.Size()
		return nil
	}))
	return size
}

var flips = flag.Int("flips", 10_000, "how many bytes TestFlippedBytes flips")

// A byte of the file is another: either that is told, or everything is as it was,
// also after more was written. There is no third thing.
func TestFlippedBytes(t *testing.T) {
	whole := newPath(t)
	models, want := world(t, whole)
	sound := read(t, whole)
	used := usedSize(t, whole)
	pageSize := int64(os.Getpagesize())
	path := newPath(t)
	random := rand.New(rand.NewPCG(1, 2))
	told, untold := 0, 0
	flip := func(at int64, mask byte) {
		damaged := bytes.Clone(sound)
		damaged[at] ^= mask
		write(t, path, damaged)
		where := fmt.Sprintf("byte %d of page %d, %#x for %#x", at%pageSize, at/pageSize, damaged[at], sound[at])
		e, err := open(context.Background(), path, true, models...)
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrNotAStore) {
				t.Errorf("%s: %v", where, err)
			}
			if !bytes.Equal(read(t, path), damaged) {
				t.Errorf("%s: the file has been changed", where)
			}
			told++
			return
		}
		got, err := content(e, models...)
		must(t, "closing", e.Close())
		if err != nil || got != want {
			t.Errorf("%s: the content is another, and the error %v", where, err)
		}
		if untold++; untold%20 != 0 {
			return
		}
		e, err = open(context.Background(), path, false, models...)
		if err != nil {
			t.Errorf("%s: it can be read and not be written to: %v", where, err)
			return
		}
		update(t, e, func(tx *tx) error { return insert(tx, models[0], 2000, 2200) })
		update(t, e, func(tx *tx) error {
			for id := 2000; id < 2200; id++ {
				if err := errors.Join(tx.Delete(models[0], model.IntValue(int64(id))), tx.DeleteEntry("item", model.IntValue(int64(id)))); err != nil {
					return err
				}
			}
			return nil
		})
		must(t, "closing", e.Close())
		e = mustOpen(t, path, true, models...)
		if got, err := content(e, models...); err != nil || got != want {
			t.Errorf("%s: after writing the content is another, and the error %v", where, err)
		}
		must(t, "closing", e.Close())
	}
	for range *flips {
		flip(random.Int64N(used), byte(1<<random.IntN(8)))
	}
	for page := range used / pageSize { // the first bytes of a page say what it is
		for range 4 {
			flip(page*pageSize+random.Int64N(100), byte(1+random.IntN(255)))
		}
	}
	if told < *flips/3 {
		t.Errorf("of %d only %d were told", *flips, told)
	}
	t.Logf("%d were told, of %d and 4 in each of %d pages", told, *flips, used/pageSize)
}

// Of a page of the store in its place is another, sound page of it: what a disk
// leaves that has not written, or has written elsewhere.
func TestMisplacedPages(t *testing.T) {
	whole := newPath(t)
	models, want := world(t, whole)
	sound := read(t, whole)
	pageSize := int64(os.Getpagesize())
	pages := usedSize(t, whole) / pageSize
	page := func(content []byte, id int64) []byte { return content[id*pageSize : (id+1)*pageSize] }
	path := newPath(t)
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		from, to := random.Int64N(pages), random.Int64N(pages)
		damaged := bytes.Clone(sound)
		copy(page(damaged, to), page(sound, from))
		if random.IntN(2) == 0 && to > 1 { // and it claims to be there
			order.PutUint64(page(damaged, to), uint64(to))
		}
		write(t, path, damaged)
		e, err := open(context.Background(), path, true, models...)
		if err != nil {
			if !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrNotAStore) {
				t.Errorf("page %d in the place of %d: %v", from, to, err)
			}
			continue
		}
		got, err := content(e, models...)
		must(t, "closing", e.Close())
		if err != nil || got != want {
			t.Errorf("page %d in the place of %d: the content is another, and the error %v", from, to, err)
		}
	}
}

// A bucket begins at one of its own pages: each that is left is sound, and the
// others are in no place at all.
func TestLostPages(t *testing.T) {
	path := newPath(t)
	models, _ := world(t, path)
	name := objectsBucket(0)
	var root uint64
	e := mustOpen(t, path, true, models...)
	must(t, "reading", e.view(context.Background(), func(tx *tx) error {
		b, err := tx.bucket(name)
		root = uint64(b.Root())
		return err
	}))
	must(t, "closing", e.Close())
	file := read(t, path)
	page := file[int64(root)*int64(os.Getpagesize()):]
	if order.Uint16(page[8:]) != branchPage {
		t.Fatal("the bucket has one page: the test tests nothing")
	}
	header := func(root uint64) []byte { return order.AppendUint64([]byte(name), root) }
	write(t, path, bytes.ReplaceAll(file, header(root), header(order.Uint64(page[pageHeaderSize+8:]))))
	_, err := open(context.Background(), path, true, models...)
	wantError(t, "opening", err, store.ErrCorrupt, "neither free nor in use")
}

// The end of a store is missing: a copy that was broken off.
func TestTruncated(t *testing.T) {
	whole := newPath(t)
	models, _ := world(t, whole)
	content := read(t, whole)
	used := usedSize(t, whole)
	for _, size := range []int64{1, 20, 100, 1000, 4096, 4200, 8192, used / 2, used - 4096, used - 1} {
		path := newPath(t)
		write(t, path, content[:size])
		for _, readOnly := range []bool{true, false} {
			e, err := open(context.Background(), path, readOnly, models...)
			if err == nil {
				e.Close()
			}
			if !errors.Is(err, store.ErrCorrupt) && !(size < 100 && errors.Is(err, store.ErrNotAStore)) {
				t.Errorf("%d bytes: %v", size, err)
			}
			if got := read(t, path); !bytes.Equal(got, content[:size]) {
				t.Errorf("the file of %d bytes has been changed", size)
			}
		}
	}
}

// What is there is not a store: it is somebody else's, and stays as it is to the
// last byte, with nothing new beside it.
func TestNotAStore(t *testing.T) {
	foreign := func(options *bolt.Options, names ...string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := bolt.Open(path, 0o666, options)
			must(t, "opening with bbolt", err)
			must(t, "writing with bbolt", db.Update(func(tx *bolt.Tx) error {
				for _, name := range names {
					b, err := tx.CreateBucket([]byte(name))
					if err != nil {
						return err
					}
					if err := b.Put([]byte("song"), []byte("Help!")); err != nil {
						return err
					}
				}
				return nil
			}))
			must(t, "closing bbolt", db.Close())
		}
	}
	for name, put := range map[string]func(t *testing.T, path string){
		"text":                 func(t *testing.T, path string) { write(t, path, []byte("Dear diary,\n")) },
		"zeros":                func(t *testing.T, path string) { write(t, path, make([]byte, 100000)) },
		"bbolt":                foreign(nil, "songs", "meta"),
		"bbolt, empty":         foreign(nil),
		"bbolt, no free pages": foreign(&bolt.Options{NoFreelistSync: true}, "songs"),
		"bbolt, large pages":   foreign(&bolt.Options{PageSize: 1 << 16}, "songs"),
		"directory":            func(t *testing.T, path string) { must(t, "making a directory", os.Mkdir(path, 0o777)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			put(t, path)
			before, _ := os.ReadFile(path)
			for _, readOnly := range []bool{true, false} {
				e, err := open(context.Background(), path, readOnly, item("item"))
				if err == nil {
					e.Close()
				}
				wantError(t, "opening", err, store.ErrNotAStore, path)
				if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
					t.Error("the file has been changed")
				}
				if beside, _ := os.ReadDir(filepath.Dir(path)); len(beside) != 1 {
					t.Errorf("beside it are %v", beside)
				}
			}
		})
	}
}

// The page that says where the newest commit lies is damaged. bbolt would open the
// file, and be content with the commit before.
func TestHeaders(t *testing.T) {
	whole := newPath(t)
	models, _ := world(t, whole)
	for id := range 2 {
		damaged := read(t, whole)
		damaged[id*os.Getpagesize()+pageHeaderSize+metaSize-1] ^= 1
		path := newPath(t)
		write(t, path, damaged)
		db, err := bolt.Open(path, 0o666, &bolt.Options{ReadOnly: true})
		must(t, "opening with bbolt", err)
		must(t, "closing bbolt", db.Close())
		_, err = open(context.Background(), path, false, models...)
		wantError(t, "opening", err, store.ErrCorrupt, path, "header")
	}
}

// An empty file is what a process leaves that was killed before it wrote: there is
// no store yet. So is a draft.
func TestEmptyFile(t *testing.T) {
	path := newPath(t)
	write(t, path, nil)
	write(t, path+".resetgen-new", []byte("half a store"))
	_, err := open(context.Background(), path, true, item("item"))
	wantError(t, "reading", err, fs.ErrNotExist)
	e := mustOpen(t, path, false, item("item"))
	update(t, e, func(tx *tx) error { return insert(tx, item("item"), 0, 0) })
	if _, err := os.Stat(path + ".resetgen-new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the draft: %v", err)
	}
}

// A store of a later version of this package is not guessed at.
func TestLaterForm(t *testing.T) {
	path := newPath(t)
	models, _ := world(t, path)
	e := mustOpen(t, path, false, models...)
	update(t, e, func(tx *tx) error { return tx.put(markBucket, formKey, []byte{form + 1}) })
	must(t, "closing", e.Close())
	_, err := open(context.Background(), path, false, models...)
	wantError(t, "opening", err, store.ErrSchema, "form 2")
}

// The file is damaged under an open store: by what is no page, and by its end.
func TestDamagedWhileOpen(t *testing.T) {
	damages := map[string]func(f *os.File, size int64) error{
		"garbage": func(f *os.File, size int64) error {
			page := int64(os.Getpagesize())
			_, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, int(size-2*page)), 2*page)
			return err
		},
		"truncated": func(f *os.File, size int64) error { return f.Truncate(2 * int64(os.Getpagesize())) },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			models, _ := world(t, path)
			size := usedSize(t, path)
			m := models[0]
			e := mustOpen(t, path, false, models...)
			reader, err := e.begin(context.Background(), false)
			must(t, "beginning to read", err)
			writer, err := e.begin(context.Background(), true)
			must(t, "beginning to write", err)
			for id := range 50 {
				must(t, "writing", writer.PutEntry(&model.Entry{Model: m.Name, Key: model.IntValue(int64(id)), Change: model.Updated}))
			}

			f, err := os.OpenFile(path, os.O_RDWR, 0)
			must(t, "opening the file", err)
			defer f.Close()
			must(t, "damaging the file", damage(f, size))

			_, err = reader.Get(m, model.IntValue(1))
			wantError(t, "reading", err, store.ErrCorrupt, path)
			for _, err := range reader.Rows(m) {
				wantError(t, "listing", err, store.ErrCorrupt, path)
			}
			for _, err := range reader.Entries("", model.Value{}) {
				wantError(t, "listing entries", err, store.ErrCorrupt, path)
			}
			_, err = reader.Meta("state")
			wantError(t, "reading the bookkeeping", err, store.ErrCorrupt, path)
			reader.Rollback()
			wantError(t, "committing", writer.Commit(), store.ErrCorrupt, path)
			writer.Rollback()
			if _, err := e.begin(context.Background(), true); err == nil {
				t.Error("the store goes on")
			}
			must(t, "closing", e.Close())
			_, err = open(context.Background(), path, false, models...)
			wantError(t, "opening again", err, store.ErrCorrupt, path)
		})
	}
}

// Nothing is left of the file under an open store. bbolt holds on to its locks
// then, which keeps nobody waiting.
func TestEmptiedWhileOpen(t *testing.T) {
	path := newPath(t)
	models, _ := world(t, path)
	e := mustOpen(t, path, false, models...)
	reader, err := e.begin(context.Background(), false)
	must(t, "beginning to read", err)
	must(t, "emptying the file", os.Truncate(path, 0))
	_, err = e.begin(context.Background(), false)
	wantError(t, "beginning to read", err, store.ErrCorrupt, path)
	_, err = e.begin(context.Background(), true)
	wantError(t, "beginning to write", err, store.ErrCorrupt, path)
	must(t, "ending a transaction", reader.Rollback())
	must(t, "closing", e.Close())
}

// A commit for which there is no room leaves no trace, and the store goes on.
func TestFull(t *testing.T) {
	path := newPath(t)
	models, want := world(t, path)
	e := mustOpen(t, path, false, models...)
	e.db.MaxSize = int(usedSize(t, copyOfTheDisk(t, path)))
	err := e.atomically(context.Background(), func(tx *tx) error { return insert(tx, models[0], 3000, 20000) })
	if err == nil {
		t.Fatal("there was room: the test tests nothing")
	}
	e.db.MaxSize = 0
	got, err := content(e, models...)
	if err != nil || got != want {
		t.Errorf("after a commit that failed the content is another, and the error %v", err)
	}
	update(t, e, func(tx *tx) error { return insert(tx, models[0], 3000, 20000) })
	must(t, "closing", e.Close())
	mustOpen(t, path, true, models...)
}

// A panic of the app's own goes its way.
func TestPanicsOfTheApp(t *testing.T) {
	path := newPath(t)
	models, _ := world(t, path)
	e := mustOpen(t, path, true, models...)
	defer func() {
		if p := recover(); p != "mine" {
			t.Errorf("recovered %v", p)
		}
	}()
	e.view(context.Background(), func(tx *tx) error {
		defer tx.Rollback()
		for range tx.Rows(models[0]) {
			panic("mine")
		}
		return nil
	})
}

// The context ends while the file is looked over.
func TestContextOfOpen(t *testing.T) {
	path := newPath(t)
	models, _ := world(t, path)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f, err := os.Open(path)
	must(t, "opening the file", err)
	defer f.Close()
	info, err := f.Stat()
	must(t, "asking for its size", err)
	if err := verify(ctx, f, info.Size()); !errors.Is(err, context.Canceled) {
		t.Errorf("looking over the file: %v", err)
	}
	if _, err := open(ctx, path, false, models...); !errors.Is(err, context.Canceled) {
		t.Errorf("opening: %v", err)
	}
}

// Whatever the bytes of a file, looking it over ends with an answer.
func FuzzVerify(f *testing.F) {
	path := newPath(f)
	models := []*model.Info{item("item")}
	e := mustOpen(f, path, false, models...)
	update(f, e, func(tx *tx) error { return insert(tx, models[0], 0, 100) })
	must(f, "closing", e.Close())
	f.Add(read(f, path)[:usedSize(f, path)])
	f.Fuzz(func(t *testing.T, content []byte) {
		content = bytes.Clone(content)
		for at := pageHeaderSize; at < 2*4096 && len(content) >= at+metaSize; at += 4096 { // or every file would end at its headers
			h := fnv.New64a()
			h.Write(content[at : at+metaSummed])
			order.PutUint64(content[at+metaSummed:], h.Sum64())
		}
		verify(context.Background(), bytes.NewReader(content), int64(len(content)))
	})
}
