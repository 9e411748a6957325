package store

// Remove deletes an object as a collection does, for tests that have no generated type.
var Remove = (*Tx).remove

// LoseState takes a store's record of itself away.
func LoseState(tx *Tx) error {
	tx.dirty = false
	return tx.engine.SetMeta(stateName, nil)
}

// DamageLost damages what a store remembers of a lost chunk.
func DamageLost(tx *Tx) error { return tx.engine.SetMeta((&lostChunk{}).note(), []byte("x")) }

// RewriteState reads a store's record of itself, and gives what is written of it.
func RewriteState(text []byte) ([]byte, error) {
	tx := &metaTx{text: text}
	s, _, err := loadState(tx)
	if err == nil {
		err = s.save(tx)
	}
	return tx.text, err
}

// metaTx is an EngineTx that has only one note.
type metaTx struct {
	EngineTx
	text []byte
}

func (tx *metaTx) Meta(string) ([]byte, error) { return tx.text, nil }

func (tx *metaTx) SetMeta(_ string, text []byte) error {
	tx.text = text
	return nil
}
