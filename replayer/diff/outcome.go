package diff

import (
	"hash/maphash"
	"iter"
	"slices"

	"fsrec/watcher/event"
)

// outcomes says what becomes of each object in the looks of a recording that was made by polling, and whether the
// other recording tells the same. A look sees only that: not on which way, nor how often.
type outcomes struct {
	c      *comparison
	polled int // the side that was made by polling
	looks  *looks
	nodes  [2][]element
	tales  map[[2]int][2]*tale // by the first and the last window
}

func newOutcomes(c *comparison, polled int) *outcomes {
	o := &outcomes{c: c, polled: polled, looks: newLooks(c, polled), tales: make(map[[2]int][2]*tale)}
	for i := range o.nodes {
		o.nodes[i] = elements(c, i)
	}
	return o
}

// element is the last one of the path of a node.
type element struct {
	name  uint64 // hash, by which both sides compare
	depth uint32 // how many there are before it
}

func elements(c *comparison, i int) []element {
	names := c.sides[i].names
	all := make([]element, names.nodes.n)
	for id := 1; id < len(all); id++ {
		name := names.spelled(uint32(id))
		if c.conf.fold {
			name = event.Windows.Fold(name)
		}
		all[id] = element{maphash.String(seed, name), 0}
		if parent := names.nodes.at(id).parent; parent != 0 {
			all[id].depth = all[parent].depth + 1
		}
	}
	return all
}

// between gives what both sides tell in windows.
func (o *outcomes) between(first, last int) [2]*tale {
	both, ok := o.tales[[2]int{first, last}]
	if !ok {
		for i := range both {
			both[i] = newTale(o.c, i, o.nodes[i])
			for index := o.looks.starts[i][first]; index < o.looks.starts[i][last+1]; index++ {
				both[i].tell(index)
			}
		}
		settle(both[1-o.polled], both[o.polled])
		o.tales[[2]int{first, last}] = both
	}
	return both
}

// agree reports whether both sides tell the same end of all that an event of side i is about. Which of several equal
// events stands against which one of the other side is not known, nor then to which window it belongs: those beside it are looked at too.
func (o *outcomes) agree(i, index int) bool {
	n := o.looks.window(i, index)
	lo, hi := o.looks.around(n)
	for wide := 0; wide <= maxWide; wide++ {
		first, last := max(lo, n-wide), min(hi, n+wide)
		if o.between(first, last)[i].same(index) {
			return true
		}
		if first == lo && last == hi {
			return false
		}
	}
	return false
}

const maxWide = 3

// same reports whether the other side tells the same end of all that an event is about.
func (t *tale) same(index int) bool {
	n, attributes := 0, t.side.events.at(index).mask&uint32(event.IN_ATTRIB) != 0
	for _, e := range t.c.halves(t.which, index) {
		for _, f := range t.about[e] {
			if n++; !f.same || f.times && attributes {
				return false
			}
		}
	}
	return n > 0
}

// unnoticed reports whether the other side tells nothing at all of the object of an event of the polled side, which stays where it is.
func (o *outcomes) unnoticed(index int) bool {
	n := o.looks.window(o.polled, index)
	both := o.between(n, n)
	polled, other := both[o.polled], both[1-o.polled]
	for _, f := range polled.about[index] {
		if f.made {
			return false
		}
		if told := other.counterpart(f); told.told || other.endOf(told) != polled.endOf(f) {
			return false
		}
	}
	return len(polled.about[index]) > 0
}

// ended reports whether the polled side had ended the watch of the root that an event of the other side is in, in
// the window of the event at the latest.
func (o *outcomes) ended(index int) bool {
	if index < 0 {
		return false
	}
	other, polled := o.c.sides[1-o.polled], o.c.sides[o.polled]
	root := o.c.peer[1-o.polled][other.names.rootOf(other.events.at(index).node)]
	for _, e := range polled.of(root) {
		if polled.events.at(int(e)).mask&uint32(event.IN_DELETE_SELF) != 0 {
			return o.looks.window(o.polled, int(e)) <= o.looks.window(1-o.polled, index)
		}
	}
	return false
}

// fate is what becomes of one object in a window, as one side tells it.
type fate struct {
	born  uint64 // hash of its path at the beginning or, if it was made, of its first one
	from  *fate  // the directory of that path, nil for a root
	as    uint64 // hash of the last element of that path
	name  uint64 // and of the path that it has in the end
	up    *fate  // the directory that it is in in the end, nil for a root and for what is gone
	made  bool   // it was not there at the beginning
	there presence
	told  bool // some event is about it
	dir   bool
	moved bool
	gone  bool
	same  bool // the other side tells the same end
	ended bool // end is known
	end   uint64

	over *fate // what it replaced
	peer *fate // the same object as polling tells of it

	writes, attributes uint32
	deleted, renamed   bool // its own watch tells so
	vague              bool // it, or what it replaced or was replaced by, was deleted
	stray              bool // it left, or came, and whether it is something else that came or left is not told
	times              bool // of an IN_ATTRIB of a directory: a look sees none
	known              bool // a stray one that came is one that left

	kids map[uint64]*fate // the latest of each name
	was  []uint64         // hashes of the paths that it had, as those of its directories at the beginning were
}

// presence says whether an object was there at the beginning.
type presence uint8

const (
	maybeThere presence = iota
	wasThere
	notThere
)

// tale is what one side tells in a window: a tree of which only what events are about is known.
type tale struct {
	c     *comparison
	side  *side
	which int
	nodes []element
	olds  map[uint64]*fate // what may have been there at the beginning, by path
	news  []*fate          // what was made
	about map[int][]*fate  // by event
	way   map[uint32]*fate // what was moved from somewhere, by event
}

func newTale(c *comparison, i int, nodes []element) *tale {
	return &tale{
		c: c, side: c.sides[i], which: i, nodes: nodes, olds: make(map[uint64]*fate),
		about: make(map[int][]*fate), way: make(map[uint32]*fate),
	}
}

// at gives the object that has the path of a node, or had it last.
func (t *tale) at(id uint32) *fate {
	x := t.side.names.node(id)
	if x.parent == 0 {
		born := mix(1, uint64(t.c.common(t.which, id)))
		if t.olds[born] == nil {
			t.olds[born] = &fate{born: born, there: wasThere, dir: true, was: []uint64{born}}
		}
		return t.olds[born]
	}
	up, name := t.at(x.parent), t.nodes[id].name
	if f := up.kids[name]; f != nil {
		return f
	}
	return t.appear(up, name, up.made)
}

// appear puts an object that was not known into a directory.
func (t *tale) appear(up *fate, name uint64, made bool) *fate {
	f := &fate{born: mix(up.born, name), from: up, as: name, made: made}
	t.place(f, up, name)
	if made {
		t.news = append(t.news, f)
	} else {
		t.olds[f.born] = f
	}
	return f
}

// maxNames is how deep objects are followed.
const maxNames = 256

func (t *tale) place(f, up *fate, name uint64) {
	if up.isBelow(f) {
		t.remove(f)
		return
	}
	if up.kids == nil {
		up.kids = make(map[uint64]*fate)
	}
	f.up, f.name, up.kids[name] = up, name, f
	f.was = append(f.was, mix(up.born, name))
}

// isBelow reports whether f is dir or inside it, as only a recording that contradicts itself can put a directory, or too deep to say.
func (f *fate) isBelow(dir *fate) bool {
	if dir.kids == nil {
		return f == dir
	}
	for depth := 0; f != nil && f != dir; f = f.up {
		if depth++; depth > maxNames {
			return true
		}
	}
	return f == dir
}

// vacate gives the directory and the name of a node, and ends what is there.
func (t *tale) vacate(index int, id uint32, presence presence) (up *fate, name uint64, old *fate) {
	up, name = t.at(t.side.names.node(id).parent), t.nodes[id].name
	old = t.at(id)
	if t.isAt(old, up, name) {
		if !old.made && !old.told && old.there == maybeThere {
			old.there = presence
		} else {
			t.note(index, old)
		}
		t.remove(old)
		return up, name, old
	}
	return up, name, nil
}

func (t *tale) isAt(f, up *fate, name uint64) bool { return !f.gone && f.up == up && f.name == name }

func (t *tale) remove(f *fate) { f.gone, f.up = true, nil }

// note has an event be about an object.
func (t *tale) note(index int, f *fate) {
	f.told = true
	if f.there == maybeThere {
		f.there = wasThere
	}
	f.dir = f.dir || t.side.events.at(index).mask&uint32(event.IN_ISDIR) != 0
	t.about[index] = append(t.about[index], f)
}

// tell takes in an event.
func (t *tale) tell(index int) {
	e := t.side.events.at(index)
	kind := event.Mask(e.mask & 0xffff)
	if t.nodes[e.node].depth > maxNames {
		return
	}
	isRoot := t.side.names.node(e.node).parent == 0
	switch {
	case kind&(event.IN_CREATE|event.IN_MOVED_TO) != 0 && !isRoot:
		t.arrive(index, e)
	case kind&(event.IN_DELETE|event.IN_MOVED_FROM) != 0 && !isRoot:
		t.depart(index, e)
	case kind&(event.IN_MODIFY|event.IN_ATTRIB|event.IN_DELETE_SELF|event.IN_MOVE_SELF) != 0:
		f := t.at(e.node)
		t.note(index, f)
		if kind == event.IN_DELETE_SELF && f.over != nil {
			if f.over.there != maybeThere {
				t.note(index, f.over) // of which it may be told after the arrival of what replaced it
			}
			f.vague, f.over.vague = true, true
		}
		switch kind {
		case event.IN_MODIFY:
			f.writes++
		case event.IN_ATTRIB:
			f.attributes++
		case event.IN_MOVE_SELF:
			f.renamed = true
		case event.IN_DELETE_SELF:
			f.deleted = true
			if isRoot {
				t.remove(f)
			}
		}
	}
}

func (t *tale) depart(index int, e *ev) {
	f := t.at(e.node)
	t.note(index, f)
	if e.mask&uint32(event.IN_MOVED_FROM) != 0 && e.mask&bitJoined != 0 {
		t.way[uint32(index)] = f
		f.up, f.moved = nil, true
		return
	}
	f.stray = e.mask&uint32(event.IN_MOVED_FROM) != 0
	t.remove(f)
}

func (t *tale) arrive(index int, e *ev) {
	var f *fate
	presence := notThere
	if e.mask&uint32(event.IN_MOVED_TO) != 0 {
		presence = maybeThere // it tells nothing of what it replaces
		if e.mask&bitJoined != 0 {
			f = t.way[e.link]
		}
	}
	up, name, over := t.vacate(index, e.node, presence)
	if f == nil {
		f = t.appear(up, name, true)
		f.stray = e.mask&(bitSynthetic|uint32(event.IN_MOVED_TO)) != 0
	} else {
		t.place(f, up, name)
	}
	f.over = over
	t.note(index, f)
}

// endOf is the hash of the path of an object in the end, 0 if it is gone. All has been told.
func (t *tale) endOf(f *fate) uint64 {
	if f.ended {
		return f.end
	}
	f.ended = true
	switch {
	case f.gone:
	case f.from == nil:
		f.end = f.born
	case f.up != nil: // its arrival is told
		if up := t.endOf(f.up); up != 0 {
			f.end = mix(up, f.name)
		}
	}
	return f.end
}

// counterpart gives what the other side calls f and was there at the beginning, of which nothing may be told here.
func (t *tale) counterpart(f *fate) *fate {
	own := t.olds[f.born]
	if own == nil {
		own = &fate{born: f.born, as: f.as, name: f.as}
		if f.from != nil {
			own.from = t.counterpart(f.from)
			own.up = own.from
		}
		t.olds[f.born] = own
	}
	return own
}

// settle finds the objects that come to the same end in what is told and what polling sees.
func settle(told, polled *tale) {
	came := make(map[uint64]*fate)
	for _, f := range told.news {
		if f.stray && told.endOf(f) != 0 {
			came[f.end] = f
		}
	}
	for _, f := range told.olds {
		if p := polled.counterpart(f); f.stray && f.gone && polled.endOf(p) != 0 && came[p.end] != nil {
			f.gone, f.up, f.name = false, came[p.end].up, came[p.end].name // it was not watched on its way
			f.moved, came[p.end].known = true, true
		}
	}
	there := make(map[uint64]*fate) // what polling sees in the end
	for _, f := range polled.olds {
		l := told.counterpart(f)
		l.same = l.there == notThere && f.there != wasThere || f.there == notThere && l.there != wasThere ||
			l.there == maybeThere && f.there == maybeThere ||
			l.there != notThere && f.there != notThere && told.endOf(l) == polled.endOf(f) && l.shows(f)
		f.same, l.peer = l.same, f
		l.times = l.dir && l.attributes > 0 && f.attributes == 0 && f.end != 0
		there[polled.endOf(f)] = f
	}
	for _, f := range polled.news {
		there[polled.endOf(f)] = f
	}
	gone := make(map[uint64]bool)
	for _, f := range told.news {
		p := there[told.endOf(f)]
		switch {
		case f.end == 0: // it came and went
			f.same = true
			for _, path := range f.was {
				gone[path] = true
			}
		case p == nil:
			f.same = f.stray && f.isInKnown()
		case !p.made:
			f.same = f.stray && f.dir == p.dir
		case f.dir == p.dir && (p.writes+p.attributes == 0 || f.writes+f.attributes > 0):
			f.same, p.same, f.peer = true, true, p
		}
	}
	for _, f := range polled.news {
		f.same = f.same || f.end == 0 && gone[f.was[0]]
	}
	contradict(told, polled)
}

// contradict has nothing be the same that had a path where polling sees what is not.
func contradict(told, polled *tale) {
	wrong := make(map[uint64]bool)
	for f := range polled.all() {
		if f.told && !f.same {
			wrong[f.was[0]] = true
		}
	}
	for f := range told.all() {
		if slices.ContainsFunc(f.was, func(path uint64) bool { return wrong[path] }) {
			f.same = false
			if f.peer != nil {
				f.peer.same = false
			}
		}
	}
}

// all gives all objects.
func (t *tale) all() iter.Seq[*fate] {
	return func(yield func(*fate) bool) {
		for _, f := range t.olds {
			if !yield(f) {
				return
			}
		}
		for _, f := range t.news {
			if !yield(f) {
				return
			}
		}
	}
}

// isInKnown reports whether f came inside a directory that is known to have left another place.
func (f *fate) isInKnown() bool {
	for depth := 0; f != nil && depth < maxNames; depth++ {
		if f.known {
			return true
		}
		f = f.up
	}
	return false
}

// shows reports whether a look after the events of f sees the changes of p, which has the same end.
func (f *fate) shows(p *fate) bool {
	changed := p.writes+p.attributes > 0
	switch {
	case f.deleted != p.deleted && f.told && !f.stray && !f.vague && !p.vague, p.renamed && !f.renamed, f.renamed && !p.renamed && p.end != 0 && p.end != p.born:
		return false
	case p.end == 0, f.dir || p.dir:
		return !changed || f.writes+f.attributes > 0
	case f.writes > 0:
		return p.writes > 0 && (p.attributes == 0 || f.attributes > 0)
	case f.attributes > 0:
		return changed || f.moved || p.end != p.born // a rename hides what was changed and changed back
	}
	return p.writes == 0 && (p.attributes == 0 || f.moved) // one there and back shows too
}
