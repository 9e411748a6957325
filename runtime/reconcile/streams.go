package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// Item is one object as an app keeps it.
type Item[T any] struct {
	Value T

	// Stamp is when the object was last changed, 0 where that is not known. Fields
	// is when each field was, by its stored name; fields that it does not name were
	// never changed. Where it is nil, each field was when the object was: so it must
	// be for a model with track=object.
	Stamp  stamp.Stamp
	Fields map[string]stamp.Stamp
}

// Writer writes to the fresh copy of an app. It must stamp nothing: an object is
// to be kept with the stamps that it comes with. An error that wraps
// store.ErrConstraint says that nothing was written and makes this object a
// reported failure; any other ends the work.
type Writer[T any] interface {
	Put(ctx context.Context, item Item[T]) error // inserts the object, or replaces it whole
	Delete(ctx context.Context, v T) error       // deletes the object with the key of v
}

// StampOptions are how Reconcile tells what is unsynced.
type StampOptions struct {
	// LastSynced is the point up to which the backend has everything. 0 means that
	// nothing was ever synced: then every object of the backup is unsynced, stamped
	// or not, and no deletion is inferred.
	LastSynced stamp.Stamp

	// InferDeletes takes it for a local deletion when an object is in fresh, not in
	// the backup, and not stamped later than LastSynced.
	InferDeletes bool

	// MaxDeletes is the share of the objects in fresh that may be deleted so, above
	// 0 and up to 1; 0 means 0.1. Above it a *DeletesError refuses everything.
	MaxDeletes float64

	// Each and Keep are as in Options.
	Each func(*Object) error
	Keep int
}

// ErrOrder: a sequence did not yield its objects in the order of their keys.
var ErrOrder = errors.New("the objects do not come in the order of their keys")

// DeletesError says that more objects than allowed are in the fresh copy and not in
// the backup. If the user did not delete them, the backup may hold another part of
// what the backend has: a filter or a permission has changed since.
type DeletesError struct {
	Model            string
	Deletes, Objects int     // how many of how many objects in fresh would be deleted
	Max              float64 // the share allowed
}

// Error gives the numbers and names the option.
func (e *DeletesError) Error() string {
	return fmt.Sprintf("%d of %d objects of %s are absent from the backup and would be deleted, more than StampOptions.MaxDeletes=%g allows; a filter or a permission that has changed looks the same as deletions",
		e.Deletes, e.Objects, e.Model, e.Max)
}

// Reconcile brings the unsynced changes of one model from a backup into a fresh
// copy that an app keeps in a way of its own, without this package's stores: c is
// the model's generated collection, of which nothing is stored. It can be called at
// any time, not only on a reset. Both sequences must yield their objects by rising
// key, in the order of model.Compare: strings by their bytes. They are read once,
// side by side, and to the end before w is called, so that memory grows with what is
// unsynced only. After an error of w some objects were written and some not: let w
// write in a transaction. Once it is through, calling it again changes nothing.
//
// Unsynced is an object, or where stamps of fields are known a field, that is
// stamped later than LastSynced. That is less than the record that a Store keeps,
// and cannot tell apart:
//
//   - what was not sent from what was sent while the point moved, on a clock that
//     was set back or without a stamp: a write that is not stamped later than
//     LastSynced is taken for synced, and what the backend has stands;
//   - what another device wrote since from what it wrote before: its clock says so,
//     and a write that is not stamped is taken for old, and gives way;
//   - an object created here from one that was changed here and deleted elsewhere:
//     it is inserted;
//   - with InferDeletes, an object deleted here from one that never came here: from
//     another device that was slow to send it, or through a filter or a permission
//     that has changed. MaxDeletes keeps that within bounds. Without InferDeletes
//     local deletions are not carried over at all.
//
// A field that only the backup changed has its value of the last sync in fresh.
// Where both changed it there is no base: the rules local, remote, newest, max and
// min decide without one; by the others the local value stands. Either is reported
// as a conflict, with an absent base. References are not checked.
func Reconcile[K, T, R any](ctx context.Context, c *store.Collection[K, T, R], backup, fresh iter.Seq2[Item[T], error], w Writer[T], o StampOptions) (*Report, error) {
	if w == nil {
		return nil, errors.New("reconciling: the writer is nil; PreviewReconcile needs none")
	}
	s, err := planStreams(ctx, c, backup, fresh, o)
	if err == nil {
		err = s.each(func(st step[T]) error { return st.write(ctx, w) })
	}
	if err != nil {
		return nil, fmt.Errorf("reconciling: %w", err)
	}
	s.report.Applied = true
	return s.report, nil
}

// PreviewReconcile says what Reconcile would do, provided that the writer refuses
// nothing.
func PreviewReconcile[K, T, R any](ctx context.Context, c *store.Collection[K, T, R], backup, fresh iter.Seq2[Item[T], error], o StampOptions) (*Report, error) {
	s, err := planStreams(ctx, c, backup, fresh, o)
	if err == nil {
		err = s.each(func(step[T]) error { return nil })
	}
	if err != nil {
		return nil, fmt.Errorf("previewing a reconciliation: %w", err)
	}
	return s.report, nil
}

// streams is a reconciliation of two sequences in the making.
type streams[T any] struct {
	m      *merge.Model
	encode func(*T) (*model.Row, error)
	key    func(*T) (model.Value, error)
	decode func(*model.Row) (T, error)
	o      StampOptions

	steps            []step[T] // by key
	deletes, objects int       // in fresh: how many of how many are absent from the backup
	report           *Report
}

// step is what becomes of one object, and what the writer gets of it.
type step[T any] struct {
	*Object
	item Item[T]
}

// planStreams reads both sequences and decides; nothing is written.
func planStreams[K, T, R any](ctx context.Context, c *store.Collection[K, T, R], backup, fresh iter.Seq2[Item[T], error], o StampOptions) (*streams[T], error) {
	if c == nil || backup == nil || fresh == nil {
		return nil, errors.New("the collection or one of the sequences is nil")
	}
	switch {
	case !(o.MaxDeletes >= 0 && o.MaxDeletes <= 1):
		return nil, fmt.Errorf("StampOptions.MaxDeletes is %g, not a share between 0 and 1", o.MaxDeletes)
	case o.Keep < 0:
		return nil, fmt.Errorf("StampOptions.Keep is %d, less than 0", o.Keep)
	}
	o.MaxDeletes, o.Keep = cmp.Or(o.MaxDeletes, 0.1), cmp.Or(o.Keep, keepDefault)
	s := &streams[T]{m: c.Model(), encode: c.Encode, key: c.EncodeKey, decode: c.Decode, o: o}
	s.report = &Report{Model: s.m.Info.Name, Counts: []Count{}, Objects: []*Object{}}
	if err := s.join(ctx, backup, fresh); err != nil {
		return nil, err
	}
	if float64(s.deletes) > o.MaxDeletes*float64(s.objects) {
		return nil, &DeletesError{Model: s.m.Info.Name, Deletes: s.deletes, Objects: s.objects, Max: o.MaxDeletes}
	}
	return s, nil
}

// each takes step by step, and those once more that a constraint refused.
func (s *streams[T]) each(take func(step[T]) error) error {
	tell := func(o *Object) error {
		s.report.add(o, s.o.Keep)
		if s.o.Each != nil {
			return s.o.Each(o)
		}
		return nil
	}
	var refused []*Object
	steps := map[*Object]step[T]{} // of these
	for _, st := range s.steps {
		switch err := take(st); {
		case errors.Is(err, store.ErrConstraint):
			refused, steps[st.Object] = append(refused, st.Object), st
		case err != nil:
			return err
		default:
			if err := tell(st.Object); err != nil {
				return err
			}
		}
	}
	retry := func(o *Object) error { return take(steps[o]) }
	apart := func(all []*Object) (done, left []*Object, err error) { return nil, all, nil }
	return again(refused, retry, apart, tell)
}

// write hands what becomes of an object to the app's writer.
func (s step[T]) write(ctx context.Context, w Writer[T]) error {
	err := context.Cause(ctx)
	if err == nil {
		switch s.Write {
		case merge.WriteInsert, merge.WriteUpdate:
			err = w.Put(ctx, s.item)
		case merge.WriteDelete:
			err = w.Delete(ctx, s.item.Value)
		}
	}
	if err != nil {
		return fmt.Errorf("writing %s %v: %w", s.Model, s.Key, err)
	}
	return nil
}
