package store

import (
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
)

// A backend that fenced a cut takes nothing more of it. But one that is put back to
// before that has forgotten the fence, and takes a chunk that is still under way. So the
// store remembers what the lost rest of a cut held, until a later cut has arrived: then
// that backend's mark settles the one as it would have settled it in time, and nothing
// that arrived so is sent once more.

// lostCut is a cut of which the backend has not got the chunks from one on.
type lostCut struct {
	Cut  *model.Cut `json:"cut"`
	From int        `json:"from"` // the first chunk that is lost
	Slot int        `json:"slot"` // under which its chunks are kept
}

// mostLost is how many lost cuts are remembered: of several attempts in a row any may
// be the one that arrives after all.
const mostLost = 4

// lostName is the name in the store's bookkeeping of a lost chunk.
func lostName(slot, chunk int) string { return fmt.Sprintf("lost %d %d", slot, chunk) }

// chunks is how many chunks a cut has.
func chunks(cut *model.Cut) int { return (cut.Objects + cut.Size - 1) / cut.Size }

// lostBy is the lost cut that a mark says has arrived, in whole or in part, nil where
// there is none.
func (s *state) lostBy(mark model.Mark) *lostCut {
	for i := range s.Lost {
		if l := &s.Lost[i]; isOf(mark, l.Cut) && mark.Done > l.From {
			return l
		}
	}
	return nil
}

// follows tells whether the backend has forgotten nothing that it had acknowledged if a
// lost cut has arrived there.
func (s *state) follows(cut *model.Cut) bool {
	return cut.Previous == s.Settled.Nonce || cut.Nonce == s.Settled.Nonce
}

// Arrived settles by the backend's mark a cut that was given up as lost and has arrived
// after all, because the backend was put back to before it fenced that cut. It does
// nothing where the mark says no such thing. Settle does the same, unless the mark shows
// besides that the backend has forgotten what it had acknowledged; so call it before a
// store becomes the backup of a client reset.
func (l Ledger) Arrived(mark model.Mark) error {
	if err := l.tx.check(true); err != nil {
		return err
	}
	lost := l.tx.state.lostBy(mark)
	if lost == nil {
		return nil
	}
	_, err := l.tx.arrive(lost, mark)
	return err
}

// arrive settles what a mark says has arrived of a lost cut. Of a later one that is open
// nothing has: the backend takes one or the other.
func (tx *Tx) arrive(lost *lostCut, mark model.Mark) (s *Settlement, err error) {
	if tx.state.Cut != nil {
		if err = tx.settleEntries(&settler{cut: tx.state.Cut}); err == nil {
			tx.state.supersede()
			tx.state.Cut = nil
		}
	}
	if err == nil {
		s, err = tx.arriveObjects(lost, mark)
	}
	if err == nil {
		err = tx.forgetLost(0)
	}
	if err != nil {
		tx.failed = err
		return nil, err
	}
	if tx.state.follows(lost.Cut) {
		tx.state.settled(mark)
	}
	tx.dirty = true
	return s, nil
}

func (tx *Tx) arriveObjects(lost *lostCut, mark model.Mark) (*Settlement, error) {
	s := &Settlement{Cut: lost.Cut.N, Conflicts: mark.Conflicts, Refused: mark.Refused}
	not := map[model.ObjectKey]bool{}
	for _, r := range mark.Refused {
		not[model.ObjectKey{Model: tx.store.nowNamed(r.Model), Key: r.Key}] = true
	}
	for _, c := range mark.Conflicts {
		not[model.ObjectKey{Model: tx.store.nowNamed(c.Model), Key: c.Key}] = true
	}
	for chunk := lost.From; chunk < min(mark.Done, chunks(lost.Cut)); chunk++ {
		list, err := tx.lostChunk(lost, chunk)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			m := tx.store.schema.Model(e.Model)
			if m == nil || not[model.ObjectKey{Model: m.Info.Name, Key: e.Key}] {
				continue
			}
			if err := tx.arriveObject(lost.Cut, m, e); err != nil {
				return nil, err
			}
			s.Applied++
		}
	}
	for e, err := range tx.Entries() {
		if err != nil {
			return nil, err
		}
		if e.Seq <= lost.Cut.Seq {
			s.Open++
		}
	}
	if s.Open == 0 {
		tx.synced(lost.Cut)
	}
	return s, nil
}

func (tx *Tx) arriveObject(cut *model.Cut, m *merge.Model, sent *model.Entry) error {
	local, err := tx.Row(m.Info, sent.Key)
	if err != nil {
		return err
	}
	e, err := tx.Entry(m.Info, sent.Key)
	if err != nil {
		return err
	}
	return tx.setEntry(m.Info, sent.Key, merge.Arrived(m, cut.Seq, sent.Sent, e, local))
}

// lostChunk reads the objects of a lost chunk, as it had them (Entry.Sent).
func (tx *Tx) lostChunk(lost *lostCut, chunk int) ([]*model.Entry, error) {
	b, err := tx.engine.Meta(lostName(lost.Slot, chunk))
	if err != nil {
		return nil, err
	}
	list, err := model.DecodeList(b)
	for _, e := range list {
		if err == nil && (e.Sent == nil || e.Sent.Entry == nil) {
			err = fmt.Errorf("%s %v was not sent", e.Model, e.Key)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the record of chunk %d of cut %d of %s: %w", ErrCorrupt, chunk, lost.Cut.N, tx.store.path, err)
	}
	return list, nil
}

// forgetLost forgets all lost cuts but the latest ones.
func (tx *Tx) forgetLost(but int) error {
	n := max(0, len(tx.state.Lost)-but)
	for _, l := range tx.state.Lost[:n] {
		for chunk := l.From; chunk < chunks(l.Cut); chunk++ {
			if err := tx.engine.SetMeta(lostName(l.Slot, chunk), nil); err != nil {
				return err
			}
		}
	}
	tx.state.Lost = slices.Clone(tx.state.Lost[n:])
	return nil
}

// loser keeps what a cut held of which the rest is lost, chunk by chunk. What it has
// read it writes when it is told to: an engine need not like both at once.
type loser struct {
	tx    *Tx
	lost  lostCut
	chunk int    // the one that is being put together
	form  []byte // of it
	ready []lostForm
	size  int // bytes in ready
}

type lostForm struct {
	chunk int
	form  []byte
}

// newLoser makes room for one more lost cut.
func (tx *Tx) newLoser(cut *model.Cut, from int) (*loser, error) {
	if err := tx.forgetLost(mostLost - 1); err != nil {
		return nil, err
	}
	slot := 0
	for slices.ContainsFunc(tx.state.Lost, func(l lostCut) bool { return l.Slot == slot }) {
		slot++
	}
	return &loser{tx: tx, lost: lostCut{Cut: cut, From: from, Slot: slot}, chunk: from}, nil
}

// add notes an object of the cut's chunk.
func (l *loser) add(chunk int, e *model.Entry) error {
	if chunk != l.chunk {
		l.next(chunk)
	}
	sent, row := e, []model.Named(nil)
	if e.Sent != nil {
		sent, row = e.Sent.Entry, slices.Clone(e.Sent.Row)
	} else if m := l.tx.store.schema.Model(e.Model); m != nil && e.Change != model.Deleted {
		now, err := l.tx.Row(m.Info, e.Key)
		if err != nil {
			return err
		}
		if now != nil {
			row = now.Named(m.Info)
		}
	}
	if row == nil && sent.Change != model.Deleted {
		return nil // nothing of it can have been sent
	}
	if sent.Change == model.Updated {
		row = slices.DeleteFunc(row, func(v model.Named) bool { return sent.Field(v.Name) == nil })
	}
	l.form = model.AppendListed(l.form, &model.Entry{Model: e.Model, Key: e.Key, Sent: &model.Sent{Entry: sent, Row: row}})
	return nil
}

func (l *loser) next(chunk int) {
	l.ready = append(l.ready, lostForm{l.chunk, l.form})
	l.size += len(l.form)
	l.chunk, l.form = chunk, nil
}

// full tells that it is time to write.
func (l *loser) full() bool { return l != nil && l.size > 1<<20 }

func (l *loser) write() error {
	if l == nil {
		return nil
	}
	for _, r := range l.ready {
		if err := l.tx.engine.SetMeta(lostName(l.lost.Slot, r.chunk), r.form); err != nil {
			return err
		}
	}
	l.ready, l.size = nil, 0
	return nil
}

// end writes the rest, and has the store remember the cut.
func (l *loser) end() error {
	if l == nil {
		return nil
	}
	l.next(0)
	if err := l.write(); err != nil {
		return err
	}
	l.tx.state.Lost = append(slices.Clone(l.tx.state.Lost), l.lost)
	return nil
}
