package live

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"fsrec/watcher/event"
)

const (
	defaultInterval = time.Second
	minInterval     = time.Millisecond

	// keepRecords is how much room for records is kept between two reads.
	keepRecords = 4096
)

// pollPlatform has the path rules of the system that the program runs on.
const pollPlatform = event.Platform(runtime.GOOS)

// pollNever is what no look can tell of.
const pollNever = event.IN_ACCESS | event.IN_OPEN | event.IN_CLOSE

// Poll finds out what happens by looking: at every interval it lists all
// watched directories and compares what it finds with what it found before. It
// is for systems and file systems, such as those of a network, that tell of
// nothing themselves. It runs no goroutine; a look happens in the call of Read
// or Ready that waits for it.
//
// Its records are those of [Inotify] as far as two looks can tell. All events are
// concluded, and those of one look have the same Time. These differ:
//
//   - A look tells the outcome of what happened since the one before: what was undone
//     is not told, several changes of one file are one, and what was made and
//     renamed is new under its last name. A file that was renamed there and back has IN_ATTRIB;
//     attributes that were changed and changed back are not told of one that was renamed.
//   - A file is told of under each name that it has, with IN_ATTRIB when one of
//     them comes or goes, and with IN_MODIFY also if it was written through
//     memory, through a name that is not watched, or by another host.
//   - IN_ACCESS, IN_OPEN and IN_CLOSE cannot be told: they are in
//     WatchResult.Unrecorded. Nor can that the times of a directory were set.
//   - IN_MODIFY says that the size or the time of the last change of a file is
//     another one, IN_ATTRIB that only the rest of what stat tells is.
//   - What left the watched directories is told as deleted.
//   - A name whose file was replaced by one that was not there before is told as
//     IN_DELETE and IN_CREATE.
//   - A look while much is being renamed may see an object nowhere or twice. What is
//     told is then IN_DELETE and IN_CREATE in place of a rename; after the next
//     look all is as it is on disk.
//
// A look lists each directory and asks for what stat tells of each name, one call of the system a name on Unix, which is
// where four fifths of its time go: some 2 to 3 µs a name on a local file system, of a file
// server as long as it takes to answer. Some 120 bytes are kept for a name.
//
// See ARCHITECTURE.md for how a rename is told from a removal.
type Poll struct {
	opts    Options
	start   time.Time
	closing atomic.Bool // ends a look early

	mu      sync.Mutex // guards all below; looks happen under it
	closed  bool
	changed chan struct{} // closed, and made anew, when those who wait have to check again
	due     time.Time     // when the next look is; zero if nothing is to be looked at
	before  int64         // when the latest look began, nanoseconds since 1970
	look    uint64        // its number
	rest    time.Time     // before it no call of Remove looks again

	table   *event.Table
	watches map[int32]*pollWatch
	byID    map[pollID]*pollWatch
	latest  int32 // the highest wd so far
	cookie  uint32
	out     []event.Record // what Read has yet to return
	now     int64          // Time of what is emitted
	asked   int64          // the latest barrier that was asked for
	passed  int64          // and the latest that was told
	ignore  pollIgnored
	double  map[pollSlot]bool // names of directories that have another path too, where they are watched
	header  event.Header
}

var _ Backend = (*Poll)(nil)

// NewPoll makes a set of watches that are polled, empty at first. Close gives it up.
func NewPoll(opts Options) (*Poll, error) {
	if opts.Interval == 0 {
		opts.Interval = defaultInterval
	}
	if opts.Interval < minInterval {
		return nil, fmt.Errorf("cannot poll every %v: want an interval of at least %v: %w", opts.Interval, minInterval, syscall.EINVAL)
	}
	n := &Poll{
		opts:    opts,
		start:   time.Now(),
		changed: make(chan struct{}),
		table:   event.NewTable(pollPlatform),
		watches: make(map[int32]*pollWatch),
		byID:    make(map[pollID]*pollWatch),
		double:  make(map[pollSlot]bool),
	}
	if err := n.ignore.set(opts.Ignore); err != nil {
		return nil, err
	}
	kernel, wine := pollSystem()
	n.header = event.Header{
		Platform:  pollPlatform,
		Backend:   "poll",
		Kernel:    kernel,
		Wine:      wine,
		CaseFold:  pollPlatform == event.Windows,
		Start:     n.start,
		ReadPause: opts.Interval.String(),
	}
	return n, nil
}

// clock is the time of a record that is made now.
func (n *Poll) clock() int64 { return int64(time.Since(n.start)) }

// emit appends r to what Read returns and keeps the table in step with it.
func (n *Poll) emit(r event.Record) {
	r.Time = n.now
	n.out = append(n.out, r)
	if r.IsTableChange() {
		n.table.Apply(&r)
	}
}

// Read implements event.Reader.
func (n *Poll) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	err := n.await(ctx, func() {
		to = append(to[:0], n.out...)
		clear(n.out)
		n.out = n.out[:0]
		if cap(n.out) > keepRecords {
			n.out = nil
		}
	})
	if err != nil {
		return nil, err
	}
	return to, nil
}

// Ready implements event.Backend. It counts the bytes that the events would take in the queue of inotify.
func (n *Poll) Ready(ctx context.Context) (size int, err error) {
	err = n.await(ctx, func() {
		for i := range n.out {
			size += pollEventSize(&n.out[i])
		}
	})
	return size, err
}

func pollEventSize(r *event.Record) int {
	const header = 16 // of struct inotify_event, and what names are filled up to a multiple of
	if r.Name == "" || r.Kind != event.KindEvent {
		return header
	}
	return header + (len(r.Name)/header+1)*header
}

// await calls f, with the lock held, once there is something to read. It looks when that is due.
func (n *Poll) await(ctx context.Context, f func()) error {
	stop := func() bool { return n.closing.Load() || ctx.Err() != nil }
	for {
		n.mu.Lock()
		err := ctx.Err()
		switch {
		case n.closed:
			err = event.ErrClosed
		case err == nil && len(n.out) == 0 && n.isDue():
			n.lookAround(stop)
		}
		if err == nil && len(n.out) > 0 {
			f()
			n.mu.Unlock()
			return nil
		}
		changed, due := n.changed, n.due
		n.mu.Unlock()
		if err != nil {
			return err
		}
		wait(ctx, changed, due)
	}
}

func (n *Poll) isDue() bool { return !n.due.IsZero() && !time.Now().Before(n.due) }

// wait returns when ctx is done, changed is closed or due has come; a zero due never comes.
func wait(ctx context.Context, changed <-chan struct{}, due time.Time) {
	var arrived <-chan time.Time
	if !due.IsZero() {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		arrived = timer.C
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-arrived:
	}
}

// wake makes the calls that wait check again. The caller holds the lock.
func (n *Poll) wake() {
	close(n.changed)
	n.changed = make(chan struct{})
}

// schedule says when the next look is, after one that ended now.
func (n *Poll) schedule() {
	n.due = time.Time{}
	if len(n.watches) > 0 {
		n.due = time.Now().Add(n.opts.Interval)
	}
}

// Barrier makes a look begin at once, in the call that reads or the next one, and a KindBarrier
// record with N = id come through Read after what that look finds.
func (n *Poll) Barrier() (id int64, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return 0, event.ErrClosed
	}
	n.asked++
	n.due = time.Now()
	n.wake()
	return n.asked, nil
}

// Header implements event.Backend. Roots, Mask and the flags are what was asked
// for so far, FileSystem is that of the first root. ReadPause is the interval.
func (n *Poll) Header() event.Header {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.header
	h.Roots = slices.Clone(h.Roots)
	return h
}

// Close implements event.Backend. What has not been read by then is dropped.
func (n *Poll) Close() error {
	n.closing.Store(true)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	n.wake()
	n.out, n.watches, n.byID = nil, nil, nil
	return nil
}
