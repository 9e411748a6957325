package merge

import (
	"fmt"
	"slices"
)

// Outcome is what became of one object's unsynced changes, in a word.
type Outcome uint8

// The outcomes.
const (
	Recovered  Outcome = iota + 1 // applied; the other side had not touched the object
	Merged                        // applied beside what the other side changed
	Conflicted                    // applied; a rule decided where both sides changed the same
	Restored                      // the object was gone and is back
	Kept                          // not deleted, because the other side changed the object
	Dropped                       // not applied, as the policy says
	Already                       // the other side had done the same
	Failed                        // not applied; the reason is given
	Overwrote                     // took the place of what the other side holds, unasked (strategy overwrite)
)

var outcomeNames = [...]string{"none", "recovered", "merged", "conflict", "restored", "kept", "dropped", "already there", "failed", "overwrote"}

// String is the outcome in a word or two.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome %d", o)
}

// MarshalText gives the form of String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the form of String.
func (o *Outcome) UnmarshalText(text []byte) error {
	i := slices.Index(outcomeNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not an outcome (known: %q)", text, outcomeNames)
	}
	*o = Outcome(i)
	return nil
}

// Outcomes lists every outcome, in the order in which reports count them.
func Outcomes() []Outcome {
	return []Outcome{Recovered, Merged, Conflicted, Restored, Overwrote, Kept, Dropped, Already, Failed}
}

// Write is what has to be done to the object in the fresh store.
type Write uint8

// The writes.
const (
	WriteNothing Write = iota
	WriteInsert
	WriteUpdate
	WriteDelete
)

var writeNames = [...]string{"nothing", "insert", "update", "delete"}

// String is the write in a word.
func (w Write) String() string {
	if int(w) < len(writeNames) {
		return writeNames[w]
	}
	return fmt.Sprintf("write %d", w)
}

// MarshalText gives the form of String.
func (w Write) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads the form of String.
func (w *Write) UnmarshalText(text []byte) error {
	i := slices.Index(writeNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a write (known: %q)", text, writeNames)
	}
	*w = Write(i)
	return nil
}
