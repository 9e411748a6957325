package replica_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/remote/memremote"
	"github.com/resetgen/resetgen/runtime/replica"
	"github.com/resetgen/resetgen/runtime/store"
	"github.com/resetgen/resetgen/testdata/golden/items"
)

// Whatever happens to several devices, their network and their backend: when all is
// well again they agree, and every write is there once, unless a backend that was
// put back has lost it, or somebody was told that it gave way to another.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var failed any
		synctest.Test(t, func(t *testing.T) {
			defer func() { failed = recover() }() // rapid catches what fails on its own goroutine only
			newMachine(t, rt).run()
		})
		if failed != nil {
			panic(failed)
		}
	})
}

// The objects: lasting ones are never deleted and are there from the beginning on,
// passing ones come and go; the backend may refuse one of either.
var (
	lasting = []string{"last1", "last2", "last-refused"}
	passing = []string{"pass1", "pass2", "pass-refused"}
)

type machine struct {
	*rapid.T
	backend *memremote.Backend
	devices []*peer
	ledger  ledger
	saved   []*memremote.Saved
	writes  int
	refuses bool

	// unheard is set when a process has crashed between a commit and telling the app
	// what it merged.
	unheard bool
}

// peer is a device of the machine.
type peer struct {
	*device
	n     int
	crash crasher
	on    bool // a session was begun and not paused
	dead  bool
}

func newMachine(t *testing.T, rt *rapid.T) *machine {
	m := &machine{T: rt, backend: memremote.New(memremote.Options{
		Page: rapid.IntRange(1, 4).Draw(rt, "page"), SnapshotPage: rapid.IntRange(1, 3).Draw(rt, "snapshot page"),
	})}
	m.ledger.next = map[string]int{}
	m.backend.Refuse(func(_ string, p *model.Patch) error {
		if m.refuses && strings.HasSuffix(p.Key.Text(), "refused") {
			return errors.New("not now")
		}
		return nil
	})
	chunk := rapid.IntRange(1, 3).Draw(rt, "chunk")
	for n := range rapid.IntRange(2, 4).Draw(rt, "devices") {
		p := &peer{n: n}
		p.device = prepare(t, m.backend, func(o *replica.Options) {
			o.Chunk, o.Attempts = chunk, 1000
			p.crash.wire(o)
		})
		p.open()
		m.devices = append(m.devices, p)
	}
	first := m.devices[0]
	for _, id := range lasting {
		first.set(id, func(f *items.FieldItemRecord) { f.TouchText() })
	}
	for _, p := range m.devices {
		syncAll(p.device)
	}
	return m
}

func (m *machine) run() {
	defer func() {
		for _, p := range m.devices {
			p.crash.arm(0)
			p.Close()
		}
	}()
	actions := map[string]func(*rapid.T){"": func(*rapid.T) {}}
	for name, do := range map[string]func(){
		"write": m.write, "write more": m.write, "write again": m.write,
		"delete": m.delete, "touch": m.touch, "remove": m.remove,
		"begin": m.begin, "begin more": m.begin, "pause": m.pause, "wait": m.wait,
		"fault": m.fault, "offline": m.offline, "online": m.online, "late": m.late, "refuse": m.refuse,
		"crash": m.crashSoon, "restart": m.restart,
		"trim": m.trim, "recreate": m.recreate, "reset": m.reset, "save": m.save, "restore": m.restore, "reset now": m.resetNow,
	} {
		actions[name] = func(*rapid.T) {
			do()
			m.quiet()
		}
	}
	m.Repeat(actions)
	m.finish()
}

// quiet waits until nothing moves, and sees what the backend has.
func (m *machine) quiet() {
	synctest.Wait()
	for _, p := range m.devices {
		if at := p.crash.where(); at != "" && !p.dead {
			p.dead = true
			if at == afterCommit {
				m.unheard = true
			}
		}
		if s := p.Status(); s.State == replica.Failed && !p.dead {
			m.Fatalf("the session of device %d has ended: %v", p.n, s.Err)
		}
	}
	m.ledger.see(m.content(), false)
}

// content is what the backend has.
func (m *machine) content() map[string]*items.FieldItem {
	content := map[string]*items.FieldItem{}
	for _, o := range m.backend.All() {
		v := &items.FieldItem{ID: o.Key.Text()}
		for _, f := range o.Fields {
			var err error
			switch f.Name {
			case "text":
				v.Text = f.Value.Text()
			case "count":
				v.Count = f.Value.Int()
			case "doc":
				v.Doc = f.Value.Text()
			case "tags":
				err = json.Unmarshal([]byte(f.Value.Text()), &v.Tags)
			case "list":
				err = json.Unmarshal([]byte(f.Value.Text()), &v.List)
			case "attrs":
				err = json.Unmarshal([]byte(f.Value.Text()), &v.Attrs)
			case "rows":
				var rows []map[string]any
				if err = json.Unmarshal([]byte(f.Value.Text()), &rows); err == nil {
					for _, row := range rows {
						for name, id := range row {
							if strings.EqualFold(name, "id") {
								v.Rows = append(v.Rows, items.Row{ID: fmt.Sprint(id)})
							}
						}
					}
				}
			}
			if err != nil {
				m.Fatalf("%s of %s is %v: %v", f.Name, v.ID, f.Value, err)
			}
		}
		content[v.ID] = v
	}
	return content
}

func (m *machine) peer() *peer {
	p := rapid.SampledFrom(m.devices).Draw(m.T, "device")
	if p.dead {
		m.Skip("it has crashed")
	}
	return p
}

// update writes as the app of a device, and tells whether it lasts: the process may
// crash in it.
func (m *machine) update(p *peer, do func(tx *store.Tx) error) (lasts bool) {
	var err error
	returned := false
	p.crash.crashable(func() {
		err = p.Update(context.Background(), do)
		returned = true
	})
	if !returned {
		return p.crash.where() == afterCommit
	}
	if err != nil && p.crash.where() == "" {
		m.Fatalf("writing on device %d: %v", p.n, err)
	}
	return err == nil
}

func (m *machine) object(of ...string) string { return rapid.SampledFrom(of).Draw(m.T, "object") }

// write writes several objects in one transaction: a text of each, perhaps, and
// parts of those that last.
func (m *machine) write() {
	p := m.peer()
	var noted []func()
	at := rapid.IntRange(0, 9).Draw(m.T, "at")
	ids := rapid.SliceOfNDistinct(rapid.SampledFrom(append(append([]string{}, lasting...), passing...)), 1, 2, rapid.ID[string]).Draw(m.T, "objects")
	kinds := rapid.SliceOfN(rapid.SampledFrom(append([]string{"text", "text"}, partKinds...)), 1, 3).Draw(m.T, "kinds")
	lasts := m.update(p, func(tx *store.Tx) error {
		noted = nil
		for _, id := range ids {
			err := put(tx, id, func(f *items.FieldItemRecord) {
				for _, kind := range kinds {
					if kind != "text" && strings.HasPrefix(id, "last") {
						if kind == "count" && m.ledger.next[id] == increments {
							continue
						}
						part := m.ledger.part(id, kind, p.n)
						m.ledger.parts = append(m.ledger.parts, part)
						part.write(f, at)
						noted = append(noted, func() {})
						continue
					}
					m.writes++
					t := &text{object: id, id: fmt.Sprintf("t%d.", m.writes), device: p.n}
					over := f.Text()
					f.SetText(t.id)
					noted = append(noted, func() { m.ledger.wrote(t, over) })
				}
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if !lasts {
		m.ledger.forget(p.n, m.T)
		return
	}
	for _, note := range noted {
		note()
	}
}
