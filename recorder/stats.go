package recorder

import (
	"math/bits"
	"time"

	"fsrec/watcher/event"
)

// Stats is how a recording stands.
type Stats struct {
	Records       uint64        // written, control records included
	Events        uint64        // of the kernel and synthetic ones, without those of our own listings
	Synthetic     uint64        // of these, how many the kernel did not send
	Reads         uint64        // of the kernel
	ReadBytes     int64         // what they returned
	Watches       int           // in the watch table now
	FailedWatches uint64        // KindFail records
	Losses        uint64        // KindLoss records
	Marks         uint64        // KindMark records
	Size          int64         // of the sink in bytes, 0 if not known
	Time          time.Duration // of the last record
}

// Loss is a window in which events are missing.
type Loss struct {
	Seq      uint64 // of the KindLoss record
	Cause    string
	Count    int64 // how many, -1 if not known
	From, To time.Duration
}

// Failure is a path that could not be watched or listed.
type Failure struct {
	Seq   uint64 // of the KindFail record
	Op    string // "watch", "list" or "stat"
	Path  string
	Errno int64 // of the recorded platform
}

// Summary is what a finished recording holds.
type Summary struct {
	Stats
	Reason   string                // why it ended
	Status   int                   // exit status that was given to StopStatus
	Masks    map[event.Mask]uint64 // how many events of each kind, by their single bit
	Lost     []Loss                // the first 1000
	Failures []Failure             // the first 1000
}

// maxListed bounds the lists of a Summary.
const maxListed = 1000

// numbering is a gapless sequence of numbers, and of times that never decrease.
type numbering struct {
	seq  uint64 // of the last record
	time int64
}

// encoder numbers records, keeps account of them and hands them to the sink.
type encoder struct {
	sink event.Writer
	opts Options
	numbering

	account Stats
	first   int64 // time of the first record
	masks   [16]uint64
	watched map[int32]struct{}
	lost    []Loss
	failed  []Failure
}

func newEncoder(sink event.Writer, opts Options) encoder {
	return encoder{sink: sink, opts: opts, watched: make(map[int32]struct{})}
}

// number gives records their Seq, and keeps time from going back.
func (n *numbering) number(records []event.Record) {
	for i := range records {
		r := &records[i]
		n.seq++
		r.Seq = n.seq
		r.Time = max(r.Time, n.time)
		n.time = r.Time
	}
}

// limit takes numbered records into account, up to the one that reaches a limit
// of the options. The reason is empty if none does.
func (e *encoder) limit(records []event.Record) (kept []event.Record, reason string) {
	for i := range records {
		e.count(&records[i])
		if e.opts.Count > 0 && e.account.Events >= e.opts.Count {
			return records[:i+1], ReasonCount
		}
	}
	return records, ""
}

func (e *encoder) count(r *event.Record) {
	a := &e.account
	if a.Records == 0 {
		e.first = r.Time
	}
	a.Records++
	a.Time = time.Duration(r.Time)
	switch r.Kind {
	case event.KindEvent, event.KindChange:
		if r.Flags&event.FlagOwn != 0 {
			return
		}
		a.Events++
		if r.Flags&event.FlagSynthetic != 0 {
			a.Synthetic++
		}
		if r.Kind == event.KindChange {
			break // its Mask is an action
		}
		for m := uint16(r.Mask); m != 0; m &= m - 1 {
			e.masks[bits.TrailingZeros16(m)]++
		}
	case event.KindRead:
		a.Reads++
		a.ReadBytes += r.N
	case event.KindWatch:
		e.watched[r.WD] = struct{}{}
		a.Watches = len(e.watched)
	case event.KindUnwatch:
		delete(e.watched, r.WD)
		a.Watches = len(e.watched)
	case event.KindFail:
		a.FailedWatches++
		if len(e.failed) < maxListed {
			e.failed = append(e.failed, Failure{r.Seq, r.Name, r.Path, r.N})
		}
	case event.KindLoss:
		a.Losses++
		if len(e.lost) < maxListed {
			e.lost = append(e.lost, Loss{r.Seq, r.Name, r.N, time.Duration(r.M), time.Duration(r.Time)})
		}
	case event.KindMark:
		a.Marks++
	}
}

// writeOwn writes a record that does not come from the source, after the last
// that was taken into account.
func (e *encoder) writeOwn(record event.Record) error {
	record.Time = e.opts.Clock()
	e.numbering = numbering{e.account.Records, int64(e.account.Time)}
	own := []event.Record{record}
	e.number(own)
	e.count(&own[0])
	return e.write(own)
}

// write hands records to the sink.
func (e *encoder) write(records []event.Record) error {
	err := e.sink.Write(records)
	if err == nil {
		return nil
	}
	failed := &SinkError{Err: err}
	if s, ok := e.sink.(interface{ Committed() uint64 }); ok {
		failed.Known, failed.Safe = true, s.Committed()
	}
	return failed
}

// full reports whether the sink has reached the size that was allowed.
func (e *encoder) full() bool {
	return e.opts.MaxSize > 0 && e.opts.Size != nil && e.opts.Size() >= e.opts.MaxSize
}

func (e *encoder) stats() Stats { return e.account }

func (e *encoder) summary(reason string, status int64) Summary {
	s := Summary{Stats: e.account, Reason: reason, Status: int(status), Masks: make(map[event.Mask]uint64), Lost: e.lost, Failures: e.failed}
	for bit, n := range e.masks {
		if n > 0 {
			s.Masks[1<<bit] = n
		}
	}
	if e.opts.Size != nil {
		s.Size = e.opts.Size()
	}
	return s
}
