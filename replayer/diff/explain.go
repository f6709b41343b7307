package diff

import (
	"slices"

	"fsrec/watcher/event"
)

// item is one thing that differs: an event that only one side has, or one that
// both have, but not alike.
type item struct {
	need    need // needOnly, needMoved or needTimes
	at      [2]int
	gap     int // of an event that only one side has, of a move the second one's
	verdict Verdict
	rule    *Rule
	group   int    // items of a group are one difference
	dir     uint32 // of the left side: the directory that an event is ordered wrongly against, 0 for its own path
}

// explainer applies the rules to what differs.
type explainer struct {
	c      *comparison
	items  []item
	itemOf [2]map[int]int // by event
	gapOf  [2]map[int]int // by event that only one side has
	uses   map[*Rule]int
	groups int
}

const (
	near     = 128  // events before and after another one that are looked at for what has no path yet
	maxTries = 4096 // partial matches of a rule that are looked at for one event
	maxMany  = 1024 // events that one "+" or "*" takes
)

func newExplainer(c *comparison) *explainer {
	x := &explainer{c: c, uses: make(map[*Rule]int)}
	for i := range x.itemOf {
		x.itemOf[i], x.gapOf[i] = make(map[int]int), make(map[int]int)
	}
	for n := range c.gaps {
		for i := range c.sides {
			for _, e := range c.gaps[n].only[i] {
				if x.is(i, e, bitOnly) {
					x.gapOf[i][e] = n
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
			if _, both := x.gapOf[i][int(e.link)]; both {
				return // its other half makes the item
			}
		} else {
			x.itemOf[i][int(e.link)] = len(x.items)
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
			x.itemOf[i][at] = len(x.items)
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
	for _, r := range x.c.conf.rules.Rules {
		for a := range 2 {
			if r.sides[0].holds(x.c.sides[a]) && r.sides[1].holds(x.c.sides[1-a]) && r.sidesHold(x.c, a) {
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
		lacks := 1 - i
		if x.fell(lacks, x.gap(i, one.at[i])) {
			one.verdict = Unknown
			return
		}
		if e := x.c.sides[i].events.at(one.at[i]); e.mask&bitJoined != 0 {
			if n, ok := x.gapOf[i][int(e.link)]; ok && x.fell(lacks, &x.c.gaps[n]) {
				one.verdict = Unknown
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
			if x.fell(i, &g) {
				one.verdict = Unknown
			}
		}
	}
}

func (x *explainer) gap(i, index int) *gap { return &x.c.gaps[x.gapOf[i][index]] }

// fell reports whether what side i lacks in a gap can have fallen into one of its losses.
func (x *explainer) fell(i int, g *gap) bool {
	s := x.c.sides[i]
	for n := range s.losses {
		w := &s.losses[n]
		if w.to <= g.lo[i] || w.from > g.hi[i] {
			continue
		}
		id := g.path[i]
		if w.node == 0 || id == 0 || id == w.node || s.names.below(id, w.node) {
			return true
		}
	}
	return false
}

// apply explains what it can by a rule whose side a is side number a.
func (x *explainer) apply(r *Rule, a int) {
	first := &r.lines[0]
	for n := range x.items {
		one := &x.items[n]
		if one.verdict != "" || one.need != first.need || one.need == needOnly && one.side() != first.side^a {
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

// match is one attempt of a rule.
type match struct {
	x      *explainer
	rule   *Rule
	a      int
	anchor int
	vars   [maxVariables][2]uint32 // by variable, node on each side
	last   [2]int                  // event of the latest line on each side, -1 if there is none
	took   []int
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
	m.took = append(m.took, m.anchor)
	if first.many {
		m.takeAll(first, i)
	}
	return m.holds() && m.line(1)
}

// fits reports whether an event is of the kind of a pattern.
func (m *match) fits(p *pattern, i, index int) bool {
	e := m.x.c.sides[i].events.at(index)
	dir := e.mask&uint32(event.IN_ISDIR) != 0
	switch {
	case e.mask&p.mask == 0,
		p.move && e.mask&bitJoined == 0,
		p.dir && !dir && e.mask&bitDirUnknown == 0,
		p.file && dir,
		p.synthetic && e.mask&bitSynthetic == 0:
		return false
	}
	return p.move || p.need != needOnly || e.mask&bitJoined == 0
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
	for _, index := range m.candidates(p, i) {
		if m.tries--; m.tries < 0 {
			return false
		}
		before := *m
		if m.bind(p, i, index) && m.holds() {
			m.last[i] = index
			if p.need == needOnly {
				m.took = append(slices.Clip(m.took), m.x.itemOf[i][index])
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

// candidates are the events of side i that can be what a pattern wants, the nearest first.
func (m *match) candidates(p *pattern, i int) []int {
	s := m.x.c.sides[i]
	id := m.vars[p.p][i]
	bound := m.vars[p.p] != [2]uint32{}
	if p.move && !bound {
		id, bound = m.vars[p.q][i], m.vars[p.q] != [2]uint32{}
	}
	from := m.last[i]
	if from < 0 {
		from = m.around(i)
	}
	var out []int
	add := func(index int) {
		if m.admits(p, i, index) {
			out = append(out, index)
		}
	}
	if !bound {
		for d := 1; d <= near; d++ {
			for _, index := range []int{from - d, from + d} {
				if index >= 0 && index < s.events.n {
					add(index)
				}
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

// around is an event of side i near the first one that was matched on the other side.
func (m *match) around(i int) int {
	one := &m.x.items[m.anchor]
	if one.need == needOnly {
		g := &m.x.c.gaps[one.gap]
		if g.lo[i] >= 0 {
			return g.lo[i]
		}
		return min(g.hi[i], m.x.c.sides[i].events.n-1)
	}
	return one.at[i]
}

// admits looks at all that a pattern asks for but the paths.
func (m *match) admits(p *pattern, i, index int) bool {
	e := m.x.c.sides[i].events.at(index)
	switch {
	case p.need == needBoth && e.mask&(bitOnly|bitLate) != 0:
		return false
	case !m.stands(p.place, i, index):
		return false
	case p.need == needOnly:
		return e.mask&bitOnly != 0 && m.free(i, index)
	}
	return true
}

// free reports whether an event that only side i has is unexplained so far, and happened in
// the operation of the first one.
func (m *match) free(i, index int) bool {
	n, ok := m.x.itemOf[i][index]
	if !ok || m.x.items[n].verdict != "" || m.x.items[n].need != needOnly || slices.Contains(m.took, n) {
		return false
	}
	one := &m.x.items[m.anchor]
	j := 0
	if one.at[0] < 0 {
		j = 1
	}
	return m.x.c.place(i, index) == m.x.c.place(j, one.at[j])
}

// stands reports whether an event of side i stands where a pattern wants it.
func (m *match) stands(at place, i, index int) bool {
	if at == anywhere {
		return true
	}
	last := m.last[i]
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

// takeAll takes the other events like that of a pattern with "+" or "*" as well.
func (m *match) takeAll(p *pattern, i int) {
	s := m.x.c.sides[i]
	more := 0
	for _, e := range s.of(m.vars[p.p][i]) {
		if more == maxMany {
			return
		}
		if m.admits(p, i, int(e)) && m.fits(p, i, int(e)) {
			m.took = append(slices.Clip(m.took), m.x.itemOf[i][int(e)])
			m.last[i] = max(m.last[i], int(e))
			more++
		}
	}
}

// holds checks the relations whose paths are known.
func (m *match) holds() bool {
	for n := range m.rule.where {
		p := &m.rule.where[n]
		if p.name == "older" {
			continue // of the recordings
		}
		known := true
		for _, arg := range p.args {
			known = known && m.vars[arg] != [2]uint32{}
		}
		if known && m.relation(p) == p.not {
			return false
		}
	}
	return true
}

// relation looks on a side that knows all of the paths.
func (m *match) relation(p *predicate) bool {
	for i, s := range m.x.c.sides {
		var ids [2]uint32
		known := true
		for n, arg := range p.args {
			ids[n] = m.vars[arg][i]
			known = known && ids[n] != 0
		}
		if known {
			return s.related(p.name, ids[0], ids[1])
		}
	}
	return p.not
}

func (s *side) related(relation string, id, other uint32) bool {
	switch relation {
	case "in":
		return s.names.node(id).parent == other
	case "below":
		return s.names.below(id, other)
	case "together", "apart":
		return (s.names.node(id).parent == s.names.node(other).parent) == (relation == "together")
	case "respelled":
		a, b := s.path(id), s.path(other)
		return a != b && event.Windows.Fold(a) == event.Windows.Fold(b)
	case "short":
		return isShort(s.path(id))
	case "root":
		return s.names.node(id).parent == 0
	}
	return false
}

// isShort reports whether a name looks like the short name that Windows makes: six
// letters at most, ~, a number, and an extension of three at most.
func isShort(path string) bool {
	for i := len(path) - 1; i >= 0 && path[i] != '/'; i-- {
		if path[i] == '~' && i+1 < len(path) && path[i+1] >= '1' && path[i+1] <= '9' {
			return true
		}
	}
	return false
}
