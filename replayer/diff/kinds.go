package diff

import "fsrec/watcher/event"

// kinds are the kinds of events that a side has: masks, as far as the lines of rules look at them.
type kinds map[uint32]bool

const (
	kindBits = maskBits | bitSynthetic | bitDirUnknown | bitJoined | bitOnly | bitLate
	maxKinds = 4096 // a recording of a system has some dozens
)

// kinds lists them, nil where they are too many.
func (s *side) kinds() kinds {
	all := make(kinds)
	last := ^uint32(0)
	for i := range s.events.n {
		if kind := s.events.at(i).mask & kindBits; kind != last {
			if all[kind], last = true, kind; len(all) > maxKinds {
				return nil
			}
		}
	}
	return all
}

// have reports whether one of them may be what a line wants.
func (k kinds) have(p *pattern) bool {
	for kind := range k {
		if p.fits(kind) && p.stands(kind) {
			return true
		}
	}
	return k == nil
}

// fits reports whether an event of such a mask is what the pattern of a line says.
func (p *pattern) fits(mask uint32) bool {
	dir := mask&uint32(event.IN_ISDIR) != 0
	switch {
	case mask&p.mask == 0,
		p.move && mask&bitJoined == 0,
		p.dir && !dir && mask&bitDirUnknown == 0,
		p.file && dir,
		p.synthetic && mask&bitSynthetic == 0:
		return false
	}
	return p.move || p.need != needOnly || mask&bitJoined == 0
}

// stands reports whether an event of such a mask is on the sides that a line wants it on.
func (p *pattern) stands(mask uint32) bool {
	switch p.need {
	case needOnly:
		return mask&bitOnly != 0
	case needBoth:
		return mask&(bitOnly|bitLate) == 0
	}
	return true
}

// possible reports whether there are events for all lines of a rule whose side a is side number a.
func (x *explainer) possible(r *Rule, a int) bool {
	for n := range r.lines {
		switch p := &r.lines[n]; {
		case p.none, p.maybe:
		case p.need == needMoved && len(x.c.late) == 0, p.need == needTimes && len(x.c.times) == 0:
			return false
		case p.need == needMoved, p.need == needTimes: // the two sides can know differently much of the event
			if !x.kinds[0].have(p) && !x.kinds[1].have(p) {
				return false
			}
		case !x.kinds[p.side^a].have(p):
			return false
		}
	}
	return true
}
