package store

import (
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math/bits"
	"slices"

	"fsrec/watcher/event"
)

// totals is what a log counts about itself. It is committed together with the
// blocks that it counts, so that it always agrees with them.
type totals struct {
	closed              bool
	first, records      uint64 // number of the first record, how many there are
	firstTime, lastTime int64
	blocks, changes     uint64
	own, synthetic      uint64
	kinds               [256]uint64
	bits                [32]uint64  // of the masks of events without FlagOwn
	actions             [256]uint64 // of changes without FlagOwn; the last counts all above too
}

func (t *totals) last() uint64 { return t.first + t.records - 1 }

func (t *totals) add(r *event.Record) {
	if t.records == 0 {
		t.first, t.firstTime = r.Seq, r.Time
	}
	t.records++
	t.lastTime = r.Time
	t.kinds[r.Kind]++
	if r.Kind != event.KindEvent && r.Kind != event.KindChange {
		return
	}
	if r.Flags != 0 {
		if r.Flags&event.FlagOwn != 0 {
			t.own++
			return
		}
		if r.Flags&event.FlagSynthetic != 0 {
			t.synthetic++
		}
	}
	if r.Kind == event.KindChange {
		t.actions[min(r.Action(), 255)]++
		return
	}
	for m := uint32(r.Mask); m != 0; m &= m - 1 {
		t.bits[bits.TrailingZeros32(m)]++
	}
}

// append writes CRC32C, then closed, then the numbers, then pairs of kind and
// count, of bit and count, of action and count, each list after its length.
func (t *totals) append(out []byte) []byte {
	start := len(out)
	out = append(out, 0, 0, 0, 0, 0)
	if t.closed {
		out[start+4] = 1
	}
	for _, v := range []uint64{t.first, t.records, uint64(t.firstTime), uint64(t.lastTime), t.blocks, t.changes, t.own, t.synthetic} {
		out = binary.AppendUvarint(out, v)
	}
	out = appendCounts(out, t.kinds[:])
	out = appendCounts(out, t.bits[:])
	out = appendCounts(out, t.actions[:])
	binary.BigEndian.PutUint32(out[start:], crc32.Checksum(out[start+4:], castagnoli))
	return out
}

func appendCounts(out []byte, counts []uint64) []byte {
	n := 0
	for _, c := range counts {
		if c != 0 {
			n++
		}
	}
	out = binary.AppendUvarint(out, uint64(n))
	for i, c := range counts {
		if c != 0 {
			out = binary.AppendUvarint(append(out, byte(i)), c)
		}
	}
	return out
}

func parseTotals(b []byte) (totals, error) {
	var t totals
	if len(b) < 5 || binary.BigEndian.Uint32(b) != crc32.Checksum(b[4:], castagnoli) {
		return t, corrupt("checksum of the totals does not match")
	}
	if b[4] > 1 {
		return t, corrupt("state %d", b[4])
	}
	t.closed = b[4] == 1
	b = b[5:]
	var firstTime, lastTime uint64
	for _, v := range []*uint64{&t.first, &t.records, &firstTime, &lastTime, &t.blocks, &t.changes, &t.own, &t.synthetic} {
		var ok bool
		if *v, b, ok = uvarint(b); !ok {
			return t, corrupt("totals are cut off")
		}
	}
	t.firstTime, t.lastTime = int64(firstTime), int64(lastTime)
	var ok bool
	if b, ok = parseCounts(b, t.kinds[:]); ok {
		b, ok = parseCounts(b, t.bits[:])
	}
	if ok && len(b) > 0 { // version 1 ends here
		b, ok = parseCounts(b, t.actions[:])
	}
	if !ok || len(b) > 0 || t.first+t.records < t.first || (t.records > 0) != (t.first > 0) {
		return t, corrupt("totals make no sense")
	}
	return t, nil
}

func parseCounts(b []byte, counts []uint64) ([]byte, bool) {
	n, b, ok := uvarint(b)
	if !ok || n > uint64(len(counts)) {
		return nil, false
	}
	for range n {
		if len(b) == 0 || int(b[0]) >= len(counts) {
			return nil, false
		}
		i := b[0]
		if counts[i], b, ok = uvarint(b[1:]); !ok {
			return nil, false
		}
	}
	return b, true
}

// Info is what a log says about itself.
type Info struct {
	Complete      bool   // the recorder closed it; false if it was killed or the disk failed
	FormatVersion int    // of the file
	Records       uint64 // of every kind
	FirstSeq      uint64 // number of the first record, 0 if there is none
	LastSeq       uint64
	FirstTime     int64 // as Record.Time
	LastTime      int64
	Size          int64  // of the file, in bytes
	Blocks        uint64 // of records
	TableChanges  uint64 // records that change the watch table
	Own           uint64 // events with FlagOwn
	Synthetic     uint64 // events with FlagSynthetic, and not FlagOwn

	Kinds map[event.Kind]uint64 // records of each kind that occurs
	// Events counts, for each bit of a mask, the events without FlagOwn that have it.
	Events map[event.Mask]uint64
	// Changes counts the changes of Windows without FlagOwn by their action,
	// those of an action above 255, which none has so far, under 255.
	Changes map[event.Action]uint64
}

// Delivered is how many events and changes there are without FlagOwn.
func (i *Info) Delivered() uint64 {
	return i.Kinds[event.KindEvent] + i.Kinds[event.KindChange] - i.Own
}

// EventMasks lists the keys of Events in the order of the bits.
func (i *Info) EventMasks() []event.Mask { return slices.Sorted(maps.Keys(i.Events)) }

func (t *totals) info() Info {
	i := Info{
		Complete: t.closed, Records: t.records, FirstTime: t.firstTime, LastTime: t.lastTime,
		Blocks: t.blocks, TableChanges: t.changes, Own: t.own, Synthetic: t.synthetic,
		Kinds: map[event.Kind]uint64{}, Events: map[event.Mask]uint64{}, Changes: map[event.Action]uint64{},
	}
	if t.records > 0 {
		i.FirstSeq, i.LastSeq = t.first, t.last()
	}
	for k, n := range t.kinds {
		if n > 0 {
			i.Kinds[event.Kind(k)] = n
		}
	}
	for bit, n := range t.bits {
		if n > 0 {
			i.Events[event.Mask(1)<<bit] = n
		}
	}
	for action, n := range t.actions {
		if n > 0 {
			i.Changes[event.Action(action)] = n
		}
	}
	return i
}
