package live

import (
	"slices"
	"strings"

	"fsrec/watcher/event"
)

// tell emits what the look found, in an order in which it could have happened:
//
//   - what was removed, what is in a directory before the directory;
//   - then what came and what was changed, a directory before what is in it, the two halves
//     of a rename next to each other;
//   - but what stands in the way goes first: what leaves a directory that is
//     removed, and what has the name that something else gets. Where that is a ring, such
//     as two names that were exchanged, each leaves before the first arrives.
func (l *pollLook) tell() {
	if len(l.went)+len(l.came)+len(l.failed)+len(l.lost) == 0 && !l.relink {
		return
	}
	l.slots = make(map[pollSlot]*pollChange, len(l.went))
	l.from = make(map[*pollWatch][]*pollChange)
	for _, c := range l.went {
		l.slots[pollSlot{c.dir, c.old.name}] = c
		l.from[c.dir] = append(l.from[c.dir], c)
	}
	replaced := l.replaced()
	for _, c := range l.went {
		if !c.dir.gone && c.other == nil && !replaced[c] {
			l.remove(c)
		}
	}
	for _, w := range l.sorted() {
		if w.gone {
			l.lose(w)
		}
	}
	for _, c := range l.came {
		if c.old == nil {
			l.arrive(c)
		} else {
			l.tellChange(c)
		}
	}
	for _, w := range l.sorted() {
		if l.isPlaced(w) {
			l.settle(w)
		}
	}
	l.tellFailed()
}

// replaced are the removed names that a rename has taken without a removal before it.
func (l *pollLook) replaced() map[*pollChange]bool {
	all := make(map[*pollChange]bool)
	for _, c := range l.came {
		if c.other == nil {
			continue
		}
		d := l.slots[pollSlot{c.dir, c.now.name}]
		if d == nil || d.other != nil || d.old.isDir() != c.now.isDir() {
			continue
		}
		if w := l.watchAt(d); d.old.isDir() && w != nil && len(w.entries) > 0 {
			continue // only an empty directory can be replaced
		}
		all[d] = true
	}
	return all
}

// watchAt is the watch of what a directory held under a name, as the table has it.
func (l *pollLook) watchAt(c *pollChange) *pollWatch {
	if t := l.table.At(l.oldPath(c)); t != nil {
		return l.watches[t.WD]
	}
	return nil
}

func (l *pollLook) oldPath(c *pollChange) string {
	return pollPlatform.Join(l.pathOf(c.dir), c.old.name)
}

// remove tells that a name was removed, after all that was below it.
func (l *pollLook) remove(c *pollChange) {
	if c.state != pollWaits {
		return
	}
	c.state = pollUnderWay
	l.loseBelow(l.oldPath(c))
	l.event(c.dir, event.IN_DELETE|c.old.isDirBit(), c.old.name, 0, 0)
	c.state = pollDone
}

// loseBelow ends the watches at and below path whose objects are gone.
func (l *pollLook) loseBelow(path string) {
	for _, t := range l.table.Below(path, nil) {
		if w := l.watches[t.WD]; w != nil && w.gone {
			l.lose(w)
		}
	}
}

// lose ends the watch of an object that is gone, after all that was in it.
func (l *pollLook) lose(w *pollWatch) {
	if w.over || !w.gone {
		return
	}
	w.gone = false // it is being dealt with
	l.losing++
	l.empty(w)
	l.losing--
	l.event(w, event.IN_DELETE_SELF, "", 0, 0)
	l.end(w, event.CauseDeleted)
}

// leave tells of a rename before its directory, or its name, is given up: as a
// whole if the other half can be told of already.
func (l *pollLook) leave(c *pollChange) {
	to := c.other
	switch {
	case c.state != pollWaits:
	case to.state == pollWaits && l.isSettled(to.dir) && (l.losing == 0 || l.isFree(to)):
		l.arrive(to)
	default:
		c.state = pollUnderWay
		for _, t := range l.table.Below(l.oldPath(c), nil) {
			l.empty(l.watches[t.WD])
		}
		c.state = pollWaits
		l.depart(c)
	}
}

// empty tells what went from a directory, which has no path for some time from now on.
func (l *pollLook) empty(w *pollWatch) {
	for _, c := range l.from[w] {
		if c.other != nil {
			l.leave(c)
		} else {
			l.remove(c)
		}
	}
}

// isFree reports whether nothing that is still to be told had the name of what came.
// While a removal is being told, what has the name may be what is being removed from.
func (l *pollLook) isFree(c *pollChange) bool {
	d := l.slots[pollSlot{c.dir, c.now.name}]
	return d == nil || d.state == pollDone
}

// isSettled reports whether the table has w where this look found it, with all that it is in.
func (l *pollLook) isSettled(w *pollWatch) bool {
	for ; w != nil; w = w.in {
		if w.arrival != nil && w.arrival.state != pollDone {
			return false
		}
	}
	return true
}

// depart tells the first half of a rename.
func (l *pollLook) depart(c *pollChange) {
	if c.state != pollWaits {
		return
	}
	c.state = pollDone
	l.event(c.dir, event.IN_MOVED_FROM|c.old.isDirBit(), c.old.name, l.number(c), 0)
}

// number is the cookie of a rename.
func (l *pollLook) number(c *pollChange) uint32 {
	if c.cookie == 0 {
		l.cookie++
		if l.cookie == 0 {
			l.cookie++ // 0 is no cookie
		}
		c.cookie, c.other.cookie = l.cookie, l.cookie
	}
	return c.cookie
}

// arrive tells what came to a name.
func (l *pollLook) arrive(c *pollChange) {
	if c.state != pollWaits {
		return
	}
	c.state = pollUnderWay
	l.vacate(c)
	l.settle(c.dir)
	if c.other == nil {
		l.create(c)
	} else {
		l.rename(c)
	}
	c.state = pollDone
}

// vacate tells what became of the former object of the name that c gets.
func (l *pollLook) vacate(c *pollChange) {
	d := l.slots[pollSlot{c.dir, c.now.name}]
	switch {
	case d == nil || d.state != pollWaits:
	case d.other != nil:
		l.leave(d)
	default: // replaced
		d.state = pollDone
		l.loseBelow(l.oldPath(d))
	}
}

func (l *pollLook) create(c *pollChange) {
	flags := event.Flags(0)
	if c.dir.fresh {
		flags = event.FlagSynthetic
	}
	l.event(c.dir, event.IN_CREATE|c.now.isDirBit(), c.now.name, 0, flags)
	l.enter(c)
}

// enter begins the watch of a new directory, unless its own directory is no longer watched.
func (l *pollLook) enter(c *pollChange) {
	w := c.watch
	switch {
	case w == nil || c.dir.over || c.dir.wd == 0:
	case w.fresh && w.wd == 0:
		w.parent, w.self = c.dir.wd, w.now
		l.begin(w, pollPlatform.Join(l.pathOf(c.dir), c.now.name))
	case !w.fresh:
		l.settle(w)
	}
}

func (l *pollLook) rename(c *pollChange) {
	l.depart(c.other)
	l.event(c.dir, event.IN_MOVED_TO|c.now.isDirBit(), c.now.name, l.number(c), 0)
	src, dst := l.oldPath(c.other), pollPlatform.Join(l.pathOf(c.dir), c.now.name)
	if c.watch != nil && c.watch.fresh {
		l.enter(c)
	} else {
		l.move(c, src, dst)
	}
	if m := c.other.old.since(c.now, true); m != 0 {
		l.tellMask(c.dir, m, c.now)
	}
}

// move has the watches of a renamed object, and those below it, follow.
func (l *pollLook) move(c *pollChange, src, dst string) {
	w := c.watch
	if w != nil {
		src = l.pathOf(w)
	}
	_, upwards := pollPlatform.Below(dst, src)
	upwards = upwards && src != dst
	switch {
	case w != nil && w.over:
		return
	case w != nil && (upwards || !l.stands(w)):
		l.reseat(w, dst)
	default:
		if len(l.table.Below(src, nil)) == 0 {
			return
		}
		if c.now.isDir() && c.dir.excludes(dst) {
			l.abandon(w, src)
			return
		}
		if src != dst {
			l.emit(event.Record{Kind: event.KindMove, Src: src, Path: dst})
		}
	}
	if w != nil {
		l.event(w, event.IN_MOVE_SELF, "", 0, 0)
	}
	for _, t := range l.table.Below(dst, nil) {
		if below := l.watches[t.WD]; below != nil && below != w && below.isDir() && below.excludes(t.Path()) {
			l.abandon(below, t.Path())
		}
	}
}

// reseat moves a watch that a KindMove record cannot: another one has its place
// in the table already, or it gets that of a directory that it was in.
func (l *pollLook) reseat(w *pollWatch, dst string) {
	src := l.pathOf(w)
	l.emit(w.record(dst))
	for _, kid := range w.kids {
		rest, below := pollPlatform.Below(src, l.pathOf(kid))
		if below && !kid.over {
			l.reseat(kid, pollPlatform.Join(dst, rest))
		}
	}
}

// abandon ends the watches at and below path, which is not to be watched any more.
func (l *pollLook) abandon(w *pollWatch, path string) {
	var all []*pollWatch
	for _, t := range l.table.Below(path, nil) {
		if below := l.watches[t.WD]; below != nil {
			all = append(all, below)
		}
	}
	for _, below := range all {
		for _, c := range l.from[below] {
			if c.other != nil {
				l.leave(c)
			}
		}
	}
	l.emit(event.Record{Kind: event.KindMove, Src: path})
	if w != nil {
		l.event(w, event.IN_MOVE_SELF, "", 0, 0)
	}
	for _, below := range all {
		if t := l.table.Watch(below.wd); t != nil && t.Lost() {
			l.end(below, event.CauseMovedOut)
		}
	}
}

// settle makes the table have w where this look found it. It has, unless something
// was renamed while the look was under way.
func (l *pollLook) settle(w *pollWatch) {
	if w.over || w.wd == 0 || !l.isPlaced(w) || w.arrival != nil && w.arrival.state == pollWaits {
		return
	}
	if l.pathOf(w) != w.at || !l.stands(w) {
		l.emit(w.record(w.at))
	}
}

// tellChange tells what happened to an object that stays where it is.
func (l *pollLook) tellChange(c *pollChange) {
	l.settle(c.dir)
	l.tellMask(c.dir, c.old.since(c.now, c.dir.arrival != nil), c.now)
}

func (l *pollLook) tellMask(dir *pollWatch, m event.Mask, now *pollEntry) {
	for _, one := range []event.Mask{event.IN_MODIFY, event.IN_ATTRIB} {
		if m&one != 0 {
			l.event(dir, one|now.isDirBit(), now.name, 0, 0)
		}
	}
}

// tellFailed tells which directories cannot be looked at, each once for as long as the reason is the same.
func (l *pollLook) tellFailed() {
	slices.SortFunc(l.failed, func(a, b *pollWatch) int { return strings.Compare(a.at, b.at) })
	failing := make(map[*pollWatch]bool, len(l.failed))
	for _, w := range l.failed {
		failing[w] = true
		switch {
		case w.fresh && w.in != nil && !w.in.over:
			l.emitFail("watch", w.at, w.err, w.mask, w.in.wd)
		case !w.fresh && !w.over && w.failed != w.err:
			l.emitFail("list", l.pathOf(w), w.err, w.mask, w.parent)
		}
		w.failed = w.err
	}
	for _, w := range l.watches {
		if w.failed != nil && w.listed && !failing[w] {
			w.failed = nil
		}
	}
}

func (n *Poll) emitFail(op, path string, err error, mask event.Mask, parent int32) {
	n.emit(event.Record{Kind: event.KindFail, Name: op, N: pollNumber(err), Mask: mask, M: int64(parent), Path: path})
}
