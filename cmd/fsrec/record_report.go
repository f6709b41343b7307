package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"fsrec/recorder"
	"fsrec/store"
	"fsrec/watcher/event"
)

// sink is where a recording goes: a *store.Writer, or text.
type sink interface {
	event.Writer
	SetHeader(event.Header) error
	Size() int64
	Close() error
	Abort() error
}

// textSink writes the text form, unbuffered: every Write is one of a whole read.
type textSink struct {
	w    io.Writer
	text *event.TextWriter
}

func (t *textSink) SetHeader(h event.Header) (err error) {
	t.text, err = event.NewTextWriter(t.w, &h)
	return err
}

func (t *textSink) Write(records []event.Record) error { return t.text.Write(records) }

func (t *textSink) Size() int64  { return 0 }
func (t *textSink) Close() error { return nil }
func (t *textSink) Abort() error { return nil }

// rateMeter gives events per second over the last second or so.
type rateMeter struct {
	at     time.Time
	events uint64
	rate   float64
}

func (m *rateMeter) read(events uint64) float64 {
	if d := time.Since(m.at); d >= time.Second {
		m.rate = float64(events-m.events) / d.Seconds()
		m.at, m.events = time.Now(), events
	}
	return m.rate
}

func statusText(s recorder.Stats, rate *rateMeter) string {
	text := fmt.Sprintf("%s  %s/s  %s  %s", count(s.Events, "event"), humanize.Comma(int64(rate.read(s.Events))),
		count(s.Watches, "watch"), humanize.Bytes(uint64(s.Size)))
	if s.Losses > 0 {
		text += "  " + count(s.Losses, "loss")
	}
	if s.FailedWatches > 0 {
		text += "  " + humanize.Comma(int64(s.FailedWatches)) + " not watched"
	}
	return text
}

// summarize prints what a recording holds.
func (r *record) summarize(s recorder.Summary, size int64, took time.Duration, to string) {
	losses := "no losses"
	if s.Losses > 0 {
		losses = count(s.Losses, "loss")
	}
	sized := ""
	if size > 0 {
		sized = ", " + humanize.Bytes(uint64(size)) + " in " + to
	}
	r.status.Printf("fsrec: %s in %v, %s, %s%s (%s)", count(s.Events, "event"), took.Round(time.Millisecond),
		count(s.Watches, "watch"), losses, sized, s.Reason)
	for i, l := range s.Lost {
		if i == maxWarnings {
			r.status.Printf("fsrec: warning: %s more", count(s.Losses-maxWarnings, "loss"))
			break
		}
		n := "an unknown number of events"
		if l.Count >= 0 {
			n = count(l.Count, "event")
		}
		r.status.Printf("fsrec: warning: %s lost (%s) between %v and %v%s", n, l.Cause, l.From, l.To, lossHint(l.Cause))
	}
	var failed []error
	for _, f := range s.Failures[min(r.warned, len(s.Failures)):] {
		failed = append(failed, refusal(f.Op, f.Path, f.Errno))
	}
	warnFailed(r.status, failed)
	if s.FailedWatches > 0 {
		r.status.Printf("fsrec: %s", notWatched(s.FailedWatches))
	}
}

// lossHint is what can be done about a loss.
func lossHint(cause string) string {
	switch cause {
	case "kernel":
		return "; the kernel's queue was full: raise the sysctl fs.inotify.max_queued_events"
	case "buffer":
		return "; the kernel's buffer for a directory was full: give it a larger one with --buffer"
	}
	return ""
}

// lost says how much of a recording that failed can be read.
func (r *record) lost(err error) error {
	var sinkErr *recorder.SinkError
	if errors.As(err, &sinkErr) {
		err = sinkErr.Err
	}
	if r.log == "-" {
		return fmt.Errorf("standard output: %w", plain(err))
	}
	var write *store.WriteError
	if !errors.As(err, &write) {
		return err
	}
	log, openErr := store.Open(r.log)
	if openErr != nil {
		return err
	}
	defer log.Close()
	info := log.Info()
	return fmt.Errorf("writing %s: %w: %s are safe and can be read (%s)", event.Quote(r.log), plain(write.Err),
		count(info.Delivered(), "event"), count(info.Records, "record"))
}
