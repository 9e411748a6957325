package memremote

import (
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// Put writes whole objects as they are, stamps included, whatever was there: a
// backend function, an import, an older app. What is Deleted is deleted.
func (b *Backend) Put(objects ...remote.Object) {
	b.write(func(c *content) { c.put(objects...) })
}

// Set writes some fields of an object, which it creates where there is none. They
// get the stamp; with the stamp 0 the writer is one that knows nothing of stamps
// and leaves them as they are.
func (b *Backend) Set(modelName string, key model.Value, at stamp.Stamp, values ...model.Named) {
	b.write(func(c *content) { c.set(modelName, key, at, values...) })
}

// Add adds n to a field, stamped as by Set. It fails where the field is no Int or
// would overflow. A field that nobody wrote is 0.
func (b *Backend) Add(modelName string, key model.Value, at stamp.Stamp, field string, n int64) (err error) {
	b.write(func(c *content) {
		var old int64
		if o := c.get(modelName, key); o != nil {
			if f := o.Field(field); f != nil && f.Value.Kind() != model.Int {
				err = fmt.Errorf("adding to %s of %s %v: it is a %s, not an int", field, modelName, key, f.Value.Kind())
				return
			} else if f != nil {
				old = f.Value.Int()
			}
		}
		if sum := old + n; (sum > old) == (n > 0) || n == 0 {
			c.set(modelName, key, at, model.Named{Name: field, Value: model.IntValue(sum)})
			return
		}
		err = fmt.Errorf("adding %d to %s of %s %v, which is %d: it overflows", n, field, modelName, key, old)
	})
	return err
}

// Delete deletes an object with a stamp, and tells whether it was there.
func (b *Backend) Delete(modelName string, key model.Value, at stamp.Stamp) (was bool) {
	b.write(func(c *content) {
		if o := c.get(modelName, key); o != nil && !o.Deleted {
			was = true
			c.write(&remote.Object{Model: modelName, Key: key, Deleted: true, Stamp: at})
		}
	})
	return was
}

func (c *content) put(objects ...remote.Object) {
	for _, o := range objects {
		o.Fields = slices.Clone(o.Fields)
		if o.Deleted {
			o.Fields = nil
		}
		c.write(&o)
	}
}

func (c *content) set(modelName string, key model.Value, at stamp.Stamp, values ...model.Named) {
	next := &remote.Object{Model: modelName, Key: key}
	if now := c.get(modelName, key); now != nil && !now.Deleted {
		*next = *now
		next.Fields = slices.Clone(now.Fields)
	}
	next.Stamp = max(next.Stamp, at)
	for _, v := range values {
		f := next.Field(v.Name)
		if f == nil {
			next.Fields = append(next.Fields, remote.Field{Name: v.Name})
			f = &next.Fields[len(next.Fields)-1]
		}
		f.Value = v.Value
		if at != 0 {
			f.Stamp = at
		}
	}
	c.write(next)
}

func (b *Backend) write(do func(c *content)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	do(b.content)
	b.wake()
}

// Get is an object as the backend has it, nil where there is none.
func (b *Backend) Get(modelName string, key model.Value) *remote.Object {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.content.get(modelName, key)
	if o == nil || o.Deleted {
		return nil
	}
	found := *o
	return &found
}

// All lists the objects, in the order of the models' names and the keys.
func (b *Backend) All() []remote.Object {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []remote.Object
	for _, o := range b.content.live() {
		all = append(all, *o)
	}
	return all
}

// Mark is what the backend knows of a client.
func (b *Backend) Mark(client string) model.Mark {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.mark(client)
}

// Position is that of the newest write; positions count from 1.
func (b *Backend) Position() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.end()
}

// Trim forgets the history up to a position, itself included: clients that have not
// seen it must start over. The objects stay; what was deleted up to there is
// forgotten altogether.
func (b *Backend) Trim(to uint64) {
	b.write(func(c *content) { c.trim(to) })
}

// Recreate begins the backend anew with these objects, perhaps those of All, as
// one that was set up again and filled from somewhere. It knows no client.
func (b *Backend) Recreate(objects ...remote.Object) {
	c := newContent(b.random)
	c.put(objects...)
	b.replace(c)
}

// Saved is a copy of a backend's whole state at one moment, for Restore.
type Saved struct{ content *content }

// Save copies the whole state, what is known of the clients included.
func (b *Backend) Save() *Saved {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &Saved{b.content.copy()}
}

// Restore puts a backend back to an earlier state, as one is restored from its
// backup: nothing in it says that this happened. A state can be restored any
// number of times.
func (b *Backend) Restore(s *Saved) { b.replace(s.content.copy()) }

func (b *Backend) replace(c *content) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.content, b.snapshots = c, nil
	b.wake()
}

// Reset makes a client start over: its cursors are answered with the reason until
// it comes with one that it got afterwards. The client "" is everybody, those that
// come later included. A client that has never downloaded has no cursor, and nothing
// to start over from.
func (b *Backend) Reset(client string, reason remote.Reason) {
	b.write(func(c *content) {
		if client == "" {
			clear(c.resets)
		}
		c.resets[client] = reset{id: c.random(), reason: reason}
		b.snapshots = nil // their cursors are from before
	})
}

// Forget drops the mark of a client and its fence. Its cursors stay good: that it
// was forgotten shows only in the mark.
func (b *Backend) Forget(client string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.content.clients, client)
}

// Refuse sets a function that is asked about every object that a client pushes; an
// error refuses the object, and its text is the reason. Nil takes everything. The
// function must not call the backend.
func (b *Backend) Refuse(check func(client string, p *model.Patch) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = check
}
