package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// shelf is a few paths, and what the test does to the stores there.
type shelf struct {
	Harness
	t     testing.TB
	files store.Files
	world *world

	a, b, c, nowhere string // nowhere is in a folder that is not there
}

// withFiles makes a test of store.Files a test of a driver that may have them.
func withFiles(test func(s *shelf)) func(t *testing.T, h Harness) {
	return func(t *testing.T, h Harness) {
		files, ok := h.Driver.(store.Files)
		if !ok {
			t.Skip("the driver does not move stores")
		}
		test(&shelf{Harness: h, t: t, files: files, world: newWorld(),
			a: h.Path, b: h.Path + ".b", c: h.Path + ".c", nowhere: filepath.Join(h.Path+".missing", "store")})
	}
}

// fill makes a store with something of everything: synced objects and unsynced ones
// under every tracking mode, entries, an open cut, notes. It gives its content.
func (s *shelf) fill(path, text string) (content string) {
	s.t.Helper()
	db := s.openStore(s.t, path, s.world.schema)
	must(s.t, "filling", db.Update(s.t.Context(), func(tx *store.Tx) error {
		for _, c := range s.world.collections {
			must(s.t, "loading", c.Load(tx, &thing{ID: "synced", Text: text, Count: 1}, stamp.Stamp(1)))
			must(s.t, "loading", c.Load(tx, &thing{ID: "deleted", Text: text, Tags: []string{"x"}}, stamp.Stamp(2)))
		}
		return errors.Join(tx.MarkSynced(), tx.SetMeta("note", []byte(text)))
	}))
	must(s.t, "filling", db.Update(s.t.Context(), func(tx *store.Tx) error {
		for _, c := range s.world.collections {
			must(s.t, "writing", c.Replace(tx, &thing{ID: "synced", Text: "changed", Count: 2}))
			must(s.t, "writing", c.Replace(tx, &thing{ID: text}))
			must(s.t, "deleting", c.Delete(tx, "deleted"))
		}
		_, err := tx.Ledger().OpenCut(1)
		return err
	}))
	content = s.contentOf(db)
	must(s.t, "closing", db.Close())
	return content
}

// write commits something to a store.
func (s *shelf) write(path, id string) {
	s.t.Helper()
	db := s.openStore(s.t, path, s.world.schema)
	must(s.t, "writing", db.Update(s.t.Context(), func(tx *store.Tx) error {
		return s.world.collections[0].Replace(tx, &thing{ID: id})
	}))
	must(s.t, "closing", db.Close())
}

// contentOf is everything in a store in words.
func (s *shelf) contentOf(db *store.Store) string {
	s.t.Helper()
	var b strings.Builder
	synced, ok := db.LastSynced()
	fmt.Fprintln(&b, db.ID(), db.Seq(), synced, ok)
	must(s.t, "reading", db.View(s.t.Context(), func(tx *store.Tx) error {
		for _, m := range s.world.schema.Models() {
			for row, err := range tx.Rows(m.Info) {
				must(s.t, "listing", err)
				fmt.Fprintln(&b, m.Info.Name, row.Values, row.Stamp, row.Stamps)
			}
		}
		for e, err := range tx.Entries() {
			must(s.t, "listing entries", err)
			fmt.Fprintf(&b, "%s %v %q\n", e.Model, e.Key, model.AppendEntry(nil, e))
		}
		cut, err := json.Marshal(tx.Ledger().Cut())
		must(s.t, "showing the cut", err)
		note, err := tx.Meta("note")
		must(s.t, "reading a note", err)
		client, epoch := tx.Ledger().Client()
		fmt.Fprintf(&b, "%s %s %s %d", cut, note, client, epoch)
		return nil
	}))
	return b.String()
}

// want finds the content in the store at path, or no store where it is "".
func (s *shelf) want(path, content string) {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), s.Driver, path, s.world.schema, store.Options{ReadOnly: true, Logger: quiet})
	if content == "" {
		if !errors.Is(err, fs.ErrNotExist) {
			s.t.Errorf("%s: opening what is not there: %v, want an error that wraps fs.ErrNotExist", path, err)
		}
		if err == nil {
			db.Close()
		}
		return
	}
	if err != nil {
		s.t.Errorf("%s: %v", path, err)
		return
	}
	if got := s.contentOf(db); got != content {
		s.t.Errorf("%s holds\n%s\nand not\n%s", path, got, content)
	}
	must(s.t, "closing", db.Close())
}

func (s *shelf) link(from, to string) error    { return s.files.Link(s.t.Context(), from, to) }
func (s *shelf) copy(from, to string) error    { return s.files.Copy(s.t.Context(), from, to) }
func (s *shelf) replace(from, to string) error { return s.files.Replace(s.t.Context(), from, to) }
func (s *shelf) remove(path string) error      { return s.files.Remove(s.t.Context(), path) }

func (s *shelf) claim(path string) (release func()) {
	s.t.Helper()
	done, err := s.files.Claim(s.t.Context(), path)
	must(s.t, "claiming", err)
	return func() { s.t.Helper(); must(s.t, "releasing a claim", done()) }
}

func (s *shelf) checksum(path string) string {
	s.t.Helper()
	sum, err := s.files.Checksum(s.t.Context(), path)
	must(s.t, "taking a checksum", err)
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(sum) {
		s.t.Errorf("%q is no SHA-256 in hexadecimal", sum)
	}
	return sum
}

func wantErr(t testing.TB, doing string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want an error that wraps %q", doing, err, want)
	}
}

func testLink(s *shelf) {
	inA, inC := s.fill(s.a, "one"), s.fill(s.c, "two")
	for range 2 { // as after a kill
		must(s.t, "linking", s.link(s.a, s.b))
		s.want(s.a, inA)
		s.want(s.b, inA)
	}
	wantErr(s.t, "linking over another store", s.link(s.a, s.c), fs.ErrExist)
	wantErr(s.t, "linking onto itself", s.link(s.a, s.a), fs.ErrExist)
	s.want(s.a, inA)
	s.want(s.c, inC)
	must(s.t, "removing one of the names", s.remove(s.a))
	s.want(s.b, inA)
	s.write(s.b, "later") // which has one name by now
	s.want(s.a, "")
}

func testCopy(s *shelf) {
	inA, inC := s.fill(s.a, "one"), s.fill(s.c, "two")
	must(s.t, "copying", s.copy(s.a, s.b))
	s.want(s.a, inA)
	s.want(s.b, inA)
	for to, what := range map[string]string{s.a: "itself", s.b: "an earlier copy", s.c: "another store"} {
		wantErr(s.t, "copying over "+what, s.copy(s.a, to), fs.ErrExist)
	}
	s.want(s.c, inC)
	s.write(s.b, "in the copy")
	s.want(s.a, inA)
	must(s.t, "removing the copy", s.remove(s.b))
	must(s.t, "copying again", s.copy(s.a, s.b))
	s.write(s.a, "in the original")
	s.want(s.b, inA)
}

func testReplace(s *shelf) {
	inA, inB := s.fill(s.a, "one"), s.fill(s.b, "two")
	wantErr(s.t, "replacing by itself", s.replace(s.a, s.a), fs.ErrExist)
	s.want(s.a, inA)
	must(s.t, "linking", s.link(s.a, s.c))
	must(s.t, "replacing", s.replace(s.b, s.a))
	s.want(s.a, inB)
	s.want(s.b, "")
	s.want(s.c, inA)
	wantErr(s.t, "replacing once more", s.replace(s.b, s.a), fs.ErrNotExist)
	s.want(s.a, inB)
	s.write(s.a, "later")
	s.want(s.c, inA)
	s.write(s.b, "a new store") // the path is free
	must(s.t, "removing", s.remove(s.b))
	must(s.t, "replacing what is not there", s.replace(s.c, s.b))
	s.want(s.b, inA)
	s.want(s.c, "")
	must(s.t, "linking", s.link(s.b, s.c))
	must(s.t, "replacing a store by itself under another name", s.replace(s.c, s.b))
	s.want(s.b, inA)
	s.want(s.c, "")
}

func testRemove(s *shelf) {
	inA := s.fill(s.a, "one")
	must(s.t, "copying", s.copy(s.a, s.b))
	for range 2 {
		must(s.t, "removing", s.remove(s.a))
		s.want(s.a, "")
	}
	must(s.t, "removing nothing", s.remove(s.c))
	must(s.t, "removing nothing in a folder that is not there", s.remove(s.nowhere))
	s.want(s.b, inA)
	s.write(s.a, "a new store")
	s.want(s.b, inA)
}

func testChecksum(s *shelf) {
	m := note()
	schema := []*model.Info{m}
	entry := &model.Entry{Model: "note", Key: str("a"), Change: model.Created}
	last := ""
	for _, change := range []struct {
		name string
		do   func(tx store.EngineTx) error
	}{
		{"inserting", func(tx store.EngineTx) error { return tx.Insert(m, str("a"), row(m, str("a"), str("one"), num(1))) }},
		{"updating", func(tx store.EngineTx) error {
			return tx.Update(m, str("a"), row(m, str("a"), str("two"), num(1)), model.FieldSetOf(1))
		}},
		{"stamping", func(tx store.EngineTx) error {
			r := row(m, str("a"), str("two"), num(1))
			r.Mark(m, 1, 7)
			return tx.Replace(m, str("a"), r)
		}},
		{"writing an entry", func(tx store.EngineTx) error { return tx.PutEntry(entry) }},
		{"writing bookkeeping", func(tx store.EngineTx) error { return tx.SetMeta("x", []byte("x")) }},
		{"deleting an entry", func(tx store.EngineTx) error { return tx.DeleteEntry("note", str("a")) }},
		{"deleting", func(tx store.EngineTx) error { return tx.Delete(m, str("a")) }},
	} {
		s.with(s.t, schema, func(tx store.EngineTx) { must(s.t, change.name, change.do(tx)) })
		sum := s.checksum(s.a)
		if sum == last {
			s.t.Errorf("%s: the checksum stays", change.name)
		}
		last = sum
	}
	e := s.mustOpenReadOnly(s.t, m)
	view(s.t, e, func(tx store.EngineTx) { keys(s.t, tx, m) })
	mustClose(s.t, e)
	must(s.t, "linking", s.link(s.a, s.b))
	must(s.t, "copying", s.copy(s.a, s.c))
	for path, what := range map[string]string{s.a: "after reading", s.b: "of a link", s.c: "of a copy"} {
		if sum := s.checksum(path); sum != last {
			s.t.Errorf("%s the checksum is another", what)
		}
	}
}

// testFilesInUse: what is open is not moved.
func testFilesInUse(s *shelf) {
	inA, inB := s.fill(s.a, "one"), s.fill(s.b, "two")
	for _, readOnly := range []bool{false, true} {
		db, err := store.Open(s.t.Context(), s.Driver, s.a, s.world.schema, store.Options{ReadOnly: readOnly, Logger: quiet})
		must(s.t, "opening", err)
		for what, do := range map[string]func() error{
			"claiming":     func() error { _, err := s.files.Claim(s.t.Context(), s.a); return err },
			"linking":      func() error { return s.link(s.a, s.c) },
			"copying":      func() error { return s.copy(s.a, s.c) },
			"replacing by": func() error { return s.replace(s.a, s.b) },
			"replacing":    func() error { return s.replace(s.b, s.a) },
			"removing":     func() error { return s.remove(s.a) },
			"checking":     func() error { _, err := s.files.Checksum(s.t.Context(), s.a); return err },
		} {
			wantErr(s.t, fmt.Sprintf("%s a store that is open (read only: %v)", what, readOnly), do(), store.ErrInUse)
		}
		if got := s.contentOf(db); got != inA {
			s.t.Errorf("the open store holds %s", got)
		}
		must(s.t, "closing", db.Close())
		s.want(s.a, inA)
		s.want(s.b, inB)
		s.want(s.c, "")
	}
}

// testFilesMissing: where there is no store.
func testFilesMissing(s *shelf) {
	inB := s.fill(s.b, "one")
	for _, from := range []string{s.a, s.nowhere} {
		for what, do := range map[string]func() error{
			"linking":      func() error { return s.link(from, s.c) },
			"copying":      func() error { return s.copy(from, s.c) },
			"replacing by": func() error { return s.replace(from, s.b) },
			"checking":     func() error { _, err := s.files.Checksum(s.t.Context(), from); return err },
		} {
			wantErr(s.t, what+" nothing", do(), fs.ErrNotExist)
		}
	}
	s.want(s.a, "")
	s.want(s.b, inB)
	s.want(s.c, "")
}

// testClaim: who claims a path can open a store there and move it.
func testClaim(s *shelf) {
	free := s.claim(s.c)
	release := s.claim(s.a) // there is none yet
	inA := s.fill(s.a, "one")
	s.want(s.a, inA)
	must(s.t, "linking", s.link(s.a, s.b))
	must(s.t, "removing", s.remove(s.a))
	must(s.t, "replacing", s.replace(s.b, s.a))
	s.checksum(s.a)
	s.want(s.a, inA)
	db := s.openStore(s.t, s.a, s.world.schema)
	wantErr(s.t, "removing an open store from a claimed path", s.remove(s.a), store.ErrInUse)
	if _, err := store.Open(s.t.Context(), s.Driver, s.a, s.world.schema, store.Options{ReadOnly: true, Logger: quiet}); !errors.Is(err, store.ErrInUse) {
		s.t.Errorf("opening an open store at a claimed path: %v, want an error that wraps ErrInUse", err)
	}
	must(s.t, "closing", db.Close())
	release()
	free()
	s.want(s.a, inA)
	s.want(s.c, "")
	s.claim(s.a)()
	s.write(s.a, "later")
}

// testFilesAfterKill: what a process leaves that was killed is moved with all that it
// has committed.
func testFilesAfterKill(s *shelf) {
	if s.Kill == nil {
		s.t.Skip("the harness cannot kill")
	}
	s.fill(s.a, "one")
	db := s.openStore(s.t, s.a, s.world.schema)
	must(s.t, "writing", db.Update(s.t.Context(), func(tx *store.Tx) error {
		return s.world.collections[0].Replace(tx, &thing{ID: "the last"})
	}))
	content := s.contentOf(db)
	left := s.Kill(s.t, s.a)
	db.Close()
	must(s.t, "copying", s.copy(left, s.b))
	must(s.t, "linking", s.link(left, s.c))
	if s.checksum(s.b) != s.checksum(left) {
		s.t.Error("the checksum of the copy is another")
	}
	must(s.t, "replacing", s.replace(left, s.b))
	s.want(s.b, content)
	s.want(s.c, content)
	s.want(left, "")
}
