package store

import (
	"errors"
	"fmt"
	"slices"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// A backend that has fenced a client takes nothing more of the cut that was under way.
// But one that is put back to before that has forgotten the fence, and takes the chunk if
// it arrives then. So the store remembers what the chunk held, until a later cut has
// arrived: then the mark of such a backend settles it as it would have been settled in
// time, and nothing of it is sent once more.
//
// That is one chunk of a cut, the first that was not done: a chunk is sent when the one
// before it was answered.

// lostChunk is the chunk of a cut that may have been under way when the cut was given up.
type lostChunk struct {
	N            uint64      `json:"n"` // of the cut
	Nonce        string      `json:"nonce"`
	Seq          uint64      `json:"seq"`
	Stamp        stamp.Stamp `json:"stamp"`
	Previous     string      `json:"previous,omitempty"`
	PreviousDone int         `json:"previous_done,omitempty"`

	Index int  `json:"index"` // in the cut
	Last  bool `json:"last,omitempty"`
	Slot  int  `json:"slot"` // the number of the note that has what it held
}

// mostLost is how many lost chunks are remembered: of several attempts in a row any may
// be the one that arrives after all. An earlier one that does is a client reset, after
// which a counter in it may count twice.
const mostLost = 16

// note is the name in the store's bookkeeping of what a lost chunk held: a list of
// entries (model.DecodeList) of which each has only Sent.
func (l *lostChunk) note() string { return fmt.Sprintf("lost %d", l.Slot) }

// lostBy is the lost chunk that a mark says has arrived, nil where there is none.
func (s *state) lostBy(mark model.Mark) *lostChunk {
	for i := range s.Lost {
		if l := &s.Lost[i]; l.N == mark.N && l.Nonce == mark.Nonce && l.Index+1 == mark.Done {
			return l
		}
	}
	return nil
}

// follows tells whether the backend has forgotten nothing that it had acknowledged if a
// lost chunk has arrived there.
func (s *state) follows(l *lostChunk) bool {
	if l.Nonce == s.Settled.Nonce {
		return l.Index == s.Settled.Done
	}
	return l.Previous == s.Settled.Nonce && l.PreviousDone == s.Settled.Done
}

// arrived reads what a lost chunk held that has arrived after all by a mark; l is nil
// where there is none. Damage is told to the log, and then nothing is known of it.
func (tx *Tx) arrived(mark model.Mark) (l *lostChunk, held []*model.Entry, err error) {
	if l = tx.state.lostBy(mark); l == nil {
		return nil, nil, nil
	}
	note, err := tx.engine.Meta(l.note())
	if err == nil {
		held, err = model.DecodeList(note)
	}
	for _, e := range held {
		if err == nil && (e.Sent == nil || e.Change != 0) {
			err = fmt.Errorf("%w: %s %v was not sent", ErrCorrupt, e.Model, e.Key)
		}
	}
	if errors.Is(err, ErrCorrupt) || errors.Is(err, model.ErrDecode) {
		tx.store.log.Error("what a lost chunk held cannot be read; the client has to start over, and a counter in it may count twice",
			"store", tx.store.path, "cut", l.N, "chunk", l.Index, "error", err)
		return nil, nil, nil
	}
	return l, held, err
}

// arrive settles what a lost chunk held. Of a later cut that is open nothing has arrived:
// the backend takes one or the other.
func (tx *Tx) arrive(l *lostChunk, held []*model.Entry, mark model.Mark) (s *Settlement, err error) {
	defer func() {
		if err != nil {
			tx.failed = err
		}
	}()
	if tx.state.Cut != nil {
		if err := tx.settleEntries(&settler{cut: tx.state.Cut}); err != nil {
			return nil, err
		}
		tx.state.supersede()
		tx.state.Cut = nil
	}
	s = &Settlement{Cut: l.N, Conflicts: mark.Conflicts, Refused: mark.Refused}
	refused, conflicts := tx.notApplied(mark)
	for _, e := range held {
		id := model.ObjectKey{Model: tx.store.nowNamed(e.Model), Key: e.Key}
		if _, no := refused[id]; no || conflicts[id] {
			continue
		}
		if err := tx.arriveObject(l.Seq, e); err != nil {
			return nil, err
		}
		s.Applied++
	}
	for e, err := range tx.Entries() {
		if err != nil {
			return nil, err
		}
		if e.Seq <= l.Seq {
			s.Open++
		}
	}
	if tx.state.follows(l) {
		if l.Last && s.Open == 0 && len(refused) == 0 && len(conflicts) == 0 {
			tx.synced(&model.Cut{N: l.N, Seq: l.Seq, Stamp: l.Stamp})
		}
		tx.state.settled(mark)
	}
	tx.dirty = true
	return s, tx.forgetLost(0)
}

// arriveObject settles an object that was sent in a cut with the sequence.
func (tx *Tx) arriveObject(seq uint64, sent *model.Entry) error {
	m := tx.store.schema.Model(sent.Model)
	if m == nil { // this version of the app does not have it, and so has not written it since
		e, err := tx.engine.Entry(sent.Model, sent.Key)
		if err == nil && e != nil && e.Seq <= seq {
			err = tx.engine.DeleteEntry(sent.Model, sent.Key)
		}
		return err
	}
	local, err := tx.Row(m.Info, sent.Key)
	if err != nil {
		return err
	}
	e, err := tx.Entry(m.Info, sent.Key)
	if err != nil {
		return err
	}
	return tx.setEntry(m.Info, sent.Key, merge.Arrived(m, seq, tx.state.Seq, sent.Sent, e, local))
}

// remember keeps what the first chunk of a cut that was not done held.
func (tx *Tx) remember(cut *model.Cut, index int, held []byte) error {
	if err := tx.forgetLost(mostLost - 1); err != nil {
		return err
	}
	l := lostChunk{N: cut.N, Nonce: cut.Nonce, Seq: cut.Seq, Stamp: cut.Stamp, Previous: cut.Previous, PreviousDone: cut.PreviousDone, Index: index, Last: index == chunks(cut)-1}
	for slices.ContainsFunc(tx.state.Lost, func(other lostChunk) bool { return other.Slot == l.Slot }) {
		l.Slot++
	}
	tx.state.Lost = append(slices.Clone(tx.state.Lost), l)
	return tx.engine.SetMeta(l.note(), held)
}

// forgetLost forgets all lost chunks but the latest ones.
func (tx *Tx) forgetLost(but int) error {
	n := max(0, len(tx.state.Lost)-but)
	for _, l := range tx.state.Lost[:n] {
		if err := tx.engine.SetMeta(l.note(), nil); err != nil {
			return err
		}
	}
	tx.state.Lost = slices.Clone(tx.state.Lost[n:])
	return nil
}

// adoptLost takes over what a backup remembers.
func (tx *Tx) adoptLost(backup *Tx) error {
	for _, l := range backup.state.Lost {
		held, err := backup.engine.Meta(l.note())
		if err == nil {
			err = tx.engine.SetMeta(l.note(), held)
		}
		if err != nil {
			return err
		}
	}
	tx.state.Lost = slices.Clone(backup.state.Lost)
	return nil
}

// appendSent appends an object to what a chunk of the open cut held: the entry as the
// cut has it, and the fields that are sent.
func (tx *Tx) appendSent(held []byte, e *model.Entry) ([]byte, error) {
	sent, row := e, []model.Named(nil)
	if e.Sent != nil {
		sent, row = e.Sent.Entry, slices.Clone(e.Sent.Row)
	} else if m := tx.store.schema.Model(e.Model); m != nil && e.Change != model.Deleted {
		now, err := tx.Row(m.Info, e.Key)
		if err != nil {
			return nil, err
		}
		if now != nil {
			row = now.Named(m.Info)
		}
	}
	if row == nil && sent.Change != model.Deleted {
		return held, nil // nothing of it can have been sent
	}
	if sent.Change == model.Updated {
		row = slices.DeleteFunc(row, func(v model.Named) bool { return sent.Field(v.Name) == nil })
	}
	return model.AppendListed(held, &model.Entry{Model: e.Model, Key: e.Key, Sent: &model.Sent{Entry: sent, Row: row}}), nil
}
