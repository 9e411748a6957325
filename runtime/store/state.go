package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/resetgen/resetgen/runtime/stamp"
)

// state is what a store remembers of itself, in one row of its bookkeeping: a
// write transaction rewrites it once.
type state struct {
	ID         string      `json:"id"`   // random, made with the store
	Seq        uint64      `json:"seq"`  // of the latest commit
	High       stamp.Stamp `json:"high"` // the clock's high-water mark
	LastSynced *LastSynced `json:"last_synced,omitempty"`

	// Reconciled holds, by the id of each backup that was reconciled into this
	// store, the sequence that the backup stood at.
	Reconciled map[string]uint64 `json:"reconciled,omitempty"`
}

// LastSynced is the point up to which everything in a store is settled with the
// backend.
type LastSynced struct {
	Seq   uint64      `json:"seq"`
	Stamp stamp.Stamp `json:"stamp"`
	Wall  time.Time   `json:"wall"`
}

// stateName is the state's name in the store's bookkeeping.
const stateName = "state"

func newState() (state, error) {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return state{}, fmt.Errorf("making the store's id: %w", err)
	}
	return state{ID: hex.EncodeToString(id)}, nil
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
	return s, true, nil
}

func (s *state) save(tx EngineTx) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.SetMeta(stateName, text)
}
