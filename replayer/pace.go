package replayer

import (
	"math"
	"time"

	"fsrec/watcher/event"
)

// clock tells when a record is due at recorded pace.
type clock struct {
	running bool
	last    int64     // record time that was asked for last
	due     time.Time // when it was due
}

// until tells how long it is until a record of time t is due. Times are asked
// for in order, the same time any number of times.
func (c *clock) until(t int64, cfg *config) time.Duration {
	if !c.running {
		c.running, c.last, c.due = true, t, time.Now()
	}
	due := c.due
	if t > c.last {
		wait := float64(t-c.last) / cfg.speed
		d := time.Duration(math.MaxInt64)
		if wait < math.MaxInt64 {
			d = time.Duration(wait)
		}
		if cfg.idleCap > 0 {
			d = min(d, cfg.idleCap)
		}
		due = due.Add(d)
		if time.Until(due) <= 0 {
			c.last, c.due = t, due
		}
	}
	return time.Until(due)
}

// steps holds records back until they are released.
type steps struct {
	credit int
	reads  bool  // the log has KindRead records
	last   int64 // time of the last read of a log without
	begun  bool
}

// allow tells how many records may be passed on, and uses up the credit for them.
func (s *steps) allow(unit stepUnit, records []event.Record) int {
	for i := range records {
		if !s.held(unit, &records[i]) {
			continue
		}
		if s.credit == 0 || (i > 0 && unit == stepReads) {
			return i
		}
		s.credit--
		if records[i].Kind == event.KindRead {
			s.reads = true
		}
		s.begun, s.last = true, records[i].Time
	}
	return len(records)
}

// held reports whether record takes a step.
func (s *steps) held(unit stepUnit, r *event.Record) bool {
	switch {
	case (r.Kind == event.KindEvent || r.Kind == event.KindChange) && r.Flags&event.FlagOwn == 0:
		return unit == stepEvents || (!s.reads && (!s.begun || r.Time != s.last))
	case r.Kind == event.KindRead:
		return unit == stepReads
	}
	return false
}
