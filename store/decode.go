package store

import (
	"encoding/binary"
	"slices"

	"github.com/klauspost/compress/zstd"

	"fsrec/watcher/event"
)

// blockHead is the head of a block, checked.
type blockHead struct {
	codec               codec
	more                bool
	count               int
	first               uint64
	firstTime, lastTime int64
	ordinal             uint64
	raw                 int
}

func (h *blockHead) last() uint64 { return h.first + uint64(h.count) - 1 }

// parseHead checks the CRC of a whole value and reads its head.
func parseHead(key, value []byte) (blockHead, error) {
	var h blockHead
	if len(value) < headSize || len(key) < 8 {
		return h, corrupt("a block of %d bytes under a key of %d", len(value), len(key))
	}
	if binary.BigEndian.Uint32(value[headCRC:]) != blockCRC(key, value) {
		return h, corrupt("checksum of block %d does not match", binary.BigEndian.Uint64(key))
	}
	h = blockHead{
		codec:     codec(value[headCodec]),
		more:      value[headFlags]&flagMore != 0,
		count:     int(binary.BigEndian.Uint32(value[headCount:])),
		first:     binary.BigEndian.Uint64(value[headFirst:]),
		firstTime: int64(binary.BigEndian.Uint64(value[headFirstTime:])),
		lastTime:  int64(binary.BigEndian.Uint64(value[headLastTime:])),
		ordinal:   binary.BigEndian.Uint64(value[headOrdinal:]),
		raw:       int(binary.BigEndian.Uint32(value[headRaw:])),
	}
	switch {
	case h.first != binary.BigEndian.Uint64(key):
		return h, corrupt("block %d stands under key %d", h.first, binary.BigEndian.Uint64(key))
	case h.count == 0 || h.count > MaxBlockRecords:
		return h, corrupt("block %d has %d records", h.first, h.count)
	case h.first+uint64(h.count) < h.first:
		return h, corrupt("block %d counts past the last number", h.first)
	case h.raw > maxRaw:
		return h, corrupt("block %d unpacks to %d bytes", h.first, h.raw)
	case h.lastTime < h.firstTime:
		return h, corrupt("time decreases in block %d", h.first)
	}
	return h, nil
}

// decoder unpacks blocks. It allocates one string a block.
type decoder struct {
	zstd    *zstd.Decoder
	raw     []byte
	text    []byte
	strings []string
	values  []int64
}

func newDecoder() (*decoder, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxRaw),
		zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, err
	}
	return &decoder{zstd: z}, nil
}

func (d *decoder) close() { d.zstd.Close() }

// decode appends the records of a block to to[:0].
func (d *decoder) decode(key, value []byte, to []event.Record) ([]event.Record, blockHead, error) {
	h, err := parseHead(key, value)
	if err != nil {
		return nil, h, err
	}
	raw, err := d.unpack(h, value[headSize:])
	if err != nil {
		return nil, h, err
	}
	columns, err := splitColumns(h, raw)
	if err != nil {
		return nil, h, err
	}
	to = slices.Grow(to[:0], h.count)[:h.count]
	clear(to)
	if err := d.fill(to, h, columns); err != nil {
		return nil, h, err
	}
	return to, h, nil
}

func (d *decoder) unpack(h blockHead, payload []byte) ([]byte, error) {
	switch h.codec {
	case codecNone:
		if len(payload) != h.raw {
			return nil, corrupt("block %d has %d bytes of columns, not %d", h.first, len(payload), h.raw)
		}
		return payload, nil
	case codecZstd:
		d.raw = slices.Grow(d.raw[:0], h.raw)
		// The capacity is the limit of what is unpacked.
		out, err := d.zstd.DecodeAll(payload, d.raw[:0:h.raw])
		if err != nil {
			return nil, corrupt("block %d does not unpack: %v", h.first, err)
		}
		if len(out) != h.raw {
			return nil, corrupt("block %d unpacks to %d bytes, not %d", h.first, len(out), h.raw)
		}
		return out, nil
	}
	return nil, corrupt("block %d has codec %d", h.first, h.codec)
}

func splitColumns(h blockHead, raw []byte) (*[columnEnd][]byte, error) {
	var columns [columnEnd][]byte
	for len(raw) > 0 {
		id := column(raw[0])
		length, n := binary.Uvarint(raw[1:])
		if n <= 0 || length > uint64(len(raw)-1-n) {
			return nil, corrupt("column %d of block %d is cut off", id, h.first)
		}
		data := raw[1+n:][:length]
		raw = raw[1+n+int(length):]
		if id >= columnSkippable {
			continue
		}
		if id == 0 || id >= columnEnd {
			return nil, corrupt("block %d has a column %d, which this version does not know", h.first, id)
		}
		if columns[id] != nil {
			return nil, corrupt("block %d has column %s twice", h.first, columnNames[id])
		}
		columns[id] = data
	}
	return &columns, nil
}

// fill sets the fields of to, which are zero, from the columns.
func (d *decoder) fill(to []event.Record, h blockHead, columns *[columnEnd][]byte) error {
	bad := func(id column) error { return corrupt("column %s of block %d", columnNames[id], h.first) }
	if !fillKinds(to, columns[columnKind]) {
		return bad(columnKind)
	}
	if !fillFlags(to, columns[columnFlags]) {
		return bad(columnFlags)
	}
	if !fillTimes(to, columns[columnTime], h.firstTime, h.lastTime) {
		return bad(columnTime)
	}
	if columns[columnSeq] == nil {
		for i := range to {
			to[i].Seq = h.first + uint64(i)
		}
	} else if !fillSeqs(to, columns[columnSeq], h.first) {
		return bad(columnSeq)
	}
	for _, id := range [...]column{columnWD, columnMask} {
		if columns[id] != nil && !d.fillDictionary(to, id, columns[id]) {
			return bad(id)
		}
	}
	for _, id := range [...]column{columnCookie, columnN, columnM, columnP} {
		if !fillSparse(to, id, columns[id]) {
			return bad(id)
		}
	}
	if !d.splitText(columns[columnLengths], columns[columnText]) {
		return bad(columnText)
	}
	names, ok := d.fillNames(to, columns[columnName], columns[columnPath], columns[columnSrc])
	if !ok {
		return bad(names)
	}
	return nil
}
