package live

import (
	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

// barriers are passed in the order in which they were set, each when every watch
// that there was has met its sentinel.
type barriers struct {
	latest int64
	set    []*barrier
}

type barrier struct {
	id   int64
	left int // waits for it
}

// awaited is one watch that has to meet a sentinel. Where none can be made, or none
// comes, it is enough that nothing has come of the watch for a while.
type awaited struct {
	of     *barrier
	number sentinel
	quiet  int64 // from when on that is enough
	over   bool
}

// Barrier makes a KindBarrier record with N = id come through Read after the
// records of everything that happened before the call. It makes a file in
// every watched directory, or in that of a watched file, that is gone at once. In a
// directory that cannot be written to, everything is what comes until
// nothing has come for 100 ms.
func (n *ReadDirectoryChanges) Barrier() (id int64, err error) {
	n.config.Lock()
	defer n.config.Unlock()
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return 0, event.ErrClosed
	}
	n.barriers.latest++
	b := &barrier{id: n.barriers.latest}
	n.barriers.set = append(n.barriers.set, b)
	numbers := make(map[identity]sentinel)
	makers := make(map[sentinel]*watch)
	for _, w := range n.watches {
		number, shared := numbers[w.id]
		if !shared || w.id == (identity{}) {
			number = nextSentinel()
			numbers[w.id], makers[number] = number, w
		}
		b.left++
		w.waits = append(w.waits, awaited{of: b, number: number, quiet: n.clock() + int64(sentinelPatience)})
	}
	n.passBarriers(func(r event.Record) { n.emit(r, n.clock()) })
	n.mu.Unlock()
	for number, w := range makers {
		if err := n.touch(w, number); err != nil {
			n.settleFor(number, saysGone(err))
		}
	}
	n.wakeWorker()
	return b.id, nil
}

// touch makes a sentinel in the directory of w.
func (n *ReadDirectoryChanges) touch(w *watch, number sentinel) error {
	n.mu.Lock()
	dir := w.cur.dir
	n.mu.Unlock()
	return dir.use(func(h windows.Handle) error { return touch(h, number.name()) })
}

// settleFor makes it enough for those who wait for a sentinel that nothing comes.
func (n *ReadDirectoryChanges) settleFor(number sentinel, suspect bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range n.watches {
		for i := range w.waits {
			if wait := &w.waits[i]; wait.number == number {
				wait.quiet = 0
				w.lastRead = max(w.lastRead, n.clock())
				w.suspect = w.suspect || suspect
			}
		}
	}
}

// met notes that a watch has met a sentinel, and tells of the barriers that are passed so.
func (n *ReadDirectoryChanges) met(w *watch, number sentinel) {
	n.mu.Lock()
	defer n.mu.Unlock()
	rest := w.waits[:0]
	for _, wait := range w.waits {
		if wait.number == number {
			wait.of.left--
		} else {
			rest = append(rest, wait)
		}
	}
	w.waits = rest
	n.passBarriers(n.tell)
}

// passBarriers gives tell the records of the barriers that nothing is left of. n.mu is held.
func (n *ReadDirectoryChanges) passBarriers(tell func(event.Record)) {
	for len(n.barriers.set) > 0 && n.barriers.set[0].left == 0 {
		tell(event.Record{Kind: event.KindBarrier, N: n.barriers.set[0].id})
		n.barriers.set = n.barriers.set[1:]
	}
}

// resend makes another sentinel for all who wait for one of w that may be among
// what was lost.
func (n *ReadDirectoryChanges) resend(w *watch) {
	number := nextSentinel()
	n.mu.Lock()
	wanted := len(w.waits) > 0 || w.skip.to != 0
	for i := range w.waits {
		w.waits[i].number = number
	}
	if u := w.update; u != nil && u.number != 0 {
		u.number, wanted = number, true
	}
	n.mu.Unlock()
	if !wanted {
		return
	}
	if w.skip.to != 0 {
		w.skip.or = number
	}
	err := n.touch(w, number)
	if err == nil {
		return
	}
	n.settleFor(number, saysGone(err))
	n.mu.Lock()
	defer n.mu.Unlock()
	if u := w.update; u != nil && u.number == number {
		u.number = 0
		w.cur.end()
	}
	n.endSkip(w)
}
