package replica

import (
	"context"
	"errors"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// rounds counts what those who wait compare.
type rounds struct {
	begun, pulled uint64 // pulled is the latest that was begun and has pulled everything
	pushed        uint64 // the latest that was begun and has pushed everything
	all           uint64 // rounds that came to an end
}

// round syncs once: settles what is open, pulls, pushes. A client reset that is due
// or pending takes its place.
func (r *Replica) round(ctx context.Context) error {
	r.mu.Lock()
	r.rounds.begun++
	this := r.rounds.begun
	r.mu.Unlock()

	err := r.resumeReset(ctx)
	if err == nil {
		err = r.sync(ctx, this)
	}
	var reset *remote.ClientResetError
	if errors.As(err, &reset) {
		err = r.reset(ctx, reset)
		if err == nil {
			err = r.sync(ctx, this) // upload what was recovered
		}
	}
	r.mu.Lock()
	r.rounds.all++
	r.mu.Unlock()
	r.setStatus(func(*Status) {})
	return err
}

func (r *Replica) sync(ctx context.Context, this uint64) error {
	r.setState(Syncing)
	r.mu.Lock()
	connected := r.connected
	r.mu.Unlock()
	if !connected {
		if err := r.settle(ctx); err != nil {
			return err
		}
	}
	if err := r.pull(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	r.connected = true
	r.rounds.pulled = this
	r.mu.Unlock()
	r.setStatus(func(*Status) {})
	if err := r.push(ctx); err != nil {
		r.disconnected()
		return err
	}
	r.mu.Lock()
	r.rounds.pushed = this
	r.mu.Unlock()
	return r.recovered(ctx)
}

// update is Update without the session being told.
func (r *Replica) update(ctx context.Context, do func(tx *store.Tx) error) error {
	return r.inside(ctx, func(live *store.Store) error { return live.Update(ctx, do) })
}

// settle asks the backend for this client's mark, settles by it what was sent and
// not answered, and finds out whether the two still know each other.
func (r *Replica) settle(ctx context.Context) error {
	err := r.View(ctx, func(tx *store.Tx) error { return errors.Join(renamed(tx), outgrown(tx, r.o.Schema)) })
	if err != nil {
		return err
	}
	mark, err := r.mark(ctx, false)
	if err != nil {
		return err
	}
	return r.settling(ctx, func(tx *store.Tx) error {
		settled, err := tx.Ledger().Settle(mark)
		if err != nil {
			return rewound(err)
		}
		return uncover(tx, settled)
	})
}

// mark asks the backend what it knows of this client. Where something may be under
// way, or fence is set, it has the backend refuse that from now on.
func (r *Replica) mark(ctx context.Context, fence bool) (mark model.Mark, err error) {
	var client string
	var epoch uint64
	err = r.update(ctx, func(tx *store.Tx) (err error) {
		l := tx.Ledger()
		if client, epoch = l.Client(); fence || l.Cut() != nil {
			epoch, err = l.Fence()
		}
		return err
	})
	if err != nil {
		return mark, err
	}
	mark, err = r.backend.Settle(ctx, client, epoch)
	switch {
	case errors.Is(err, remote.ErrFenced):
		return mark, fmt.Errorf("the backend knows a later epoch of the client %s than %d: %w: %w", client, epoch, store.ErrStoreCopied, err)
	case err != nil:
		return mark, fmt.Errorf("asking the backend what it knows of this client: %w", err)
	}
	return mark, nil
}

// rewound turns what a mark has shown into the client reset that it means.
func rewound(err error) error {
	var back *store.BackendRewoundError
	if errors.As(err, &back) {
		return &remote.ClientResetError{Reason: remote.Restored, Detail: back.Error()}
	}
	return err
}

// push sends what is unsynced, cut by cut, until there is nothing left to send. What
// conflicts is merged with what the backend answers, and sent again.
func (r *Replica) push(ctx context.Context) error {
	// A conflict takes one more cut; ten in a row mean that somebody else writes the
	// same objects all the time. The rest waits for the next round.
	for range 10 {
		var cut *model.Cut
		err := r.update(ctx, func(tx *store.Tx) (err error) {
			if cut, err = tx.Ledger().OpenCut(r.o.Chunk); err != nil || cut != nil {
				return err
			}
			return change(tx, startOverNote, func(note *startOver) { note.Renamed = false }) // all of it is sent
		})
		if err != nil || cut == nil {
			return err
		}
		again, err := r.send(ctx, cut)
		if err != nil {
			return fmt.Errorf("pushing: %w", err)
		}
		if !again {
			return nil
		}
	}
	return nil
}

// mostCurrent bounds how many conflicting objects of a cut are kept; more than that
// are pulled, or answered again when they are sent again.
const mostCurrent = 10_000

// send sends one cut and settles it by the answer.
func (r *Replica) send(ctx context.Context, cut *model.Cut) (conflicts bool, err error) {
	r.uploads.tell(Transfer{Total: cut.Objects})
	var answer *remote.Answer
	var current []remote.Object
	next := r.prepare(ctx, nil)
	for sent := 0; ; {
		chunk, err := next()
		if err != nil {
			return false, err
		}
		if chunk == nil {
			break
		}
		next = r.prepare(ctx, chunk)
		if answer, err = r.backend.Push(ctx, chunk); err != nil {
			next() // so that nothing is left running
			return false, err
		}
		if len(current) < mostCurrent {
			current = append(current, answer.Current...)
		}
		sent += len(chunk.Patches)
		r.uploads.tell(Transfer{Objects: sent, Total: cut.Objects})
	}
	var settled *store.Settlement
	err = r.settling(ctx, func(tx *store.Tx) (err error) {
		if settled, err = tx.Ledger().Settle(answer.Mark); err != nil {
			return rewound(err)
		}
		if err := uncover(tx, settled); err != nil {
			return err
		}
		in, err := r.newIntake(tx)
		if err != nil {
			return err
		}
		for i := range current {
			if err := in.take(&current[i]); err != nil {
				return err
			}
		}
		if err := in.end(); err != nil {
			return err
		}
		return r.noteMerged(tx, in.merged)
	})
	if err != nil {
		return false, err
	}
	r.tellMerged(ctx)
	conflicts = len(settled.Conflicts) > 0
	r.uploads.tell(Transfer{Objects: cut.Objects, Total: cut.Objects, Complete: !conflicts && len(settled.Refused) == 0 && settled.Open == 0})
	return conflicts, nil
}

// prepare reads the chunk after the one given while that is on its way; the function
// that it gives waits for it.
func (r *Replica) prepare(ctx context.Context, after *model.Chunk) func() (*model.Chunk, error) {
	var chunk *model.Chunk
	read := make(chan error, 1)
	go func() {
		read <- r.View(ctx, func(tx *store.Tx) (err error) {
			chunk, err = tx.Ledger().Chunk(after)
			return err
		})
	}()
	return func() (*model.Chunk, error) {
		err := <-read
		return chunk, err
	}
}
