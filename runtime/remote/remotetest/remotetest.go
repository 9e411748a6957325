// Package remotetest is what every remote.Remote must pass.
package remotetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Harness is a backend that holds nothing and knows nobody, and what its operator
// can do. What a backend does not have is nil, and skips the tests that need it.
type Harness struct {
	Remote remote.Remote // serves any number of clients

	// Reconnect gives another connection to the same backend.
	Reconnect func(t testing.TB) remote.Remote

	// Put writes whole objects as somebody else, whatever was there; one that is
	// Deleted is deleted.
	Put func(t testing.TB, objects ...remote.Object)

	// Refuse sets what the backend does not take, and why.
	Refuse func(t testing.TB, check func(client string, p *model.Patch) error)

	// Trim has the ways, by name, in which everything that was written so far can
	// leave the history.
	Trim map[string]func(t testing.TB)

	// Recreate begins the backend anew with these objects, each a write of its own.
	Recreate func(t testing.TB, objects ...remote.Object)

	// Save copies the whole state; restore puts the backend back to it, any number
	// of times.
	Save func(t testing.TB) (restore func(t testing.TB))

	// Reset makes a client start over.
	Reset func(t testing.TB, client string, reason remote.Reason)

	// Disturb has what clients must not take for a reset, by name: a change of
	// leader, a restart.
	Disturb map[string]func(t testing.TB)
}

// Run tests a backend; fresh makes a harness of its own for each test, and for the
// state machine one for each of its hundred runs.
func Run(t *testing.T, fresh func(t testing.TB) Harness) {
	tests := []struct {
		name string
		test func(t *testing.T, h Harness)
	}{
		{"Applied", testApplied},
		{"Values", testValues},
		{"Conflicts", testConflicts},
		{"ConflictWithTheSameValue", testSameValue},
		{"Refused", testRefused},
		{"ChunkTwice", testChunkTwice},
		{"OutOfTurn", testOutOfTurn},
		{"NextCut", testNextCut},
		{"PreviousCut", testPreviousCut},
		{"Settle", testSettle},
		{"LateChunk", testLateChunk},
		{"FencesAreTheClients", testFencesAreTheClients},
		{"PullNothing", testPullNothing},
		{"PullNewest", testPullNewest},
		{"PullGoesOnFromEveryPage", testPullGoesOn},
		{"PullIsOfOneMoment", testPullIsOfOneMoment},
		{"PullHasTheMark", testPullHasTheMark},
		{"SnapshotOfNothing", testSnapshotOfNothing},
		{"SnapshotOrder", testSnapshotOrder},
		{"SnapshotIsOfOneMoment", testSnapshotIsOfOneMoment},
		{"SnapshotResumed", testSnapshotResumed},
		{"SnapshotResumedElsewhere", testSnapshotResumedElsewhere},
		{"MarkAgreesWithContent", testMarkAgrees},
		{"ConcurrentClients", testConcurrentClients},
		{"Cancelled", testCancelled},
		{"Watch", testWatch},
		{"WatchSeesAReset", testWatchReset},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.test(t, fresh(t)) })
	}
	t.Run("Histories", func(t *testing.T) { testHistories(t, fresh) })
	t.Run("StateMachine", func(t *testing.T) { testMachine(t, fresh) })
}

const things = "thing"

func key(k string) model.Value { return model.StringValue(k) }
func num(n int64) model.Value  { return model.IntValue(n) }

// thing is an object with one field, as somebody else writes it.
func thing(k string, n int64) remote.Object {
	return remote.Object{Model: things, Key: key(k), Stamp: 1, Fields: []remote.Field{{Name: "num", Value: num(n), Stamp: 1}}}
}

func gone(k string) remote.Object {
	return remote.Object{Model: things, Key: key(k), Deleted: true, Stamp: 1}
}

// The patches of a thing, written at a moment.

func created(k string, n int64, at stamp.Stamp) model.Patch {
	return model.Patch{Model: things, Key: key(k), Change: model.Created, Stamp: at,
		Fields: []model.PatchField{{Name: "num", Value: num(n), Stamp: at}}}
}

func updated(k string, base, n int64, at stamp.Stamp) model.Patch {
	return model.Patch{Model: things, Key: key(k), Change: model.Updated, Stamp: at,
		Fields: []model.PatchField{{Name: "num", Value: num(n), Base: num(base), Stamp: at}}}
}

func deleted(k string, base int64, at stamp.Stamp) model.Patch {
	return model.Patch{Model: things, Key: key(k), Change: model.Deleted, Stamp: at,
		Base: []model.Named{{Name: "id", Value: key(k)}, {Name: "num", Value: num(base)}}}
}

func recreated(k string, base, n int64, at stamp.Stamp) model.Patch {
	p := created(k, n, at)
	p.Change, p.Base = model.Recreated, deleted(k, base, at).Base
	return p
}

// client pushes and pulls by hand.
type client struct {
	remote remote.Remote
	id     string
	epoch  uint64
	n      uint64     // cuts so far
	known  model.Mark // by the latest answer
	cursor remote.Cursor
}

func newClient(r remote.Remote, id string) *client { return &client{remote: r, id: id} }

// cut makes the next cut, in chunks of size objects.
func (c *client) cut(size int, patches ...model.Patch) []*model.Chunk {
	c.n++
	cut := model.Cut{Client: c.id, Epoch: c.epoch, N: c.n, Nonce: fmt.Sprintf("%s-%d-%d", c.id, c.epoch, c.n), Seq: 10 * c.n, Stamp: stamp.Stamp(10 * c.n), Size: size, Previous: c.known.Nonce, PreviousDone: c.known.Done}
	var chunks []*model.Chunk
	for part := range slices.Chunk(patches, size) {
		chunks = append(chunks, &model.Chunk{Cut: cut, Index: len(chunks), Patches: part})
	}
	return chunks
}

// push sends a cut of one chunk.
func (c *client) push(t testing.TB, patches ...model.Patch) *remote.Answer {
	t.Helper()
	return c.send(t, c.cut(len(patches), patches...)[0])
}

func (c *client) send(t testing.TB, chunk *model.Chunk) *remote.Answer {
	t.Helper()
	answer, err := c.trySend(t.Context(), chunk)
	must(t, fmt.Sprintf("pushing chunk %d of cut %d", chunk.Index, chunk.N), err)
	return answer
}

func (c *client) trySend(ctx context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	answer, err := c.remote.Push(ctx, chunk)
	if err == nil {
		c.known = answer.Mark
	}
	return answer, err
}

// fenced sends a chunk that must be refused, and leave no trace.
func (c *client) fenced(t testing.TB, chunk *model.Chunk) {
	t.Helper()
	before, mark := contents(t, c.remote), c.mark(t)
	answer, err := c.remote.Push(t.Context(), chunk)
	if !errors.Is(err, remote.ErrFenced) {
		t.Errorf("chunk %d of cut %d (nonce %s, epoch %d) is answered with %+v, %v", chunk.Index, chunk.N, chunk.Nonce, chunk.Epoch, answer, err)
	}
	same(t, "the content after a chunk that was fenced", contents(t, c.remote), before)
	same(t, "the mark after a chunk that was fenced", c.mark(t), mark)
}

// mark asks for the client's mark, in words. It fences with the epoch that the
// client has, which changes nothing.
func (c *client) mark(t testing.TB) string {
	t.Helper()
	m, err := c.remote.Settle(t.Context(), c.id, c.epoch)
	must(t, "settling", err)
	c.known = m
	return marked(m)
}

// fence begins an epoch.
func (c *client) fence(t testing.TB) model.Mark {
	t.Helper()
	c.epoch++
	m, err := c.remote.Settle(t.Context(), c.id, c.epoch)
	must(t, "settling", err)
	c.known = m
	return m
}

// pull takes everything that is new, each object in words, in order.
func (c *client) pull(t testing.TB) []string {
	t.Helper()
	got, err := c.tryPull(t.Context())
	must(t, "pulling", err)
	return got
}

func (c *client) tryPull(ctx context.Context) ([]string, error) {
	got := []string{}
	for page, err := range c.remote.Pull(ctx, c.id, c.cursor) {
		if err != nil {
			return got, err
		}
		for i := range page.Objects {
			got = append(got, show(&page.Objects[i]))
		}
		c.cursor = page.Cursor
	}
	return got, nil
}

// download takes a whole snapshot, each object in words, in order.
func (c *client) download(t testing.TB) []string {
	t.Helper()
	got := []string{}
	last := c.pages(t, remote.Resume{}, func(page *remote.SnapshotPage) {
		for i := range page.Objects {
			got = append(got, show(&page.Objects[i]))
		}
	})
	c.cursor = last.Cursor
	return got
}

// pages hands on the pages of a snapshot, and checks what is true of all.
func (c *client) pages(t testing.TB, resume remote.Resume, each func(page *remote.SnapshotPage)) *remote.SnapshotPage {
	t.Helper()
	var last *remote.SnapshotPage
	id := ""
	for page, err := range c.remote.Snapshot(t.Context(), c.id, resume) {
		must(t, "downloading", err)
		if last != nil && last.Last {
			t.Errorf("a page follows the last one")
		}
		if page.Resume.ID == "" || id != "" && page.Resume.ID != id {
			t.Errorf("the snapshot's id is %q, and was %q", page.Resume.ID, id)
		}
		id, last = page.Resume.ID, page
		each(page)
	}
	if last == nil || !last.Last {
		t.Fatalf("the snapshot ends without a last page: %+v", last)
	}
	return last
}

// contents is everything that a backend holds, in words.
func contents(t testing.TB, r remote.Remote) []string {
	t.Helper()
	return newClient(r, "reader").download(t)
}

// show is an object in words.
func show(o *remote.Object) string {
	text := fmt.Sprintf("%s %v", o.Model, o.Key)
	if o.Deleted {
		return text + " deleted"
	}
	fields := slices.SortedFunc(slices.Values(o.Fields), func(a, b remote.Field) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range fields {
		text += fmt.Sprintf(" %s=%v@%d", f.Name, f.Value, uint64(f.Stamp))
	}
	return text + fmt.Sprintf(" @%d", uint64(o.Stamp))
}

// marked is a mark in words. The epoch is left out: a backend keeps it in its way.
func marked(m model.Mark) string {
	text := fmt.Sprintf("cut %d %q: %d done", m.N, m.Nonce, m.Done)
	for _, r := range m.Refused {
		text += fmt.Sprintf(", refused %s %v (%s)", r.Model, r.Key, r.Reason)
	}
	for _, c := range m.Conflicts {
		text += fmt.Sprintf(", conflict %s %v", c.Model, c.Key)
	}
	return text
}

func current(a *remote.Answer) []string {
	got := []string{}
	for i := range a.Current {
		got = append(got, show(&a.Current[i]))
	}
	return got
}

func same[T string | []string](t testing.TB, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", want); g != w {
		t.Errorf("%s: got\n\t%s\nwant\n\t%s", what, g, w)
	}
}

func must(t testing.TB, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

func need(t testing.TB, has bool) {
	t.Helper()
	if !has {
		t.Skip("the backend cannot do this")
	}
}

// isReset tells whether err asks for a client reset with one of the reasons.
func isReset(err error, reasons ...remote.Reason) bool {
	var reset *remote.ClientResetError
	return errors.As(err, &reset) && slices.Contains(reasons, reset.Reason)
}
