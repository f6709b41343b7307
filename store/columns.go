package store

import (
	"encoding/binary"
	"math"

	"fsrec/watcher/event"
)

// The inverse of the columns in encode.go. Each function reports false unless
// its column has exactly the values that the records need.

// uvarint reads one number from the front of b; rest is nil where there is none.
func uvarint(b []byte) (v uint64, rest []byte, ok bool) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), b[1:], true
	}
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, false
	}
	return v, b[n:], true
}

func varint(b []byte) (v int64, rest []byte, ok bool) {
	u, rest, ok := uvarint(b)
	v = int64(u >> 1)
	if u&1 != 0 {
		v = ^v
	}
	return v, rest, ok
}

// run reads one run of at most most values.
func run(b []byte, most int) (value uint64, length int, rest []byte, ok bool) {
	value, b, ok = uvarint(b)
	if !ok {
		return 0, 0, nil, false
	}
	n, b, ok := uvarint(b)
	if !ok || n == 0 || n > uint64(most) {
		return 0, 0, nil, false
	}
	return value, int(n), b, true
}

func fillKinds(to []event.Record, b []byte) bool {
	for len(to) > 0 {
		v, n, rest, ok := run(b, len(to))
		if !ok || v > math.MaxUint8 || !event.Kind(v).Known() {
			return false
		}
		for i := range to[:n] {
			to[i].Kind = event.Kind(v)
		}
		to, b = to[n:], rest
	}
	return len(b) == 0
}

func fillFlags(to []event.Record, b []byte) bool {
	if b == nil {
		return true
	}
	for len(to) > 0 {
		v, n, rest, ok := run(b, len(to))
		if !ok || v > math.MaxUint8 {
			return false
		}
		if v != 0 {
			for i := range to[:n] {
				to[i].Flags = event.Flags(v)
			}
		}
		to, b = to[n:], rest
	}
	return len(b) == 0
}

func fillTimes(to []event.Record, b []byte, first, last int64) bool {
	at := first
	if b == nil {
		for i := range to {
			to[i].Time = at
		}
		return first == last
	}
	for len(to) > 0 {
		v, n, rest, ok := run(b, len(to))
		if !ok || v > (uint64(last)-uint64(at))/uint64(n) {
			return false
		}
		for i := range to[:n] {
			at += int64(v)
			to[i].Time = at
		}
		to, b = to[n:], rest
	}
	return len(b) == 0 && at == last
}

func fillSeqs(to []event.Record, b []byte, first uint64) bool {
	at := first
	for len(to) > 0 {
		v, n, rest, ok := run(b, len(to))
		if !ok || v > (math.MaxUint64-at)/uint64(n) {
			return false
		}
		for i := range to[:n] {
			at += v
			to[i].Seq = at
		}
		to, b = to[n:], rest
	}
	return len(b) == 0
}

func (d *decoder) fillDictionary(to []event.Record, id column, b []byte) bool {
	values := d.values[:0]
	defer func() { d.values = values }()
	var latest int64
	for i := range to {
		code, rest, ok := uvarint(b)
		if !ok {
			return false
		}
		var v int64
		switch {
		case code == 0:
			var difference int64
			if difference, rest, ok = varint(rest); !ok {
				return false
			}
			latest += difference
			if id == columnWD && int64(int32(latest)) != latest || id == columnMask && int64(uint32(latest)) != latest {
				return false
			}
			values = append(values, latest)
			v = latest
		case code <= uint64(len(values)):
			v = values[code-1]
		default:
			return false
		}
		b = rest
		if id == columnWD {
			to[i].WD = int32(v)
		} else {
			to[i].Mask = event.Mask(v)
		}
	}
	return len(b) == 0
}

func fillSparse(to []event.Record, id column, b []byte) bool {
	next, v := 0, int64(0)
	for len(b) > 0 {
		gap, rest, ok := uvarint(b)
		if !ok || gap >= uint64(len(to)-next) {
			return false
		}
		difference, rest, ok := varint(rest)
		if !ok {
			return false
		}
		b = rest
		next += int(gap)
		v += difference
		switch id {
		case columnCookie:
			if int64(uint32(v)) != v {
				return false
			}
			to[next].Cookie = uint32(v)
		case columnN:
			to[next].N = v
		case columnM:
			to[next].M = v
		case columnP:
			to[next].P = v
		}
		next++
	}
	return true
}

// splitText builds the distinct strings of a block as parts of one.
func (d *decoder) splitText(lengths, text []byte) bool {
	d.text, d.strings = d.text[:0], d.strings[:0]
	total, previous := 0, 0
	for b := lengths; len(b) > 0; {
		shared, rest, ok := uvarint(b)
		if !ok || shared > uint64(previous) {
			return false
		}
		own, rest, ok := uvarint(rest)
		if !ok || own > uint64(len(text)) || shared+own == 0 {
			return false
		}
		previous = int(shared) + int(own)
		if total += previous; total > maxText {
			return false
		}
		b = rest
	}
	if cap(d.text) < total {
		d.text = make([]byte, 0, total)
	}
	before := 0
	rest := text
	for b := lengths; len(b) > 0; {
		var shared, own uint64
		shared, b, _ = uvarint(b)
		own, b, _ = uvarint(b)
		if own > uint64(len(rest)) {
			return false
		}
		start := len(d.text)
		d.text = append(d.text, d.text[before:before+int(shared)]...)
		d.text = append(d.text, rest[:own]...)
		rest = rest[own:]
		before = start
	}
	if len(rest) > 0 {
		return false
	}
	all := string(d.text)
	at := 0
	for b := lengths; len(b) > 0; {
		var shared, own uint64
		shared, b, _ = uvarint(b)
		own, b, _ = uvarint(b)
		end := at + int(shared) + int(own)
		d.strings = append(d.strings, all[at:end])
		at = end
	}
	return true
}

// fillNames resolves the three columns of strings together, because the codes of
// one record follow each other. It returns the column that is wrong.
func (d *decoder) fillNames(to []event.Record, names, paths, srcs []byte) (column, bool) {
	met := 0
	path, src := sparseReader{rest: paths, next: -1}, sparseReader{rest: srcs, next: -1}
	if !path.advance(len(to)) {
		return columnPath, false
	}
	if !src.advance(len(to)) {
		return columnSrc, false
	}
	if names == nil && path.next < 0 && src.next < 0 {
		return 0, len(d.strings) == 0
	}
	for i := range to {
		if names != nil {
			code, rest, ok := uvarint(names)
			if !ok {
				return columnName, false
			}
			names = rest
			if code != 0 {
				if to[i].Name, ok = d.string(code, &met); !ok {
					return columnName, false
				}
			}
		}
		if path.next == i {
			var ok bool
			if to[i].Path, ok = d.string(path.code, &met); !ok || !path.advance(len(to)) {
				return columnPath, false
			}
		}
		if src.next == i {
			var ok bool
			if to[i].Src, ok = d.string(src.code, &met); !ok || !src.advance(len(to)) {
				return columnSrc, false
			}
		}
	}
	if len(names) > 0 {
		return columnName, false
	}
	return columnText, met == len(d.strings)
}

func (d *decoder) string(code uint64, met *int) (string, bool) {
	switch {
	case code == 1 && *met < len(d.strings):
		*met++
		return d.strings[*met-1], true
	case code >= 2 && code-2 < uint64(*met):
		return d.strings[*met-1-int(code-2)], true
	}
	return "", false
}

// sparseReader walks a column of strings that are mostly empty.
type sparseReader struct {
	rest []byte
	next int // record of code, -1 where there is none left
	code uint64
	from int
}

func (s *sparseReader) advance(records int) bool {
	if len(s.rest) == 0 {
		s.next = -1
		return true
	}
	gap, rest, ok := uvarint(s.rest)
	if !ok || gap >= uint64(records-s.from) {
		return false
	}
	if s.code, s.rest, ok = uvarint(rest); !ok {
		return false
	}
	s.next = s.from + int(gap)
	s.from = s.next + 1
	return true
}
