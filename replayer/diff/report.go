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
		if len(items) > 0 {
			groups = append(groups, group{x.key(items), items})
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
	if n := x.c.opOf(i, one.at[i]); n > 0 {
		d.Operation = Text(x.c.sides[i].ops[n-1].text)
	}
	r.Differences = append(r.Differences, d)
}

// Row is one line of both recordings side by side.
type Row struct {
	Left, Right *Event // nil where only the other side has it
	Difference  int    // place in Result.Differences, -1 where both are the same
	Operation   string // of a row without events: an operation begins
}

// Rows yields the whole of both recordings in the order of the left one; what only the right
// one has stands before the common event that it precedes. A Row is valid until the next.
func (r *Result) Rows() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if r.c != nil {
			w := rowWriter{r: r, c: r.c, tell: teller{c: r.c}, yield: yield}
			w.run()
		}
	}
}

type rowWriter struct {
	r     *Result
	c     *comparison
	tell  teller
	yield func(Row) bool
	next  [2]int // events and operations that have been told
	ops   int
	stop  bool
	done  []bool // events of the right side
}

func (w *rowWriter) run() {
	for _, s := range w.c.sides {
		s.index()
	}
	left, right := w.c.sides[0], w.c.sides[1]
	w.done = make([]bool, right.events.n)
	partner := w.partners()
	for i := 0; i < left.events.n && !w.stop; i++ {
		for w.ops < len(left.ops) && left.ops[w.ops].at <= i {
			w.emit(Row{Difference: -1, Operation: left.ops[w.ops].text})
			w.ops++
		}
		if w.c.isSecond(0, i) {
			continue
		}
		if j := int(partner[i]); j >= 0 {
			w.rightOnly(j)
			w.both(i, j)
		} else {
			w.one(0, i)
		}
	}
	w.rightOnly(right.events.n)
}

func (w *rowWriter) emit(row Row) {
	if !w.stop {
		w.stop = !w.yield(row)
	}
}

// rightOnly tells what only the right side has before event j.
func (w *rowWriter) rightOnly(j int) {
	for ; w.next[1] < j && !w.stop; w.next[1]++ {
		if n := w.next[1]; !w.done[n] && !w.c.isSecond(1, n) && w.group(1, n) >= 0 {
			w.one(1, n)
		}
	}
}

func (w *rowWriter) group(i, index int) int {
	if n, ok := w.r.groupOf[i].get(index); ok {
		return n
	}
	return -1
}

func (w *rowWriter) one(i, index int) {
	e := w.tell.event(i, index)
	row := Row{Difference: w.group(i, index)}
	if i == 0 {
		row.Left = &e
	} else {
		row.Right = &e
		w.done[index] = true
	}
	if row.Difference >= 0 { // else it was set aside
		w.emit(row)
	}
}

func (w *rowWriter) both(i, j int) {
	l, r := w.tell.event(0, i), w.tell.event(1, j)
	w.done[j] = true
	w.emit(Row{Left: &l, Right: &r, Difference: w.group(0, i)})
}

// partners gives for each event of the left side the same event of the right one, -1 if there is none.
func (w *rowWriter) partners() []int32 {
	left, right := w.c.sides[0], w.c.sides[1]
	partner := make([]int32, left.events.n)
	for i := range partner {
		partner[i] = -1
	}
	for id := 1; id < left.names.nodes.n; id++ {
		x, y := left.of(uint32(id)), right.of(w.c.peer[0][id])
		if w.c.conf.match == Set {
			x, y = w.c.byToken(0, x), w.c.byToken(1, y)
		}
		i, j := 0, 0
		for {
			for i < len(x) && !left.isCommon(int(x[i])) {
				i++
			}
			for j < len(y) && !right.isCommon(int(y[j])) {
				j++
			}
			if i == len(x) || j == len(y) {
				break
			}
			partner[x[i]] = int32(y[j])
			i++
			j++
		}
	}
	return partner
}
