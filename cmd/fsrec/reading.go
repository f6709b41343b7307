package main

import (
	"context"
	"os"
	"sync/atomic"

	"github.com/dustin/go-humanize"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

// reading shows on a terminal how far several readers are, which may read at the same time.
type reading struct {
	status *term.Status
	n      atomic.Int64
	next   atomic.Int64
}

func newReading() *reading { return &reading{status: term.NewStatus(os.Stderr)} }

func (p *reading) reader(r event.Reader) event.Reader {
	if !p.status.On() {
		return r
	}
	return counting{r, p}
}

func (p *reading) done() { p.status.Clear() }

type counting struct {
	event.Reader
	p *reading
}

// Read implements event.Reader.
func (c counting) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	const step = 50_000
	to, err := c.Reader.Read(ctx, to)
	n := c.p.n.Add(int64(len(to)))
	if next := c.p.next.Load(); n >= next+step && c.p.next.CompareAndSwap(next, n) {
		c.p.status.Set(humanize.Comma(n) + " records read")
	}
	return to, err
}
