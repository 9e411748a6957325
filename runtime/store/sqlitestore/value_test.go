package sqlitestore

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"
	"math"
	"testing"

	"github.com/resetgen/resetgen/runtime/model"
)

// FuzzColumn reads whatever a column may hold as a value of each kind. What is read
// lies in the column in a form that reads as the same value.
func FuzzColumn(f *testing.F) {
	for kind := model.Absent; kind <= model.JSON; kind++ {
		for _, text := range []string{"", "x", "18446744073709551615", "09223372036854775808", "9223372036854775807", "2026-01-01T00:00:00.5+01:00", "0000-01-01T00:00:00+00:01", `{"a":1}`, "\xff"} {
			f.Add(byte(kind), false, byte(2), []byte(text))
			f.Add(byte(kind), true, byte(3), []byte(text))
		}
		for _, n := range []int64{0, 1, 2, -1, math.MinInt64, int64(math.Float64bits(1.5))} {
			f.Add(byte(kind), true, byte(0), binary.BigEndian.AppendUint64(nil, uint64(n)))
			f.Add(byte(kind), false, byte(1), binary.BigEndian.AppendUint64(nil, uint64(n)))
		}
		f.Add(byte(kind), true, byte(4), []byte{})
		f.Add(byte(kind), false, byte(4), []byte{})
	}
	f.Fuzz(func(t *testing.T, kind byte, null bool, form byte, b []byte) {
		c := columnOf(model.Kind(kind)%(model.JSON+1), null)
		found := foundOf(form, b)
		v := c.value(found)
		lies := bind(v)
		if again := c.value(lies); again != v {
			t.Errorf("%T %v in a column of %v (null: %v) is the %v %v, lies there as %T %v, and is the %v %v then", found, found, c.kind, null, v.Kind(), v, lies, lies, again.Kind(), again)
		}
	})
}

// foundOf makes one of the five things that SQLite keeps of some bytes; it keeps no NaN.
func foundOf(form byte, b []byte) driver.Value {
	var n [8]byte
	copy(n[:], b)
	switch bits := binary.BigEndian.Uint64(n[:]); form % 5 {
	case 0:
		return int64(bits)
	case 1:
		if f := math.Float64frombits(bits); f == f {
			return f
		}
	case 2:
		return string(b)
	case 3:
		return bytes.Clone(b)
	}
	return nil
}
