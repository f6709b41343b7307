package diff

import (
	"cmp"
	"slices"
	"sort"
)

// sort puts what a watch told of the end of its object before the removal of that.
func (u *unseen) sort(i int, all []int) {
	if len(u.shift[i]) == 0 {
		return
	}
	order := func(index int) int {
		if at, ok := u.shift[i][index]; ok {
			return 2*at - 1
		}
		return 2 * index
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(order(a), order(b)) })
}

// cuts are the places of a path where what both sides tell of the same object stands, in order.
func (p *pathDiff) cuts() (out []pair) {
	pairs := p.c.unseen.pairs[p.path[0]]
	if len(pairs) == 0 || p.path[1] == 0 {
		return nil
	}
	partner := make(map[int]int, len(pairs))
	for _, one := range pairs {
		partner[one[0]] = one[1]
	}
	places := make(map[int]int, len(pairs))
	for n, e := range p.all[1] {
		places[e] = n
	}
	for n, e := range p.all[0] {
		if other, ok := partner[e]; ok {
			if at, ok := places[other]; ok && (len(out) == 0 || at > out[len(out)-1].b) && p.tokens[0][n] == p.tokens[1][at] {
				out = append(out, pair{n, at})
			}
		}
	}
	return out
}

// reused reports whether a path was that of several directories in turn, and a recorder caused events of a kind there.
func (c *comparison) reused(path [2]uint32, kind uint32) bool {
	own := len(c.sides[0].own[ownKey{path[0], kind}]) + len(c.sides[1].own[ownKey{path[1], kind}])
	return own > 0 && len(c.unseen.pairs[path[0]]) > 2
}

// piece is how many of the cuts are before an event.
func (p *pathDiff) piece(i, index int) int {
	return sort.Search(len(p.known), func(n int) bool {
		return p.all[i][[2]int{p.known[n].a, p.known[n].b}[i]] > index
	})
}

// settle gives what was marked on a path its place among the differences, or sets it aside.
func (p *pathDiff) settle(marked [2][]int) {
	const told = lives | ends
	for _, pair := range p.c.unseen.late[p.path[0]] {
		if p.c.sides[0].isCommon(pair[0]) && p.c.sides[1].isCommon(pair[1]) {
			p.c.setLate(pair[0], pair[1], 0)
		}
	}
	for i, all := range marked {
		for _, e := range all {
			one := p.c.sides[i].events.at(e)
			if one.mask&told == 0 {
				p.c.setAside(i, StepUnseen, e)
				continue
			}
			one.mask |= bitOnly
			g := gap{path: p.path, lo: [2]int{-1, -1}, hi: [2]int{p.c.sides[0].events.n, p.c.sides[1].events.n}}
			g.only[i] = []int{e}
			p.c.gaps = append(p.c.gaps, g)
		}
	}
}
