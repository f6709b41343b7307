package live

import "fsrec/watcher/event"

// wide are the events that listing a directory causes.
const wide = event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE_NOWRITE

// ownEvents are events about directories that our listing of them causes, on
// their way through the queue.
type ownEvents struct {
	expected map[todoKey]*ownCount
	order    []todoKey // of expected, by end
}

type ownCount struct {
	opens, accesses, closes int
	end                     int64 // place in the stream that they stand before
}

func (o *ownEvents) active() bool { return len(o.expected) > 0 }

// expect notes one listing, by so many calls, of the directory that events about
// key are about. The events stand before end.
func (o *ownEvents) expect(key todoKey, calls int, end int64) {
	c := o.expected[key]
	if c == nil {
		c = &ownCount{}
		set(&o.expected, key, c)
	}
	c.opens++
	c.accesses += calls
	c.closes++
	c.end = end
	o.order = append(o.order, key)
}

// take reports whether r is an event of our own. Equal events that follow each
// other unread are one event, so that one may also stand for another program's.
func (o *ownEvents) take(r *event.Record, place int64) bool {
	if r.Mask&event.IN_ISDIR == 0 || r.Mask&wide == 0 || len(o.expected) == 0 {
		return false
	}
	c := o.expected[todoKey{r.WD, r.Name}]
	if c == nil || place >= c.end {
		return false
	}
	left := &c.opens
	switch {
	case r.Mask&event.IN_ACCESS != 0:
		left = &c.accesses
	case r.Mask&event.IN_CLOSE_NOWRITE != 0:
		left = &c.closes
	}
	if *left == 0 {
		return false
	}
	*left--
	return true
}

// expire forgets what can no longer come once the stream has been processed up to place.
func (o *ownEvents) expire(place int64) {
	for len(o.order) > 0 {
		key := o.order[0]
		if c := o.expected[key]; c != nil {
			if c.end > place {
				return
			}
			delete(o.expected, key)
		}
		o.order = o.order[1:]
	}
	o.order = nil
}
