package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

// reading shows on a terminal how far several readers are, which may read at the same time, and
// after that, unless it is empty, what is done then.
type reading struct {
	status *term.Status
	then   string
	n      atomic.Int64
	next   atomic.Int64
	open   atomic.Int64 // readers that are not at their end
	stop   func()
}

func newReading(then string) *reading {
	return &reading{status: term.NewStatus(os.Stderr), then: then, stop: func() {}}
}

func (p *reading) reader(r event.Reader) event.Reader {
	if !p.status.On() {
		return r
	}
	p.open.Add(1)
	return counting{r, p}
}

// done takes the line away. Nobody reads any more.
func (p *reading) done() {
	p.stop()
	p.status.Clear()
}

const progressStep = 50_000 // records

type counting struct {
	event.Reader
	p *reading
}

// Read implements event.Reader.
func (c counting) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	to, err := c.Reader.Read(ctx, to)
	n := c.p.n.Add(int64(len(to)))
	if next := c.p.next.Load(); n >= next+progressStep && c.p.next.CompareAndSwap(next, n) {
		c.p.status.Set(humanize.Comma(n) + " records read")
	}
	if errors.Is(err, io.EOF) && c.p.open.Add(-1) == 0 && c.p.then != "" {
		text := humanize.Comma(n) + " records read, " + c.p.then
		if n >= progressStep {
			c.p.status.Set(text)
		}
		c.p.stop = busy(c.p.status, text)
	}
	return to, err
}

// busy shows on a terminal what takes longer than a second, and how long it has taken, until stop is called.
func busy(status *term.Status, what string) (stop func()) {
	if !status.On() {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		begun, tick := time.Now(), time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-end:
				status.Clear()
				return
			case now := <-tick.C:
				status.Set(fmt.Sprintf("%s, %s", what, now.Sub(begun).Round(time.Second)))
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}
