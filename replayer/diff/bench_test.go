package diff_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// one event of a generated log: the thread that caused it and the record.
type one struct {
	thread int
	r      event.Record
}

// storm gives the events of threads that make, write, rename and delete files in 16
// directories. Distinct gives each file names of its own, else 500 names repeat.
func storm(events, threads int, distinct bool) []one {
	all := make([]one, 0, events)
	for i := 0; len(all) < events; i++ {
		name := i
		if !distinct {
			name = i % 500
		}
		wd, cookie := int32(i%16)+1, uint32(i+1)
		first, second := fmt.Sprintf("f%d", name), fmt.Sprintf("g%d", name)
		for _, e := range []struct {
			mask   event.Mask
			cookie uint32
			name   string
		}{
			{event.IN_CREATE, 0, first}, {event.IN_OPEN, 0, first}, {event.IN_MODIFY, 0, first}, {event.IN_CLOSE_WRITE, 0, first},
			{event.IN_MOVED_FROM, cookie, first}, {event.IN_MOVED_TO, cookie, second}, {event.IN_DELETE, 0, second},
		} {
			all = append(all, one{i % 16 % threads, event.Record{Kind: event.KindEvent, WD: wd, Mask: e.mask, Cookie: e.cookie, Name: e.name}})
		}
	}
	return all[:events]
}

// interleave keeps the order of each thread and nothing else.
func interleave(all []one, seed uint64) []one {
	random := rand.New(rand.NewPCG(seed, 1))
	var queues [16][]one
	for _, e := range all {
		queues[e.thread] = append(queues[e.thread], e)
	}
	out := make([]one, 0, len(all))
	for len(out) < len(all) {
		i := random.IntN(len(queues))
		for n := 1 + random.IntN(12); n > 0 && len(queues[i]) > 0; n-- {
			out = append(out, queues[i][0])
			queues[i] = queues[i][1:]
		}
	}
	return out
}

// change drops, doubles or replaces one event in a hundred.
func change(all []one, seed uint64) []one {
	random := rand.New(rand.NewPCG(seed, 2))
	out := make([]one, 0, len(all))
	for _, e := range all {
		switch random.IntN(300) {
		case 0:
		case 1:
			out = append(out, e, e)
		case 2:
			e.r.Name += "x"
			out = append(out, e)
		default:
			out = append(out, e)
		}
	}
	return out
}

func records(all []one) []event.Record {
	var out []event.Record
	for wd := range int32(16) {
		out = append(out, event.Record{Kind: event.KindWatch, Flags: event.FlagDir, WD: wd + 1, Mask: event.IN_ALL_EVENTS, Path: fmt.Sprintf("/w/d%d", wd)})
	}
	for _, e := range all {
		out = append(out, e.r)
	}
	for i := range out {
		out[i].Seq, out[i].Time = uint64(i+1), int64(i)*1000
	}
	return out
}

var stormHeader = event.Header{Platform: event.Linux, Backend: "inotify", Roots: event.Strings{"/w"}, Mask: event.IN_ALL_EVENTS}

// BenchmarkCompare compares in memory, for profiles.
func BenchmarkCompare(b *testing.B) {
	all := storm(1_000_000, 4, true)
	left, right := records(all), records(change(interleave(all, 1), 1))
	b.ReportAllocs()
	for b.Loop() {
		r, err := diff.Compare(context.Background(), memory(left), memory(right), diff.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if len(r.Differences) == 0 {
			b.Fatal("no differences")
		}
	}
}

func memory(records []event.Record) diff.Input {
	return diff.Input{Header: stormHeader, Reader: event.NewMemoryLog(stormHeader, records)}
}

// What is kept of a recording grows with its events and paths, not with its records' text.
func TestMemoryIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("330,000 events a side")
	}
	peak := func(events int) uint64 {
		all := storm(events, 4, true)
		left, right := records(all), records(interleave(all, 1))
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := diff.Compare(t.Context(), memory(left), memory(right), diff.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict != diff.Same {
			t.Fatal(r.Differences[0])
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(left)
		runtime.KeepAlive(right)
		used := after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc)
		runtime.KeepAlive(r)
		return used
	}
	small, large := peak(30_000), peak(300_000)
	t.Logf("held: %d KiB for 30,000 events a side, %d KiB for 300,000", small>>10, large>>10)
	if large > 15*small {
		t.Errorf("%d bytes for ten times the events of %d bytes", large, small)
	}
}
