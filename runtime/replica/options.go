package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// Options are how a replica is opened. Driver, Path, Schema and Remote are needed;
// what is left out besides has a default that is fit for an app.
//
// The functions among them, the callbacks, are called one at a time, on the goroutine of
// the session or of the caller of Open, ResetNow, Restore, Preview, Upload or Download,
// which wait for them. The context of a callback ends when it has returned, with the
// session or the caller's context, and when the replica is closed. Before, After,
// Fallback and Merged may call View and Update, with that context. What waits for the
// session, as Prune, Discard and WaitForUpload do, fails with ErrInCallback when it is
// called with that context; with another one it would wait for the callback, and so for
// itself. Stop, Pause and Close, which have none, must not be called from a callback.
type Options struct {
	Driver store.Driver
	Path   string // of the live store; what belongs to it lies beside it
	Schema *store.Schema
	Remote remote.Remote

	// Policy is what becomes of an object that one side deleted and the other
	// changed, in a reset as in an ordinary pull.
	Policy model.Policy

	// Strategy is what a client reset does with unsynced changes.
	Strategy reconcile.Strategy

	// Manual is the app's function for the strategy manual (reconcile.Options.Manual).
	//
	// It has both stores at hand and must use the replica in no other way: View and
	// Update fail with ErrInCallback when they are called with its context.
	Manual func(ctx context.Context, h *reconcile.ByHand) error

	// Before is called when a client reset begins, before anything is downloaded;
	// view reads the live store. An error or a panic ends the attempt, and the
	// backend's answer stands until the session tries again. After a crash it is
	// called again.
	Before func(ctx context.Context, why *remote.ClientResetError, view View) error

	// After is called when a client reset is through and the replica is in use
	// again, also by Restore. An error or a panic is logged: there is nothing left to
	// take back. Where the session is ended before it is called, or while it is and it
	// gives an error, it is called again for the same reset when that goes on, and so it
	// is after a crash.
	After func(ctx context.Context, done *Recovery) error

	// Fallback is called when a client reset was given up (ErrResetGaveUp). Where the
	// session was ended meanwhile, so has ctx.
	Fallback func(ctx context.Context, err error)

	// Merged is called after each transaction that took over what the backend sent,
	// where merging it with unsynced changes needs somebody's attention: conflicts,
	// values that could not be kept, objects that were kept or restored against a
	// deletion. It is not called for client resets, which have a report. A process that
	// is killed before it returned calls it again with the same when the replica is open
	// again, before anything else is synced, and so it is where ctx has ended before it
	// returned. A panic is logged, and it counts as told.
	Merged func(ctx context.Context, merged []Merge)

	// OnStep is called when a client reset has reached a step and has noted that on
	// disk. The live store may be closed at that moment, so it must call nothing of the
	// replica.
	OnStep func(Step)

	Chunk   int           // objects in a chunk that is pushed; 0 means store.DefaultChunk
	Poll    time.Duration // how often a session looks for changes, and whether the backend is still the one it knew; 0 means 30 s
	Backoff time.Duration // the longest wait before a session that has no connection tries again, after growing ones; 0 means 1 minute
	Drain   time.Duration // how long a client reset waits for transactions under way; 0 means 10 s

	// Attempts is how often exchanging the stores is tried in client resets before the
	// session ends with ErrResetGaveUp; 0 means 5. What fails before that, a download or
	// Before, does not count: it is tried again for as long as the session runs. It
	// counts from none again when all that was recovered is settled or refused.
	Attempts int

	// Now and Ahead are those of store.Options.
	Now   func() time.Time
	Ahead time.Duration

	// Logger is told what needs nobody's decision; nil means slog.Default.
	Logger *slog.Logger
}

// View reads a store: it is store.Store.View or Replica.View.
type View func(ctx context.Context, do func(tx *store.Tx) error) error

// Recovery is what a client reset came to.
type Recovery struct {
	Replica *Replica
	Backup  *store.Store // read only, nil where it cannot be opened; closed when After returns; until then Verify finds it in use
	Report  *Report
	Saved   *Backup // where the backup and the report lie, unless somebody has removed them
}

// Merge is what became of one object's unsynced changes when the backend's object
// came in.
type Merge struct {
	Model     string
	Key       model.Value
	Outcome   merge.Outcome
	Reason    string
	Conflicts []merge.Conflict
	Losses    []merge.Loss
}

func (o *Options) complete() error {
	if err := o.Strategy.Check(); err != nil {
		return fmt.Errorf("Options.Strategy: %w", err)
	}
	if err := o.Policy.Check(); err != nil {
		return fmt.Errorf("Options.Policy: %w", err)
	}
	switch {
	case o.Driver == nil:
		return errors.New("Options.Driver is nil")
	case o.Path == "":
		return errors.New("Options.Path is empty")
	case o.Schema == nil:
		return errors.New("Options.Schema is nil")
	case o.Remote == nil:
		return errors.New("Options.Remote is nil")
	case (o.Strategy == reconcile.Manual) != (o.Manual != nil):
		return errors.New("the strategy manual and a function in Options.Manual belong together")
	case o.Chunk < 0 || o.Poll < 0 || o.Backoff < 0 || o.Drain < 0 || o.Attempts < 0:
		return fmt.Errorf("a number of the options is less than 0")
	}
	orDefault(&o.Chunk, store.DefaultChunk)
	orDefault(&o.Poll, 30*time.Second)
	orDefault(&o.Backoff, time.Minute)
	orDefault(&o.Drain, 10*time.Second)
	orDefault(&o.Attempts, 5)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return nil
}

func orDefault[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

func (o *Options) storeOptions(readOnly bool) store.Options {
	return store.Options{ReadOnly: readOnly, Now: o.Now, Ahead: o.Ahead, Logger: o.Logger}
}
