package remotetest

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// testSnapshotOfNothing: one last page, whose cursor is good.
func testSnapshotOfNothing(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	last := c.pages(t, remote.Resume{}, func(page *remote.SnapshotPage) {
		if len(page.Objects) > 0 || page.Total != 0 {
			t.Errorf("an empty backend has the page %+v", page)
		}
	})
	same(t, "the mark", marked(last.Mark), marked(model.Mark{}))
	c.cursor = last.Cursor
	same(t, "what follows", c.pull(t), []string{})
	newClient(h.Remote, "b").push(t, created("k", 1, 1))
	same(t, "what follows a write", c.pull(t), []string{`thing "k" num=1@1 @1`})
}

// testSnapshotOrder: by the models' names and then by keys, without what was
// deleted, with the mark and the number of objects.
func testSnapshotOrder(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	fill(t, c, 1)
	var patches []model.Patch
	for _, n := range []int64{10, 9, -1, 100, 0} {
		for _, m := range []string{"zoo", "ant", "thin", "thing2"} {
			patches = append(patches, model.Patch{Model: m, Key: num(n), Change: model.Created, Stamp: 1})
		}
	}
	c.push(t, patches...)
	want := many + len(patches) - 1
	answer := c.push(t, deleted(name(3), 1, 2), updated(name(4), 5, 6, 2))
	var got []remote.Object
	last := c.pages(t, remote.Resume{}, func(page *remote.SnapshotPage) {
		got = append(got, page.Objects...)
		if page.Total != want && page.Total != 0 {
			t.Errorf("there are %d objects, and a page says %d", want, page.Total)
		}
	})
	before := func(a, b remote.Object) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), model.Compare(a.Key, b.Key))
	}
	if len(got) != want || !slices.IsSortedFunc(got, before) {
		t.Errorf("the snapshot has %d objects (want %d), in this order:", len(got), want)
		for i := range got {
			t.Log(show(&got[i]))
		}
	}
	same(t, "the mark", marked(last.Mark), marked(answer.Mark))
	c.cursor = last.Cursor
	same(t, "what follows", c.pull(t), []string{})
}

// testSnapshotIsOfOneMoment: what is written while somebody downloads comes by the
// next Pull; the mark is of the snapshot's moment.
func testSnapshotIsOfOneMoment(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	fill(t, a, 1)
	b.push(t, created("mine", 1, 1))
	before, mark := contents(t, h.Remote), b.mark(t)
	got := []string{}
	pages := 0
	last := b.pages(t, remote.Resume{}, func(page *remote.SnapshotPage) {
		for i := range page.Objects {
			got = append(got, show(&page.Objects[i]))
		}
		switch pages++; pages {
		case 1:
			a.push(t, updated(name(many-1), 1, 2, 2))
			b.push(t, updated("mine", 1, 2, 2))
		case 2:
			a.push(t, created("zzz", 1, 3), deleted(name(many-2), 1, 3))
		}
	})
	same(t, "the snapshot", got, before)
	same(t, "its mark", marked(last.Mark), mark)
	b.cursor = last.Cursor
	want := []string{fmt.Sprintf("thing %q num=2@2 @2", name(many-1)), `thing "mine" num=2@2 @2`}
	if pages > 1 {
		want = append(want, `thing "zzz" num=1@3 @3`, fmt.Sprintf("thing %q deleted", name(many-2)))
	}
	same(t, "what was written meanwhile", b.pull(t), want)
}

// testSnapshotResumed: after every page, the rest of the same snapshot follows,
// whatever was written since; or another one begins, and says so.
func testSnapshotResumed(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	fill(t, a, 1)
	b.push(t, updated(name(0), 1, 2, 2))
	var resumes []remote.Resume
	var ends []int
	all := []string{}
	last := b.pages(t, remote.Resume{}, func(page *remote.SnapshotPage) {
		for i := range page.Objects {
			all = append(all, show(&page.Objects[i]))
		}
		resumes, ends = append(resumes, page.Resume), append(ends, len(all))
	})
	a.push(t, created("a first one", 1, 3), deleted(name(5), 1, 3))
	b.push(t, updated(name(6), 1, 7, 3))
	for i, resume := range resumes {
		got := []string{}
		id := ""
		end := b.pages(t, resume, func(page *remote.SnapshotPage) {
			id = page.Resume.ID
			for i := range page.Objects {
				got = append(got, show(&page.Objects[i]))
			}
		})
		if id != resume.ID {
			same(t, "a snapshot instead of the one that is not kept", got, contents(t, h.Remote))
			continue
		}
		same(t, fmt.Sprintf("the rest after page %d", i+1), got, all[ends[i]:])
		same(t, "the mark", marked(end.Mark), marked(last.Mark))
		b.cursor = end.Cursor
		same(t, "what was written since", b.pull(t), []string{
			`thing "a first one" num=1@3 @3`, fmt.Sprintf("thing %q deleted", name(5)), fmt.Sprintf("thing %q num=7@3 @3", name(6)),
		})
	}
}

// testSnapshotResumedElsewhere: what the backend does not know, or another client
// began, is not resumed: a whole snapshot comes, with an id of its own.
func testSnapshotResumedElsewhere(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	fill(t, a, 1)
	b.push(t, created("mine", 1, 1))
	var first remote.Resume
	for page, err := range h.Remote.Snapshot(t.Context(), a.id, remote.Resume{}) {
		must(t, "downloading", err)
		first = page.Resume
		break
	}
	unknown := first
	unknown.ID += "0"
	for _, resume := range []remote.Resume{first, unknown} {
		n := 0
		last := b.pages(t, resume, func(page *remote.SnapshotPage) {
			n += len(page.Objects)
			if page.Resume.ID == resume.ID {
				t.Errorf("snapshot %s goes on", resume.ID)
			}
		})
		if n != many+1 {
			t.Errorf("the snapshot has %d objects, want %d", n, many+1)
		}
		same(t, "the mark", marked(last.Mark), b.mark(t))
	}
}
