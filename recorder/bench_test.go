package recorder_test

import (
	"context"
	"io"
	"testing"

	"fsrec/recorder"
	"fsrec/watcher/event"
)

// storm gives the same read again and again.
type storm struct {
	read []event.Record
	left int
}

func newStorm(events int) *storm {
	const size = 1300 // of a read of live capture in a storm
	s := &storm{left: events / size}
	for range size {
		s.read = append(s.read, event.Record{Kind: event.KindEvent, WD: 1, Mask: event.IN_MODIFY, Name: "name"})
	}
	return s
}

func (s *storm) Read(_ context.Context, to []event.Record) ([]event.Record, error) {
	if s.left--; s.left < 0 {
		return nil, io.EOF
	}
	return append(to[:0], s.read...), nil
}

type nowhere struct{}

func (nowhere) Write([]event.Record) error { return nil }

func BenchmarkRecorder(b *testing.B) {
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		s, err := recorder.New(newStorm(1_000_000), nowhere{}, recorder.Options{}).Run(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		n += s.Events
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

func BenchmarkTee(b *testing.B) {
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		tee := recorder.Tee(teeable{Reader: newStorm(1_000_000)}, nowhere{}, recorder.Options{})
		var records []event.Record
		var err error
		for err == nil {
			records, err = tee.Read(context.Background(), records)
		}
		if err := tee.Close(); err != nil {
			b.Fatal(err)
		}
		n += tee.Summary().Events
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
