package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/resetgen/resetgen/runtime/store"
)

// verify looks over a file that nobody writes to: whether bbolt can rely on its
// pages, and whether every record is what was written. bbolt has a check of its
// own, which a damaged file makes crash the process like any other reading.
//
// Its error wraps store.ErrNotAStore where the file is sound as far as that can be
// told and is not a store, and store.ErrCorrupt otherwise.
func verify(ctx context.Context, f io.ReaderAt, size int64) error {
	v := &verifier{ctx: ctx, file: f}
	buckets, err := v.buckets(size)
	if err != nil {
		return err
	}
	for _, b := range buckets {
		if err := v.bucket(b); err != nil {
			return err
		}
	}
	return v.rest()
}

// verifier walks through a file.
type verifier struct {
	ctx      context.Context
	file     io.ReaderAt
	pageSize int64
	meta     meta
	seen     []bool // by page
	spare    []frame
}

// frame is what the walk needs of each page that it is in.
type frame struct {
	page []byte
	list []element
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", store.ErrCorrupt, fmt.Sprintf(format, args...))
}

// metas reads both headers. bbolt is content with one, and takes the one of the
// commit before for the newest: what was written last would be gone unnoticed.
func (v *verifier) metas(size int64) error {
	first := make([]byte, minPageSize)
	if _, err := v.file.ReadAt(first, 0); err != nil {
		return readError(0, err)
	}
	m := parseMeta(first)
	switch {
	case m.magic != magic || !m.sound:
		return corrupt("its first header is damaged")
	case m.version != version:
		return fmt.Errorf("%w: it is in version %d of bbolt's format, not %d", store.ErrNotAStore, m.version, version)
	case m.pageSize < minPageSize || m.pageSize > maxPageSize || m.pageSize&(m.pageSize-1) != 0:
		return corrupt("its pages have %d bytes", m.pageSize)
	}
	v.pageSize = int64(m.pageSize)
	second := make([]byte, minPageSize)
	if _, err := v.file.ReadAt(second, v.pageSize); err != nil {
		return readError(1, err)
	}
	n := parseMeta(second)
	if n.magic != magic || !n.sound || n.version != version || n.pageSize != m.pageSize {
		return corrupt("its second header is damaged")
	}
	v.meta = m
	if n.txid > m.txid {
		v.meta = n
	}
	if v.meta.end < 4 || v.meta.end > uint64(size/v.pageSize) {
		return corrupt("it should have %d pages of %d bytes, and has %d bytes", v.meta.end, v.pageSize, size)
	}
	v.seen = make([]bool, v.meta.end)
	v.seen[0], v.seen[1] = true, true
	return nil
}

// readError says what it means that a page could not be read.
func readError(page uint64, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return corrupt("it ends before page %d does", page)
	}
	return fmt.Errorf("reading page %d: %w", page, err)
}

// page reads a page with all that overflows from it. Each page is in use once.
// The buffer is reused.
func (v *verifier) page(buffer []byte, id uint64) (content []byte, flags, count uint16, err error) {
	if err := context.Cause(v.ctx); err != nil {
		return nil, 0, 0, err
	}
	if id < 2 || id >= v.meta.end {
		return nil, 0, 0, corrupt("page %d does not exist", id)
	}
	content = slices.Grow(buffer[:0], int(v.pageSize))[:v.pageSize]
	if _, err := v.file.ReadAt(content, int64(id)*v.pageSize); err != nil {
		return nil, 0, 0, readError(id, err)
	}
	flags, count = order.Uint16(content[8:]), order.Uint16(content[10:])
	last := id + uint64(order.Uint32(content[12:]))
	if order.Uint64(content) != id || last >= v.meta.end {
		return nil, 0, 0, corrupt("page %d is not what it should be", id)
	}
	for p := id; p <= last; p++ {
		if v.seen[p] {
			return nil, 0, 0, corrupt("page %d is in use twice", p)
		}
		v.seen[p] = true
	}
	if last > id {
		content = append(content, make([]byte, int64(last-id)*v.pageSize)...)
		if _, err := v.file.ReadAt(content[v.pageSize:], int64(id+1)*v.pageSize); err != nil {
			return nil, 0, 0, readError(id+1, err)
		}
	}
	return content, flags, count, nil
}

// tree walks through the pages of a bucket from page id on, and hands each element
// of its leaves to use. Its keys are not below from and, unless it is nil, below
// to. An element is valid until use returns.
func (v *verifier) tree(id uint64, from, to []byte, use func(e element) error) error {
	var f frame
	if n := len(v.spare); n > 0 {
		f, v.spare = v.spare[n-1], v.spare[:n-1]
	}
	page, flags, count, err := v.page(f.page, id)
	if err != nil {
		return err
	}
	if flags != branchPage && flags != leafPage {
		return corrupt("page %d is of the kind %#x where there should be keys", id, flags)
	}
	list, _, err := elements(f.list, page, flags, count)
	if err == nil {
		err = inOrder(list, from, to)
	}
	if err != nil {
		return corrupt("page %d: %v", id, err)
	}
	if len(list) == 0 && id != v.meta.root {
		return corrupt("page %d is empty", id) // bbolt writes none
	}
	for i, e := range list {
		if flags == leafPage {
			err = use(e)
		} else {
			next := to
			if i+1 < len(list) {
				next = list[i+1].key
			}
			err = v.tree(e.child, e.key, next, use)
		}
		if err != nil {
			return err
		}
	}
	v.spare = append(v.spare, frame{page, list})
	return nil
}

// inOrder tells whether the keys rise, and are not below from and below to.
func inOrder(list []element, from, to []byte) error {
	for i, e := range list {
		if i == 0 && bytes.Compare(e.key, from) < 0 || i > 0 && bytes.Compare(e.key, list[i-1].key) <= 0 || to != nil && bytes.Compare(e.key, to) >= 0 {
			return fmt.Errorf("its key %d is out of order", i)
		}
	}
	return nil
}

// buckets lists the buckets of a store.
func (v *verifier) buckets(size int64) (list []element, err error) {
	if err := v.metas(size); err != nil {
		return nil, err
	}
	err = v.tree(v.meta.root, nil, nil, func(e element) error {
		e.key, e.value = bytes.Clone(e.key), bytes.Clone(e.value)
		list = append(list, e)
		return nil
	})
	if err == nil && !slices.ContainsFunc(list, func(e element) bool { return string(e.key) == markBucket }) {
		err = fmt.Errorf("%w: it is another program's file of bbolt", store.ErrNotAStore)
	}
	return list, err
}

// bucket walks through the records of a bucket. A small one lies in its own
// element, in the form of a page.
func (v *verifier) bucket(b element) error {
	name := string(b.key)
	if !b.bucket || len(b.value) < bucketHeaderSize {
		return corrupt("%q is not a bucket", name)
	}
	salt := salt(name)
	record := func(e element) error {
		if e.bucket {
			return corrupt("there is a bucket in the bucket %q", name)
		}
		if _, ok := unseal(salt, e.key, e.value); !ok {
			return corrupt("a record in %s does not match its checksum", name)
		}
		return nil
	}
	if root := order.Uint64(b.value); root != 0 {
		if len(b.value) > bucketHeaderSize {
			return corrupt("the bucket %q lies in two places", name)
		}
		return v.tree(root, nil, nil, record)
	}
	page := b.value[bucketHeaderSize:]
	if len(page) < pageHeaderSize || order.Uint16(page[8:]) != leafPage {
		return corrupt("the bucket %q has no content", name)
	}
	list, size, err := elements(nil, page, leafPage, order.Uint16(page[10:]))
	if err == nil {
		err = inOrder(list, nil, nil)
	}
	if err != nil || size != len(page) {
		return corrupt("the bucket %q: its content makes no sense", name)
	}
	for _, e := range list {
		if err := record(e); err != nil {
			return err
		}
	}
	return nil
}

// rest tells whether the pages that are not in use are those that bbolt takes for
// free: it writes to these.
func (v *verifier) rest() error {
	if v.meta.freelist == noFreelist { // another program has written to the store; bbolt will look for them
		return nil
	}
	id := v.meta.freelist
	page, flags, count, err := v.page(nil, id)
	if err != nil {
		return err
	}
	if flags != freelistPage {
		return corrupt("page %d is of the kind %#x where the free pages should be listed", id, flags)
	}
	ids, n := page[pageHeaderSize:], uint64(count)
	if count == 0xffff { // the number itself does not fit
		n, ids = order.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		return corrupt("the list of free pages is longer than its page")
	}
	for i := range n {
		free := order.Uint64(ids[8*i:])
		if free >= v.meta.end || v.seen[free] {
			return corrupt("page %d is free and in use", free)
		}
		v.seen[free] = true
	}
	if lost := slices.Index(v.seen, false); lost >= 0 {
		return corrupt("page %d is neither free nor in use", lost)
	}
	return nil
}
