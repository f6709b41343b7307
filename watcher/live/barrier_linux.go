package live

import "fsrec/watcher/event"

// barriers are places in the stream: the end of the kernel's queue when they
// were set. The queue is first in, first out, every read(2) happens under the
// same lock as setting one, and FIONREAD counts exactly what read(2) will
// return, so that a barrier needs no event of its own.
type barriers struct {
	latest int64
	set    []barrier // in the order of their places
}

// barrier is one that a caller asked for, or where id is 0 one of our own.
type barrier struct {
	place  int64
	id     int64
	cookie uint32  // of a departure that is complete then
	over   []int32 // watches whose IN_IGNORED was lost if it has not come then
}

// bar puts a barrier behind all that has happened.
func (n *Inotify) bar(b barrier) {
	b.place = n.stream.drained + int64(n.queued())
	n.barriers.set = append(n.barriers.set, b)
}

// Barrier makes a KindBarrier record with N = id come through Read after the
// records of everything that happened before the call.
func (n *Inotify) Barrier() (id int64, err error) {
	n.mu.Lock()
	defer n.unlock()
	if n.closed {
		return 0, event.ErrClosed
	}
	n.barriers.latest++
	n.bar(barrier{id: n.barriers.latest})
	return n.barriers.latest, nil
}

// passBarriers emits the barriers that were met and ends what they prove to have left.
func (n *Inotify) passBarriers() {
	for len(n.barriers.set) > 0 && n.barriers.set[0].place <= n.stream.processed {
		b := n.barriers.set[0]
		n.barriers.set[0] = barrier{}
		n.barriers.set = n.barriers.set[1:]
		if b.id != 0 {
			n.emit(event.Record{Kind: event.KindBarrier, N: b.id})
		} else if d, ok := n.departing.byCookie[b.cookie]; ok {
			delete(n.departing.byCookie, b.cookie)
			delete(n.departing.byWD, d.wd)
			n.leave(d.path)
		}
		for _, wd := range b.over {
			if w := n.table.Watch(wd); w != nil {
				n.ended(w, n.cause(w))
			}
		}
	}
}
