package bench

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// backend is a remote.Remote that costs next to nothing: the objects of its
// snapshot are made page by page as they are asked for, and it takes no changes.
type backend struct {
	objects int             // in the snapshot: those of finding
	later   map[int]Finding // what others made of them, and others still
	end     int             // the number after that of the last object
	written []*remote.Page  // what Pull yields to one who has seen none of it
}

// page is how many objects come in a page.
const page = 1000

// newBackend has what the fresh copy of files has.
func newBackend(n int, lastSynced int64) *backend {
	b := &backend{objects: n, later: map[int]Finding{}, end: n}
	for i, f := range elsewhere(n, lastSynced) {
		b.later[i], b.end = f, max(b.end, i+1)
	}
	return b
}

// sent is a finding as a backend sends it.
func sent(f *Finding) remote.Object {
	at := stamp.Stamp(f.Updated) << 16
	field := func(name string, v model.Value) remote.Field { return remote.Field{Name: name, Value: v, Stamp: at} }
	return remote.Object{Model: "finding", Key: model.StringValue(f.ID), Stamp: at, Fields: []remote.Field{
		field("site", model.StringValue(f.Site)), field("title", model.StringValue(f.Title)), field("note", model.StringValue(f.Note)),
		field("severity", model.IntValue(int64(f.Severity))), field("visits", model.IntValue(f.Visits)),
		field("seen", model.TimeValue(f.Seen)), field("updated", model.IntValue(f.Updated)),
	}}
}

// Snapshot implements remote.Remote.
func (b *backend) Snapshot(ctx context.Context, client string, resume remote.Resume) iter.Seq2[*remote.SnapshotPage, error] {
	return func(yield func(*remote.SnapshotPage, error) bool) {
		at, _ := strconv.Atoi(resume.Page)
		for {
			p := &remote.SnapshotPage{Total: b.objects}
			for ; at < b.end && len(p.Objects) < page; at++ {
				f, changed := b.later[at]
				if !changed && at >= b.objects {
					continue
				}
				if !changed {
					f = finding(at)
				}
				p.Objects = append(p.Objects, sent(&f))
			}
			p.Resume = remote.Resume{ID: "snapshot", Page: strconv.Itoa(at)}
			if p.Last = at == b.end; p.Last {
				p.Cursor, p.Mark = "snapshot", model.Mark{Client: client}
			}
			if !yield(p, nil) || p.Last {
				return
			}
		}
	}
}

// Pull implements remote.Remote.
func (b *backend) Pull(ctx context.Context, client string, after remote.Cursor) iter.Seq2[*remote.Page, error] {
	return func(yield func(*remote.Page, error) bool) {
		if after != "snapshot" {
			return
		}
		for _, p := range b.written {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Settle implements remote.Remote.
func (b *backend) Settle(ctx context.Context, client string, epoch uint64) (model.Mark, error) {
	return model.Mark{Client: client}, nil
}

// Push implements remote.Remote.
func (b *backend) Push(ctx context.Context, chunk *model.Chunk) (*remote.Answer, error) {
	return nil, fmt.Errorf("pushing to a backend that takes nothing: %w", errors.ErrUnsupported)
}
