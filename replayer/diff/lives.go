package diff

import (
	"fsrec/watcher/event"
)

// lives are events that tell that an object came, went or was renamed.
const lives = uint32(event.IN_CREATE | event.IN_DELETE | event.IN_MOVE)

// ends are events that only the watch of an object itself tells of its renames and its end.
const ends = uint32(event.IN_MOVE_SELF | event.IN_DELETE_SELF | event.IN_IGNORED)

// object is one directory, from when it came until it went, under whatever names. A path can be that of many, one after the other.
type object struct {
	up     *object // the directory that it is in
	name   string
	kids   map[string]*object
	told   map[string][]entry // what its watch told, by name; of a directory that was there before only what is about directories
	names  []string           // in the order in which they were told
	self   []int              // what its watch told of itself
	named  []int              // and that of the directory above, but its lives
	moves  []int              // its renames: the events of their arrival
	placed int                // events that there were when its watch was placed, -1 for never
	wide   int                // and when it had the listed ones too
	time   int64              // when it came
	fresh  bool               // it came during the recording, so that its watch was placed after it
	gone   bool
	died   int // the event that it was removed with, -1 for none
}

// entry is an event of a name, and the directory that came or went with it.
type entry struct {
	at         int
	came, left *object
}

// placement is a watch that auto-add placed on a directory that had come, or was given the rest of its mask.
type placement struct {
	at   int    // events that there were
	node uint32 // 0 for the rest of a mask
	wd   int32
}

// heard is an event with the watch that told it, where its path may be that of another directory by then: somebody
// holds a directory open that was removed, or its end is told behind what came after.
type heard struct {
	at int
	wd int32
}

// tree follows the directories of one side through all of its events.
type tree struct {
	s     *side
	roots map[uint32]*object
	at    []*object // by node, as of the version in seen
	seen  []uint32
	now   uint32 // changes of directories
	byWD  map[int32]*object
	way   map[int]*object // by the index of an IN_MOVED_FROM whose IN_MOVED_TO is to come
}

func newTree(s *side) *tree {
	t := &tree{s: s, roots: make(map[uint32]*object), now: 1, byWD: make(map[int32]*object), way: make(map[int]*object)}
	t.at, t.seen = make([]*object, s.names.nodes.n), make([]uint32, s.names.nodes.n)
	next, known := 0, 0
	for i := range s.events.n {
		for ; next < len(s.placements) && s.placements[next].at <= i; next++ {
			t.place(s.placements[next])
		}
		var of *object
		if known < len(s.heard) && s.heard[known].at == i {
			of = t.byWD[s.heard[known].wd]
			known++
		}
		t.tell(i, s.events.at(i), of)
	}
	for ; next < len(s.placements); next++ {
		t.place(s.placements[next])
	}
	return t
}

func newObject(up *object, name string) *object {
	return &object{up: up, name: name, placed: -1, died: -1}
}

func (t *tree) place(p placement) {
	if o := t.byWD[p.wd]; o != nil && p.node == 0 {
		o.wide = p.at
	}
	if o := t.object(p.node, false); p.node != 0 && o != nil && o.placed < 0 {
		o.placed, o.wide = p.at, p.at
		t.byWD[p.wd] = o
	}
}

// object gives the directory that a node is at present. One that was there before is made when it is needed.
func (t *tree) object(id uint32, need bool) *object {
	if t.seen[id] == t.now {
		if o := t.at[id]; o != nil || !need {
			return o
		}
	}
	x := t.s.names.node(id)
	var o *object
	if x.parent == 0 {
		if o = t.roots[id]; o == nil {
			o = newObject(nil, "")
			t.roots[id] = o
		}
	} else if up := t.object(x.parent, need); up != nil {
		name := t.s.names.element(x)
		if o = up.kids[name]; o == nil && need {
			o = newObject(up, name)
			up.take(o)
		}
	}
	t.at[id], t.seen[id] = o, t.now
	return o
}

func (o *object) take(kid *object) {
	if o.kids == nil {
		o.kids = make(map[string]*object)
	}
	o.kids[kid.name] = kid
}

// tell takes in an event, of which it may be known which directory's watch told it.
func (t *tree) tell(i int, e *ev, of *object) {
	if e.mask&bitSelf != 0 {
		if of == nil {
			of = t.object(e.node, false)
		}
		if of != nil {
			of.self = append(of.self, i)
		}
		return
	}
	x := t.s.names.node(e.node)
	dir := e.mask&uint32(event.IN_ISDIR) != 0
	if x.parent == 0 {
		return
	}
	up := of
	if up == nil {
		up = t.object(x.parent, true)
	}
	if !dir && !up.fresh {
		return
	}
	name := t.s.names.element(x)
	if kid := up.kids[name]; kid != nil && e.mask&lives == 0 {
		kid.named = append(kid.named, i)
	}
	one := entry{at: i}
	if dir && e.mask&lives != 0 {
		one.came, one.left = t.life(i, e, up, name)
		t.now++
	}
	if up.told == nil {
		up.told = make(map[string][]entry)
	}
	if up.told[name] == nil {
		up.names = append(up.names, name)
	}
	up.told[name] = append(up.told[name], one)
}

// life carries out that a directory came, went or was renamed, and gives the one that came and the one that left.
func (t *tree) life(i int, e *ev, up *object, name string) (came, left *object) {
	old := up.kids[name]
	delete(up.kids, name)
	if e.mask&uint32(event.IN_MOVED_FROM) != 0 && e.mask&bitJoined != 0 {
		t.way[i] = old
		return nil, old
	}
	if old != nil {
		old.gone = true
	}
	if e.mask&uint32(event.IN_CREATE|event.IN_MOVED_TO) == 0 {
		if old != nil && e.mask&uint32(event.IN_DELETE) != 0 {
			old.died = i
		}
		return nil, old
	}
	if e.mask&uint32(event.IN_MOVED_TO) != 0 && e.mask&bitJoined != 0 {
		if came = t.way[int(e.link)]; came != nil {
			came.up, came.name, came.moves = up, name, append(came.moves, i)
		}
	}
	if came == nil {
		came = newObject(up, name)
		came.fresh, came.time = true, *t.s.times.at(i)
	}
	up.take(came)
	return came, nil
}

// ended reports whether a directory, or one that it is in, is gone.
func (o *object) ended() bool {
	for depth := 0; o != nil && depth < maxPathDepth; depth++ {
		if o.gone {
			return true
		}
		o = o.up
	}
	return false
}
