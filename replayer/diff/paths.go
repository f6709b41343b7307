package diff

import (
	"cmp"
	"slices"

	"fsrec/watcher/event"
)

// comparePath aligns the events of one path, operation by operation, and marks
// those that only one side has. It reports whether any are common.
func (c *comparison) comparePath(path [2]uint32) (common bool) {
	all, tokens := c.all, c.tokens
	var marked [2][]int
	for i, s := range c.sides {
		all[i], tokens[i] = all[i][:0], tokens[i][:0]
		events := s.of(path[i])
		if c.conf.match == Set {
			events = c.byToken(i, events)
		}
		for _, e := range events {
			switch {
			case !s.isCommon(int(e)): // so far, what was folded
			case c.unseen.marks[i][int(e)] != 0:
				marked[i] = append(marked[i], int(e))
			default:
				all[i] = append(all[i], int(e))
			}
		}
		c.unseen.sort(i, all[i])
	}
	if c.telling = 0; len(marked[0])+len(marked[1])+len(c.unseen.pairs[path[0]]) > 0 {
		c.telling = bitSelf // one of two watches can have told more
	}
	for i := range c.sides {
		for _, e := range all[i] {
			tokens[i] = append(tokens[i], c.token(i, e))
		}
	}
	c.all, c.tokens = all, tokens
	p := pathDiff{c: c, path: path, all: all, tokens: tokens, first: len(c.gaps)}
	p.known = p.cuts()
	times := len(c.times)
	if c.conf.match == Set || c.conf.match == Subset || !c.operated() {
		p.run(0, len(all[0]), 0, len(all[1]))
	} else {
		p.operations()
	}
	p.repay()
	p.refold(times)
	p.lateOnes()
	p.settle(marked)
	c.telling = 0
	return p.pairs > 0
}

// byToken gives events in an order that does not depend on when they happened.
func (c *comparison) byToken(i int, events []uint32) []uint32 {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b uint32) int { return cmp.Compare(c.token(i, int(a)), c.token(i, int(b))) })
	return sorted
}

// pathDiff is the comparison of one path.
type pathDiff struct {
	c      *comparison
	path   [2]uint32
	all    [2][]int
	tokens [2][]uint64
	known  []pair // places in all of events that are known to be the same ones
	first  int    // gap of the path
	pairs  int
	owed   [2]map[uint32]int // how many events each side lacks as its recorder caused the same there, by kind
}

// operations runs the alignment for each operation in turn.
func (p *pathDiff) operations() {
	x, y := 0, 0
	for x < len(p.all[0]) || y < len(p.all[1]) {
		op := -1
		at := func(i, n int) int { return p.c.place(i, p.all[i][n]) }
		if x < len(p.all[0]) {
			op = at(0, x)
		}
		if y < len(p.all[1]) && (op < 0 || at(1, y) < op) {
			op = at(1, y)
		}
		xEnd, yEnd := x, y
		for xEnd < len(p.all[0]) && at(0, xEnd) == op {
			xEnd++
		}
		for yEnd < len(p.all[1]) && at(1, yEnd) == op {
			yEnd++
		}
		p.run(x, xEnd, y, yEnd)
		x, y = xEnd, yEnd
	}
}

// run aligns a part of both sides, piece by piece where it is known what belongs together.
func (p *pathDiff) run(xLo, xHi, yLo, yHi int) {
	for _, cut := range p.known {
		if cut.a > xLo && cut.a < xHi && cut.b > yLo && cut.b < yHi {
			p.align(xLo, cut.a, yLo, cut.b)
			xLo, yLo = cut.a, cut.b
		}
	}
	p.align(xLo, xHi, yLo, yHi)
}

// align aligns a part of both sides.
func (p *pathDiff) align(xLo, xHi, yLo, yHi int) {
	xLo, yLo = p.late(xLo, xHi, yLo, yHi)
	x, y := xLo, yLo
	all := hunks(p.tokens[0][xLo:xHi], p.tokens[1][yLo:yHi])
	p.early(all, [2][]uint64{p.tokens[0][xLo:xHi], p.tokens[1][yLo:yHi]})
	for _, h := range append(all, hunk{xHi - xLo, xHi - xLo, yHi - yLo, yHi - yLo}) {
		for ; x < xLo+h.aLo; x, y = x+1, y+1 {
			p.pair(p.all[0][x], p.all[1][y])
		}
		if h.aLo < h.aHi || h.bLo < h.bHi {
			p.gap(x, xLo+h.aHi, y, yLo+h.bHi)
		}
		x, y = xLo+h.aHi, yLo+h.bHi
	}
}

// late aligns the first life of an object that one side found by listing: what that
// side was told afterwards is the end of what the other one was told, and the rest is set aside. It returns where that life ends.
func (p *pathDiff) late(xLo, xHi, yLo, yHi int) (x, y int) {
	if xLo == xHi || yLo == yHi || !p.c.conf.on[StepUnseen] || p.c.conf.match == Set || p.tokens[0][xLo] != p.tokens[1][yLo] {
		return xLo, yLo
	}
	at, ends := [2]int{xLo, yLo}, [2]int{p.lifeEnd(0, xLo, xHi), p.lifeEnd(1, yLo, yHi)}
	i := 0 // the side that came late
	if ends[0]-xLo > ends[1]-yLo {
		i = 1
	}
	skip := ends[1-i] - at[1-i] - (ends[i] - at[i])
	first, other := p.event(i, at[i]), p.event(1-i, at[1-i])
	told := at[1-i] + 1 + skip
	if skip == 0 || first.mask&bitSynthetic == 0 || other.mask&bitSynthetic != 0 || !slices.Equal(p.tokens[i][at[i]+1:ends[i]], p.tokens[1-i][told:ends[1-i]]) {
		return xLo, yLo
	}
	for n := at[1-i] + 1; n < told; n++ {
		if p.event(1-i, n).mask&uint32(event.IN_CREATE|event.IN_DELETE|event.IN_MOVE) != 0 {
			return xLo, yLo
		}
	}
	for n := at[1-i] + 1; n < told; n++ {
		p.c.setAside(1-i, StepUnseen, p.all[1-i][n])
	}
	p.pairs += ends[i] - at[i]
	return ends[0], ends[1]
}

func (p *pathDiff) event(i, n int) *ev { return p.c.sides[i].events.at(p.all[i][n]) }

// lifeEnd is where the life that begins at lo ends: behind its deletion, or its renaming.
func (p *pathDiff) lifeEnd(i, lo, hi int) int {
	for n := lo + 1; n < hi; n++ {
		if p.event(i, n).mask&uint32(event.IN_DELETE|event.IN_MOVED_FROM) != 0 {
			return n + 1
		}
	}
	return hi
}

// pair takes in two events that are the same.
func (p *pathDiff) pair(x, y int) {
	p.pairs++
	l, r := p.c.sides[0].events.at(x), p.c.sides[1].events.at(y)
	if l.mask&bitJoined == 0 && l.link != r.link && p.c.conf.match != Subset {
		p.c.times = append(p.c.times, countPair{[2]int{x, y}})
	}
}

func (p *pathDiff) gap(xLo, xHi, yLo, yHi int) {
	g := gap{path: p.path, lo: [2]int{-1, -1}, hi: [2]int{p.c.sides[0].events.n, p.c.sides[1].events.n}}
	lo, hi := [2]int{xLo, yLo}, [2]int{xHi, yHi}
	for i := range g.only {
		if lo[i] > 0 {
			g.lo[i] = p.all[i][lo[i]-1]
		}
		if hi[i] < len(p.all[i]) {
			g.hi[i] = p.all[i][hi[i]]
		}
		g.only[i] = slices.Clone(p.all[i][lo[i]:hi[i]])
		if p.c.conf.match == Set {
			g.lo[i], g.hi[i] = -1, p.c.sides[i].events.n
		}
	}
	p.likely(&g)
	p.unseen(&g)
	p.twins(&g)
	p.narrow(&g)
	if p.c.conf.match == Subset {
		for _, e := range g.only[1] {
			p.c.setAside(1, AsideSubset, e)
		}
		g.only[1] = nil
	}
	if len(g.only[0])+len(g.only[1]) == 0 {
		return
	}
	for i, s := range p.c.sides {
		for _, e := range g.only[i] {
			s.events.at(e).mask |= bitOnly
		}
	}
	p.c.gaps = append(p.c.gaps, g)
}

// setAside sets an event aside. A move counts once both of its halves are.
func (c *comparison) setAside(i int, step Step, index int) {
	e := c.sides[i].events.at(index)
	e.mask |= bitAside
	mask := event.Mask(e.mask & maskBits)
	if e.mask&bitJoined != 0 {
		if c.sides[i].events.at(int(e.link)).mask&bitAside == 0 {
			return
		}
		mask |= event.IN_MOVE
	}
	c.aside[i][asideKey{step, mask}]++
}

// likely pairs events that differ only in that one side does not know whether
// they are about a directory.
func (p *pathDiff) likely(g *gap) {
	const dir = uint64(event.IN_ISDIR) << 32
	type what struct {
		token uint64
		node  uint32 // a gap can be of several paths
	}
	token := func(i, e int) (what, bool) {
		at := p.c.sides[i].events.at(e)
		return what{p.c.token(i, e) &^ dir, p.c.common(i, at.node)}, at.mask&bitDirUnknown != 0
	}
	for x := 0; x < len(g.only[0]) && len(g.only[0])*len(g.only[1]) < 1<<16; x++ {
		a, unknown := token(0, g.only[0][x])
		y := slices.IndexFunc(g.only[1], func(e int) bool {
			b, other := token(1, e)
			return a == b && (unknown || other)
		})
		if y >= 0 {
			p.pair(g.only[0][x], g.only[1][y])
			g.only[0], g.only[1] = slices.Delete(g.only[0], x, x+1), slices.Delete(g.only[1], y, y+1)
			x--
		}
	}
}

// unseen sets aside what a side could not see since its watch of the directory
// came after the event: its creation of the object is synthetic, and it has nothing else of it there but its end.
func (p *pathDiff) unseen(g *gap) {
	const seen = uint32(event.IN_CREATE | event.IN_DELETE | event.IN_MOVE)
	if !p.c.conf.on[StepUnseen] {
		return
	}
	// The later one of two watches saw less, though both came too late.
	byWatch := p.c.sides[0].input.Header.Backend == "inotify" && p.c.sides[1].input.Header.Backend == "inotify"
	for i, s := range p.c.sides {
		other := p.c.sides[1-i]
		more := func(e int) bool { return other.events.at(e).mask&uint32(event.IN_DELETE|event.IN_MOVED_FROM) == 0 }
		if g.lo[1-i] < 0 || other.events.at(g.lo[1-i]).mask&bitSynthetic == 0 || slices.ContainsFunc(g.only[1-i], more) {
			continue
		}
		if !byWatch && g.lo[i] >= 0 && s.events.at(g.lo[i]).mask&bitSynthetic != 0 {
			continue // neither saw it
		}
		g.only[i] = slices.DeleteFunc(g.only[i], func(e int) bool {
			if s.events.at(e).mask&seen != 0 {
				return false
			}
			p.c.setAside(i, StepUnseen, e)
			return true
		})
	}
}

// twins sets aside what the watch of a new directory told after that of the directory above had
// told the same, where the other side heard it only from above, since its watch came later.
func (p *pathDiff) twins(g *gap) {
	if !p.c.conf.on[StepUnseen] || p.path[0] == 0 || p.path[1] == 0 {
		return
	}
	for i, s := range p.c.sides {
		placed := int(p.c.sides[1-i].names.node(p.path[1-i]).placed)
		if placed == 0 || s.names.node(p.path[i]).placed == 0 {
			continue
		}
		g.only[i] = slices.DeleteFunc(g.only[i], func(e int) bool {
			if !p.twin(i, e) || !p.fromAbove(1-i, s.events.at(e).mask, g.lo[1-i], placed) {
				return false
			}
			p.c.setAside(i, StepUnseen, e)
			return true
		})
	}
}

const twinned = uint32(event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE | event.IN_ATTRIB)

// nearby are the events of the path around one of side i.
func (p *pathDiff) nearby(i, index int) []int {
	const around = 4
	n, _ := slices.BinarySearch(p.all[i], index)
	return p.all[i][max(0, n-around):min(len(p.all[i]), n+around+1)]
}

// twin reports whether both watches of side i told of an event of a directory.
func (p *pathDiff) twin(i, index int) bool {
	e := p.c.sides[i].events.at(index)
	return e.mask&twinned != 0 && e.mask&uint32(event.IN_ISDIR) != 0 && slices.ContainsFunc(p.nearby(i, index), func(other int) bool {
		o := p.c.sides[i].events.at(other)
		return (o.mask^e.mask)&maskBits == 0 && (o.mask^e.mask)&bitSelf != 0
	})
}

// fromAbove reports whether side i heard of an event only from the directory above, before its watch was placed.
func (p *pathDiff) fromAbove(i int, mask uint32, lo, placed int) bool {
	return lo >= 0 && slices.ContainsFunc(p.nearby(i, lo), func(other int) bool {
		o := p.c.sides[i].events.at(other).mask
		return other < placed && (o^mask)&maskBits == 0 && o&bitSelf == 0
	})
}

// lateOnes finds events that both sides have, but at different places of the path, or of the piece where it is known what belongs together.
func (p *pathDiff) lateOnes() {
	gaps := p.c.gaps[p.first:]
	if len(gaps) == 0 {
		return
	}
	type what struct {
		token uint64
		piece int
	}
	waiting := make(map[what][]int)
	for _, g := range gaps {
		for _, e := range g.only[0] {
			t := what{p.c.token(0, e), p.piece(0, e)}
			waiting[t] = append(waiting[t], e)
		}
	}
	for _, g := range gaps {
		for _, e := range g.only[1] {
			t := what{p.c.token(1, e), p.piece(1, e)}
			if w := waiting[t]; len(w) > 0 && (!p.repeats(0, w[0]) || !p.repeats(1, e)) && !p.c.reused(p.path, uint32(t.token>>32)&maskBits) {
				p.c.setLate(w[0], e, 0)
				waiting[t] = w[1:]
			}
		}
	}
}

// repeats reports whether an event stands beside an equal one of its path, with which the kernel could have made it one.
func (p *pathDiff) repeats(i, index int) bool {
	const merges = uint32(event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE | event.IN_ATTRIB)
	mask := p.c.sides[i].events.at(index).mask
	n, _ := slices.BinarySearch(p.all[i], index)
	like := func(n int) bool {
		return n >= 0 && n < len(p.all[i]) && (p.c.sides[i].events.at(p.all[i][n]).mask^mask)&(maskBits|bitSelf) == 0
	}
	return mask&merges != 0 && (like(n-1) || like(n+1))
}

func (c *comparison) setLate(x, y int, node uint32) {
	for i, at := range []int{x, y} {
		e := c.sides[i].events.at(at)
		e.mask = e.mask&^bitOnly | bitLate
	}
	c.late = append(c.late, latePair{[2]int{x, y}, node})
}

// checkOrder looks, on paths that have common events, whether those stand
// between the same events of the directories above. Only common events count, so
// that one missing creation of a directory does not put all of its contents in doubt.
func (c *comparison) checkOrder(all [][2]uint32) {
	if len(all) == 0 || c.sides[0].lives+c.sides[1].lives == 2 {
		return
	}
	var epochs [2][]uint64 // by place in list
	_ = c.both(func(s *side) error {
		want := make([]bool, s.names.nodes.n)
		for _, path := range all {
			want[path[s.which]] = true
		}
		epochs[s.which] = s.epochs(want)
		return nil
	})
	for _, path := range all {
		x, y := c.sides[0].of(path[0]), c.sides[1].of(path[1])
		xAt, yAt := int(c.sides[0].starts[path[0]]), int(c.sides[1].starts[path[1]])
		i, j := 0, 0
		for {
			for i < len(x) && !c.sides[0].isCommon(int(x[i])) {
				i++
			}
			for j < len(y) && !c.sides[1].isCommon(int(y[j])) {
				j++
			}
			if i == len(x) || j == len(y) {
				break
			}
			both := [2]int{int(x[i]), int(y[j])}
			if epochs[0][xAt+i] != epochs[1][yAt+j] && c.token(0, both[0]) == c.token(1, both[1]) && !c.unseen.held(both) {
				c.setLate(both[0], both[1], c.sides[0].names.node(path[0]).parent)
			}
			i++
			j++
		}
	}
}

func (s *side) isCommon(index int) bool {
	return s.events.at(index).mask&(bitOnly|bitLate|bitAside) == 0
}

// epochs gives, for the events of the nodes that are wanted, the hash of how
// often the directories above came and went in common events.
func (s *side) epochs(want []bool) []uint64 {
	for id := range s.names.nodes.n {
		x := s.names.nodes.at(id)
		x.gen, x.at, x.last = 0, 0, 0
	}
	s.lives, s.since = 1, 1
	out := make([]uint64, len(s.list))
	const lives = uint32(event.IN_CREATE | event.IN_DELETE | event.IN_MOVE)
	for i := range s.events.n {
		e := s.events.at(i)
		x := s.names.node(e.node)
		if want[e.node] {
			out[s.starts[e.node]+x.last] = s.epoch(x.parent)
		}
		x.last++
		if e.mask&lives != 0 && e.mask&(uint32(event.IN_ISDIR)|bitDirUnknown) != 0 && s.isCommon(i) {
			s.lived(x)
		}
	}
	return out
}

// compareAll aligns all events in one order.
func (c *comparison) compareAll() {
	p := pathDiff{c: c}
	for i, s := range c.sides {
		for e := range s.events.n {
			if !s.isCommon(e) {
				continue
			}
			p.all[i] = append(p.all[i], e)
			p.tokens[i] = append(p.tokens[i], mix(c.token(i, e), uint64(c.common(i, s.events.at(e).node))))
		}
	}
	p.run(0, len(p.all[0]), 0, len(p.all[1]))
	_ = c.both(func(s *side) error { s.index(); return nil })
	p.lateAnywhere()
}

// lateAnywhere is lateOnes for all paths at once.
func (p *pathDiff) lateAnywhere() {
	key := func(i, e int) [2]uint64 {
		return [2]uint64{p.c.token(i, e), uint64(p.c.common(i, p.c.sides[i].events.at(e).node))}
	}
	waiting := make(map[[2]uint64][]int)
	for _, g := range p.c.gaps {
		for _, e := range g.only[0] {
			waiting[key(0, e)] = append(waiting[key(0, e)], e)
		}
	}
	for _, g := range p.c.gaps {
		for _, e := range g.only[1] {
			if w := waiting[key(1, e)]; len(w) > 0 {
				p.c.setLate(w[0], e, 0)
				waiting[key(1, e)] = w[1:]
			}
		}
	}
}
