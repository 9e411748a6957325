package replica

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/store"
)

// outcome is what a reconciliation came to. It lies in a file from before the
// reconciliation is committed until the reset is through, so that a process that
// goes on with the reset has it too, as it was: JSON would not tell what is absent from
// what is null.
type outcome struct {
	Report     *Report
	Client     string
	LastSynced *store.LastSynced
	Uncovered  bool // the store that Restore has put aside holds what the backend may have lost

	Saved *Backup // known later
}

// reconcile brings what is unsynced from the closed live store into the fresh copy,
// which becomes the client that the live store was.
func (r *Replica) reconcile(ctx context.Context, p *pending) (*outcome, error) {
	o := &r.o
	fresh, err := store.Open(ctx, o.Driver, o.freshPath(), o.Schema, o.storeOptions(false))
	if err != nil {
		return nil, fmt.Errorf("opening the fresh copy: %w", err)
	}
	done, err := r.reconcileWith(ctx, p, fresh)
	return done, errors.Join(err, fresh.Close())
}

func (r *Replica) reconcileWith(ctx context.Context, p *pending, fresh *store.Store) (done *outcome, err error) {
	o := &r.o
	backup, err := r.openBackup(ctx)
	if err != nil {
		if (o.Strategy == reconcile.RecoverOrDiscard || o.Strategy == reconcile.Discard) && reconcile.Unreadable(err) {
			return r.withoutBackup(fresh, err)
		}
		return nil, fmt.Errorf("reading the live store: %w", err)
	}
	more := &rest{path: o.restFile()}
	done, err = r.apply(ctx, p, backup, fresh, more)
	return done, errors.Join(err, more.close(), backup.Close())
}

// apply reconciles the two, and gives more what the report does not hold on to.
func (r *Replica) apply(ctx context.Context, p *pending, backup, fresh *store.Store, more *rest) (done *outcome, err error) {
	out, err := r.makeWay(ctx, backup, fresh)
	if err != nil {
		return nil, err
	}
	plan, err := r.plan(ctx, backup, fresh, reconcile.Options{
		HeldBack: out.has,
		Prepared: p.prepared,
		Rest:     more.add,
		Last: func(to, from *store.Tx, report *Report) (err error) {
			if err := more.end(); err != nil {
				return err
			}
			done, err = r.takeOver(to, from, report)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	report, err := plan.Apply(ctx)
	if err == nil && report.Before { // a process was killed after the commit
		return r.readOutcome()
	}
	return done, err
}

// openBackup opens the closed live store to read it. A disk that fails for a moment may
// look like damage, so before anything is said to be that, all of it must be readable
// and be damaged once more.
func (r *Replica) openBackup(ctx context.Context) (*store.Store, error) {
	o := &r.o
	backup, err := store.Open(ctx, o.Driver, o.Path, o.Schema, o.storeOptions(true))
	if err == nil || !reconcile.Unreadable(err) {
		return backup, err
	}
	if _, err := o.Driver.Checksum(ctx, o.Path); err != nil {
		return nil, fmt.Errorf("reading all of it: %w", err)
	}
	return store.Open(ctx, o.Driver, o.Path, o.Schema, o.storeOptions(true))
}

// takeOver makes the fresh copy the client that the backup was, in the transaction
// that reconciles, and notes what came of it just before that commits.
func (r *Replica) takeOver(to, from *store.Tx, report *Report) (*outcome, error) {
	mark, err := markOf(to)
	if err != nil {
		return nil, err
	}
	result := &outcome{Report: report}
	if from != nil {
		if err := to.Ledger().TakeOver(from, mark, report.Strategy != reconcile.Discard && report.FellBack == ""); err != nil {
			return nil, err
		}
		result.Client, _ = from.Ledger().Client()
		if at, ok := from.Store().LastSynced(); ok {
			result.LastSynced = &at
		}
	}
	if err := r.letWait(to); err != nil {
		return nil, err
	}
	if err := r.noteRecovered(to, from); err != nil {
		return nil, err
	}
	return result, r.writeOutcome(result)
}

// withoutBackup is what is left where the live store cannot even be opened: the
// fresh copy is a client of its own.
func (r *Replica) withoutBackup(fresh *store.Store, why error) (*outcome, error) {
	if _, complete := fresh.LastSynced(); !complete {
		return nil, fmt.Errorf("taking the fresh copy for a live store that cannot be read: %w", reconcile.ErrIncomplete)
	}
	result := &outcome{Report: &Report{
		Backup: r.o.Path, Fresh: fresh.Path(), Strategy: r.o.Strategy, Applied: true, FellBack: why.Error(), Unlisted: true,
		Counts: []reconcile.Count{}, Objects: []*reconcile.Object{},
	}}
	return result, r.writeOutcome(result)
}

func (r *Replica) writeOutcome(o *outcome) error {
	b, err := encode(o)
	if err == nil {
		err = replaceFile(r.o.outcomeFile(), b)
	}
	if err != nil {
		return fmt.Errorf("noting what a client reset came to: %w", err)
	}
	return nil
}

func (r *Replica) readOutcome() (*outcome, error) {
	var o outcome
	b, err := os.ReadFile(r.o.outcomeFile())
	if err == nil {
		err = decode(b, &o)
	}
	if err == nil && o.Report == nil {
		err = errors.New("it has no report")
	}
	if err != nil {
		return nil, fmt.Errorf("reading what a client reset came to, in %s: %w", r.o.outcomeFile(), err)
	}
	empty(&o.Report.Counts)
	empty(&o.Report.Objects)
	if lost := o.Report.Lost; lost != nil {
		empty(&lost.Objects)
	}
	return &o, nil
}

// empty makes a list that is nil an empty one again, for notes have no empty ones.
func empty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// probe makes sure that there can be a backup, while nothing has happened yet that
// would have to be taken back.
func (r *Replica) probe() error {
	if err := os.MkdirAll(r.o.backupDir(), 0o700); err != nil {
		return fmt.Errorf("making the folder of the backups: %w", err)
	}
	err := writeFile(r.o.probeFile(), nil)
	if err == nil {
		err = os.Remove(r.o.probeFile())
	}
	if err != nil {
		return fmt.Errorf("the folder of the backups must be one that can be written: %w", err)
	}
	return nil
}

// save gives the closed live store a second name among the backups, with its
// manifest beside it. The report and the checksum, which takes as long as reading
// it all, wait until the live store is in use again (keep).
func (r *Replica) save(ctx context.Context, p *pending, done *outcome) error {
	o := &r.o
	if err := os.MkdirAll(o.backupDir(), 0o700); err != nil { // it may be gone since the probe
		return fmt.Errorf("making the folder of the backups: %w", err)
	}
	path := filepath.Join(o.backupDir(), p.Backup)
	if err := o.Driver.Link(ctx, o.Path, path); err != nil {
		return fmt.Errorf("keeping the live store as a backup: %w", err)
	}
	b := newBackup(p, done, path, r.o.Schema, r.o.Now())
	if err := writeJSON(manifestOf(path), b); err != nil {
		return fmt.Errorf("writing the manifest of the backup: %w", err)
	}
	return nil
}

// keep completes what lies beside the backup: its manifest, the report and the
// checksum.
func (r *Replica) keep(ctx context.Context, p *pending, done *outcome) error {
	there, err := r.saved(ctx, p, done)
	if err != nil {
		return err
	}
	done.Report.Backup, done.Report.Fresh = done.Saved.Path, r.o.Path // where they are by now
	if !there {
		r.log.Error("the backup of a client reset was removed before the reset was through: what was not recovered from it is gone", "replica", r.o.Path, "backup", done.Saved.Path)
		return nil
	}
	if err := r.keepRest(done); err != nil {
		return fmt.Errorf("keeping the objects of the report: %w", err)
	}
	if err := writeJSON(done.Saved.ReportPath, done.Report); err != nil {
		return fmt.Errorf("keeping the report: %w", err)
	}
	if err := r.seal(ctx, done.Saved); err != nil { // the reset is not held up by it; settled tries again
		r.log.Error("a backup stays without its checksum", "replica", r.o.Path, "error", err)
	}
	return nil
}

// saved reads the manifest that save has written, and tells whether there is a backup.
// The manifest is made anew where somebody has removed or damaged it.
func (r *Replica) saved(ctx context.Context, p *pending, done *outcome) (there bool, err error) {
	done.Saved, err = r.backup(ctx, p.Backup)
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrBackupDamaged) {
		return err == nil, err
	}
	r.log.Warn("the manifest of a backup is made anew", "replica", r.o.Path, "error", err)
	done.Saved = newBackup(p, done, filepath.Join(r.o.backupDir(), p.Backup), r.o.Schema, p.Began)
	if _, err := r.o.Driver.Checksum(ctx, done.Saved.Path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, writeJSON(manifestOf(done.Saved.Path), done.Saved)
}

// seal adds the checksum of a backup to its manifest. Nobody has written to it
// since: it is no live store any more.
func (r *Replica) seal(ctx context.Context, b *Backup) (err error) {
	if b.SHA256 != "" {
		return nil
	}
	if b.SHA256, err = r.o.Driver.Checksum(ctx, b.Path); err != nil {
		b.SHA256 = ""
		return fmt.Errorf("checking the backup %s: %w", b.Path, err)
	}
	if err := writeJSON(manifestOf(b.Path), b); err != nil {
		return fmt.Errorf("writing the manifest of the backup: %w", err)
	}
	return nil
}

// unsave takes the second name away again; the live store has its own.
func (r *Replica) unsave(ctx context.Context, p *pending) error {
	path := filepath.Join(r.o.backupDir(), p.Backup)
	for _, file := range []string{manifestOf(path), reportOf(path), restOf(path)} {
		if err := removeFile(file); err != nil {
			return err
		}
	}
	return r.o.Driver.Remove(ctx, path)
}

// errFreshGone: what was to take the place of the live store is not there any more. The
// live store is what it was.
var errFreshGone = errors.New("the store that was to take the live store's place is gone")

// swap puts the fresh copy in the place of the live store. A process that was
// killed may have done that already.
func (r *Replica) swap(ctx context.Context, p *pending) error {
	err := r.o.Driver.Replace(ctx, r.o.freshPath(), r.o.Path)
	if errors.Is(err, fs.ErrNotExist) {
		var live string
		if live, err = r.identity(ctx, r.o.Path); err == nil && live != p.Next {
			err = errFreshGone
		}
	}
	if err != nil {
		return fmt.Errorf("putting the fresh copy in its place: %w", err)
	}
	return nil
}

// identity tells the store at path from the one whose place it takes, or which takes its
// place: a fresh copy has another id, and a backup that is brought back is another client.
func (r *Replica) identity(ctx context.Context, path string) (is string, err error) {
	s, err := store.Open(ctx, r.o.Driver, path, r.o.Schema, r.o.storeOptions(true))
	if err != nil {
		return "", err
	}
	err = s.View(ctx, func(tx *store.Tx) error {
		client, _ := tx.Ledger().Client()
		is = s.ID() + " " + client
		return nil
	})
	return is, errors.Join(err, s.Close())
}

// after tells the app that a reset is through. Its error says that the app has yet to be
// told, because the session was ended meanwhile.
func (r *Replica) after(ctx context.Context, done *outcome) error {
	o := &r.o
	if done.Report.Rewound != nil {
		r.log.Warn("the backend has lost changes that it had acknowledged", "replica", o.Path, "detail", done.Report.Rewound.Error(), "backup", done.Saved.Path)
	}
	if o.After == nil {
		return nil
	}
	called, end := r.callback(ctx)
	defer end()
	if called.Err() != nil {
		return untold(called)
	}
	recovery := &Recovery{Replica: r, Report: done.Report, Saved: done.Saved}
	backup, err := store.Open(ctx, o.Driver, done.Saved.Path, o.Schema, o.storeOptions(true))
	if err != nil {
		r.log.Warn("the backup of a client reset cannot be opened", "replica", o.Path, "backup", done.Saved.Path, "error", err)
	} else {
		recovery.Backup = backup
		defer func() {
			if err := backup.Close(); err != nil {
				r.log.Error("closing a backup", "replica", o.Path, "error", err)
			}
		}()
	}
	if err := contain("Options.After", func() error { return o.After(called, recovery) }); err != nil {
		r.log.Error("after a client reset", "replica", o.Path, "error", err)
		if called.Err() != nil {
			return untold(called)
		}
	}
	return nil
}

func untold(called context.Context) error {
	return fmt.Errorf("the client reset is through, but for Options.After, which is called again: %w", context.Cause(called))
}
