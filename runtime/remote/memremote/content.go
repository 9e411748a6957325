package memremote

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// content is all that a backend would have on its disk. The objects are replaced,
// never changed, so that copies, pages and snapshots share them.
type content struct {
	history    string // names the history, from when the backend was set up
	floor      uint64 // positions up to here were trimmed
	floorNonce uint64 // of the change at the floor
	log        []change
	objects    map[ref]version // deleted ones too, while the history has them
	clients    map[string]client
	resets     map[string]reset // by client; "" is everybody's
	random     func() uint64    // the same for every copy: what is written after a return to it is something else
}

// change is one position of the history, the first of which is floor+1.
type change struct {
	object *remote.Object // nil where the object was written again since
	nonce  uint64         // random: tells the change from another one at the same position
}

type ref struct {
	model string
	key   model.Value
}

// version is an object and the position of its newest write.
type version struct {
	object *remote.Object
	at     uint64
}

// client is what the backend knows of a client.
type client struct {
	epoch uint64 // the newest there was; older ones are refused
	mark  model.Mark
}

// reset says that cursors from before it are worth nothing.
type reset struct {
	id     uint64
	reason remote.Reason
}

func newContent(random func() uint64) *content {
	return &content{
		random:     random,
		history:    strconv.FormatUint(random(), 36),
		floorNonce: random(),
		objects:    map[ref]version{},
		clients:    map[string]client{},
		resets:     map[string]reset{},
	}
}

func (c *content) copy() *content {
	copied := *c
	copied.log = slices.Clone(c.log)
	copied.objects = maps.Clone(c.objects)
	copied.clients = make(map[string]client, len(c.clients))
	for id, known := range c.clients {
		known.mark = clip(known.mark)
		copied.clients[id] = known
	}
	copied.resets = maps.Clone(c.resets)
	return &copied
}

// end is the newest position.
func (c *content) end() uint64 { return c.floor + uint64(len(c.log)) }

// nonce is that of the change at a position from the floor to the end.
func (c *content) nonce(at uint64) uint64 {
	if at == c.floor {
		return c.floorNonce
	}
	return c.log[at-c.floor-1].nonce
}

// get is the object, nil where there never was one.
func (c *content) get(model string, key model.Value) *remote.Object {
	return c.objects[ref{model, key}].object
}

// write makes o the newest state of its object.
func (c *content) write(o *remote.Object) {
	r := ref{o.Model, o.Key}
	if old := c.objects[r]; old.at > c.floor {
		c.log[old.at-c.floor-1].object = nil
	}
	c.log = append(c.log, change{o, c.random()})
	c.objects[r] = version{o, c.end()}
}

// trim forgets the history up to a position, and with it what was deleted there.
func (c *content) trim(to uint64) {
	to = min(to, c.end())
	if to <= c.floor {
		return
	}
	nonce := c.nonce(to)
	gone := c.log[:to-c.floor]
	for _, g := range gone {
		if g.object != nil && g.object.Deleted {
			delete(c.objects, ref{g.object.Model, g.object.Key})
		}
	}
	c.log = slices.Clone(c.log[len(gone):])
	c.floor, c.floorNonce = to, nonce
}

// live lists what there is, in the order of the models' names and the keys.
func (c *content) live() []*remote.Object {
	all := make([]*remote.Object, 0, len(c.objects))
	for _, v := range c.objects {
		if !v.object.Deleted {
			all = append(all, v.object)
		}
	}
	slices.SortFunc(all, func(a, b *remote.Object) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), model.Compare(a.Key, b.Key))
	})
	return all
}

// resetOf is the latest reset that concerns a client; the zero reset is none.
func (c *content) resetOf(client string) reset {
	if r, ok := c.resets[client]; ok {
		return r
	}
	return c.resets[""]
}

// mark is what the backend knows of a client.
func (c *content) mark(client string) model.Mark { return clip(c.clients[client].mark) }

// clip keeps appending to a mark's lists from writing into those of a copy.
func clip(m model.Mark) model.Mark {
	m.Refused, m.Conflicts = slices.Clip(m.Refused), slices.Clip(m.Conflicts)
	return m
}
