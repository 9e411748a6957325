package reconcile

import (
	"context"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// join takes both sequences side by side.
func (s *streams[T]) join(ctx context.Context, backup, fresh iter.Seq2[Item[T], error]) error {
	nextBackup, stop := iter.Pull2(s.ordered(ctx, "the backup", backup))
	defer stop()
	nextFresh, stop := iter.Pull2(s.ordered(ctx, "fresh", fresh))
	defer stop()
	local, err, _ := nextBackup()
	if err != nil {
		return err
	}
	remote, err, _ := nextFresh()
	for err == nil && (local != nil || remote != nil) {
		switch c := compareKeys(local, remote); {
		case c < 0:
			if err = s.absentFromFresh(local); err == nil {
				local, err, _ = nextBackup()
			}
		case c > 0:
			if err = s.absentFromBackup(remote); err == nil {
				remote, err, _ = nextFresh()
			}
		default:
			if err = s.both(local, remote); err == nil {
				if local, err, _ = nextBackup(); err == nil {
					remote, err, _ = nextFresh()
				}
			}
		}
	}
	return err
}

// dated is an item with its key and its newest stamp.
type dated[T any] struct {
	Item[T]
	key    model.Value
	newest stamp.Stamp
}

// compareKeys compares two items by their keys; nil comes last.
func compareKeys[T any](a, b *dated[T]) int {
	switch {
	case b == nil:
		return -1
	case a == nil:
		return 1
	}
	return model.Compare(a.key, b.key)
}

// ordered is a sequence whose objects have keys that rise. It ends after an error.
func (s *streams[T]) ordered(ctx context.Context, name string, items iter.Seq2[Item[T], error]) iter.Seq2[*dated[T], error] {
	return func(yield func(*dated[T], error) bool) {
		var last model.Value
		for item, err := range items {
			d := &dated[T]{Item: item, newest: item.Stamp}
			if err == nil {
				err = context.Cause(ctx)
			}
			if err == nil {
				d.key, err = s.key(&item.Value)
			}
			if err == nil && !last.IsAbsent() && model.Compare(last, d.key) >= 0 {
				err = fmt.Errorf("%s %v follows %v: %w", s.m.Info.Name, d.key, last, ErrOrder)
			}
			if err != nil {
				yield(nil, fmt.Errorf("reading %s: %w", name, err))
				return
			}
			last = d.key
			for _, at := range item.Fields {
				d.newest = max(d.newest, at)
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// since tells whether a stamp is later than the last sync, as far as there was one.
func (s *streams[T]) since(at stamp.Stamp) bool {
	return s.o.LastSynced == 0 || at > s.o.LastSynced
}

// at is when field f of an item was last changed, and whether it ever was.
func (s *streams[T]) at(d *dated[T], f int) (stamp.Stamp, bool) {
	if d.Fields == nil {
		return d.newest, true
	}
	at, ok := d.Fields[s.m.Info.Fields[f].Name]
	return at, ok
}

// changed is the set of the fields of an item that were changed since the last
// sync.
func (s *streams[T]) changed(d *dated[T]) model.FieldSet {
	var changed model.FieldSet
	for f := range s.m.Info.Fields {
		if at, ok := s.at(d, f); ok && f != s.m.Info.Key && s.since(at) {
			changed.Add(f)
		}
	}
	return changed
}

// row is an item in its stored form.
func (s *streams[T]) row(d *dated[T]) (*model.Row, error) {
	info := s.m.Info
	if info.Track == model.TrackObject && d.Fields != nil {
		return nil, fmt.Errorf("%s %v has stamps of fields, and %s is tracked by object", info.Name, d.key, info.GoName)
	}
	for name := range d.Fields {
		if info.Index(name) < 0 {
			return nil, fmt.Errorf("%s %v has a stamp of the field %q, and there is no such field", info.Name, d.key, name)
		}
	}
	row, err := s.encode(&d.Value)
	if err != nil {
		return nil, err
	}
	for f := range info.Fields {
		at, _ := s.at(d, f)
		row.Mark(info, f, at)
	}
	return row, nil
}

// entry is what a store would have on record of an object, as far as stamps tell.
func (s *streams[T]) entry(d *dated[T], change model.Change) *model.Entry {
	return &model.Entry{Model: s.m.Info.Name, Key: d.key, Change: change, Stamp: d.newest}
}

// absentFromFresh is an object of the backup alone.
func (s *streams[T]) absentFromFresh(local *dated[T]) error {
	if !s.since(local.newest) {
		return nil
	}
	row, err := s.row(local)
	if err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	e := s.entry(local, model.Created)
	d := merge.Object(s.m, model.Policy{}, e, row, nil)
	d.Reason = "changed since the last sync, absent from fresh: created here or deleted there"
	s.add(e, d, local.Item)
	return nil
}

// absentFromBackup is an object of fresh alone.
func (s *streams[T]) absentFromBackup(remote *dated[T]) error {
	s.objects++
	if !s.o.InferDeletes || s.since(remote.newest) {
		return nil
	}
	s.deletes++
	row, err := s.row(remote)
	if err != nil {
		return fmt.Errorf("reading fresh: %w", err)
	}
	e := s.entry(remote, model.Deleted)
	e.Base = row.Named(s.m.Info)
	d := merge.Object(s.m, model.Policy{}, e, nil, row)
	d.Reason = "absent from the backup, and not changed since the last sync"
	s.add(e, d, remote.Item)
	return nil
}

// both is an object that the backup and fresh have.
func (s *streams[T]) both(local, remote *dated[T]) error {
	s.objects++
	changed := s.changed(local)
	if changed.Empty() {
		return nil
	}
	here, err := s.row(local)
	if err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	there, err := s.row(remote)
	if err != nil {
		return fmt.Errorf("reading fresh: %w", err)
	}
	g := s.guess(local, changed, s.changed(remote), here, there)
	d := merge.Object(s.m, model.Policy{}, g.entry, here, there)
	g.complete(s.m.Info, d, here, there)
	var item Item[T]
	if d.Write != merge.WriteNothing {
		if item, err = s.merged(local, remote, d); err != nil {
			return err
		}
	}
	s.add(g.entry, d, item)
	return nil
}

// merged is the item that a decision makes of two: each field with the stamp of
// the side that its value is from.
func (s *streams[T]) merged(local, remote *dated[T], d *merge.Decision) (Item[T], error) {
	v, err := s.decode(d.Row)
	item := Item[T]{Value: v, Stamp: max(local.newest, remote.newest)}
	if local.Fields == nil && remote.Fields == nil {
		return item, err
	}
	item.Fields = map[string]stamp.Stamp{}
	for f := range s.m.Info.Fields {
		from := remote
		if d.Fields.Has(f) {
			from = local
		}
		if at, ok := s.at(from, f); ok && f != s.m.Info.Key {
			item.Fields[s.m.Info.Fields[f].Name] = at
		}
	}
	return item, err
}

func (s *streams[T]) add(e *model.Entry, d *merge.Decision, item Item[T]) {
	s.steps = append(s.steps, step[T]{object(s.m.Info, e, d), item})
}
