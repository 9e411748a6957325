package remotetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// oracle is what a backend must hold, written down in another way than backends do
// it: by a full list of the writes there were, and one number for each field.
type oracle struct {
	ids     *int // the latest that was given, to whatever; they never repeat
	history int  // which of the histories
	writes  []write
	floor   int // writes that were trimmed
	puts    int // the latest time that the backend was put back

	objects map[string]item
	clients map[string]known
	resets  map[string]reseted
}

// write is one write of an object.
type write struct {
	id  int
	key string
}

// item is an object; "num" and "tag" are its fields.
type item struct {
	exists bool
	fields map[string]cell
	at     uint64 // the newest stamp
	write  int    // the index of its newest write
}

type cell struct {
	value int64
	at    uint64
}

// known is what the backend knows of a client.
type known struct {
	epoch     uint64
	n         uint64
	nonce     string
	done      int
	refused   []string
	conflicts []string
}

type reseted struct {
	n      int
	reason remote.Reason
}

func newOracle(ids *int) *oracle {
	o := &oracle{ids: ids, objects: map[string]item{}, clients: map[string]known{}, resets: map[string]reseted{}}
	o.history = o.id()
	return o
}

func (o *oracle) id() int {
	*o.ids++
	return *o.ids
}

func (o *oracle) clone() *oracle {
	c := *o
	c.writes = slices.Clone(o.writes)
	c.objects, c.clients, c.resets = maps.Clone(o.objects), maps.Clone(o.clients), maps.Clone(o.resets)
	return &c
}

func (o *oracle) put(k string, i item) {
	o.writes = append(o.writes, write{o.id(), k})
	i.write = len(o.writes) - 1
	o.objects[k] = i
}

// trim takes all writes from the history, and what was deleted with them.
func (o *oracle) trim() {
	o.floor = len(o.writes)
	maps.DeleteFunc(o.objects, func(_ string, i item) bool { return !i.exists })
}

// refusal is why a chunk is not taken.
type refusal int

const (
	taken refusal = iota
	fenced
	forgotten // the backend was put back since the cut before it
)

// push is what becomes of a chunk: refused, or else the objects that conflict, in words.
func (o *oracle) push(chunk *model.Chunk, refuses func(key string) bool) (current []string, refused refusal) {
	c := o.clients[chunk.Client]
	switch {
	case chunk.Epoch < c.epoch, chunk.N < c.n, chunk.N == c.n && chunk.Nonce != c.nonce:
		return nil, fenced
	case chunk.N == c.n && chunk.Index > c.done, chunk.N > c.n && chunk.Index > 0:
		return nil, fenced
	case chunk.N == c.n && chunk.Index < c.done:
		return o.current(chunk, c.conflicts), taken
	case chunk.N > c.n && (chunk.Previous != c.nonce || chunk.PreviousDone != c.done):
		return nil, forgotten
	case chunk.N > c.n:
		c = known{n: chunk.N, nonce: chunk.Nonce}
	}
	c.epoch = chunk.Epoch
	c.done++
	c.refused, c.conflicts = slices.Clone(c.refused), slices.Clone(c.conflicts)
	for i := range chunk.Patches {
		p := &chunk.Patches[i]
		k := p.Key.Text()
		now := o.objects[k]
		switch {
		case refuses(k):
			c.refused = append(c.refused, k)
		case !holds(now, p):
			c.conflicts = append(c.conflicts, k)
		default:
			o.put(k, patched(now, p))
		}
	}
	o.clients[chunk.Client] = c
	return o.current(chunk, c.conflicts), taken
}

func holds(now item, p *model.Patch) bool {
	if p.Change == model.Created || !now.exists {
		return !now.exists && p.Change != model.Updated && p.Change != model.Recreated
	}
	if p.Change == model.Updated {
		for _, f := range p.Fields {
			if c, ok := now.fields[f.Name]; ok && c.value != f.Base.Int() {
				return false
			}
		}
		return true
	}
	base := map[string]int64{}
	for _, b := range p.Base {
		if b.Name != "id" {
			base[b.Name] = b.Value.Int()
		}
	}
	for name, c := range now.fields {
		if v, ok := base[name]; !ok || v != c.value {
			return false
		}
	}
	return true
}

func patched(now item, p *model.Patch) item {
	next := item{exists: p.Change != model.Deleted, fields: map[string]cell{}, at: uint64(p.Stamp)}
	if p.Change == model.Updated {
		maps.Copy(next.fields, now.fields)
		next.at = max(now.at, next.at)
	}
	for _, f := range p.Fields {
		next.fields[f.Name] = cell{f.Value.Int(), uint64(f.Stamp)}
	}
	return next
}

func (o *oracle) current(chunk *model.Chunk, conflicts []string) []string {
	current := []string{}
	for _, p := range chunk.Patches {
		if slices.Contains(conflicts, p.Key.Text()) {
			current = append(current, o.show(p.Key.Text()))
		}
	}
	return current
}

// show is an object in the words of the function show.
func (o *oracle) show(k string) string {
	i := o.objects[k]
	text := fmt.Sprintf("thing %q", k)
	if !i.exists {
		return text + " deleted"
	}
	for _, name := range slices.Sorted(maps.Keys(i.fields)) {
		text += fmt.Sprintf(" %s=%d@%d", name, i.fields[name].value, i.fields[name].at)
	}
	return text + fmt.Sprintf(" @%d", i.at)
}

// contents is everything in words.
func (o *oracle) contents() []string {
	all := []string{}
	for _, k := range slices.Sorted(maps.Keys(o.objects)) {
		if o.objects[k].exists {
			all = append(all, o.show(k))
		}
	}
	return all
}

// marked is a client's mark in the words of the function marked.
func (o *oracle) marked(client string) string {
	c := o.clients[client]
	var text strings.Builder
	fmt.Fprintf(&text, "cut %d %q: %d done", c.n, c.nonce, c.done)
	for _, k := range c.refused {
		fmt.Fprintf(&text, ", refused thing %q (no %s)", k, k)
	}
	for _, k := range c.conflicts {
		fmt.Fprintf(&text, ", conflict thing %q", k)
	}
	return text.String()
}

// place is what a cursor stands for: after all of these writes.
type place struct {
	start   bool // before the beginning
	history int
	writes  []write
	puts    int
	reset   int
}

// place is where a client stands that has seen the first n writes.
func (o *oracle) place(client string, n int) place {
	return place{history: o.history, writes: slices.Clip(o.writes[:n]), puts: o.puts, reset: o.resets[client].n}
}

// may tells for which reasons a client that stands there may be told to start over,
// and whether it must be.
func (o *oracle) may(client string, p place) (reasons []remote.Reason, must bool) {
	if p.start {
		if o.floor > 0 {
			reasons = append(reasons, remote.HistoryTrimmed)
		}
		return reasons, false
	}
	if p.history != o.history {
		return []remote.Reason{remote.Recreated, o.resets[client].reason}, true
	}
	n := len(p.writes)
	if r := o.resets[client]; r.n != p.reset { // a later one than is known may have been lost when the backend was put back
		reasons, must = append(reasons, r.reason), r.n > p.reset
	}
	if n > len(o.writes) || !slices.Equal(p.writes, o.writes[:n]) {
		reasons, must = append(reasons, remote.Restored), true
	} else if p.puts != o.puts { // it was put back, and lost nothing that the client had seen
		reasons = append(reasons, remote.Restored)
	}
	if n <= o.floor {
		reasons, must = append(reasons, remote.HistoryTrimmed), must || n < o.floor
	}
	return reasons, must
}

// news is what a client pulls from there on, in words, and behind which write each
// object stands.
func (o *oracle) news(p place) (objects []string, at []int) {
	objects = []string{}
	for i := len(p.writes); i < len(o.writes); i++ {
		k := o.writes[i].key
		if now, ok := o.objects[k]; ok && now.write == i {
			objects, at = append(objects, o.show(k)), append(at, i+1)
		}
	}
	return objects, at
}
