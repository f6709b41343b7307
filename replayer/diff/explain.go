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

func (x *explainer) gap(i, index int) *gap {
	n, _ := x.gapOf[i].get(index)
	return &x.c.gaps[n]
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
