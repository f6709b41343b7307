package replayer

import (
	"context"
	"time"

	"fsrec/watcher/event"
)

// Mark is a KindMark record.
type Mark struct {
	Text string
	Seq  uint64
	Time time.Duration
}

// Marks lists the marks of the whole recording, in order. It reads the log
// through at the first call.
func (r *Replayer) Marks() ([]Mark, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.marks()
}

func (r *Replayer) marks() ([]Mark, error) {
	if r.found != nil {
		return r.found, nil
	}
	found := []Mark{}
	err := r.aside(1, func(records []event.Record) bool {
		for i := range records {
			if m := &records[i]; m.Kind == event.KindMark {
				found = append(found, Mark{m.Name, m.Seq, time.Duration(m.Time)})
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	r.found = found
	return found, nil
}

// aside reads the log from record seq on while visit returns true, and returns to the present place.
func (r *Replayer) aside(seq uint64, visit func([]event.Record) bool) error {
	if err := r.log.Seek(seq); err != nil {
		return err
	}
	for records, err := range event.Batches(context.Background(), r.log) {
		if err != nil {
			return err
		}
		if !visit(records) {
			break
		}
	}
	return r.log.Seek(r.logNext)
}

// Duration is the time of the last record of the replay, from the start of the recording.
func (r *Replayer) Duration() (time.Duration, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	end, err := r.log.SeqAt(1<<63 - 1)
	if err != nil {
		return 0, err
	}
	return r.length(min(r.last, end-1))
}

// length is the time of record seq.
func (r *Replayer) length(seq uint64) (length time.Duration, err error) {
	err = r.aside(seq, func(records []event.Record) bool {
		length = time.Duration(records[0].Time)
		return false
	})
	return length, err
}
