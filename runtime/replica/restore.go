package replica

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// BroughtBack is the reason in the manifest of a store that Restore has put aside.
const BroughtBack remote.Reason = "restored by this app"

// Restore makes a copy of a backup the live store; the live store becomes a backup
// itself. The restored store is a new client: what it holds as unsynced counts as
// never sent, so it is merged and sent when it is synced, except where all of it was
// recovered from the backup and has arrived. Where only a part had arrived, because the
// rest has not yet or was taken back here (Backup.TakenBack), that part cannot be told
// from the rest: then counters may count it twice. So they do where the same backup, with
// unsynced changes, is restored twice.
//
// What the backend had acknowledged and has lost since (Report.Rewound) is unsynced
// in no backup. It is there again until the next contact, which starts over and goes by
// what the backend has (what is unsynced is recovered then, with the strategy discard
// too); the backup of the reset that found it lost is Pinned, and keeps it. To have it
// sent, open the replica with the strategy overwrite, restore that backup and sync: every
// object of it is then written over what the backend has, what others wrote since
// included.
//
// Options.After is called as after a client reset, with a report that says what was
// put aside (Report.Restored).
//
// Its error wraps ErrBackupDamaged where the backup is not what it was, and then
// nothing was changed. A process that is killed finishes when the replica is opened
// again, or has changed nothing.
func (r *Replica) Restore(ctx context.Context, b *Backup) error {
	if err := b.check(); err != nil {
		return fmt.Errorf("restoring a backup: %w", err)
	}
	ctx, done := r.untilClosed(ctx)
	defer done()
	err := r.work(ctx, func() error {
		b, err := r.backup(ctx, filepath.Base(b.Path)) // as it is by now
		if err != nil {
			return err
		}
		if p := r.pending; p != nil && p.Step != Settling {
			return fmt.Errorf("a client reset is at the step %q; finish it with Start or ResetNow first: %w", p.Step, ErrResetNeedsRestart)
		}
		if err := r.Verify(ctx, b); err != nil {
			return err
		}
		r.tellMerged(ctx)
		if err := r.bringBack(ctx, b); err != nil {
			return err
		}
		p := newPending(&remote.ClientResetError{Reason: BroughtBack, Detail: b.Path}, r.o.Now())
		p.Step, p.Backup, p.Before = "", r.o.backupName(p), r.pending // and no Backups: what came from earlier ones is put aside, sent or not
		return r.exchange(ctx, p)
	})
	r.rest(err)
	if err != nil {
		return fmt.Errorf("restoring the backup %s: %w", b.Path, err)
	}
	return nil
}

// bringBack prepares a copy of the backup to take the live store's place.
func (r *Replica) bringBack(ctx context.Context, b *Backup) error {
	o, path := &r.o, r.o.freshPath()
	if err := o.Driver.Remove(ctx, path); err != nil {
		return err
	}
	if err := o.Driver.Copy(ctx, b.Path, path); err != nil {
		return err
	}
	copied, err := store.Open(ctx, o.Driver, path, o.Schema, o.storeOptions(false))
	if err != nil {
		return err
	}
	err = copied.Update(ctx, func(tx *store.Tx) error {
		if err := rename(tx); err != nil {
			return err
		}
		if err := recoveredNote.remove(tx); err != nil { // of an earlier reset, whose backup is none of this store's
			return err
		}
		if !b.arrived() || b.Total == 0 {
			return nil
		}
		// The backend may have lost it since, and the cursor is from before it was sent.
		due := func(note *startOver) { note.Due = true }
		return errors.Join(tx.Ledger().Forget(), change(tx, startOverNote, due))
	})
	return errors.Join(err, copied.Close())
}

// restored is the outcome of putting a live store aside for a backup.
func (r *Replica) restored(ctx context.Context, p *pending) error {
	var result outcome
	live, err := store.Open(ctx, r.o.Driver, r.o.Path, r.o.Schema, r.o.storeOptions(true))
	if err != nil {
		return err
	}
	if at, ok := live.LastSynced(); ok {
		result.LastSynced = &at
	}
	result.Report = &Report{
		Backup: r.o.Path, BackupID: live.ID(), Fresh: r.o.freshPath(), Strategy: reconcile.Discard, Applied: true, Restored: p.Detail,
		Counts: []reconcile.Count{}, Objects: []*reconcile.Object{},
	}
	err = live.View(ctx, func(tx *store.Tx) error {
		result.Client, _ = tx.Ledger().Client()
		if result.Uncovered, err = uncoveredNote.load(tx); err != nil {
			return err
		}
		for _, err := range tx.Entries() {
			if err != nil {
				return err
			}
			result.Report.Total++
		}
		return nil
	})
	return errors.Join(err, live.Close(), r.writeOutcome(&result))
}
