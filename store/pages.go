package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt's file, as far as reading needs it (internal/common in bbolt: page.go,
// meta.go, bucket.go, inode.go). Numbers are in the byte order of the machine that wrote.
const (
	boltMagic   = 0xed0cdaed
	boltVersion = 2

	pageHeaderSize  = 16 // id u64, flags u16, count u16, overflow u32
	elementSize     = 16 // branch: pos, ksize u32, page u64; leaf: flags, pos, ksize, vsize u32
	bucketHeader    = 16 // root page u64, sequence u64
	metaSize        = 64
	metaSum         = 56
	branchPage      = 0x01
	leafPage        = 0x02
	metaPage        = 0x04
	freelistPage    = 0x10
	bucketElement   = 0x01
	noFreelist      = ^uint64(0)
	maxDepth        = 16
	maxKey          = 32768
	minBoltPageSize = 1024
	maxBoltPageSize = 1 << 24
)

var order = binary.NativeEndian

// boltMeta is one valid meta page.
type boltMeta struct {
	pageSize int64
	root     uint64
	freelist uint64
	limit    uint64 // one more than the last page in use
	txid     uint64
}

// pages reads a bbolt file without believing it.
type pages struct {
	file io.ReaderAt
	size int64
	boltMeta
	damaged int // how many of the two meta pages are not valid
	cache   [64]page
	scratch [16]byte
}

// page is the start of one page, or the whole of an inline one.
type page struct {
	id     uint64
	off    int64  // of the page in the file
	extent int64  // bytes that it occupies, overflow included
	buf    []byte // the first of them
	leaf   bool
	count  int
}

// bucket is where the tree of one bucket begins.
type bucket struct {
	root   uint64
	inline []byte // the only page, where root is 0
}

// entry is one key of a leaf.
type entry struct {
	key    []byte
	flags  uint32
	off    int64 // of the value in the page
	length uint32
	page   page
}

func openPages(file io.ReaderAt, size int64) (*pages, error) {
	p := &pages{file: file, size: size}
	if size == 0 {
		return nil, &damage{ErrEmpty, ""}
	}
	first, err0 := p.readMeta(0)
	metas := []boltMeta{}
	if err0 == nil {
		metas = append(metas, first)
		second, err := p.readMeta(first.pageSize)
		if err == nil && second.pageSize == first.pageSize {
			metas = append(metas, second)
		}
	} else {
		for at := int64(minBoltPageSize); at <= maxBoltPageSize && at+pageHeaderSize+metaSize <= size; at *= 2 {
			if second, err := p.readMeta(at); err == nil && second.pageSize == at {
				metas = append(metas, second)
				break
			}
		}
	}
	if len(metas) == 0 {
		return nil, err0
	}
	p.damaged = 2 - len(metas)
	p.boltMeta = metas[0]
	if len(metas) == 2 && metas[1].txid > metas[0].txid {
		p.boltMeta = metas[1]
	}
	if p.limit > uint64(size)/uint64(p.pageSize) {
		return nil, &damage{ErrTruncated, fmt.Sprintf("it has %d bytes of %d pages of %d", size, p.limit, p.pageSize)}
	}
	return p, nil
}

func (p *pages) readMeta(off int64) (boltMeta, error) {
	var m boltMeta
	var b [pageHeaderSize + metaSize]byte
	if n, err := p.file.ReadAt(b[:], off); n < len(b) {
		if err != nil && !errors.Is(err, io.EOF) {
			return m, err
		}
		if n >= pageHeaderSize+4 && order.Uint32(b[pageHeaderSize:]) == boltMagic {
			return m, &damage{ErrTruncated, fmt.Sprintf("it has only %d bytes", p.size)}
		}
		return m, &damage{ErrNotLog, ""}
	}
	meta := b[pageHeaderSize:]
	found := order.Uint32(meta)
	sum := fnv.New64a()
	sum.Write(meta[:metaSum])
	m = boltMeta{
		pageSize: int64(order.Uint32(meta[8:])),
		root:     order.Uint64(meta[16:]),
		freelist: order.Uint64(meta[32:]),
		limit:    order.Uint64(meta[40:]),
		txid:     order.Uint64(meta[48:]),
	}
	switch {
	case found == 0xeddac0ed || found == 0xeddadaed || found == swapped(boltMagic):
		return m, &damage{ErrNotLog, "it was written on a machine of the other byte order"}
	case found != boltMagic:
		return m, &damage{ErrNotLog, ""}
	case order.Uint32(meta[4:]) != boltVersion:
		return m, corrupt("version %d of bbolt's format", order.Uint32(meta[4:]))
	case order.Uint64(meta[metaSum:]) != sum.Sum64():
		return m, corrupt("checksum of a meta page does not match")
	case m.pageSize < minBoltPageSize || m.pageSize > maxBoltPageSize || m.pageSize&(m.pageSize-1) != 0:
		return m, corrupt("pages of %d bytes", m.pageSize)
	case m.root < 2 || m.root >= m.limit || m.limit < 4:
		return m, corrupt("root page %d of %d", m.root, m.limit)
	case m.freelist != noFreelist && (m.freelist < 2 || m.freelist >= m.limit):
		return m, corrupt("free list at page %d of %d", m.freelist, m.limit)
	}
	return m, nil
}

func swapped(v uint32) uint32 { return v<<24 | v>>24 | v<<8&0xff0000 | v>>8&0xff00 }

// load reads the start of a page and checks that its elements are within it.
func (p *pages) load(id uint64) (page, error) {
	slot := &p.cache[id%uint64(len(p.cache))]
	if slot.buf != nil && slot.id == id {
		return *slot, nil
	}
	if id < 2 || id >= p.limit {
		return page{}, corrupt("page %d of %d", id, p.limit)
	}
	buf := make([]byte, p.pageSize)
	off := int64(id) * p.pageSize
	if err := p.readAt(buf, off); err != nil {
		return page{}, err
	}
	overflow := uint64(order.Uint32(buf[12:]))
	if overflow >= p.limit-id {
		return page{}, corrupt("page %d overflows into %d pages of %d", id, overflow, p.limit)
	}
	pg, err := parsePage(buf, id, int64(overflow+1)*p.pageSize)
	if err != nil {
		return page{}, err
	}
	pg.off = off
	*slot = pg
	return pg, nil
}

func parsePage(buf []byte, id uint64, extent int64) (page, error) {
	pg := page{id: id, extent: extent, buf: buf}
	if len(buf) < pageHeaderSize {
		return pg, corrupt("an inline page of %d bytes", len(buf))
	}
	flags := order.Uint16(buf[8:])
	pg.leaf = flags == leafPage
	pg.count = int(order.Uint16(buf[10:]))
	switch {
	case order.Uint64(buf) != id:
		return pg, corrupt("page %d says that it is page %d", id, order.Uint64(buf))
	case flags != leafPage && flags != branchPage:
		return pg, corrupt("page %d has flags %#x", id, flags)
	case pageHeaderSize+elementSize*pg.count > len(buf):
		return pg, corrupt("page %d has %d elements", id, pg.count)
	case !pg.leaf && pg.count == 0:
		return pg, corrupt("branch page %d has no elements", id)
	}
	return pg, nil
}

func (p *pages) readAt(b []byte, off int64) error {
	n, err := p.file.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return &damage{ErrTruncated, fmt.Sprintf("it ended at %d bytes while it was read", off+int64(n))}
	}
	return err
}

// bytes gives a part of a page, from memory where it is there.
func (p *pages) bytes(pg *page, off, length int64, into []byte) ([]byte, error) {
	if off+length > pg.extent {
		return nil, corrupt("page %d ends before an element", pg.id)
	}
	if off+length <= int64(len(pg.buf)) {
		return pg.buf[off : off+length], nil
	}
	if int64(cap(into)) < length {
		into = make([]byte, length)
	}
	into = into[:length]
	return into, p.readAt(into, pg.off+off)
}

func (p *pages) element(pg *page, i int) (b []byte, off int64) {
	off = int64(pageHeaderSize + elementSize*i)
	return pg.buf[off:][:elementSize], off
}

func (p *pages) key(pg *page, i int, into []byte) ([]byte, error) {
	b, off := p.element(pg, i)
	pos, size := order.Uint32(b), order.Uint32(b[4:])
	if pg.leaf {
		pos, size = order.Uint32(b[4:]), order.Uint32(b[8:])
	}
	if size == 0 || size > maxKey || off+int64(pos) < int64(pageHeaderSize+elementSize*pg.count) {
		return nil, corrupt("key %d of page %d", i, pg.id)
	}
	return p.bytes(pg, off+int64(pos), int64(size), into)
}

func (p *pages) entry(pg *page, i int) (entry, error) {
	b, off := p.element(pg, i)
	key, err := p.key(pg, i, nil)
	if err != nil {
		return entry{}, err
	}
	e := entry{
		key: key, flags: order.Uint32(b), page: *pg,
		off: off + int64(order.Uint32(b[4:])) + int64(order.Uint32(b[8:])), length: order.Uint32(b[12:]),
	}
	if e.off+int64(e.length) > pg.extent {
		return entry{}, corrupt("value %d of page %d", i, pg.id)
	}
	return e, nil
}

// value reads the value of an entry, which has at most most bytes, into into.
func (p *pages) value(e *entry, most int64, into []byte) ([]byte, error) {
	if e.flags != 0 || int64(e.length) > most {
		return nil, corrupt("a value of %d bytes with flags %d in page %d", e.length, e.flags, e.page.id)
	}
	b, err := p.bytes(&e.page, e.off, int64(e.length), into)
	if err != nil || int64(len(e.page.buf)) < e.off+int64(e.length) {
		return b, err
	}
	return append(into[:0], b...), nil // the page is not the caller's
}

func (p *pages) root(b bucket) (page, error) {
	if b.root == 0 {
		return parsePage(b.inline, 0, int64(len(b.inline)))
	}
	return p.load(b.root)
}

// search gives the number of elements of pg with a key <= key.
func (p *pages) search(pg *page, key []byte) (int, error) {
	low, high := 0, pg.count
	for low < high {
		middle := int(uint(low+high) / 2)
		k, err := p.key(pg, middle, p.scratch[:0])
		if err != nil {
			return 0, err
		}
		if bytes.Compare(k, key) <= 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

func (p *pages) child(pg *page, i int) (page, error) {
	b, _ := p.element(pg, i)
	return p.load(order.Uint64(b[8:]))
}

// floor finds the last key <= key; ok is false where there is none.
func (p *pages) floor(b bucket, key []byte) (e entry, ok bool, err error) {
	pg, err := p.root(b)
	for depth := 0; err == nil; depth++ {
		var n int
		if n, err = p.search(&pg, key); err != nil || n == 0 {
			break
		}
		if pg.leaf {
			e, err = p.entry(&pg, n-1)
			return e, err == nil, err
		}
		if depth == maxDepth {
			return e, false, corrupt("the tree of page %d is too deep", b.root)
		}
		pg, err = p.child(&pg, n-1)
	}
	return e, false, err
}

// ceil finds the first key >= key; ok is false where there is none.
func (p *pages) ceil(b bucket, key []byte) (e entry, ok bool, err error) {
	for range 2 {
		pg, err := p.root(b)
		var following []byte // the first key of the leaf after the one that was come to
		for depth := 0; err == nil && !pg.leaf; depth++ {
			if depth == maxDepth {
				return e, false, corrupt("the tree of page %d is too deep", b.root)
			}
			var n int
			if n, err = p.search(&pg, key); err != nil {
				break
			}
			if n < pg.count {
				if following, err = p.key(&pg, n, nil); err != nil {
					break
				}
			}
			pg, err = p.child(&pg, max(n-1, 0))
		}
		if err != nil {
			return e, false, err
		}
		n, err := p.search(&pg, key)
		if err != nil {
			return e, false, err
		}
		if n > 0 {
			if e, err = p.entry(&pg, n-1); err != nil || bytes.Equal(e.key, key) {
				return e, err == nil, err
			}
		}
		if n < pg.count {
			e, err = p.entry(&pg, n)
			return e, err == nil, err
		}
		if following == nil {
			return e, false, nil
		}
		key = following
	}
	return e, false, corrupt("a leaf of the tree of page %d lacks its first key", b.root)
}

// find gives the entry with exactly this key.
func (p *pages) find(b bucket, key string) (entry, bool, error) {
	e, ok, err := p.floor(b, []byte(key))
	return e, ok && string(e.key) == key, err
}

// bucket opens a bucket of the root.
func (p *pages) bucket(name string) (bucket, bool, error) {
	e, ok, err := p.find(bucket{root: p.boltMeta.root}, name)
	if err != nil || !ok || e.flags != bucketElement {
		return bucket{}, false, err
	}
	e.flags = 0
	b, err := p.value(&e, p.pageSize, nil)
	if err != nil {
		return bucket{}, false, err
	}
	return parseBucket(b)
}

func parseBucket(b []byte) (bucket, bool, error) {
	if len(b) < bucketHeader {
		return bucket{}, false, corrupt("a bucket of %d bytes", len(b))
	}
	root := order.Uint64(b)
	if root == 0 {
		return bucket{inline: b[bucketHeader:]}, true, nil
	}
	return bucket{root: root}, true, nil
}
