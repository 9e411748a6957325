package replica

import (
	"context"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// batch is how many objects one transaction takes over: few enough that others can
// write in between, enough that a commit costs little of it.
const batch = 10_000

// batcher takes the backend's objects over into a store, those of several pages in
// one transaction.
type batcher struct {
	r       *Replica
	ctx     context.Context
	update  func(do func(tx *store.Tx) error) error // a transaction of the store
	tells   bool                                    // the app of what needs attention
	silent  bool                                    // nobody is told how far it is
	pages   [][]remote.Object
	waiting int // objects in pages
	done    int // objects taken over
	total   int // in all, as far as that is known
}

// intoLive takes over into the live store.
func (r *Replica) intoLive(ctx context.Context) *batcher {
	return &batcher{r: r, ctx: ctx, tells: true, update: func(do func(tx *store.Tx) error) error { return r.settling(ctx, do) }}
}

// add has a page wait, and tells whether it is time to flush.
func (b *batcher) add(objects []remote.Object) (full bool) {
	b.pages = append(b.pages, objects)
	b.waiting += len(objects)
	return b.waiting >= batch || len(b.pages) >= batch // which may be empty
}

// flush takes over what waits, if there is a page, and makes a note of it.
func (b *batcher) flush(note func(tx *store.Tx) error) error {
	if len(b.pages) == 0 {
		return nil
	}
	err := b.update(func(tx *store.Tx) error {
		in, err := b.r.newIntake(tx)
		if err != nil {
			return err
		}
		for _, objects := range b.pages {
			for i := range objects {
				if err := in.take(&objects[i]); err != nil {
					return err
				}
			}
		}
		if err := in.end(); err != nil {
			return err
		}
		if b.tells {
			if err := b.r.noteMerged(tx, in.merged); err != nil {
				return err
			}
		}
		return note(tx)
	})
	if err != nil {
		return err
	}
	b.done += b.waiting
	b.pages, b.waiting = b.pages[:0], 0
	if b.tells {
		b.r.tellMerged(b.ctx)
	}
	b.progress(Transfer{Objects: b.done, Total: b.total})
	return nil
}

func (b *batcher) progress(t Transfer) {
	if !b.silent {
		b.r.downloads.tell(t)
	}
}
