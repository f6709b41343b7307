package recorder

import (
	"context"

	"fsrec/watcher/event"
)

// queue joins the loop that reads to the one that writes. There are never more
// slices than full has room for, so that only a lack of free ones can make the
// reading loop wait.
type queue struct {
	full chan []event.Record // closed after the last
	free chan []event.Record
	err  error // why reading ended; valid once full is closed
}

func newQueue(slices int) *queue {
	return &queue{
		full: make(chan []event.Record, slices),
		free: make(chan []event.Record, slices),
	}
}

// fill reads source until it fails, which it does when ctx is done.
func (q *queue) fill(ctx context.Context, source event.Reader) {
	defer close(q.full)
	made := 0
	for {
		var records []event.Record
		select {
		case records = <-q.free:
		default:
			if made++; made <= cap(q.free) {
				break
			}
			select {
			case records = <-q.free:
			case <-ctx.Done():
				q.err = ctx.Err()
				return
			}
		}
		records, q.err = source.Read(ctx, records)
		if q.err != nil {
			return
		}
		q.full <- records
	}
}

// give returns a slice that came from full. Its strings are let go of.
func (q *queue) give(records []event.Record) {
	clear(records)
	q.free <- records[:0]
}

// join waits until fill has returned, whose context must be done.
func (q *queue) join() {
	for range q.full {
	}
}
