package diff

import (
	"slices"
	"sort"

	"fsrec/watcher/event"
)

// listed are the events that listing a directory causes: its watch gets them only
// after it has been listed, and a KindMask record tells when.
const listed = event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE_NOWRITE

// narrowFor is how long after a directory came an event in it, nanoseconds, may be one that the
// other recording could not see while the watch of the directory was narrow. Nothing else tells
// of a file that was left alone since then.
const narrowFor = int64(10e9)

// span is a time in which the watch of a directory had no listed events, though it
// was asked for them.
type span struct {
	from, to int   // events that there were when it began and when it was over
	time     int64 // when it began
}

// narrowWatch is a watch in its span.
type narrowWatch struct {
	span
	node uint32
	new  bool // auto-add placed it
}

// narrowed takes note of a watch on node id that begins without what it was asked for.
func (s *side) narrowed(r *event.Record, id uint32) {
	s.widened(r.WD)
	if s.input.Header.Backend == "inotify" && r.N != 0 && r.Mask&listed&^event.Mask(r.N) != 0 {
		s.narrow[r.WD] = narrowWatch{span{from: s.events.n, time: r.Time}, id, r.M != 0}
	}
}

// widened ends the span of a watch.
func (s *side) widened(wd int32) {
	if w, ok := s.narrow[wd]; ok {
		s.passed(w)
		delete(s.narrow, wd)
	}
}

// passed notes the span of a watch up to now, but for that of a tree that was there before, where nothing had begun.
func (s *side) passed(w narrowWatch) {
	if w.to = s.events.n; w.from < w.to || w.new {
		s.spans[w.node] = append(s.spans[w.node], w.span)
	}
}

// relocated goes on with the spans of what was renamed to path.
func (s *side) relocated(path string) {
	if len(s.narrow) == 0 {
		return
	}
	for _, at := range s.table.Below(path, nil) {
		if w, ok := s.narrow[at.WD]; ok {
			s.passed(w)
			w.from, w.node = s.events.n, s.pathNode(at.Path())
			s.narrow[at.WD] = w
		}
	}
}

// masked carries out a KindMask record.
func (s *side) masked(r *event.Record) {
	if event.Mask(r.N)&listed == 0 {
		return
	}
	for wd := range r.Masked() {
		s.widened(wd)
	}
}

// narrow sets aside what a side could not see, since the watch of the directory had no
// such events yet.
func (p *pathDiff) narrow(g *gap) {
	if !p.c.conf.on[StepUnseen] || p.c.conf.match == Set {
		return
	}
	for i, s := range p.c.sides {
		g.only[i] = slices.DeleteFunc(g.only[i], func(e int) bool {
			one := s.events.at(e)
			if one.mask&uint32(event.IN_ALL_EVENTS&^listed) != 0 || one.mask&uint32(listed) == 0 {
				return false
			}
			dir := one.node
			if one.mask&bitSelf == 0 {
				dir = s.names.node(dir).parent
			}
			from := max(g.lo[1-i]+1, p.c.opStart(1-i, p.c.place(i, e)))
			if dir == 0 || !p.c.sides[1-i].narrowIn(p.c.peer[i][dir], from, g.hi[1-i]) || *s.times.at(e)-s.began(dir, e) > narrowFor {
				return false
			}
			p.c.setAside(i, StepUnseen, e)
			return true
		})
	}
}

// narrowIn reports whether something that happened in directory dir before event to, when
// there had been from events, may have happened in a span of its watch.
func (s *side) narrowIn(dir uint32, from, to int) bool {
	spans := s.spans[dir]
	n := sort.Search(len(spans), func(n int) bool { return spans[n].to >= from })
	return n < len(spans) && spans[n].from <= to
}

// began is when the watch of directory dir began that told of an event, 0 if it had all of its mask at once.
func (s *side) began(dir uint32, index int) int64 {
	spans := s.spans[dir]
	n := sort.Search(len(spans), func(n int) bool { return spans[n].from > index })
	if n == 0 {
		return 0
	}
	return spans[n-1].time
}

// opStart is how many events side i had when an operation began, by its place in the list of both.
func (c *comparison) opStart(i, place int) int {
	if n, found := slices.BinarySearch(c.opIn[i], place); found && n > 0 {
		return c.sides[i].ops[n-1].at
	}
	return 0
}
