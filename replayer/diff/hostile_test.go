package diff_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// Recordings that nothing but a hostile program makes are compared without a panic,
// and before go test gives up waiting.
func TestHostileRecordings(t *testing.T) {
	const n = 10_000
	random := rand.New(rand.NewPCG(1, 9))
	masks := []event.Mask{
		event.IN_CREATE, event.IN_DELETE, event.IN_MODIFY, event.IN_ATTRIB, event.IN_OPEN, event.IN_MOVED_FROM, event.IN_MOVED_TO,
		event.IN_CREATE | event.IN_ISDIR, event.IN_DELETE | event.IN_ISDIR, event.IN_ATTRIB | event.IN_ISDIR, event.IN_DELETE_SELF, 0, 0xffffffff,
	}
	any := func() event.Mask { return masks[random.IntN(len(masks))] }
	for _, tt := range []struct {
		name string
		r    func(i int) event.Record
	}{
		{"one path", func(int) event.Record {
			return event.Record{WD: 1, Mask: any(), Name: "x", Cookie: random.Uint32N(3)}
		}},
		{"everything differs", func(i int) event.Record {
			return event.Record{WD: 1, Mask: any(), Name: fmt.Sprint(random.Uint64()), Cookie: uint32(i)}
		}},
		{"few paths, any order", func(int) event.Record {
			return event.Record{WD: random.Int32N(3), Mask: any(), Name: fmt.Sprint(random.IntN(50)), Cookie: random.Uint32N(3)}
		}},
		{"one cookie", func(int) event.Record {
			return event.Record{WD: 1, Mask: masks[5+random.IntN(2)], Name: fmt.Sprint(random.IntN(5)), Cookie: 1}
		}},
		{"deep", func(int) event.Record {
			return event.Record{WD: 1, Mask: any(), Name: strings.Repeat(`d\`, random.IntN(1500)) + "x"}
		}},
		{"watches that move", func(i int) event.Record {
			if i%2 == 0 {
				return event.Record{Kind: event.KindMove, Src: fmt.Sprintf("/w/%d", random.IntN(4)), Path: fmt.Sprintf("/w/%d/%d", random.IntN(4), random.IntN(4))}
			}
			return event.Record{WD: random.Int32N(4), Mask: any(), Name: "x"}
		}},
		{"a directory is renamed again and again", func(i int) event.Record {
			if i%2 == 0 {
				return event.Record{WD: 2, Mask: masks[random.IntN(4)], Name: "x"}
			}
			mask := event.IN_MOVED_FROM
			if i%4 == 3 {
				mask = event.IN_MOVED_TO
			}
			return event.Record{WD: 1, Mask: mask | event.IN_ISDIR, Name: fmt.Sprint(random.IntN(3)), Cookie: uint32(i / 4)}
		}},
		{"losses", func(i int) event.Record {
			if i%3 == 0 {
				return event.Record{Kind: event.KindLoss, WD: 1, M: random.Int64N(n), Name: "buffer"}
			}
			return event.Record{WD: 1, Mask: any(), Name: fmt.Sprint(random.IntN(1000))}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			side := func(h event.Header) diff.Input {
				all := []event.Record{{Kind: event.KindWatch, WD: 1, Flags: event.FlagDir, Mask: event.IN_ALL_EVENTS, Path: "/w"}}
				for wd := range int32(3) {
					all = append(all, event.Record{Kind: event.KindWatch, WD: wd + 2, Flags: event.FlagDir, M: 1, Path: fmt.Sprintf("/w/%d", wd)})
				}
				for i := range n {
					r := tt.r(i)
					if r.Kind == 0 {
						r.Kind = event.KindEvent
					}
					all = append(all, r)
				}
				number(all)
				return diff.Input{Header: h, Reader: event.NewMemoryLog(h, all)}
			}
			for _, h := range []event.Header{{Platform: event.Linux, Backend: "inotify"}, {Platform: event.Windows, Backend: "rdcw", Wine: "8.0"}, {Platform: event.Linux, Backend: "poll"}} {
				start := time.Now()
				r, err := diff.Compare(t.Context(), side(h), side(event.Header{Platform: event.Linux, Backend: "inotify"}), diff.Options{})
				if err != nil {
					t.Log(err)
					continue
				}
				t.Logf("%v, %d differences", time.Since(start), len(r.Differences))
			}
		})
	}
}
