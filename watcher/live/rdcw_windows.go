package live

import (
	"context"
	"sync"
	"time"

	"fsrec/watcher/event"
)

const (
	defaultChangesBuffer = 64 << 10
	defaultQueue         = 128 << 10
)

// ReadDirectoryChanges is a set of watches of Windows. Two goroutines belong to
// it, which Close joins. One takes completions off the port, copies
// what they brought and asks for more at once. The other makes records of
// that, in order: it decodes, looks at what changed where the system does not say
// enough, and keeps the watch table.
type ReadDirectoryChanges struct {
	opts   Options
	start  time.Time
	port   *port
	ignore ignored
	kick   chan struct{} // that the worker looks for work again
	over   chan struct{} // closed when the worker has ended
	done   chan struct{} // closed by Close

	config sync.Mutex // held by the one call that changes watches or sets a barrier

	mu       sync.Mutex // guards all below
	closed   bool
	out      queue
	table    *event.Table
	watches  map[int32]*watch
	latest   int32 // the highest wd so far
	raw      rawQueue
	barriers barriers
	header   event.Header

	worker // what only the worker uses
}

var _ Backend = (*ReadDirectoryChanges)(nil)

func newBackend(opts Options) (Backend, error) { return NewReadDirectoryChanges(opts) }

// NewReadDirectoryChanges makes a set of watches, empty at first. Close gives it up.
func NewReadDirectoryChanges(opts Options) (*ReadDirectoryChanges, error) {
	if err := opts.setBuffer(defaultChangesBuffer); err != nil {
		return nil, err
	}
	if opts.Queue <= 0 {
		opts.Queue = defaultQueue
	}
	p, err := newPort()
	if err != nil {
		return nil, err
	}
	n := &ReadDirectoryChanges{
		opts:    opts,
		start:   time.Now(),
		port:    p,
		ignore:  newIgnored(opts.Ignore),
		kick:    make(chan struct{}, 1),
		over:    make(chan struct{}),
		done:    make(chan struct{}),
		out:     queue{limit: opts.Queue},
		table:   event.NewTable(event.Windows),
		watches: make(map[int32]*watch),
	}
	n.header = newHeader(n.start, &n.opts)
	go n.work()
	return n, nil
}

// clock is the time of a record that is made now.
func (n *ReadDirectoryChanges) clock() int64 { return int64(time.Since(n.start)) }

// emit adds a record about watches to what Read returns, and keeps the table in step.
func (n *ReadDirectoryChanges) emit(r event.Record, time int64) {
	n.out.append(r, time)
	if r.IsTableChange() {
		n.table.Apply(&r)
	}
	n.out.wake()
}

// Read implements event.Reader.
func (n *ReadDirectoryChanges) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	err := n.await(ctx, func() { to = n.out.take(to) })
	if err != nil {
		return nil, err
	}
	n.wakeWorker() // there is room now
	return to, nil
}

// Ready implements event.Backend. It counts the bytes that the changes took in the system's buffer.
func (n *ReadDirectoryChanges) Ready(ctx context.Context) (size int, err error) {
	err = n.await(ctx, func() { size = max(n.out.size, 1) })
	return size, err
}

// await calls f with the lock held once there is something to read.
func (n *ReadDirectoryChanges) await(ctx context.Context, f func()) error {
	for {
		n.mu.Lock()
		if n.closed {
			n.mu.Unlock()
			return event.ErrClosed
		}
		if err := ctx.Err(); err != nil {
			n.mu.Unlock()
			return err
		}
		if !n.out.empty() {
			f()
			n.mu.Unlock()
			return nil
		}
		arrived := n.out.wait()
		n.mu.Unlock()
		select {
		case <-arrived:
		case <-ctx.Done():
		case <-n.done:
		}
	}
}

// Close implements event.Backend. What has not been read by then is dropped.
func (n *ReadDirectoryChanges) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		<-n.over
		return nil
	}
	n.closed = true
	close(n.done)
	n.mu.Unlock()
	<-n.over
	n.config.Lock() // an Add that was under way has given up its handles
	defer n.config.Unlock()
	for _, w := range n.watches {
		w.shut()
	}
	return n.port.close()
}

// wakeWorker makes the worker look again.
func (n *ReadDirectoryChanges) wakeWorker() {
	select {
	case n.kick <- struct{}{}:
	default: // it will
	}
}
