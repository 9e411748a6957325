package replica_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
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
			m := newMachine(t, rt)
			defer func() { // rapid catches what fails on its own goroutine only
				if failed = recover(); m.Failed() {
					t.Logf("%v, after\n%s", failed, strings.Join(m.trace, "\n"))
				}
			}()
			m.run()
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
	refuses atomic.Bool

	trace []string
}

// usable tells whether the device has a live store at this moment: it has none while
// a client reset cannot go on.
func (p *peer) usable() bool {
	err := p.View(context.Background(), func(*store.Tx) error { return nil })
	return err == nil
}

// peer is a device of the machine.
type peer struct {
	*device
	n     int
	crash crasher
	on    bool // a session was begun and not paused
	dead  bool
}

// note adds to the trace. With several goroutines a run cannot always be repeated,
// so that of the first failure is the one to look at.
func (m *machine) note(format string, args ...any) {
	m.trace[len(m.trace)-1] += " " + fmt.Sprintf(format, args...)
}

func newMachine(t *testing.T, rt *rapid.T) *machine {
	m := &machine{T: rt, backend: memremote.New(memremote.Options{
		Page: rapid.IntRange(1, 4).Draw(rt, "page"), SnapshotPage: rapid.IntRange(1, 3).Draw(rt, "snapshot page"),
	})}
	m.ledger.next = map[string]int{}
	m.backend.Refuse(func(_ string, p *model.Patch) error {
		if m.refuses.Load() && strings.HasSuffix(p.Key.Text(), "refused") {
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
		if p == first || rapid.Bool().Draw(rt, "synced") {
			syncAll(p.device)
		}
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
	var all []action
	for _, a := range m.actions() {
		all = append(all, slices.Repeat([]action{a}, a.often)...)
	}
	m.Repeat(map[string]func(*rapid.T){"": func(*rapid.T) {}, "act": func(*rapid.T) {
		a := one(m, "action", all)
		m.trace = append(m.trace, a.name)
		a.do()
		m.quiet()
	}})
	m.finish()
}

// action is something that happens.
type action struct {
	name  string
	often int // in 32
	do    func()
}

func (m *machine) actions() []action {
	return []action{
		{"write", 7, m.write}, {"delete", 2, m.delete}, {"touch", 1, m.touch}, {"remove", 1, m.remove},
		{"begin", 4, m.begin}, {"pause", 2, m.pause}, {"wait", 1, m.wait}, {"full disk", 1, m.fullDisk},
		{"fault", 2, m.fault}, {"offline", 1, m.offline}, {"online", 1, m.online}, {"late", 1, m.late}, {"refuse", 1, m.refuse},
		{"crash", 1, m.crashSoon}, {"restart", 1, m.restart}, {"reset now", 1, m.resetNow}, {"upload", 2, m.upload}, {"backend", 4, m.operate},
	}
}

// operate is what may happen to the backend.
func (m *machine) operate() {
	do := one(m, "operation", []action{
		{"reset", 1, m.reset}, {"trim", 1, m.trim}, {"recreate", 1, m.recreate}, {"save", 1, m.save}, {"restore", 1, m.restore},
		{"reset", 1, m.reset}, {"save", 1, m.save}, {"restore", 1, m.restore}, {"lag", 1, m.lag},
	})
	m.note("%s", do.name)
	do.do()
}

// one draws one of a list, all alike; rapid itself favours the first ones.
func one[T any](m *machine, what string, of []T) T {
	i, bits := 0, rapid.SliceOfN(rapid.Bool(), 8, 8).Draw(m.T, what)
	for _, bit := range bits {
		i <<= 1
		if bit {
			i++
		}
	}
	return of[i*len(of)/256]
}

func (a action) String() string { return a.name }

// quiet waits until nothing moves, and sees what the backend has.
func (m *machine) quiet() {
	synctest.Wait()
	for _, p := range m.devices {
		if at := p.crash.where(); at != "" && !p.dead {
			p.dead = true
			m.trace = append(m.trace, fmt.Sprintf("\tdevice %d crashed %s", p.n, at))
		}
		if s := p.Status(); s.State == replica.Failed && !p.dead && !errors.Is(s.Err, errDisk) && !errors.Is(s.Err, replica.ErrResetNeedsRestart) {
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
	p := one(m, "device", m.devices)
	m.note("device %d", p.n)
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
	if err != nil && p.crash.where() == "" && !errors.Is(err, errDisk) && !errors.Is(err, replica.ErrResetNeedsRestart) {
		m.Fatalf("writing on device %d: %v", p.n, err)
	}
	return err == nil
}

func (m *machine) object(of ...string) string { return one(m, "object", of) }

// write writes several objects in one transaction: a text of each, perhaps, and
// parts of those that last.
func (m *machine) write() { m.writeOn(m.peer()) }

func (m *machine) writeOn(p *peer) {
	at := rapid.IntRange(0, 9).Draw(m.T, "at")
	ids := slices.Compact([]string{one(m, "object", lasting), one(m, "object", slices.Concat(lasting, passing, passing))})
	kinds := []string{"text", one(m, "kind", partKinds), one(m, "kind", partKinds)}[rapid.IntRange(0, 2).Draw(m.T, "kinds"):]
	var parts []*part
	var texts []*text
	over := map[*text]string{}
	lasts := m.update(p, func(tx *store.Tx) error {
		for _, id := range ids {
			err := put(tx, id, func(f *items.FieldItemRecord) {
				for _, kind := range kinds {
					switch {
					case kind == "text" || !slices.Contains(lasting, id):
						t := m.ledger.text(id, p.n)
						texts, over[t] = append(texts, t), f.Text()
						f.SetText(t.id)
					case kind != "count" || m.ledger.next[id] < increments:
						part := m.ledger.part(id, kind, p.n)
						parts = append(parts, part)
						part.write(f, at)
					}
				}
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, part := range parts {
		m.note("%s %s %s", part.object, part.kind, part.id)
	}
	for _, t := range texts {
		m.note("%s text %s over %q", t.object, t.id, over[t])
	}
	if lasts {
		m.ledger.parts = append(m.ledger.parts, parts...)
		for _, t := range texts {
			m.ledger.wrote(t, over[t])
		}
	}
}

// existing does something to an object, if the device has it.
func (m *machine) existing(of []string, do func(tx *store.Tx, f *items.FieldItemRecord) error) (lasts bool) {
	p := m.peer()
	id := m.object(of...)
	m.note("%s", id)
	there := false
	lasts = m.update(p, func(tx *store.Tx) error {
		f, err := records.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if there = err == nil; there {
			err = do(tx, f)
		}
		return err
	})
	return lasts && there
}

func (m *machine) delete() {
	var was items.FieldItem
	if m.existing(passing, func(tx *store.Tx, f *items.FieldItemRecord) error {
		was = f.Plain()
		return records.Delete(tx, was.ID)
	}) {
		m.ledger.passed(was.ID, was.Text)
	}
}

func (m *machine) touch() {
	m.existing(slices.Concat(lasting, passing), func(tx *store.Tx, f *items.FieldItemRecord) error {
		f.TouchText()
		f.TouchCount()
		return records.Put(tx, f)
	})
}

// remove removes an element of a set, and one of a map.
func (m *machine) remove() {
	var gone []*part
	which := rapid.Uint64().Draw(m.T, "which")
	if m.existing(lasting, func(tx *store.Tx, f *items.FieldItemRecord) error {
		v := f.Plain()
		for _, part := range m.ledger.parts {
			if part.object == v.ID && (part.kind == "tags" || part.kind == "attrs") && part.times(&v) > 0 && which>>(len(gone)%64)&1 == 1 {
				gone = append(gone, part)
				f.RemoveTags(part.id)
				f.DeleteAttrs(part.id)
			}
		}
		return records.Put(tx, f)
	}) {
		for _, part := range gone {
			part.removed = true
		}
	}
}

func (m *machine) begin() {
	p := m.peer()
	p.on = true
	p.must(p.Start())
}

func (m *machine) pause() {
	p := m.peer()
	p.on = false
	p.Pause()
}

func (m *machine) wait() {
	time.Sleep(time.Duration(rapid.IntRange(1, 120).Draw(m.T, "seconds")) * time.Second)
}

func (m *machine) fault() {
	f := memremote.Fault{
		Call:  one(m, "call", []memremote.Call{memremote.Pull, memremote.Push, memremote.Push, memremote.Settle, memremote.Snapshot, memremote.Watch}),
		Kind:  one(m, "kind", []memremote.Kind{memremote.LoseCall, memremote.LoseAnswer, memremote.ArriveLate}),
		After: rapid.IntRange(0, 2).Draw(m.T, "after"),
	}
	m.note("%v", f)
	m.backend.Inject(f)
}

func (m *machine) offline() { m.backend.Offline("") }
func (m *machine) online()  { m.backend.Online("") }
func (m *machine) late()    { m.backend.DeliverLate() }
func (m *machine) refuse()  { m.refuses.Store(!m.refuses.Load()) }

func (m *machine) crashSoon() { m.peer().crash.arm(rapid.IntRange(1, 40).Draw(m.T, "moments")) }

// fullDisk has a write to disk fail: a commit, or what a client reset does to files.
func (m *machine) fullDisk() { m.peer().crash.fail(rapid.IntRange(1, 20).Draw(m.T, "writes")) }

func (m *machine) restart() {
	p := one(m, "device", m.devices)
	m.quiet()
	m.reopen(p, one(m, "crash again", []int{0, 0, 0, 1, 2, 3, 5, 8}))
}

// reopen is a new process, which may crash while it opens the replica.
func (m *machine) reopen(p *peer, crash int) {
	p.Close() // of one that has crashed nothing is left to close but goroutines
	p.crash.arm(crash)
	var err error
	opened := false
	p.crash.crashable(func() { err = p.tryOpen(); opened = true })
	switch p.on = false; {
	case !opened || p.crash.where() != "":
		p.dead = true
	case errors.Is(err, errDisk):
		p.dead = true
	case err != nil:
		m.Fatalf("opening device %d: %v", p.n, err)
	default:
		p.crash.arm(0)
		p.dead = false
	}
}

func (m *machine) trim() { m.backend.Trim(m.backend.Position()) }

func (m *machine) reset() {
	client := ""
	m.note("")
	if rapid.Bool().Draw(m.T, "one only") {
		p := m.peer()
		if !p.usable() {
			m.Skip("it waits for a restart")
		}
		client = p.client()
	}
	m.backend.Reset(client, one(m, "reason", []remote.Reason{remote.Operator, remote.ClientExpired, remote.SchemaChanged}))
}

func (m *machine) resetNow() { m.call("ResetNow", (*replica.Replica).ResetNow) }

// upload sends without pulling.
func (m *machine) upload() { m.call("Upload", (*replica.Replica).Upload) }

// call calls what may fail for the network, the disk or a reset that cannot go on.
func (m *machine) call(name string, do func(*replica.Replica, context.Context) error) {
	p := m.peer()
	var err error
	p.crash.crashable(func() { err = do(p.Replica, context.Background()) })
	var reset *remote.ClientResetError
	if err != nil && p.crash.where() == "" && !errors.Is(err, memremote.ErrConnection) && !errors.Is(err, errDisk) && !errors.Is(err, replica.ErrResetNeedsRestart) && !errors.As(err, &reset) {
		m.Fatalf("%s of device %d: %v", name, p.n, err)
	}
}

// recreate begins the backend anew with what it had. What it had taken from a
// client that has not heard of that would count twice, which nobody could tell.
func (m *machine) recreate() {
	for _, p := range m.devices {
		if p.dead || !p.usable() || p.sending() {
			m.Skip("something is under way")
		}
	}
	m.backend.DeliverLate()
	m.backend.Recreate(m.backend.All()...)
	m.saved = nil
}

// sending tells whether the fate of something is not known to the device.
func (p *peer) sending() (open bool) {
	p.must(p.View(context.Background(), func(tx *store.Tx) error {
		open = tx.Ledger().Cut() != nil
		return nil
	}))
	return open
}

func (m *machine) save() { m.saved = append(m.saved, m.backend.Save()) }

// restore puts the backend back. What is late may arrive at the backend as it was, or as
// it is then.
func (m *machine) restore() {
	if len(m.saved) == 0 {
		m.Skip("nothing is saved")
	}
	if rapid.Bool().Draw(m.T, "late ones arrive") {
		m.backend.DeliverLate()
	}
	m.putBack(rapid.IntRange(0, len(m.saved)-1).Draw(m.T, "saved"))
}

// putBack puts the backend back. What was saved after that never happened.
func (m *machine) putBack(n int) {
	m.ledger.see(m.content(), false)
	m.backend.Restore(m.saved[n])
	m.note("to %d", n)
	m.saved = m.saved[:n+1]
	m.ledger.see(m.content(), true)
}

// lag has a chunk arrive only at a backend that was put back to before its client gave
// it up.
func (m *machine) lag() {
	p := m.peer()
	if !p.usable() {
		m.Skip("it waits for a restart")
	}
	m.late()
	m.save()
	m.backend.Inject(memremote.Fault{Call: memremote.Push, Kind: memremote.ArriveLate, Client: p.client(), After: rapid.IntRange(0, 1).Draw(m.T, "after")})
	contact := func() {
		m.writeOn(p)
		p.crash.crashable(func() { _ = p.Upload(context.Background()) })
		m.ledger.see(m.content(), false)
	}
	for range rapid.IntRange(2, 3).Draw(m.T, "attempts") {
		if contact(); p.crash.where() != "" || !p.usable() {
			return
		}
	}
	m.putBack(len(m.saved) - 1)
	m.late()
}

// finish makes all well again, and checks.
func (m *machine) finish() {
	m.quiet()
	m.refuses.Store(false)
	m.backend.Online("")
	for _, p := range m.devices {
		p.crash.fail(0)
		m.reopen(p, 0)
		p.must(p.Start())
	}
	for tries := 0; !m.settled(); tries++ {
		if tries == 60 {
			for _, p := range m.devices {
				m.Logf("device %d: %+v, unsynced %q", p.n, p.Status(), p.unsynced())
			}
			m.Fatalf("it does not come to rest")
		}
		time.Sleep(2 * time.Minute)
	}
	var told strings.Builder
	pinned := map[int]contents{} // by device
	for _, p := range m.devices {
		for _, merge := range p.merged {
			tell(&told, merge.Conflicts)
		}
		for _, r := range p.reports {
			tell(&told, r)
		}
		all, err := p.Backups(context.Background())
		p.must(err)
		for _, b := range all {
			p.must(p.Verify(context.Background(), b))
			text, err := os.ReadFile(b.ReportPath)
			p.must(err)
			told.Write(text)
			if strings.Contains(b.Pinned, "lost") {
				pinned[p.n] = append(pinned[p.n], p.inBackup(b))
			}
			if !b.Settled {
				m.Errorf("device %d: the backup %s is not settled: %+v", p.n, b.Path, b)
			}
		}
	}
	for _, p := range m.devices {
		if got, want := p.rows(), m.rows(); got != want {
			m.Errorf("device %d has\n%s\nand the backend\n%s", p.n, got, want)
		}
	}
	for _, err := range m.ledger.check(m.content(), told.String(), pinned) {
		m.Error(err)
		m.trace = append(m.trace, err)
	}
}

// inBackup is what a backup has.
func (p *peer) inBackup(b *replica.Backup) map[string]*items.FieldItem {
	content := map[string]*items.FieldItem{}
	backup, err := store.Open(context.Background(), p.disk, b.Path, p.options.Schema, store.Options{ReadOnly: true})
	p.must(err)
	defer backup.Close()
	p.must(backup.View(context.Background(), func(tx *store.Tx) error {
		for f, err := range records.All(tx) {
			if err != nil {
				return err
			}
			v := f.Plain()
			content[v.ID] = &v
		}
		return nil
	}))
	return content
}

func tell(told *strings.Builder, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	told.Write(text)
}

// settled has everything sent that was refused, and tells whether all is at rest.
func (m *machine) settled() bool {
	synctest.Wait()
	m.backend.DeliverLate()
	settled := true
	for _, p := range m.devices {
		refused, err := p.Refused(context.Background())
		p.must(err)
		for _, r := range refused {
			if err := p.Retry(context.Background(), r.Model, r.Key); err != nil && !errors.Is(err, store.ErrCutOpen) && !errors.Is(err, store.ErrNotFound) {
				m.Fatalf("retrying %v on device %d: %v", r.Key, p.n, err)
			}
		}
		s := p.Status()
		if s.State == replica.Failed {
			m.Fatalf("the session of device %d has ended: %v", p.n, s.Err)
		}
		settled = settled && s.State == replica.Idle && len(p.unsynced()) == 0 && len(refused) == 0 // what is retried only now is under way
	}
	return settled
}

// rows is what the backend has in the form of peer.rows.
func (m *machine) rows() string {
	var lines []string
	info := items.Schema.Model(itemModel).Info
	for _, o := range m.backend.All() {
		lines = append(lines, fmt.Sprint(o.Row(info).Values))
	}
	return strings.Join(lines, "\n")
}

// rows is what a device has, in its stored form.
func (p *peer) rows() string {
	var lines []string
	info := items.Schema.Model(itemModel).Info
	p.must(p.View(context.Background(), func(tx *store.Tx) error {
		for row, err := range tx.Rows(info) {
			if err != nil {
				return err
			}
			lines = append(lines, fmt.Sprint(row.Values))
		}
		return nil
	}))
	return strings.Join(lines, "\n")
}
