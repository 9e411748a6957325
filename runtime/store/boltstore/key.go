package boltstore

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/resetgen/resetgen/runtime/model"
)

// signBit turned over makes the order of signed numbers that of unsigned ones.
const signBit = 1 << 63

// appendKey appends a value in the form of a key. Keys are never empty, and their
// bytes have the order of model.Compare.
func appendKey(b []byte, v model.Value) []byte {
	b = append(b, byte(v.Kind()))
	switch v.Kind() {
	case model.Bool:
		if v.Bool() {
			return append(b, 1)
		}
		return append(b, 0)
	case model.Int:
		return binary.BigEndian.AppendUint64(b, uint64(v.Int())^signBit)
	case model.Uint:
		return binary.BigEndian.AppendUint64(b, v.Uint())
	case model.Float:
		return binary.BigEndian.AppendUint64(b, sortable(v.Float()))
	case model.Time:
		t := v.Time()
		b = binary.BigEndian.AppendUint64(b, uint64(t.Unix())^signBit)
		return binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond()))
	}
	return append(b, v.Text()...)
}

// sortable is a number whose order is that of floats; NaN comes first.
func sortable(f float64) uint64 {
	bits := math.Float64bits(f)
	switch {
	case f != f:
		return 0
	case bits&signBit != 0:
		return ^bits
	}
	return bits | signBit
}

func unsortable(n uint64) float64 {
	switch {
	case n == 0:
		return math.NaN()
	case n&signBit == 0:
		return math.Float64frombits(^n)
	}
	return math.Float64frombits(n &^ signBit)
}

// keySizes is how many bytes follow the kind, where that is fixed.
var keySizes = map[model.Kind]int{model.Absent: 0, model.Null: 0, model.Bool: 1, model.Int: 8, model.Uint: 8, model.Float: 8, model.Time: 12}

// decodeKey reads what appendKey wrote. Its error wraps model.ErrDecode.
func decodeKey(b []byte) (model.Value, error) {
	if len(b) == 0 {
		return model.Value{}, fmt.Errorf("%w: an empty key", model.ErrDecode)
	}
	kind, rest := model.Kind(b[0]), b[1:]
	if size, fixed := keySizes[kind]; fixed && len(rest) != size {
		return model.Value{}, fmt.Errorf("%w: a %s as a key of %d bytes", model.ErrDecode, kind, len(b))
	}
	switch kind {
	case model.Absent:
		return model.Value{}, nil
	case model.Null:
		return model.NullValue(), nil
	case model.Bool:
		if rest[0] > 1 {
			return model.Value{}, fmt.Errorf("%w: a bool of %d as a key", model.ErrDecode, rest[0])
		}
		return model.BoolValue(rest[0] == 1), nil
	case model.Int:
		return model.IntValue(int64(binary.BigEndian.Uint64(rest) ^ signBit)), nil
	case model.Uint:
		return model.UintValue(binary.BigEndian.Uint64(rest)), nil
	case model.Float:
		return model.FloatValue(unsortable(binary.BigEndian.Uint64(rest))), nil
	case model.Time:
		nsec := binary.BigEndian.Uint32(rest[8:])
		if nsec > 999_999_999 {
			return model.Value{}, fmt.Errorf("%w: %d nanoseconds in a second", model.ErrDecode, nsec)
		}
		return model.TimeValue(time.Unix(int64(binary.BigEndian.Uint64(rest)^signBit), int64(nsec))), nil
	case model.String:
		return model.StringValue(string(rest)), nil
	case model.Bytes:
		return model.BytesValue(rest), nil
	case model.JSON:
		return model.JSONValue(string(rest)), nil
	}
	return model.Value{}, fmt.Errorf("%w: there is no kind of value %d", model.ErrDecode, b[0])
}
