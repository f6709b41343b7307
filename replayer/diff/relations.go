package diff

import (
	"slices"
	"strconv"
	"strings"

	"fsrec/watcher/event"
)

// holds checks the relations whose paths are known.
func (m *match) holds() bool {
	for n := range m.rule.where {
		p := &m.rule.where[n]
		if p.name == "older" {
			continue // of the recordings
		}
		known := true
		for _, arg := range p.paths() {
			known = known && m.vars[arg] != [2]uint32{}
		}
		if known && m.relation(p) == p.not {
			return false
		}
	}
	return true
}

// relation looks at each path on a side that knows it, where it can on the same one.
func (m *match) relation(p *predicate) bool {
	switch p.name {
	case "watched":
		i := p.args[1] ^ m.a
		return m.x.c.sides[i].watched.has(m.vars[p.args[0]][i])
	case "unseen":
		return m.unseen(p.args[1] ^ m.a)
	case "reused":
		return m.x.c.reused(m.vars[p.args[0]], m.x.items[m.anchor].mask&maskBits)
	case "adrift":
		i := p.args[1] ^ m.a
		return m.x.c.adrift(i, m.vars[p.args[0]])
	case "linked":
		i := p.args[1] ^ m.a
		return m.x.c.linked(i, m.vars[p.args[0]][i])
	case "paired":
		return m.x.paired(p.args[1]^m.a, m.vars[p.args[0]], m.x.items[m.anchor].mask)
	case "read":
		i := p.args[1] ^ m.a
		return m.x.c.sides[i].read.has(m.vars[p.args[0]][i])
	case "overlap":
		i := p.args[1] ^ m.a
		return m.overlap(i, m.vars[p.args[0]][i])
	case "later":
		return m.later(p.args[0] ^ m.a)
	case "formerly":
		return m.formerly(p.args[0], p.args[1])
	case "outcome":
		return m.outcome(p.args[1] ^ m.a)
	case "ended":
		return m.x.seen(p.args[1] ^ m.a).ended(m.x.items[m.anchor].at[1-(p.args[1]^m.a)])
	case "nowrites":
		return m.x.c.conf.tells[p.args[0]^m.a].files&event.IN_MODIFY == 0
	case "unnoticed":
		return m.x.seen(p.args[1] ^ m.a).unnoticed(m.x.items[m.anchor].at[p.args[1]^m.a])
	}
	var sides [2]int
	var ids [2]uint32
	for i := range m.x.c.sides {
		known := true
		for n, arg := range p.args {
			if v := m.vars[arg]; v[i] != 0 {
				sides[n], ids[n] = i, v[i]
			} else {
				sides[n], ids[n] = 1-i, v[1-i]
				known = false
			}
		}
		if known {
			break
		}
	}
	return m.x.c.relation(p.name, sides, ids)
}

// unseen reports whether the first event is one that side i could not see, or that it listed for such.
func (m *match) unseen(i int) bool {
	one := &m.x.items[m.anchor]
	j, want := one.side(), markUnseen
	if i == j {
		want = markListed
	}
	return m.x.c.unseen.marks[j][one.at[j]] == want
}

// outcome reports whether side i, which polled, tells the end of what the first event is about.
func (m *match) outcome(i int) bool {
	for j, index := range m.x.items[m.anchor].at {
		if index >= 0 && !m.x.seen(i).agree(j, index) {
			return false
		}
	}
	return true
}

// seen is what side i saw by polling.
func (x *explainer) seen(i int) *outcomes {
	if x.polled[i] == nil {
		x.polled[i] = newOutcomes(x.c, i)
	}
	return x.polled[i]
}

// formerly reports whether the path of one variable becomes that of another, which is inside, by the latest renames of
// directories before the event that was matched last on the side that the other was found on.
func (m *match) formerly(older, newer int) bool {
	i := m.rule.sideOf(newer) ^ m.a
	s := m.x.c.sides[i]
	id, was := m.vars[newer][i], m.vars[older]
	if id == 0 {
		return false
	}
	other := s
	if was[i] == 0 {
		other = m.x.c.sides[1-i]
		was[i] = was[1-i]
	}
	if s.names.spelled(id) != other.names.spelled(was[i]) {
		return false
	}
	path, want := s.path(id), other.path(was[i])
	moves := m.x.dirMoves(i)
	n, _ := slices.BinarySearch(moves, m.last[i])
	for _, to := range slices.Backward(moves[max(0, n-near):n]) {
		if m.x.renames++; m.x.renames > maxRenames {
			return false
		}
		e := s.events.at(to)
		now, before := s.path(e.node), s.path(s.events.at(int(e.link)).node)
		if rest, ok := strings.CutPrefix(path, now); ok && (rest == "" || rest[0] == '/') {
			if path = before + rest; path == want {
				return true
			}
		}
	}
	return false
}

// sideOf is the side of the first event that a variable stands in.
func (r *Rule) sideOf(variable int) int {
	for n := range r.lines {
		if p := &r.lines[n]; p.p == variable || p.move && p.q == variable {
			return p.side
		}
	}
	return 0
}

// dirMoves lists the renames of directories of side i: the events of their arrival.
func (x *explainer) dirMoves(i int) []int {
	if x.moves[i] == nil {
		x.moves[i] = []int{}
		const arrived = bitJoined | uint32(event.IN_MOVED_TO) | uint32(event.IN_ISDIR)
		s := x.c.sides[i]
		for n := range s.events.n {
			if s.events.at(n).mask&arrived == arrived {
				x.moves[i] = append(x.moves[i], n)
			}
		}
	}
	return x.moves[i]
}

// adrift reports whether side i lost a directory at or above a path, since it was renamed to where nothing is watched.
func (c *comparison) adrift(i int, path [2]uint32) bool {
	of, id := i, path[i]
	if id == 0 {
		of, id = 1-i, path[1-i]
	}
	for ; id != 0; id = c.sides[of].names.node(id).parent {
		at := id
		if of != i {
			at = c.peer[of][id]
		}
		if c.sides[i].adrift.has(at) {
			return true
		}
	}
	return false
}

// linked reports whether side i, which would have told of it, has no file of a node that was closed after writing.
func (c *comparison) linked(i int, id uint32) bool {
	return c.conf.tells[i].files&event.IN_CLOSE_WRITE != 0 && !c.sides[i].closed.has(id)
}

// handles counts the watches on one directory: all of them, and those that tell of its subtree too.
type handles struct{ all, deep int }

func (h handles) with(watch *event.Record) handles {
	h.all++
	if watch.Flags&event.FlagRecursive != 0 {
		h.deep++
	}
	return h
}

// paired reports whether side i tells of a path no more openings, or closings as mask has it, than one of the sides tells of
// the other: it was opened as often then. Where neither tells of any, they were not asked for, or it stayed open.
func (x *explainer) paired(i int, path [2]uint32, mask uint32) bool {
	n := x.openings(path)
	this, other := 0, 1
	if mask&uint32(event.IN_OPEN) == 0 {
		this, other = 1, 0
	}
	most := max(n[0][other], n[1][other])
	return most == 0 || n[i][this] <= most
}

// openings counts the openings and the closings of a path on each side.
func (x *explainer) openings(path [2]uint32) [2][2]int {
	n, known := x.opened[path]
	if known {
		return n
	}
	for i, s := range x.c.sides {
		for _, e := range s.of(path[i]) {
			switch mask := s.events.at(int(e)).mask; {
			case mask&uint32(event.IN_OPEN) != 0:
				n[i][0]++
			case mask&uint32(event.IN_CLOSE) != 0:
				n[i][1]++
			}
		}
	}
	x.opened[path] = n
	return n
}

// overlap reports whether side i, which has the first event, hears of a node by several handles, and
// tells the event no more often in a row than these can make of what both sides have of it.
func (m *match) overlap(i int, id uint32) bool {
	s, index := m.x.c.sides[i], m.x.items[m.anchor].at[i]
	dir := s.names.node(id).parent
	n := s.handles[dir].all
	for ; dir != 0; dir = s.names.node(dir).parent {
		n += s.handles[s.names.node(dir).parent].deep
	}
	if n < 2 || index < 0 {
		return false
	}
	told, common := s.row(index)
	return told <= n*common
}

// row counts the events like one that stand in a row with it on its path, as far as they are near, and
// those of them that both sides have.
func (s *side) row(index int) (told, common int) {
	all := s.of(s.events.at(index).node)
	at, _ := slices.BinarySearch(all, uint32(index))
	from, to := max(0, at-near), min(len(all), at+near)
	like := func(n int) bool { return (s.events.at(int(all[n])).mask^s.events.at(index).mask)&maskBits == 0 }
	for at > from && like(at-1) {
		at--
	}
	for ; at < to && like(at); at++ {
		told++
		if s.isCommon(int(all[at])) {
			common++
		}
	}
	return told, common
}

// later reports whether side i has the first event, which both have, after more of what
// happened on its path than the other side, and no other object had the path in between.
func (m *match) later(i int) bool {
	one := &m.x.items[m.anchor]
	this, ok := m.x.lateIn[i].get(one.at[i])
	other, too := m.x.lateIn[1-i].get(one.at[1-i])
	if !ok || !too || this <= other {
		return false
	}
	s, from := m.x.c.sides[i], m.x.c.gaps[other].hi[i]
	all := s.of(s.events.at(one.at[i]).node)
	n, _ := slices.BinarySearch(all, uint32(from))
	for _, e := range all[n:] {
		if int(e) >= one.at[i] {
			break
		}
		if s.isCommon(int(e)) && s.events.at(int(e)).mask&uint32(event.IN_CREATE|event.IN_DELETE) != 0 {
			return false
		}
	}
	return true
}

// relation reports whether it holds between node ids[0] of side sides[0] and ids[1] of sides[1].
func (c *comparison) relation(name string, sides [2]int, ids [2]uint32) bool {
	a, b := c.sides[sides[0]], c.sides[sides[1]]
	up := func(n int) uint32 { return c.common(sides[n], c.sides[sides[n]].names.node(ids[n]).parent) }
	switch name {
	case "in":
		return up(0) == c.common(sides[1], ids[1])
	case "below":
		other := ids[1]
		if sides[0] != sides[1] {
			other = c.peer[sides[1]][ids[1]]
		}
		return other != 0 && a.names.below(ids[0], other)
	case "together", "apart":
		return (up(0) == up(1)) == (name == "together")
	case "respelled":
		p, q := a.path(ids[0]), b.path(ids[1])
		return p != q && event.Windows.Fold(p) == event.Windows.Fold(q)
	case "short":
		return isShort(base(a.path(ids[0])), base(b.path(ids[1])))
	case "root":
		return a.names.node(ids[0]).parent == 0
	}
	return false
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// isShort reports whether a name can be the short one that Windows makes of another: up to six of
// its letters, or two and a checksum where many begin alike, then ~, a number, and up to three of the extension.
func isShort(short, long string) bool {
	short, long = strings.ToUpper(short), strings.ToUpper(long)
	stem, extension, _ := strings.Cut(short, ".")
	letters, number, ok := strings.Cut(stem, "~")
	if _, err := strconv.ParseUint(number, 10, 32); !ok || err != nil || len(short) > 12 || letters == "" {
		return false
	}
	name, of := long, ""
	if i := strings.LastIndexByte(long, '.'); i > 0 {
		name, of = long[:i], long[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r == ' ' || r == '.' {
			return -1
		}
		return r
	}, name)
	return len(letters) >= min(2, len(name)) && strings.HasPrefix(name, letters[:min(2, len(letters))]) &&
		(len(letters) < 6 || strings.HasPrefix(name, letters) || isHex(letters[2:])) && extension == of[:min(3, len(of))]
}

func isHex(s string) bool { return strings.Trim(s, "0123456789ABCDEF") == "" }
