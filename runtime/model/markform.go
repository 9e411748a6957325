package model

import "encoding/binary"

// markFormat is the first byte of a mark.
const markFormat = 1

// AppendMark appends the binary form of m to b. One that no backend can mean, with less
// than no chunks done, is refused by DecodeMark.
func AppendMark(b []byte, m *Mark) []byte {
	b = appendString(append(b, markFormat), m.Client)
	b = binary.AppendUvarint(b, m.Epoch)
	b = binary.AppendUvarint(b, m.N)
	b = appendString(b, m.Nonce)
	b = binary.AppendUvarint(b, uint64(m.Done))
	b = binary.AppendUvarint(b, uint64(len(m.Refused)))
	for _, r := range m.Refused {
		b = appendString(AppendValue(appendString(b, r.Model), r.Key), r.Reason)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Conflicts)))
	for _, c := range m.Conflicts {
		b = AppendValue(appendString(b, c.Model), c.Key)
	}
	return b
}

// DecodeMark reads what AppendMark wrote.
func DecodeMark(b []byte) (Mark, error) {
	d := decoder{rest: b}
	if format := d.byte(); d.err == nil && format != markFormat {
		d.fail("mark format %d is not known to this version", format)
	}
	m := Mark{Client: d.string(), Epoch: d.uvarint(), N: d.uvarint(), Nonce: d.string()}
	done := d.uvarint()
	if m.Done = int(done); done > 1<<31-1 {
		d.fail("a mark of %d chunks", done)
	}
	for range d.count() {
		m.Refused = append(m.Refused, Refusal{Model: d.string(), Key: d.value(), Reason: d.string()})
	}
	for range d.count() {
		m.Conflicts = append(m.Conflicts, ObjectKey{Model: d.string(), Key: d.value()})
	}
	if err := d.end("mark"); err != nil {
		return Mark{}, err
	}
	return m, nil
}
