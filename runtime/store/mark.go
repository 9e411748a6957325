package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
)

// ErrStoreCopied: the backend knows a cut that this store never made: the store
// is a copy of another client's, or was put back to an earlier state.
// Ledger.Rename makes it a client of its own.
var ErrStoreCopied = errors.New("the store is a copy or was rewound (Rename makes it a client of its own)")

// BackendRewoundError says that the backend has forgotten cuts that it had
// acknowledged: it was restored to an earlier state, or recreated. Or it was put
// forward again to a state that the client had left behind.
type BackendRewoundError struct {
	Known   model.Mark `json:"known"`   // what the backend knows of this client
	Settled uint64     `json:"settled"` // the latest cut that it had acknowledged
}

// Error says up to which cut the backend knows the client.
func (e *BackendRewoundError) Error() string {
	if e.Known.N > e.Settled {
		return fmt.Sprintf("of what this client has sent, cut by cut, the backend knows cut %d, from a state that was left behind at cut %d: it was restored", e.Known.N, e.Settled)
	}
	return fmt.Sprintf("of what this client has sent, cut by cut, the backend knows no more than cut %d and had acknowledged cut %d: it was restored or recreated", e.Known.N, e.Settled)
}

// Client is the id under which the backend knows this store, and the epoch.
func (l Ledger) Client() (id string, epoch uint64) { return l.tx.state.Client, l.tx.state.Epoch }

// CheckMark compares the backend's mark with what the store remembers: nil where
// both agree, a *BackendRewoundError or an error that wraps ErrStoreCopied where
// one of the two was put back.
func (l Ledger) CheckMark(mark model.Mark) error {
	s := &l.tx.state
	switch {
	case mark.Client != "" && mark.Client != s.Client:
		return fmt.Errorf("the mark is that of the client %s, this is %s", mark.Client, s.Client)
	case mark.Done < 0:
		return fmt.Errorf("the mark says that %d chunks are done", mark.Done)
	case s.Cut != nil && isOf(mark, s.Cut):
		if had := chunks(s.Cut); mark.Done > had {
			return fmt.Errorf("the mark says that %d chunks of cut %d are done, which had %d: %w", mark.Done, mark.N, had, ErrStoreCopied)
		}
		return nil
	case mark.Nonce != "" && (slices.Contains(s.Superseded, mark.Nonce) || mark.Nonce == s.Settled.Nonce && mark.Done > s.Settled.Done):
		return &BackendRewoundError{Known: mark, Settled: s.Settled.N} // it has taken what this client had given up
	case mark.N > s.Settled.N || mark.N == s.Settled.N && mark.Nonce != s.Settled.Nonce:
		return fmt.Errorf("the backend has applied more of cut %d of this client than this store knows: %w", mark.N, ErrStoreCopied)
	case mark.N < s.Settled.N || mark.Done < s.Settled.Done:
		return &BackendRewoundError{Known: mark, Settled: s.Settled.N}
	}
	return nil
}

// Fence begins a new epoch, so that the backend refuses chunks of the open cut
// that are still under way. Ask the backend for the mark with it, then Settle.
func (l Ledger) Fence() (epoch uint64, err error) {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return 0, err
	}
	tx.state.Epoch++
	tx.dirty = true
	return tx.state.Epoch, nil
}

// Rename makes the store a client of its own: what it holds as unsynced counts as
// never sent, and what another client with the old id settled is not its business.
// It is for a store that was copied or put back.
func (l Ledger) Rename() error {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return err
	}
	if tx.state.Cut != nil {
		if err := tx.settleEntries(&settler{cut: tx.state.Cut}); err != nil {
			tx.failed = err
			return err
		}
	}
	tx.state.Client, tx.state.Epoch, tx.state.Cut, tx.state.Cuts, tx.state.Settled = randomID(), 0, nil, 0, model.Mark{}
	tx.state.Superseded = nil
	if err := tx.forgetLost(0); err != nil {
		tx.failed = err
		return err
	}
	if at := tx.state.LastSynced; at != nil { // whose cut was the other client's
		own := *at
		own.Cut, tx.state.LastSynced = 0, &own
	}
	tx.dirty = true
	return nil
}

// TakeOver makes this store the client that the backup was, as of the backend's
// mark: its cuts and epochs go on where the backup's ended. It is for a fresh copy
// that takes the backup's place. recovered says whether what was unsynced in the backup
// was brought over; then what the backup remembers of lost chunks is as well.
func (l Ledger) TakeOver(backup *Tx, mark model.Mark, recovered bool) error {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return err
	}
	if err := tx.noCut(); err != nil {
		return fmt.Errorf("taking the place of %s: %w", backup.store.path, err)
	}
	if recovered {
		if err := tx.adoptLost(backup); err != nil {
			tx.failed = err
			return err
		}
	}
	from := backup.state
	tx.state.Client, tx.state.Epoch, tx.state.Cuts = from.Client, max(from.Epoch, mark.Epoch), max(from.Cuts, mark.N)
	tx.state.Superseded = from.superseded(mark)
	tx.state.Settled = mark
	tx.state.Settled.Refused, tx.state.Settled.Conflicts = nil, nil
	tx.state.Seq = max(tx.state.Seq, from.Seq)
	if from.LastSynced != nil {
		tx.state.LastSynced = from.LastSynced
	}
	tx.resume(from.High)
	return nil
}

// mostSuperseded bounds how many states of a backend are remembered: one that was
// put back and forth more often than that is taken for one that knows more than the
// store.
const mostSuperseded = 64

// superseded lists what a backend may know of this client besides the mark with
// which the client starts over.
func (s *state) superseded(mark model.Mark) []string {
	all := slices.Clone(s.Superseded)
	if s.Cut != nil {
		all = append(all, s.Cut.Nonce)
	}
	all = append(all, s.Settled.Nonce)
	return latest(slices.DeleteFunc(all, func(nonce string) bool { return nonce == "" || nonce == mark.Nonce }))
}

// supersede notes that nothing of the open cut has arrived. A backend that is put back to
// before it fenced the cut may take its late original all the same.
func (s *state) supersede() { s.Superseded = latest(append(slices.Clone(s.Superseded), s.Cut.Nonce)) }

func latest(nonces []string) []string { return nonces[max(0, len(nonces)-mostSuperseded):] }
