package remotetest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// testSettle: the mark of an unknown client is zero; then it is that of the latest
// chunk. Epochs do not go back.
func testSettle(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	if m := c.fence(t); !reflect.DeepEqual(m, model.Mark{}) {
		t.Errorf("the mark of an unknown client is %+v", m)
	}
	chunks := c.cut(1, created("k", 1, 1), created("l", 1, 1))
	c.send(t, chunks[0])
	want := `cut 1 "a-1-1": 1 done`
	same(t, "the mark", marked(c.fence(t)), want)
	same(t, "the mark, asked for again", c.mark(t), want)
	if m, err := h.Remote.Settle(t.Context(), "a", 1); !errors.Is(err, remote.ErrFenced) {
		t.Errorf("settling with an epoch that has ended gives %+v, %v", m, err)
	}
	if m, err := h.Remote.Settle(t.Context(), "a", 2); err != nil || m.Client != "a" || m.Epoch != 2 {
		t.Errorf("the mark is %+v (%v), want that of client a in epoch 2", m, err)
	}
	c.push(t, created("l", 2, 2))
	same(t, "the mark of the next cut", c.mark(t), `cut 2 "a-2-2": 1 done`)
}

// testLateChunk: after Settle no chunk that is still under way has any effect, be it
// the next one, one that is done, or the first of a cut.
func testLateChunk(t *testing.T, h Harness) {
	c := newClient(h.Remote, "a")
	late := c.cut(1, created("early", 1, 1))
	c.fence(t)
	c.fenced(t, late[0]) // the client was fenced before it was ever known
	chunks := c.cut(1, created("k", 1, 1), created("l", 1, 1), created("m", 1, 1))
	c.send(t, chunks[0])
	next := c.cut(1, created("n", 1, 1))
	c.fence(t)
	c.fenced(t, chunks[0])
	c.fenced(t, chunks[1])
	c.fenced(t, next[0])
	c.fence(t)
	c.fenced(t, chunks[1])
	c.push(t, created("l", 2, 2))
	c.fenced(t, chunks[1])
	c.fenced(t, next[0])
	same(t, "the content", contents(t, h.Remote), []string{`thing "k" num=1@1 @1`, `thing "l" num=2@2 @2`})

	// A backend that was put back may see an epoch in a chunk first.
	c.epoch += 2
	chunks = c.cut(1, created("o", 1, 1), created("p", 1, 1))
	c.send(t, chunks[0])
	chunks[1].Epoch--
	if _, err := h.Remote.Push(t.Context(), chunks[1]); !errors.Is(err, remote.ErrFenced) {
		t.Errorf("a chunk of an epoch before that of the latest chunk gives %v", err)
	}
}

// testFencesAreTheClients: a client's fence and cuts are nobody else's.
func testFencesAreTheClients(t *testing.T, h Harness) {
	a, b := newClient(h.Remote, "a"), newClient(h.Remote, "b")
	chunks := b.cut(1, created("k", 1, 1), created("l", 1, 1))
	b.send(t, chunks[0])
	a.epoch = 7
	a.fence(t)
	a.push(t, created("m", 1, 1))
	b.send(t, chunks[1])
	same(t, "the one client's mark", a.mark(t), `cut 1 "a-8-1": 1 done`)
	same(t, "the other client's mark", b.mark(t), `cut 1 "b-0-1": 2 done`)
}
