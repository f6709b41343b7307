package replayer

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"sort"
	"sync"
	"time"

	"fsrec/watcher/event"
)

// Replayer is a recording as an event.Backend. See the package documentation.
type Replayer struct {
	config
	header event.Header
	mapper *mapper // nil where paths stay as they are
	paced  bool    // Read is held back: by pace or by steps

	closed chan struct{}

	mu       sync.Mutex
	wake     chan struct{} // closed, and replaced, when a blocked Read should look again
	log      event.Log
	first    uint64 // numbers of the first and the last record of a round
	last     uint64
	logNext  uint64 // number that log.Read gives next
	ahead    []event.Record
	at       int            // of ahead: what is before it has been passed on
	pending  []event.Record // to be passed on before anything else, translated
	position Position
	next     uint64 // number of the first record that has not been passed on
	now      int64  // time of the record that was passed on last, shifted
	shift    int64  // added to recorded time in this round
	empty    bool   // no record was passed on in this round
	done     bool   // the last round is over
	clock    clock
	steps    steps
	faults   []losing // by config.overflow
	changes
}

var _ event.Backend = (*Replayer)(nil)

// Position is a place in a replay.
type Position struct {
	Seq   uint64        // number of the record that was passed on last, 0 at the start
	Time  time.Duration // its time in the recording
	Round int           // from 0
}

// New prepares a replay of log, which the Replayer reads, seeks in and does not
// close. The error is an *OptionError, a *MarkError, a *RangeError or one of log.
func New(log event.Log, opts ...Option) (*Replayer, error) {
	r := &Replayer{
		config: config{rounds: 1},
		log:    log,
		header: log.Header(),
		closed: make(chan struct{}),
		wake:   make(chan struct{}),
		last:   math.MaxUint64,
	}
	for _, o := range opts {
		o(&r.config)
	}
	r.mapper = newMapper(r.header.Platform, &r.config)
	if r.err != nil {
		return nil, r.err
	}
	r.header = r.mapper.header(r.header)
	r.paced = r.speed > 0 || r.step != stepNone
	if err := r.resolve(); err != nil {
		return nil, err
	}
	if err := r.begin(); err != nil {
		return nil, err
	}
	return r, nil
}

// resolve finds the numbers of the first and the last record.
func (r *Replayer) resolve() error {
	if !r.from.given && !r.to.given {
		return nil
	}
	end, err := r.log.SeqAt(math.MaxInt64)
	if err != nil {
		return err
	}
	if r.first, err = r.find(r.from, 0, false); err != nil {
		return err
	}
	r.last = end - 1
	if r.to.given {
		if r.last, err = r.find(r.to, r.first, true); err != nil {
			return err
		}
	}
	if r.first > r.last || r.first >= end {
		length, err := r.length(end - 1)
		if err != nil {
			return err
		}
		return &RangeError{r.first, r.last, length, end - 1}
	}
	return nil
}

// find gives the number of the record at p; for a time, of the first record at
// or after it, or with before, of the last one at or before it.
func (r *Replayer) find(p place, after uint64, before bool) (uint64, error) {
	switch {
	case p.time != nil && before:
		seq, err := r.log.SeqAt(max(int64(*p.time), int64(*p.time)+1))
		return max(seq, 1) - 1, err
	case p.time != nil:
		return r.log.SeqAt(int64(*p.time))
	case p.mark == nil:
		return p.seq, nil
	}
	marks, err := r.marks()
	if err != nil {
		return 0, err
	}
	missing := &MarkError{Text: *p.mark}
	for _, m := range marks {
		if m.Seq >= after {
			if m.Text == *p.mark {
				return m.Seq, nil
			}
			missing.Marks = append(missing.Marks, m.Text)
		}
	}
	return 0, missing
}

// begin goes to the start of a round.
func (r *Replayer) begin() error {
	if err := r.log.Seek(r.first); err != nil {
		return err
	}
	r.logNext, r.next = r.first, r.first
	r.ahead, r.at, r.empty = r.ahead[:0], 0, true
	r.faults = r.faults[:0]
	for _, f := range r.overflow {
		r.faults = append(r.faults, losing{n: f.n})
	}
	if r.first <= 1 {
		return nil
	}
	table, err := r.log.TableAt(r.first)
	if err != nil {
		return err
	}
	if err := r.fill(context.Background()); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	watches := table.Watches()
	prefix := make([]event.Record, len(watches), len(watches)+len(r.ahead))
	for i, w := range watches {
		prefix[i] = w.Record()
		prefix[i].Time = r.ahead[0].Time
	}
	r.ahead = append(prefix, r.ahead...)
	return nil
}

// fill reads the log ahead, when all that was read has been passed on. It gives
// io.EOF at the end of the round.
func (r *Replayer) fill(ctx context.Context) error {
	if r.at < len(r.ahead) {
		return nil
	}
	r.at = 0
	var err error
	r.ahead, err = r.readLog(ctx, r.ahead)
	return err
}

// readLog reads on in the log, as far as the round goes.
func (r *Replayer) readLog(ctx context.Context, to []event.Record) ([]event.Record, error) {
	if r.logNext > r.last {
		return to[:0], io.EOF
	}
	to, err := r.log.Read(ctx, to[:0])
	if err != nil {
		return to[:0], err
	}
	last := to[len(to)-1].Seq
	r.logNext = last + 1
	if last > r.last {
		to = to[:sort.Search(len(to), func(i int) bool { return to[i].Seq > r.last })]
		if len(to) == 0 {
			return to, io.EOF
		}
	}
	return to, nil
}

// Read gives the next records: at full speed all of a block of the log, at
// recorded pace and in steps what is due, never of two reads of the kernel. From
// the first Add, Update or Remove on it gives one read of the kernel at a time at full
// speed too, so that a program that changes watches does it at the place of the
// recording where its handler is. Past the end it returns io.EOF.
func (r *Replayer) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	for {
		if err := r.usable(ctx); err != nil {
			return nil, err
		}
		r.mu.Lock()
		out, wait, err := r.take(ctx, to)
		wake := r.wake
		r.mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case len(out) > 0:
			return out, nil
		}
		if out != nil {
			to = out
		}
		if wait != 0 {
			if err := r.wait(ctx, wait, wake); err != nil {
				return nil, err
			}
		}
	}
}

// usable gives the error of a Replayer that was closed, or of ctx.
func (r *Replayer) usable(ctx context.Context) error {
	select {
	case <-r.closed:
		return event.ErrClosed
	default:
		return ctx.Err()
	}
}

// forever is a wait that only a wake-up ends.
const forever = time.Duration(math.MaxInt64)

// take gives what Read returns, or how long to wait for it. Neither means that
// there is more to take at once.
func (r *Replayer) take(ctx context.Context, to []event.Record) (out []event.Record, wait time.Duration, err error) {
	if len(r.pending) > 0 {
		to = append(to[:0], r.pending...)
		clear(r.pending)
		r.pending = r.pending[:0]
		return to, 0, nil
	}
	if r.done {
		return nil, 0, io.EOF
	}
	if r.paced || r.attended || r.at < len(r.ahead) {
		if err = r.fill(ctx); err == nil {
			var n int
			if n, wait = r.due(); n == 0 {
				return nil, wait, nil
			}
			to = append(to[:0], r.ahead[r.at:r.at+n]...)
			r.at += n
		}
	} else {
		to, err = r.readLog(ctx, to)
	}
	if errors.Is(err, io.EOF) {
		return nil, 0, r.endRound()
	}
	if err != nil {
		return nil, 0, err
	}
	return r.pass(to), 0, nil
}

// due tells how many records from ahead[at] on may be passed on now, and if
// none, how long to wait.
func (r *Replayer) due() (n int, wait time.Duration) {
	rest := r.ahead[r.at:]
	if r.step != stepNone {
		return r.steps.allow(r.step, rest), forever
	}
	if r.paced {
		if wait = r.clock.until(rest[0].Time+r.shift, &r.config); wait > 0 {
			return 0, wait
		}
	}
	if r.attended {
		r.steps.credit = 1
		rest = rest[:r.steps.allow(stepReads, rest)]
	}
	if !r.paced {
		return len(rest), 0
	}
	for n = 1; n < len(rest) && rest[n].Kind != event.KindRead; n++ {
		if rest[n].Time > rest[n-1].Time && r.clock.until(rest[n].Time+r.shift, &r.config) > 0 {
			break
		}
	}
	return n, 0
}

// wait blocks for d, or until there may be something to read.
func (r *Replayer) wait(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	var due <-chan time.Time
	if d != forever {
		timer := time.NewTimer(d)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
	case <-wake:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.closed:
		return event.ErrClosed
	}
	return nil
}

// wakeUp makes blocked Reads look again. The caller holds the lock.
func (r *Replayer) wakeUp() {
	close(r.wake)
	r.wake = make(chan struct{})
}

// endRound prepares the next round, or gives io.EOF.
func (r *Replayer) endRound() error {
	r.position.Round++
	if (r.rounds > 0 && r.position.Round >= r.rounds) || r.empty {
		r.position.Round--
		r.done = true
		return io.EOF
	}
	if err := r.endWatches(); err != nil {
		return err
	}
	if err := r.begin(); err != nil {
		return err
	}
	if err := r.fill(context.Background()); err != nil {
		return err
	}
	r.shift = r.now - r.ahead[0].Time
	return nil
}

// endWatches ends what this round's auto-add has placed and the next one's start does not have.
func (r *Replayer) endWatches() error {
	if err := r.needTable(); err != nil {
		return err
	}
	start, err := r.log.TableAt(r.first)
	if err != nil {
		return err
	}
	for _, w := range r.table.Watches() {
		if w.Parent == 0 || start.Watch(w.WD) != nil {
			continue
		}
		over := event.Record{Kind: event.KindUnwatch, WD: w.WD, Name: event.CauseRemoved, Path: w.Path()}
		r.table.Apply(&over)
		if !r.withheld[w.WD] {
			r.queue(over)
		}
	}
	return nil
}

// queue gives record, which does not come from the log, the present time and
// lets Read pass it on next.
func (r *Replayer) queue(record event.Record) {
	record.Time = r.now
	if r.mapper != nil {
		r.mapper.record(&record)
	}
	r.pending = append(r.pending, record)
}

// everything stands for the rest of a recording, all of which waits to be read.
const everything = 1 << 30

// Ready blocks until Read has something to give. The number of bytes is that of
// the recorded reads that are due; at full speed, and at the end, when no more
// can come, it is 1 GiB: no threshold waits for more.
func (r *Replayer) Ready(ctx context.Context) (int, error) {
	for {
		if err := r.usable(ctx); err != nil {
			return 0, err
		}
		r.mu.Lock()
		n, wait, err := r.ready(ctx)
		wake := r.wake
		r.mu.Unlock()
		if n > 0 || err != nil {
			return n, err
		}
		if wait != 0 {
			if err := r.wait(ctx, wait, wake); err != nil {
				return 0, err
			}
		}
	}
}

func (r *Replayer) ready(ctx context.Context) (n int, wait time.Duration, err error) {
	if len(r.pending) > 0 {
		return everything, 0, nil
	}
	if r.done {
		return 0, 0, io.EOF
	}
	if err := r.fill(ctx); err != nil {
		if errors.Is(err, io.EOF) {
			err = r.endRound()
		}
		return 0, 0, err
	}
	if !r.paced {
		return everything, 0, nil
	}
	steps := r.steps // they are used up by Read only
	due, wait := r.due()
	r.steps = steps
	if due == 0 {
		return 0, wait, nil
	}
	if r.at+due == len(r.ahead) && r.logNext > r.last {
		return everything, 0, nil
	}
	var bytes int64
	for _, record := range r.ahead[r.at : r.at+due] {
		if record.Kind == event.KindRead {
			bytes += record.N
		}
	}
	return int(min(max(bytes, 1), everything)), 0, nil
}

// Header describes the recording as it is replayed: by the platform and with
// the roots that Map gave it.
func (r *Replayer) Header() event.Header {
	h := r.header
	h.Roots = slices.Clone(h.Roots)
	return h
}

// Close ends the replay and cancels a blocked Read or Ready. It does not close the log.
func (r *Replayer) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.closed:
	default:
		close(r.closed)
	}
	return nil
}

// Next releases n more reads of the kernel, or events, of a replay in steps.
func (r *Replayer) Next(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps.credit += max(n, 0)
	r.wakeUp()
}

// Position tells which record was passed on last.
func (r *Replayer) Position() Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.position
}
