package store

import (
	"encoding/binary"
	"hash/crc32"
	"hash/maphash"

	"github.com/klauspost/compress/zstd"

	"fsrec/watcher/event"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder packs records into the columns of one block. Nothing of it
// allocates per record once its buffers have grown.
type encoder struct {
	gapped bool // records need not have consecutive numbers: there is a Seq column

	first               uint64
	firstTime, lastTime int64
	lastSeq             uint64
	n                   int

	kinds, flags, times, seqs runs
	wds, masks                dictionary
	cookies, ns, ms, ps       sparse
	text                      texts
	names                     []byte // a code for each record
	paths, srcs               sparseCodes
	named                     bool // some name is not empty

	raw  []byte
	zstd *zstd.Encoder
}

func newEncoder(gapped bool) (*encoder, error) {
	// A window as large as a block's columns usually are: the encoder's history is allocated once.
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(256<<10))
	if err != nil {
		return nil, err
	}
	e := &encoder{gapped: gapped, zstd: z}
	e.wds.slots = make([]uint32, 64)
	e.masks.slots = make([]uint32, 64)
	e.text.slots = make([]uint32, 64)
	e.text.seed = maphash.MakeSeed()
	return e, nil
}

// reset begins the block whose first record will have number first.
func (e *encoder) reset(first uint64) {
	e.first, e.lastSeq, e.n = first, first, 0
	for _, r := range []*runs{&e.kinds, &e.flags, &e.times, &e.seqs} {
		*r = runs{buf: r.buf[:0]}
	}
	e.wds.reset()
	e.masks.reset()
	for _, s := range []*sparse{&e.cookies, &e.ns, &e.ms, &e.ps} {
		*s = sparse{buf: s.buf[:0]}
	}
	e.text.reset()
	e.names, e.named = e.names[:0], false
	for _, s := range []*sparseCodes{&e.paths, &e.srcs} {
		*s = sparseCodes{buf: s.buf[:0]}
	}
}

// add appends one record; the caller has seen to the order.
func (e *encoder) add(r *event.Record) {
	if e.n == 0 {
		e.firstTime, e.lastTime = r.Time, r.Time
	}
	e.kinds.add(uint64(r.Kind))
	e.flags.add(uint64(r.Flags))
	e.times.add(uint64(r.Time - e.lastTime))
	if e.gapped {
		e.seqs.add(r.Seq - e.lastSeq)
	}
	e.lastTime, e.lastSeq = r.Time, r.Seq
	e.wds.add(int64(r.WD))
	e.masks.add(int64(r.Mask))
	if r.Cookie != 0 {
		e.cookies.add(e.n, int64(r.Cookie))
	}
	if r.N != 0 {
		e.ns.add(e.n, r.N)
	}
	if r.M != 0 {
		e.ms.add(e.n, r.M)
	}
	if r.P != 0 {
		e.ps.add(e.n, r.P)
	}
	if r.Name == "" {
		e.names = append(e.names, 0)
	} else {
		e.named = true
		e.names = binary.AppendUvarint(e.names, e.text.code(r.Name))
	}
	if r.Path != "" {
		e.paths.add(e.n, e.text.code(r.Path))
	}
	if r.Src != "" {
		e.srcs.add(e.n, e.text.code(r.Src))
	}
	e.n++
}

// block is what one value of a bucket needs beside its columns.
type block struct {
	key     []byte
	flags   byte
	ordinal uint64
}

// seal appends head and payload of the records so far to out. More records
// may be added afterwards and sealed again.
func (e *encoder) seal(out []byte, b block) []byte {
	e.columns()
	start := len(out)
	out = append(out, make([]byte, headSize)...)
	out = e.zstd.EncodeAll(e.raw, out)
	kind := codecZstd
	if len(out)-start-headSize >= len(e.raw) {
		kind = codecNone
		out = append(out[:start+headSize], e.raw...)
	}
	head := out[start:]
	head[headCodec] = byte(kind)
	head[headFlags] = b.flags
	binary.BigEndian.PutUint32(head[headCount:], uint32(e.n))
	binary.BigEndian.PutUint64(head[headFirst:], e.first)
	binary.BigEndian.PutUint64(head[headFirstTime:], uint64(e.firstTime))
	binary.BigEndian.PutUint64(head[headLastTime:], uint64(e.lastTime))
	binary.BigEndian.PutUint64(head[headOrdinal:], b.ordinal)
	binary.BigEndian.PutUint32(head[headRaw:], uint32(len(e.raw)))
	binary.BigEndian.PutUint32(head[headCRC:], blockCRC(b.key, head))
	return out
}

func blockCRC(key, value []byte) uint32 {
	sum := crc32.Update(0, castagnoli, key)
	sum = crc32.Update(sum, castagnoli, value[:headCRC])
	return crc32.Update(sum, castagnoli, value[headSize:])
}

// columns writes the columns that are not all zero to e.raw.
func (e *encoder) columns() {
	e.raw = e.raw[:0]
	e.column(columnKind, e.kinds.buf, e.kinds.tail())
	if !e.flags.zero() {
		e.column(columnFlags, e.flags.buf, e.flags.tail())
	}
	if !e.times.zero() {
		e.column(columnTime, e.times.buf, e.times.tail())
	}
	if e.wds.or != 0 {
		e.column(columnWD, e.wds.buf, nil)
	}
	if e.masks.or != 0 {
		e.column(columnMask, e.masks.buf, nil)
	}
	e.optional(columnCookie, e.cookies.buf)
	e.optional(columnN, e.ns.buf)
	e.optional(columnM, e.ms.buf)
	e.optional(columnLengths, e.text.lengths)
	e.optional(columnText, e.text.bytes)
	if e.named {
		e.column(columnName, e.names, nil)
	}
	e.optional(columnPath, e.paths.buf)
	e.optional(columnSrc, e.srcs.buf)
	if e.gapped {
		e.column(columnSeq, e.seqs.buf, e.seqs.tail())
	}
	e.optional(columnP, e.ps.buf)
}

func (e *encoder) optional(id column, b []byte) {
	if len(b) > 0 {
		e.column(id, b, nil)
	}
}

func (e *encoder) column(id column, b, tail []byte) {
	e.raw = append(e.raw, byte(id))
	e.raw = binary.AppendUvarint(e.raw, uint64(len(b)+len(tail)))
	e.raw = append(append(e.raw, b...), tail...)
}

// runs is a column of values that repeat: value and length of each run.
type runs struct {
	buf    []byte
	value  uint64
	length uint64
	last   [2 * binary.MaxVarintLen64]byte
}

func (r *runs) add(v uint64) {
	if v == r.value && r.length > 0 {
		r.length++
		return
	}
	if r.length > 0 {
		r.buf = append(r.buf, r.tail()...)
	}
	r.value, r.length = v, 1
}

// tail is the run that is still open.
func (r *runs) tail() []byte {
	b := binary.AppendUvarint(r.last[:0], r.value)
	return binary.AppendUvarint(b, r.length)
}

func (r *runs) zero() bool { return len(r.buf) == 0 && r.value == 0 }

// dictionary is a column of few distinct values: for each record 0 and a new
// value, as difference to the new value before it, or 1 + the index of a value met before.
type dictionary struct {
	buf    []byte
	values []int64
	slots  []uint32 // open addressing: 1 + index into values
	or     int64
}

func (d *dictionary) reset() {
	clear(d.slots)
	d.buf, d.values, d.or = d.buf[:0], d.values[:0], 0
}

func (d *dictionary) slot(v int64) (at, mask uint64) {
	mask = uint64(len(d.slots) - 1)
	return (uint64(v) * 0x9e3779b97f4a7c15) >> 32 & mask, mask
}

func (d *dictionary) grow() {
	d.slots = make([]uint32, 2*len(d.slots))
	for i, v := range d.values {
		at, mask := d.slot(v)
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = uint32(i + 1)
	}
}

func (d *dictionary) add(v int64) {
	at, mask := d.slot(v)
	for d.slots[at] != 0 {
		if i := d.slots[at]; d.values[i-1] == v {
			if i < 0x80 {
				d.buf = append(d.buf, byte(i))
			} else {
				d.buf = binary.AppendUvarint(d.buf, uint64(i))
			}
			return
		}
		at = (at + 1) & mask
	}
	var before int64
	if n := len(d.values); n > 0 {
		before = d.values[n-1]
	}
	d.values = append(d.values, v)
	d.slots[at] = uint32(len(d.values))
	if 2*len(d.values) > len(d.slots) {
		d.grow()
	}
	d.buf = binary.AppendVarint(append(d.buf, 0), v-before)
	d.or |= v
}

// sparse is a column that is mostly zero: for each other value how many
// records were passed over, and its difference to the value before it.
type sparse struct {
	buf  []byte
	next int
	last int64
}

func (s *sparse) add(i int, v int64) {
	s.buf = binary.AppendUvarint(s.buf, uint64(i-s.next))
	s.buf = binary.AppendVarint(s.buf, v-s.last)
	s.next, s.last = i+1, v
}

// sparseCodes is a column of strings that are mostly empty.
type sparseCodes struct {
	buf  []byte
	next int
}

func (s *sparseCodes) add(i int, code uint64) {
	s.buf = binary.AppendUvarint(s.buf, uint64(i-s.next))
	s.buf = binary.AppendUvarint(s.buf, code)
	s.next = i + 1
}

// texts holds each distinct string of a block once, in the order in which they
// were met: the length it shares with the string before it, the length of the rest, and the rest.
type texts struct {
	lengths, bytes []byte
	entries        []string
	hashes         []uint32
	slots          []uint32 // open addressing: 1 + index into entries
	seed           maphash.Seed
	total          int
}

func (t *texts) reset() {
	clear(t.slots)
	clear(t.entries)
	t.lengths, t.bytes, t.entries, t.hashes, t.total = t.lengths[:0], t.bytes[:0], t.entries[:0], t.hashes[:0], 0
}

// code is 1 for a string that is new, else 2 + how many strings were met since
// the latest new one that it equals. 0 is left for the empty string.
func (t *texts) code(s string) uint64 {
	n := len(t.entries)
	if n > 0 && t.entries[n-1] == s {
		return 2
	}
	hash := uint32(maphash.String(t.seed, s))
	if 2*n >= len(t.slots) {
		t.grow()
	}
	mask := uint32(len(t.slots) - 1)
	at := hash & mask
	for t.slots[at] != 0 {
		if i := int(t.slots[at] - 1); t.hashes[i] == hash && t.entries[i] == s {
			return uint64(2 + n - 1 - i)
		}
		at = (at + 1) & mask
	}
	shared := 0
	if n > 0 {
		before := t.entries[n-1]
		for shared < len(before) && shared < len(s) && before[shared] == s[shared] {
			shared++
		}
	}
	t.lengths = binary.AppendUvarint(t.lengths, uint64(shared))
	t.lengths = binary.AppendUvarint(t.lengths, uint64(len(s)-shared))
	t.bytes = append(t.bytes, s[shared:]...)
	t.entries = append(t.entries, s)
	t.hashes = append(t.hashes, hash)
	t.slots[at] = uint32(len(t.entries))
	t.total += len(s)
	return 1
}

func (t *texts) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	mask := uint32(len(t.slots) - 1)
	for i, hash := range t.hashes {
		at := hash & mask
		for t.slots[at] != 0 {
			at = (at + 1) & mask
		}
		t.slots[at] = uint32(i + 1)
	}
}
