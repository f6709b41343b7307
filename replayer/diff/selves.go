package diff

import (
	"fsrec/watcher/event"
)

// selves compares what the watches of a directory tell of itself.
func (u *unseen) selves(p pairing) {
	var told [2][]int
	for i, o := range p.of {
		for _, at := range o.self {
			if at >= p.from[i] && at < p.to[i] {
				told[i] = append(told[i], at)
			}
		}
	}
	for late, o := range p.of {
		if !o.fresh || o.placed >= 0 || !o.ended() {
			continue
		}
		for _, at := range told[1-late] {
			u.marks[1-late][at] = markUnseen
		}
		return
	}
	for late, o := range p.of {
		if !o.fresh {
			continue
		}
		these, others := u.movesSelf(late, told[late]), u.movesSelf(1-late, told[1-late])
		due := 0
		for _, at := range o.moves {
			if at >= max(o.wide, p.from[late]) && at < p.to[late] {
				due++
			}
		}
		for len(these) >= due && len(others) > len(these) {
			u.marks[1-late][others[0]] = markUnseen
			others = others[1:]
		}
	}
	u.twice(p)
	u.deaths(p)
}

// twice marks what the watch of a directory told after that of the directory above had told the same, where that of the other side
// was placed later. That one told all that it could, so that what it has less of came before.
func (u *unseen) twice(p pairing) {
	kinds := []event.Mask{event.IN_OPEN, event.IN_ACCESS, event.IN_CLOSE_WRITE, event.IN_CLOSE_NOWRITE, event.IN_ATTRIB, event.IN_MODIFY}
	for late, o := range p.of {
		if !o.fresh || o.placed < 0 {
			continue
		}
		for _, kind := range kinds {
			told, twice := u.of(p, late, o.self, kind, 0), u.of(p, 1-late, p.of[1-late].self, kind, 0)
			named, due := u.of(p, 1-late, p.of[1-late].named, kind, 0), u.of(p, late, o.named, kind, o.wide)
			if len(told) < len(twice) && len(told) >= len(due) && len(twice) <= len(named) {
				for _, at := range twice[:len(twice)-len(told)] {
					u.marks[1-late][at] = markUnseen
				}
			}
		}
	}
}

// of are the events of a kind among some of a pairing, from one on.
func (u *unseen) of(p pairing, i int, all []int, kind event.Mask, from int) (out []int) {
	for _, at := range all {
		if at >= max(from, p.from[i]) && at < p.to[i] && u.c.sides[i].events.at(at).mask&uint32(kind) != 0 {
			out = append(out, at)
		}
	}
	return out
}

// movesSelf are the IN_MOVE_SELF among events, without those that are marked.
func (u *unseen) movesSelf(i int, told []int) (out []int) {
	for _, at := range told {
		if u.c.sides[i].events.at(at).mask&uint32(event.IN_MOVE_SELF) != 0 && u.marks[i][at] == 0 {
			out = append(out, at)
		}
	}
	return out
}

// deaths notes where the watch of a directory told of its end after its removal was told: somebody held it open.
func (u *unseen) deaths(p pairing) {
	const ended = uint32(event.IN_DELETE_SELF | event.IN_IGNORED)
	var after [2]bool
	for i, o := range p.of {
		s := u.c.sides[i]
		if o.died < 0 || !o.fresh {
			return
		}
		for _, at := range o.self {
			if at > o.died && s.events.at(at).mask&ended != 0 && u.c.place(i, at) == u.c.place(i, o.died) {
				u.shift[i][at] = o.died
				after[i] = true
			}
		}
	}
	if after[0] != after[1] {
		id := u.c.sides[0].events.at(p.of[0].died).node
		u.late[id] = append(u.late[id], [2]int{p.of[0].died, p.of[1].died})
	}
}

// held reports whether an event of both sides is the end of an object that somebody held open on one of them, where it can be told
// after the end of the directories above.
func (u *unseen) held(both [2]int) bool {
	for i, at := range both {
		if _, ok := u.shift[i][at]; ok {
			return true
		}
	}
	return false
}
