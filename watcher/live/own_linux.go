package live

import (
	"slices"

	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

// wide are the events that listing a directory causes.
const wide = event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE_NOWRITE

// lookAhead is how many bytes of the stream are searched for what follows an event.
const lookAhead = 32 << 10

// ownEvents are events about directories that our listing of them causes, on
// their way through the queue.
type ownEvents struct {
	byKey    map[todoKey][]*ownListing
	order    []*ownListing            // by end
	doubtful map[string][]*ownListing // of order, those that may have met another directory than was meant, by at
	latest   *ownListing              // of the event before, where that was taken
	mask     event.Mask               // and what that event was
}

// ownListing is what one watch hears of one listing: that of the directory itself, or that of
// the directory which holds it.
type ownListing struct {
	at, name   string      // the path of the watch, and the name in it, empty for the directory itself
	other      *ownListing // what the directory itself hears of the same listing, in doubt
	begin, end int64       // places in the stream that the events stand between
	calls      int         // of getdents that are told of
	heard      heard
	accesses   int  // of calls, that have been heard
	others     int  // openings by other programs that were heard and not yet closed
	deaf       bool // the watch had no such events, unless the directory was, or went, elsewhere
	renames    *renames
	keys       []todoKey // what the events may be about
}

// heard is how much of a listing has been heard.
type heard uint8

const (
	nothing heard = iota
	itsOpen
	itsClose
)

// renames are those of directories between two places in the stream.
type renames struct {
	of  map[todoKey][]todoKey // what names became
	out map[int32][]todoKey   // where watched directories came to from where nothing is watched
}

func (o *ownEvents) active() bool { return len(o.order) > 0 }

// expect notes a listing of the directory that events about key are about.
func (o *ownEvents) expect(c *ownListing, key todoKey) {
	o.order = append(o.order, c)
	o.find(c, key)
}

// find makes a listing be found by a name, and by all that this became meanwhile.
func (o *ownEvents) find(c *ownListing, key todoKey) {
	if slices.Contains(c.keys, key) {
		return
	}
	c.keys = append(c.keys, key)
	set(&o.byKey, key, append(o.byKey[key], c))
	if c.renames == nil {
		return
	}
	for _, next := range c.renames.of[key] {
		o.find(c, next)
	}
}

// follow has the doubtful listings that watches at and below path hear of, where the table has
// changed, be found by what is there now.
func (o *ownEvents) follow(table *event.Table, path string) {
	if len(o.doubtful) == 0 {
		return
	}
	for _, w := range table.Below(path, nil) {
		for _, c := range o.doubtful[w.Path()] {
			o.find(c, todoKey{w.WD, c.name})
		}
	}
}

// take reports whether r, which is at a place in the stream and followed by another one at next, is an event of our own. Equal
// events that follow each other unread are one event, so that one may also stand for another program's.
func (o *ownEvents) take(r *event.Record, place, next int64, s *stream) bool {
	latest, mask := o.latest, o.mask
	o.latest = nil
	if r.Mask&event.IN_ISDIR == 0 || r.Mask&wide == 0 || len(o.order) == 0 {
		return false
	}
	key := todoKey{r.WD, r.Name}
	if latest != nil && latest.other != nil && r.Name == "" && r.Mask == mask {
		o.find(latest.other, key) // the kernel tells a directory right after the one that holds it
	}
	for _, c := range o.byKey[key] {
		if place < c.end && c.take(r, place, next, s) {
			o.latest, o.mask = c, r.Mask
			return true
		}
	}
	return false
}

// take reports whether an event is the next one of the listing: it is opened, read and closed. What opens it can be one with the
// last event before, and all that reads it one.
func (c *ownListing) take(r *event.Record, place, next int64, s *stream) bool {
	ahead := min(c.end-next, lookAhead)
	switch {
	case r.Mask&event.IN_OPEN != 0 && c.heard == nothing && next >= c.begin && !s.follows(r, ahead, false, event.IN_OPEN):
		c.heard = itsOpen
	case r.Mask&event.IN_ACCESS != 0 && c.accesses < c.calls && (c.heard == itsOpen || c.heard == nothing && c.deaf && place >= c.begin):
		c.heard = itsOpen
		c.accesses++
	case r.Mask&event.IN_CLOSE_NOWRITE != 0 && c.heard == itsOpen &&
		(c.accesses == c.calls || c.accesses > 0 && !s.follows(r, ahead, c.others > 0, event.IN_ACCESS, event.IN_CLOSE_NOWRITE)):
		c.heard = itsClose
	default:
		if r.Mask&event.IN_OPEN != 0 {
			c.others++
		} else if r.Mask&event.IN_CLOSE_NOWRITE != 0 {
			c.others = max(0, c.others-1)
		}
		return false
	}
	return true
}

// follows reports whether what happens next to the directory that r is about is, in so many bytes, the first of these events, and
// then, sooner or later, the others. It can be closed before, and opened too where reopened allows that.
func (s *stream) follows(r *event.Record, ahead int64, reopened bool, these ...event.Mask) bool {
	var next event.Record
	other := event.IN_OPEN | event.IN_ACCESS | needsCare | needsCareSelf
	if reopened {
		other &^= event.IN_OPEN
	}
	for n := -1; n < len(s.pending); n++ {
		text := s.rest
		if n >= 0 {
			text = s.pending[n].text
		}
		for at := 0; at < len(text) && ahead > 0; {
			size, err := decode.InotifyEvent(text, at, &next)
			if err != nil {
				return false
			}
			at += size
			ahead -= int64(size)
			switch {
			case next.WD != r.WD || next.Name != r.Name:
			case next.Mask&these[0] != 0:
				if these, other = these[1:], 0; len(these) == 0 {
					return true
				}
			case next.Mask&other != 0:
				return false
			}
		}
	}
	return false
}

// expire forgets what can no longer come once the stream has been processed up to place.
func (o *ownEvents) expire(place int64) {
	for len(o.order) > 0 && o.order[0].end <= place {
		c := o.order[0]
		o.order[0] = nil
		o.order = o.order[1:]
		for _, key := range c.keys {
			if left := without(o.byKey[key], c); len(left) > 0 {
				o.byKey[key] = left
			} else {
				delete(o.byKey, key)
			}
		}
		if left := without(o.doubtful[c.at], c); len(left) > 0 {
			o.doubtful[c.at] = left
		} else {
			delete(o.doubtful, c.at)
		}
	}
	if len(o.order) == 0 {
		o.order, o.doubtful = nil, nil
	}
}

func without(all []*ownListing, c *ownListing) []*ownListing {
	if len(all) > 0 && all[0] == c {
		all[0] = nil
		return all[1:] // the one that ends first is mostly the first
	}
	if i := slices.Index(all, c); i >= 0 {
		return slices.Delete(all, i, i+1)
	}
	return all
}

// expectOwn notes which events our listing of l causes, which took place between two places
// in the stream. In doubt it may have met another directory.
func (n *Inotify) expectOwn(l *landing, begin, end int64, doubt bool, renames *renames) {
	expect := func(wd int32, at, name string) *ownListing {
		w := n.table.Watch(wd)
		c := &ownListing{at: at, name: name, begin: begin, end: end, calls: l.calls, deaf: w == nil || !n.hears(w), renames: renames}
		n.own.expect(c, todoKey{wd, name})
		if doubt {
			set(&n.own.doubtful, at, append(n.own.doubtful[at], c))
		}
		return c
	}
	dir, name := event.Linux.Parent(l.path), event.Linux.Base(l.path)
	up := n.table.Watch(l.parent)
	if l.parent == 0 {
		up = n.table.At(dir)
	}
	var self *ownListing
	if w := n.table.Watch(l.wd); doubt || l.existed && w != nil && n.hears(w) {
		self = expect(l.wd, l.path, "")
	}
	if up != nil && up.Path() != l.path && (doubt || n.hears(up)) {
		c := expect(up.WD, dir, name)
		c.other = self
		if doubt { // the queue may not tell yet where path leads
			n.own.find(c, todoKey{n.identify(dir, 0), name})
		}
		if renames != nil {
			for _, key := range renames.out[l.wd] {
				n.own.find(c, key)
			}
		}
	}
}

// hears reports whether listing has w make events.
func (n *Inotify) hears(w *event.Watch) bool { return n.kernelHas(w)&wide != 0 }
