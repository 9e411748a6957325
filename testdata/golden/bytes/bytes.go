// Package bytes has slices and arrays of bytes. Its name is also that of a
// package which generated code could have imported.
package bytes

type (
	Raw    []byte
	Digest [32]byte
)

type Blob struct {
	ID     [16]byte `reset:"key"`
	Data   []byte
	Raw    Raw `reset:"merge=remote"`
	Digest Digest
	Short  [4]byte
	Chunks [][]byte
	Known  []Digest  `reset:"merge=set"`
	Seen   [][4]byte `reset:"merge=set"`
	Parts  [2]Raw
	ByName map[string][]byte
}
