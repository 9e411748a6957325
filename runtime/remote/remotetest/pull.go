package remotetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// many is how many objects a test has that wants several pages.
const many = 40

func name(i int) string { return fmt.Sprintf("k%02d", i) }

// fill writes many objects, each with the number n, in one chunk.
func fill(t testing.TB, c *client, n int64) {
	t.Helper()
	var patches []model.Patch
	for i := range many {
		if n == 1 {
			patches = append(patches, created(name(i), 1, 1))
		} else {
			patches = append(patches, updated(name(i), n-1, n, 1))
		}
	}
	if answer := c.push(t, patches...); len(answer.Current) > 0 {
		t.Fatalf("filling conflicts: %+v", answer)
	}
}

// testPullNothing: no page where nothing was written, be it before the beginning
// or after what was seen.
func testPullNothing(t *testing.T, h Harness) {
	none := func(cursor remote.Cursor) {
		t.Helper()
		for page, err := range h.Remote.Pull(t.Context(), "a", cursor) {
			t.Errorf("there is a page: %+v, %v", page, err)
		}
	}
	none("")
	c := newClient(h.Remote, "a")
	c.push(t, created("k", 1, 1))
	c.pull(t)
	none(c.cursor)
	c.push(t, updated("k", 5, 6, 1)) // a conflict writes nothing
	none(c.cursor)
}

// testPullNewest: each object once, in its newest state, in the order of its newest
// write; deleted ones too, and what the client wrote itself.
func testPullNewest(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	a.push(t, created("d", 1, 1), created("k", 1, 1), created("l", 1, 1), created("m", 1, 1))
	b.push(t, updated("k", 1, 2, 2))
	a.push(t, deleted("d", 1, 3))
	a.push(t, updated("k", 2, 3, 4))
	want := []string{`thing "l" num=1@1 @1`, `thing "m" num=1@1 @1`, `thing "d" deleted`, `thing "k" num=3@4 @4`}
	for _, c := range []*client{a, b} {
		same(t, "what client "+c.id+" pulls", c.pull(t), want)
	}
	b.push(t, created("n", 1, 5))
	a.push(t, updated("m", 1, 2, 5))
	for _, c := range []*client{a, b} {
		same(t, "what client "+c.id+" pulls next", c.pull(t), []string{`thing "n" num=1@5 @5`, `thing "m" num=2@5 @5`})
		same(t, "what client "+c.id+" pulls then", c.pull(t), []string{})
	}
}

// testPullGoesOn: every page's cursor is as good as the last.
func testPullGoesOn(t *testing.T, h Harness) {
	a := newClient(h.Remote, "a")
	fill(t, a, 1)
	a.push(t, updated(name(7), 1, 2, 2))
	type part struct {
		cursor remote.Cursor
		rest   int // objects before it
	}
	var parts []part
	var all []string
	for page, err := range h.Remote.Pull(t.Context(), "b", "") {
		must(t, "pulling", err)
		if len(page.Objects) == 0 {
			t.Errorf("a page is empty")
		}
		for i := range page.Objects {
			all = append(all, show(&page.Objects[i]))
		}
		parts = append(parts, part{page.Cursor, len(all)})
	}
	if len(all) != many || all[many-1] != fmt.Sprintf("thing %q num=2@2 @2", name(7)) {
		t.Fatalf("pulled %q", all)
	}
	for _, p := range parts {
		b := newClient(h.Remote, "b")
		b.cursor = p.cursor
		same(t, fmt.Sprintf("what follows object %d", p.rest), b.pull(t), all[p.rest:])
	}
	// What is written again after a page comes once more, and only that.
	a.push(t, updated(name(0), 1, 3, 3))
	first := fmt.Sprintf("thing %q num=1@1 @1", name(0))
	for _, p := range parts {
		b := newClient(h.Remote, "b")
		b.cursor = p.cursor
		rest := slices.DeleteFunc(slices.Clone(all[p.rest:]), func(o string) bool { return o == first })
		same(t, fmt.Sprintf("what follows object %d now", p.rest), b.pull(t), append(rest, fmt.Sprintf("thing %q num=3@3 @3", name(0))))
	}
}

// testPullIsOfOneMoment: writes that come while somebody pulls are in no page, or
// in the next Pull, and no object comes twice.
func testPullIsOfOneMoment(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	fill(t, a, 1)
	seen := map[string]int64{}
	pull := func(during func()) {
		once := map[string]bool{}
		for page, err := range h.Remote.Pull(t.Context(), "b", b.cursor) {
			must(t, "pulling", err)
			for _, o := range page.Objects {
				if once[o.Key.Text()] {
					t.Errorf("%v comes twice", o.Key)
				}
				once[o.Key.Text()] = true
				delete(seen, o.Key.Text())
				if !o.Deleted {
					seen[o.Key.Text()] = o.Field("num").Value.Int()
				}
			}
			b.cursor = page.Cursor
			during()
			during = func() {}
		}
	}
	pull(func() {
		fill(t, a, 2)
		a.push(t, deleted(name(1), 2, 2), created("new", 9, 2))
	})
	// The writes were two chunks: of each all or nothing is there.
	twos := 0
	for k, n := range seen {
		if n == 2 || k == "new" {
			twos++
		}
	}
	if len(seen) != many || twos != 0 && twos != many {
		t.Errorf("a pull that was under way gives parts of a write: %v", seen)
	}
	pull(func() {})
	if len(seen) != many || seen["new"] != 9 || seen[name(0)] != 2 || seen[name(many-1)] != 2 || seen[name(1)] != 0 {
		t.Errorf("the next pull leaves %v", seen)
	}
}

// testPullHasTheMark: a page has the mark of the client that asks.
func testPullHasTheMark(t *testing.T, h Harness) {
	a := newClient(h.Remote, "a")
	a.push(t, created("k", 1, 1))
	a.push(t, updated("k", 5, 6, 2), created("l", 1, 2))
	fill(t, newClient(h.Remote, "filler"), 1)
	for _, c := range []*client{a, newClient(h.Remote, "b")} {
		want := c.mark(t)
		pages := 0
		for page, err := range h.Remote.Pull(t.Context(), c.id, "") {
			must(t, "pulling", err)
			same(t, "the mark of client "+c.id+" in a page", marked(page.Mark), want)
			pages++
		}
		if pages == 0 {
			t.Error("there is no page")
		}
	}
}
