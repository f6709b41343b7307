package watcher

import (
	"context"
	"iter"
	"time"
)

// belowThreshold is how long Run waits where fewer bytes than the Threshold wait and there is no ReadFreq.
const belowThreshold = 10 * time.Millisecond

// Run reads and processes events until the end of a recording or Stop, which
// give nil, until ctx is done, which gives its error, or until something fails.
// After each round of events, and each time the Timeout ran out without any, it
// calls the callbacks; one that returns true ends it.
func (n *Notifier) Run(ctx context.Context, callbacks ...func(*Notifier) bool) error {
	if n.stopped.Err() != nil {
		return n.setErr(ErrClosed)
	}
	return n.run(ctx, callbacks)
}

// run is Run, to which a Stop that came first is an end like any other.
func (n *Notifier) run(ctx context.Context, callbacks []func(*Notifier) bool) error {
	reading, cancel := n.until(ctx)
	defer cancel()
	return n.setErr(n.ended(ctx, n.loop(reading, callbacks)))
}

// until gives a context that is done with ctx and with Stop.
func (n *Notifier) until(ctx context.Context) (context.Context, context.CancelFunc) {
	both, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(n.stopped, cancel)
	return both, func() { unhook(); cancel() }
}

func (n *Notifier) loop(ctx context.Context, callbacks []func(*Notifier) bool) error {
	for {
		if _, err := n.next(ctx, false); err != nil {
			return err
		}
		for _, callback := range callbacks {
			if callback(n) {
				return nil
			}
		}
		if err := n.readRound(ctx, n.timeout); err != nil {
			return err
		}
	}
}

// readRound waits for events, up to timeout, and reads at most once, as the options say.
func (n *Notifier) readRound(ctx context.Context, timeout time.Duration) error {
	if timeout < 0 && n.freq <= 0 && n.threshold <= 0 {
		return n.read(ctx, false)
	}
	pause := n.freq
	if pause <= 0 && n.threshold > 0 {
		pause = belowThreshold
	}
	var next <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		next = timer.C
	}
	bytes, err := n.ready(ctx, timeout)
	if err != nil || bytes == 0 {
		return err
	}
	if next != nil && (n.freq > 0 || bytes < n.threshold) {
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return n.read(ctx, n.threshold > 0)
}

// Channel gives the events as slices that the receiver owns, for a program that
// selects. It is closed at the end of a recording, when ctx is done, after Stop
// or an error: see [Notifier.Err]. A receiver that loses interest before must end ctx or call
// Stop. Events of watches with a handler of their own go there, not to the channel.
func (n *Notifier) Channel(ctx context.Context) <-chan []Event {
	out := make(chan []Event)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopped.Err() != nil {
		close(out)
		return out
	}
	n.senders.Add(1)
	go func() {
		defer n.senders.Done()
		defer close(out)
		reading, cancel := n.until(ctx)
		defer cancel()
		n.setErr(n.ended(ctx, n.send(reading, out)))
	}()
	return out
}

func (n *Notifier) send(ctx context.Context, out chan<- []Event) error {
	for {
		for {
			batch, err := n.collect(ctx)
			if n.stopped.Err() != nil {
				return ErrClosed
			}
			if len(batch) > 0 {
				select {
				case out <- batch:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if err != nil {
				return err
			}
			if len(batch) == 0 {
				break
			}
		}
		if err := n.readRound(ctx, n.timeout); err != nil {
			return err
		}
	}
}

// collect gives copies of up to segmentEvents events, those before a failure with its error.
func (n *Notifier) collect(ctx context.Context) ([]Event, error) {
	var batch []Event
	for len(batch) < segmentEvents {
		ev, err := n.next(ctx, true)
		if err != nil {
			return batch, err
		}
		if ev == nil {
			break
		}
		if batch == nil {
			batch = make([]Event, 0, segmentEvents)
		}
		batch = append(batch, *ev)
		kept := &batch[len(batch)-1]
		kept.sub = nil
	}
	return batch, nil
}

// Events is a generator of events, as in the other Python library of the name
// inotify: it yields each event, and nil after all events of one read and after
// each block of time in which nothing happened, as an opportunity to do other work. A block of 0
// is a second, a negative one never ends. The events go to no handler, but
// those of watches with a handler of their own. An event is valid until the next.
// The loop ends as Channel does: see [Notifier.Err].
func (n *Notifier) Events(ctx context.Context, block time.Duration) iter.Seq[*Event] {
	if block == 0 {
		block = time.Second
	}
	return func(yield func(*Event) bool) {
		reading, cancel := n.until(ctx)
		defer cancel()
		n.setErr(n.ended(ctx, n.generate(reading, block, yield)))
	}
}

func (n *Notifier) generate(ctx context.Context, block time.Duration, yield func(*Event) bool) error {
	for round := 0; ; round++ {
		for {
			ev, err := n.next(ctx, true)
			if err != nil {
				return err
			}
			// Before the first round there is only what another loop left.
			if (ev != nil || round > 0) && !yield(ev) {
				return nil
			}
			if ev == nil {
				break
			}
		}
		if err := n.readRound(ctx, block); err != nil {
			return err
		}
	}
}
