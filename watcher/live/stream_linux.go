package live

import (
	"fmt"

	"golang.org/x/sys/unix"

	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

const (
	// eventSize is the size of an inotify event without a name.
	eventSize = unix.SizeofInotifyEvent
	// maxEvent is the size of the largest event: a name of 255 bytes and a NUL.
	maxEvent = eventSize + unix.NAME_MAX + 1
	// maxPending bounds what is read ahead of processing; the rest waits in the
	// kernel's queue.
	maxPending = 64 << 20
	// pauseAbove is the size of a read, in bytes, after which the next one
	// waits: some 16 events, which no person causes at once.
	pauseAbove = 512
)

// stream is what the descriptor delivers, as one sequence of bytes.
type stream struct {
	buf       []byte
	pending   []chunk // read and not processed
	rest      string  // of the chunk that is being processed
	drained   int64   // bytes read
	processed int64   // bytes processed, or being processed
	notBefore int64   // when the next read of Read is due, 0 if at once
	lastRead  int64   // Time of the latest processed read
}

// chunk is what one read(2) returned.
type chunk struct {
	text string
	time int64 // when the read returned
	at   int64 // place in the stream
}

// fill reads once, if nothing is pending, and returns how much it read.
func (n *Inotify) fill() int {
	if len(n.stream.pending) > 0 {
		return 0
	}
	return n.read()
}

// read reads once and returns how much it read, 0 if nothing is there or
// n.failed is set.
func (n *Inotify) read() int {
	s := &n.stream
	for n.failed == nil {
		size, err := unix.Read(n.fd, s.buf)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN || err == nil && size <= 0:
			s.notBefore = 0
			return 0
		case err != nil:
			n.failed = fmt.Errorf("cannot read inotify: %w", err)
			return 0
		}
		now := n.clock()
		s.pending = append(s.pending, chunk{text: string(s.buf[:size]), time: now, at: s.drained})
		s.drained += int64(size)
		s.notBefore = 0
		if size >= pauseAbove && n.opts.Pause > 0 {
			s.notBefore = now + int64(n.opts.Pause)
		}
		return size
	}
	return 0
}

// drain reads all that was queued when it was called and returns the chunks
// that it added, and the place in the stream where what was queued ends.
func (n *Inotify) drain() (added []chunk, end int64) {
	s := &n.stream
	first := len(s.pending)
	for s.drained-s.processed < maxPending {
		size := n.read()
		if size == 0 || size <= len(s.buf)-maxEvent {
			return s.pending[first:], s.drained
		}
	}
	return s.pending[first:], s.drained + int64(n.queued())
}

// queued is the number of bytes that wait in the kernel's queue.
func (n *Inotify) queued() int {
	if n.closed {
		return 0
	}
	size, err := unix.IoctlGetInt(n.fd, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return size
}

// step processes the next chunk, and after the last one what is left to do. It
// reports false if there was nothing to process.
func (n *Inotify) step() bool {
	s := &n.stream
	if len(s.pending) == 0 {
		if !n.unsettled || n.failed != nil {
			return false
		}
		n.settle()
		return true
	}
	c := s.pending[0]
	s.pending[0] = chunk{}
	if s.pending = s.pending[1:]; len(s.pending) == 0 {
		s.pending = nil
	}
	n.process(&c)
	if len(s.pending) == 0 {
		n.settle()
	}
	return true
}

// needsCare are the events that can change the watch table when they are about
// a directory, needsCareSelf whatever they are about.
const (
	needsCare     = event.IN_CREATE | event.IN_DELETE | event.IN_MOVED_FROM | event.IN_MOVED_TO
	needsCareSelf = event.IN_MOVE_SELF | event.IN_DELETE_SELF | event.IN_UNMOUNT | event.IN_IGNORED
)

// process emits a chunk, and what its events do to the table.
func (n *Inotify) process(c *chunk) {
	n.now = c.time
	first := len(n.out)
	n.emit(event.Record{Kind: event.KindRead, N: int64(len(c.text)), M: int64(n.opts.Buffer)})
	mayHide := n.mayHide()
	for at := 0; at < len(c.text); {
		place := c.at + int64(at)
		n.tellWidened(place)
		n.out = append(n.out, event.Record{Time: c.time})
		r := &n.out[len(n.out)-1]
		size, err := decode.InotifyEvent(c.text, at, r)
		if err != nil {
			n.out = n.out[:len(n.out)-1]
			n.failed = fmt.Errorf("the kernel's buffer at byte %d of the stream: %w", c.at, err)
			break
		}
		at += size
		n.stream.rest = c.text[at:]
		w := n.table.Watch(r.WD)
		if w == nil {
			n.unlisted(*r)
			mayHide = n.mayHide()
			continue
		}
		if r.Mask&wide != 0 && n.untold[r.WD] != 0 {
			r = n.tellFirst(r)
		}
		if mayHide && n.hide(w, r, place, c.at+int64(at)) {
			n.out = n.out[:len(n.out)-1]
			if r.Mask&needsCareSelf == 0 {
				continue
			}
		}
		switch m := r.Mask; {
		case m&needsCareSelf != 0:
			n.self(w, *r, place)
		case m&needsCare == 0:
		case m&event.IN_ISDIR != 0, n.files > 0 && m&(event.IN_MOVE|event.IN_DELETE) != 0:
			n.entry(w, *r)
		}
	}
	n.stream.rest = ""
	n.stream.processed = c.at + int64(len(c.text))
	n.stream.lastRead = c.time
	if len(n.out) == first+1 {
		n.out = n.out[:first]
	}
	n.own.expire(n.stream.processed)
	n.tellWidened(n.stream.processed)
}

// unlisted deals with an event, the last that was emitted, whose wd is not in
// the table. But for an overflow it is dropped: its watch is one of our own, or
// it is over. (An event that another CPU was about to queue when the watch ended
// can come after IN_IGNORED: see inotify_handle_inode_event in the kernel.)
func (n *Inotify) unlisted(r event.Record) {
	if r.Mask&event.IN_Q_OVERFLOW != 0 {
		n.overflow()
		return
	}
	n.out = n.out[:len(n.out)-1]
	if r.Mask&event.IN_IGNORED != 0 {
		delete(n.hidden, r.WD)
	}
}

// mayHide reports whether an event may be one that is not to be emitted, or one of our own.
func (n *Inotify) mayHide() bool {
	return len(n.hidden) > 0 || n.ignore.active() || n.opts.Drop != nil || n.own.active()
}

// hide marks r as our own where it is, and reports whether it is to be dropped.
func (n *Inotify) hide(w *event.Watch, r *event.Record, place, next int64) bool {
	if n.own.take(r, place, next, &n.stream) {
		r.Flags |= event.FlagOwn
	}
	return n.ignore.has(r.WD, r.Name) || n.dropped(w, r.Name)
}

func (n *Inotify) dropped(w *event.Watch, name string) bool {
	return n.opts.Drop != nil && n.opts.Drop(event.Linux.Join(w.Path(), name))
}

// conceal ends a watch that nothing is to be told about.
func (n *Inotify) conceal(wd int32) {
	n.hidden[wd] = true
	n.end(wd)
}

// end makes the kernel end a watch. EINVAL, the only error, says that it is over already.
func (n *Inotify) end(wd int32) error {
	_, err := unix.InotifyRmWatch(n.fd, uint32(wd))
	return err
}
