package memremote

import (
	"context"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// Pull yields what was written after a cursor, as of the moment when the first page
// is asked for. See remote.Remote.
func (b *Backend) Pull(ctx context.Context, client string, after remote.Cursor) iter.Seq2[*remote.Page, error] {
	return func(yield func(*remote.Page, error) bool) {
		if err := b.reach(ctx, client, Pull); err != nil {
			yield(nil, err)
			return
		}
		n, err := b.news(client, after)
		if err != nil {
			yield(nil, err)
			return
		}
		for page := n.page(b.options.Page); page != nil; {
			if !yield(page, nil) {
				return
			}
			if page = n.page(b.options.Page); page == nil {
				return
			}
			if err := b.reach(ctx, client, Pull); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// Watch waits for something to pull. See remote.Watcher.
func (b *Backend) Watch(ctx context.Context, client string, after remote.Cursor) error {
	if err := b.reach(ctx, client, Watch); err != nil {
		return err
	}
	for {
		something, changed, err := b.look(client, after)
		if something || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look tells whether there is something to pull, and when to look again.
func (b *Backend) look(client string, after remote.Cursor) (something bool, changed <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.connected(client); err != nil {
		return false, nil, err
	}
	at, err := b.content.find(client, after)
	return err != nil || at < b.content.end(), b.changed, nil
}

// news is what was written after a cursor, as of one moment.
type news struct {
	changes []written
	end     remote.Cursor
	mark    model.Mark
}

// written is an object, and where a client stands that has it.
type written struct {
	object *remote.Object
	position
}

func (b *Backend) news(client string, after remote.Cursor) (*news, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.content
	at, err := c.find(client, after)
	if err != nil {
		return nil, err
	}
	n := &news{end: c.position(c.end(), client).cursor(), mark: c.mark(client)}
	reset := c.resetOf(client).id
	for i, change := range c.log[at-c.floor:] {
		if change.object != nil {
			n.changes = append(n.changes, written{change.object, position{c.history, at + uint64(i) + 1, change.nonce, reset}})
		}
	}
	return n, nil
}

// page takes the next page, or gives nil when there is none. The newest write of
// all is always among the changes, so that a history with news has a last page.
func (n *news) page(size int) *remote.Page {
	if len(n.changes) == 0 {
		return nil
	}
	size = min(size, len(n.changes))
	page := &remote.Page{Objects: make([]remote.Object, size), Cursor: n.end, Mark: n.mark}
	for i := range page.Objects {
		page.Objects[i] = *n.changes[i].object
	}
	if size < len(n.changes) {
		page.Cursor = n.changes[size-1].cursor()
	}
	n.changes = n.changes[size:]
	return page
}
