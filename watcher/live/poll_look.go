package live

import (
	"slices"
	"time"

	"fsrec/watcher/event"
)

// pollLook is a look that is under way. It finds where each watched object is
// now, top down, following objects and not paths; then what went from which
// directory and what came to which one. Nothing is told before all is known.
type pollLook struct {
	*Poll
	queue   []*pollWatch // directories to list
	fresh   map[pollID]*pollWatch
	lost    []*pollWatch // objects that are not where their path leads
	went    []*pollChange
	came    []*pollChange // and what stays and is changed
	failed  []*pollWatch
	slots   map[pollSlot]*pollChange     // of went
	from    map[*pollWatch][]*pollChange // of went
	names   map[string]int               // of the directory that is compared
	byName  map[string]*pollWatch        // its kids
	missing map[pollID][]*pollChange     // of went, what was not found elsewhere
	losing  int                          // removals that are being told
	relink  bool                         // kids are to be found anew
	waits   map[pollSlot]bool            // what came and is left to the next look
	moving  bool                         // something was renamed while the look was under way
	missed  bool                         // a directory was not found
}

// pollSlot is a name in a directory.
type pollSlot struct {
	dir  *pollWatch
	name string
}

// pollChange is a name that went from a directory (old), came to one (now), or
// stays with something changed (both).
type pollChange struct {
	dir      *pollWatch
	old, now *pollEntry
	other    *pollChange // the other half of a rename
	watch    *pollWatch  // of what came
	cookie   uint32
	state    pollState
}

type pollState uint8

const (
	pollWaits pollState = iota
	pollUnderWay
	pollDone
)

func (c *pollChange) name() string {
	if c.now != nil {
		return c.now.name
	}
	return c.old.name
}

const (
	// pollPatience is how often a look is made again because something was
	// renamed meanwhile.
	pollPatience = 3
	// pollSecondLook is how often it is made again because a directory is missing: one that is
	// renamed while a look is under way may be neither where it was nor where it will be.
	pollSecondLook = 1
)

// lookAround looks and emits what it finds. It ends early, with nothing
// emitted or changed, when stop reports true.
func (n *Poll) lookAround(stop func() bool) {
	barrier := n.asked
	for try := 0; ; try++ {
		began := time.Now().UnixNano()
		l := n.lookOnce(stop)
		if l == nil {
			return
		}
		if l.moving && try < pollPatience || l.missed && try < pollSecondLook {
			continue
		}
		n.now = n.clock()
		l.tell()
		l.keep()
		n.before = began
		break
	}
	for n.passed < barrier {
		n.passed++
		n.emit(event.Record{Kind: event.KindBarrier, N: n.passed})
	}
	n.schedule()
}

// lookOnce finds out what there is to tell; nil if it ended early.
func (n *Poll) lookOnce(stop func() bool) *pollLook {
	n.look++
	n.ignore.refresh()
	l := &pollLook{Poll: n, fresh: make(map[pollID]*pollWatch), missing: make(map[pollID][]*pollChange)}
	for _, w := range n.sorted() {
		if w.up == nil {
			l.findRoot(w)
		}
	}
	for more := true; more; more = l.findLost() {
		if !l.listAll(stop) {
			return nil
		}
		l.pair()
	}
	l.loseRest()
	l.pair()
	l.pairHome()
	return l
}

// findRoot looks for an object that no listing leads to.
func (l *pollLook) findRoot(w *pollWatch) {
	path := l.pathOf(w)
	now, err := pollStat(path, w.follow)
	switch {
	case err == nil && w.self.isStill(&now, l.before):
		l.place(w, path, nil, &now)
	case err != nil && !pollGone(err):
		l.hold(w, path, nil)
		w.err = err
		l.failed = append(l.failed, w)
	default:
		l.lost = append(l.lost, w)
	}
}

// place says where a watched object is.
func (l *pollLook) place(w *pollWatch, at string, in *pollWatch, now *pollEntry) {
	w.pollPlace = pollPlace{seen: l.look, at: at, in: in, now: *now, fresh: w.wd == 0}
	w.now.name = ""
	l.relink = l.relink || w.up != in
	if w.isDir() {
		l.queue = append(l.queue, w)
	}
}

// hold says that w, which could not be looked at, is with all below it as it was.
func (l *pollLook) hold(w *pollWatch, at string, in *pollWatch) {
	w.pollPlace = pollPlace{seen: l.look, at: at, in: in, now: w.self, tried: true}
	for _, kid := range w.kids {
		if !l.isPlaced(kid) {
			l.hold(kid, pollPlatform.Join(at, kid.self.name), w)
		}
	}
}

func (l *pollLook) isPlaced(w *pollWatch) bool { return w.seen == l.look }

// listAll lists the directories that were found until no more are.
func (l *pollLook) listAll(stop func() bool) bool {
	for len(l.queue) > 0 {
		if stop() {
			return false
		}
		w := l.queue[0]
		l.queue = l.queue[1:]
		if !w.tried { // it is in the queue for each place where it was seen
			w.tried = true
			l.listOne(w)
		}
	}
	return true
}

// listOne lists a directory and compares it with what was in it. As long as all
// is as it was, nothing is kept.
func (l *pollLook) listOne(w *pollWatch) {
	same := 0
	self, err := l.list(w, w.at, w.follow && w.in == nil, func(e *pollEntry) {
		if !w.differs {
			if same < len(w.entries) && w.entries[same] == *e {
				same++
				return
			}
			w.differs = true
			w.next = append(make([]pollEntry, 0, len(w.entries)+1), w.entries[:same]...)
		}
		w.next = append(w.next, *e)
	})
	switch {
	case err == nil && !w.now.isStill(&self, l.before), err != nil && pollGone(err):
		l.moving = true
		if w.fresh {
			l.postpone(w.arrival)
		}
		l.withdraw(w)
	case err != nil:
		l.withdraw(w)
		w.err = err
		l.failed = append(l.failed, w)
	default:
		w.listed, w.now = true, self
		if !w.differs && (same < len(w.entries) || l.hasDouble(w)) {
			w.differs, w.next = true, slices.Clone(w.entries[:same])
		}
		l.compare(w)
	}
}

// withdraw takes back that w can be looked at: what is in it stays as it was. One that
// is new gets no watch.
func (l *pollLook) withdraw(w *pollWatch) {
	if w.fresh {
		w.differs, w.next = false, nil
		w.arrival.watch = nil
		return
	}
	arrival := w.arrival
	l.hold(w, w.at, w.in)
	w.arrival = arrival
}

// postpone leaves what came to the next look.
func (l *pollLook) postpone(c *pollChange) {
	c.state, c.watch = pollDone, nil
	l.wait(pollSlot{c.dir, c.now.name})
}

func (l *pollLook) wait(slot pollSlot) {
	if l.waits == nil {
		l.waits = make(map[pollSlot]bool)
	}
	l.waits[slot] = true
}

// compare finds out what went from, came to and stays in a directory that was listed.
func (l *pollLook) compare(w *pollWatch) {
	if !w.fresh && w.self.since(&w.now, false) != 0 {
		l.came = append(l.came, &pollChange{dir: w, old: &w.self, now: &w.now})
	}
	if !w.differs {
		for _, kid := range w.kids {
			if !l.isPlaced(kid) {
				l.place(kid, pollPlatform.Join(w.at, kid.self.name), w, &kid.self)
			}
		}
		return
	}
	l.index(w)
	for i := range w.next {
		now := &w.next[i]
		at, was := l.names[now.name]
		if was && w.entries[at].isStill(now, l.before) && !l.strays(w, now) {
			delete(l.names, now.name)
			l.stays(w, &w.entries[at], now)
		} else {
			l.comes(w, now)
		}
	}
	for _, at := range l.names {
		delete(l.double, pollSlot{w, w.entries[at].name})
		l.went = append(l.went, &pollChange{dir: w, old: &w.entries[at]})
	}
}

// index notes what a directory held.
func (l *pollLook) index(w *pollWatch) {
	if l.names == nil {
		l.names, l.byName = make(map[string]int), make(map[string]*pollWatch)
	}
	clear(l.names)
	clear(l.byName)
	for i := range w.entries {
		l.names[w.entries[i].name] = i
	}
	for _, kid := range w.kids {
		l.byName[kid.self.name] = kid
	}
}

// strays reports whether now, which was there before, is a directory that is watched
// and had another path: what is in it was told there.
func (l *pollLook) strays(w *pollWatch, now *pollEntry) bool {
	if !now.isDir() || l.byName[now.name] != nil {
		return false
	}
	kid := l.watchOf(now)
	path := pollPlatform.Join(w.at, now.name)
	if slot := (pollSlot{w, now.name}); l.double[slot] && (kid == nil || !l.isBoth(kid, l.pathOf(kid), path)) {
		delete(l.double, slot)
		return kid == nil || !l.isPlaced(kid)
	}
	return kid != nil && kid.up != nil && !l.isPlaced(kid) && l.pathOf(kid) != path && !l.isElsewhere(kid, path)
}

// stays notes a name that stands for the object that it stood for.
func (l *pollLook) stays(w *pollWatch, old, now *pollEntry) {
	if old.since(now, false) != 0 {
		l.came = append(l.came, &pollChange{dir: w, old: old, now: now})
	}
	if !now.isDir() {
		return
	}
	path := pollPlatform.Join(w.at, now.name)
	kid, home := l.byName[now.name], true
	if kid == nil {
		kid, home = l.watchOf(now), false
	}
	switch {
	case kid == nil:
	case !l.isPlaced(kid):
		if home || !l.isElsewhere(kid, path) {
			l.place(kid, path, w, now)
		}
	case kid.at != path && kid.arrival != nil && kid.up == w:
		// It was seen at another place before, and not by way of a mount.
		l.moving = true
		if !kid.tried {
			l.postpone(kid.arrival)
			l.place(kid, path, w, now)
		}
	}
}

// comes notes a name that is new.
func (l *pollLook) comes(w *pollWatch, now *pollEntry) {
	c := &pollChange{dir: w, now: now}
	l.came = append(l.came, c)
	if !now.isDir() {
		return
	}
	path := pollPlatform.Join(w.at, now.name)
	kid := l.watchOf(now)
	if kid == nil {
		kid = l.fresh[now.id]
	}
	switch {
	case kid == nil:
		kid = l.follow(w, path, now)
	case l.isPlaced(kid):
		l.secondPlace(c, kid, kid.at, path)
		return
	case l.isElsewhere(kid, path):
		l.secondPlace(c, kid, l.pathOf(kid), path)
		return
	}
	if kid != nil {
		l.place(kid, path, w, now)
		kid.arrival, c.watch = c, kid
	}
}

// follow gives a watch for a new directory, if it is to have one.
func (l *pollLook) follow(w *pollWatch, path string, now *pollEntry) *pollWatch {
	if w.flags&event.FlagAutoAdd == 0 || w.excludes(path) || l.dropped(path) {
		return nil
	}
	kid := &pollWatch{mask: w.mask, told: w.told, flags: w.flags, exclude: w.exclude, self: *now}
	if now.id.known() {
		l.fresh[now.id] = kid
	}
	return kid
}

// isElsewhere reports whether the path that w has still leads to it, and path is another one.
func (l *pollLook) isElsewhere(w *pollWatch, path string) bool {
	at := l.pathOf(w)
	return at != path && l.leadsTo(at, w)
}

func (l *pollLook) leadsTo(path string, w *pollWatch) bool {
	there, err := pollStat(path, w.follow)
	return err == nil && w.self.id.known() && w.self.is(&there)
}

// secondPlace deals with a directory that was seen at two paths: either it has two, by a
// mount or a symlink, or it was renamed while the look was under way.
func (l *pollLook) secondPlace(c *pollChange, w *pollWatch, at, path string) {
	if l.isBoth(w, at, path) {
		l.double[pollSlot{c.dir, c.now.name}] = true
		return
	}
	l.moving = true
	l.postpone(c)
}

func (l *pollLook) isBoth(w *pollWatch, a, b string) bool {
	return l.leadsTo(a, w) && l.leadsTo(b, w) && l.leadsTo(a, w)
}

// hasDouble reports whether w has to be compared since one of its names was that of a directory with another path.
func (l *pollLook) hasDouble(w *pollWatch) bool {
	for slot := range l.double {
		if slot.dir == w {
			return true
		}
	}
	return false
}

// loseRest notes what was in the directories that were not found.
func (l *pollLook) loseRest() {
	for _, w := range l.watches {
		if l.isPlaced(w) {
			if !w.isDir() && w.self.since(&w.now, w.arrival != nil) != 0 {
				l.came = append(l.came, &pollChange{dir: w, old: &w.self, now: &w.now})
			}
			continue
		}
		w.pollPlace = pollPlace{gone: true}
		l.relink = true
		l.missed = l.missed || w.isDir()
		for i := range w.entries {
			l.went = append(l.went, &pollChange{dir: w, old: &w.entries[i]})
		}
	}
}

// keep makes what was found what the next look compares with.
func (l *pollLook) keep() {
	for _, w := range l.watches {
		if !l.isPlaced(w) {
			continue
		}
		if w.listed || !w.isDir() {
			l.renumber(w)
		}
		if w.differs {
			w.entries = slices.Clip(l.without(w))
		}
		w.up = w.in
		if w.up != nil {
			w.self.name = pollPlatform.Base(w.at)
		}
		w.next, w.in, w.arrival = nil, nil, nil
	}
	for slot := range l.double {
		if slot.dir.over || slot.dir.wd == 0 {
			delete(l.double, slot)
		}
	}
	if l.relink {
		l.linkKids()
	}
}

// without gives what is in a directory without what is left to the next look.
func (l *pollLook) without(w *pollWatch) []pollEntry {
	if len(l.waits) == 0 {
		return w.next
	}
	return slices.DeleteFunc(w.next, func(e pollEntry) bool { return l.waits[pollSlot{w, e.name}] })
}

func (l *pollLook) renumber(w *pollWatch) {
	name := w.self.name
	if w.now.id != w.self.id {
		if l.byID[w.self.id] == w {
			delete(l.byID, w.self.id)
		}
		if w.now.id.known() {
			l.byID[w.now.id] = w
		}
	}
	w.self = w.now
	w.self.name = name
}

// linkKids finds the watches that each listing leads to.
func (n *Poll) linkKids() {
	for _, w := range n.watches {
		w.kids = nil
	}
	for _, w := range n.sorted() {
		if w.up != nil && w.up.over {
			w.up = nil
		}
		if w.up != nil {
			w.up.kids = append(w.up.kids, w)
		}
	}
}
