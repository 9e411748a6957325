package replica

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// ResetNow starts over although the backend does not ask for it: it downloads a
// fresh copy and carries over what is unsynced, as in any client reset. A reset
// that was given up is tried again, one that has closed the live store is finished.
// It needs no session.
func (r *Replica) ResetNow(ctx context.Context) error {
	ctx, done := r.untilClosed(ctx)
	defer done()
	err := r.work(ctx, func() error {
		if err := r.reopen(ctx); err != nil {
			return err
		}
		r.tellMerged(ctx)
		if p := r.pending; p != nil {
			p.Attempts = 0
			if p.Step == Swapped || p.halfway() && p.Step != GaveUp {
				return r.proceed(ctx, p)
			}
		}
		return r.reset(ctx, &remote.ClientResetError{Reason: remote.Requested})
	})
	r.rest(err)
	return err
}

// Preview says what a client reset would do at this moment, and changes nothing
// here or at the backend: it downloads a fresh copy, which is removed afterwards.
// What was given up as lost and has arrived after all counts as unsynced in it.
func (r *Replica) Preview(ctx context.Context) (report *Report, err error) {
	ctx, done := r.untilClosed(ctx)
	defer done()
	err = r.work(ctx, func() error {
		path := r.o.previewPath()
		_, err := r.download(ctx, path, true)
		if err == nil {
			report, err = r.preview(ctx, path)
		}
		return errors.Join(err, r.o.Driver.Remove(context.WithoutCancel(ctx), path))
	})
	if err != nil {
		return nil, fmt.Errorf("previewing a client reset of %s: %w", r.o.Path, err)
	}
	return report, nil
}

func (r *Replica) preview(ctx context.Context, path string) (report *Report, err error) {
	fresh, err := store.Open(ctx, r.o.Driver, path, r.o.Schema, r.o.storeOptions(false))
	if err != nil {
		return nil, err
	}
	err = r.inside(ctx, func(live *store.Store) error {
		out, err := r.makeWay(ctx, live, fresh)
		if err != nil {
			return err
		}
		plan, err := r.plan(ctx, live, fresh, reconcile.Options{HeldBack: out.has})
		if err == nil {
			report, err = plan.Preview(ctx)
		}
		return err
	})
	return report, errors.Join(err, fresh.Close())
}

// plan is the reconciliation of a backup with a fresh copy, with options to which it
// adds the replica's.
func (r *Replica) plan(ctx context.Context, backup, fresh *store.Store, o reconcile.Options) (*reconcile.Plan, error) {
	o.Strategy, o.Policy = r.strategy(ctx, backup), r.o.Policy
	if o.Strategy == reconcile.Manual {
		o.Manual = func(h *reconcile.ByHand) error {
			ctx, end := r.callback(ctx)
			defer end()
			return r.o.Manual(ctx, h)
		}
	}
	err := fresh.View(ctx, func(tx *store.Tx) error {
		mark, err := markOf(tx)
		o.Mark = &mark
		return err
	})
	return reconcile.New(backup, fresh, o), err
}

// reset carries out a client reset, from the beginning.
func (r *Replica) reset(ctx context.Context, why *remote.ClientResetError) error {
	p := newPending(why, r.o.Now())
	if last := r.pending; last != nil { // not settled yet, or not even through
		p.Attempts, p.Backups = last.Attempts, last.Backups
	}
	r.log.Warn("a client reset: starting over from a fresh copy", "replica", r.o.Path, "reason", string(why.Reason), "detail", why.Detail)
	if p.Attempts >= r.o.Attempts {
		if err := r.reach(ctx, p, GaveUp); err != nil {
			return err
		}
		return r.tellGaveUp(ctx, p.gaveUp(why))
	}
	if r.o.Before != nil {
		called, end := r.callback(ctx)
		err := contain("Options.Before", func() error { return r.o.Before(called, why, r.View) })
		end()
		if err != nil {
			return fmt.Errorf("before a client reset: %w", err)
		}
	}
	if err := r.reach(ctx, p, Downloading); err != nil {
		return err
	}
	return r.proceed(ctx, p)
}

// resumeReset goes on with a reset that is pending.
func (r *Replica) resumeReset(ctx context.Context) error {
	if err := r.reopen(ctx); err != nil {
		return err
	}
	r.tellMerged(ctx) // what a process before this one has not come to
	p := r.pending
	switch {
	case p == nil || p.Step == Settling:
		return nil
	case p.Step == GaveUp:
		return fmt.Errorf("after %d attempts: %w; ResetNow tries again", p.Attempts, ErrResetGaveUp)
	}
	return r.proceed(ctx, p)
}

// reopen opens the live store that an attempt had to leave closed because it could
// not be taken back to its end. Where the reset has only to go on, exchange does that.
func (r *Replica) reopen(ctx context.Context) error {
	p := r.pending
	if r.live != nil || p != nil && p.Step != Downloading && p.Step != GaveUp && p.Step != Settling {
		return nil
	}
	if err := r.gate.close(ctx); err != nil {
		return err
	}
	defer r.gate.open()
	ctx = context.WithoutCancel(ctx)
	var err error
	if p != nil && p.Step != Settling {
		err = r.undo(ctx, p)
	}
	if err == nil {
		err = r.openLive(ctx)
	}
	if err != nil {
		r.broken = fmt.Errorf("opening the store again after a client reset failed: %w: %w", ErrResetNeedsRestart, err)
		return r.broken
	}
	return nil
}

// proceed downloads the fresh copy, if that has not happened, and exchanges it with
// the live store.
func (r *Replica) proceed(ctx context.Context, p *pending) error {
	if p.Step == Downloading {
		// Nothing may be under way any more when the snapshot is taken, so that its mark is
		// the last word on what arrived.
		if _, err := r.mark(ctx, true); err != nil {
			return err
		}
		mark, err := r.download(ctx, r.o.freshPath(), false)
		if err != nil {
			return err
		}
		if err := r.settling(ctx, func(tx *store.Tx) error {
			settled, err := tx.Ledger().StartOver(mark)
			if err != nil {
				return err
			}
			return uncover(tx, settled)
		}); err != nil {
			return err
		}
		if err := r.reach(ctx, p, Downloaded); err != nil {
			return err
		}
	}
	if p.Step == Swapped && r.live != nil {
		done, err := r.finish(ctx, p)
		if err != nil {
			return err
		}
		return r.conclude(ctx, p, done)
	}
	return r.exchange(ctx, p)
}

// prepareExchange decides about what is unsynced while the live store is still in use, so
// that it is out of use for less long. A fresh copy that holds anything back is written
// before it is reconciled, so there it is not done.
func (r *Replica) prepareExchange(ctx context.Context, p *pending) (err error) {
	if r.o.Strategy != reconcile.Recover && r.o.Strategy != reconcile.RecoverOrDiscard { // nothing is decided for others
		return nil
	}
	fresh, err := store.Open(ctx, r.o.Driver, r.o.freshPath(), r.o.Schema, r.o.storeOptions(true))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	return r.inside(ctx, func(live *store.Store) error {
		back, err := r.holdsBack(ctx, live, fresh)
		if err != nil || back {
			return err
		}
		plan, err := r.plan(ctx, live, fresh, reconcile.Options{})
		if err == nil {
			p.prepared, err = plan.Prepare(ctx)
		}
		return err
	})
}

// exchange puts the fresh copy in the place of the live store. From the moment when
// the live store is closed it goes on to its end, whatever becomes of ctx.
func (r *Replica) exchange(ctx context.Context, p *pending) error {
	if r.live != nil && p.Step == Downloaded {
		defer func() { p.prepared = nil }()
		if err := r.prepareExchange(ctx, p); err != nil { // what is wrong with a store the reconciliation meets as well, and judges
			r.log.Debug("preparing a client reset", "replica", r.o.Path, "error", err)
		}
	}
	if ctx.Err() != nil { // as long as the live store is in use nothing has to go on
		return context.Cause(ctx)
	}
	drain, cancel := context.WithTimeout(ctx, r.o.Drain)
	defer cancel()
	if err := r.gate.close(drain); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("transactions went on for %v (is one begun inside of another?): %w", r.o.Drain, ErrResetNeedsRestart)
	}
	defer r.gate.open()
	ctx = detach(ctx)
	done, err := r.exchangeClosed(ctx, p)
	if err != nil && p.halfway() {
		r.broken = fmt.Errorf("the client reset %s is at the step %q and cannot go on: %w: %w", p.ID, p.Step, ErrResetNeedsRestart, err)
		return err
	}
	if openErr := r.openLive(ctx); openErr != nil {
		r.broken = fmt.Errorf("opening the store again in a client reset: %w: %w", ErrResetNeedsRestart, openErr)
		return errors.Join(err, r.broken)
	}
	at, synced := r.live.LastSynced()
	r.gate.open()
	r.changes.Tell(store.Changes{All: true}) // with what the closed store had not told yet
	if synced {
		r.synced.Tell(at)
	}
	if err != nil {
		return r.tellGaveUp(ctx, err)
	}
	r.disconnected()
	return r.conclude(ctx, p, done)
}

// conclude tells the app, and notes that nothing is left to do but to settle what
// was recovered.
func (r *Replica) conclude(ctx context.Context, p *pending, done *outcome) error {
	ctx = detach(ctx)
	if err := errors.Join(r.keep(ctx, p, done), r.countHeld(ctx)); err != nil { // the outcome is still on disk, so it is tried again
		return err
	}
	if err := r.after(ctx, done); err != nil {
		return err
	}
	if err := r.reach(ctx, p, Settling); err != nil {
		return err
	}
	return errors.Join(removeFile(r.o.restFile()), removeFile(r.o.outcomeFile()))
}

// halfway tells whether a reset has come so far that the live store must not be
// written: its file may have a second name among the backups, or what it holds may
// be in the fresh copy already.
func (p *pending) halfway() bool {
	switch p.Step {
	case Closed, Reconciled, Moved:
		return true
	case Downloading, GaveUp:
		return p.Backup != "" // undo has not come to its end
	}
	return false
}

// exchangeClosed closes the live store and does what takes it closed.
func (r *Replica) exchangeClosed(ctx context.Context, p *pending) (*outcome, error) {
	if err := r.closeLive(); err != nil {
		return nil, fmt.Errorf("closing the live store for a client reset: %w", err)
	}
	release, err := r.o.Driver.Claim(ctx, r.o.Path)
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("another program has the store open: %w: %w", ErrResetNeedsRestart, err)
	}
	if err != nil {
		return nil, fmt.Errorf("having the store for a client reset alone: %w", err)
	}
	var done *outcome
	if err = r.stillAt(p); err == nil {
		done, err = r.exchangeClaimed(ctx, p)
	}
	return done, errors.Join(err, release())
}

// stillAt makes sure that no other process has gone on with the reset while nobody had
// the store.
func (r *Replica) stillAt(p *pending) error {
	now, err := readPending(&r.o)
	if err != nil {
		return err
	}
	if p.Step == "" { // Restore has noted nothing yet
		p = p.Before
	}
	if now == nil && p == nil || now != nil && p != nil && now.ID == p.ID && now.Step == p.Step {
		return nil
	}
	r.pending = now
	return fmt.Errorf("another program has gone on with a client reset meanwhile: %w", ErrResetNeedsRestart)
}

// exchangeClaimed does that while no other program has the store.
func (r *Replica) exchangeClaimed(ctx context.Context, p *pending) (*outcome, error) {
	done, err := r.finish(ctx, p)
	if err != nil {
		err = errors.Join(err, r.retreat(ctx, p, err))
	}
	return done, err
}

// finishAtOpen finishes what an earlier process left undone, and opens the live
// store. As long as anybody else has the store open it touches nothing.
func (r *Replica) finishAtOpen(ctx context.Context) error {
	var err error
	if r.pending, err = readPending(&r.o); err != nil {
		return err
	}
	var done *outcome
	var failure error
	ctx = detach(ctx)
	if p := r.pending; p != nil && (p.halfway() || p.Step == Downloaded || p.Step == Swapped) {
		if done, failure, err = r.takeUp(ctx); err != nil {
			return err
		}
	}
	if err = r.openLive(ctx); err != nil {
		return errors.Join(failure, err)
	}
	if p := r.pending; p == nil || p.Step == Settling {
		r.tidy(ctx)
	}
	if done != nil { // what is missing is a file of its own, and no reason to keep the app from its data
		failure = errors.Join(failure, r.conclude(ctx, r.pending, done))
	}
	if failure != nil {
		r.log.Error("a pending client reset could not be finished", "replica", r.o.Path, "error", r.tellGaveUp(ctx, failure))
	}
	r.setStatus(func(s *Status) {
		if r.session == nil { // else a callback has started it
			*s = Status{State: Stopped, Err: failure, HeldBack: s.HeldBack}
			r.resting = *s
		}
	})
	return nil
}

// takeUp goes on from where an earlier process left a reset. A failure after which the
// live store can be used is given apart.
func (r *Replica) takeUp(ctx context.Context) (done *outcome, failure, err error) {
	release, err := r.o.Driver.Claim(ctx, r.o.Path)
	if err != nil {
		err = fmt.Errorf("finishing a client reset: %w", err)
		if r.pending.halfway() {
			return nil, nil, err
		}
		return nil, err, nil
	}
	defer func() { err = errors.Join(err, release()) }()
	if r.pending, err = readPending(&r.o); err != nil { // another process may have gone on with it meanwhile
		return nil, nil, err
	}
	switch p := r.pending; {
	case p == nil, p.Step == Settling:
	case p.Step == Downloading || p.Step == GaveUp:
		err = r.undo(ctx, p) // if a process was killed on the way back
	default:
		if done, failure = r.exchangeClaimed(ctx, p); failure != nil && p.halfway() {
			return nil, nil, failure
		}
	}
	return done, failure, err
}

// tidy takes away what an earlier process has left that was killed in a Restore that
// had changed nothing yet, in a Preview, or at the very end of a reset.
func (r *Replica) tidy(ctx context.Context) {
	o := &r.o
	err := errors.Join(o.Driver.Remove(ctx, o.freshPath()), o.Driver.Remove(ctx, o.previewPath()))
	for _, file := range []string{o.restFile(), o.outcomeFile(), draftOf(o.outcomeFile()), draftOf(o.pendingFile()), o.probeFile()} {
		err = errors.Join(err, removeFile(file))
	}
	if err != nil { // it is in nobody's way
		r.log.Warn("taking away what an earlier process has left", "replica", o.Path, "error", err)
	}
}

// finish does what is left to do while the live store is closed, step by step.
func (r *Replica) finish(ctx context.Context, p *pending) (done *outcome, err error) {
	if p.Step == "" { // Restore has prepared what takes the live store's place
		if err := r.probe(); err != nil {
			return nil, err
		}
		if err := r.restored(ctx, p); err != nil {
			return nil, err
		}
		if err := r.reach(ctx, p, Reconciled); err != nil {
			return nil, err
		}
	}
	if p.Step == Downloaded || p.Step == Closed {
		if p.Attempts++; p.Attempts > r.o.Attempts {
			return nil, ErrResetGaveUp
		}
		if p.Step == Downloaded {
			if err := r.probe(); err != nil {
				return nil, err
			}
			p.Backup = r.o.backupName(p)
		}
		if err := r.reach(ctx, p, Closed); err != nil {
			return nil, err
		}
		if done, err = r.reconcile(ctx, p); err != nil {
			return nil, err
		}
		if err := r.reach(ctx, p, Reconciled); err != nil {
			return nil, err
		}
	}
	if done == nil {
		if done, err = r.readOutcome(); err != nil {
			return nil, err
		}
	}
	if p.Step == Reconciled {
		if p.Next, err = r.identity(ctx, r.o.freshPath()); err != nil {
			return nil, fmt.Errorf("looking at what is to be the live store: %w", err)
		}
		if err := r.save(ctx, p, done); err != nil {
			return nil, err
		}
		if !slices.Contains(p.Backups, p.Backup) {
			if carriedOn(done.Report.Counts) != done.Report.Total || done.Report.Unlisted {
				p.Backups = nil // what came from earlier ones and was not sent may not be sent any more
			}
			p.Backups = append(p.Backups, p.Backup)
		}
		if err := r.reach(ctx, p, Moved); err != nil {
			return nil, err
		}
	}
	if p.Step == Moved {
		if err := r.swap(ctx, p); err != nil {
			return nil, err
		}
		if err := r.reach(ctx, p, Swapped); err != nil {
			return nil, err
		}
	}
	return done, nil
}

// retreat gives an attempt up that has failed, so that the live store can be used
// as it was: what is written to it from now on is in no fresh copy, so the next
// attempt begins with a download. Once the live store may have been replaced it is
// too late for that; then the next attempt goes on from there.
func (r *Replica) retreat(ctx context.Context, p *pending, why error) error {
	gaveUp := errors.Is(why, ErrResetGaveUp) || p.Attempts >= r.o.Attempts && (p.Step == Downloaded || p.halfway())
	switch {
	case p.Step == Moved && !errors.Is(why, errFreshGone) || p.Step == Swapped:
		return nil
	case p.Step == Downloaded && !gaveUp: // nothing has happened yet but that it was tried
		return writeJSON(r.o.pendingFile(), p)
	case p.Step == "": // Restore has noted nothing yet
		return r.o.Driver.Remove(ctx, r.o.freshPath())
	}
	back := Downloading
	if gaveUp && p.Reason != BroughtBack {
		back = GaveUp
	}
	if err := r.reach(ctx, p, back); err != nil {
		return err
	}
	if err := r.undo(ctx, p); err != nil {
		return err
	}
	if back == GaveUp {
		return errors.Join(p.gaveUp(why), r.o.Driver.Remove(ctx, r.o.freshPath()))
	}
	return nil
}

// undo takes away what an attempt has made. The record says already that it was
// given up, so that it is called again if the process is killed.
func (r *Replica) undo(ctx context.Context, p *pending) error {
	if p.Backup == "" {
		return nil
	}
	err := r.unsave(ctx, p)
	if err == nil {
		err = r.o.Driver.Remove(ctx, r.o.freshPath())
	}
	if err == nil {
		err = errors.Join(removeFile(r.o.restFile()), removeFile(r.o.outcomeFile()))
	}
	if err == nil && p.Reason == BroughtBack {
		if err = r.fallBack(p); err == nil {
			p.Backup = ""
		}
	} else if err == nil {
		p.Backup = ""
		err = writeJSON(r.o.pendingFile(), p)
	}
	if err != nil {
		return fmt.Errorf("going back after a client reset failed: %w", err)
	}
	return nil
}

// fallBack makes the record again what it was before Restore.
func (r *Replica) fallBack(p *pending) error {
	if p.Before == nil {
		return r.forget()
	}
	if err := writeJSON(r.o.pendingFile(), p.Before); err != nil {
		return err
	}
	r.pending = p.Before
	return nil
}

// gaveUp is the error that says that a reset is not tried any more.
func (p *pending) gaveUp(why error) error {
	return fmt.Errorf("after %d attempts: %w; the live store is as it was; ResetNow tries again: %w", p.Attempts, ErrResetGaveUp, why)
}

// tellGaveUp tells the app if an error says that a reset was given up. The live store
// is in use again.
func (r *Replica) tellGaveUp(ctx context.Context, err error) error {
	if r.o.Fallback != nil && errors.Is(err, ErrResetGaveUp) {
		called, end := r.callback(ctx)
		defer end()
		if err := contain("Options.Fallback", func() error { r.o.Fallback(called, err); return nil }); err != nil {
			r.log.Error("telling the app that a client reset was given up", "replica", r.o.Path, "error", err)
		}
	}
	return err
}
