package diff

import "slices"

// looks divides two recordings, one of them made by polling, into windows: what one tells in a window happened
// when the other one tells what it has in it. Polling gives what one look found one time, so a window
// is a look, or several where what is common does not tell which of them saw a difference.
type looks struct {
	firsts []int    // the first windows of operations; the last one is the end
	starts [2][]int // by window, index of the first event; the last one is the end
}

func newLooks(c *comparison, polled int) *looks {
	l := &looks{}
	for _, s := range c.stretches() {
		l.divide(c, polled, s)
	}
	l.firsts = append(l.firsts, len(l.starts[0]))
	l.add([2]int{c.sides[0].events.n, c.sides[1].events.n})
	return l
}

// stretch is a part of both sides: the indexes of the first events of each, and of those behind.
type stretch struct{ lo, hi [2]int }

// stretches are the operations, or all.
func (c *comparison) stretches() []stretch {
	all := stretch{hi: [2]int{c.sides[0].events.n, c.sides[1].events.n}}
	if !c.operated() {
		return []stretch{all}
	}
	var out []stretch
	next := [2]int{}
	for place := 0; next[0] <= len(c.sides[0].ops) || next[1] <= len(c.sides[1].ops); place++ {
		var one stretch
		for i, s := range c.sides {
			if next[i] > 0 && next[i] <= len(s.ops) {
				one.lo[i] = s.ops[next[i]-1].at
			}
			if next[i] > len(s.ops) {
				one.lo[i] = s.events.n
			}
			one.hi[i] = one.lo[i]
			if next[i] <= len(s.ops) && c.opIn[i][next[i]] == place {
				one.hi[i] = s.events.n
				if next[i] < len(s.ops) {
					one.hi[i] = s.ops[next[i]].at
				}
				next[i]++
			}
		}
		out = append(out, one)
	}
	return out
}

// divide makes windows of a stretch.
func (l *looks) divide(c *comparison, polled int, s stretch) {
	l.firsts = append(l.firsts, len(l.starts[0]))
	l.add(s.lo)
	other := 1 - polled
	pairs := c.pairs(polled, s)
	n := len(pairs)
	after := make([]int, n+1) // the first event of the other side that what is polled from there on has in common with it
	after[n] = s.hi[other]
	for k := n - 1; k >= 0; k-- {
		after[k] = after[k+1]
		if pairs[k] >= 0 {
			after[k] = min(after[k], pairs[k])
		}
	}
	times := &c.sides[polled].times
	before, clean := s.lo[other]-1, s.lo[other] // no difference from clean on
	for k := 1; k < n; k++ {
		before = max(before, pairs[k-1])
		if *times.at(s.lo[polled] + k) == *times.at(s.lo[polled] + k - 1) || before >= after[k] {
			continue
		}
		for clean = max(clean, before+1); clean < after[k] && !c.sides[other].differs(clean); clean++ {
		}
		if clean >= after[k] {
			var lo [2]int
			lo[polled], lo[other] = s.lo[polled]+k, after[k]
			l.add(lo)
		}
	}
}

func (l *looks) add(lo [2]int) {
	for i := range lo {
		l.starts[i] = append(l.starts[i], lo[i])
	}
}

func (s *side) differs(index int) bool { return s.events.at(index).mask&(bitOnly|bitLate) != 0 }

// pairs gives, for each event of the polled side in a stretch, the event of the other side that stands against it, or -1.
func (c *comparison) pairs(polled int, s stretch) []int {
	other := 1 - polled
	waiting := make(map[uint32][]int)
	for e := s.lo[other]; e < s.hi[other]; e++ {
		if c.sides[other].isCommon(e) {
			id := c.common(other, c.sides[other].events.at(e).node)
			waiting[id] = append(waiting[id], e)
		}
	}
	out := make([]int, s.hi[polled]-s.lo[polled])
	for n := range out {
		out[n] = -1
		e := s.lo[polled] + n
		if !c.sides[polled].isCommon(e) {
			continue
		}
		id := c.common(polled, c.sides[polled].events.at(e).node)
		if w := waiting[id]; len(w) > 0 {
			out[n], waiting[id] = w[0], w[1:]
		}
	}
	return out
}

// window is the number of the window of an event.
func (l *looks) window(i, index int) int {
	n, found := slices.BinarySearch(l.starts[i], index)
	for found && n+1 < len(l.starts[i]) && l.starts[i][n+1] == index {
		n++ // those before are empty
	}
	if !found {
		n--
	}
	return n
}

// around gives the first and the last window of the operation of a window.
func (l *looks) around(n int) (first, last int) {
	op, found := slices.BinarySearch(l.firsts, n)
	if !found {
		op--
	}
	return l.firsts[op], l.firsts[op+1] - 1
}
