package replica

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// session is the goroutine that syncs.
type session struct {
	cancel context.CancelFunc
	done   chan struct{}
	told   *remote.Cursor // from where the watcher has seen something last
}

// Start begins a session, or wakes one that is paused or waits to try again. It
// does not wait for a connection.
func (r *Replica) Start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("%s: %w", r.o.Path, ErrClosed)
	}
	if r.session != nil {
		hold(r.kick)
		hold(r.hurry)
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	select {
	case <-r.hurry: // of a session before
	default:
	}
	r.session = &session{cancel: cancel, done: make(chan struct{})}
	r.connected = false
	r.status = Status{State: Syncing, HeldBack: r.status.HeldBack} // so that nobody is told before run says it that none is running
	go r.run(ctx, r.session)
	return nil
}

// Pause ends what the session is doing and keeps it from going on until Start.
// Those who wait for it go on waiting. A client reset that has closed the live
// store is finished first, except that Options.After may be left for the next time.
// It waits for a callback under way, whose context ends, so it must not be called from
// one.
func (r *Replica) Pause() { r.end(Paused) }

// Stop ends the session as Pause does; those who wait for it get ErrStopped.
func (r *Replica) Stop() { r.end(Stopped) }

// end ends the session and waits for its goroutine.
func (r *Replica) end(as State) {
	r.mu.Lock()
	s := r.session
	r.session = nil
	r.mu.Unlock()
	if s != nil {
		s.cancel()
		<-s.done
	}
	r.setStatus(func(now *Status) {
		if r.session == nil { // else somebody has started another one meanwhile
			*now = Status{State: as, HeldBack: now.HeldBack}
			r.resting = *now
		}
	})
}

// poke lets the session know that there is something to do.
func (r *Replica) poke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	hold(r.kick)
}

// hold has a channel hold a token, if it does not already.
func hold(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}

// run is the session's goroutine.
func (r *Replica) run(ctx context.Context, s *session) {
	defer close(s.done)
	wait := time.Duration(0)
	for ctx.Err() == nil {
		r.setState(Syncing)
		err := r.work(ctx, func() error { return r.round(ctx) })
		switch {
		case ctx.Err() != nil:
		case err == nil:
			r.setState(Idle)
			if err := r.idle(ctx, s); err != nil && ctx.Err() == nil {
				wait = r.backoff(wait) // else one that can do all but this would be asked without end
				r.retry(ctx, err, wait)
			} else {
				wait = 0
			}
		case final(err):
			r.fail(s, err)
			return
		default:
			wait = r.backoff(wait)
			r.retry(ctx, err, wait)
		}
	}
}

// final tells whether trying again would not help.
func final(err error) bool {
	for _, known := range []error{
		store.ErrStoreCopied, store.ErrCorrupt, store.ErrSchema, store.ErrNotAStore, store.ErrClosed,
		ErrResetGaveUp, ErrResetNeedsRestart, ErrClosed,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// fail ends the session for good, from its own goroutine.
func (r *Replica) fail(s *session, err error) {
	r.log.Error("the session has ended", "replica", r.o.Path, "error", err)
	s.cancel()
	r.setStatus(func(status *Status) {
		if r.session == s { // else somebody ends it at this moment
			r.session = nil
			*status = Status{State: Failed, Err: err, HeldBack: status.HeldBack}
			r.resting = *status
		}
	})
}

// backoff is how long to wait after another failure: twice as long each time, give
// or take a fifth, so that many clients do not come back at one moment.
func (r *Replica) backoff(last time.Duration) time.Duration {
	next := float64(max(2*last, 500*time.Millisecond)) * (0.8 + 0.4*rand.Float64())
	return min(time.Duration(next), r.o.Backoff)
}

// retry waits until it is time for another try, or until Start. That the app writes
// does not make a connection any likelier.
func (r *Replica) retry(ctx context.Context, err error, wait time.Duration) {
	r.disconnected()
	r.log.Warn("syncing failed", "replica", r.o.Path, "error", err, "again in", wait)
	r.setStatus(func(s *Status) {
		s.State, s.Err, s.NextTry, s.Step = Offline, err, r.o.Now().Add(wait), ""
	})
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-r.hurry:
	}
}

// disconnected has the next round ask for the backend's mark first.
func (r *Replica) disconnected() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connected = false
}

// watchPause is how long a session waits for a watcher that has told it twice, at the same
// cursor, that there is something to pull, so that it does not spin.
const watchPause = time.Second

// idle waits until there is something to do: the app wrote, the backend has
// something, or it is time to look. Its error is that of watching the backend.
func (r *Replica) idle(ctx context.Context, s *session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan error, 1)
	var cursor remote.Cursor
	if watcher, ok := r.o.Remote.(remote.Watcher); ok {
		client, at, err := r.position(ctx)
		if err != nil {
			return err
		}
		cursor = at
		go func() { watched <- watcher.Watch(ctx, client, cursor) }()
		defer func() { cancel(); <-watched }()
	}
	timer := time.NewTimer(r.o.Poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-r.kick:
	case <-timer.C:
		r.disconnected() // so that marks are compared again
	case err := <-watched:
		watched <- err // for the one who waits for it below
		if err != nil {
			return fmt.Errorf("watching the backend: %w", err)
		}
		if s.told != nil && *s.told == cursor { // there was nothing
			timer.Reset(min(watchPause, r.o.Poll))
			select {
			case <-ctx.Done():
			case <-r.kick:
			case <-timer.C:
			}
		}
		s.told = &cursor
	}
	return nil
}
