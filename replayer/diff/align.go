package diff

import (
	"math"
	"slices"
	"sort"
)

// hunk is a place where two sequences differ: a[aLo:aHi] stands against
// b[bLo:bHi]. What lies between two hunks is the same on both sides.
type hunk struct{ aLo, aHi, bLo, bHi int }

// hunks compares two sequences. It finds a shortest difference where that is
// short, and otherwise splits at what occurs only once in both (as patience and
// histogram diff do), and where there is no such thing goes on from as far as it came: its time
// grows as n log n whatever the input.
func hunks(a, b []uint64) []hunk {
	al := aligner{a: a, b: b}
	al.compare(hunk{0, len(a), 0, len(b)}, 0)
	return al.merge()
}

const (
	maxEdits  = 128 // of one search for a shortest difference
	maxDepth  = 12  // of splits at anchors
	anchorRun = 8   // elements that make an anchor where single ones all repeat
)

type aligner struct {
	a, b  []uint64
	out   []hunk
	trace []int // of furthest: for each number of edits, where they led on each diagonal
}

func (al *aligner) compare(h hunk, depth int) {
	for h.aLo < h.aHi && h.bLo < h.bHi && al.a[h.aLo] == al.b[h.bLo] {
		h.aLo++
		h.bLo++
	}
	for h.aLo < h.aHi && h.bLo < h.bHi && al.a[h.aHi-1] == al.b[h.bHi-1] {
		h.aHi--
		h.bHi--
	}
	switch {
	case h.aLo == h.aHi && h.bLo == h.bHi:
	case h.aLo == h.aHi || h.bLo == h.bHi:
		al.out = append(al.out, h)
	case al.shortest(h):
	case depth < maxDepth && (al.split(h, 1, depth) || al.split(h, anchorRun, depth)):
	default:
		al.stages(h)
	}
}

// merge joins hunks that touch.
func (al *aligner) merge() []hunk {
	out := al.out[:0]
	for _, h := range al.out {
		if n := len(out) - 1; n >= 0 && out[n].aHi == h.aLo && out[n].bHi == h.bLo {
			out[n].aHi, out[n].bHi = h.aHi, h.bHi
		} else {
			out = append(out, h)
		}
	}
	return out
}

// shortest is Myers' greedy algorithm. It gives up after maxEdits edits or when
// it has looked at more elements than there are several times over.
func (al *aligner) shortest(h hunk) bool {
	d, x, y := al.furthest(h, 8*(h.aHi-h.aLo+h.bHi-h.bLo)+4096)
	if h.aLo+x < h.aHi || h.bLo+y < h.bHi {
		return false
	}
	al.backtrack(h, d, x, y)
	return true
}

// stages goes where maxEdits edits lead furthest, again and again: not the
// shortest difference, but a true one, and its time is linear.
func (al *aligner) stages(h hunk) {
	for h.aLo < h.aHi && h.bLo < h.bHi {
		d, x, y := al.furthest(h, math.MaxInt)
		al.backtrack(h, d, x, y)
		h.aLo += x
		h.bLo += y
	}
	if h.aLo < h.aHi || h.bLo < h.bHi {
		al.out = append(al.out, h)
	}
}

// furthest finds the way of at most maxEdits edits that leads furthest from the start of h: it
// has d edits and ends behind x elements of a and y of b. It gives up when it has looked at budget elements.
func (al *aligner) furthest(h hunk, budget int) (d, x, y int) {
	n, m := h.aHi-h.aLo, h.bHi-h.bLo
	var v [2*maxEdits + 3]int // by diagonal, the elements of a on the way that leads furthest on it
	at := func(k int) *int { return &v[k+maxEdits+1] }
	al.trace = al.trace[:0]
	for d = range maxEdits + 1 {
		x, y = 0, 0
		for k := -d; k <= d; k += 2 {
			to := 0
			if k == -d || k != d && *at(k - 1) < *at(k + 1) {
				to = *at(k + 1)
			} else {
				to = *at(k - 1) + 1
			}
			start := to
			for to < n && to-k < m && al.a[h.aLo+to] == al.b[h.bLo+to-k] {
				to++
			}
			*at(k) = to
			if to <= n && to-k <= m && 2*to-k >= x+y {
				x, y = to, to-k
			}
			if budget -= to - start + 1; budget < 0 {
				return d, 0, 0
			}
		}
		if x == n && y == m {
			break
		}
		al.trace = append(al.trace, v[maxEdits+1-d:maxEdits+2+d]...)
	}
	return d, x, y
}

// backtrack walks the edits of the way that furthest found from the end to the start.
func (al *aligner) backtrack(h hunk, d, x, y int) {
	first := len(al.out)
	for ; d > 0; d-- {
		// After d edits there were 2d+1 diagonals, so those of fewer take up d squared.
		at := func(k int) int { return al.trace[(d-1)*(d-1)+d-1+k] }
		k := x - y
		if k == -d || k != d && at(k-1) < at(k+1) {
			x = at(k + 1)
			y = x - (k + 1)
			al.out = append(al.out, hunk{h.aLo + x, h.aLo + x, h.bLo + y, h.bLo + y + 1})
		} else {
			x = at(k - 1)
			y = x - (k - 1)
			al.out = append(al.out, hunk{h.aLo + x, h.aLo + x + 1, h.bLo + y, h.bLo + y})
		}
	}
	slices.Reverse(al.out[first:])
}

// split aligns h at the runs of width elements that occur once on each side.
func (al *aligner) split(h hunk, width, depth int) bool {
	anchors := al.anchors(h, width)
	if len(anchors) == 0 {
		return false
	}
	from := hunk{aLo: h.aLo, bLo: h.bLo}
	for _, p := range anchors {
		if p.a < from.aLo || p.b < from.bLo {
			continue // within the run before
		}
		al.compare(hunk{from.aLo, p.a, from.bLo, p.b}, depth+1)
		from.aLo, from.bLo = p.a+width, p.b+width
	}
	al.compare(hunk{from.aLo, h.aHi, from.bLo, h.bHi}, depth+1)
	return true
}

// pair is an element of a and the one of b that it is aligned with.
type pair struct{ a, b int }

func (al *aligner) anchors(h hunk, width int) []pair {
	type place struct{ inA, inB, a, b int }
	seen := make(map[uint64]place, h.aHi-h.aLo)
	for i := h.aLo; i+width <= h.aHi; i++ {
		key := runHash(al.a[i : i+width])
		p := seen[key]
		p.inA++
		p.a = i
		seen[key] = p
	}
	for i := h.bLo; i+width <= h.bHi; i++ {
		key := runHash(al.b[i : i+width])
		if p, ok := seen[key]; ok {
			p.inB++
			p.b = i
			seen[key] = p
		}
	}
	var pairs []pair
	for i := h.aLo; i+width <= h.aHi; i++ {
		key := runHash(al.a[i : i+width])
		if p := seen[key]; p.inA == 1 && p.inB == 1 && slices.Equal(al.a[p.a:p.a+width], al.b[p.b:p.b+width]) {
			pairs = append(pairs, pair{p.a, p.b})
		}
	}
	return increasing(pairs)
}

func runHash(run []uint64) uint64 {
	h := run[0]
	for _, v := range run[1:] {
		h = mix(h, v)
	}
	return h
}

// increasing is a longest subsequence of pairs, which are in the order of a, in which b increases too.
func increasing(pairs []pair) []pair {
	var tails []int // tails[i]: the pair that ends the best sequence of length i+1
	before := make([]int, len(pairs))
	for i, p := range pairs {
		n := sort.Search(len(tails), func(j int) bool { return pairs[tails[j]].b >= p.b })
		before[i] = -1
		if n > 0 {
			before[i] = tails[n-1]
		}
		if n == len(tails) {
			tails = append(tails, i)
		} else {
			tails[n] = i
		}
	}
	if len(tails) == 0 {
		return nil
	}
	out := make([]pair, len(tails))
	for i, at := len(tails)-1, tails[len(tails)-1]; i >= 0; i, at = i-1, before[at] {
		out[i] = pairs[at]
	}
	return out
}
