package replica

import (
	"context"
	"fmt"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// RefusedError says that the backend refused changes that were waited for.
type RefusedError struct{ Refusals []Refusal }

// Error names the first refused object and how many there are.
func (e *RefusedError) Error() string {
	first := e.Refusals[0]
	text := fmt.Sprintf("the backend refused %s %v: %s", first.Model, first.Key, first.Reason)
	if n := len(e.Refusals) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}

// WaitForUpload waits until everything that was written before the call is settled
// with the backend. Its error wraps a *RefusedError where some of it was refused and
// the rest is settled; what ended the session, where it has failed for good;
// ErrStopped where none runs and something is left to send; or that of ctx, with what the
// session is about. While the session is paused or has no connection it waits.
func (r *Replica) WaitForUpload(ctx context.Context) error {
	var target, begun uint64
	err := r.inside(ctx, func(live *store.Store) error {
		target, begun = live.Seq(), r.roundsBegun()
		return nil
	})
	if err != nil {
		return fmt.Errorf("waiting for upload: %w", err)
	}
	r.poke()
	err = r.until(ctx, func() (bool, error) {
		waiting, later, refused, err := r.unsettled(ctx, target)
		if later && !waiting { // perhaps by writing the same again: then only a round tells that it was sent
			r.mu.Lock()
			waiting = r.rounds.pushed <= begun
			r.mu.Unlock()
		}
		if err == nil && !waiting && len(refused) > 0 {
			err = &RefusedError{refused}
		}
		return !waiting, err
	})
	if err != nil {
		return fmt.Errorf("waiting for upload: %w", err)
	}
	// The round that has sent it may yet have to note that (Backup.Settled).
	if err := r.work(ctx, func() error { return nil }); err != nil && ctx.Err() != nil {
		return fmt.Errorf("waiting for upload: %w", err)
	}
	return nil
}

// unsettled tells whether something up to a sequence has yet to be settled, whether
// something later has, and what was refused. Where all that an object had up to the
// sequence was written again since, that counts as later.
func (r *Replica) unsettled(ctx context.Context, target uint64) (waiting, later bool, refused []Refusal, err error) {
	err = r.View(ctx, func(tx *store.Tx) error {
		for e, err := range tx.Entries() {
			if err != nil {
				return err
			}
			switch {
			case oldest(e) > target:
				later = true
			case r.unsent(e) != "":
				refused = append(refused, r.refusalOf(e))
			default:
				waiting = true
				return nil
			}
		}
		return nil
	})
	return waiting, later, refused, err
}

// oldest is the sequence of the earliest change in an entry.
func oldest(e *model.Entry) uint64 {
	if e.Sent != nil {
		return oldest(e.Sent.Entry)
	}
	seq := e.Seq
	for i := range e.Fields {
		seq = min(seq, e.Fields[i].Seq)
	}
	return seq
}

// WaitForDownload waits until everything that the backend had at the time of the
// call is in the store, or held back (Status.HeldBack). Its errors are those of
// WaitForUpload, but for refused changes.
func (r *Replica) WaitForDownload(ctx context.Context) error {
	begun := r.roundsBegun()
	r.poke()
	err := r.until(ctx, func() (bool, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.rounds.pulled > begun, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for download: %w", err)
	}
	return nil
}

func (r *Replica) roundsBegun() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rounds.begun
}

// until waits for a condition that a running session can bring about.
func (r *Replica) until(ctx context.Context, met func() (bool, error)) error {
	if r.inCallback(ctx) {
		return ErrInCallback
	}
	for {
		r.mu.Lock()
		moved, status, closed := r.moved, r.status, r.closed
		r.mu.Unlock()
		switch ok, err := met(); {
		case err != nil || ok:
			return err
		case closed:
			return ErrClosed
		case status.State == Failed:
			return status.Err
		case status.State == Stopped:
			return ErrStopped
		}
		select {
		case <-moved:
		case <-ctx.Done():
			if status.Err != nil {
				return fmt.Errorf("the session is %s (%w): %w", status.State, status.Err, context.Cause(ctx))
			}
			return fmt.Errorf("the session is %s: %w", status.State, context.Cause(ctx))
		}
	}
}
