package live

import (
	"slices"

	"golang.org/x/sys/windows"

	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

// networkBuffer is the most that a read over a network may ask for.
const networkBuffer = 64 << 10

// stream is what one handle of a watch delivers, from its first read to its last.
type stream struct {
	n    *ReadDirectoryChanges
	w    *watch
	dir  *Directory
	req  *request
	call call
	next []call // to try if the system refuses the form of call

	// Guarded by n.mu.
	told   bool  // a read has succeeded, so the system accepts call
	ending bool  // what happened so far is still read, then no more
	final  bool  // the read that is armed is the last one
	over   bool  // the last batch has come
	err    error // of that

	lastRead int64 // time of the last read that brought something; of the worker
}

// batch is what one completion of a stream brought.
type batch struct {
	from    *stream
	time    int64
	data    []byte // changes
	dropped int64  // changes for which there was no room
	err     error  // a windows.Errno
	last    bool   // no more comes from the stream
}

// newStream takes over dir and asks for its changes. They are held until w is told of.
func (n *ReadDirectoryChanges) newStream(w *watch, dir *Directory, subtree bool, filter event.Filter) (*stream, error) {
	s := &stream{n: n, w: w, dir: dir, next: calls(subtree, filter, n.opts.Buffer)}
	if err := s.begin(); err != nil {
		s.shut()
		return nil, err
	}
	return s, nil
}

// calls are the ways to ask for changes, the best first: with what Windows knows
// about their subjects, and with a buffer of the size that was asked for.
func calls(subtree bool, filter event.Filter, size int) []call {
	var all []call
	for _, extended := range []bool{true, false} {
		if extended && readDirectoryChangesEx.Find() != nil {
			continue
		}
		all = append(all, call{subtree, extended, filter, size})
		if size > networkBuffer {
			all = append(all, call{subtree, extended, filter, networkBuffer})
		}
	}
	return all
}

// refusesForm reports whether err says that the system may accept another form of the call.
func refusesForm(err error) bool {
	return isAny(err, windows.ERROR_INVALID_PARAMETER, windows.ERROR_INVALID_FUNCTION, windows.ERROR_NOT_SUPPORTED,
		windows.ERROR_CALL_NOT_IMPLEMENTED, windows.ERROR_INVALID_LEVEL)
}

// begin arms the first read, in the first form that the system accepts.
func (s *stream) begin() (err error) {
	for err = windows.ERROR_NOT_SUPPORTED; len(s.next) > 0 && refusesForm(err); {
		s.call, s.next = s.next[0], s.next[1:]
		if s.req != nil {
			s.req.free()
		}
		s.req = newRequest(s.dir, make([]byte, s.call.size), s.completed)
		if err = s.dir.arm(s.req, s.call); err == nil {
			return nil
		}
	}
	return err
}

// completed takes what a read brought, on the port's goroutine, and asks for more
// before anybody looks at it.
func (s *stream) completed(size int, err error) {
	n := s.n
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || err != nil && !s.told && refusesForm(err) && s.beginAgain() {
		return
	}
	b := n.raw.get()
	b.from, b.time, b.err = s, n.clock(), err
	b.last = s.final || err != nil && !isAny(err, windows.ERROR_NOTIFY_ENUM_DIR)
	s.over, s.err = b.last, err
	switch {
	case size == 0: // which needs no room
	case n.raw.bytes < rawLimit:
		b.data = append(b.data, s.req.buf[:size]...)
	default:
		b.dropped = int64(s.count(s.req.buf[:size]))
	}
	s.w.lastRead = b.time
	n.raw.put(b)
	if !b.last {
		s.told, s.final = true, s.ending
		if err := s.arm(); err != nil {
			n.raw.put(&batch{from: s, time: b.time, err: err, last: true})
			s.over, s.err = true, err
		} else if s.ending {
			s.dir.cancel()
		}
	}
	n.wakeWorker()
}

// beginAgain is begin after the system has thought better of it.
func (s *stream) beginAgain() bool {
	extended := s.call.extended
	if s.begin() != nil {
		return false
	}
	if extended && !s.call.extended {
		s.w.refused = true
		s.n.wakeWorker()
	}
	return true
}

// arm asks for more. n.mu is held.
func (s *stream) arm() error {
	err := s.dir.arm(s.req, s.call)
	if isAny(err, windows.ERROR_NOTIFY_ENUM_DIR) { // told at once: nothing is armed
		s.n.raw.put(&batch{from: s, time: s.n.clock(), err: err})
		err = s.dir.arm(s.req, s.call)
	}
	return err
}

// resume takes back end, after the last batch. The handle has kept what happened since.
func (s *stream) resume() error {
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	s.ending, s.final, s.over, s.err = false, false, false, nil
	return s.arm()
}

// decode makes records of what a read brought.
func (s *stream) decode(to []event.Record, data []byte) ([]event.Record, error) {
	if s.call.extended {
		return decode.AppendExtendedChanges(to, s.w.wd, data)
	}
	return decode.AppendChanges(to, s.w.wd, data)
}

// count is the number of changes that a read brought.
func (s *stream) count(data []byte) int {
	records, _ := s.decode(nil, data) // as far as they can be read
	return max(len(records), 1)
}

// end makes the stream come to its end: what has happened by now still comes, at
// most one buffer full of it being in the system, and then a last batch.
// n.mu is held.
func (s *stream) end() {
	if !s.ending {
		s.ending = true
		s.dir.cancel()
	}
}

// shut gives up the handle, then the memory that the system wrote to.
func (s *stream) shut() {
	s.dir.shut(func() { s.req.free() }) // of the request that is the last one by then
}

// rawLimit bounds the bytes that wait for the worker.
const rawLimit = 16 << 20

// rawQueue holds what the worker has yet to look at.
type rawQueue struct {
	batches []*batch // from first on
	first   int
	bytes   int
	free    []*batch
}

func (q *rawQueue) get() *batch {
	if i := len(q.free) - 1; i >= 0 {
		b := q.free[i]
		q.free = q.free[:i]
		return b
	}
	return &batch{}
}

func (q *rawQueue) put(b *batch) {
	if q.first == len(q.batches) {
		q.batches, q.first = q.batches[:0], 0
	}
	q.batches = append(q.batches, b)
	q.bytes += len(b.data)
}

// putBack puts batches before all others.
func (q *rawQueue) putBack(batches []*batch) {
	q.batches, q.first = slices.Concat(batches, q.batches[q.first:]), 0
}

// take gives the next batch of a watch that is told of already, nil if there is none.
func (q *rawQueue) take() *batch {
	for q.first < len(q.batches) {
		b := q.batches[q.first]
		q.batches[q.first] = nil
		q.first++
		if w := b.from.w; w.holding {
			w.held = append(w.held, b)
			continue
		}
		return b
	}
	return nil
}

func (q *rawQueue) empty() bool { return q.first == len(q.batches) }

// recycle says that a batch is done with.
func (q *rawQueue) recycle(b *batch) {
	q.bytes -= len(b.data)
	if len(q.free) < 16 {
		*b = batch{data: b.data[:0]}
		q.free = append(q.free, b)
	}
}
