package diff

import (
	"cmp"
	"iter"
	"slices"

	"fsrec/watcher/event"
)

// result explains what differs and tells it.
func (c *comparison) result() *Result {
	r := &Result{Match: c.conf.match, Verdict: Same, c: c, Differences: []Difference{}, Rules: []RuleUse{}}
	for i, to := range []*SideInfo{&r.Left, &r.Right} {
		*to = c.info(i)
	}
	if len(c.gaps)+len(c.late)+len(c.times) > 0 {
		for _, s := range c.sides {
			s.index()
		}
		x := newExplainer(c)
		x.run()
		x.collect(r)
	}
	for i, to := range []*SideInfo{&r.Left, &r.Right} {
		to.Counts = r.countsOf(i)
	}
	r.Counts.Same = r.Left.Counts.Same
	for i := range r.Differences {
		d := &r.Differences[i]
		r.Counts.add(d.Verdict, int64(max(len(d.Left), len(d.Right))))
		if worse(d.Verdict, r.Verdict) {
			r.Verdict = d.Verdict
		}
	}
	return r
}

// countsOf counts the events of a side. One that stands in several differences, as a move
// can, counts under the worst of their verdicts.
func (r *Result) countsOf(i int) (n Counts) {
	c := r.c
	n.Same = c.compared(i)
	for index, d := range r.groupOf[i].all() {
		v := r.Differences[d].Verdict
		if e := c.sides[i].events.at(index); e.mask&bitJoined != 0 {
			if other, ok := r.groupOf[i].get(int(e.link)); ok {
				if c.isSecond(i, index) {
					continue // it counts with the other half
				}
				if w := r.Differences[other].Verdict; worse(w, v) {
					v = w
				}
			}
		}
		n.add(v, 1)
		n.Same--
	}
	return n
}

// compared is the number of events of a side that were compared, a move as one.
func (c *comparison) compared(i int) int64 {
	n := int64(c.sides[i].events.n) - c.sides[i].joined - c.sides[i].foldedOn
	for _, aside := range c.aside[i] {
		n -= aside
	}
	return n
}

// isSecond reports whether an event is told with the other half of its move.
func (c *comparison) isSecond(i, index int) bool {
	const half = bitJoined | uint32(event.IN_MOVED_FROM)
	return c.sides[i].events.at(index).mask&half == half
}

var verdicts = []Verdict{Same, Explained, Unknown, Unexplained}

func worse(a, b Verdict) bool { return slices.Index(verdicts, a) > slices.Index(verdicts, b) }

func (c *comparison) info(i int) SideInfo {
	s := c.sides[i]
	h := s.input.Header
	info := SideInfo{
		Name: s.input.Name, Platform: h.Platform, Backend: h.Backend, Kernel: h.Kernel, Wine: h.Wine,
		Roots: []Text{}, Aside: []Aside{}, Losses: []Loss{},
		Records: s.records, Told: s.told, Overflows: s.overflows, Folded: s.folded, Joined: s.joined, Events: c.compared(i),
	}
	if s.filter != 0 {
		info.Filter = s.filter.String()
	}
	for _, r := range s.roots {
		info.Roots = append(info.Roots, Text(r.path))
	}
	for _, w := range s.losses {
		info.Losses = append(info.Losses, w.Loss)
	}
	for key, n := range c.aside[i] {
		s.aside[key] += n
	}
	for key, n := range s.aside {
		info.Aside = append(info.Aside, Aside{key.step, key.mask, n})
	}
	slices.SortFunc(info.Aside, func(a, b Aside) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Mask, b.Mask))
	})
	return info
}

// collect makes differences of the items.
func (x *explainer) collect(r *Result) {
	x.groupRest()
	type group struct {
		key   float64
		items []int32
	}
	var groups []group
	for _, items := range x.byGroup() {
		for part := range x.byOperation(items) {
			groups = append(groups, group{x.key(part), part})
		}
	}
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(a.key, b.key) })
	r.Differences = make([]Difference, 0, len(groups))
	for i := range r.groupOf {
		r.groupOf[i] = newByEvent(x.differ[i])
	}
	d := differences{x: x, r: r, tell: teller{c: x.c}}
	for i := range groups {
		d.add(groups[i].items)
	}
	for _, rule := range x.c.conf.rules.Rules {
		if n := x.uses[rule]; n > 0 {
			r.Rules = append(r.Rules, RuleUse{rule.ID, rule.Reason, rule.Source, n})
		}
	}
}

// byGroup lists the items of each group, in order.
func (x *explainer) byGroup() [][]int32 {
	groups := make([][]int32, x.groups)
	size := make([]int32, x.groups)
	for n := range x.items {
		size[x.items[n].group]++
	}
	all := make([]int32, len(x.items))
	for g, n := range size {
		groups[g], all = all[:0:n], all[n:]
	}
	for n := range x.items {
		g := &groups[x.items[n].group]
		*g = append(*g, int32(n))
	}
	return groups
}

// byOperation yields the parts of a group that belong to one operation each. What a rule explains at one time stays together.
func (x *explainer) byOperation(group []int32) iter.Seq[[]int32] {
	return func(yield func([]int32) bool) {
		for len(group) > 0 {
			n := len(group)
			if x.items[group[0]].rule == nil && x.c.operated() {
				slices.SortStableFunc(group, func(a, b int32) int { return cmp.Compare(x.place(a), x.place(b)) })
				for n = 1; n < len(group) && x.place(group[n]) == x.place(group[0]); n++ {
				}
			}
			if !yield(group[:n]) {
				return
			}
			group = group[n:]
		}
	}
}

// place is the operation of an item in the list of both sides.
func (x *explainer) place(n int32) int {
	i := x.items[n].side()
	return x.c.place(i, x.c.toldAt(i, x.items[n].at[i]))
}

// toldAt is the event that one is told with: of the first half of a move the second.
func (c *comparison) toldAt(i, index int) int {
	if c.isSecond(i, index) {
		return int(c.sides[i].events.at(index).link)
	}
	return index
}

// groupRest puts together what no rule did: what stands in one gap, also
// through moves, and what is ordered wrongly against the same directory.
func (x *explainer) groupRest() {
	groupOf := make([]int32, len(x.c.gaps)*len(verdicts)) // plus 1
	inDir := make(map[uint32]int)
	for n := range x.items {
		one := &x.items[n]
		if one.group >= 0 {
			continue
		}
		switch one.need {
		case needOnly:
			at := func(gap int) *int32 { return &groupOf[gap*len(verdicts)+slices.Index(verdicts, one.verdict)] }
			here, there := at(one.gap), at(one.gap)
			if other, ok := x.otherGap(one); ok {
				there = at(other)
			}
			group := cmp.Or(*here, *there)
			if group == 0 {
				x.groups++
				group = int32(x.groups)
			}
			*here, *there = group, cmp.Or(*there, group)
			one.group = int(group - 1)
		case needMoved:
			group, ok := inDir[one.dir]
			if !ok || one.dir == 0 {
				group = x.groups
				x.groups++
			}
			inDir[one.dir] = group
			one.group = group
		default:
			one.group = x.groups
			x.groups++
		}
	}
}

// otherGap is the gap of the first half of a move.
func (x *explainer) otherGap(one *item) (int, bool) {
	i := one.side()
	e := x.c.sides[i].events.at(one.at[i])
	if e.mask&bitJoined == 0 {
		return 0, false
	}
	return x.gapOf[i].get(int(e.link))
}

// key orders differences: by the left recording, and what only the right one has
// behind the event of its path that it follows.
func (x *explainer) key(group []int32) float64 {
	best := -1.0
	for _, n := range group {
		one := &x.items[n]
		k := float64(one.at[0])
		if one.at[0] < 0 {
			if lo := x.c.gaps[one.gap].lo[0]; lo >= 0 {
				k = float64(lo) + 0.5
			} else {
				k = float64(one.at[1]) * float64(x.c.sides[0].events.n) / float64(x.c.sides[1].events.n)
			}
		}
		if best < 0 || k < best {
			best = k
		}
	}
	return best
}

// differences makes those of a result.
type differences struct {
	x    *explainer
	r    *Result
	tell teller
}

func (all *differences) add(group []int32) {
	x, r := all.x, all.r
	slices.SortFunc(group, func(a, b int32) int {
		return cmp.Or(cmp.Compare(max(x.items[a].at[0], x.items[a].at[1]), max(x.items[b].at[0], x.items[b].at[1])), cmp.Compare(a, b))
	})
	var size [2]int
	for _, n := range group {
		for i, at := range x.items[n].at {
			if at >= 0 {
				size[i]++
			}
		}
	}
	d := Difference{Left: make([]Event, 0, size[0]), Right: make([]Event, 0, size[1])}
	lists := [2]*[]Event{&d.Left, &d.Right}
	for _, n := range group {
		one := &x.items[n]
		for i, at := range one.at {
			if at < 0 {
				continue
			}
			*lists[i] = append(*lists[i], all.tell.event(i, at))
			r.groupOf[i].put(at, len(r.Differences))
			if e := x.c.sides[i].events.at(at); e.mask&bitJoined != 0 {
				r.groupOf[i].put(int(e.link), len(r.Differences))
			}
		}
	}
	one := &x.items[group[0]]
	d.Verdict = one.verdict
	for _, n := range group {
		d.LeftLoss, d.RightLoss = cmp.Or(d.LeftLoss, x.items[n].loss[0]), cmp.Or(d.RightLoss, x.items[n].loss[1])
	}
	if one.rule != nil {
		d.Rule, d.Reason = one.rule.ID, one.rule.Reason
	}
	switch {
	case one.need == needMoved:
		d.Kind = Moved
	case one.need == needTimes:
		d.Kind = Repeated
	case len(d.Left) == 0:
		d.Kind = Extra
	case len(d.Right) == 0:
		d.Kind = Missing
	default:
		d.Kind = Replaced
	}
	i := one.side()
	d.Path = (*lists[i])[0].Path
	if one.dir != 0 {
		d.Path = Text(x.c.sides[0].path(one.dir))
	}
	if n := x.c.opOf(i, x.c.toldAt(i, one.at[i])); n > 0 {
		d.Operation = Text(x.c.sides[i].ops[n-1].text)
	}
	r.Differences = append(r.Differences, d)
}
