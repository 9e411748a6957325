package remotetest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// testApplied: each kind of change, where its bases hold.
func testApplied(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	two := created("k", 1, 5)
	two.Fields = append(two.Fields, model.PatchField{Name: "text", Value: model.StringValue("x"), Stamp: 4})
	answer := c.push(t, created("d", 4, 5), two, created("r", 3, 5))
	same(t, "the answer", marked(answer.Mark), `cut 1 "a-0-1": 1 done`)
	same(t, "what conflicts", current(answer), []string{})
	same(t, "created", contents(t, h.Remote), []string{
		`thing "d" num=4@5 @5`, `thing "k" num=1@5 text="x"@4 @5`, `thing "r" num=3@5 @5`,
	})

	// A field that nobody wrote has whatever value the change is based on.
	added := updated("k", 1, 2, 7)
	added.Fields = append(added.Fields, model.PatchField{Name: "new", Value: num(9), Base: num(0), Stamp: 6})
	answer = c.push(t, deleted("d", 4, 7), added, recreated("r", 3, 30, 7))
	same(t, "the mark", marked(answer.Mark), `cut 2 "a-0-2": 1 done`)
	same(t, "changed", contents(t, h.Remote), []string{
		`thing "k" new=9@6 num=2@7 text="x"@4 @7`, `thing "r" num=30@7 @7`,
	})

	// A clock that runs behind does not take an object's newest stamp back.
	answer = c.push(t, deleted("d", 4, 7), updated("k", 2, 3, 6))
	same(t, "what conflicts", current(answer), []string{})
	same(t, "changed by a slow clock", contents(t, h.Remote)[0], `thing "k" new=9@6 num=3@6 text="x"@4 @7`)

	// An object that was deleted can be created.
	c.push(t, created("d", 8, 9))
	same(t, "created again", contents(t, h.Remote)[0], `thing "d" num=8@9 @9`)
}

// testValues: every kind comes back as it was, by Pull, Snapshot and as Current;
// keys too.
func testValues(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	values := []model.Value{
		model.NullValue(), model.BoolValue(false), model.BoolValue(true),
		num(0), num(math.MinInt64), num(math.MaxInt64), model.UintValue(0), model.UintValue(math.MaxUint64),
		model.FloatValue(0), model.FloatValue(math.NaN()), model.FloatValue(math.Inf(1)), model.FloatValue(math.Inf(-1)), model.FloatValue(5e-324), model.FloatValue(0.1),
		model.StringValue(""), model.StringValue("a\x00\"\\<é世\u2028"), model.StringValue("not \xff UTF-8"), model.StringValue(strings.Repeat("long ", 5000)),
		model.BytesValue(nil), model.BytesValue([]byte{0, 255, 10}),
		model.TimeValue(time.Time{}), model.TimeValue(time.Unix(0, 1)), model.TimeValue(time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)),
		model.JSONValue("[]"), model.JSONValue(`{"n": 12345678901234567890.10, "s": "<a>"}`), model.JSONValue("null"),
	}
	keys := []model.Value{
		num(math.MinInt64), num(-1), num(math.MaxInt64), model.UintValue(0), model.UintValue(math.MaxUint64),
		key("a b.c/*>\x00é"), key("\xff"), model.BytesValue([]byte("0123456789abcdef")), model.BytesValue([]byte{0, 1, 255}),
	}
	var patches []model.Patch
	want := map[model.Value]*model.Patch{}
	for i, k := range keys {
		p := model.Patch{Model: fmt.Sprintf("m %d", i), Key: k, Change: model.Created, Stamp: math.MaxUint64}
		for j, v := range values {
			p.Fields = append(p.Fields, model.PatchField{Name: fmt.Sprintf("f.%d", j), Value: v, Stamp: p.Stamp - 1})
		}
		patches = append(patches, p)
	}
	for i := range patches {
		want[patches[i].Key] = &patches[i]
	}
	check := func(how string, objects []remote.Object) {
		t.Helper()
		if len(objects) != len(keys) {
			t.Errorf("%s gives %d objects, want %d", how, len(objects), len(keys))
		}
		for _, o := range objects {
			p := want[o.Key]
			if p == nil || o.Model != p.Model || o.Stamp != p.Stamp {
				t.Errorf("%s gives %s %v @%d", how, o.Model, o.Key, uint64(o.Stamp))
				continue
			}
			if len(o.Fields) != len(values) {
				t.Errorf("%s gives %d fields of %v", how, len(o.Fields), o.Key)
			}
			for _, f := range p.Fields {
				if got := o.Field(f.Name); got == nil || !got.Value.Equal(f.Value) || got.Stamp != f.Stamp {
					t.Errorf("%s gives %+v for the %s %v", how, got, f.Value.Kind(), f.Value)
				}
			}
		}
	}
	answer := c.push(t, patches...)
	same(t, "what conflicts", current(answer), []string{})
	check("another try", c.push(t, patches...).Current)
	var pulled, downloaded []remote.Object
	for page, err := range h.Remote.Pull(t.Context(), "b", "") {
		must(t, "pulling", err)
		pulled = append(pulled, page.Objects...)
	}
	check("Pull", pulled)
	newClient(h.Remote, "b").pages(t, remote.Resume{}, func(page *remote.SnapshotPage) { downloaded = append(downloaded, page.Objects...) })
	check("Snapshot", downloaded)

	// Each of them is also good as a base.
	for i := range patches {
		patches[i].Change = model.Updated
		for j := range patches[i].Fields {
			patches[i].Fields[j].Base = patches[i].Fields[j].Value
		}
	}
	same(t, "what conflicts with its own values", current(c.push(t, patches...)), []string{})
}

// testConflicts: a change whose base does not hold is not applied but listed, and
// the rest of the chunk is applied.
func testConflicts(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	a.push(t, created("c", 1, 1), created("d", 1, 1), created("gone", 1, 1), created("ok", 1, 1), created("r", 1, 1), created("u", 1, 1))
	a.push(t, deleted("gone", 1, 2))
	twoFields := updated("u", 5, 6, 3)
	twoFields.Fields = append(twoFields.Fields, model.PatchField{Name: "text", Value: model.StringValue("x"), Base: model.StringValue(""), Stamp: 3})
	chunks := b.cut(4,
		created("c", 2, 3), deleted("d", 2, 3), updated("gone", 1, 2, 3), updated("never", 1, 2, 3),
		updated("ok", 1, 2, 3), recreated("r", 2, 3, 3), recreated("s", 2, 3, 3), twoFields)
	first := b.send(t, chunks[0])
	same(t, "the first mark", marked(first.Mark), `cut 1 "b-0-1": 1 done, conflict thing "c", conflict thing "d", conflict thing "gone", conflict thing "never"`)
	same(t, "the first chunk's conflicts", current(first), []string{`thing "c" num=1@1 @1`, `thing "d" num=1@1 @1`, `thing "gone" deleted`, `thing "never" deleted`})
	second := b.send(t, chunks[1])
	same(t, "the second mark", marked(second.Mark), strings.Replace(marked(first.Mark), "1 done", "2 done", 1)+`, conflict thing "r", conflict thing "s", conflict thing "u"`)
	same(t, "the second chunk's conflicts", current(second), []string{`thing "r" num=1@1 @1`, `thing "s" deleted`, `thing "u" num=1@1 @1`})
	same(t, "the content", contents(t, h.Remote), []string{
		`thing "c" num=1@1 @1`, `thing "d" num=1@1 @1`, `thing "ok" num=2@3 @3`, `thing "r" num=1@1 @1`, `thing "u" num=1@1 @1`,
	})
	same(t, "the mark", b.mark(t), marked(second.Mark))

	// The next cut's mark has nothing of it.
	same(t, "the next mark", marked(b.push(t, updated("u", 1, 6, 4)).Mark), `cut 2 "b-0-2": 1 done`)
}

// testSameValue: two clients that both count from 5 to 7 have counted four.
func testSameValue(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	a.push(t, created("k", 5, 1))
	a.push(t, updated("k", 5, 7, 2))
	same(t, "what conflicts", current(b.push(t, updated("k", 5, 7, 3))), []string{`thing "k" num=7@2 @2`})
	same(t, "the content", contents(t, h.Remote), []string{`thing "k" num=7@2 @2`})
}

// testRefused: what the backend does not take is listed with its reason, over all
// chunks of a cut.
func testRefused(t *testing.T, h Harness) {
	need(t, h.Refuse != nil)
	h.Refuse(t, func(client string, p *model.Patch) error {
		if client == "a" && p.Key.Text() > "m" {
			return errors.New("no " + p.Key.Text())
		}
		return nil
	})
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	chunks := a.cut(2, created("k", 1, 1), created("n", 1, 1), created("o", 1, 1), created("p", 1, 1))
	answer := a.send(t, chunks[0])
	same(t, "the mark", marked(answer.Mark), `cut 1 "a-0-1": 1 done, refused thing "n" (no n)`)
	same(t, "what conflicts", current(answer), []string{})
	answer = a.send(t, chunks[1])
	same(t, "the mark", marked(answer.Mark), `cut 1 "a-0-1": 2 done, refused thing "n" (no n), refused thing "o" (no o), refused thing "p" (no p)`)
	same(t, "the mark that is asked for", a.mark(t), marked(answer.Mark))
	same(t, "the content", contents(t, h.Remote), []string{`thing "k" num=1@1 @1`})
	same(t, "another client's mark", marked(b.push(t, created("n", 2, 2)).Mark), `cut 1 "b-0-1": 1 done`)
	same(t, "the next mark", marked(a.push(t, updated("k", 1, 2, 2)).Mark), `cut 2 "a-0-2": 1 done`)
}

// testChunkTwice: a chunk that is done is answered again, with what conflicts as it
// is then, and not applied again, even where its bases hold again.
func testChunkTwice(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	b.push(t, created("c", 1, 1), created("k", 5, 1))
	chunks := a.cut(2, created("c", 2, 2), updated("k", 5, 7, 2), created("n", 1, 2))
	first := a.send(t, chunks[0])
	b.push(t, updated("c", 1, 3, 3), updated("k", 7, 5, 3))
	before := contents(t, h.Remote)
	for range 2 {
		again := a.send(t, chunks[0])
		same(t, "the mark", marked(again.Mark), marked(first.Mark))
		same(t, "what conflicts", current(again), []string{`thing "c" num=3@3 @3`})
	}
	same(t, "the content", contents(t, h.Remote), before)

	last := a.send(t, chunks[1])
	same(t, "an earlier chunk's mark", marked(a.send(t, chunks[0]).Mark), marked(last.Mark))
	again := a.send(t, chunks[1])
	same(t, "the last chunk's mark", marked(again.Mark), marked(last.Mark))
	same(t, "the last chunk's conflicts", current(again), []string{})
}

// testOutOfTurn: a chunk that does not follow the one before is refused.
func testOutOfTurn(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	c.fenced(t, &model.Chunk{Cut: model.Cut{Client: "a", Size: 1}, Patches: []model.Patch{created("x", 1, 1)}}) // cuts count from 1
	c.fenced(t, c.cut(1, created("x", 1, 1), created("y", 1, 1))[1])
	chunks := c.cut(1, created("k", 1, 1), created("l", 1, 1), created("m", 1, 1), created("n", 1, 1))
	c.fenced(t, chunks[1])
	c.send(t, chunks[0])
	c.fenced(t, chunks[2])
	c.send(t, chunks[1])
	c.fenced(t, chunks[3])

	copied := *chunks[2]
	copied.Nonce = "of a copy of the store"
	c.fenced(t, &copied)
	copied.Index = 0
	c.fenced(t, &copied)
	older := copied
	older.N, older.Nonce = 1, "a-0-1"
	c.fenced(t, &older)
	negative := *chunks[2]
	negative.Index = -1
	c.fenced(t, &negative)
	c.send(t, chunks[2])
	c.send(t, chunks[3])
	c.fenced(t, c.cut(1, created("x", 1, 1), created("y", 1, 1))[1])
}

// testNextCut: a cut may follow one that was not done to its end, and then that one
// is over.
func testNextCut(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	first := c.cut(1, created("k", 1, 1), created("l", 1, 1))
	c.send(t, first[0])
	c.cut(1, created("never", 1, 1)) // which never arrived
	second := c.cut(1, created("l", 2, 2))
	c.send(t, second[0])
	same(t, "the mark", c.mark(t), `cut 3 "a-0-3": 1 done`)
	for _, chunk := range first {
		c.fenced(t, chunk)
	}
	same(t, "the content", contents(t, h.Remote), []string{`thing "k" num=1@1 @1`, `thing "l" num=2@2 @2`})
}

// testPreviousCut: a cut that was made after one that the backend does not know as the
// client's latest is a reset, and leaves no trace.
func testPreviousCut(t *testing.T, h Harness) {
	c, stranger := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	after := func(c *client, previous string, done, size int, patches ...model.Patch) []*model.Chunk {
		chunks := c.cut(size, patches...)
		for _, chunk := range chunks {
			chunk.Previous, chunk.PreviousDone = previous, done
		}
		return chunks
	}
	forgotten := func(c *client, previous string, done int) {
		t.Helper()
		before, mark := contents(t, h.Remote), c.mark(t)
		answer, err := c.remote.Push(t.Context(), after(c, previous, done, 1, created("never", 1, 1))[0])
		if !isReset(err, remote.Restored, remote.Recreated) {
			t.Errorf("a cut after %d chunks of the cut %q, where the mark is %s, is answered with %+v, %v", done, previous, mark, answer, err)
		}
		same(t, "the content after it", contents(t, h.Remote), before)
		same(t, "the mark after it", c.mark(t), mark)
	}
	forgotten(stranger, "b-0-0", 1)
	first := c.cut(1, created("k", 1, 1))[0]
	c.send(t, first)
	forgotten(c, "another", 1)
	forgotten(c, first.Nonce, 2)
	forgotten(c, "", 0)

	// All of a cut has the same Previous, also when the mark is about the cut itself.
	second := after(c, first.Nonce, 1, 1, updated("k", 1, 2, 2), created("l", 1, 2))
	for _, chunk := range []*model.Chunk{second[0], second[0], second[1], second[1]} {
		c.send(t, chunk)
	}
	same(t, "the mark", c.mark(t), fmt.Sprintf("cut %d %q: 2 done", second[0].N, second[0].Nonce))
	forgotten(c, first.Nonce, 1)
	forgotten(c, second[0].Nonce, 1)

	need(t, h.Save != nil)
	restore := h.Save(t)
	third := after(c, second[0].Nonce, 2, 1, updated("k", 2, 3, 3))[0]
	c.send(t, third)
	restore(t)
	forgotten(c, third.Nonce, 1)
}
