package diff

import (
	"math"
	"slices"
	"sort"

	"fsrec/watcher/event"
)

// listed are the events that listing a directory causes: its watch gets them only
// after it has been listed, and a KindMask record tells when.
const listed = event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE_NOWRITE

// narrowFor is how long after a directory came an event in it, nanoseconds, may be one that the
// other recording could not see while the directory had no watch, or a narrow one. Nothing else
// tells of a file that was left alone since then.
const narrowFor = int64(10e9)

// span is a time in which a directory was there and its watch did not see all.
type span struct {
	from int   // events that there were when it began
	to   int   // when the watch had the listed events too
	time int64 // when it began
}

// narrowWatch is a watch in its span.
type narrowWatch struct {
	span
	node uint32
	new  bool // auto-add placed it
}

// come notes the event with which the directory x came: it was not there before.
func (s *side) come(x *node, bits uint32, index int) {
	switch {
	case bits&uint32(event.IN_CREATE|event.IN_MOVED_TO) == 0:
		x.born = 0
	case bits&bitSynthetic != 0:
		x.born = s.names.node(x.parent).born // as its directory came, or later
	default:
		x.born = uint32(index + 1)
	}
}

// placed takes note of a watch on node id: again is one that was in the table.
func (s *side) placed(r *event.Record, id uint32, again bool) {
	s.widened(r.WD)
	if s.input.Header.Backend != "inotify" {
		return
	}
	w := narrowWatch{span{s.events.n, s.events.n, r.Time}, id, r.M != 0}
	if born := s.names.node(id).born; r.M != 0 && !again && born != 0 {
		w.from, w.time = int(born), *s.times.at(int(born - 1))
	}
	if r.M != 0 && !again && s.events.n > 0 {
		s.placements = append(s.placements, placement{s.events.n, id, r.WD})
	}
	if r.N != 0 && r.Mask&listed&^event.Mask(r.N) != 0 {
		s.narrow[r.WD] = w
	} else {
		s.passed(w)
	}
}

// widened ends the span of a watch.
func (s *side) widened(wd int32) {
	if w, ok := s.narrow[wd]; ok {
		s.passed(w)
		delete(s.narrow, wd)
		if w.new && len(s.placements) > 0 {
			s.placements = append(s.placements, placement{at: s.events.n, wd: wd})
		}
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
	if r.Mask&listed == 0 {
		return
	}
	for wd := range r.Masked() {
		s.widened(wd)
	}
}

// ownKey is a kind of event on a node.
type ownKey struct {
	node uint32
	mask uint32
}

// ownPlace is how many events and operations there were before one that the recorder caused.
type ownPlace struct{ at, op int }

// ownEvent remembers where an event that the recorder caused would stand.
func (s *side) ownEvent(r *event.Record, mask event.Mask) {
	at := &s.slots[uint32(r.WD)%uint32(len(s.slots))]
	if at.wd != r.WD || at.tables != s.tables {
		s.fill(at, r.WD)
	}
	id := at.node
	if id == 0 || at.lost {
		return
	}
	if r.Name != "" {
		id = s.child(id, r.Name)
	}
	key := ownKey{id, uint32(mask)}
	s.own[key] = append(s.own[key], ownPlace{s.events.n, len(s.ops)})
}

// merged reports whether an event of an operation, before event to and when there had been from events on side i, may be one
// with an event that its recorder caused: equal ones that follow each other unread are one (inotify(7)). What happens while the
// recorder lists the directory may be either's.
func (c *comparison) merged(i int, key ownKey, from, to, operation int) bool {
	if key.node == 0 {
		return false
	}
	from, _ = c.sides[i].listing(key, from)
	_, to = c.sides[i].listing(key, to)
	all := c.sides[i].own[key]
	for n := after(all, from); n < len(all) && all[n].at <= to; n++ {
		if !c.operated() || c.opIn[i][all[n].op] == operation {
			return true
		}
	}
	return false
}

// listing gives how many events there were when the recorder began and ended to list a directory, where it did when there were so many.
func (s *side) listing(key ownKey, at int) (begin, end int) {
	dir := key.mask & uint32(event.IN_ISDIR)
	opens, closes := s.own[ownKey{key.node, uint32(event.IN_OPEN) | dir}], s.own[ownKey{key.node, uint32(event.IN_CLOSE_NOWRITE) | dir}]
	n := after(opens, at+1) - 1
	if n < 0 {
		return at, at
	}
	if close := after(closes, opens[n].at); close < len(closes) && closes[close].at >= at {
		return opens[n].at, closes[close].at
	}
	return at, at
}

// after is the first of some places that has no fewer events before it.
func after(all []ownPlace, at int) int {
	return sort.Search(len(all), func(n int) bool { return all[n].at >= at })
}

// narrow sets aside what a side could not see, since the watch of the directory had no
// such events yet, or cannot tell from what its recorder caused.
func (p *pathDiff) narrow(g *gap) {
	if !p.c.conf.on[StepUnseen] || p.c.conf.match == Set {
		return
	}
	for i, s := range p.c.sides {
		g.only[i] = slices.DeleteFunc(g.only[i], func(e int) bool {
			one := s.events.at(e)
			if kinds := event.Mask(one.mask) & event.IN_ALL_EVENTS; kinds == 0 || kinds&^listed != 0 {
				return false
			}
			dir := one.node
			toldTwice := p.twin(i, e) && p.fromAbove(1-i, one.mask, g.lo[1-i], math.MaxInt)
			if one.mask&bitSelf == 0 && !toldTwice {
				dir = s.names.node(dir).parent
			}
			operation := p.c.place(i, e)
			from := max(g.lo[1-i]+1, p.c.opStart(1-i, operation))
			other, to := p.c.sides[1-i], g.hi[1-i]
			unseen := dir != 0 && other.narrowIn(p.c.peer[i][dir], from, to) && s.early(dir, e)
			if !unseen {
				if !p.c.merged(1-i, ownKey{p.c.peer[i][one.node], one.mask & maskBits}, from, to, operation) {
					return false
				}
				if p.owed[1-i] == nil {
					p.owed[1-i] = make(map[uint32]int)
				}
				p.owed[1-i][one.mask&maskBits]++
			}
			p.c.setAside(i, StepUnseen, e)
			return true
		})
	}
}

// early puts the listed events that only one side has as far to the front as they fit as well: what a watch did not tell
// since it had no such events yet are the first ones.
func (p *pathDiff) early(all []hunk, tokens [2][]uint64) {
	if !p.c.conf.on[StepUnseen] || p.c.conf.match == Set || !p.narrowed() {
		return
	}
	var before hunk
	for n := range all {
		h := &all[n]
		t, lo, hi := tokens[0], h.aLo, h.aHi
		if lo == hi {
			t, lo, hi = tokens[1], h.bLo, h.bHi
		}
		other := func(token uint64) bool { return event.Mask(token>>32)&event.IN_ALL_EVENTS&^listed != 0 }
		if h.aLo != h.aHi && h.bLo != h.bHi || slices.ContainsFunc(t[lo:hi], other) {
			before = *h
			continue
		}
		by := 0
		for h.aLo-by > before.aHi && h.bLo-by > before.bHi && t[lo-by-1] == t[hi-by-1] {
			by++
		}
		before = hunk{h.aLo - by, h.aHi - by, h.bLo - by, h.bHi - by}
		*h = before
	}
}

// narrowed reports whether a watch of the directory of the path did not tell everything at first.
func (p *pathDiff) narrowed() bool {
	for i, s := range p.c.sides {
		if id := p.path[i]; id != 0 && len(s.spans[s.names.node(id).parent]) > 0 {
			return true
		}
	}
	return false
}

// repay sets aside what a side tells at another place than the other one, where its recorder caused an equal event: of the
// two nobody can say which that was.
func (p *pathDiff) repay() {
	if len(p.c.sides[0].own)+len(p.c.sides[1].own) == 0 || len(p.c.gaps) == p.first {
		return
	}
	gaps := p.c.gaps[p.first:]
	other := make(map[uint32][]int) // by kind, what only the left side has, where somebody's recorder listed the directory
	for n := range gaps {
		for i, only := range gaps[n].only {
			for _, e := range only {
				kind := p.c.sides[i].events.at(e).mask & maskBits
				if p.owed[i][kind] > 0 {
					p.owed[i][kind]--
					p.excuse(i, e)
				} else if i == 0 && p.c.reused(p.path, kind) {
					other[kind] = append(other[kind], e)
				}
			}
		}
	}
	for n := range gaps {
		for _, e := range gaps[n].only[1] {
			kind := p.c.sides[1].events.at(e).mask & maskBits
			at := slices.IndexFunc(other[kind], func(left int) bool { return p.piece(0, left) != p.piece(1, e) })
			if at >= 0 && !p.excused(1, e) {
				p.excuse(0, other[kind][at])
				p.excuse(1, e)
				other[kind] = slices.Delete(other[kind], at, at+1)
			}
		}
	}
	for n := range gaps {
		for i := range p.c.sides {
			gaps[n].only[i] = slices.DeleteFunc(gaps[n].only[i], func(e int) bool { return p.excused(i, e) })
		}
	}
	rest := slices.DeleteFunc(gaps, func(g gap) bool { return len(g.only[0])+len(g.only[1]) == 0 })
	p.c.gaps = p.c.gaps[:p.first+len(rest)]
}

// excuse sets aside what only one side has.
func (p *pathDiff) excuse(i, e int) {
	p.c.sides[i].events.at(e).mask &^= bitOnly
	p.c.setAside(i, StepUnseen, e)
}

func (p *pathDiff) excused(i, e int) bool { return p.c.sides[i].events.at(e).mask&bitAside != 0 }

// narrowIn reports whether something that happened in directory dir before event to, when
// there had been from events, may have happened in a span of its watch.
func (s *side) narrowIn(dir uint32, from, to int) bool {
	spans := s.spans[dir]
	n := sort.Search(len(spans), func(n int) bool { return spans[n].to >= from })
	return n < len(spans) && spans[n].from <= to
}

// early reports whether an event came soon after directory dir, as far as that is known.
func (s *side) early(dir uint32, index int) bool {
	spans := s.spans[dir]
	n := sort.Search(len(spans), func(n int) bool { return spans[n].from > index })
	began := int64(0)
	if n > 0 {
		began = spans[n-1].time
	}
	return *s.times.at(index)-began <= narrowFor
}

// opStart is how many events side i had when an operation began, by its place in the list of both.
func (c *comparison) opStart(i, place int) int {
	if n, found := slices.BinarySearch(c.opIn[i], place); found && n > 0 {
		return c.sides[i].ops[n-1].at
	}
	return 0
}
