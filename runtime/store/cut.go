package store

import (
	"errors"
	"fmt"
	"iter"

	"github.com/resetgen/resetgen/runtime/model"
)

// What callers of the cuts branch on.
var (
	// ErrCutOpen: the fate of what was sent is not known yet, so that nothing may
	// be taken over from the backend. Settle the cut by the backend's mark first.
	ErrCutOpen = errors.New("a cut is open")

	// ErrNoCut: no cut is open.
	ErrNoCut = errors.New("no cut is open")

	// ErrStoreCopied: the backend knows a cut that this store never made: the store
	// is a copy of another client's, or was put back to an earlier state.
	// Store.Rename makes it a client of its own.
	ErrStoreCopied = errors.New("the store is a copy or was rewound")
)

// BackendRewoundError says that the backend has forgotten cuts that it had
// acknowledged: it was restored to an earlier state, or recreated.
type BackendRewoundError struct {
	Known   model.Mark // what the backend knows of this client
	Settled uint64     // the latest cut that it had acknowledged
}

// Error says up to which cut the backend knows the client.
func (e *BackendRewoundError) Error() string {
	return fmt.Sprintf("the backend knows this client up to cut %d of %d: it was restored or recreated", e.Known.N, e.Settled)
}

// DefaultChunk is how many objects a chunk has unless told otherwise.
const DefaultChunk = 1000

// Client is the id under which the backend knows this store, and the epoch.
func (tx *Tx) Client() (id string, epoch uint64) { return tx.state.Client, tx.state.Epoch }

// Cut is the open cut, or nil.
func (tx *Tx) Cut() *model.Cut { return tx.state.Cut }

// OpenCut makes what is unsynced a cut, to be sent in chunks of size objects; 0
// means DefaultChunk. It gives nil where there is nothing to send: changes that
// the backend refused do not count until they are retried. One cut is open at a
// time.
func (tx *Tx) OpenCut(size int) (*model.Cut, error) {
	if err := tx.check(true); err != nil {
		return nil, err
	}
	if tx.state.Cut != nil {
		return nil, fmt.Errorf("opening a cut in %s: cut %d: %w", tx.store.path, tx.state.Cut.N, ErrCutOpen)
	}
	if size <= 0 {
		size = DefaultChunk
	}
	cut := &model.Cut{Client: tx.state.Client, Epoch: tx.state.Epoch, N: tx.state.Cuts + 1, Nonce: randomID(), Seq: tx.state.Seq, Stamp: tx.store.clock.High(), Size: size}
	for e, err := range tx.Entries() {
		if err != nil {
			return nil, err
		}
		if inCut(cut, e) {
			tx.state.Cut, tx.state.Cuts, tx.dirty = cut, cut.N, true
			tx.stamped = 0 // what this transaction writes from here on is not in the cut
			return cut, nil
		}
	}
	return nil, nil
}

// inCut tells whether an entry belongs to the cut. What was written since has a
// later sequence, or what the cut has of it is set aside.
func inCut(cut *model.Cut, e *model.Entry) bool {
	return e.Sent != nil || e.Refused == "" && e.Seq <= cut.Seq
}

// Chunk is the chunk of the open cut that follows the one given, as of the moment
// when the cut was made, and nil when there is none; nil is followed by the
// first.
func (tx *Tx) Chunk(after *model.Chunk) (*model.Chunk, error) {
	cut := tx.state.Cut
	if cut == nil {
		return nil, fmt.Errorf("sending from %s: %w", tx.store.path, ErrNoCut)
	}
	next := &model.Chunk{Cut: *cut}
	var last model.Patch
	if after != nil {
		next.Index = after.Index + 1
		last = after.Patches[len(after.Patches)-1]
	}
	for e, err := range tx.entriesAfter(last.Model, last.Key) {
		if err != nil {
			return nil, err
		}
		if !inCut(cut, e) {
			continue
		}
		patch, err := tx.patch(e)
		if err != nil {
			return nil, err
		}
		if next.Patches = append(next.Patches, patch); len(next.Patches) == cut.Size {
			return next, nil
		}
	}
	if len(next.Patches) == 0 {
		return nil, nil
	}
	return next, nil
}

// patch is what is sent of an entry.
func (tx *Tx) patch(e *model.Entry) (model.Patch, error) {
	m := tx.store.schema.Model(e.Model)
	if m == nil {
		return model.Patch{}, fmt.Errorf("sending %s %v: %w: it has no such model", e.Model, e.Key, ErrSchema)
	}
	var row *model.Row
	var err error
	if e.Sent != nil {
		row = model.RowOf(m.Info, e.Sent.Row)
		e = e.Sent.Entry
	} else if e.Change != model.Deleted {
		if row, err = tx.Row(m.Info, e.Key); err != nil {
			return model.Patch{}, err
		}
		if row == nil {
			return model.Patch{}, describe("sending", m.Info, e.Key, fmt.Errorf("%w: it is on record as %s and is not there", ErrCorrupt, e.Change))
		}
	}
	p := model.Patch{Model: e.Model, Key: e.Key, Change: e.Change, Seq: e.Seq, Stamp: e.Stamp, Base: e.Base}
	for _, f := range e.Fields {
		if i := m.Info.Index(f.Name); i >= 0 {
			p.Fields = append(p.Fields, model.PatchField{Name: f.Name, Value: row.Values[i], Base: f.Base, Stamp: f.Stamp, Touched: f.Touched})
		}
	}
	return p, nil
}

// Settlement is what became of a cut.
type Settlement struct {
	Cut     uint64
	Applied int // objects
	Refused []model.Refusal
	Open    int // objects that were not applied, and go into the next cut
}

// Settle closes the open cut by the backend's mark, be that an acknowledgement or
// the answer to a question: what the backend applied is no longer unsynced, and
// the rest is as if it had never been sent. Without an open cut it checks that the
// backend still knows what it acknowledged. It fails with ErrStoreCopied or a
// *BackendRewoundError where the mark shows that one of the two was put back;
// then nothing was changed.
func (tx *Tx) Settle(mark model.Mark) (*Settlement, error) {
	if err := tx.check(true); err != nil {
		return nil, err
	}
	s, err := newSettler(&tx.state, mark)
	if err != nil {
		return nil, fmt.Errorf("settling %s: %w", tx.store.path, err)
	}
	if tx.state.Cut == nil {
		return &s.Settlement, nil
	}
	if err := tx.settleEntries(s); err != nil {
		return nil, err
	}
	if s.Open == 0 && len(s.Refused) == 0 && !s.left {
		tx.synced(s.cut)
	}
	if s.done > 0 {
		tx.state.Settled = mark
		tx.state.Settled.Refused = nil // the entries say it
	}
	tx.state.Cut, tx.dirty = nil, true
	return &s.Settlement, nil
}

// CheckMark compares the backend's mark with what the store remembers: nil where
// both agree, a *BackendRewoundError or an error that wraps ErrStoreCopied where
// one of the two was put back.
func (tx *Tx) CheckMark(mark model.Mark) error {
	_, err := newSettler(&tx.state, mark)
	return err
}

// Settled yields the entries as they would be if the open cut, if there is one,
// were settled by the mark. A backend that has forgotten the cut has applied
// nothing of it. It changes nothing: it is for a backup.
func (tx *Tx) Settled(mark model.Mark) iter.Seq2[*model.Entry, error] {
	return func(yield func(*model.Entry, error) bool) {
		s, err := newSettler(&tx.state, mark)
		var rewound *BackendRewoundError
		if errors.As(err, &rewound) {
			s = &settler{cut: tx.state.Cut}
		} else if err != nil {
			yield(nil, fmt.Errorf("settling %s: %w", tx.store.path, err))
			return
		}
		for e, err := range tx.Entries() {
			if err == nil && s.cut != nil {
				e, _ = s.next(e)
			}
			if (e != nil || err != nil) && !yield(e, err) {
				return
			}
		}
	}
}

// settleBatch is how many entries are settled before they are written back: an
// engine need not show what is written while it lists.
const settleBatch = 1000

func (tx *Tx) settleEntries(s *settler) error {
	var last model.Entry
	for {
		batch := make([]settled, 0, settleBatch)
		for e, err := range tx.entriesAfter(last.Model, last.Key) {
			if err != nil {
				return err
			}
			last = *e
			if after, changed := s.next(e); changed {
				if batch = append(batch, settled{e.Model, e.Key, after}); len(batch) == settleBatch {
					break
				}
			}
		}
		for _, b := range batch {
			if err := tx.putSettled(b); err != nil {
				tx.failed = fmt.Errorf("settling %s %v: %w", b.model, b.key, err)
				return tx.failed
			}
		}
		if len(batch) < settleBatch {
			return nil
		}
	}
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
	cut     *model.Cut
	done    int // objects in the chunks that were done
	at      int
	left    bool // something earlier than the cut is still unsynced: it was refused
	refused map[objectKey]string
}

type objectKey struct {
	model string
	key   model.Value
}

// newSettler checks what a mark says against what the store remembers.
func newSettler(s *state, mark model.Mark) (*settler, error) {
	if mark.Client != "" && mark.Client != s.Client {
		return nil, fmt.Errorf("the mark is that of the client %s, this is %s", mark.Client, s.Client)
	}
	if mark.Done < 0 {
		return nil, fmt.Errorf("the mark says that %d chunks are done", mark.Done)
	}
	settler := &settler{cut: s.Cut, refused: map[objectKey]string{}}
	if s.Cut != nil {
		settler.Cut = s.Cut.N
	}
	switch {
	case s.Cut != nil && mark.N == s.Cut.N && mark.Nonce == s.Cut.Nonce:
		settler.done = mark.Done * s.Cut.Size
		for _, r := range mark.Refused {
			settler.refused[objectKey{r.Model, r.Key}] = r.Reason
		}
	case mark.N > s.Settled.N || mark.N == s.Settled.N && (mark.Nonce != s.Settled.Nonce || mark.Done > s.Settled.Done):
		return nil, fmt.Errorf("the backend has applied more of cut %d of this client than this store knows: %w", mark.N, ErrStoreCopied)
	case mark.N < s.Settled.N || mark.Done < s.Settled.Done:
		return nil, &BackendRewoundError{Known: mark, Settled: s.Settled.N}
	}
	return settler, nil
}

// next is what becomes of an entry, nil for nothing, and whether it is another
// one.
func (s *settler) next(e *model.Entry) (after *model.Entry, changed bool) {
	if !inCut(s.cut, e) {
		s.left = s.left || e.Seq <= s.cut.Seq
		return e, false
	}
	reason, refused := s.refused[objectKey{e.Model, e.Key}]
	applied := s.at < s.done && !refused
	s.at++
	switch {
	case applied:
		s.Applied++
		if e.Sent == nil {
			return nil, true
		}
		return e.Sent.Since, true
	case refused:
		s.Refused = append(s.Refused, model.Refusal{Model: e.Model, Key: e.Key, Reason: reason})
	default:
		s.Open++
	}
	if e.Sent == nil && !refused {
		return e, false
	}
	plain := *e
	plain.Sent = nil
	if refused && e.Sent == nil { // what was written since is worth another try
		plain.Refused = reason
	}
	if plain.Change == 0 {
		return nil, true
	}
	return &plain, true
}

// Fence begins a new epoch, so that the backend refuses chunks of the open cut
// that are still under way. Ask the backend for the mark with it, then Settle.
func (tx *Tx) Fence() (epoch uint64, err error) {
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
func (tx *Tx) Rename() error {
	if err := tx.check(true); err != nil {
		return err
	}
	if tx.state.Cut != nil {
		nothing := &settler{cut: tx.state.Cut}
		if err := tx.settleEntries(nothing); err != nil {
			return err
		}
	}
	tx.state.Client, tx.state.Epoch, tx.state.Cut, tx.state.Cuts, tx.state.Settled = randomID(), 0, nil, 0, model.Mark{}
	tx.dirty = true
	return nil
}

// Retry lets a change that the backend refused go into the next cut.
func (tx *Tx) Retry(m *model.Info, key model.Value) error {
	if err := tx.check(true); err != nil {
		return err
	}
	e, err := tx.Entry(m, key)
	if err != nil {
		return err
	}
	if err := tx.noCut(); err != nil {
		return describe("retrying", m, key, err)
	}
	if e == nil || e.Refused == "" {
		return describe("retrying", m, key, fmt.Errorf("no change of it was refused: %w", ErrNotFound))
	}
	e.Refused = ""
	return tx.setEntry(m, key, e)
}

// synced notes that everything up to a cut is settled.
func (tx *Tx) synced(cut *model.Cut) {
	at := &LastSynced{Cut: cut.N, Seq: cut.Seq, Stamp: cut.Stamp, Wall: tx.store.clock.Wall().UTC()}
	tx.state.LastSynced = at
}
