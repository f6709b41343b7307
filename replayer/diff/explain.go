package diff

import (
	"slices"

	"fsrec/watcher/event"
)

// item is one thing that differs: an event that only one side has, or one that
// both have, but not alike.
type item struct {
	need    need   // needOnly, needMoved or needTimes
	mask    uint32 // of the event
	at      [2]int
	gap     int // of an event that only one side has, of a move the second one's
	verdict Verdict
	rule    *Rule
	loss    [2]uint64 // of an Unknown one: the record of each side that tells of a loss
	group   int       // items of a group are one difference
	dir     uint32    // of the left side: the directory that an event is ordered wrongly against, 0 for its own path
}

// explainer applies the rules to what differs.
type explainer struct {
	c      *comparison
	items  []item
	differ [2]*marks  // the events of items, and the other halves of their moves
	itemOf [2]byEvent // of an event
	gapOf  [2]byEvent // of an event that only one side has
	lateIn [2]byEvent // of an event that both have at different places: the gap that it stands in
	moves  [2][]int   // see dirMoves
	kinds  [2]kinds
	uses   map[*Rule]int
	polled [2]*outcomes            // see seen
	opened map[[2]uint32][2][2]int // see openings

	renames int // that formerly has looked at
	groups  int
}

const (
	near     = 128  // events before and after another one that are looked at for what has no path yet
	maxTries = 4096 // partial matches of a rule that are looked at for one event
	maxMany  = 1024 // events before and after one that a "+" or "*" looks at
	maxTorn  = 128  // events that only one side has on a path that are looked at for half of a rename

	maxRenames = 1 << 20 // renames that formerly looks at in all
)

func newExplainer(c *comparison) *explainer {
	x := &explainer{c: c, uses: make(map[*Rule]int), opened: make(map[[2]uint32][2][2]int)}
	x.mark()
	for i, s := range c.sides {
		x.kinds[i] = s.kinds()
	}
	for n := range c.gaps {
		for i := range c.sides {
			for _, e := range c.gaps[n].only[i] {
				if x.is(i, e, bitOnly) {
					x.gapOf[i].put(e, n)
				} else {
					x.lateIn[i].put(e, n)
				}
			}
		}
	}
	for n := range c.gaps {
		for i := range c.sides {
			for _, e := range c.gaps[n].only[i] {
				x.addOnly(i, e, n)
			}
		}
	}
	for _, l := range c.late {
		x.add(item{need: needMoved, at: l.at, dir: l.node})
	}
	for _, p := range c.times {
		if x.is(0, p.at[0], bitOnly|bitLate) || x.is(1, p.at[1], bitOnly|bitLate) {
			continue
		}
		x.add(item{need: needTimes, at: p.at})
	}
	return x
}

// mark finds out which events differ.
func (x *explainer) mark() {
	c := x.c
	for i, s := range c.sides {
		m := newMarks(s.events.n)
		add := func(index int) {
			m.add(index)
			if e := s.events.at(index); e.mask&bitJoined != 0 {
				m.add(int(e.link))
			}
		}
		for n := range c.gaps {
			for _, e := range c.gaps[n].only[i] {
				add(e)
			}
		}
		for _, l := range c.late {
			add(l.at[i])
		}
		for _, p := range c.times {
			add(p.at[i])
		}
		m.number()
		x.differ[i], x.itemOf[i], x.gapOf[i], x.lateIn[i] = m, newByEvent(m), newByEvent(m), newByEvent(m)
	}
	x.items = make([]item, 0, x.differ[0].n+x.differ[1].n)
}

func (x *explainer) is(i, index int, bits uint32) bool {
	return x.c.sides[i].events.at(index).mask&bits != 0
}

// addOnly makes an item of an event, of a move one for both halves.
func (x *explainer) addOnly(i, index, gap int) {
	if !x.is(i, index, bitOnly) {
		return // it is at another place
	}
	s := x.c.sides[i]
	e := s.events.at(index)
	if e.mask&bitJoined != 0 && x.is(i, int(e.link), bitOnly) {
		if e.mask&uint32(event.IN_MOVED_FROM) != 0 {
			if _, both := x.gapOf[i].get(int(e.link)); both {
				return // its other half makes the item
			}
		} else {
			x.itemOf[i].put(int(e.link), len(x.items))
		}
	}
	one := item{need: needOnly, at: [2]int{-1, -1}, gap: gap}
	one.at[i] = index
	x.add(one)
}

func (x *explainer) add(one item) {
	one.group = -1
	for i, at := range one.at {
		if at >= 0 {
			one.mask = x.c.sides[i].events.at(at).mask
			x.itemOf[i].put(at, len(x.items))
		}
	}
	x.items = append(x.items, one)
}

// side is the side of an item of needOnly.
func (one *item) side() int {
	if one.at[0] >= 0 {
		return 0
	}
	return 1
}

// run gives every item a verdict.
func (x *explainer) run() {
	for n := range x.items {
		x.lossy(&x.items[n])
	}
	for n := range x.items {
		x.torn(&x.items[n])
	}
	for _, r := range x.c.conf.rules.Rules {
		for a := range 2 {
			if r.sides[0].holds(x.c.sides[a]) && r.sides[1].holds(x.c.sides[1-a]) && r.sidesHold(x.c, a) && x.possible(r, a) {
				x.apply(r, a)
			}
		}
	}
	for n := range x.items {
		if x.items[n].verdict == "" {
			x.items[n].verdict = Unexplained
		}
	}
}

func (r *Rule) sidesHold(c *comparison, a int) bool {
	for _, p := range r.where {
		if p.name != "older" {
			continue
		}
		one := c.sides[a^p.args[0]]
		other := c.sides[1-a^p.args[0]]
		if older(version(one.input.Header.Kernel), version(other.input.Header.Kernel)) == p.not {
			return false
		}
	}
	return true
}

// lossy gives the verdict Unknown to what can have fallen into a loss.
func (x *explainer) lossy(one *item) {
	switch one.need {
	case needOnly:
		i := one.side()
		if x.fell(one, 1-i, x.gap(i, one.at[i])) {
			return
		}
		if e := x.c.sides[i].events.at(one.at[i]); e.mask&bitJoined != 0 {
			if n, ok := x.gapOf[i].get(int(e.link)); ok {
				x.fell(one, 1-i, &x.c.gaps[n])
			}
		}
	case needTimes:
		for i, s := range x.c.sides {
			g := gap{}
			g.path[i] = s.events.at(one.at[i]).node
			g.lo[i], g.hi[i] = one.at[i]-1, one.at[i]+1
			if more := s.of(g.path[i]); len(more) > 0 {
				if n, _ := slices.BinarySearch(more, uint32(one.at[i]+1)); n < len(more) {
					g.hi[i] = int(more[n])
				} else {
					g.hi[i] = s.events.n
				}
			}
			x.fell(one, i, &g)
		}
	}
}

// torn gives the verdict of a move that can have fallen into a loss to those of its halves that the
// other side tells by themselves: the old name from before the end of that loss, the new one from after its beginning.
func (x *explainer) torn(one *item) {
	if one.verdict != Unknown || one.need != needOnly || one.mask&bitJoined == 0 {
		return
	}
	i := one.side()
	for _, whole := range x.c.halves(i, one.at[i]) {
		n, ok := x.gapOf[i].get(whole)
		if !ok {
			continue
		}
		mask, others := x.c.sides[i].events.at(whole).mask, x.c.gaps[n].only[1-i]
		for _, e := range others[:min(len(others), maxTorn)] {
			m, _ := x.itemOf[1-i].get(e)
			half := &x.items[m]
			if half.need == needOnly && half.verdict == "" && (half.mask^mask)&(maskBits|bitJoined) == bitJoined && x.c.sides[1-i].besideLoss(e, one.loss[1-i]) {
				half.verdict, half.loss = Unknown, one.loss
				break
			}
		}
	}
}

// besideLoss reports whether half of a rename stands where the other half can have fallen into a loss.
func (s *side) besideLoss(index int, loss uint64) bool {
	n := slices.IndexFunc(s.losses, func(w window) bool { return w.Seq == loss })
	if n < 0 {
		return false
	}
	if s.events.at(index).mask&uint32(event.IN_MOVED_FROM) != 0 {
		return index < s.losses[n].to
	}
	return index >= s.losses[n].from
}

func (x *explainer) gap(i, index int) *gap {
	n, _ := x.gapOf[i].get(index)
	return &x.c.gaps[n]
}

// fell reports whether what side i lacks in a gap can have fallen into one of its losses, and
// makes the item Unknown then.
func (x *explainer) fell(one *item, i int, g *gap) bool {
	s := x.c.sides[i]
	for n := range s.losses {
		w := &s.losses[n]
		if w.to <= g.lo[i] || w.from > g.hi[i] {
			continue
		}
		if w.node == 0 || x.c.within(g.path, i, w.node) {
			one.verdict, one.loss[i] = Unknown, w.Seq
			return true
		}
	}
	return false
}

// within reports whether a path, which one side may not have, is a node of side i or below it.
func (c *comparison) within(path [2]uint32, i int, dir uint32) bool {
	id := path[i]
	if id == 0 {
		i, id, dir = 1-i, path[1-i], c.peer[i][dir]
	}
	return dir != 0 && (id == dir || c.sides[i].names.below(id, dir))
}

// asks reports whether a rule has a relation.
func (r *Rule) asks(relation string) bool {
	return slices.ContainsFunc(r.where, func(p predicate) bool { return p.name == relation })
}

// apply explains what it can by a rule whose side a is side number a.
func (x *explainer) apply(r *Rule, a int) {
	first := &r.lines[0]
	for n := range x.items {
		one := &x.items[n]
		if one.mask&first.mask == 0 || one.verdict != "" || one.need != first.need || one.need == needOnly && one.side() != first.side^a || one.dir != 0 && !r.asks("outcome") {
			continue
		}
		m := match{x: x, rule: r, a: a, anchor: n, tries: maxTries}
		if m.run() {
			for _, n := range m.took {
				x.items[n].verdict, x.items[n].rule, x.items[n].group = Explained, r, x.groups
			}
			x.groups++
			x.uses[r]++
		}
	}
}
