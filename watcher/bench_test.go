package watcher

import (
	"context"
	"fmt"
	"io"
	"testing"

	"fsrec/watcher/event"
)

// storm is a backend that gives the same batches of a file storm again and
// again: created, opened, written, closed, renamed and deleted in 16 directories.
type storm struct {
	*script
	batches [][]event.Record
	left    int // events
	next    int
}

func newStorm(batchSize, events int) *storm {
	const dirs = 16
	var all []event.Record
	for n := range 1024 {
		wd := int32(n%dirs + 1)
		name, moved := fmt.Sprintf("file%06d.txt", n), fmt.Sprintf("file%06d.moved", n)
		one := func(mask event.Mask, name string, cookie uint32) {
			all = append(all, event.Record{Kind: event.KindEvent, Seq: uint64(len(all) + 1), WD: wd, Mask: mask, Name: name, Cookie: cookie})
		}
		one(event.IN_CREATE, name, 0)
		one(event.IN_OPEN, name, 0)
		one(event.IN_MODIFY, name, 0)
		one(event.IN_CLOSE_WRITE, name, 0)
		one(event.IN_MOVED_FROM, name, uint32(n+1))
		one(event.IN_MOVED_TO, moved, uint32(n+1))
		one(event.IN_DELETE, moved, 0)
	}
	s := &storm{script: newScript(), batches: split(all, batchSize), left: events}
	var watches []event.Record
	for d := range dirs {
		watches = append(watches, event.Record{Kind: event.KindWatch, Flags: event.FlagDir, WD: int32(d + 1),
			Mask: event.IN_ALL_EVENTS, Path: fmt.Sprintf("/home/user/project/some/dir%02d", d)})
	}
	s.batches = append([][]event.Record{watches}, s.batches...)
	return s
}

func (s *storm) Read(_ context.Context, to []event.Record) ([]event.Record, error) {
	if s.left <= 0 {
		return nil, io.EOF
	}
	b := s.batches[s.next]
	if s.next++; s.next == len(s.batches) {
		s.next = 1
	}
	if b[0].Kind != event.KindWatch {
		b = b[:min(len(b), s.left)]
		s.left -= len(b)
	}
	return append(to[:0], b...), nil
}

// BenchmarkNotifier is the way of one event from a decoded record to a function
// of a ProcessEvent, with its full Pathname.
func BenchmarkNotifier(b *testing.B) {
	for _, size := range []int{64, 4096} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			var events, bytes int
			count := func(ev *Event) error { events++; bytes += len(ev.Pathname); return nil }
			h := &ProcessEvent{IN_CREATE: count, IN_CLOSE: count, IN_MOVED: count, IN_DELETE: count, Default: count}
			n := NewNotifier(NewWatchManager(newStorm(size, b.N), Adopt()), h)
			b.ReportAllocs()
			b.ResetTimer()
			if err := n.Run(context.Background()); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if events != b.N || bytes < 40*b.N {
				b.Fatalf("%d events with %d bytes of path delivered, want %d", events, bytes, b.N)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}

// BenchmarkMove is what a rename of one directory costs while AddWatch is ahead of the
// records for many others.
func BenchmarkMove(b *testing.B) {
	for _, ahead := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("ahead=%d", ahead), func(b *testing.B) {
			wm := NewWatchManager(newScript(), Adopt())
			for i := range ahead {
				watch := event.Record{Kind: event.KindWatch, WD: int32(i + 2), Path: fmt.Sprintf("/t/was/%d", i)}
				wm.apply(&watch)
				watch.Path = fmt.Sprintf("/t/is/%d", i)
				wm.announced.Apply(&watch)
			}
			wm.apply(&event.Record{Kind: event.KindWatch, WD: 1, Path: "/u/0"})
			paths := [2]string{"/u/0", "/u/1"}
			b.ResetTimer()
			for i := range b.N {
				wm.apply(&event.Record{Kind: event.KindMove, Src: paths[i%2], Path: paths[(i+1)%2]})
			}
		})
	}
}
