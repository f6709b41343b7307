package diff

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"fsrec/watcher/event"
)

// comparison is the work of one Compare.
type comparison struct {
	conf    *config
	sides   [2]*side
	peer    [2][]uint32 // by node, the node of the other side; 0 is none
	opIn    [2][]int    // by operation, its place in the common list; operations that only one side has are no one else's
	gaps    []gap
	late    []latePair
	times   []countPair
	telling uint32 // bits of ev.mask besides maskBits by which events of the current path are the same
	unseen  *unseen

	all    [2][]int // of the current path
	tokens [2][]uint64

	// aside counts what the other side did not see or Subset does not ask for.
	aside [2]map[asideKey]int64
}

// gap is a place on a path where the two sides differ: the events that only
// one of them has, between the same neighbours.
type gap struct {
	path [2]uint32 // node on each side, 0 for none
	only [2][]int  // indexes of events
	lo   [2]int    // index of the last common event before, -1 if there is none
	hi   [2]int    // index of the first common event after, or the number of events
}

// latePair is the same event at different places.
type latePair struct {
	at   [2]int
	node uint32 // of the left side: what it should be ordered against; 0 is its own path
}

// countPair is an IN_MODIFY that was repeated differently often.
type countPair struct{ at [2]int }

// Input is a recording that is compared.
type Input struct {
	Name   string       // for the result: a file name, "left"
	Header event.Header // of the recording
	Reader event.Reader // an event.Log, or any other source; it is read to its end
}

// Compare compares two recordings. Both are read at the same time, and what is
// kept of them is some 24 bytes an event and 80 a path. The error is an *event.RootsError where
// the recordings are about different directories, a *BoundError where directories are renamed more often than in any real tree,
// or an *InputError.
func Compare(ctx context.Context, left, right Input, o Options) (*Result, error) {
	conf, err := o.config()
	if err != nil {
		return nil, err
	}
	c := &comparison{conf: conf, unseen: &unseen{}, sides: [2]*side{newSide(left, 0), newSide(right, 1)}}
	for i, s := range c.sides {
		c.aside[i] = make(map[asideKey]int64)
		if err := s.peek(ctx); err != nil {
			return nil, inputError(s.input, err)
		}
		conf.tells[i] = tellsOf(s.input.Header, s.pending)
		s.conf = conf
	}
	l, r := left.Header, right.Header
	conf.alike = l.Backend == r.Backend
	conf.fold = conf.on[StepFold] || conf.on[StepCase] && folds(l) && folds(r)
	if err := c.both(func(s *side) error { return inputError(s.input, s.load(ctx)) }); err != nil {
		return nil, err
	}
	roots, err := pairRoots(conf, c.sides)
	if err != nil {
		return nil, err
	}
	c.pairNodes(roots)
	if err := c.related(); err != nil {
		return nil, err
	}
	c.pairOperations()
	c.compare()
	return c.result(), nil
}

// both does the same with the two sides at the same time.
func (c *comparison) both(do func(*side) error) error {
	var errs [2]error
	var wait sync.WaitGroup
	for i, s := range c.sides {
		wait.Go(func() { errs[i] = do(s) })
	}
	wait.Wait()
	return cmp.Or(errs[0], errs[1])
}

// pairNodes finds the paths that both sides have.
func (c *comparison) pairNodes(roots map[uint32]uint32) {
	left, right := c.sides[0].names, c.sides[1].names
	c.peer = [2][]uint32{make([]uint32, left.nodes.n), make([]uint32, right.nodes.n)}
	pairTo := func(id int, l uint32) {
		if l != 0 && left.node(l).same == 0 {
			c.peer[1][id], c.peer[0][l] = l, uint32(id)
		}
	}
	for id := 1; id < right.nodes.n; id++ {
		switch x := right.nodes.at(id); {
		case x.same != 0:
		case x.parent == 0:
			pairTo(id, roots[uint32(id)])
		default:
			if dir := c.peer[1][x.parent]; dir != 0 {
				pairTo(id, left.lookup(dir, x.hash, right.element(x)))
			}
		}
	}
}

// related reports an error where two recordings have roots of different names
// and not one path in common below them.
func (c *comparison) related() error {
	left, right := c.sides[0].usedRoots(), c.sides[1].usedRoots()
	if len(left) != 1 || len(right) != 1 || len(c.conf.roots) > 0 {
		return nil
	}
	p, q := c.sides[0].platform(), c.sides[1].platform()
	if p.Base(left[0].path) == q.Base(right[0].path) {
		return nil
	}
	some := [2]bool{}
	for i, s := range c.sides {
		for id := 1; id < s.names.nodes.n; id++ {
			x := s.names.nodes.at(id)
			if x.parent != 0 && x.same == 0 && c.peer[i][id] != 0 {
				return nil
			}
			some[i] = some[i] || x.parent != 0 && x.count > 0
		}
	}
	if some[0] && some[1] {
		return &event.RootsError{Left: paths(left), Right: paths(right), Disjoint: true}
	}
	return nil
}

// pairOperations aligns the operations of the two sides.
func (c *comparison) pairOperations() {
	words := make(map[string]uint64)
	var seqs [2][]uint64
	for i, s := range c.sides {
		for _, op := range s.ops {
			word, ok := words[op.text]
			if !ok {
				word = uint64(len(words))
				words[op.text] = word
			}
			seqs[i] = append(seqs[i], word)
		}
		c.opIn[i] = make([]int, len(s.ops)+1)
	}
	if len(seqs[0]) == 0 || len(seqs[1]) == 0 { // there is one operation, number 0
		for _, s := range c.sides {
			s.foldOn()
		}
		return
	}
	next, x, y := 1, 0, 0
	for _, h := range append(hunks(seqs[0], seqs[1]), hunk{len(seqs[0]), len(seqs[0]), len(seqs[1]), len(seqs[1])}) {
		for ; x < h.aLo; x, y, next = x+1, y+1, next+1 {
			c.opIn[0][x+1], c.opIn[1][y+1] = next, next
		}
		for ; x < h.aHi; x, next = x+1, next+1 {
			c.opIn[0][x+1] = next
		}
		for ; y < h.bHi; y, next = y+1, next+1 {
			c.opIn[1][y+1] = next
		}
	}
}

// foldOn folds what add did not, since an operation began in between that the other side does not tell of.
func (s *side) foldOn() {
	if len(s.ops) == 0 || !s.conf.on[StepRepeats] {
		return
	}
	last := make([]uint32, s.names.nodes.n) // by node: its latest event, counted from 1
	for i := range s.events.n {
		e := s.events.at(i)
		if n := last[e.node]; n > 0 && e.mask&0xffff == uint32(event.IN_MODIFY) {
			if first := s.events.at(int(n - 1)); (first.mask^e.mask)&(maskBits|bitSelf) == 0 {
				first.link += e.link + 1
				if s.conf.match == Set { // elsewhere the sums tell operations, too, and are never the same
					s.names.node(e.node).sum += salt[0] - mix(uint64(e.mask&maskBits), 0)
				}
				e.mask |= bitAside
				s.folded++
				s.foldedOn++
				continue
			}
		}
		last[e.node] = uint32(i + 1)
	}
}

// opOf is the operation that an event of side i belongs to: its place in the
// list of the side, 0 before the first.
func (c *comparison) opOf(i, index int) int {
	ops := c.sides[i].ops
	n, found := slices.BinarySearchFunc(ops, index, func(op operation, index int) int { return cmp.Compare(op.at, index) })
	for found && n < len(ops) && ops[n].at == index {
		n++
	}
	return n
}

// operated reports whether both recordings tell of operations.
func (c *comparison) operated() bool { return len(c.sides[0].ops) > 0 && len(c.sides[1].ops) > 0 }

// place is the operation of an event in the list of both.
func (c *comparison) place(i, index int) int {
	if !c.operated() {
		return 0
	}
	return c.opIn[i][c.opOf(i, index)]
}

// token is what makes two events of a path the same, in the numbers of the left side.
func (c *comparison) token(i, index int) uint64 {
	s := c.sides[i]
	e := s.events.at(index)
	t := uint64(e.mask&(maskBits|c.telling)) << 32
	if e.mask&bitJoined != 0 {
		t |= uint64(c.common(i, s.events.at(int(e.link)).node))
	}
	return t
}

// common is a node of side i as the left side numbers it.
func (c *comparison) common(i int, id uint32) uint32 {
	if i == 0 {
		return id
	}
	if l := c.peer[1][id]; l != 0 {
		return l
	}
	return id | 1<<31
}

// compare finds all differences.
func (c *comparison) compare() {
	if c.conf.match == Exact {
		c.compareAll()
		return
	}
	var unlike [][2]uint32
	left, right := c.sides[0].names, c.sides[1].names
	forced := make(map[uint32]bool)
	for i, s := range c.sides {
		for _, id := range s.crossed {
			forced[c.common(i, id)] = true
		}
	}
	for id := 1; id < left.nodes.n; id++ {
		x, r := left.nodes.at(id), c.peer[0][id]
		if r == 0 {
			if x.count > 0 {
				unlike = append(unlike, [2]uint32{uint32(id), 0})
			}
			continue
		}
		y := right.node(r)
		if x.sum != y.sum || x.count != y.count || forced[uint32(id)] {
			unlike = append(unlike, [2]uint32{uint32(id), r})
		}
	}
	for id := 1; id < right.nodes.n; id++ {
		if c.peer[1][id] == 0 && right.nodes.at(id).count > 0 {
			unlike = append(unlike, [2]uint32{0, uint32(id)})
		}
	}
	if len(unlike) == 0 {
		return
	}
	_ = c.both(func(s *side) error { s.index(); return nil })
	c.unseen = c.findUnseen()
	var check [][2]uint32
	for _, path := range unlike {
		if c.comparePath(path) {
			check = append(check, path)
		}
	}
	if c.conf.match == Partial {
		c.checkOrder(check)
	}
}

// index lists the events of each node.
func (s *side) index() {
	if s.starts != nil {
		return
	}
	s.starts = make([]uint32, s.names.nodes.n+1)
	total := uint32(0)
	for id := range s.names.nodes.n {
		total += s.names.nodes.at(id).count
		s.starts[id] = total // where they end, for now
	}
	s.starts[s.names.nodes.n] = total
	s.list = make([]uint32, total)
	for i := s.events.n - 1; i >= 0; i-- {
		id := s.events.at(i).node
		s.starts[id]--
		s.list[s.starts[id]] = uint32(i)
	}
}

// of lists the events of a node, in order. index was called.
func (s *side) of(id uint32) []uint32 {
	if id == 0 {
		return nil
	}
	return s.list[s.starts[id]:s.starts[id+1]]
}
