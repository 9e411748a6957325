package store

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
)

// Settlement is what became of a cut.
type Settlement struct {
	Cut       uint64
	Applied   int // objects
	Refused   []model.Refusal
	Conflicts []model.ObjectKey // what was changed from is not what the backend has: to be merged, and sent again
	Open      int               // objects that never arrived, and go into the next cut
}

// Settle closes the open cut by the backend's mark, be that an acknowledgement or
// the answer to a question: what the backend applied is no longer unsynced, and
// the rest is as if it had never been sent. A cut that was settled as lost and has
// arrived after all is settled once more. Without either it checks that the backend
// still knows what it acknowledged. It fails with ErrStoreCopied or a
// *BackendRewoundError where the mark shows that one of the two was put back;
// then nothing was changed.
func (l Ledger) Settle(mark model.Mark) (*Settlement, error) { return l.settle(mark, false) }

// StartOver settles by the mark of a snapshot with which the client starts over. It is
// Settle, but for a mark that shows that the backend was put back: of what that has
// forgotten nothing is settled, and the open cut is as if it had never been sent.
func (l Ledger) StartOver(mark model.Mark) (*Settlement, error) { return l.settle(mark, true) }

func (l Ledger) settle(mark model.Mark, startsOver bool) (*Settlement, error) {
	tx := l.tx
	if err := tx.check(true); err != nil {
		return nil, err
	}
	lost, held, err := tx.arrived(mark)
	if err != nil {
		return nil, err
	}
	if lost != nil && (startsOver || tx.state.follows(lost)) {
		return tx.arrive(lost, held, mark)
	}
	s, err := l.newSettler(mark)
	if startsOver && errors.As(err, new(*BackendRewoundError)) {
		s, err = &settler{cut: tx.state.Cut}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("settling %s: %w", tx.store.path, err)
	}
	if s.cut == nil {
		return &s.Settlement, nil
	}
	if err := tx.settleCut(s, mark); err != nil {
		tx.failed = err
		return nil, err
	}
	return &s.Settlement, nil
}

// settleCut closes the open cut, and remembers what may be under way of it.
func (tx *Tx) settleCut(s *settler, mark model.Mark) error {
	if s.done > 0 {
		if err := tx.forgetLost(0); err != nil {
			return err
		}
	}
	s.remembers = s.done < chunks(s.cut)
	if err := tx.settleEntries(s); err != nil {
		return err
	}
	if s.remembers {
		if err := tx.remember(s.cut, s.done, s.held); err != nil {
			return err
		}
	}
	if s.Open == 0 && len(s.Refused) == 0 && len(s.Conflicts) == 0 && !s.left {
		tx.synced(s.cut)
	}
	if s.done > 0 {
		tx.state.settled(mark)
	} else {
		tx.state.supersede()
	}
	tx.state.Cut, tx.dirty = nil, true
	return nil
}

// settled notes by which mark the latest cut was settled; what it refused the entries
// say.
func (s *state) settled(mark model.Mark) {
	s.Settled = mark
	s.Settled.Refused, s.Settled.Conflicts = nil, nil
	s.Superseded = slices.DeleteFunc(slices.Clone(s.Superseded), func(nonce string) bool { return nonce == mark.Nonce })
}

// synced notes that everything up to a cut is settled.
func (tx *Tx) synced(cut *model.Cut) {
	tx.state.LastSynced = &LastSynced{Cut: cut.N, Seq: cut.Seq, Stamp: cut.Stamp, Wall: tx.store.clock.Wall().UTC()}
}

// Settled yields the entries as they would be if the open cut, if there is one,
// were settled by the mark. A backend that has forgotten the cut has applied
// nothing of it. It changes nothing: it is for a backup.
func (l Ledger) Settled(mark model.Mark) iter.Seq2[*model.Entry, error] {
	tx := l.tx
	return func(yield func(*model.Entry, error) bool) {
		s, err := l.newSettler(mark)
		var rewound *BackendRewoundError
		if errors.As(err, &rewound) {
			s, err = &settler{cut: tx.state.Cut}, nil
		}
		if err != nil {
			yield(nil, fmt.Errorf("settling %s: %w", tx.store.path, err))
			return
		}
		if s.cut == nil {
			tx.Entries()(yield)
			return
		}
		last := map[string]model.Value{} // the last key of each model of the cut
		for e, err := range tx.cutEntries(s.cut, nil) {
			if err == nil {
				last[e.Model] = e.Key
				e, _ = s.next(e)
			}
			if (e != nil || err != nil) && !yield(e, err) {
				return
			}
		}
		tx.entriesBeside(last)(yield)
	}
}

// entriesBeside yields the entries of the models that are not in last, which has
// the last key of each of the others.
func (tx *Tx) entriesBeside(last map[string]model.Value) iter.Seq2[*model.Entry, error] {
	return func(yield func(*model.Entry, error) bool) {
		var name string
		var key model.Value
		for more := true; more; {
			more = false
			for e, err := range tx.entriesAfter(name, key) {
				if err == nil {
					if key, more = last[e.Model]; more {
						name = e.Model
						break
					}
				}
				if !yield(e, err) {
					return
				}
			}
		}
	}
}

// settleBatch is how many entries are settled before they are written back: an
// engine need not show what is written while it lists.
const settleBatch = 1000

func (tx *Tx) settleEntries(s *settler) error {
	var last *model.Patch
	ends := map[string]model.Value{} // the last key of each model of the cut
	for {
		batch := make([]settled, 0, settleBatch)
		for e, err := range tx.cutEntries(s.cut, last) {
			if err != nil {
				return err
			}
			last = &model.Patch{Model: e.Model, Key: e.Key}
			ends[e.Model] = e.Key
			after, changed := s.next(e)
			if s.remembers && inCut(s.cut, e) && s.chunk == s.done {
				if s.held, err = tx.appendSent(s.held, e); err != nil {
					return err
				}
			}
			if changed {
				if batch = append(batch, settled{e.Model, e.Key, after}); len(batch) == settleBatch {
					break
				}
			}
		}
		for _, b := range batch {
			if err := tx.putSettled(b); err != nil {
				return fmt.Errorf("settling %s %v: %w", b.model, b.key, err)
			}
		}
		if len(batch) < settleBatch {
			break
		}
	}
	for e, err := range tx.entriesBeside(ends) { // of models that this version of the app does not have
		if err != nil {
			return err
		}
		s.left = s.left || e.Seq <= s.cut.Seq
	}
	return nil
}

// settled is an entry after it was settled, nil for nothing.
type settled struct {
	model string
	key   model.Value
	entry *model.Entry
}

func (tx *Tx) putSettled(s settled) error {
	if s.entry == nil {
		return tx.engine.DeleteEntry(s.model, s.key)
	}
	s.entry.Model, s.entry.Key = s.model, s.key
	return tx.engine.PutEntry(s.entry)
}

// settler settles entry by entry, in the order of the cut.
type settler struct {
	Settlement
	cut       *model.Cut
	done      int  // chunks
	at        int  // objects that were in the cut so far
	chunk     int  // of the latest of them
	left      bool // something earlier than the cut is still unsynced: it was refused
	refused   map[model.ObjectKey]string
	conflicts map[model.ObjectKey]bool
	remembers bool   // whether it notes what the first chunk that was not done held
	held      []byte // that
}

// newSettler checks what a mark says against what the store remembers.
func (l Ledger) newSettler(mark model.Mark) (*settler, error) {
	if err := l.CheckMark(mark); err != nil {
		return nil, err
	}
	s := &settler{cut: l.tx.state.Cut}
	if s.cut == nil {
		return s, nil
	}
	s.Cut = s.cut.N
	if !isOf(mark, s.cut) {
		return s, nil
	}
	s.done = mark.Done
	s.refused, s.conflicts = l.tx.notApplied(mark)
	return s, nil
}

// notApplied is what a mark says was refused, with the reasons, and what conflicts, by
// the names that the models have now.
func (tx *Tx) notApplied(mark model.Mark) (refused map[model.ObjectKey]string, conflicts map[model.ObjectKey]bool) {
	refused, conflicts = map[model.ObjectKey]string{}, map[model.ObjectKey]bool{}
	for _, r := range mark.Refused {
		refused[model.ObjectKey{Model: tx.store.nowNamed(r.Model), Key: r.Key}] = r.Reason
	}
	for _, c := range mark.Conflicts {
		conflicts[model.ObjectKey{Model: tx.store.nowNamed(c.Model), Key: c.Key}] = true
	}
	return refused, conflicts
}

// isOf tells whether the mark is about the cut.
func isOf(mark model.Mark, cut *model.Cut) bool { return mark.N == cut.N && mark.Nonce == cut.Nonce }

// next is what becomes of an entry, nil for nothing, and whether it is another
// one.
func (s *settler) next(e *model.Entry) (after *model.Entry, changed bool) {
	if !inCut(s.cut, e) {
		s.left = s.left || e.Seq <= s.cut.Seq
		return e, false
	}
	id := model.ObjectKey{Model: e.Model, Key: e.Key}
	s.chunk = s.at / s.cut.Size
	s.at++
	reason, refused := s.refused[id]
	switch {
	case s.chunk >= s.done:
		refused = false
		s.Open++
	case refused:
		s.Refused = append(s.Refused, model.Refusal{Model: e.Model, Key: e.Key, Reason: reason})
	case s.conflicts[id]:
		s.Conflicts = append(s.Conflicts, id)
	default:
		s.Applied++
		if e.Sent == nil {
			return nil, true
		}
		return e.Sent.Since, true
	}
	if e.Sent == nil && !refused {
		return e, false
	}
	plain := *e
	plain.Sent = nil
	if refused && e.Sent == nil { // what was written since is worth another try
		plain.Refused = refusal(reason)
	}
	if plain.Change == 0 {
		return nil, true
	}
	return &plain, true
}

// refusal is never empty: that would mean that nothing was refused.
func refusal(reason string) string {
	if reason == "" {
		return "the backend gave no reason"
	}
	return reason
}
