package store

import (
	"encoding/binary"
	"math"

	"fsrec/watcher/event"
)

// TableChanges implements event.Log.
func (l *Log) TableChanges(to []event.Record) ([]event.Record, error) {
	if l.closed {
		return nil, event.ErrClosed
	}
	to = to[:0]
	err := l.eachChange(l.totals.first, 0, math.MaxUint64, func(r *event.Record) { to = append(to, *r) })
	if err != nil {
		return nil, l.wrap(err)
	}
	return to, nil
}

// TableAt implements event.Log. It reads the last checkpoint before record seq
// and the changes since.
func (l *Log) TableAt(seq uint64) (*event.Table, error) {
	if l.closed {
		return nil, event.ErrClosed
	}
	t := event.NewTable(l.header.Platform)
	from, count, err := l.checkpoint(t, seq)
	if err == nil {
		err = l.eachChange(from, count, seq, func(r *event.Record) { t.Apply(r) })
	}
	if err != nil {
		return nil, l.wrap(err)
	}
	return t, nil
}

// eachChange visits the changes with numbers in [from, until), of which before
// come earlier. from is the first record of a block. The count that each block of changes has of
// those before it proves that none is left out.
func (l *Log) eachChange(from, before, until uint64, visit func(*event.Record)) error {
	var records []event.Record
	key := blockKey(from)
	for {
		e, ok, err := l.pages.ceil(l.changes, key)
		if err != nil {
			return err
		}
		if !ok {
			if before != l.totals.changes {
				return corrupt("%d changes of the watch table, not %d", before, l.totals.changes)
			}
			return nil
		}
		if l.value, err = l.pages.value(&e, maxRaw+headSize, l.value); err != nil {
			return err
		}
		h, err := parseHead(e.key, l.value)
		if err != nil {
			return err
		}
		if h.ordinal != before {
			return corrupt("%d changes of the watch table before record %d, not %d", before, h.first, h.ordinal)
		}
		if h.first >= until {
			return nil
		}
		if records, _, err = l.decoder.decode(e.key, l.value, records); err != nil {
			return err
		}
		for i := range records {
			r := &records[i]
			if !r.IsTableChange() || r.Seq > l.totals.last() {
				return corrupt("record %d of kind %s among the changes of the watch table", r.Seq, r.Kind)
			}
			if r.Seq < until {
				visit(r)
			}
		}
		before += uint64(len(records))
		if h.first == math.MaxUint64 {
			return nil
		}
		key = blockKey(h.first + 1)
	}
}

// checkpoint applies the last checkpoint at or before record seq to an empty
// table. It returns where the changes go on and how many came before.
func (l *Log) checkpoint(t *event.Table, seq uint64) (from, before uint64, err error) {
	e, ok, err := l.pages.floor(l.points, checkpointKey(seq, math.MaxUint32))
	if err != nil || !ok {
		return l.totals.first, 0, err
	}
	if len(e.key) != 12 {
		return 0, 0, corrupt("a checkpoint under a key of %d bytes", len(e.key))
	}
	from = binary.BigEndian.Uint64(e.key)
	var records []event.Record
	for part := uint32(0); ; part++ {
		key := checkpointKey(from, part)
		e, ok, err := l.pages.find(l.points, string(key))
		if err != nil {
			return 0, 0, err
		}
		if !ok {
			return 0, 0, corrupt("part %d of checkpoint %d is missing", part, from)
		}
		if l.value, err = l.pages.value(&e, maxRaw+headSize, l.value); err != nil {
			return 0, 0, err
		}
		var h blockHead
		if records, h, err = l.decoder.decode(e.key, l.value, records); err != nil {
			return 0, 0, err
		}
		if part > 0 && h.ordinal != before {
			return 0, 0, corrupt("parts of checkpoint %d do not belong together", from)
		}
		before = h.ordinal
		for i := range records {
			t.Apply(&records[i])
		}
		if !h.more {
			return from, before, nil
		}
	}
}
