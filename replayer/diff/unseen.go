package diff

import (
	"slices"

	"fsrec/watcher/event"
)

// mark says of an event why nothing stands against it on the other side.
type mark uint8

const (
	markUnseen mark = 1 + iota // the other side had no watch on the directory yet
	markListed                 // it stands for what the other side told of otherwise, before the watch of this one was placed
)

// pairing is two directories that are the same one, as far as events from..to of each side go.
type pairing struct {
	of       [2]*object
	from, to [2]int
}

// unseen finds what one side could not see of a new directory, since its watch was placed later than that of the other one.
//
// Both tell of the same object: the story of each name in it that the later watch tells is the end of the one that the
// earlier watch tells. What was there when it was placed it found by listing. So wherever both stories go together from some place on,
// and a synthetic creation stands there exactly if the name was in use, nothing was lost.
type unseen struct {
	c      *comparison
	marks  [2]map[int]mark
	queue  []pairing
	met    [2]map[*object][][2]int // between which events the other side knew an object
	lost   [2][]*object            // that came or left unseen
	hidden [2]map[*object]bool     // those of them that have been marked
	pairs  map[uint32][][2]int     // by node of the left side, what both sides tell of the same object
	until  map[*object][2]int      // by an object of which its side lost sight, the event of each side with which it did
	shift  [2]map[int]int          // of what a watch told of the end of its object after its removal: the event of the removal
	late   map[uint32][][2]int     // by node of the left side, removals that one side told of before the end of the object and the other one after it
}

// findUnseen marks the events of both sides that are unseen, or stand for such.
func (c *comparison) findUnseen() *unseen {
	u := &unseen{c: c}
	var trees [2]*tree
	if !c.conf.on[StepUnseen] || c.conf.match != Partial {
		return u
	}
	some := false
	for _, s := range c.sides {
		if s.input.Header.Backend != "inotify" || len(s.losses) > 0 {
			return u
		}
		some = some || len(s.placements)+len(s.own) > 0
	}
	if !some {
		return u
	}
	_ = c.both(func(s *side) error { trees[s.which] = newTree(s); return nil })
	u.until = make(map[*object][2]int)
	if u.follow(trees); len(u.until) > 0 {
		u.follow(trees) // an object can have been met before it was known that it is lost
	}
	for i, all := range u.lost {
		for _, o := range all {
			u.hide(i, o)
		}
	}
	u.part()
	return u
}

// follow pairs the directories of both sides from the roots on.
func (u *unseen) follow(trees [2]*tree) {
	u.pairs, u.late = make(map[uint32][][2]int), make(map[uint32][][2]int)
	for i := range u.marks {
		u.marks[i], u.met[i], u.lost[i] = make(map[int]mark), make(map[*object][][2]int), nil
		u.shift[i], u.hidden[i] = make(map[int]int), make(map[*object]bool)
	}
	for id, o := range trees[0].roots {
		if other := trees[1].roots[u.c.peer[0][id]]; other != nil {
			u.meet(pairing{of: [2]*object{o, other}})
		}
	}
	for len(u.queue) > 0 {
		p := u.queue[0]
		u.queue = u.queue[1:]
		u.pair(p)
	}
}

func (u *unseen) meet(p pairing) {
	for i := range p.to {
		if p.to[i] == 0 {
			p.to[i] = u.c.sides[i].events.n
		}
		for _, o := range p.of {
			if end, lost := u.until[o]; lost {
				p.to[i] = min(end[i], p.to[i])
			}
		}
		u.met[i][p.of[i]] = append(u.met[i][p.of[i]], [2]int{p.from[i], p.to[i]})
	}
	u.queue = append(u.queue, p)
}

// pair compares what the watches of one directory tell.
func (u *unseen) pair(p pairing) {
	for _, name := range p.of[0].names {
		u.name(p, name)
	}
	for _, name := range p.of[1].names {
		if p.of[0].told[name] == nil {
			u.name(p, name)
		}
	}
	u.selves(p)
}

// tales are what one side tells of a name in a directory.
type tales struct {
	all   []entry
	lives []int  // places in all
	was   *entry // what came to the name before, nil where it was not in use
}

func (u *unseen) tales(p pairing, i int, name string) tales {
	var t tales
	for _, one := range p.of[i].told[name] {
		if one.at >= p.to[i] {
			break
		}
		mask := u.c.sides[i].events.at(one.at).mask
		if one.at < p.from[i] {
			if mask&lives != 0 {
				t.was = nil
				if mask&uint32(event.IN_CREATE|event.IN_MOVED_TO) != 0 {
					t.was = &one
				}
			}
			continue
		}
		if mask&lives != 0 {
			t.lives = append(t.lives, len(t.all))
		}
		t.all = append(t.all, one)
	}
	return t
}

func (u *unseen) ev(i int, one entry) *ev { return u.c.sides[i].events.at(one.at) }

func (u *unseen) token(i int, one entry) uint64 { return uint64(u.ev(i, one).mask & maskBits) }

// name compares the stories of one name in a directory.
func (u *unseen) name(p pairing, name string) {
	t := [2]tales{u.tales(p, 0, name), u.tales(p, 1, name)}
	for _, want := range []fit{exactly, nearly, somehow} {
		if u.cut(p, 0, t, want) || u.cut(p, 1, t, want) {
			return
		}
	}
	u.align(p, t)
}

// align pairs the directories that came, where no watch was late.
func (u *unseen) align(p pairing, t [2]tales) {
	var tokens [2][]uint64
	for i := range t {
		for _, n := range t[i].lives {
			tokens[i] = append(tokens[i], u.token(i, t[i].all[n]))
		}
	}
	x, y := 0, 0
	for _, h := range append(hunks(tokens[0], tokens[1]), hunk{len(tokens[0]), 0, len(tokens[1]), 0}) {
		for ; x < h.aLo; x, y = x+1, y+1 {
			u.same(p, t[0].all[t[0].lives[x]], t[1].all[t[1].lives[y]])
		}
		x, y = h.aHi, h.bHi
	}
}

// same takes in an event that both sides tell of the same object.
func (u *unseen) same(p pairing, x, y entry) {
	both := [2]entry{x, y}
	u.anchor(x.at, y.at)
	if x.came != nil && y.came != nil && !u.know(x.came, y.came) {
		kid := pairing{of: [2]*object{x.came, y.came}, to: p.to}
		for i, one := range both {
			if u.joined(i, one) && !u.joined(1-i, both[1-i]) {
				kid.from[i] = one.at // the other side met it here
			}
		}
		u.meet(kid)
	}
	for i, one := range both {
		if o := both[1-i].left; o != nil && u.joined(i, one) && !u.joined(1-i, both[1-i]) {
			u.until[o] = [2]int{x.at, y.at}
			for _, at := range o.self {
				if at > both[1-i].at && u.c.sides[1-i].events.at(at).mask&uint32(event.IN_MOVE_SELF) != 0 {
					u.marks[1-i][at] = markUnseen // under its old name, as the new one is not known
				}
			}
			if one.left != nil {
				u.lost[i] = append(u.lost[i], one.left)
			}
		}
	}
}

// anchor notes that an event of the left side and one of the right side are the same one.
func (u *unseen) anchor(x, y int) {
	if id := u.c.sides[0].events.at(x).node; u.c.peer[0][id] == u.c.sides[1].events.at(y).node {
		u.pairs[id] = append(u.pairs[id], [2]int{x, y})
	}
}

// know reports whether both sides have met these.
func (u *unseen) know(x, y *object) bool {
	_, left := u.met[0][x]
	_, right := u.met[1][y]
	return left && right
}

func (u *unseen) joined(i int, one entry) bool { return u.ev(i, one).mask&bitJoined != 0 }

// cut reports whether side late tells the end of the stories of a name, from where its watch was placed, and marks what it did not see.
func (u *unseen) cut(p pairing, late int, t [2]tales, want fit) bool {
	early, o := 1-late, p.of[late]
	e, l := t[early], t[late]
	if !o.fresh || len(e.all) == 0 && len(l.all) == 0 || o.placed < 0 && (len(l.all) > 0 || !o.ended()) {
		return false
	}
	rest := l.lives
	listed := len(rest) > 0 && u.ev(late, l.all[rest[0]]).mask&bitSynthetic != 0
	if listed {
		rest = rest[1:]
	}
	k := len(e.lives) - len(rest)
	if k < 0 {
		return false
	}
	for n, at := range rest {
		if u.token(early, e.all[e.lives[k+n]]) != u.token(late, l.all[at]) {
			return false
		}
	}
	there := e.was != nil
	if k > 0 {
		there = u.ev(early, e.all[e.lives[k-1]]).mask&uint32(event.IN_CREATE|event.IN_MOVED_TO) != 0
	}
	// What another file took the place of since the watch was placed is not found.
	covered := there && !listed && len(rest) > 0 && u.ev(late, l.all[rest[0]]).mask&uint32(event.IN_MOVED_TO) != 0
	if o.placed >= 0 && (there != listed && !covered || k == 0 && !listed) {
		return false
	}
	from := 0
	if k > 0 {
		from = e.lives[k-1] + 1
	}
	end := len(e.all)
	if k < len(e.lives) {
		end = e.lives[k]
	}
	if o.placed < 0 {
		from = end
	}
	if !u.sound(early, e, k) {
		return false
	}
	for _, one := range e.all[:from] {
		if *u.c.sides[early].times.at(one.at)-p.of[early].time > narrowFor {
			return false
		}
	}
	since := 0
	if from > 0 {
		since = e.all[from-1].at
	}
	n, fits := u.tail(p, late, since, e.all[from:end], l.all[l.head(listed):l.end(rest)])
	if fits < want {
		return false
	}
	last := from
	if k > 0 && listed {
		last = e.lives[k-1]
	}
	for _, one := range e.all[:last] {
		u.markUnseen(early, one)
	}
	if listed {
		u.found(p, late, e, l, k)
	}
	for _, one := range e.all[from : from+n] {
		u.markUnseen(early, one)
	}
	for n, at := range rest {
		x, y := e.all[e.lives[k+n]], l.all[at]
		if late == 0 {
			x, y = y, x
		}
		u.same(p, x, y)
	}
	return true
}

// end is where the first of the lives that are left begins.
func (t *tales) end(rest []int) int {
	if len(rest) > 0 {
		return rest[0]
	}
	return len(t.all)
}

// sound reports whether the first lives of what a side tells of a name can be: nothing is made where something is, or goes where nothing is.
func (u *unseen) sound(i int, t tales, first int) bool {
	there := t.was != nil
	for _, n := range t.lives[:first] {
		mask := u.ev(i, t.all[n]).mask
		came := mask&uint32(event.IN_CREATE|event.IN_MOVED_TO) != 0
		if there == came && mask&uint32(event.IN_MOVED_TO) == 0 {
			return false
		}
		there = came
	}
	return true
}

// head is where what is told of the first object begins.
func (t *tales) head(listed bool) int {
	if listed {
		return t.lives[0] + 1
	}
	return 0
}

// found pairs a synthetic creation with what came to the name on the other side, the k-th of what it tells or what was there.
func (u *unseen) found(p pairing, late int, e, l tales, k int) {
	early, listing, birth := 1-late, l.all[l.lives[0]], e.was
	if k > 0 {
		birth = &e.all[e.lives[k-1]]
	}
	if k == 0 || !u.alike(p, late, *birth, listing) {
		u.marks[late][listing.at] = markListed
		if k > 0 {
			u.marks[early][birth.at] = markUnseen
		}
	} else {
		at := [2]int{birth.at, listing.at}
		if late == 0 {
			at = [2]int{listing.at, birth.at}
		}
		u.anchor(at[0], at[1])
	}
	if birth.came == nil || listing.came == nil {
		return
	}
	kids := pairing{from: p.from, to: p.to}
	kids.of[late], kids.of[early] = listing.came, birth.came
	if u.joined(early, *birth) {
		kids.from[early] = max(birth.at, p.from[early])
	}
	u.meet(kids)
}

// alike reports whether a creation and the listing of what it made are on the same path, and no directory above was renamed between.
func (u *unseen) alike(p pairing, late int, birth, listing entry) bool {
	b := u.ev(1-late, birth)
	return b.mask&uint32(event.IN_CREATE) != 0 && u.c.common(1-late, b.node) == u.c.common(late, u.ev(late, listing).node) &&
		u.renamed(1-late, p.of[1-late], birth.at) == u.renamed(late, p.of[late], listing.at)
}

// renamed counts the renames, of a directory and those above it, that both sides tell of before an event.
func (u *unseen) renamed(i int, o *object, at int) (n int) {
	for depth := 0; o != nil && depth < maxPathDepth; depth++ {
		for _, move := range o.moves {
			if move < at && u.marks[i][move] == 0 {
				n++
			}
		}
		o = o.up
	}
	return n
}

// tail is how many of the first of some events, which follow event since, the earlier watch alone told: what the later one told is the
// end of them, without what it could not tell yet. Of the listed ones the earlier watch told none before it had them. One event of it
// can stand for several in a row, which the kernel merged.
func (u *unseen) tail(p pairing, late, since int, e, l []entry) (n int, fits fit) {
	n, m := len(e), len(l)
	for m > 0 {
		before := since
		if n > 0 {
			before = e[n-1].at
		}
		switch kind := u.token(late, l[m-1]); {
		case n > 0 && u.token(1-late, e[n-1]) == kind:
			n--
			first := n == 0 || u.token(1-late, e[n-1]) != kind
			for m--; first && m > 0 && u.token(late, l[m-1]) == kind; m-- {
			}
		case before < p.of[1-late].wide && event.Mask(kind)&event.IN_ALL_EVENTS&^listed == 0:
			m--
		case n == 0:
			return 0, somehow
		default:
			n--
		}
	}
	if len(e)-n > len(l) {
		return n, nearly
	}
	return n, exactly
}

// fit says how what a later watch told fits the end of what an earlier one told.
type fit int

const (
	somehow fit = iota // it has more
	nearly             // it has less
	exactly
)

func (u *unseen) markUnseen(i int, one entry) {
	u.marks[i][one.at] = markUnseen
	if one.came != nil {
		u.lost[i] = append(u.lost[i], one.came)
	}
}

// hide marks all that is told of a directory while the other side did not know it.
func (u *unseen) hide(i int, o *object) {
	if u.hidden[i][o] {
		return
	}
	u.hidden[i][o] = true
	for _, name := range o.names {
		for _, one := range o.told[name] {
			if !u.knew(i, o, one.at) {
				u.marks[i][one.at] = markUnseen
			}
			if one.came != nil && !u.joined(i, one) {
				u.hide(i, one.came)
			}
		}
	}
	for _, at := range o.self {
		if !u.knew(i, o, at) {
			u.marks[i][at] = markUnseen
		}
	}
}

// knew reports whether the other side knew a directory when an event of it was told.
func (u *unseen) knew(i int, o *object, at int) bool {
	return slices.ContainsFunc(u.met[i][o], func(span [2]int) bool { return span[0] <= at && at < span[1] })
}

// part takes moves apart of which the other side tells only the half that was not unseen.
func (u *unseen) part() {
	for i, s := range u.c.sides {
		for at, m := range u.marks[i] {
			e := s.events.at(at)
			half := int(e.link)
			if m != markUnseen || e.mask&bitJoined == 0 || u.marks[i][half] == markUnseen {
				continue
			}
			if !u.halved(i, half) {
				delete(u.marks[i], at)
				continue
			}
			other := s.events.at(half)
			e.mask, other.mask = e.mask&^bitJoined, other.mask&^bitJoined
			e.link, other.link = 0, 0
			s.joined--
		}
	}
}

// halved reports whether the other side tells only this half of a move: the event that is as far from the last one of its kind on the path.
func (u *unseen) halved(i, half int) bool {
	e := u.c.sides[i].events.at(half)
	after := 0
	for _, n := range u.c.sides[i].of(e.node) {
		one := u.c.sides[i].events.at(int(n)).mask
		if int(n) > half && (one^e.mask)&maskBits == 0 && u.marks[i][int(n)] == 0 {
			after++
		}
	}
	other := u.c.sides[1-i]
	for _, n := range slices.Backward(other.of(u.c.peer[i][e.node])) {
		if one := other.events.at(int(n)).mask; (one^e.mask)&maskBits == 0 && u.marks[1-i][int(n)] == 0 {
			if after == 0 {
				return one&bitJoined == 0
			}
			after--
		}
	}
	return false
}
