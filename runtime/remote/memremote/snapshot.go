package memremote

import (
	"context"
	"iter"
	"slices"
	"strconv"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
)

// kept is how many snapshots can be resumed.
const kept = 4

// snapshot is everything as of one moment, for one client.
type snapshot struct {
	id      string
	client  string
	objects []*remote.Object
	cursor  remote.Cursor
	mark    model.Mark
}

// Snapshot yields everything. The latest few snapshots can be resumed. See
// remote.Remote.
func (b *Backend) Snapshot(ctx context.Context, client string, resume remote.Resume) iter.Seq2[*remote.SnapshotPage, error] {
	return func(yield func(*remote.SnapshotPage, error) bool) {
		if err := b.reach(ctx, client, Snapshot); err != nil {
			yield(nil, err)
			return
		}
		s, at := b.snapshot(client, resume)
		for {
			page := s.page(at, b.options.SnapshotPage)
			if !yield(page, nil) || page.Last {
				return
			}
			at += len(page.Objects)
			if err := b.reach(ctx, client, Snapshot); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// snapshot finds the one that is to be resumed, and where, or begins one.
func (b *Backend) snapshot(client string, resume remote.Resume) (s *snapshot, at int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.snapshots {
		at, err := strconv.Atoi(resume.Page)
		if s.id == resume.ID && s.client == client && err == nil && at >= 0 && at <= len(s.objects) {
			return s, at
		}
	}
	c := b.content
	s = &snapshot{
		id:      strconv.FormatUint(b.names(), 36),
		client:  client,
		objects: c.live(),
		cursor:  c.position(c.end(), client).cursor(),
		mark:    c.mark(client),
	}
	b.snapshots = append(b.snapshots, s)
	b.snapshots = slices.Delete(b.snapshots, 0, max(0, len(b.snapshots)-kept))
	return s, 0
}

func (s *snapshot) page(at, size int) *remote.SnapshotPage {
	end := min(at+size, len(s.objects))
	page := &remote.SnapshotPage{
		Resume:  remote.Resume{ID: s.id, Page: strconv.Itoa(end)},
		Total:   len(s.objects),
		Objects: make([]remote.Object, end-at),
	}
	for i := range page.Objects {
		page.Objects[i] = *s.objects[at+i]
	}
	if end == len(s.objects) {
		page.Last, page.Cursor, page.Mark = true, s.cursor, s.mark
	}
	return page
}
