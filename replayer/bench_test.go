package replayer_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"fsrec/replayer"
	"fsrec/watcher/event"
)

// storm is a log of n events in 16 directories, 1000 to a read.
func storm(n int) *event.MemoryLog {
	log := event.NewMemoryLog(event.Header{Platform: event.Linux}, nil)
	names := make([]string, 512)
	for i := range names {
		names[i] = fmt.Sprintf("file%03d", i)
	}
	var records []event.Record
	add := func(r event.Record) {
		r.Seq = uint64(len(records) + 1)
		r.Time = int64(len(records)) * 1000
		records = append(records, r)
	}
	for wd := range int32(16) {
		add(event.Record{Kind: event.KindWatch, WD: wd + 1, Mask: event.IN_ALL_EVENTS, N: int64(event.IN_ALL_EVENTS), Path: fmt.Sprintf("/t/%d", wd)})
	}
	for i := range n {
		if i%1000 == 0 {
			add(event.Record{Kind: event.KindRead, N: 32000, M: 262144})
		}
		add(event.Record{Kind: event.KindEvent, WD: int32(i%16) + 1, Mask: event.IN_CREATE, Name: names[i%len(names)]})
	}
	log.Write(records)
	return log
}

func BenchmarkReplay(b *testing.B) {
	const events = 100_000
	log := storm(events)
	for _, tt := range []struct {
		name   string
		opts   []replayer.Option
		before func(*replayer.Replayer)
	}{
		{"attached", nil, nil},
		{"added", nil, func(r *replayer.Replayer) {
			r.Add(event.WatchRequest{Path: "/t/0", Mask: event.IN_ALL_EVENTS})
		}},
		{"removed", nil, func(r *replayer.Replayer) {
			r.Add(event.WatchRequest{Path: "/t/0", Mask: event.IN_ALL_EVENTS})
			r.Remove(1)
		}},
		{"mapped", []replayer.Option{replayer.Map("/t", `C:\t`)}, nil},
		{"paced", []replayer.Option{replayer.Speed(1e12)}, nil},
	} {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			ctx := context.Background()
			var records []event.Record
			n := 0
			for b.Loop() {
				r, err := replayer.New(log, tt.opts...)
				if err != nil {
					b.Fatal(err)
				}
				if tt.before != nil {
					tt.before(r)
				}
				for {
					if records, err = r.Read(ctx, records); err != nil {
						break
					}
					n += len(records)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		})
	}
}
