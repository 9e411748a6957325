package boltstore

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
)

// How bbolt lays out a file, version 2, in the byte order of the machine: pages of
// one size, each with a header; the first two hold a meta each, of which the one
// with the larger number of a transaction counts.
const (
	magic   = 0xED0CDAED
	version = 2

	minPageSize = 1 << 10
	maxPageSize = 1 << 24

	pageHeaderSize   = 16 // id, flags, count, overflow
	elementSize      = 16
	bucketHeaderSize = 16 // root, sequence
	metaSize         = 64
	metaSummed       = 56 // what the checksum of a meta covers

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketElement = 0x01 // the flag of an element of a leaf that is a bucket

	noFreelist = 1<<64 - 1
)

var order = binary.NativeEndian

// meta is where everything else in the file is found.
type meta struct {
	magic, version, pageSize uint32
	root, freelist, end      uint64 // end is the page after the last
	txid                     uint64
	sound                    bool // its checksum matches
}

// parseMeta reads the meta of a page.
func parseMeta(page []byte) meta {
	b := page[pageHeaderSize : pageHeaderSize+metaSize]
	h := fnv.New64a()
	h.Write(b[:metaSummed])
	return meta{
		magic: order.Uint32(b), version: order.Uint32(b[4:]), pageSize: order.Uint32(b[8:]),
		root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]), end: order.Uint64(b[40:]), txid: order.Uint64(b[48:]),
		sound: h.Sum64() == order.Uint64(b[metaSummed:]),
	}
}

// element is an element of a page: of a branch the first key in the page of a
// child, of a leaf a record or a bucket.
type element struct {
	child      uint64
	bucket     bool
	key, value []byte
}

// elements reads the elements of a branch or a leaf. bbolt writes their content
// one after the other without a gap; anything else is damage. It also tells how
// much of the page they take. The list is reused.
func elements(list []element, page []byte, flags, count uint16) (_ []element, size int, err error) {
	at := pageHeaderSize + int(count)*elementSize
	if at > len(page) {
		return nil, 0, errors.New("its elements do not fit")
	}
	list = list[:0]
	for i := range int(count) {
		start := pageHeaderSize + i*elementSize
		head := page[start:]
		var e element
		var pos, keySize, valueSize uint32
		if flags == branchPage {
			pos, keySize = order.Uint32(head), order.Uint32(head[4:])
			e.child = order.Uint64(head[8:])
		} else {
			if f := order.Uint32(head); f > bucketElement {
				return nil, 0, errors.New("an element is of no known kind")
			} else {
				e.bucket = f == bucketElement
			}
			pos, keySize, valueSize = order.Uint32(head[4:]), order.Uint32(head[8:]), order.Uint32(head[12:])
		}
		if int64(start)+int64(pos) != int64(at) || keySize == 0 || int64(at)+int64(keySize)+int64(valueSize) > int64(len(page)) {
			return nil, 0, errors.New("an element is not where it should be")
		}
		e.key = page[at : at+int(keySize)]
		at += int(keySize)
		e.value = page[at : at+int(valueSize)]
		at += int(valueSize)
		list = append(list, e)
	}
	return list, at, nil
}
