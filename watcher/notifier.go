package watcher

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"fsrec/watcher/event"
)

// Notifier reads the events of a WatchManager and gives them to handlers. A
// WatchManager has one Notifier at a time, and one goroutine uses it; only
// Stop, Err and CoalesceEvents may be called from others.
type Notifier struct {
	wm        *WatchManager
	handler   Handler
	freq      time.Duration
	threshold int
	timeout   time.Duration
	report    func(error) // nil: a failure of a handler ends the processing

	stopped context.Context
	stop    context.CancelFunc
	senders sync.WaitGroup // goroutines of Channel

	// work is held while events are processed; it guards all below.
	work   turn
	stream *stream
	queue  [][]event.Record // read, not processed
	free   []event.Record   // a buffer to read into
	last   bool             // nothing more will be read: what the stream holds comes next

	mu  sync.Mutex // not held while anything is waited for
	err error
}

// turn is a mutex made of a channel: who waits for it in a testing/synctest
// bubble lets the bubble's time pass, so that a handler may sleep in it.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// NotifierOption changes how a Notifier works.
type NotifierOption func(*Notifier)

// ReadFreq makes Run, Channel and Events read at most once in d, so that more events come with each
// read. The default is 0: as soon as there are any.
func ReadFreq(d time.Duration) NotifierOption { return func(n *Notifier) { n.freq = d } }

// Threshold makes ReadEvents read only where at least so many bytes wait in the
// kernel's queue; fewer wait on. Use it with ReadFreq, which says how often Run
// looks; without, that is every 10 ms. The default is 0.
func Threshold(bytes int) NotifierOption { return func(n *Notifier) { n.threshold = bytes } }

// Timeout is how long CheckEvents waits if it is not told, and Run before it
// calls its callbacks though nothing happened: negative, the default, until
// there are events, 0 not at all.
func Timeout(d time.Duration) NotifierOption { return func(n *Notifier) { n.timeout = d } }

// Coalesce drops an event that has the wd, mask, cookie and name of an earlier
// one of the same read of the kernel: see [Notifier.CoalesceEvents].
func Coalesce() NotifierOption { return func(n *Notifier) { n.stream.coalesce = true } }

// ContinueOnError goes on with the next event where a handler fails or panics,
// after the *HandlerError was given to report. Without it the processing ends there.
func ContinueOnError(report func(error)) NotifierOption {
	return func(n *Notifier) { n.report = report }
}

// NewNotifier gives a Notifier for the events of wm. They go to h, but those of
// a watch with a handler of its own to that: see [Handle]. A nil h prints
// all events to the standard output.
func NewNotifier(wm *WatchManager, h Handler, opts ...NotifierOption) *Notifier {
	if h == nil {
		h = PrintAllEvents(os.Stdout)
	}
	n := &Notifier{wm: wm, handler: h, timeout: -1, work: make(turn, 1), stream: newStream(wm)}
	n.stopped, n.stop = context.WithCancel(context.Background())
	for _, opt := range opts {
		opt(n)
	}
	return n
}

// WatchManager is what the Notifier was made with.
func (n *Notifier) WatchManager() *WatchManager { return n.wm }

// Handler is what events go to whose watch has no handler of its own.
func (n *Notifier) Handler() Handler { return n.handler }

// CoalesceEvents turns coalescing on or off for the events that are processed
// from now on. With it, of the events of one read of the kernel that agree in
// wd, mask, cookie and name only the first is delivered. The reads of a replay
// are those of the recording.
func (n *Notifier) CoalesceEvents(on bool) {
	if !inHandler() {
		n.work.take()
		defer n.work.give()
	}
	n.stream.coalesce = on
	clear(n.stream.seen)
}

// CheckEvents reports whether there are events to read. It waits for them as
// long as timeout says, or the Timeout option without one: a negative one until
// there are some, 0 not at all. The error is io.EOF after the last event of a
// recording and ErrClosed after Stop.
func (n *Notifier) CheckEvents(timeout ...time.Duration) (bool, error) {
	d := n.timeout
	if len(timeout) > 0 {
		d = timeout[0]
	}
	bytes, err := n.ready(n.stopped, d)
	return bytes > 0, err
}

// ready waits up to d for events and gives the number of bytes that wait.
func (n *Notifier) ready(ctx context.Context, d time.Duration) (int, error) {
	if n.stopped.Err() != nil {
		return 0, ErrClosed
	}
	waiting := ctx
	switch {
	case d == 0:
		p := newPoll(ctx)
		defer p.cancel()
		waiting = p
	case d > 0:
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	bytes, err := n.wm.backend.Ready(waiting)
	switch {
	case err == nil:
		return bytes, nil
	case n.atEnd(err):
		return lastBytes, nil
	case n.stopped.Err() != nil:
		return 0, ErrClosed
	case ctx.Err() == nil && waiting.Err() != nil && errors.Is(err, waiting.Err()):
		return 0, nil
	}
	return 0, err
}

// poll is a context that is done as soon as somebody begins to wait for it: for
// a backend that is to look whether it has something and not to wait. One that
// is done from the start could not be told from a cancelled one.
type poll struct {
	context.Context
	cancel context.CancelFunc
}

func newPoll(parent context.Context) poll {
	ctx, cancel := context.WithCancel(parent)
	return poll{ctx, cancel}
}

// Done implements context.Context.
func (p poll) Done() <-chan struct{} {
	p.cancel()
	return p.Context.Done()
}

// AppendEvent puts a record behind those that were read and not processed, as
// if the backend had given it. Its wd is that of a watch of the manager.
func (n *Notifier) AppendEvent(r event.Record) error {
	if n.stopped.Err() != nil {
		return ErrClosed
	}
	if !inHandler() {
		n.work.take()
		defer n.work.give()
	}
	n.queue = append(n.queue, []event.Record{r})
	return nil
}

// ReadEvents reads the events that wait in the kernel, for ProcessEvents. It
// waits until there are some, unless they are fewer bytes than the Threshold.
func (n *Notifier) ReadEvents() error { return n.read(n.stopped, n.threshold > 0) }

func (n *Notifier) read(ctx context.Context, checkThreshold bool) error {
	if n.stopped.Err() != nil {
		return ErrClosed
	}
	if checkThreshold {
		bytes, err := n.ready(ctx, -1)
		if err != nil || bytes < n.threshold {
			return err
		}
	}
	n.work.take()
	buf := n.free
	n.free = nil
	n.work.give()
	batch, err := n.wm.backend.Read(ctx, buf)
	switch {
	case err != nil && n.stopped.Err() != nil:
		return ErrClosed
	case n.atEnd(err):
		return nil
	case err != nil:
		return err
	}
	n.work.take()
	defer n.work.give()
	n.queue = append(n.queue, batch)
	if n.stopped.Err() != nil {
		n.discard()
		return ErrClosed
	}
	return nil
}

// lastBytes is how many bytes wait when only what was held back is left: no threshold waits for more.
const lastBytes = 1 << 30

// atEnd notes that a backend which gave err is at its end, and reports whether
// there is something to process nevertheless: what was held back until more is known.
func (n *Notifier) atEnd(err error) bool {
	if !errors.Is(err, io.EOF) {
		return false
	}
	if !inHandler() {
		n.work.take()
		defer n.work.give()
	}
	n.last = true
	return n.stream.holds()
}

// ProcessEvents gives all events that were read to their handlers. Where a
// handler fails the error is a *HandlerError, and the next call goes on with
// the next event. A handler must not call it.
func (n *Notifier) ProcessEvents() error {
	_, err := n.next(n.stopped, false)
	return err
}

// dispatch delivers events until none are left, a handler fails, ctx is done or
// Stop was called. With pull it returns the first event that has no handler of
// its own, instead of giving it to the Notifier's. The caller holds work.
func (n *Notifier) dispatch(ctx context.Context, pull bool) (ev *Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			stack := make([]byte, 16<<10)
			err = handlerError(n.stream.current(), &PanicError{Value: p, Stack: stack[:runtime.Stack(stack, false)]})
			ev = nil
		}
	}()
	for n.stopped.Err() == nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var set *settings
		if ev, set = n.take(); ev == nil {
			return nil, nil
		}
		h := n.handler
		if set != nil && set.handler != nil {
			h = set.handler
		} else if pull {
			return ev, nil
		}
		if _, err := h.HandleEvent(ev); err != nil {
			return nil, handlerError(ev, err)
		}
	}
	return nil, ErrClosed
}

// next is dispatch with failures of handlers reported, if that is wanted. Its
// name is known to inHandler, so handlers, filters and reports are called from here only.
func (n *Notifier) next(ctx context.Context, pull bool) (*Event, error) {
	n.work.take()
	defer n.work.give()
	for {
		ev, err := n.dispatch(ctx, pull)
		if n.stopped.Err() != nil {
			n.discard()
		}
		var failed *HandlerError
		if n.report == nil || !errors.As(err, &failed) {
			return ev, err
		}
		n.report(failed)
	}
}

func handlerError(ev *Event, err error) *HandlerError {
	e := &HandlerError{Err: err}
	if ev != nil {
		c := ev.Clone()
		e.Seq, e.Mask, e.Path = c.Seq, c.Mask, c.Pathname
	}
	return e
}

// take gives the next event of all that was read, or nil.
func (n *Notifier) take() (*Event, *settings) {
	for {
		if ev, set := n.stream.take(); ev != nil {
			return ev, set
		}
		if used := n.stream.batch; cap(used) > cap(n.free) {
			n.free = used
		}
		n.stream.drop()
		if len(n.queue) == 0 {
			if !n.last || !n.stream.holds() {
				return nil, nil
			}
			n.queue = append(n.queue, nil)
		}
		n.stream.feed(n.queue[0])
		n.queue[0] = nil
		n.queue = n.queue[1:]
	}
}

// discard drops the events that are under way. What became of the watches counts
// all the same: they outlive the Notifier. The caller holds work.
func (n *Notifier) discard() {
	n.stream.discard()
	for _, batch := range n.queue {
		n.stream.feed(batch)
		n.stream.discard()
	}
	n.queue = nil
	if n.stream.holds() {
		n.stream.feed(nil)
		n.stream.discard()
	}
}

// Stop ends the Notifier: a blocked read is cancelled, what was read and not
// delivered is discarded. When Stop returns no handler is running and none will
// run again. In a handler Stop may be called too: that one call is finished and
// the last. There Stop waits for nothing, even if the handler is another
// Notifier's; and a handler must not wait for another goroutine that calls Stop.
// Stop may be called again. It does not end the watches: see [WatchManager.Close].
// The next Notifier of the WatchManager may begin when Run has returned.
func (n *Notifier) Stop() {
	n.mu.Lock() // no Channel begins from here on
	n.stop()
	n.mu.Unlock()
	if inHandler() {
		return
	}
	n.senders.Wait()
	n.work.take()
	defer n.work.give()
	n.discard()
}

// inHandler reports whether the calling goroutine runs a handler of any
// Notifier. It looks at the stack: the handler itself cannot be asked, and Go has
// no other identity of goroutines.
func inHandler() bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for more := n > 0; more; {
			var f runtime.Frame
			f, more = frames.Next()
			if strings.HasSuffix(f.Function, nextName) {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

const nextName = "watcher.(*Notifier).next"

// Err is what ended the latest Run, Channel or Events: nil after the last event
// of a recording and after Stop.
func (n *Notifier) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

func (n *Notifier) setErr(err error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = err
	return err
}

// ended turns what ended a loop into what it returns.
func (n *Notifier) ended(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case n.stopped.Err() != nil && (errors.Is(err, ErrClosed) || errors.Is(err, context.Canceled)):
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ctx.Err()
	}
	return err
}
