// Package scalars has a field of every plain kind, and of a named type of each.
package scalars

type (
	Flag    bool
	Small   int8
	Signed  int64
	Byte    uint8
	Big     uint64
	Ratio   float32
	Measure float64
	Label   string
)

// Scalar has one field of each kind.
type Scalar struct {
	ID string `reset:"key"`

	Bool    bool
	Int     int
	Int8    int8
	Int16   int16
	Int32   int32
	Int64   int64
	Rune    rune
	Uint    uint
	Uint8   uint8
	Uint16  uint16
	Uint32  uint32
	Uint64  uint64
	Byte    byte
	Float32 float32
	Float64 float64
	String  string

	Flag    Flag
	Small   Small
	Signed  Signed
	Octet   Byte
	Big     Big
	Ratio   Ratio
	Measure Measure
	Label   Label
}
