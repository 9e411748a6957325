package model

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/resetgen/resetgen/runtime/stamp"
)

// The binary forms below are what stores write into files and must stay
// readable for ever. All integers are varints of encoding/binary; a value is
// its kind and then its content; lists and strings are preceded by their
// length. Decoders accept any bytes and answer what is not a valid form with an
// error that wraps ErrDecode.

// ErrDecode is wrapped by every error about stored bytes that make no sense.
var ErrDecode = errors.New("damaged stored bytes")

// AppendValue appends the binary form of v to b.
func AppendValue(b []byte, v Value) []byte {
	b = append(b, byte(v.kind))
	switch v.kind {
	case Bool, Uint:
		b = binary.AppendUvarint(b, v.num)
	case Int:
		b = binary.AppendVarint(b, v.Int())
	case Float:
		b = binary.BigEndian.AppendUint64(b, v.num)
	case Time:
		b = binary.AppendVarint(b, int64(v.num))
		b = binary.AppendUvarint(b, uint64(v.nsec))
	case String, Bytes, JSON:
		b = appendString(b, v.str)
	}
	return b
}

// AppendEntry appends the binary form of what changed, e without its model and
// key, which stores keep in columns of their own, to b.
func AppendEntry(b []byte, e *Entry) []byte {
	b = appendChanges(append(b, entryFormat), e)
	b = appendString(b, e.Refused)
	if e.Sent == nil {
		return append(b, 0)
	}
	b = appendChanges(append(b, 1), e.Sent.Entry)
	b = appendNamed(b, e.Sent.Row)
	if e.Sent.Since == nil {
		return append(b, 0)
	}
	return appendChanges(append(b, 1), e.Sent.Since)
}

// appendChanges appends the part of an entry that describes the changes.
func appendChanges(b []byte, e *Entry) []byte {
	b = append(b, byte(e.Change))
	b = binary.AppendUvarint(b, e.Seq)
	b = binary.AppendUvarint(b, uint64(e.Stamp))
	b = binary.AppendUvarint(b, uint64(len(e.Fields)))
	for i := range e.Fields {
		f := &e.Fields[i]
		b = appendString(b, f.Name)
		b = binary.AppendUvarint(b, f.Seq)
		b = binary.AppendUvarint(b, uint64(f.Stamp))
		flags := byte(0)
		if f.Touched {
			flags |= flagTouched
		}
		if f.Held {
			flags |= flagHeld
		}
		b = append(b, flags)
		b = AppendValue(b, f.Base)
	}
	return appendNamed(b, e.Base)
}

// entryFormat is the first byte of an entry.
const entryFormat = 1

// The flags of a field's change.
const (
	flagTouched = 1 << iota
	flagHeld
)

// DecodeEntry reads what AppendEntry wrote into e.
func DecodeEntry(b []byte, e *Entry) error {
	d := decoder{rest: b}
	if format := d.byte(); d.err == nil && format != entryFormat {
		d.fail("entry format %d is not known to this version", format)
	}
	d.changes(e)
	e.Refused = d.string()
	if e.Sent = nil; d.flag() {
		e.Sent = &Sent{Entry: d.part(e)}
		e.Sent.Row = d.named()
		if d.flag() {
			e.Sent.Since = d.part(e)
		}
	}
	if d.err == nil && e.Change == 0 && e.Sent == nil {
		d.fail("an entry without a change")
	}
	return d.end("entry")
}

// AppendListed appends the binary form of an entry with its model and key, as one of a
// list of entries, to b.
func AppendListed(b []byte, e *Entry) []byte {
	b = appendString(b, e.Model)
	b = AppendValue(b, e.Key)
	return appendString(b, string(AppendEntry(nil, e)))
}

// DecodeList reads the entries that AppendListed has appended one after the other.
func DecodeList(b []byte) ([]*Entry, error) {
	var list []*Entry
	for d := (decoder{rest: b}); len(d.rest) > 0; {
		e := &Entry{Model: d.string(), Key: d.value()}
		form := d.string()
		if d.err != nil {
			return nil, d.err
		}
		if err := DecodeEntry([]byte(form), e); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// part reads an entry inside of the entry of the same object.
func (d *decoder) part(of *Entry) *Entry {
	e := &Entry{Model: of.Model, Key: of.Key}
	if d.changes(e); d.err == nil && e.Change == 0 {
		d.fail("an entry without a change")
	}
	return e
}

// changes reads the part of an entry that describes the changes.
func (d *decoder) changes(e *Entry) {
	if e.Change = Change(d.byte()); e.Change > Recreated {
		d.fail("there is no kind of change %d", e.Change)
	}
	e.Seq = d.uvarint()
	e.Stamp = stamp.Stamp(d.uvarint())
	n := d.count()
	e.Fields = make([]FieldChange, 0, n)
	for range n {
		f := FieldChange{Name: d.string(), Seq: d.uvarint(), Stamp: stamp.Stamp(d.uvarint())}
		flags := d.byte()
		if flags > flagTouched|flagHeld {
			d.fail("the flags of a field are %d", flags)
		}
		f.Touched, f.Held = flags&flagTouched != 0, flags&flagHeld != 0
		f.Base = d.value()
		e.Fields = append(e.Fields, f)
	}
	e.Base = d.named()
}

// flag reads a yes or no.
func (d *decoder) flag() bool {
	b := d.byte()
	if b > 1 {
		d.fail("a yes or no is %d", b)
	}
	return b == 1
}

// DecodeValue reads what AppendValue wrote.
func DecodeValue(b []byte) (Value, error) {
	d := decoder{rest: b}
	v := d.value()
	return v, d.end("value")
}

// MarshalBinary gives the form of AppendValue.
func (v Value) MarshalBinary() ([]byte, error) { return AppendValue(nil, v), nil }

// UnmarshalBinary reads the form of AppendValue.
func (v *Value) UnmarshalBinary(b []byte) (err error) {
	*v, err = DecodeValue(b)
	return err
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendNamed(b []byte, values []Named) []byte {
	b = binary.AppendUvarint(b, uint64(len(values)))
	for _, v := range values {
		b = appendString(b, v.Name)
		b = AppendValue(b, v.Value)
	}
	return b
}

// decoder reads binary forms; after an error every read gives a zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrDecode, fmt.Sprintf(format, args...))
		d.rest = nil
	}
}

func (d *decoder) end(what string) error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes follow the end of the %s", len(d.rest), what)
	}
	return d.err
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail("cut short")
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail("not a whole number")
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) varint() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.fail("not a whole number")
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// count reads the length of a list, each element of which takes a byte or more,
// so that damaged bytes cannot ask for more memory than they have content.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail("a list of %d elements in %d bytes", n, len(d.rest))
		return 0
	}
	return int(n)
}

func (d *decoder) string() string {
	n := d.count()
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) value() Value {
	v := Value{kind: Kind(d.byte())}
	switch v.kind {
	case Absent, Null:
	case Bool:
		if v.num = d.uvarint(); v.num > 1 {
			d.fail("a bool of %d", v.num)
		}
	case Uint:
		v.num = d.uvarint()
	case Int:
		v.num = uint64(d.varint())
	case Float:
		if len(d.rest) < 8 {
			d.fail("cut short")
			break
		}
		v = FloatValue(math.Float64frombits(binary.BigEndian.Uint64(d.rest)))
		d.rest = d.rest[8:]
	case Time:
		v.num = uint64(d.varint())
		nsec := d.uvarint()
		if nsec > 999_999_999 {
			d.fail("%d nanoseconds in a second", nsec)
		}
		v.nsec = uint32(nsec)
	case String, Bytes:
		v.str = d.string()
	case JSON:
		if v.str = d.string(); !json.Valid([]byte(v.str)) {
			v.kind = String // as it is where a table has such text: what somebody gave is told, and fits nowhere
		}
	default:
		d.fail("there is no kind of value %d", v.kind)
	}
	if d.err != nil {
		return Value{}
	}
	return v
}

func (d *decoder) named() []Named {
	n := d.count()
	if n == 0 {
		return nil
	}
	values := make([]Named, 0, n)
	for range n {
		values = append(values, Named{Name: d.string(), Value: d.value()})
	}
	return values
}

// PackStamps is the binary form of a row's stamps per field: for each field how
// much older it is than newest, plus one, and zero for never. Fields written
// together with the newest cost a byte each. Fields are told by position, so
// the caller keeps the order of the names.
func PackStamps(b []byte, newest stamp.Stamp, stamps []stamp.Stamp) []byte {
	for len(stamps) > 0 && stamps[len(stamps)-1] == 0 {
		stamps = stamps[:len(stamps)-1]
	}
	for _, s := range stamps {
		if s == 0 {
			b = append(b, 0)
		} else {
			b = binary.AppendUvarint(b, uint64(newest-s)+1)
		}
	}
	return b
}

// UnpackStamps reads what PackStamps wrote into dst, whose content it replaces.
func UnpackStamps(dst []stamp.Stamp, b []byte, newest stamp.Stamp) ([]stamp.Stamp, error) {
	dst = slices.Grow(dst[:0], len(b))
	d := decoder{rest: b}
	for len(d.rest) > 0 {
		older := d.uvarint()
		switch {
		case d.err != nil:
		case older == 0:
			dst = append(dst, 0)
		case older-1 >= uint64(newest):
			d.fail("a field %d older than its object's stamp %d", older-1, uint64(newest))
		default:
			dst = append(dst, newest-stamp.Stamp(older-1))
		}
	}
	return dst, d.err
}
