package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// A transaction that fails leaves no trace: neither an object, nor an entry, nor
// a number in the sequence.
func testNoTrace(t *testing.T, h Harness) {
	w := newWorld()
	db := h.openStore(t, h.Path, w.schema)
	defer db.Close()
	no := errors.New("no")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, c := range w.collections {
			must(t, "writing", c.Replace(tx, &thing{ID: "a", Text: "x"}))
		}
		return no
	})
	if !errors.Is(err, no) {
		t.Fatalf("the error was %v", err)
	}
	if db.Seq() != 0 {
		t.Errorf("the sequence stands at %d", db.Seq())
	}
	must(t, "reading", db.View(t.Context(), func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			t.Errorf("%+v is on record (%v)", e, err)
		}
		for _, c := range w.collections {
			if _, err := c.Get(tx, "a"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("reading gives %v", err)
			}
		}
		return nil
	}))
}

// history is what happened to one object since it was in sync, said in another
// way than the store does: by what was, what is, and what the app insisted on.
type history struct {
	synced  *thing // as the backend has it; nil for nothing
	now     *thing
	deleted bool              // it was deleted since, perhaps to come back
	touched [thingFields]bool // since it was last created
}

func (h history) clone() history {
	for _, v := range []**thing{&h.synced, &h.now} {
		if *v != nil {
			c := **v
			c.Tags = slices.Clone(c.Tags)
			*v = &c
		}
	}
	return h
}

// entry is what must be on record, in words.
func (h *history) entry() string {
	switch {
	case h.now == nil && h.synced == nil:
		return ""
	case h.now == nil:
		return "deleted, was " + h.synced.String()
	case h.synced == nil:
		return "created" + h.fields(&thing{}, false)
	case h.deleted:
		return "recreated" + h.fields(&thing{}, false) + ", was " + h.synced.String()
	}
	if fields := h.fields(h.synced, true); fields != "" {
		return "updated" + fields
	}
	return ""
}

// fields lists the fields that differ from those of another thing, or were
// touched.
func (h *history) fields(from *thing, bases bool) (text string) {
	for f := thingText; f < thingFields; f++ {
		if h.now.field(f).Equal(from.field(f)) && !h.touched[f] {
			continue
		}
		text += " " + thingFieldNames[f]
		if h.touched[f] {
			text += "!"
		}
		if bases {
			text += "<" + from.field(f).String()
		}
	}
	return text
}

func (v *thing) String() string { return fmt.Sprintf("%s/%d/%v", v.Text, v.Count, v.Tags) }

// recorded is what is on record, in the same words.
func recorded(m *model.Info, e *model.Entry) string {
	if e == nil {
		return ""
	}
	text := e.Change.String()
	for _, f := range e.Fields {
		text += " " + f.Name
		if f.Touched {
			text += "!"
		}
		if !f.Base.IsAbsent() {
			text += "<" + f.Base.String()
		}
	}
	if e.Base != nil {
		row := model.RowOf(m, e.Base)
		tags := []string{}
		tagsCodec.Load(row.Values[thingTags], &tags)
		text += ", was " + (&thing{Text: row.Values[thingText].Text(), Count: row.Values[thingCount].Int(), Tags: tags}).String()
	}
	return text
}

// machine drives a store beside the histories of its objects.
type machine struct {
	h     Harness
	w     *world
	db    *store.Store
	path  string
	truth []map[string]history // by collection
	seq   uint64
	wall  time.Time
}

func testMachine(t *testing.T, fresh func(t testing.TB) Harness) {
	rapid.Check(t, func(rt *rapid.T) {
		h := fresh(t)
		m := &machine{h: h, w: newWorld(), path: h.Path, wall: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		m.h.now = func() time.Time { return m.wall }
		for range m.w.collections {
			m.truth = append(m.truth, map[string]history{})
		}
		m.db = m.h.openStore(t, m.path, m.w.schema)
		defer func() { m.db.Close() }()
		actions := map[string]func(*rapid.T){
			"":         m.check,
			"commit":   func(rt *rapid.T) { m.transaction(rt, nil) },
			"rollback": func(rt *rapid.T) { m.transaction(rt, errors.New("rolled back on purpose")) },
			"the clock is set": func(rt *rapid.T) {
				m.wall = m.wall.Add(time.Duration(rapid.IntRange(-2, 2).Draw(rt, "hours")) * time.Hour)
			},
			"reopen": func(rt *rapid.T) {
				must(t, "closing", m.db.Close())
				m.db = m.h.openStore(t, m.path, m.w.schema)
			},
		}
		if h.Kill != nil {
			actions["kill"] = func(rt *rapid.T) {
				left := h.Kill(t, m.path)
				m.db.Close()
				m.path = left
				m.db = m.h.openStore(t, m.path, m.w.schema)
			}
		}
		rt.Repeat(actions)
	})
}

// transaction does a few things at once, and takes them back for an error.
func (m *machine) transaction(t *rapid.T, fail error) {
	before := make([]map[string]history, len(m.truth))
	for i, objects := range m.truth {
		before[i] = map[string]history{}
		for id, h := range objects {
			before[i][id] = h.clone()
		}
	}
	wrote := false
	err := m.db.Update(context.Background(), func(tx *store.Tx) error {
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			i := rapid.IntRange(0, len(m.truth)-1).Draw(t, "collection")
			did, err := m.step(t, tx, i)
			if err != nil {
				return err
			}
			wrote = wrote || did
		}
		return fail
	})
	if err != fail {
		t.Fatal(err)
	}
	switch {
	case fail != nil:
		m.truth = before
	case wrote:
		m.seq++
	}
}

// step does one thing to one object, and tells whether it was a write.
func (m *machine) step(t *rapid.T, tx *store.Tx, i int) (wrote bool, err error) {
	id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
	c, h := m.w.collections[i], m.truth[i][id]
	defer func() { m.truth[i][id] = h }()
	h = h.clone()
	was := h.entry()
	value := &thing{ID: id, Text: word(t, "text"), Count: rapid.Int64Range(0, 2).Draw(t, "count"), Tags: tags(t)}
	switch action := rapid.SampledFrom([]string{"change", "change", "save", "replace", "delete", "load"}).Draw(t, "action"); {
	case action == "load" && was == "":
		h = history{synced: value, now: value}
		return false, c.Load(tx, value, stamp.Stamp(1))
	case action == "load":
		if err := c.Load(tx, value, stamp.Stamp(1)); !errors.Is(err, store.ErrUnsynced) {
			return false, fmt.Errorf("loading over an unsynced change: %v", err)
		}
		return false, nil
	case action == "delete" && h.now == nil:
		if err := c.Delete(tx, id); !errors.Is(err, store.ErrNotFound) {
			return false, fmt.Errorf("deleting nothing: %v", err)
		}
		return false, nil
	case action == "delete":
		h.now, h.touched = nil, [thingFields]bool{}
		h.deleted = h.synced != nil
		return true, c.Delete(tx, id)
	case action == "replace" || h.now == nil && action == "save":
		wrote = h.now == nil || !sameContent(h.now, value)
		h.now = value
		return wrote, c.Replace(tx, value)
	case action == "save":
		before := *h.now
		after := before
		after.Text = value.Text
		wrote = before.Text != after.Text
		h.now = &after
		return wrote, c.Save(tx, &before, &after)
	}
	return m.change(t, tx, c, &h, id, value)
}

// change changes an object through a record, or creates it.
func (m *machine) change(t *rapid.T, tx *store.Tx, c things, h *history, id string, value *thing) (wrote bool, err error) {
	var r *thingRecord
	if h.now == nil {
		h.now, wrote = &thing{ID: id}, true
		r, err = c.New(tx, id)
	} else {
		r, err = c.Get(tx, id)
	}
	if err != nil {
		return false, err
	}
	before := history{now: h.now}.clone()
	if rapid.Bool().Draw(t, "set the text") {
		h.now.Text = value.Text
		r.setText(value.Text)
	}
	if rapid.Bool().Draw(t, "set the tags") {
		h.now.Tags = value.Tags
		r.setTags(value.Tags)
	}
	if n := rapid.Int64Range(-1, 1).Draw(t, "n"); n != 0 {
		h.now.Count += n
		r.addCount(n)
	}
	if rapid.IntRange(0, 5).Draw(t, "touch") == 0 {
		h.touched[thingCount], wrote = true, true
		r.record.Touch(thingCount)
	}
	return wrote || !sameContent(before.now, h.now), c.Put(tx, r)
}

func sameContent(a, b *thing) bool {
	return a.Text == b.Text && a.Count == b.Count && slices.Equal(a.Tags, b.Tags)
}

func word(t *rapid.T, what string) string {
	return rapid.SampledFrom([]string{"", "x", "é\n\"'"}).Draw(t, what)
}

func tags(t *rapid.T) []string {
	return rapid.SampledFrom([][]string{nil, {"p"}, {"p", "q"}}).Draw(t, "tags")
}

// check compares everything that the store holds with the histories.
func (m *machine) check(t *rapid.T) {
	if m.db.Seq() != m.seq {
		t.Fatalf("the sequence stands at %d, want %d", m.db.Seq(), m.seq)
	}
	err := m.db.View(context.Background(), func(tx *store.Tx) error {
		entries := 0
		for i, c := range m.w.collections {
			info := c.Model().Info
			found := 0
			for r, err := range c.All(tx) {
				if err != nil {
					return err
				}
				found++
				if want := m.truth[i][r.value.ID].now; want == nil || !sameContent(want, &r.value) {
					t.Fatalf("%s %s is %v, want %v", info.Name, r.value.ID, &r.value, want)
				}
			}
			for id, h := range m.truth[i] {
				if h.now != nil {
					found--
				}
				e, err := tx.Entry(info, model.StringValue(id))
				if err != nil {
					return err
				}
				if got, want := recorded(info, e), h.entry(); got != want {
					t.Fatalf("%s %s is on record as %q, want %q", info.Name, id, got, want)
				}
				if e != nil {
					entries++
				}
			}
			if found != 0 {
				t.Fatalf("%d objects of %s too few or too many", found, info.Name)
			}
		}
		stamps := map[uint64]stamp.Stamp{} // by the sequence
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			entries--
			stamps[e.Seq] = e.Stamp
		}
		var last stamp.Stamp
		for _, seq := range slices.Sorted(maps.Keys(stamps)) {
			if stamps[seq] <= last {
				t.Fatalf("the commit %d has the stamp %v, and one before it %v", seq, stamps[seq], last)
			}
			last = stamps[seq]
		}
		if entries != 0 {
			t.Fatalf("%d entries too few or too many", entries)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
