// Package replica keeps a store in sync with a remote, and brings it through
// client resets without losing what the app wrote.
//
// An app opens a Replica instead of a store and reads and writes through it,
// online or not. Start begins a session: what is unsynced is pushed, what others
// wrote is pulled, and where both changed an object the same merge decides that
// decides in a reset. When the backend says that the client must start over, the
// replica downloads a fresh copy beside the live store, which stays usable,
// exchanges the two with what was unsynced carried over, keeps the old one as a
// backup, and says what became of each change in a report. Most of that is decided
// before the live store is closed: transactions that come while it is wait for as long
// as it takes to write what was decided.
//
//	r, err := replica.Open(ctx, replica.Options{
//		Driver: sqlitestore.Driver{Name: "sqlite"}, Path: "app.db", Schema: &inspect.Schema,
//		Remote: backend, // by the methods of remote.Remote
//	})
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	if err := r.Start(); err != nil { // it does not wait for a connection
//		return err
//	}
//	err = r.Update(ctx, func(tx *store.Tx) error {
//		f, err := inspect.FindingRecords.New(tx, "f-17")
//		if err != nil {
//			return err
//		}
//		f.SetTitle("cracked beam")
//		return inspect.FindingRecords.Put(tx, f)
//	})
//
// The example of this package goes on with a client reset.
package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/resetgen/resetgen/internal/notify"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
)

// What callers branch on, beside the errors of the packages store, remote and
// reconcile.
var (
	// ErrClosed: the replica was closed.
	ErrClosed = errors.New("the replica is closed")

	// ErrStopped: no session is running, so that what was waited for cannot happen.
	ErrStopped = errors.New("no session is running")

	// ErrResetNeedsRestart: a client reset could not get the store for itself in
	// time: a transaction went on for too long, or another program has the store
	// open. The store is as it was and can be used. The reset stays pending, and
	// happens when the replica is opened again or Start is called.
	ErrResetNeedsRestart = errors.New("a client reset is pending and needs a restart")

	// ErrResetGaveUp: a client reset was tried as often as Options.Attempts says. The
	// live store is in place and can be used, but is not synced. ResetNow tries again.
	ErrResetGaveUp = errors.New("the client reset was given up")
)

// Replica is a store that is kept in sync. Its methods are safe for concurrent use.
type Replica struct {
	o       Options
	log     *slog.Logger
	backend backend
	gate    gate
	live    *store.Store // guarded by gate

	unhook func() // ends what the live store tells the replica; guarded by gate
	broken error  // why there is no live store; guarded by gate

	// working is held by whoever syncs or resets. It guards pending, the client reset
	// that is not settled yet.
	working chan struct{}
	pending *pending

	mu        sync.Mutex
	session   *session
	status    Status
	resting   Status        // what it is while no session runs and nothing else is done
	moved     chan struct{} // closed, and made anew, when the status or a round of syncing moves
	rounds    rounds
	connected bool          // the backend's mark was compared since the session came up
	kick      chan struct{} // holds a token when there is something to do
	hurry     chan struct{} // holds a token when Start was called, so that a session without a connection tries again
	closed    bool

	alive context.Context // ends when Close is called
	kill  context.CancelCauseFunc

	ended    chan struct{} // closed when Close is through, with closeErr
	closeErr error

	statuses  notify.Listeners[Status]
	changes   notify.Listeners[store.Changes]
	synced    notify.Listeners[store.LastSynced]
	uploads   transfers
	downloads transfers
}

// Open opens the replica at o.Path, and makes its store where there is none. A
// client reset that an earlier process left undone is finished first, as far as
// that takes no connection. It does not start a session.
func Open(ctx context.Context, o Options) (*Replica, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("opening a replica: %w", err)
	}
	r := &Replica{
		o: o, log: o.Logger, backend: backend{o.Remote}, working: make(chan struct{}, 1),
		moved: make(chan struct{}), kick: make(chan struct{}, 1), hurry: make(chan struct{}, 1), ended: make(chan struct{}), status: Status{State: Stopped},
	}
	r.alive, r.kill = context.WithCancelCause(context.Background())
	r.working <- struct{}{}
	r.statuses.Logger, r.changes.Logger, r.synced.Logger = r.log, r.log, r.log
	r.changes.Merge = store.Changes.And
	r.uploads.init(r.log)
	r.downloads.init(r.log)
	if err := r.work(ctx, func() error { return r.finishAtOpen(ctx) }); err != nil {
		return nil, fmt.Errorf("opening the replica %s: %w", o.Path, err)
	}
	return r, nil
}

// openLive opens the live store and hooks the replica's listeners to it. Nobody is
// inside of the gate.
func (r *Replica) openLive(ctx context.Context) error {
	live, err := store.Open(ctx, r.o.Driver, r.o.Path, r.o.Schema, r.o.storeOptions(false))
	if err != nil {
		return err
	}
	changed, synced := live.OnChange(r.changes.Tell), live.OnSynced(r.synced.Tell)
	r.live, r.broken, r.unhook = live, nil, func() { changed(); synced() }
	return nil
}

// closeLive closes the live store. Nobody is inside of the gate.
func (r *Replica) closeLive() error {
	live := r.live
	if live == nil {
		return nil
	}
	r.live, r.broken = nil, fmt.Errorf("the store %s was closed and not opened again: %w", r.o.Path, ErrResetNeedsRestart) // until somebody knows more
	err := live.Close()
	r.unhook()
	return err
}

// Path is where the live store lies.
func (r *Replica) Path() string { return r.o.Path }

// Update runs do in a transaction of the live store that writes, and has a running
// session push what it wrote; store.Store.Update says the rest. During the moment
// of a client reset in which the stores are exchanged it waits, until ctx ends. So
// neither Update nor View may be called inside of another one: the reset would wait
// for the outer one, and the inner one for the reset.
func (r *Replica) Update(ctx context.Context, do func(tx *store.Tx) error) error {
	if err := r.inside(ctx, func(live *store.Store) error { return live.Update(ctx, do) }); err != nil {
		return err
	}
	r.poke()
	return nil
}

// View runs do in a transaction of the live store that reads; store.Store.View
// says the rest. It waits as Update does, and must not be nested either.
func (r *Replica) View(ctx context.Context, do func(tx *store.Tx) error) error {
	return r.inside(ctx, func(live *store.Store) error { return live.View(ctx, do) })
}

// inside runs do with the live store, which stays that meanwhile.
func (r *Replica) inside(ctx context.Context, do func(live *store.Store) error) error {
	if err := r.gate.enter(ctx, r.inCallback(ctx)); err != nil {
		return fmt.Errorf("%s: %w", r.o.Path, err)
	}
	defer r.gate.leave()
	if r.live == nil {
		return r.broken
	}
	return do(r.live)
}

// LastSynced is the point up to which everything is settled with the backend, and
// whether there is one.
func (r *Replica) LastSynced(ctx context.Context) (at store.LastSynced, ok bool, err error) {
	err = r.inside(ctx, func(live *store.Store) error {
		at, ok = live.LastSynced()
		return nil
	})
	return at, ok, err
}

// OnChange calls listen after each commit that wrote objects, whoever wrote them,
// until stop is called; store.Store.OnChange says the rest. After a client reset
// everything may have changed (store.Changes.All).
func (r *Replica) OnChange(listen func(store.Changes)) (stop func()) {
	return r.changes.Add(unlessClosed(r, listen))
}

// OnSynced calls listen each time that the point of LastSynced moves, until stop is
// called; store.Store.OnSynced says the rest.
func (r *Replica) OnSynced(listen func(store.LastSynced)) (stop func()) {
	return r.synced.Add(unlessClosed(r, listen))
}

// unlessClosed is a listener that is not called any more when Close has returned.
func unlessClosed[T any](r *Replica, listen func(T)) func(T) {
	return func(v T) {
		select {
		case <-r.ended:
		default:
			listen(v)
		}
	}
}

// Close ends the session and what else is being exchanged with the backend, waits for
// the transactions and callbacks under way and closes the store, so it must not be
// called from any of these. Nothing of the replica runs afterwards but the call of a
// listener that is under way. Later calls wait for the first and give its error.
func (r *Replica) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		<-r.ended
		return r.closeErr
	}
	r.closed = true
	r.mu.Unlock()
	r.kill(ErrClosed)
	r.end(Stopped)
	<-r.working // for good
	r.gate.shutFor(ErrClosed)
	if err := r.closeLive(); err != nil {
		r.closeErr = fmt.Errorf("closing the replica %s: %w", r.o.Path, err)
	}
	close(r.ended)
	return r.closeErr
}

// work runs do while nobody else syncs or resets.
func (r *Replica) work(ctx context.Context, do func() error) error {
	if r.inCallback(ctx) {
		return fmt.Errorf("%s: %w", r.o.Path, ErrInCallback)
	}
	select {
	case <-r.working:
	case <-r.alive.Done():
		return fmt.Errorf("%s: %w", r.o.Path, ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("waiting for the session of %s: %w", r.o.Path, context.Cause(ctx))
	}
	defer func() { r.working <- struct{}{} }()
	err := do()
	if err != nil && errors.Is(context.Cause(ctx), ErrClosed) && !errors.Is(err, ErrClosed) {
		err = fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return err
}

// untilClosed has ctx end when Close is called. It is for what waits for the backend.
func (r *Replica) untilClosed(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.alive, func() { cancel(context.Cause(r.alive)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Report says what became of the unsynced changes in a client reset.
type Report = reconcile.Report
