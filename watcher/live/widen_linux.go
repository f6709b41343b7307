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
			all = append(all, widening{wd: wd, path: w.Path(), mask: kernelMask(w.Mask, w.Flags)})
		}
	}
	n.widenEach(all)
	n.toWiden = n.toWiden[:0]
	done := widenings{n.stream.drained + int64(n.queued()), all[:0]}
	for _, w := range all {
		if w.got == w.wd {
			delete(n.narrow, w.wd)
			done.all = append(done.all, w)
			continue
		}
		if w.got != 0 {
			n.discard(w.got)
		}
		n.toWiden = append(n.toWiden, w.wd) // it has gone or moved; the queue will tell
	}
	if len(n.toWiden) == 0 {
		n.toWiden = nil
	}
	slices.SortFunc(done.all, func(a, b widening) int { return cmp.Compare(a.wd, b.wd) })
	if done.place <= n.stream.processed {
		n.tellMasks(done.all)
		return
	}
	for _, w := range done.all {
		set(&n.untold, w.wd, w.mask)
	}
	n.widened = append(n.widened, done)
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
			delete(n.untold, w.wd)
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
