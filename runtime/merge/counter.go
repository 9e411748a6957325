package merge

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/resetgen/resetgen/runtime/model/codec"
)

// Number is what a counter can be.
type Number interface {
	codec.Signed | codec.Unsigned | codec.Real
}

// Sum is the rule counter: the remote value plus what was added locally. It is
// never a conflict, and two sides that ended equal have both counted. A sum out
// of the type's range fails the object with ErrOverflow.
func Sum[T Number](c *Context, f int, base, local, remote T) T {
	switch {
	case sameNumber(local, base):
		return remote
	case sameNumber(remote, base):
		return local
	}
	sum, ok := addDifference(base, local, remote)
	if !ok {
		c.Fail(f, fmt.Errorf("%v + (%v - %v): %w", remote, local, base, ErrOverflow))
		return remote
	}
	c.Mixed.Add(f)
	return sum
}

// sameNumber tells whether a number was not changed: NaN is no change of NaN.
func sameNumber[T Number](a, b T) bool { return a == b || a != a && b != b }

// Plus is a + b, and whether the type can hold it.
func Plus[T Number](a, b T) (T, bool) { return addDifference(0, b, a) }

// addDifference is remote + (local - base), and whether T can hold it.
func addDifference[T Number](base, local, remote T) (T, bool) {
	if T(1)/2 != 0 { // a floating-point type
		sum := remote + (local - base)
		f := float64(sum)
		return sum, !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	// In 128 bits nothing overflows.
	hi, lo := wide(remote)
	hi, lo = add(hi, lo, base, local)
	sum := T(lo)
	sumHi, sumLo := wide(sum)
	return sum, sumHi == hi && sumLo == lo
}

func add[T Number](hi, lo uint64, base, local T) (uint64, uint64) {
	localHi, localLo := wide(local)
	baseHi, baseLo := wide(base)
	lo, carry := bits.Add64(lo, localLo, 0)
	hi, _ = bits.Add64(hi, localHi, carry)
	lo, borrow := bits.Sub64(lo, baseLo, 0)
	hi, _ = bits.Sub64(hi, baseHi, borrow)
	return hi, lo
}

// wide is an integer as 128 bits of two's complement.
func wide[T Number](v T) (hi, lo uint64) {
	if v < 0 {
		hi = math.MaxUint64
	}
	return hi, uint64(v)
}
