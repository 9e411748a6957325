package reconcile

import (
	"context"
	"errors"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/store"
)

// Unreadable tells whether err, met in opening or reading a backup, means that
// nothing can be recovered from it: it is damaged, it is no store, or its schema is
// one that this version of the app cannot take over. That is what
// RecoverOrDiscard discards a backup for. A full disk, a file that is not there, a
// store in use or the end of a context is not: these may be mended, or over the
// next time. An error of the fresh store says nothing about the backup, so it is not
// for this function.
func Unreadable(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrNotAStore) || errors.Is(err, store.ErrSchema)
}

// backup is a transaction in the backup. What it reads with can fail in the same
// ways as what reads the fresh store, so its errors are marked as the backup's.
type backup struct{ tx *store.Tx }

// backupError is an error of the backup.
type backupError struct{ err error }

func (e *backupError) Error() string { return e.err.Error() }
func (e *backupError) Unwrap() error { return e.err }

func ofBackup(err error) error {
	if err == nil {
		return nil
	}
	return &backupError{err}
}

// unreadable is Unreadable for an error that may be one of either store, or of the
// app.
func unreadable(err error) bool {
	var of *backupError
	return errors.As(err, &of) && Unreadable(of.err)
}

func (b backup) row(m *model.Info, key model.Value) (*model.Row, error) {
	row, err := b.tx.Row(m, key)
	return row, ofBackup(err)
}

func (b backup) rows(m *model.Info) iter.Seq2[*model.Row, error] { return marked(b.tx.Rows(m)) }

// entries yields what is unsynced in the backup; mark, if there is one, settles
// what it had sent.
func (b backup) entries(mark *model.Mark) iter.Seq2[*model.Entry, error] {
	if mark == nil {
		return marked(b.tx.Entries())
	}
	return marked(b.tx.Ledger().Settled(*mark))
}

// marked is seq with its errors marked as the backup's.
func marked[T any](seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			if !yield(v, ofBackup(err)) {
				return
			}
		}
	}
}

// discarding is what a plan comes down to whose backup cannot be read: discard.
func (p *Plan) discarding(why error) *Plan {
	d := *p
	d.o.Strategy, d.unreadable = Discard, why
	return &d
}

// unopened is what is left to do where the backup cannot even be looked into: a
// plan that discards leaves the fresh store as it is, and keeps no note of it.
func (p *Plan) unopened(to *store.Tx, report *Report, err error) error {
	if p.unreadable == nil || !unreadable(err) {
		return err
	}
	report.Before, err = p.guard(p.backup.Seq(), to)
	report.Unlisted = !report.Before
	return err
}
