package diff

import (
	"slices"

	"fsrec/watcher/event"
)

// refold finds events that differ in that they stand between two IN_MODIFY on one side and beside them on the other, where
// the two are folded. To the alignment such an IN_MODIFY is missing. times are what was repeated on other paths.
func (p *pathDiff) refold(times int) {
	if p.c.conf.match != Partial {
		return
	}
	for n := p.first; n < len(p.c.gaps); n++ {
		g := &p.c.gaps[n]
		for i := range p.c.sides {
			if len(g.only[i]) == 1 && len(g.only[1-i]) == 0 && (p.between(i, g.only[i][0], 1, times) || p.between(i, g.only[i][0], -1, times)) {
				p.c.gaps = slices.Delete(p.c.gaps, n, n+1)
				n--
				break
			}
		}
	}
}

// between reports whether an event stands between one that only side i has and the next but one on its path, to which a step
// leads, and beside the two on the other side. Then both stand at different places: which of them was moved nobody can tell.
func (p *pathDiff) between(i, index, step, times int) bool {
	s, other := p.c.sides[i], p.c.sides[1-i]
	n, _ := slices.BinarySearch(p.all[i], index)
	if n+2*step < 0 || n+2*step >= len(p.all[i]) {
		return false
	}
	e, far := s.events.at(index), p.all[i][n+2*step]
	one := slices.IndexFunc(p.c.times[times:], func(pair countPair) bool { return pair.at[i] == far })
	if e.mask&0xffff != uint32(event.IN_MODIFY) || one < 0 || p.c.place(i, index) != p.c.place(i, far) {
		return false
	}
	into, whole := s.events.at(far), p.c.times[times+one].at[1-i]
	at, _ := slices.BinarySearch(p.all[1-i], whole)
	if at -= step; at < 0 || at >= len(p.all[1-i]) {
		return false
	}
	var moved, written [2]int
	written[i], written[1-i] = far, whole
	moved[i], moved[1-i] = p.all[i][n+step], p.all[1-i][at]
	opened := s.events.at(moved[i]).mask&uint32(event.IN_OPEN) != 0
	switch {
	case opened && s.input.Header.Kernel != other.input.Header.Kernel, // the rule truncate-before-open may know why
		(e.mask^into.mask)&(maskBits|bitSelf) != 0, other.events.at(whole).link != into.link+e.link+1,
		!s.isCommon(moved[i]), !other.isCommon(moved[1-i]), p.c.token(0, moved[0]) != p.c.token(1, moved[1]):
		return false
	}
	e.mask = e.mask&^bitOnly | bitAside
	into.link += e.link + 1
	s.folded++
	s.foldedOn++
	p.c.times = slices.Delete(p.c.times, times+one, times+one+1)
	p.c.setLate(moved[0], moved[1], 0)
	p.c.setLate(written[0], written[1], 0)
	return true
}
