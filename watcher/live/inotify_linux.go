package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// Inotify is an inotify instance and the watch table that belongs to it. It
// runs no goroutine between calls.
type Inotify struct {
	opts  Options
	start time.Time

	waker waker
	turn  chan struct{} // held by the one call that waits for the descriptor
	done  chan struct{} // closed by Close

	mu     sync.Mutex // guards all below; every read(2) happens under it
	closed bool
	fd     int // only while not closed
	failed error

	stream stream
	table  *event.Table
	out    []event.Record // what is emitted goes here; between calls it holds what Read has yet to return
	now    int64          // Time of what is emitted

	todo      todo
	policies  map[int32]*policy
	causes    map[int32]string     // why a watch is ending, by wd
	unsettled bool                 // todo can be worked on at once
	narrow    map[int32]bool       // watches that do not have their whole mask yet
	toWiden   []int32              // those of narrow that are to get it now
	widened   []widenings          // that have it, and no record tells of it yet
	untold    map[int32]event.Mask // of the watches in widened, their masks
	doomed    map[int32]bool       // watches of what was removed while a program still has it open
	settled   map[int32]int64      // a MOVE_SELF before this place of the stream says nothing new, by wd
	files     int                  // watches of what is not a directory
	listers   [2]listing
	batch     []landing      // that is being placed
	latest    int32          // the highest wd so far; the kernel gives them out in order
	hidden    map[int32]bool // wds of our own, of which nothing is told
	departing departures
	own       ownEvents
	ignore    ignored
	barriers  barriers
	rescan    rescan

	header event.Header
}

var _ Backend = (*Inotify)(nil)

// policy is what a watch hands down to the directories that it finds.
type policy struct {
	exclude func(path string) bool
	follow  bool // the path of the watch may end in a symlink
}

const (
	defaultBuffer = 256 << 10
	defaultPause  = 2 * time.Millisecond
)

func newBackend(opts Options) (Backend, error) { return NewInotify(opts) }

// NewInotify makes an inotify instance. Close gives it up.
func NewInotify(opts Options) (*Inotify, error) {
	if err := opts.setBuffer(defaultBuffer); err != nil {
		return nil, err
	}
	if opts.Pause == 0 {
		opts.Pause = defaultPause
	}
	opts.Pause = max(opts.Pause, 0)
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, instanceError(err)
	}
	n := &Inotify{
		opts:     opts,
		start:    time.Now(),
		fd:       fd,
		turn:     make(chan struct{}, 1),
		done:     make(chan struct{}),
		table:    event.NewTable(event.Linux),
		policies: make(map[int32]*policy),
		causes:   make(map[int32]string),
		narrow:   make(map[int32]bool),
		settled:  make(map[int32]int64),
		hidden:   make(map[int32]bool),
		doomed:   make(map[int32]bool),
		ignore:   newIgnored(opts.Ignore),
	}
	n.stream.buf = make([]byte, opts.Buffer)
	if err := n.waker.open(); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	n.header = newHeader(n.start, &opts)
	return n, nil
}

// clock is the time of a record that is made now.
func (n *Inotify) clock() int64 { return int64(time.Since(n.start)) }

// emit appends r to what Read returns, with the time of the stream, and keeps
// the table in step with the record.
func (n *Inotify) emit(r event.Record) {
	r.Time = n.now
	n.out = append(n.out, r)
	if r.IsTableChange() {
		n.table.Apply(&r)
		n.own.follow(n.table, r.Path)
	}
}

// Read implements event.Reader.
func (n *Inotify) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	for {
		if err := n.pause(ctx); err != nil {
			return nil, err
		}
		records, err := n.take(ctx, to)
		if err != nil || len(records) > 0 {
			return records, err
		}
		if err := n.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// take gives what can be given without waiting for the kernel.
func (n *Inotify) take(ctx context.Context, to []event.Record) ([]event.Record, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return nil, event.ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case len(n.out) > 0:
		to = append(to[:0], n.out...)
		clear(n.out)
		n.out = n.out[:0]
		return to, nil
	case n.failed != nil:
		return nil, n.failed
	}
	kept := n.out
	n.out = to[:0]
	for len(n.out) == 0 && n.step() {
	}
	to, n.out = n.out, kept
	return to, nil
}

// pause waits until a read that follows a large one is due.
func (n *Inotify) pause(ctx context.Context) error {
	n.mu.Lock()
	left := time.Duration(0)
	if len(n.out) == 0 && len(n.stream.pending) == 0 && !n.unsettled && n.stream.notBefore != 0 {
		left = time.Duration(n.stream.notBefore - n.clock())
	}
	n.mu.Unlock()
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.done:
		return event.ErrClosed
	}
}

// wait returns nil once there may be something to take.
func (n *Inotify) wait(ctx context.Context) error {
	return n.await(ctx, func() bool { return n.takable() || n.fill() > 0 })
}

// Ready implements event.Backend.
func (n *Inotify) Ready(ctx context.Context) (int, error) {
	for {
		n.mu.Lock()
		size, err := n.waiting(ctx)
		n.mu.Unlock()
		if size > 0 || err != nil {
			return size, err
		}
		if err := n.await(ctx, func() bool { return n.takable() || n.queued() > 0 }); err != nil {
			return 0, err
		}
	}
}

// waiting counts the bytes that Read would have to work on, 0 if it would block.
func (n *Inotify) waiting(ctx context.Context) (int, error) {
	if n.closed {
		return 0, event.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if n.mayHide() || n.unsettled {
		// Only processing tells whether anything of it comes out of Read.
		n.fill()
		for len(n.out) == 0 && n.step() {
		}
		if n.takable() {
			n.wake() // a Read that waits: the queue will not
		}
	}
	if n.failed != nil && len(n.out) == 0 {
		return 0, n.failed
	}
	size := n.queued() + int(n.stream.drained-n.stream.processed)
	if len(n.out) > 0 {
		size += len(n.out) * eventSize
	} else if n.mayHide() {
		return 0, nil
	}
	return size, nil
}

// Close implements event.Backend.
func (n *Inotify) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	n.closed = true
	close(n.done)
	n.mu.Unlock()
	n.waker.wake()
	n.turn <- struct{}{} // nobody waits for the descriptors any more
	defer func() { <-n.turn }()
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(unix.Close(n.fd), n.waker.close())
}
