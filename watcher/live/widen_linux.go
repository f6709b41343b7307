package live

import (
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

// widen gives narrow watches their whole mask.
func (n *Inotify) widen() {
	if len(n.toWiden) == 0 {
		return
	}
	all := make([]widening, 0, len(n.toWiden))
	for _, wd := range n.toWiden {
		if w := n.table.Watch(wd); w != nil && !w.Lost() && n.causes[wd] == "" && n.narrow[wd] {
			all = append(all, widening{wd: wd, path: w.Path, mask: w.Kernel | event.IN_ONLYDIR | event.IN_MASK_ADD})
		}
	}
	n.widenEach(all)
	n.toWiden = n.toWiden[:0]
	for _, w := range all {
		if w.got == w.wd {
			delete(n.narrow, w.wd)
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
}

// widenEach asks the kernel, with a second goroutine for one half if there are many.
func (n *Inotify) widenEach(all []widening) {
	ask := func(some []widening) {
		for i := range some {
			some[i].got, _ = n.addWatch(some[i].path, some[i].mask)
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
