package live

import (
	"slices"

	"fsrec/watcher/event"
)

// queue holds what Read has yet to return. It holds a bounded number of changes;
// the records that say what became of watches always find room.
type queue struct {
	limit   int
	records []event.Record
	changes int   // of records, with the reads that they came by
	size    int   // of the changes in the system's buffer
	lost    int64 // changes that found no room after the last record
	since   int64 // Time of the last change that did
	now     int64 // Time of the last record
	stale   bool  // a loss was told, so that nobody knows the directories any more
	arrived chan struct{}
}

// wake makes those look again who wait for arrived.
func (q *queue) wake() {
	if q.arrived != nil {
		close(q.arrived)
		q.arrived = nil
	}
}

// wait gives a channel that wake closes.
func (q *queue) wait() <-chan struct{} {
	if q.arrived == nil {
		q.arrived = make(chan struct{})
	}
	return q.arrived
}

// append adds a record that always finds room.
func (q *queue) append(r event.Record, time int64) {
	q.tellLoss()
	q.push(&r, time)
	q.size += changeSize
}

func (q *queue) push(r *event.Record, time int64) {
	q.now = max(q.now, time)
	r.Time = q.now
	q.records = append(q.records, *r)
}

// changeSize is the size of FILE_NOTIFY_INFORMATION without the name.
const changeSize = 12

// appendRead adds the records of one read, the changes among them as far as
// there is room; the others are counted.
func (q *queue) appendRead(records []event.Record, time int64) {
	for i := range records {
		r := &records[i]
		if r.Kind != event.KindChange && r.Kind != event.KindRead {
			q.append(*r, time)
			continue
		}
		if q.lost == 0 && q.changes < q.limit {
			q.push(r, time)
			q.changes++
			q.size += changeSize + 2*len(r.Name)
			q.since = q.now
		} else if r.Kind == event.KindChange {
			q.lost++
		}
	}
}

// lose counts changes that found no room.
func (q *queue) lose(changes int64) { q.lost += changes }

// tellLoss adds what lose counted, at its place among the records.
func (q *queue) tellLoss() {
	if q.lost > 0 {
		lost := event.Record{Kind: event.KindLoss, Name: "queue", N: q.lost, M: q.since}
		q.lost, q.stale = 0, true
		q.push(&lost, q.now)
	}
}

func (q *queue) empty() bool { return len(q.records) == 0 && q.lost == 0 }

// take moves everything to to[:0].
func (q *queue) take(to []event.Record) []event.Record {
	q.tellLoss()
	to = append(slices.Grow(to[:0], len(q.records)), q.records...)
	clear(q.records) // the names are not to be kept alive
	q.records, q.changes, q.size = q.records[:0], 0, 0
	return to
}
