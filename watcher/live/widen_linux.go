package live

import (
	"cmp"
	"slices"
	"sync"

	"fsrec/watcher/event"
)

// widening is a narrow watch that is to get its whole mask.
type widening struct {
	wd   int32
	path string
	mask event.Mask
	got  int32 // what the path leads to, 0 if to nothing
}

// widenings are watches that had their whole mask before a place in the stream.
type widenings struct {
	place int64
	all   []widening // by wd
}

// widen gives narrow watches their whole mask.
func (n *Inotify) widen() {
	if len(n.toWiden) == 0 {
		return
	}
	all := make([]widening, 0, len(n.toWiden))
	for _, wd := range n.toWiden {
		if w := n.table.Watch(wd); w != nil && !w.Lost() && n.causes[wd] == "" && n.narrow[wd] {
			all = append(all, widening{wd: wd, path: w.Path(), mask: kernelMask(w.Mask, w.Flags) | n.kernelHas(w)})
		}
	}
	n.widenEach(all)
	n.toWiden = n.toWiden[:0]
	done := widenings{n.stream.drained + int64(n.queued()), all[:0]}
	var strays []widening
	for _, w := range all {
		if w.got == w.wd {
			delete(n.narrow, w.wd)
			done.all = append(done.all, w)
			continue
		}
		if w.got != 0 {
			strays = append(strays, w)
		}
		n.toWiden = append(n.toWiden, w.wd) // it has gone or moved; the queue will tell
	}
	slices.SortFunc(done.all, func(a, b widening) int { return cmp.Compare(a.wd, b.wd) })
	n.tellLater(done)
	for _, w := range strays {
		n.strayed(w.got, w.mask|event.IN_MASK_ADD)
	}
	if len(n.toWiden) == 0 {
		n.toWiden = nil
	}
}

// tellLater has the masks of watches told at their place in the stream.
func (n *Inotify) tellLater(done widenings) {
	if done.place <= n.stream.processed {
		n.tellMasks(done.all)
		return
	}
	for _, w := range done.all {
		set(&n.untold, w.wd, w.mask)
	}
	n.widened = append(n.widened, done)
}

// kernelHas is the mask that the kernel has for a watch, which may not have been told yet.
func (n *Inotify) kernelHas(w *event.Watch) event.Mask {
	return cmp.Or(n.untold[w.WD], w.Kernel)
}

// change asks for another mask of watch wd, whose object was at path. It reports false
// where that has gone or moved since; the queue will tell.
func (n *Inotify) change(wd int32, path string, mask event.Mask) (bool, error) {
	got, err := n.addWatch(path, mask)
	if err == nil && got != wd {
		n.strayed(got, mask)
	}
	return got == wd, err
}

// strayed deals with a mask that was meant for another watch than it met, since a path leads
// elsewhere by now. That one keeps what it has got, which is told, and gets what it should have.
func (n *Inotify) strayed(wd int32, mask event.Mask) {
	w := n.table.Watch(wd)
	if w == nil {
		if l := n.fresh(wd); l != nil {
			l.twice = true
		} else {
			n.conceal(wd)
		}
		return
	}
	has := mask & (event.IN_ALL_EVENTS | event.IN_EXCL_UNLINK | event.IN_ONESHOT)
	if mask&event.IN_MASK_ADD != 0 {
		has |= n.kernelHas(w)
	}
	if has != n.kernelHas(w) {
		n.tellLater(widenings{n.stream.drained + int64(n.queued()), []widening{{wd: wd, mask: has}}})
	}
	if should := kernelMask(w.Mask, w.Flags); has&should == should {
		delete(n.narrow, wd)
	} else if !n.narrow[wd] {
		n.narrow[wd] = true
		n.toWiden = append(n.toWiden, wd)
	}
}

// widenEach asks the kernel, with a second goroutine for one half if there are many.
func (n *Inotify) widenEach(all []widening) {
	ask := func(some []widening) {
		for i := range some {
			some[i].got, _ = n.addWatch(some[i].path, some[i].mask|event.IN_ONLYDIR|event.IN_MASK_ADD)
		}
	}
	half := 0
	var other sync.WaitGroup
	if len(all) >= parallelFrom {
		half = len(all) / 2
		other.Add(1)
		go func() {
			defer other.Done()
			ask(all[:half])
		}()
	}
	ask(all[half:])
	other.Wait()
}

// tellWidened emits the masks of watches that had them before a place in the stream.
func (n *Inotify) tellWidened(place int64) {
	for len(n.widened) > 0 && n.widened[0].place <= place {
		n.tellMasks(slices.DeleteFunc(n.widened[0].all, func(w widening) bool { return n.untold[w.wd] == 0 }))
		for _, w := range n.widened[0].all {
			if n.untold[w.wd] == w.mask { // and not of a later place
				delete(n.untold, w.wd)
			}
		}
		if n.widened = n.widened[1:]; len(n.widened) == 0 {
			n.widened = nil
		}
	}
}

// tellMasks emits masks in runs.
func (n *Inotify) tellMasks(all []widening) {
	for len(all) > 0 {
		first, run := all[0], 1
		for run < min(len(all), event.MaxMaskRun) && all[run].wd == first.wd+int32(run) && all[run].mask == first.mask {
			run++
		}
		n.emit(event.Record{Kind: event.KindMask, WD: first.wd, Mask: first.mask, M: int64(run - 1)})
		all = all[run:]
	}
}

// tellFirst puts the mask of a watch before an event that came of it, the last that was
// emitted, although not all of the watches in its run may have had theirs then. It gives
// the event's new place.
func (n *Inotify) tellFirst(r *event.Record) *event.Record {
	of := *r
	n.out = n.out[:len(n.out)-1]
	n.tellMasks([]widening{{wd: of.WD, mask: n.untold[of.WD]}})
	delete(n.untold, of.WD)
	n.out = append(n.out, of)
	return &n.out[len(n.out)-1]
}

// told notes that a record has told the mask that wd has, or that it has none any more.
func (n *Inotify) told(wd int32) {
	delete(n.narrow, wd)
	delete(n.untold, wd)
}
