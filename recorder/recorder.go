package recorder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"fsrec/watcher/event"
)

// Reasons that a recording gives in its KindEnd record, beside those that callers of Stop give.
const (
	ReasonStopped  = "stopped"       // Stop was called without a reason
	ReasonDuration = "duration"      // Options.Duration is over
	ReasonCount    = "count"         // Options.Count is reached
	ReasonSize     = "size"          // Options.MaxSize is reached
	ReasonCanceled = "canceled"      // the context of Run is done
	ReasonEOF      = "end of source" // the source gave io.EOF
	ReasonClosed   = "closed"        // the source, or the TeeBackend, was closed
	ReasonError    = "error"         // the source failed
)

// Options say when a recording ends and how much it may hold in memory. The
// zero value records until it is stopped.
type Options struct {
	// Duration ends the recording this long after Run was called; a Tee
	// measures it in record time, from its first record. 0 is no limit.
	Duration time.Duration
	// Count ends the recording with the event of this number, counted as
	// Stats.Events counts them. 0 is no limit.
	Count uint64
	// MaxSize ends the recording when Size has reached it; what the sink has
	// under way when that is noticed comes on top. 0 is no limit.
	MaxSize int64
	// Size gives the size of the sink in bytes, cheaply and from any
	// goroutine. Nil is not known: MaxSize has no effect then.
	Size func() int64
	// Queue is how many reads may wait for the sink before reading waits too. The default is 32.
	Queue int
	// Grace bounds the time that a stop waits for its barrier. A KindLoss record
	// says that it did not come. The default is 5 s.
	Grace time.Duration
	// Clock gives the time of marks and of the end in nanoseconds since
	// Header.Start, on the clock of the source. The default follows
	// Header.Start if the source has a header made by this process, and is
	// else the time of the last record.
	Clock func() int64
	// OnError is called once, from a goroutine of the TeeBackend, when its sink
	// fails. It must not call Close, which waits for that goroutine.
	OnError func(error)
}

const (
	defaultQueue = 32
	defaultGrace = 5 * time.Second
)

func (o Options) withDefaults(source any) Options {
	if o.Queue <= 0 {
		o.Queue = defaultQueue
	}
	if o.Grace <= 0 {
		o.Grace = defaultGrace
	}
	if o.Clock == nil {
		o.Clock = clockOf(source)
	}
	return o
}

// clockOf gives the clock behind a source that was opened by this process: only
// then does the start in its header carry a monotonic reading.
func clockOf(source any) func() int64 {
	if s, ok := source.(interface{ Header() event.Header }); ok {
		if start := s.Header().Start; start != start.Round(0) {
			return func() int64 { return int64(time.Since(start)) }
		}
	}
	return func() int64 { return 0 }
}

// Barrierer is what a source may have beside Read: Barrier asks for a
// KindBarrier record with N = id, which comes through Read after the records
// of everything that happened before the call. Barrier does not wait for Read.
type Barrierer interface {
	Barrier() (id int64, err error)
}

// SinkError says that the sink failed and how much of the recording is safe.
type SinkError struct {
	Known bool   // whether the sink can tell
	Safe  uint64 // number of the last record that is safe
	Err   error  // of the sink
}

func (e *SinkError) Error() string {
	if !e.Known {
		return fmt.Sprintf("the recording cannot be written: %v", e.Err)
	}
	return fmt.Sprintf("the recording cannot be written: %v: the first %d records are safe", e.Err, e.Safe)
}

// Unwrap gives the error of the sink.
func (e *SinkError) Unwrap() error { return e.Err }

// ErrEnded says that the recording is over. It is an event.ErrClosed too.
var ErrEnded = fmt.Errorf("the recording has ended: %w", event.ErrClosed)

// Recorder carries records from a source to a sink. Its methods may be called
// from any goroutine.
type Recorder struct {
	source event.Reader
	opts   Options
	stop   chan end      // holds the first request to stop
	wake   chan struct{} // marks has grown
	done   chan struct{} // Run is over

	mu      sync.Mutex
	started bool
	stats   Stats
	marks   []signal         // of a source without barriers, to be written at the next occasion
	waiting map[int64]signal // by id of their barrier

	// of the goroutine of Run
	out      encoder
	end      end      // empty until it is known why the recording ends
	barred   bool     // the barrier of the stop has been asked for
	released []signal // their barriers came with the records that are being written
}

type end struct {
	reason string
	status int64
}

// signal is what a barrier is for.
type signal struct {
	synced chan struct{} // closed when all before the barrier is in the sink
	marks  bool          // a mark stands for the barrier
	mark   string        // its text
	last   bool          // the recording ends here
}

// New prepares a recording of source into sink. If the source is an
// [event.Backend], its watches are placed by whoever made it.
func New(source event.Reader, sink event.Writer, opts Options) *Recorder {
	opts = opts.withDefaults(source)
	return &Recorder{
		source:  source,
		opts:    opts,
		stop:    make(chan end, 1),
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
		waiting: make(map[int64]signal),
		out:     newEncoder(sink, opts),
	}
}

// Run records until the recording ends, and joins its goroutines before it
// returns. The error is nil however a recording was stopped, also by ctx; it is
// a *SinkError if the sink failed, and the source's own error if that failed.
// The summary is valid with an error too. A Recorder runs once.
func (r *Recorder) Run(ctx context.Context) (Summary, error) {
	r.mu.Lock()
	started := r.started
	r.started = true
	r.mu.Unlock()
	if started {
		return Summary{}, ErrEnded
	}
	defer close(r.done)
	// The source is read on after ctx is done: until the barrier of the stop.
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	q := newQueue(r.opts.Queue)
	go q.fill(reading, r.source)
	defer func() {
		cancel()
		q.join()
	}()

	var overdue <-chan time.Time
	if r.opts.Duration > 0 {
		timer := time.NewTimer(r.opts.Duration)
		defer timer.Stop()
		overdue = timer.C
	}
	grace := time.NewTimer(r.opts.Grace)
	grace.Stop()
	defer grace.Stop()
	canceled, stop := ctx.Done(), r.stop
	halt := func(e end) {
		overdue, canceled, stop, r.end = nil, nil, nil, e
		if r.signal(signal{last: true}) != nil {
			cancel()
			return
		}
		r.barred = true
		grace.Reset(r.opts.Grace)
	}
	for {
		var err error
		ended := false
		select {
		case records, ok := <-q.full:
			if !ok {
				return r.drained(q.err)
			}
			ended, err = r.write(records)
			q.give(records)
		case <-r.wake:
			// What was read before the mark was made stands before it.
			for n := len(q.full); n > 0 && !ended && err == nil; n-- {
				records := <-q.full
				ended, err = r.write(records)
				q.give(records)
			}
			if !ended && err == nil {
				err = r.writeMarks()
			}
		case <-overdue:
			halt(end{reason: ReasonDuration})
		case <-canceled:
			halt(end{reason: ReasonCanceled})
		case e := <-stop:
			halt(e)
		case <-grace.C:
			cancel()
		}
		if err != nil {
			r.end = end{reason: ReasonError}
			return r.summary(), err
		}
		if ended {
			return r.finish()
		}
	}
}

// drained ends a recording whose source gives no more.
func (r *Recorder) drained(cause error) (Summary, error) {
	failed := false
	if r.end.reason == "" {
		switch {
		case errors.Is(cause, io.EOF):
			r.end.reason = ReasonEOF
		case errors.Is(cause, event.ErrClosed):
			r.end.reason = ReasonClosed
		default:
			r.end.reason = ReasonError
			failed = true
		}
	}
	if err := r.writeMarks(); err != nil {
		return r.summary(), err
	}
	if r.barred && !errors.Is(cause, io.EOF) {
		// What happened before the stop has not all been read.
		loss := event.Record{Kind: event.KindLoss, Name: "queue", N: -1, M: int64(r.out.account.Time)}
		if err := r.writeOwn(loss); err != nil {
			return r.summary(), err
		}
	}
	s, err := r.finish()
	if failed && err == nil {
		err = fmt.Errorf("read events: %w", cause)
	}
	return s, err
}

// finish writes the KindEnd record.
func (r *Recorder) finish() (Summary, error) {
	err := r.writeOwn(event.Record{Kind: event.KindEnd, Name: r.end.reason, N: r.end.status})
	return r.summary(), err
}

func (r *Recorder) summary() Summary {
	return r.out.summary(r.end.reason, r.end.status)
}

// write numbers records and hands them to the sink, up to where the recording
// ends if it ends among them. It changes records.
func (r *Recorder) write(records []event.Record) (ended bool, err error) {
	kept := records[:0]
	for i := range records {
		record := &records[i]
		switch record.Kind {
		case event.KindBarrier:
			s := r.arrived(record.N)
			if s.synced != nil {
				r.released = append(r.released, s)
			}
			if s.last {
				ended = true
			}
			if s.marks {
				kept = append(kept, event.Record{Kind: event.KindMark, Time: record.Time, Name: s.mark})
			}
		case event.KindEnd:
			r.end = end{record.Name, record.N}
			ended = true
		default:
			if len(kept) != i {
				kept = append(kept, *record)
			} else {
				kept = kept[:i+1]
			}
		}
		if ended {
			break
		}
	}
	r.out.number(kept)
	all := len(kept)
	kept, reason := r.out.limit(kept)
	if len(kept) > 0 {
		if err := r.out.write(kept); err != nil {
			return false, err
		}
	}
	if reason == "" && r.out.full() {
		reason = ReasonSize
	}
	if reason != "" {
		r.end = end{reason: reason}
		ended = true
	}
	r.publish()
	if len(kept) == all { // else some may be behind the limit: they are told that the recording has ended
		for _, s := range r.released {
			close(s.synced)
		}
	}
	r.released = r.released[:0]
	return ended, nil
}

func (r *Recorder) writeOwn(record event.Record) error {
	err := r.out.writeOwn(record)
	r.publish()
	return err
}

func (r *Recorder) publish() {
	s := r.out.stats()
	r.mu.Lock()
	r.stats = s
	r.mu.Unlock()
}

// signal asks the source for a barrier that stands for s.
func (r *Recorder) signal(s signal) error {
	source, ok := r.source.(Barrierer)
	if !ok {
		return fmt.Errorf("barrier: %w", event.ErrUnsupported)
	}
	// The barrier may come through before Barrier has returned its id: arrived waits for the lock.
	r.mu.Lock()
	defer r.mu.Unlock()
	id, err := source.Barrier()
	if err != nil {
		return err
	}
	r.waiting[id] = s
	return nil
}

func (r *Recorder) arrived(id int64) signal {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.waiting[id]
	delete(r.waiting, id)
	return s
}

// Stop ends the recording, for a reason that its KindEnd record keeps. It does
// not wait for Run to return. Only the first stop counts.
func (r *Recorder) Stop(reason string) { r.StopStatus(reason, 0) }

// StopStatus is Stop with the exit status of the command that was recorded.
func (r *Recorder) StopStatus(reason string, status int) {
	if reason == "" {
		reason = ReasonStopped
	}
	select {
	case r.stop <- end{reason, int64(status)}:
	default:
	}
}

// Sync blocks until everything that happened before the call has been handed to
// the sink. It needs a source with barriers: event.ErrUnsupported without. After
// the end it returns ErrEnded.
func (r *Recorder) Sync(ctx context.Context) error {
	if r.over() {
		return ErrEnded
	}
	s := signal{synced: make(chan struct{})}
	if err := r.signal(s); err != nil {
		return err
	}
	return r.await(ctx, s)
}

// Mark puts a KindMark record behind what happened before the call, without
// barriers behind what has been read, and blocks until the sink has it: what
// happens after Mark has returned stands behind the mark.
func (r *Recorder) Mark(ctx context.Context, text string) error {
	if r.over() {
		return ErrEnded
	}
	s := signal{synced: make(chan struct{}), marks: true, mark: text}
	err := r.signal(s)
	if errors.Is(err, event.ErrUnsupported) {
		r.mu.Lock()
		r.marks = append(r.marks, s)
		r.mu.Unlock()
		select {
		case r.wake <- struct{}{}:
		default:
		}
	} else if err != nil {
		return err
	}
	return r.await(ctx, s)
}

// await blocks until s has been dealt with.
func (r *Recorder) await(ctx context.Context, s signal) error {
	select {
	case <-s.synced:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
	}
	select {
	case <-s.synced:
		return nil
	default:
		return ErrEnded
	}
}

func (r *Recorder) writeMarks() error {
	r.mu.Lock()
	marks := r.marks
	r.marks = nil
	r.mu.Unlock()
	for _, s := range marks {
		if err := r.writeOwn(event.Record{Kind: event.KindMark, Name: s.mark}); err != nil {
			return err
		}
		close(s.synced)
	}
	return nil
}

func (r *Recorder) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Stats tells how the recording stands, cheaply enough for a status line.
func (r *Recorder) Stats() Stats {
	r.mu.Lock()
	s := r.stats
	r.mu.Unlock()
	if r.opts.Size != nil {
		s.Size = r.opts.Size()
	}
	return s
}
