package recorder

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"fsrec/watcher/event"
)

// TeeBackend is an event.Backend that records what it passes on. See [Tee].
type TeeBackend struct {
	event.Backend
	opts   Options
	full   chan []event.Record // closed by Close
	free   chan []event.Record
	joined chan struct{}

	mu      sync.Mutex // held from numbering to full, so that the numbers are in order there
	closed  bool
	made    int
	numbers numbering

	state sync.Mutex
	stats Stats
	end   end   // once the recording is over
	err   error // of the sink

	out      encoder // of the writing goroutine
	shutting sync.Once
	closeErr error
}

// Tee records into sink what backend gives to the WatchManager that reads the
// result in its place: every record that Read returns, in the same order and
// with the same number and time. What the manager does not read is not in the
// recording.
//
// Records are copied into reused slices and written by another goroutine, so
// that Read waits for the sink only while Options.Queue reads are waiting
// already. A failing sink, or a limit of the options that was reached, ends the
// recording and not the application: Err tells.
//
// Close closes backend, writes the KindEnd record and waits for the sink to
// take what was read; the sink itself is closed by whoever opened it.
func Tee(backend event.Backend, sink event.Writer, opts Options) *TeeBackend {
	opts = opts.withDefaults(backend)
	t := &TeeBackend{
		Backend: backend,
		opts:    opts,
		full:    make(chan []event.Record, opts.Queue),
		free:    make(chan []event.Record, opts.Queue),
		joined:  make(chan struct{}),
		out:     newEncoder(sink, opts),
	}
	go t.write()
	return t
}

// Read passes on what the backend gives, numbered. Barriers pass without a
// number and are not recorded.
func (t *TeeBackend) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	to, err := t.Backend.Read(ctx, to)
	if err != nil {
		return to, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, event.ErrClosed
	}
	records := t.slice()
	rest := to
	for len(rest) > 0 {
		n := 0
		for n < len(rest) && rest[n].Kind != event.KindBarrier {
			n++
		}
		t.numbers.number(rest[:n])
		records = append(records, rest[:n]...)
		rest = rest[min(n+1, len(rest)):]
	}
	t.full <- records
	return to, nil
}

// slice gives an empty slice, and blocks while all are waiting for the sink.
func (t *TeeBackend) slice() []event.Record {
	select {
	case s := <-t.free:
		return s
	default:
	}
	if t.made < cap(t.free) {
		t.made++
		return nil
	}
	return <-t.free
}

// write is the goroutine that owns the sink.
func (t *TeeBackend) write() {
	defer close(t.joined)
	over := false
	for records := range t.full {
		if !over {
			over = t.writeBatch(records)
		}
		clear(records)
		t.free <- records[:0]
	}
	if !over {
		t.finish(ReasonClosed, 0)
	}
}

func (t *TeeBackend) writeBatch(records []event.Record) (over bool) {
	var last event.Record // of a backend that knows its end, as a replay does
	if i := slices.IndexFunc(records, func(r event.Record) bool { return r.Kind == event.KindEnd }); i >= 0 {
		last, records = records[i], records[:i]
	}
	kept, reason := t.out.limit(records)
	if len(kept) > 0 {
		if err := t.out.write(kept); err != nil {
			t.fail(err)
			return true
		}
	}
	switch {
	case reason != "":
	case last.Kind != 0:
		t.publish()
		t.finish(last.Name, last.N)
		return true
	case t.out.full():
		reason = ReasonSize
	case t.opts.Duration > 0 && int64(t.out.account.Time)-t.out.first >= int64(t.opts.Duration):
		reason = ReasonDuration
	}
	t.publish()
	if reason != "" {
		t.finish(reason, 0)
	}
	return reason != ""
}

func (t *TeeBackend) finish(reason string, status int64) {
	if err := t.out.writeOwn(event.Record{Kind: event.KindEnd, Name: reason, N: status}); err != nil {
		t.fail(err)
		return
	}
	t.publish()
	t.state.Lock()
	t.end = end{reason, status}
	t.state.Unlock()
}

func (t *TeeBackend) fail(err error) {
	t.state.Lock()
	t.err, t.end = err, end{reason: ReasonError}
	t.state.Unlock()
	if t.opts.OnError != nil {
		t.opts.OnError(err)
	}
}

func (t *TeeBackend) publish() {
	t.state.Lock()
	t.stats = t.out.stats()
	t.state.Unlock()
}

// Mark puts a KindMark record between what was read before the call and what
// is read after it. The application does not see it, but for a gap in the
// numbers. It returns ErrEnded after Close.
func (t *TeeBackend) Mark(text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return ErrEnded
	}
	records := append(t.slice(), event.Record{Kind: event.KindMark, Name: text, Time: t.opts.Clock()})
	t.numbers.number(records)
	t.full <- records
	return nil
}

// Barrier asks the backend for a barrier, if it has them: event.ErrUnsupported if not.
func (t *TeeBackend) Barrier() (id int64, err error) {
	b, ok := t.Backend.(Barrierer)
	if !ok {
		return 0, fmt.Errorf("barrier: %w", event.ErrUnsupported)
	}
	return b.Barrier()
}

// Stats tells how the recording stands.
func (t *TeeBackend) Stats() Stats {
	t.state.Lock()
	s := t.stats
	t.state.Unlock()
	if t.opts.Size != nil {
		s.Size = t.opts.Size()
	}
	return s
}

// Err is why the sink failed, a *SinkError, and nil as long as it has not.
func (t *TeeBackend) Err() error {
	t.state.Lock()
	defer t.state.Unlock()
	return t.err
}

// Close closes the backend and ends the recording. It gives the error of the
// sink, else that of the backend, and may be called again.
func (t *TeeBackend) Close() error {
	t.shutting.Do(func() {
		t.closeErr = t.Backend.Close()
		t.mu.Lock()
		t.closed = true
		close(t.full)
		t.mu.Unlock()
		<-t.joined
		if err := t.Err(); err != nil {
			t.closeErr = err
		}
	})
	return t.closeErr
}

// Summary tells what the recording holds. It is complete after Close.
func (t *TeeBackend) Summary() Summary {
	select {
	case <-t.joined:
		t.state.Lock()
		defer t.state.Unlock()
		return t.out.summary(t.end.reason, t.end.status)
	default:
		return Summary{Stats: t.Stats()}
	}
}
