package remotetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// machine is several clients on a bad network, an operator, and the oracle: every
// patch is applied once or not at all, and the marks always agree with the content.
type machine struct {
	*rapid.T
	test    *testing.T
	h       Harness
	oracle  *oracle
	clients []*peer
	late    []*model.Chunk // under way, perhaps for ever
	saved   []save
	stamp   int
}

// save is a copy of a backend's state.
type save struct {
	restore func(testing.TB)
	oracle  *oracle
}

// peer is one client and what it has seen.
type peer struct {
	client
	place  place
	seen   map[string]item
	cut    []*model.Chunk // the open one
	next   int            // its first chunk that was not acknowledged
	former []*model.Chunk // of earlier cuts, which must have no effect
}

var machineKeys = []string{"a", "b", "c", "d", "no"}

func refusesNo(k string) bool { return k == "no" }

func testMachine(t *testing.T, fresh func(t testing.TB) Harness) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{T: rt, test: t, h: fresh(t), oracle: newOracle(new(int))}
		if m.h.Refuse != nil {
			m.h.Refuse(t, func(_ string, p *model.Patch) error {
				if refusesNo(p.Key.Text()) {
					return errors.New("no " + p.Key.Text())
				}
				return nil
			})
		}
		for i := range 3 {
			p := &peer{client: *newClient(m.h.Remote, fmt.Sprintf("c%d", i)), place: place{start: true}, seen: map[string]item{}}
			m.clients = append(m.clients, p)
		}
		actions := map[string]func(*rapid.T){
			"":              m.check,
			"cut":           m.cut,
			"push":          m.push,
			"push more":     m.push, // the likelier ones
			"push anything": m.pushAnything,
			"late":          m.arrive,
			"settle":        m.settle,
			"pull":          m.pull,
			"download":      m.download,
		}
		for name, a := range map[string]struct {
			has bool
			do  func(*rapid.T)
		}{
			"put":      {m.h.Put != nil, m.put},
			"trim":     {len(m.h.Trim) > 0, m.trim},
			"recreate": {m.h.Recreate != nil, m.recreate},
			"save":     {m.h.Save != nil, m.save},
			"restore":  {m.h.Save != nil, m.restore},
			"reset":    {m.h.Reset != nil, m.reset},
		} {
			if a.has {
				actions[name] = a.do
			}
		}
		rt.Repeat(actions)
	})
}

func (m *machine) peer() *peer { return rapid.SampledFrom(m.clients).Draw(m.T, "client") }

func (m *machine) at() stamp.Stamp {
	m.stamp++
	return stamp.Stamp(m.stamp)
}

// refuses is what the backend does not take.
func (m *machine) refuses(k string) bool { return m.h.Refuse != nil && refusesNo(k) }

// cut makes a cut of changes of what the client has seen, which may be long past.
func (m *machine) cut(*rapid.T) {
	p := m.peer()
	if p.cut != nil {
		m.Skip("a cut is open")
	}
	var patches []model.Patch
	for _, k := range machineKeys {
		if rapid.Bool().Draw(m.T, "change "+k) {
			patches = append(patches, m.patch(p, k))
		}
	}
	if len(patches) == 0 {
		m.Skip("nothing to send")
	}
	p.cut, p.next = p.client.cut(rapid.IntRange(1, 3).Draw(m.T, "size"), patches...), 0
}

func (m *machine) patch(p *peer, k string) model.Patch {
	now := p.seen[k]
	at := m.at()
	patch := model.Patch{Model: things, Key: key(k), Change: model.Created, Stamp: at}
	if now.exists {
		patch.Change = rapid.SampledFrom([]model.Change{model.Updated, model.Updated, model.Deleted, model.Recreated}).Draw(m.T, "change")
	}
	if patch.Change == model.Deleted || patch.Change == model.Recreated {
		patch.Base = append(patch.Base, model.Named{Name: "id", Value: key(k)})
		for _, f := range []string{"num", "tag"} {
			patch.Base = append(patch.Base, model.Named{Name: f, Value: num(now.fields[f].value)})
		}
	}
	if patch.Change == model.Deleted {
		return patch
	}
	for _, f := range []string{"num", "tag"} {
		if !rapid.Bool().Draw(m.T, "write "+f) {
			continue
		}
		field := model.PatchField{Name: f, Value: num(now.fields[f].value + 1), Stamp: at}
		if patch.Change == model.Updated {
			field.Base = num(now.fields[f].value)
		}
		patch.Fields = append(patch.Fields, field)
	}
	return patch
}

// push sends the next chunk of an open cut, over a network that may lose it, lose
// the answer, or be late.
func (m *machine) push(*rapid.T) {
	p := m.peer()
	if p.next == len(p.cut) {
		m.Skip("nothing to send")
	}
	chunk := p.cut[p.next]
	switch rapid.SampledFrom([]string{"ok", "ok", "ok", "lost", "answer lost", "late"}).Draw(m.T, "network") {
	case "ok":
		if m.send(chunk) {
			if p.next++; p.next == len(p.cut) {
				m.close(p)
			}
		} else {
			p.next = len(p.cut) // it has to settle
		}
	case "answer lost":
		m.send(chunk)
	case "late":
		m.late = append(m.late, chunk)
	}
}

// close ends a cut of which the client knows what the backend has.
func (m *machine) close(p *peer) {
	p.former = append(p.former, p.cut...)
	p.cut, p.next = nil, 0
	p.known = model.Mark{Nonce: m.oracle.clients[p.id].nonce, Done: m.oracle.clients[p.id].done}
}

// pushAnything sends a chunk that should not be sent: again, too early, of a former
// cut, or of another cut with the same number.
func (m *machine) pushAnything(*rapid.T) {
	p := m.peer()
	chunks := slices.Concat(p.former, p.cut)
	if len(chunks) == 0 {
		m.Skip("there is no chunk")
	}
	chunk := *rapid.SampledFrom(chunks).Draw(m.T, "chunk")
	if rapid.IntRange(0, 3).Draw(m.T, "nonce") == 0 {
		chunk.Nonce = "of a copy"
	}
	m.send(&chunk)
}

// arrive delivers a chunk that is late.
func (m *machine) arrive(*rapid.T) {
	if len(m.late) == 0 {
		m.Skip("nothing is late")
	}
	i := rapid.IntRange(0, len(m.late)-1).Draw(m.T, "which")
	chunk := m.late[i]
	m.late = slices.Delete(m.late, i, i+1)
	m.send(chunk)
}

// send lets a chunk arrive, and tells whether it was taken.
func (m *machine) send(chunk *model.Chunk) bool {
	want, refused := m.oracle.push(chunk, m.refuses)
	answer, err := m.h.Remote.Push(m.test.Context(), chunk)
	what := fmt.Sprintf("chunk %d of cut %d of %s (%s, epoch %d)", chunk.Index, chunk.N, chunk.Client, chunk.Nonce, chunk.Epoch)
	switch refused {
	case fenced:
		if !errors.Is(err, remote.ErrFenced) {
			m.Fatalf("%s is answered with %+v, %v; it is out of turn", what, answer, err)
		}
		return false
	case forgotten:
		if !isReset(err, remote.Restored, remote.Recreated) {
			m.Fatalf("%s, made after %d chunks of the cut %q, is answered with %+v, %v; the backend knows %s", what, chunk.PreviousDone, chunk.Previous, answer, err, m.oracle.marked(chunk.Client))
		}
		return false
	}
	if err != nil {
		m.Fatalf("%s: %v", what, err)
	}
	m.same(what+" is answered", marked(answer.Mark), m.oracle.marked(chunk.Client))
	m.same(what+" conflicts", fmt.Sprintf("%q", current(answer)), fmt.Sprintf("%q", want))
	return true
}

// settle fences a client and compares its mark; then its cut is closed.
func (m *machine) settle(*rapid.T) {
	p := m.peer()
	epoch := p.epoch
	if rapid.IntRange(0, 4).Draw(m.T, "fence") > 0 {
		p.epoch++
		epoch = p.epoch
	}
	network := rapid.SampledFrom([]string{"ok", "ok", "lost", "answer lost"}).Draw(m.T, "network")
	if network == "lost" {
		return
	}
	mark, err := m.h.Remote.Settle(m.test.Context(), p.id, epoch)
	k := m.oracle.clients[p.id]
	if epoch < k.epoch {
		if !errors.Is(err, remote.ErrFenced) {
			m.Fatalf("settling %s with epoch %d, which has ended: %+v, %v", p.id, epoch, mark, err)
		}
		return
	}
	if err != nil {
		m.Fatalf("settling %s: %v", p.id, err)
	}
	k.epoch = epoch
	m.oracle.clients[p.id] = k
	m.same("the mark of "+p.id, marked(mark), m.oracle.marked(p.id))
	if network == "ok" && p.cut != nil {
		m.close(p)
	}
}

// pull takes what is new, perhaps not to the end.
func (m *machine) pull(*rapid.T) {
	p := m.peer()
	reasons, must := m.oracle.may(p.id, p.place)
	want, at := m.oracle.news(p.place)
	most := rapid.IntRange(1, 4).Draw(m.T, "pages")
	got := []string{}
	for page, err := range m.h.Remote.Pull(m.test.Context(), p.id, p.cursor) {
		if isReset(err, reasons...) {
			if len(got) > 0 {
				m.Fatalf("a reset after %q", got)
			}
			m.downloadBy(p)
			return
		}
		if err != nil {
			m.Fatalf("pulling gives %v, and only %q may be a reason to start over", err, reasons)
		}
		m.same("the mark in a page", marked(page.Mark), m.oracle.marked(p.id))
		for i := range page.Objects {
			got = append(got, show(&page.Objects[i]))
			m.see(p, page.Objects[i])
		}
		if len(got) > len(want) {
			break
		}
		end := at[len(got)-1]
		p.cursor, p.place = page.Cursor, m.oracle.place(p.id, end)
		if most--; most == 0 {
			want = want[:len(got)]
			break
		}
	}
	if must {
		m.Fatalf("a client that must start over (%q) was given %q", reasons, got)
	}
	m.same("pulled", fmt.Sprintf("%q", got), fmt.Sprintf("%q", want))
}

// see notes an object as the client has it from now on.
func (m *machine) see(p *peer, o remote.Object) {
	p.seen[o.Key.Text()] = itemOf(o)
}

func itemOf(o remote.Object) item {
	i := item{exists: !o.Deleted, fields: map[string]cell{}, at: uint64(o.Stamp)}
	for _, f := range o.Fields {
		i.fields[f.Name] = cell{f.Value.Int(), uint64(f.Stamp)}
	}
	return i
}

func (m *machine) download(*rapid.T) { m.downloadBy(m.peer()) }

// downloadBy takes a snapshot, with an interruption after a page.
func (m *machine) downloadBy(p *peer) {
	clear(p.seen)
	got := []string{}
	take := func(page *remote.SnapshotPage) {
		for i := range page.Objects {
			got = append(got, show(&page.Objects[i]))
			m.see(p, page.Objects[i])
		}
	}
	var resume remote.Resume
	most := rapid.IntRange(1, 3).Draw(m.T, "pages")
	for page, err := range m.h.Remote.Snapshot(m.test.Context(), p.id, remote.Resume{}) {
		if err != nil {
			m.Fatalf("downloading: %v", err)
		}
		take(page)
		if resume = page.Resume; most == 1 {
			break
		}
		most--
	}
	last := p.pages(m.test, resume, func(page *remote.SnapshotPage) {
		if page.Resume.ID != resume.ID {
			resume.ID, got = page.Resume.ID, []string{}
			clear(p.seen)
		}
		take(page)
	})
	m.same("the mark of a snapshot", marked(last.Mark), m.oracle.marked(p.id))
	m.same("downloaded", fmt.Sprintf("%q", got), fmt.Sprintf("%q", m.oracle.contents()))
	p.cursor, p.place, p.known = last.Cursor, m.oracle.place(p.id, len(m.oracle.writes)), last.Mark
}

// object is one that somebody else writes.
func (m *machine) object() remote.Object {
	k := rapid.SampledFrom(machineKeys).Draw(m.T, "key")
	if rapid.IntRange(0, 3).Draw(m.T, "delete") == 0 {
		return gone(k)
	}
	return thing(k, rapid.Int64Range(0, 3).Draw(m.T, "value"))
}

func (m *machine) put(*rapid.T) {
	o := m.object()
	m.h.Put(m.test, o)
	m.oracle.put(o.Key.Text(), itemOf(o))
}

func (m *machine) trim(*rapid.T) {
	ways := []string{}
	for way := range m.h.Trim {
		ways = append(ways, way)
	}
	slices.Sort(ways)
	m.h.Trim[rapid.SampledFrom(ways).Draw(m.T, "way")](m.test)
	m.oracle.trim()
}

func (m *machine) recreate(*rapid.T) {
	var objects []remote.Object
	for _, k := range machineKeys {
		if rapid.Bool().Draw(m.T, "keep "+k) {
			objects = append(objects, thing(k, 1))
		}
	}
	m.h.Recreate(m.test, objects...)
	next := newOracle(m.oracle.ids)
	for _, o := range objects {
		next.put(o.Key.Text(), itemOf(o))
	}
	m.oracle = next
}

func (m *machine) save(*rapid.T) {
	m.saved = append(m.saved, save{m.h.Save(m.test), m.oracle.clone()})
}

func (m *machine) restore(*rapid.T) {
	if len(m.saved) == 0 {
		m.Skip("nothing is saved")
	}
	s := rapid.SampledFrom(m.saved).Draw(m.T, "saved")
	s.restore(m.test)
	m.oracle = s.oracle.clone()
	m.oracle.puts = m.oracle.id()
}

func (m *machine) reset(*rapid.T) {
	p := m.peer()
	m.h.Reset(m.test, p.id, remote.Operator)
	m.oracle.resets[p.id] = reseted{m.oracle.id(), remote.Operator}
}

// check compares everything.
func (m *machine) check(*rapid.T) {
	m.same("the content", fmt.Sprintf("%q", contents(m.test, m.h.Remote)), fmt.Sprintf("%q", m.oracle.contents()))
}

func (m *machine) same(what, got, want string) {
	m.T.Helper()
	if got != want {
		m.Fatalf("%s:\n\t%s\nwant\n\t%s", what, got, want)
	}
}
