package codec

import (
	"bytes"
	"errors"
)

// maxDepth is how many lists, maps and structs may lie inside each other:
// encoding/json takes no more when it reads.
const maxDepth = 10000

var errTooDeep = errors.New("nested more than 10000 deep; is it part of itself?")

// tooDeep tells whether v goes on below maxDepth, as a value does that is part of
// itself. Ask before anything else walks through v: comparing a value that is
// part of itself never ends, and copying or writing it fills the memory.
func (c Codec[T]) tooDeep(v T) bool { return c.ends != nil && !c.ends(v, 0) }

// checkDepth refuses JSON text that could not be read again.
func checkDepth(text []byte) error {
	if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > maxDepth && cutUp(text).of.depth > maxDepth {
		return errTooDeep
	}
	return nil
}
