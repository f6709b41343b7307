package live

import (
	"cmp"
	"slices"
	"strings"
)

// pair finds the two halves of renames. Of an object with several names that went or
// came, the first in order belong together.
func (l *pollLook) pair() {
	slices.SortFunc(l.went, l.order)
	slices.SortFunc(l.came, l.order)
	clear(l.missing)
	for _, c := range l.went {
		if c.other == nil && c.old.id.known() {
			l.missing[c.old.id] = append(l.missing[c.old.id], c)
		}
	}
	for _, c := range l.came {
		if c.old != nil || c.other != nil || c.state != pollWaits {
			continue
		}
		all := l.missing[c.now.id]
		i := slices.IndexFunc(all, func(from *pollChange) bool { return from.old.isNow(c.now) && c.isHomeOf(from) })
		if i < 0 {
			i = slices.IndexFunc(all, func(from *pollChange) bool { return from.old.isNow(c.now) })
		}
		if i >= 0 {
			c.other, all[i].other = all[i], c
			l.missing[c.now.id] = slices.Delete(all, i, i+1)
		}
	}
}

// isHomeOf reports whether from is where the table has the watch of what came.
func (c *pollChange) isHomeOf(from *pollChange) bool {
	return c.watch != nil && c.watch.up == from.dir && c.watch.self.name == from.old.name
}

// pairHome makes a rename of a watched directory that came without having gone: that
// it is still under its former name, or that it is not known, is left to the next look.
func (l *pollLook) pairHome() {
	for _, c := range l.came {
		w := c.watch
		if c.other != nil || w == nil || w.fresh || w.up == nil || w.up.gone || l.pathOf(w) == w.at {
			continue
		}
		up := w.up
		at := slices.IndexFunc(up.entries, func(e pollEntry) bool { return e.name == w.self.name })
		if at < 0 || slices.ContainsFunc(l.went, func(d *pollChange) bool { return d.old == &up.entries[at] }) {
			continue
		}
		if !up.differs {
			up.differs, up.next = true, slices.Clone(up.entries)
		}
		c.other = &pollChange{dir: up, old: &up.entries[at], other: c}
		l.went = append(l.went, c.other)
		l.wait(pollSlot{up, w.self.name})
	}
}

// order is that of directories, each before what is in it, and of the names in each.
func (l *pollLook) order(a, b *pollChange) int {
	if a.dir != b.dir {
		if c := cmp.Or(strings.Compare(pollPlatform.Fold(l.placeOf(a.dir)), pollPlatform.Fold(l.placeOf(b.dir))), cmp.Compare(a.dir.wd, b.dir.wd)); c != 0 {
			return c
		}
	}
	return strings.Compare(a.name(), b.name())
}

func (l *pollLook) placeOf(w *pollWatch) string {
	if l.isPlaced(w) {
		return w.at
	}
	return l.pathOf(w)
}

// findLost looks for what was not at its path where renames would have taken
// it, and reports whether there is more to list.
func (l *pollLook) findLost() bool {
	for _, w := range l.lost {
		if l.isPlaced(w) {
			continue
		}
		path := l.pathOf(w)
		for _, c := range l.came {
			if c.other == nil {
				continue
			}
			at := pollPlatform.Join(c.dir.at, c.now.name)
			if !w.isDir() && w.self.isNow(c.now) {
				if now, err := pollStat(at, false); err == nil && w.self.isNow(&now) {
					l.place(w, at, nil, &now)
					c.watch, w.arrival = w, c
				}
				break
			}
			rest, below := pollPlatform.Below(pollPlatform.Join(l.pathOf(c.other.dir), c.other.old.name), path)
			if !below || !c.now.isDir() {
				continue
			}
			at = pollPlatform.Join(at, rest)
			if now, err := pollStat(at, w.follow); err == nil && w.self.id.known() && w.self.is(&now) {
				l.place(w, at, nil, &now)
				break
			}
		}
	}
	return len(l.queue) > 0
}
