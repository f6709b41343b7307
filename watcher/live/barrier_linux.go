package live

import (
	"fmt"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// barriers are watches of a file of our own that were ended at once: the kernel
// appends their IN_IGNORED to the queue, which is first in, first out.
type barriers struct {
	fd     int // of an anonymous file, -1 before the first barrier
	path   string
	latest int64
	armed  map[int32]barrier
	met    []barrier // came through the queue
}

// barrier is one that a caller asked for, or where id is 0 one of our own.
type barrier struct {
	id     int64
	cookie uint32  // of a departure that is complete then
	over   []int32 // watches whose IN_IGNORED was lost if it has not come then
}

func (b *barriers) waiting() bool { return len(b.armed) > 0 }

// meet notes that the queue has been read up to the barrier of wd, if there is one.
func (b *barriers) meet(wd int32) {
	if it, ok := b.armed[wd]; ok {
		delete(b.armed, wd)
		b.met = append(b.met, it)
	}
}

func (b *barriers) close() {
	if b.fd >= 0 {
		_ = unix.Close(b.fd) // an anonymous file: nothing can be lost
		b.fd = -1
	}
}

// arm puts a barrier at the end of the kernel's queue.
func (b *barriers) arm(n *Inotify, it barrier) error {
	if b.fd < 0 {
		fd, err := unix.MemfdCreate("barrier", unix.MFD_CLOEXEC)
		if err != nil {
			return fmt.Errorf("cannot make a barrier: %w", err)
		}
		b.fd, b.path = fd, fmt.Sprintf("/proc/self/fd/%d", fd)
	}
	wd, err := unix.InotifyAddWatch(n.fd, b.path, unix.IN_UNMOUNT)
	if err != nil {
		return fmt.Errorf("cannot make a barrier: %w", watchError("watch", b.path, err))
	}
	set(&b.armed, int32(wd), it)
	if err := n.end(int32(wd)); err != nil {
		delete(b.armed, int32(wd))
		return fmt.Errorf("cannot make a barrier: %w", err)
	}
	return nil
}

// rearm puts every barrier at the end of the queue again, after the queue has lost events.
func (b *barriers) rearm(n *Inotify) {
	lost := b.armed
	b.armed = nil
	for wd, it := range lost {
		n.hidden[wd] = true
		if b.arm(n, it) != nil {
			b.met = append(b.met, it)
		}
	}
}

// Barrier makes a KindBarrier record with N = id come through Read after the
// records of everything that happened before the call.
func (n *Inotify) Barrier() (id int64, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return 0, event.ErrClosed
	}
	if err := n.barriers.arm(n, barrier{id: n.barriers.latest + 1}); err != nil {
		return 0, err
	}
	n.barriers.latest++
	return n.barriers.latest, nil
}

// passBarriers emits the barriers that were met and ends what they prove to have left.
func (n *Inotify) passBarriers() {
	for _, it := range n.barriers.met {
		if it.id != 0 {
			n.emit(event.Record{Kind: event.KindBarrier, N: it.id})
		} else if d, ok := n.departing.byCookie[it.cookie]; ok {
			delete(n.departing.byCookie, it.cookie)
			delete(n.departing.byWD, d.wd)
			n.leave(d.path)
		}
		for _, wd := range it.over {
			if w := n.table.Watch(wd); w != nil {
				n.ended(w, n.cause(w))
			}
		}
	}
	n.barriers.met = n.barriers.met[:0]
}
