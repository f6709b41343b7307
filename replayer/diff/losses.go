package diff

import (
	"cmp"
	"slices"
	"sort"

	"fsrec/watcher/event"
)

// window is a loss: the events that are missing would have had indexes from..to.
type window struct {
	Loss
	from, to int
	node     uint32 // only events at or below it can be missing; 0 is all
	earliest int    // the least from of this window and those behind it, which are in the order of to
}

const (
	maxLosses = 4096 // windows that are looked at for what is missing at one place
	maxTorn   = 128  // events that only one side has on a path that are looked at for half of a rename
)

func (s *side) loss(r *event.Record) {
	from := sort.Search(s.events.n, func(i int) bool { return *s.times.at(i) >= r.M })
	w := window{Loss: Loss{Seq: r.Seq, Since: r.M, Time: r.Time, Count: r.N, Cause: r.Name}, from: from, to: s.events.n}
	if watch := s.table.Watch(r.WD); watch != nil && r.WD > 0 {
		w.node = s.pathNode(watch.Path())
		w.Path = Text(s.path(w.node))
	}
	full := r.Name == "kernel" || r.Name == "buffer"
	if n := len(s.losses) - 1; full && s.lost == overflowed && s.losses[n].to == s.events.n {
		s.losses[n] = w
		s.lost = 0
		return
	}
	s.losses = append(s.losses, w)
	s.lost = 0
	if full {
		s.lost = reported
	}
}

// What the latest loss was told by, of those of which an IN_Q_OVERFLOW and a KindLoss record, which tells more, can tell together.
const (
	overflowed = 1 + iota
	reported
)

func (s *side) overflow(r *event.Record) {
	s.overflows++
	if n := len(s.losses) - 1; s.lost == reported && s.losses[n].to == s.events.n {
		s.lost = 0
		return
	}
	s.losses = append(s.losses, window{Loss: Loss{Seq: r.Seq, Since: r.Time, Time: r.Time, Count: -1, Cause: "kernel"}, from: s.events.n, to: s.events.n})
	s.lost = overflowed
}

// measureLosses is called when all of the recording has been read.
func (s *side) measureLosses() {
	earliest := s.events.n
	for n := len(s.losses) - 1; n >= 0; n-- {
		earliest = min(earliest, s.losses[n].from)
		s.losses[n].earliest = earliest
	}
}

// lossy gives the verdict Unknown to what can have fallen into a loss.
func (x *explainer) lossy(one *item) {
	switch one.need {
	case needOnly:
		i := one.side()
		if x.fell(one, 1-i, x.gap(i, one.at[i])) {
			return
		}
		if e := x.c.sides[i].events.at(one.at[i]); e.mask&bitJoined != 0 {
			if n, ok := x.gapOf[i].get(int(e.link)); ok {
				x.fell(one, 1-i, &x.c.gaps[n])
			}
		}
	case needTimes:
		for i, s := range x.c.sides {
			g := gap{}
			g.path[i] = s.events.at(one.at[i]).node
			g.lo[i], g.hi[i] = one.at[i]-1, one.at[i]+1
			if more := s.of(g.path[i]); len(more) > 0 {
				if n, _ := slices.BinarySearch(more, uint32(one.at[i]+1)); n < len(more) {
					g.hi[i] = int(more[n])
				} else {
					g.hi[i] = s.events.n
				}
			}
			x.fell(one, i, &g)
		}
	}
}

// fell reports whether what side i lacks in a gap can have fallen into one of its losses, and
// makes the item Unknown then.
func (x *explainer) fell(one *item, i int, g *gap) bool {
	s := x.c.sides[i]
	first := sort.Search(len(s.losses), func(n int) bool { return s.losses[n].to > g.lo[i] })
	for n := first; n < min(len(s.losses), first+maxLosses) && s.losses[n].earliest <= g.hi[i]; n++ {
		w := &s.losses[n]
		if w.from <= g.hi[i] && (w.node == 0 || x.c.within(g.path, i, w.node)) {
			one.verdict, one.loss[i] = Unknown, w.Seq
			return true
		}
	}
	return false
}

// torn gives the verdict of a move that can have fallen into a loss to those of its halves that the
// other side tells by themselves: the old name from before the end of that loss, the new one from after its beginning.
func (x *explainer) torn(one *item) {
	if one.verdict != Unknown || one.need != needOnly || one.mask&bitJoined == 0 {
		return
	}
	i := one.side()
	for _, whole := range x.c.halves(i, one.at[i]) {
		n, ok := x.gapOf[i].get(whole)
		if !ok {
			continue
		}
		mask, others := x.c.sides[i].events.at(whole).mask, x.c.gaps[n].only[1-i]
		for _, e := range others[:min(len(others), maxTorn)] {
			m, _ := x.itemOf[1-i].get(e)
			half := &x.items[m]
			if half.need == needOnly && half.verdict == "" && (half.mask^mask)&(maskBits|bitJoined) == bitJoined && x.c.sides[1-i].besideLoss(e, one.loss[1-i]) {
				half.verdict, half.loss = Unknown, one.loss
				break
			}
		}
	}
}

// besideLoss reports whether half of a rename stands where the other half can have fallen into a loss.
func (s *side) besideLoss(index int, loss uint64) bool {
	n, ok := slices.BinarySearchFunc(s.losses, loss, func(w window, seq uint64) int { return cmp.Compare(w.Seq, seq) })
	if !ok {
		return false
	}
	if s.events.at(index).mask&uint32(event.IN_MOVED_FROM) != 0 {
		return index < s.losses[n].to
	}
	return index >= s.losses[n].from
}
