package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
)

// state is what a store remembers of itself, in one row of its bookkeeping: a
// write transaction rewrites it once.
type state struct {
	ID         string      `json:"id"`   // random, made with the store
	Seq        uint64      `json:"seq"`  // of the latest commit
	High       stamp.Stamp `json:"high"` // the clock's high-water mark
	LastSynced *LastSynced `json:"last_synced,omitempty"`

	Client  string     `json:"client"`           // the id under which the backend knows the store
	Epoch   uint64     `json:"epoch"`            // of what it sends
	Cuts    uint64     `json:"cuts"`             // how many cuts were opened
	Cut     *model.Cut `json:"cut,omitempty"`    // the open one
	Settled model.Mark `json:"settled,omitzero"` // by which the latest cut was settled that the backend applied any of

	// Superseded holds the nonces of cuts that a backend had applied, or may have, when
	// the client had to start over with another state of it, and of those that were lost
	// on the way. A backend that comes with one of them was put back or forward; the
	// store is no copy.
	Superseded []string `json:"superseded,omitempty"`

	// Lost has the chunks that may be under way of cuts that were given up since the
	// latest that arrived, oldest first.
	Lost []lostChunk `json:"lost,omitempty"`

	// Reconciled holds, by the id of each backup that was reconciled into this
	// store, the sequence that the backup stood at.
	Reconciled map[string]uint64 `json:"reconciled,omitempty"`
}

// LastSynced is the point up to which everything in a store is settled with the
// backend.
type LastSynced struct {
	Cut   uint64      `json:"cut"` // 0 where the store was filled by a download
	Seq   uint64      `json:"seq"`
	Stamp stamp.Stamp `json:"stamp"`
	Wall  time.Time   `json:"wall"`
}

// stateName is the state's name in the store's bookkeeping.
const stateName = "state"

func newState() state { return state{ID: randomID(), Client: randomID()} }

// randomID makes an id that no other store has.
func randomID() string {
	id := make([]byte, 16)
	rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

func loadState(tx EngineTx) (s state, found bool, err error) {
	text, err := tx.Meta(stateName)
	if err != nil || text == nil {
		return s, false, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, false, fmt.Errorf("%w: its record of itself cannot be read: %w", ErrCorrupt, err)
	}
	if s.ID == "" {
		return s, false, fmt.Errorf("%w: its record of itself has no id", ErrCorrupt)
	}
	if c := s.Cut; c != nil && (c.Size <= 0 || c.Objects <= 0) {
		return s, false, fmt.Errorf("%w: its record of itself has a cut of %d objects in chunks of %d", ErrCorrupt, c.Objects, c.Size)
	}
	return s, true, nil
}

func (s *state) save(tx EngineTx) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.SetMeta(stateName, text)
}
