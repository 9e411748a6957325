package boltstore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/stamp"
	"github.com/resetgen/resetgen/runtime/store"
)

// sealSize is the length of the checksum that every record ends in.
const sealSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// salt is what the checksums of a bucket's records begin with. The bucket is part
// of them: a page that belongs to another one, or did once, is as sound as any by
// itself.
func salt(bucket string) uint32 {
	return crc32.Checksum([]byte(bucket+"\x00"), castagnoli) // no bucket has a zero in its name
}

// sum is the checksum of a record.
func sum(salt uint32, key, content []byte) uint32 {
	return crc32.Update(crc32.Update(salt, castagnoli, key), castagnoli, content)
}

// seal appends its checksum to the content of a record.
func seal(salt uint32, key, content []byte) []byte {
	return binary.BigEndian.AppendUint32(content, sum(salt, key, content))
}

// unseal is the content of a record, which is part of sealed, and whether it
// matches its checksum.
func unseal(salt uint32, key, sealed []byte) (content []byte, ok bool) {
	n := len(sealed) - sealSize
	if n < 0 || binary.BigEndian.Uint32(sealed[n:]) != sum(salt, key, sealed[:n]) {
		return nil, false
	}
	return sealed[:n:n], true
}

// object is an object as it is stored.
type object struct {
	key    model.Value
	values []model.Value // by place
	stamp  stamp.Stamp
	stamps []stamp.Stamp // by place; nil unless each field has one
}

// encode is the content of an object's record. The key's place is left empty.
func (o *object) encode(keyPlace int) []byte {
	b := binary.AppendUvarint(make([]byte, 0, 16+12*len(o.values)), uint64(o.stamp))
	var few [64]byte
	packed := model.PackStamps(few[:0], o.stamp, o.stamps)
	b = binary.AppendUvarint(b, uint64(len(packed)))
	b = append(b, packed...)
	var value []byte
	for p, v := range o.values {
		value = value[:0]
		if p != keyPlace && !v.IsAbsent() {
			value = model.AppendValue(value, v)
		}
		b = binary.AppendUvarint(b, uint64(len(value)))
		b = append(b, value...)
	}
	return b
}

// decodeObject reads what encode wrote, of a model that has as many fields. Its
// error wraps model.ErrDecode.
func decodeObject(b []byte, key model.Value, m *store.CatalogModel) (*object, error) {
	at, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, fmt.Errorf("%w: no stamp", model.ErrDecode)
	}
	packed, b, err := cut(b[n:])
	if err != nil {
		return nil, err
	}
	o := &object{key: key, stamp: stamp.Stamp(at), values: make([]model.Value, len(m.Fields))}
	if m.Track == model.TrackField {
		if o.stamps, err = model.UnpackStamps(nil, packed, o.stamp); err != nil {
			return nil, err
		}
	}
	for p := range o.values {
		var value []byte
		if value, b, err = cut(b); err != nil {
			return nil, err
		}
		if len(value) == 0 {
			continue
		}
		if o.values[p], err = model.DecodeValue(value); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Fields[p].Name, err)
		}
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d bytes follow the last field", model.ErrDecode, len(b))
	}
	o.values[m.Key] = key
	return o, nil
}

// cut splits off the first part of b, which is preceded by its length.
func cut(b []byte) (part, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, fmt.Errorf("%w: cut short", model.ErrDecode)
	}
	return b[n : n+int(size)], b[n+int(size):], nil
}

// row is the object as transactions hand it out.
func (o *object) row(l *store.ModelLayout) *model.Row {
	stamps := o.stamps
	if stamps == nil && l.Was.Track == model.TrackObject {
		stamps = l.Spread(o.stamp)
	}
	return l.Row(o.values, o.stamp, stamps)
}
