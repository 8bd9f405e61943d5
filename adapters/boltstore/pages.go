package boltstore

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// The layout of a bbolt file, from go.etcd.io/bbolt/internal/common of v1.5.0.
// Numbers are in the order of the machine.
const (
	pageHeader  = 16 // ID, flags, count, overflow
	elementSize = 16
	bucketSize  = 16 // root page and sequence, before the page of an inline bucket
	metaSize    = 64
	metaMagic   = 0xED0CDAED
	metaVersion = 2

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketLeaf   = 0x01

	noFreelist = ^uint64(0)
	manyFree   = 0xFFFF // The count is in the first element then.

	smallestPage, largestPage = 1 << 10, 1 << 24
	// largestFile bounds numbers that are to be multiplied, far beyond any file.
	largestFile = 1 << 38
)

// pages walks through a bbolt file without mapping it.
//
// bbolt follows numbers of pages and lengths wherever they lead, and what it
// finds outside of the file is a fault that ends the process, in its check as
// well. So nothing is opened with bbolt before it has been read like this.
type pages struct {
	r    io.ReaderAt
	size uint64 // of a page
	high uint64 // the first page that is not in use
	root uint64
	free uint64
	tx   uint64 // the transaction that wrote the meta
	seen []bool
}

// checkPages returns ErrDamaged unless the pages of a bbolt file of length bytes
// hold together; if whole is false, only what bbolt itself reads on opening is
// looked at.
func checkPages(r io.ReaderAt, length int64, whole bool) error {
	p, err := readMeta(r, length)
	if err != nil {
		return err
	}
	if p.high*p.size > uint64(length) { //nolint:gosec // Not negative.
		return fmt.Errorf("%w (it has %d bytes of at least %d)", ErrDamaged, length, p.high*p.size)
	}
	p.seen = make([]bool, p.high)
	p.seen[0], p.seen[1] = true, true
	if p.free != noFreelist {
		if err := p.freelist(); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	for next := []uint64{p.root}; len(next) > 0; {
		last := len(next) - 1
		below, err := p.read(next[last])
		if err != nil {
			return err
		}
		next = append(next[:last], below...)
	}
	return nil
}

// readMeta finds the newer of the two metas, as bbolt does.
func readMeta(r io.ReaderAt, length int64) (p pages, err error) {
	newest, ok := metaAt(r, 0)
	if ok {
		second, ok := metaAt(r, int64(newest.size)) //nolint:gosec // 32 bits.
		if ok && second.size != newest.size {       // bbolt would take the one's size and the other's pages.
			return p, fmt.Errorf("%w (its two beginnings differ)", ErrDamaged)
		}
		if ok && second.tx > newest.tx {
			newest = second
		}
	}
	for at := int64(smallestPage); !ok && at <= largestPage && at < length-smallestPage; at *= 2 {
		newest, ok = metaAt(r, at)
		ok = ok && int64(newest.size) == at //nolint:gosec // 32 bits.
	}
	if !ok {
		return p, fmt.Errorf("%w (it has no valid beginning)", ErrDamaged)
	}
	if !newest.sensible(uint64(length)) { //nolint:gosec // Not negative.
		return p, fmt.Errorf("%w (its beginning makes no sense)", ErrDamaged)
	}
	return newest, nil
}

// sensible reports whether the numbers of a meta can be those of a file of about
// length bytes.
func (p *pages) sensible(length uint64) bool {
	within := func(id uint64) bool { return id >= 2 && id < p.high }
	return p.size >= smallestPage && p.size <= largestPage && p.size&(p.size-1) == 0 &&
		p.high >= 2 && p.high < largestFile && p.high*p.size < length+largestFile &&
		within(p.root) && (p.free == noFreelist || within(p.free))
}

// metaAt reads the meta of a page that begins at an offset.
func metaAt(r io.ReaderAt, at int64) (p pages, ok bool) {
	b := make([]byte, metaSize)
	if _, err := r.ReadAt(b, at+pageHeader); err != nil || !validMeta(b) {
		return p, false
	}
	return pages{
		r: r, size: uint64(binary.NativeEndian.Uint32(b[8:])),
		root: number(b[16:]), free: number(b[32:]), high: number(b[40:]), tx: number(b[48:]),
	}, true
}

func validMeta(b []byte) bool {
	h := fnv.New64a()
	_, _ = h.Write(b[:metaSize-8])
	return binary.NativeEndian.Uint32(b) == metaMagic && binary.NativeEndian.Uint32(b[4:]) == metaVersion &&
		h.Sum64() == number(b[metaSize-8:])
}

func number(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

// load returns a page with its overflow, none of which may have been met before.
func (p *pages) load(id uint64) (b []byte, flags, count uint16, err error) {
	damaged := fmt.Errorf("%w (page %d)", ErrDamaged, id)
	if id < 2 || id >= p.high {
		return nil, 0, 0, damaged
	}
	head := make([]byte, pageHeader)
	at := int64(id * p.size) //nolint:gosec // Within the file.
	if _, err := p.r.ReadAt(head, at); err != nil {
		return nil, 0, 0, fmt.Errorf("read page %d: %w", id, err)
	}
	more := uint64(binary.NativeEndian.Uint32(head[12:]))
	if number(head) != id || id+more >= p.high {
		return nil, 0, 0, damaged
	}
	for n := id; n <= id+more; n++ {
		if p.seen[n] {
			return nil, 0, 0, damaged
		}
		p.seen[n] = true
	}
	b = make([]byte, (1+more)*p.size)
	if _, err := p.r.ReadAt(b, at); err != nil {
		return nil, 0, 0, fmt.Errorf("read page %d: %w", id, err)
	}
	return b, binary.NativeEndian.Uint16(b[8:]), binary.NativeEndian.Uint16(b[10:]), nil
}

// freelist checks the list of free pages.
func (p *pages) freelist() error {
	b, flags, count, err := p.load(p.free)
	if err != nil {
		return err
	}
	ids, n := b[pageHeader:], uint64(count)
	if count == manyFree {
		ids, n = ids[8:], number(ids)
	}
	if flags != freelistPage || n > uint64(len(ids)/8) {
		return fmt.Errorf("%w (its list of free pages)", ErrDamaged)
	}
	for i := range n {
		id := number(ids[8*i:])
		if id < 2 || id >= p.high || p.seen[id] {
			return fmt.Errorf("%w (its list of free pages)", ErrDamaged)
		}
		p.seen[id] = true
	}
	return nil
}

// read checks a page of a tree, and returns the pages it leads to.
func (p *pages) read(id uint64) (below []uint64, err error) {
	b, flags, count, err := p.load(id)
	if err != nil {
		return nil, err
	}
	ok := false
	switch flags {
	case branchPage:
		below, ok = branch(b, int(count))
	case leafPage:
		below, ok = leaf(b, int(count), false)
	}
	if !ok {
		return nil, fmt.Errorf("%w (page %d)", ErrDamaged, id)
	}
	return below, nil
}

// branch returns the pages below a branch page; ok is false if it is damaged.
func branch(b []byte, count int) (below []uint64, ok bool) {
	if count == 0 || pageHeader+count*elementSize > len(b) {
		return nil, false
	}
	for i := range count {
		at := pageHeader + i*elementSize
		e := b[at:]
		start, key := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:])
		if uint64(at)+uint64(start)+uint64(key) > uint64(len(b)) {
			return nil, false
		}
		below = append(below, number(e[8:]))
	}
	return below, true
}

// leaf returns the roots of the buckets on a leaf page; ok is false if it is
// damaged. An inline bucket, a leaf page within a value, has none in it.
func leaf(b []byte, count int, inline bool) (below []uint64, ok bool) {
	if pageHeader+count*elementSize > len(b) {
		return nil, false
	}
	for i := range count {
		at := pageHeader + i*elementSize
		e := b[at:]
		start := uint64(at) + uint64(binary.NativeEndian.Uint32(e[4:])) + uint64(binary.NativeEndian.Uint32(e[8:]))
		end := start + uint64(binary.NativeEndian.Uint32(e[12:]))
		if end > uint64(len(b)) {
			return nil, false
		}
		switch flags := binary.NativeEndian.Uint32(e); {
		case flags == 0:
		case flags != bucketLeaf || inline:
			return nil, false
		default:
			root, ok := bucketRoot(b[start:end])
			if !ok {
				return nil, false
			}
			below = append(below, root...)
		}
	}
	return below, true
}

// bucketRoot returns the root page of a bucket, none for an inline one.
func bucketRoot(v []byte) (root []uint64, ok bool) {
	if len(v) < bucketSize {
		return nil, false
	}
	if id := number(v); id != 0 {
		return []uint64{id}, true
	}
	v = v[bucketSize:]
	if len(v) < pageHeader || binary.NativeEndian.Uint16(v[8:]) != leafPage {
		return nil, false
	}
	_, ok = leaf(v, int(binary.NativeEndian.Uint16(v[10:])), true)
	return nil, ok
}
