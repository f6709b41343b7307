package diff

import (
	"slices"

	"fsrec/watcher/event"
)

// match is one attempt of a rule.
type match struct {
	x      *explainer
	rule   *Rule
	a      int
	anchor int
	vars   [maxVariables][2]uint32 // by variable, node on each side
	last   [2]int                  // event of the latest line on each side, -1 if there is none
	took   []int                   // like lines a stack: what a line adds is written over when the next try takes its place
	lines  []int                   // the items among them that lines stand for, without those that a "+" or "*" added
	tries  int
}

func (m *match) run() bool {
	m.last = [2]int{-1, -1}
	one := &m.x.items[m.anchor]
	first := &m.rule.lines[0]
	i := first.side ^ m.a
	if one.need != needOnly {
		i = 0
	}
	if !m.bind(first, i, one.at[i]) {
		return false
	}
	m.last = one.at
	m.took, m.lines = append(m.took, m.anchor), append(m.lines, m.anchor)
	if !m.holds() {
		return false
	}
	if first.many {
		m.takeAll(first, i)
	}
	return m.line(1)
}

// fits reports whether an event is of the kind of a pattern.
func (m *match) fits(p *pattern, i, index int) bool {
	mask, first := m.x.c.sides[i].events.at(index).mask, m.x.items[m.anchor].mask
	switch {
	case p.same && (mask^first)&maskBits != 0,
		p.equal && (mask^first)&bitSelf != 0:
		return false
	}
	return p.fits(mask)
}

// bind sets the variables of a pattern to the paths of an event, where they are free,
// and reports whether event and variables fit.
func (m *match) bind(p *pattern, i, index int) bool {
	if !m.fits(p, i, index) {
		return false
	}
	s := m.x.c.sides[i]
	e := s.events.at(index)
	if !p.move {
		return m.set(p.p, i, e.node)
	}
	from, to := e, s.events.at(int(e.link))
	if e.mask&uint32(event.IN_MOVED_TO) != 0 {
		from, to = to, from
	}
	return m.set(p.p, i, from.node) && m.set(p.q, i, to.node)
}

func (m *match) set(variable, i int, id uint32) bool {
	v := &m.vars[variable]
	if *v != [2]uint32{} {
		return v[i] == id
	}
	v[i], v[1-i] = id, m.x.c.peer[i][id]
	return true
}

// line matches the patterns from n on.
func (m *match) line(n int) bool {
	if n == len(m.rule.lines) {
		return true
	}
	p := &m.rule.lines[n]
	i := p.side ^ m.a
	if p.none {
		return !m.found(p, i) && m.line(n+1)
	}
	for _, index := range m.candidates(p, i) {
		if m.tries--; m.tries < 0 {
			return false
		}
		before := *m
		m.last[i] = index
		if m.bind(p, i, index) && m.holds() {
			if p.need == needOnly {
				n, _ := m.x.itemOf[i].get(index)
				m.took, m.lines = append(m.took, n), append(m.lines, n)
				if p.many {
					m.takeAll(p, i)
				}
			}
			if m.line(n + 1) {
				return true
			}
		}
		tries := m.tries
		*m = before
		m.tries = tries
	}
	return p.maybe && m.line(n+1)
}

// found reports whether there is what a pattern does not want, or too much to look at.
func (m *match) found(p *pattern, i int) bool {
	for _, index := range m.candidates(p, i) {
		if m.tries--; m.tries < 0 {
			return true
		}
		try := *m
		try.last[i] = index
		if try.bind(p, i, index) && try.holds() {
			return true
		}
	}
	return false
}

// candidates are the events of side i that can be what a pattern wants, the nearest first.
func (m *match) candidates(p *pattern, i int) []int {
	s := m.x.c.sides[i]
	id := m.vars[p.p][i]
	bound := m.vars[p.p] != [2]uint32{}
	if p.move && !bound {
		id, bound = m.vars[p.q][i], m.vars[p.q] != [2]uint32{}
	}
	from := m.last[i]
	if s.events.n == 0 {
		return nil
	}
	if from < 0 {
		from = m.around(i)
	}
	var out []int
	add := func(index int) {
		if m.fits(p, i, index) && m.admits(p, i, index) {
			out = append(out, index)
		}
	}
	if !bound {
		for d := 0; d <= near; d++ {
			if from+d < s.events.n {
				add(from + d)
			}
			if d > 0 && from-d >= 0 {
				add(from - d)
			}
		}
		return out
	}
	if id == 0 {
		return nil
	}
	all := s.of(id)
	at, _ := slices.BinarySearch(all, uint32(max(from, 0)))
	for d := 0; d <= near; d++ {
		if at+d < len(all) {
			add(int(all[at+d]))
		}
		if d > 0 && at-d >= 0 {
			add(int(all[at-d]))
		}
	}
	return out
}

// around is an event of side i near the first one that was matched on the other
// side: what stands against the common event before it, on any path.
func (m *match) around(i int) int {
	one := &m.x.items[m.anchor]
	if one.need != needOnly {
		return one.at[i]
	}
	other, this := m.x.c.sides[1-i], m.x.c.sides[i]
	last := this.events.n - 1
	for index := one.at[1-i]; index >= 0 && index > one.at[1-i]-near; index-- {
		if other.isCommon(index) {
			if at := m.x.c.counterpart(1-i, index); at >= 0 {
				return at
			}
		}
	}
	return min(one.at[1-i], last)
}

// counterpart is the event of the other side that a common event of side i
// stands against, -1 where that would take too long to find.
func (c *comparison) counterpart(i, index int) int {
	const most = 4096
	id := c.sides[i].events.at(index).node
	all, others := c.sides[i].of(id), c.sides[1-i].of(c.peer[i][id])
	if len(all) > most || len(others) > most {
		return -1
	}
	n := 0
	for _, e := range all {
		if int(e) == index {
			break
		}
		if c.sides[i].isCommon(int(e)) {
			n++
		}
	}
	for _, e := range others {
		if c.sides[1-i].isCommon(int(e)) {
			if n == 0 {
				return int(e)
			}
			n--
		}
	}
	return -1
}

// admits looks at all that a pattern asks for but the paths.
func (m *match) admits(p *pattern, i, index int) bool {
	e := m.x.c.sides[i].events.at(index)
	switch {
	case !p.stands(e.mask):
		return false
	case !m.stands(p.place, i, index), p.equal && !m.merges(i, index):
		return false
	case p.need == needOnly:
		return m.free(i, index)
	}
	return true
}

// free reports whether an event that only side i has is unexplained so far, and happened in
// the operation of the first one.
func (m *match) free(i, index int) bool {
	n, ok := m.x.itemOf[i].get(index)
	if !ok || m.x.items[n].verdict != "" || m.x.items[n].need != needOnly || slices.Contains(m.took, n) {
		return false
	}
	one := &m.x.items[m.anchor]
	j := 0
	if one.at[0] < 0 {
		j = 1
	}
	return m.x.c.place(i, index) == m.x.c.place(j, one.at[j]) && m.opposite(i, index)
}

// opposite reports whether an event of side i that only it has stands between the same common events as
// those of the other side that were matched on its path. What happened before or after something that both tell is
// not another form of it.
func (m *match) opposite(i, index int) bool {
	if m.x.c.conf.match == Set {
		return true
	}
	for _, n := range m.lines {
		one := &m.x.items[n]
		if one.need != needOnly || one.side() == i {
			continue
		}
		for _, e := range m.x.c.halves(1-i, one.at[1-i]) {
			for _, f := range m.x.c.halves(i, index) {
				if m.x.samePath(1-i, e, i, f) && m.x.gap(1-i, e) != m.x.gap(i, f) {
					return false
				}
			}
		}
	}
	return true
}

// halves are the events of a move, or the one event that is none.
func (c *comparison) halves(i, index int) []int {
	if e := c.sides[i].events.at(index); e.mask&bitJoined != 0 {
		return []int{index, int(e.link)}
	}
	return []int{index}
}

func (x *explainer) samePath(i, e, j, f int) bool {
	return x.c.common(i, x.c.sides[i].events.at(e).node) == x.c.common(j, x.c.sides[j].events.at(f).node)
}

// stands reports whether an event of side i stands where a pattern wants it.
func (m *match) stands(at place, i, index int) bool {
	if at == anywhere {
		return true
	}
	last := m.last[i]
	if at == beside {
		return last >= 0 && m.beside(i, index)
	}
	if last < 0 || (index > last) != (at == then || at == next) || index == last {
		return false
	}
	if at == then || at == before {
		return true
	}
	s := m.x.c.sides[i]
	all := s.of(s.events.at(index).node)
	n, _ := slices.BinarySearch(all, uint32(index))
	if at == next {
		return n == 0 || int(all[n-1]) <= last
	}
	return n+1 == len(all) || int(all[n+1]) >= last
}

// beside reports whether an event is the one before or the one after those, on one path,
// that only side i has, and to which the last one that was matched belongs.
func (m *match) beside(i, index int) bool {
	n, ok := m.x.gapOf[i].get(m.last[i])
	if !ok {
		return false
	}
	if m.x.c.conf.match == Set {
		return true
	}
	g := &m.x.c.gaps[n]
	return index == g.lo[i] || index == g.hi[i]
}

// merges reports whether an event that is equal to the last one that was matched is one that the kernel can make one with
// it: nothing else happened on the path between, and no operation began, before which all is read. What happened elsewhere may
// have come before, or after.
func (m *match) merges(i, index int) bool {
	s := m.x.c.sides[i]
	if m.x.c.place(i, index) != m.x.c.place(i, m.last[i]) {
		return false
	}
	first, last := min(index, m.last[i]), max(index, m.last[i])
	all := s.of(s.events.at(index).node)
	n, _ := slices.BinarySearch(all, uint32(first))
	for _, e := range all[n:] {
		if int(e) >= last || m.x.c.conf.match == Set {
			break
		}
		if m.x.c.unseen.marks[i][int(e)] == 0 && (s.events.at(int(e)).mask^s.events.at(index).mask)&(maskBits|bitSelf) != 0 {
			return false
		}
	}
	return true
}

// takeAll takes the other events like that of a pattern with "+" or "*" as well, as far as
// they stand between the same common events.
func (m *match) takeAll(p *pattern, i int) {
	n, ok := m.x.gapOf[i].get(m.last[i])
	if !ok {
		return
	}
	all := m.x.c.gaps[n].only[i]
	at, _ := slices.BinarySearch(all, m.last[i]) // of Set, which sorts them otherwise, somewhere
	took := m.took
	all = all[max(0, at-maxMany):min(len(all), at+maxMany)]
	m.tries -= len(all) / near
	for _, e := range all {
		if m.x.c.sides[i].events.at(e).node == m.vars[p.p][i] && m.fits(p, i, e) && m.admits(p, i, e) {
			n, _ := m.x.itemOf[i].get(e)
			took = append(took, n)
			m.last[i] = max(m.last[i], e)
		}
	}
	m.took = took
}
