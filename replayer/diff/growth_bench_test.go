package diff_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

const isDir = event.IN_ISDIR

// shapes are recordings of some n records that are dear to compare, as a system makes them seldom, or never.
var shapes = []struct {
	name string
	tell func(add func(event.Record), n int)
}{
	{"one path", func(add func(event.Record), n int) {
		masks := []event.Mask{event.IN_OPEN, event.IN_MODIFY, event.IN_ATTRIB, event.IN_CLOSE_WRITE}
		for i := range n {
			add(tells(1, masks[i%len(masks)], "log", 0))
		}
	}},
	{"names in one directory", func(add func(event.Record), n int) {
		for i := range n {
			add(tells(1, event.IN_CREATE, fmt.Sprint(i), 0))
		}
	}},
	{"chains of directories", func(add func(event.Record), n int) {
		const depth = 1000
		for i := range int32(n / 3) {
			above, name := i+1, "d"
			if i%depth == 0 {
				above, name = 1, fmt.Sprint(i/depth)
			}
			add(tells(above, event.IN_CREATE|isDir, name, 0))
			add(follows(i+2, fmt.Sprintf("/w/%d%s", i/depth, strings.Repeat("/d", int(i%depth)))))
			add(tells(i+2, event.IN_CREATE, "f", 0))
		}
	}},
	{"chain renamed at the top", func(add func(event.Record), n int) {
		const depth = 20
		path := "/w/0"
		for i := range int32(depth) {
			add(follows(i+2, path))
			path += "/d"
		}
		for i := range n / 4 {
			from, to, cookie := fmt.Sprint(i), fmt.Sprint(i+1), uint32(i+1)
			add(tells(1, event.IN_MOVED_FROM|isDir, from, cookie))
			add(tells(1, event.IN_MOVED_TO|isDir, to, cookie))
			add(event.Record{Kind: event.KindMove, WD: 2, Src: "/w/" + from, Path: "/w/" + to})
			add(tells(int32(2+i%depth), event.IN_CREATE, "f", 0))
		}
	}},
	{"one name made again and again", func(add func(event.Record), n int) {
		for i := range int32(n / 5) {
			add(tells(1, event.IN_CREATE|isDir, "d", 0))
			add(follows(i+2, "/w/d"))
			add(tells(i+2, event.IN_DELETE_SELF, "", 0))
			add(event.Record{Kind: event.KindUnwatch, WD: i + 2, Name: event.CauseDeleted})
			add(tells(1, event.IN_DELETE|isDir, "d", 0))
		}
	}},
	{"many watches", func(add func(event.Record), n int) {
		watches := int64(n / 4)
		for i := range watches {
			add(follows(int32(i+2), fmt.Sprintf("/w/%d/%d", i/1000, i)))
		}
		for i := range 3 * watches {
			add(tells(int32(i*7919%watches)+2, event.IN_MODIFY, "f", 0))
		}
	}},
	{"many roots", func(add func(event.Record), n int) {
		roots := int64(n / 10)
		for i := range roots {
			add(follows(int32(i+2), fmt.Sprintf("/%d/%d", i/1000, i)))
		}
		for i := range 9 * roots {
			add(tells(int32(i*7919%roots)+2, event.IN_MODIFY, "f", 0))
		}
	}},
	{"halves of renames", func(add func(event.Record), n int) {
		for i := range n {
			add(tells(1, []event.Mask{event.IN_MOVED_FROM, event.IN_MOVED_TO}[i%2], fmt.Sprint(i), uint32(i+1)))
		}
	}},
}

func tells(wd int32, mask event.Mask, name string, cookie uint32) event.Record {
	return event.Record{Kind: event.KindEvent, WD: wd, Mask: mask, Name: name, Cookie: cookie}
}

func follows(wd int32, path string) event.Record {
	return event.Record{Kind: event.KindWatch, Flags: event.FlagDir | event.FlagAutoAdd, WD: wd, Mask: event.IN_ALL_EVENTS, M: 1, Path: path}
}

// lacking gives the records of a shape but for one event in so many; 0 is all of them.
func lacking(tell func(func(event.Record), int), n, one int) []event.Record {
	all := []event.Record{{Kind: event.KindWatch, Flags: event.FlagDir, WD: 1, Mask: event.IN_ALL_EVENTS, Path: "/w"}}
	told := 0
	tell(func(r event.Record) {
		if told++; one == 0 || r.Kind != event.KindEvent || told%one != 0 {
			all = append(all, r)
		}
	}, n)
	number(all)
	return all
}

// BenchmarkGrowth is what one record costs to compare of two recordings of which one lacks an event in a hundred. It is to be
// about as much in ten times as many: what fits no cache is up to twice as dear.
func BenchmarkGrowth(b *testing.B) {
	for _, shape := range shapes {
		for _, n := range []int{10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				left, right := lacking(shape.tell, n, 0), lacking(shape.tell, n, 100)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := diff.Compare(context.Background(), memory(left), memory(right), diff.Options{}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(left)), "ns/record")
			})
		}
	}
}

// Ten times as many records take ten times the memory, all that was thrown away included.
func TestWorkIsLinear(t *testing.T) {
	for _, shape := range shapes {
		allocated := func(n int) uint64 {
			left, right := lacking(shape.tell, n, 0), lacking(shape.tell, n, 100)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := diff.Compare(t.Context(), memory(left), memory(right), diff.Options{}); err != nil {
				t.Fatalf("%s: %v", shape.name, err)
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if small, large := allocated(5_000), allocated(50_000); large > 15*small {
			t.Errorf("%s: %d bytes for ten times the records of %d bytes", shape.name, large, small)
		}
	}
}
