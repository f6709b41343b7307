package event

import (
	"sort"
	"strings"
)

// places is the tree of the watched paths: watched places and the directories
// that lead to them, element by element. What is renamed is hung up elsewhere,
// with all below it, so paths are put together when they are asked for.
//
// A tree that was cut off, because it left or was overwritten, is found by no path
// and lasts as long as one of its watches.
type places struct {
	platform Platform
	nodes    map[edge]*node
	version  uint64 // of the paths of watches: a rename makes another
	path     []byte // in the making
	trail    trail

	joined     []*Watch // whose paths are kept since there were none
	joinedSize int
}

// trail is the directory of the path that was found last: the next path is walked from where the two part.
type trail struct {
	path  string // folded
	steps []step
}

// step is a directory on a trail, and where its path ends.
type step struct {
	n   *node
	end int
}

// edge is a name, folded, in a directory, or a root, which is in none.
type edge struct {
	up   *node
	name string
}

// node is a place. It exists while it or a place below it is watched.
type node struct {
	name   string // the last element of the path; of a root and of what was cut off the path
	up     *node
	kids   []*node // a heap: the first has the longest path below it
	watch  *Watch
	at     int32  // index in up.kids
	below  uint16 // bytes that the longest path below it has more than its own; MaxPath bounds it
	closed bool   // the path ends in a separator, as that of the root "/" does
	stands standing
}

// standing is whether a node is in the tree.
type standing uint8

const (
	inTree      standing = iota
	overwritten          // cut off here, by what took its place
	departed             // cut off here: where it went is not known
)

// MaxPath is how long, in bytes, a path may be: some more than what the system
// takes. A recording that moves directories into each other for ever could fill
// the memory otherwise.
func (p Platform) MaxPath() int {
	if p == Windows {
		return 32 << 10
	}
	return 8 << 10
}

// maxJoined is how many bytes of the paths of watches that have a place are kept. The others are put together when they are asked for.
const maxJoined = 64 << 20

func newPlaces(platform Platform) places {
	return places{platform: platform, nodes: make(map[edge]*node), version: 1}
}

// splitRoot cuts a path behind its root: see Parent. closed says that the root ends
// in a separator; any other is followed by one, unless it is all of the path.
func (p Platform) splitRoot(path string) (root, rest string, closed bool) {
	separator := p.Separator()
	end := strings.IndexByte(path, separator)
	switch {
	case p == Windows && strings.HasPrefix(path, `\\`):
		for at := 2; ; at = end + 1 { // \\server\share
			i := strings.IndexByte(path[at:], separator)
			if i < 0 {
				return path, "", false
			}
			if end = at + i; at > 2 {
				return path[:end], path[end+1:], false
			}
		}
	case end < 0:
		return path, "", false
	case end == 0, p == Windows && end == 2 && path[1] == ':':
		return path[:end+1], path[end+1:], true
	}
	return path[:end], path[end+1:], false
}

// find gives the node of path, or nil.
func (p *places) find(path string) *node {
	folded := p.platform.Fold(path)
	up, at, ok := p.directory(path, folded, false)
	if !ok {
		return nil
	}
	return p.nodes[edge{up, folded[at:]}]
}

// over gives the place that has a watch, path itself or the nearest above it, or nil.
func (p *places) over(path string) *node {
	folded := p.platform.Fold(path)
	root, rest, _ := p.platform.splitRoot(folded)
	n := p.nodes[edge{nil, root}]
	var nearest *node
	for at := len(path) - len(rest); n != nil; {
		if n.watch != nil {
			nearest = n
		}
		if at >= len(path) {
			break
		}
		end := strings.IndexByte(folded[at:], p.platform.Separator())
		if end < 0 {
			end = len(path) - at
		}
		n = p.nodes[edge{n, folded[at : at+end]}]
		at += end + 1
	}
	return nearest
}

// place finds or makes the node of path and of every directory above it.
func (p *places) place(path string) *node {
	folded := p.platform.Fold(path)
	up, at, _ := p.directory(path, folded, true)
	return p.child(up, path[at:], folded[at:], true)
}

// directory gives the node of the directory of path, nil for a root, and where the
// last element begins. It is not ok where there is none and none is to be made.
func (p *places) directory(path, folded string, make bool) (n *node, at int, ok bool) {
	root, rest, _ := p.platform.splitRoot(folded)
	if len(root) == len(path) {
		return nil, 0, true
	}
	separator := p.platform.Separator()
	last := strings.LastIndexByte(folded, separator)
	t := &p.trail
	t.part(folded, separator, len(root)-1, last)
	if i := len(t.steps) - 1; i >= 0 {
		n, at = t.steps[i].n, t.steps[i].end+1
	} else {
		n, at = p.child(nil, path[:len(root)], root, make), len(path)-len(rest)
		t.append(n, at-1)
	}
	for n != nil && at <= last {
		end := at + strings.IndexByte(folded[at:], separator)
		n = p.child(n, path[at:end], folded[at:end], make)
		t.append(n, end)
		at = end + 1
	}
	t.path = folded[:last]
	return n, last + 1, n != nil
}

// part shortens the trail to what the path that goes on to last, and whose root ends no later than first, has in common with it.
func (t *trail) part(folded string, separator byte, first, last int) {
	n := sort.Search(len(t.steps), func(i int) bool {
		end := t.steps[i].end
		return end > last || folded[end] != separator || folded[:end] != t.path[:end]
	})
	if n > 0 && t.steps[0].end < first {
		n = 0
	}
	t.steps = t.steps[:n]
}

func (t *trail) append(n *node, end int) {
	if n != nil {
		t.steps = append(t.steps, step{n, end})
	}
}

// child gives what has a name in directory up, or the root of that name, which may be made.
func (p *places) child(up *node, name, folded string, make bool) *node {
	n := p.nodes[edge{up, folded}]
	if n == nil && make {
		n = &node{name: strings.Clone(name)} // which does not keep all of the path
		p.hang(n, up)
	}
	return n
}

// hang puts n, with all below it, into directory up; nil makes a root of it.
func (p *places) hang(n, up *node) {
	p.nodes[edge{up, p.platform.Fold(n.name)}] = n
	if up != nil {
		n.closed = false
		up.attach(n)
	} else {
		_, _, n.closed = p.platform.splitRoot(n.name)
	}
}

// remove takes n out of its directory.
func (p *places) remove(n *node) {
	if n.stands == inTree {
		delete(p.nodes, edge{n.up, p.platform.Fold(n.name)})
	}
	if n.up != nil {
		n.up.detach(n)
	}
	if i := len(p.trail.steps) - 1; i >= 0 && p.trail.steps[i].n == n {
		p.trail.steps = p.trail.steps[:i]
	}
}

// prune removes the nodes from n upwards that nothing needs any more.
func (p *places) prune(n *node) {
	for n != nil && n.watch == nil && len(n.kids) == 0 {
		up := n.up
		p.remove(n)
		n = up
	}
}

// cutOff removes n, which stands at path, with everything below it.
func (p *places) cutOff(n *node, path string, why standing) {
	up := n.up
	p.remove(n)
	n.up, n.name, n.stands = nil, path, why
	p.changed(n)
	p.prune(up)
}

// move gives n, with everything below it, the place dst, which is free.
func (p *places) move(n *node, dst string) {
	old := n.up
	p.remove(n)
	folded := p.platform.Fold(dst)
	up, at, _ := p.directory(dst, folded, true)
	n.name = strings.Clone(dst[at:])
	p.hang(n, up)
	p.changed(n)
	p.prune(old)
}

// changed tells that the paths at and below n are others than before.
func (p *places) changed(n *node) {
	if len(n.kids) > 0 {
		p.version++
		p.trail.steps = p.trail.steps[:0]
	} else if n.watch != nil {
		n.watch.version = 0
	}
}

// join puts the path of n together; it is valid until the next call. top is the root of
// the tree that n is in, or where that was cut off.
func (p *places) join(n *node) (path []byte, top *node) {
	size := 0
	for top = n; top.up != nil; top = top.up {
		size += len(top.name)
		if !top.up.closed {
			size++
		}
	}
	size += len(top.name)
	if cap(p.path) < size {
		p.path = make([]byte, 2*size)
	}
	path = p.path[:size]
	for ; n != top; n = n.up {
		size -= len(n.name)
		copy(path[size:], n.name)
		if !n.up.closed {
			size--
			path[size] = p.platform.Separator()
		}
	}
	copy(path, top.name)
	return path, top
}

// keep gives w its path, and forgets all such where they have become too many.
func (p *places) keep(w *Watch, path string) {
	if p.joinedSize > maxJoined {
		for _, old := range p.joined {
			if old.at != nil {
				old.path, old.version = "", 0
			}
		}
		p.joined, p.joinedSize = p.joined[:0], 0
	}
	w.path = path
	p.joined = append(p.joined, w)
	p.joinedSize += len(path) + 64 // and what stands for it here
}

// reach is how many bytes the longest path at or below n is longer than that of its directory.
func (n *node) reach() uint16 { return uint16(1+len(n.name)) + n.below }

func (n *node) attach(kid *node) {
	kid.up, kid.at = n, int32(len(n.kids))
	n.kids = append(n.kids, kid)
	n.rise(kid)
	n.measure()
}

func (n *node) detach(kid *node) {
	end := len(n.kids) - 1
	last := n.kids[end]
	n.kids[end] = nil
	n.kids = n.kids[:end]
	if last != kid {
		n.kids[kid.at], last.at = last, kid.at
		n.rise(last)
		n.sink(last)
	}
	kid.up = nil
	n.measure()
}

// measure finds below anew, for n and for the directories above it.
func (n *node) measure() {
	for {
		below := uint16(0)
		if len(n.kids) > 0 {
			below = n.kids[0].reach()
		}
		if below == n.below {
			return
		}
		up := n.up
		taller := below > n.below
		n.below = below
		if up == nil {
			return
		}
		if taller {
			up.rise(n)
		} else {
			up.sink(n)
		}
		n = up
	}
}

// rise moves kid to the front of the heap as far as it belongs.
func (n *node) rise(kid *node) {
	for kid.at > 0 {
		above := (kid.at - 1) / 2
		if n.kids[above].reach() >= kid.reach() {
			return
		}
		n.swap(kid.at, above)
	}
}

// sink is the reverse.
func (n *node) sink(kid *node) {
	for {
		longest := 2*kid.at + 1
		if int(longest) >= len(n.kids) {
			return
		}
		if other := longest + 1; int(other) < len(n.kids) && n.kids[other].reach() > n.kids[longest].reach() {
			longest = other
		}
		if kid.reach() >= n.kids[longest].reach() {
			return
		}
		n.swap(kid.at, longest)
	}
}

func (n *node) swap(i, j int32) {
	n.kids[i], n.kids[j] = n.kids[j], n.kids[i]
	n.kids[i].at, n.kids[j].at = i, j
}

// walk visits n and everything below it, parents first.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, kid := range n.kids {
		kid.walk(visit)
	}
}
