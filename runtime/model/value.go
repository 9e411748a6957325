package model

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Kind is the stored form of a value.
type Kind uint8

// The kinds. A field of a model has one of those from Bool on; in an earlier
// version of the app it may have had another.
const (
	Absent Kind = iota // no value was stored: the column or the object is not there
	Null               // stored as null
	Bool
	Int
	Uint
	Float
	String
	Bytes
	Time // an instant; the zone is not kept
	JSON // a list, a map or a whole struct, as JSON text
)

var kindNames = [...]string{"absent", "null", "bool", "int", "uint", "float", "string", "bytes", "time", "json"}

// String is the lower-case name of the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// Value is one stored value: immutable, comparable by Equal, 32 bytes. The zero
// Value is absent.
type Value struct {
	kind Kind
	nsec uint32
	num  uint64
	str  string
}

// NullValue is the null.
func NullValue() Value { return Value{kind: Null} }

// BoolValue holds a bool.
func BoolValue(b bool) Value {
	v := Value{kind: Bool}
	if b {
		v.num = 1
	}
	return v
}

// IntValue holds a signed integer.
func IntValue(n int64) Value { return Value{kind: Int, num: uint64(n)} }

// UintValue holds an unsigned integer.
func UintValue(n uint64) Value { return Value{kind: Uint, num: n} }

// FloatValue holds a floating-point number; all NaNs become one, and so do the
// two zeros.
func FloatValue(f float64) Value {
	switch {
	case math.IsNaN(f):
		f = math.NaN()
	case f == 0:
		f = 0
	}
	return Value{kind: Float, num: math.Float64bits(f)}
}

// StringValue holds a string.
func StringValue(s string) Value { return Value{kind: String, str: s} }

// BytesValue holds a copy of b.
func BytesValue(b []byte) Value { return Value{kind: Bytes, str: string(b)} }

// TimeValue holds the instant of t to the nanosecond, without its zone.
func TimeValue(t time.Time) Value {
	return Value{kind: Time, num: uint64(t.Unix()), nsec: uint32(t.Nanosecond())}
}

// JSONValue holds JSON text, which the caller knows to be valid.
func JSONValue(text string) Value { return Value{kind: JSON, str: text} }

// Kind is the stored form of v.
func (v Value) Kind() Kind { return v.kind }

// IsAbsent tells whether there is no value at all.
func (v Value) IsAbsent() bool { return v.kind == Absent }

// IsNull tells whether v is the null.
func (v Value) IsNull() bool { return v.kind == Null }

// Bool is the value of a Bool.
func (v Value) Bool() bool { return v.num != 0 }

// Int is the value of an Int.
func (v Value) Int() int64 { return int64(v.num) }

// Uint is the value of a Uint.
func (v Value) Uint() uint64 { return v.num }

// Float is the value of a Float.
func (v Value) Float() float64 { return math.Float64frombits(v.num) }

// Text is the value of a String or a Bytes, or the text of a JSON.
func (v Value) Text() string { return v.str }

// Time is the value of a Time, in UTC.
func (v Value) Time() time.Time { return time.Unix(int64(v.num), int64(v.nsec)).UTC() }

// Equal tells whether v and w are the same stored value: NaN equals NaN, and JSON
// is compared by its content, not by its spelling.
func (v Value) Equal(w Value) bool {
	if v == w {
		return true
	}
	if v.kind != w.kind {
		return false
	}
	return v.kind == JSON && equalJSON(v.str, w.str)
}

// equalJSON compares two texts that differ: the order of an object's members
// and white space do not count, every digit of a number does.
func equalJSON(a, b string) bool {
	va, err := parseJSON(a)
	if err != nil {
		return false
	}
	vb, err := parseJSON(b)
	return err == nil && reflect.DeepEqual(va, vb)
}

func parseJSON(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}

// Compare orders values: by kind, then false before true, by number, by
// instant, or bytewise. It is the order in which stores list keys.
func Compare(v, w Value) int {
	if v.kind != w.kind {
		return cmp.Compare(v.kind, w.kind)
	}
	switch v.kind {
	case Int:
		return cmp.Compare(v.Int(), w.Int())
	case Float:
		return cmp.Compare(v.Float(), w.Float())
	case Bool, Uint:
		return cmp.Compare(v.num, w.num)
	case Time:
		if c := cmp.Compare(int64(v.num), int64(w.num)); c != 0 {
			return c
		}
		return cmp.Compare(v.nsec, w.nsec)
	}
	return strings.Compare(v.str, w.str)
}

// Member is one member of a JSON object: absent where v is none, or has none of
// that name.
func (v Value) Member(name string) Value {
	var members map[string]json.RawMessage
	if v.kind != JSON || json.Unmarshal([]byte(v.str), &members) != nil || members[name] == nil {
		return Value{}
	}
	return JSONValue(string(members[name]))
}

// timeLayout is the stored form of an instant: RFC 3339 in UTC with all nine
// digits, so that text order is time order for the years 0 to 9999.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// FormatTime is the stored text of an instant.
func FormatTime(t time.Time) string {
	// Package time has a short way for RFC 3339 and none for nine digits.
	var room [len(timeLayout) + len("-9")]byte
	b := t.UTC().AppendFormat(room[:0], time.RFC3339)
	b = append(b[:len(b)-len("Z")], ".000000000Z"...)
	for n, i := t.Nanosecond(), len(b)-len("0Z"); n > 0; n, i = n/10, i-1 {
		b[i] += byte(n % 10)
	}
	return string(b)
}

// ParseTime reads any RFC 3339 text of an instant that FormatTime can write: in UTC,
// the first and the last day may lie outside of the years 0 to 9999.
func ParseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, err
	}
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return t, fmt.Errorf("the year %d of %s in UTC is outside of 0 to 9999", year, text)
	}
	return t, nil
}

// String shows v to people: strings quoted, bytes in base64, times in RFC 3339.
func (v Value) String() string {
	switch v.kind {
	case Absent:
		return "absent"
	case Null:
		return "null"
	case Bool:
		return strconv.FormatBool(v.Bool())
	case Int:
		return strconv.FormatInt(v.Int(), 10)
	case Uint:
		return strconv.FormatUint(v.num, 10)
	case Float:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case String:
		return strconv.Quote(v.str)
	case Bytes:
		return "base64:" + base64.StdEncoding.EncodeToString([]byte(v.str))
	case Time:
		return v.Time().Format(time.RFC3339Nano)
	}
	return v.str
}

// MarshalJSON shows v to machines: bytes in base64, times in RFC 3339, floats
// that JSON lacks as strings; an absent value is null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case Absent, Null:
		return []byte("null"), nil
	case Float:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return json.Marshal(v.String())
		}
		return json.Marshal(v.Float())
	case String:
		return marshalJSON(v.str)
	case Bytes:
		return json.Marshal([]byte(v.str))
	case Time:
		return json.Marshal(v.Time().Format(time.RFC3339Nano))
	case JSON:
		if !json.Valid([]byte(v.str)) {
			return marshalJSON(v.str)
		}
		return []byte(v.str), nil
	}
	return []byte(v.String()), nil
}

// marshalJSON leaves <, > and & as they are: reports are read by people too.
func marshalJSON(s string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// Fit turns v into the form that a field of kind k, nullable or not, stores:
// a lossless conversion such as Int to Uint where the number allows it. What
// does not fit is an error that says so, and v is left for the report.
func (v Value) Fit(k Kind, null bool) (Value, error) {
	switch {
	case v.kind == k:
		if k == JSON && !json.Valid([]byte(v.str)) {
			return Value{}, fmt.Errorf("the stored text is not JSON: %s", shorten(v.str))
		}
		return v, nil
	case v.kind == Null && null, v.kind == Absent:
		return v, nil
	case v.kind == Int && k == Uint && v.Int() >= 0:
		return UintValue(v.num), nil
	case v.kind == Uint && k == Int && v.num <= math.MaxInt64:
		return IntValue(int64(v.num)), nil
	case v.kind == Int && k == Float && int64(float64(v.Int())) == v.Int():
		return FloatValue(float64(v.Int())), nil
	case v.kind == Int && k == Bool && (v.num == 0 || v.num == 1):
		return BoolValue(v.num == 1), nil
	case v.kind == String && k == Time:
		t, err := ParseTime(v.str)
		if err != nil {
			return Value{}, fmt.Errorf("%s is not a time in RFC 3339", shorten(v.String()))
		}
		return TimeValue(t), nil
	case v.kind == String && k == JSON && json.Valid([]byte(v.str)):
		return JSONValue(v.str), nil
	case v.kind == String && k == Bytes:
		return Value{kind: Bytes, str: v.str}, nil
	}
	return Value{}, fmt.Errorf("a %s (%s) where a %s belongs", v.kind, shorten(v.String()), k)
}

// shorten keeps messages to a line.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
