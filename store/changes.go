package store

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"fsrec/watcher/event"
)

// checkpointMin is how many changes of the watch table are worth a checkpoint
// at least; beyond, as many as the table has watches, so that all checkpoints together are
// no larger than all changes.
const checkpointMin = 1024

// changesWriter keeps the second copy of the records that change the watch
// table, and the checkpoints.
type changesWriter struct {
	block   *encoder
	table   *event.Table
	changes uint64 // applied to table
	next    uint64 // number of the first record that may not be applied yet
	since   int    // changes since the last checkpoint
}

func newChangesWriter(platform event.Platform) (changesWriter, error) {
	e, err := newEncoder(true)
	return changesWriter{block: e, table: event.NewTable(platform)}, err
}

func (c *changesWriter) close() { c.block.zstd.Close() }

// put stores the changes of a block, and a checkpoint where one is due.
func (c *changesWriter) put(tx *bolt.Tx, s *sealed) error {
	if len(s.changes) > 0 {
		bucket := tx.Bucket([]byte(bucketChanges))
		bucket.FillPercent = 1
		before := s.totals.changes - uint64(len(s.changes))
		c.block.reset(s.first)
		for i := range s.changes {
			c.block.add(&s.changes[i])
		}
		key := blockKey(s.first)
		if err := bucket.Put(key, c.block.seal(nil, block{key: key, ordinal: before})); err != nil {
			return err
		}
		c.apply(s.changes)
	}
	if !s.full || c.since <= max(checkpointMin, c.table.Len()) {
		return nil
	}
	c.since = 0
	return c.checkpoint(tx, s.totals.last()+1)
}

// apply carries out those changes that came since an earlier state of the block.
func (c *changesWriter) apply(changes []event.Record) {
	for i := range changes {
		r := changes[i]
		if r.Seq < c.next {
			continue
		}
		r.Path = strings.Clone(r.Path) // it may be part of a large buffer, and the table keeps it
		c.table.Apply(&r)
		c.next = r.Seq + 1
		c.changes++
		c.since++
	}
}

// checkpoint writes the table as it stands before record seq.
func (c *changesWriter) checkpoint(tx *bolt.Tx, seq uint64) error {
	bucket := tx.Bucket([]byte(bucketCheckpoints))
	bucket.FillPercent = 1
	records := tableRecords(c.table)
	if len(records) == 0 {
		records = []event.Record{{Kind: event.KindUnwatch}} // an empty table, but no block is empty
	}
	for part := uint32(0); ; part++ {
		c.block.reset(seq)
		n := 0
		for n < len(records) && n < MaxBlockRecords && c.block.text.total < blockText {
			records[n].Seq = seq
			c.block.add(&records[n])
			n++
		}
		records = records[n:]
		b := block{key: checkpointKey(seq, part), ordinal: c.changes}
		if len(records) > 0 {
			b.flags = flagMore
		}
		if err := bucket.Put(b.key, c.block.seal(nil, b)); err != nil || len(records) == 0 {
			return err
		}
	}
}

func checkpointKey(seq uint64, part uint32) []byte {
	return binary.BigEndian.AppendUint32(blockKey(seq), part)
}

// tableRecords gives records that make a table like t. A watch whose place another took
// comes before the other; where nobody is left in the place, a watch that does not exist
// takes it and leaves.
func tableRecords(t *event.Table) []event.Record {
	watches := t.Watches()
	records := make([]event.Record, 0, len(watches))
	var placed []event.Record
	for _, w := range watches {
		switch {
		case w.Lost():
			records = append(records, w.Record())
		case t.At(w.Path()) == w:
			placed = append(placed, w.Record())
		default:
			records = append(records, w.Record())
			if t.At(w.Path()) == nil {
				records = append(records,
					event.Record{Kind: event.KindWatch, WD: freeWD(t), Path: w.Path()},
					event.Record{Kind: event.KindUnwatch, WD: freeWD(t)})
			}
		}
	}
	return slices.Concat(records, placed)
}

// freeWD is a wd that no watch has.
func freeWD(t *event.Table) int32 {
	wd := int32(math.MinInt32)
	for t.Watch(wd) != nil {
		wd++
	}
	return wd
}
