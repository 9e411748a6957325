package store

// Remove deletes an object as a collection does, for tests that have no generated type.
var Remove = (*Tx).remove

// LoseState takes a store's record of itself away.
func LoseState(tx *Tx) error {
	tx.dirty = false
	return tx.engine.SetMeta(stateName, nil)
}
