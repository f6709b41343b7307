package live

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// makeDirs makes a tree of 10-way directories, count in all.
func makeDirs(tb testing.TB, root string, count int) {
	for i := range count {
		path := root
		for _, digit := range fmt.Sprint(i) {
			path = filepath.Join(path, "directory-"+string(digit))
		}
		ok(tb, os.MkdirAll(path, 0o755))
	}
}

func BenchmarkAddTree(b *testing.B) {
	for _, c := range []struct {
		name string
		mask event.Mask
	}{{"structure", structure}, {"all", event.IN_ALL_EVENTS}} {
		b.Run(c.name, func(b *testing.B) {
			const count = 20_000
			root := b.TempDir()
			makeDirs(b, root, count)
			for b.Loop() {
				n, err := NewInotify(Options{})
				ok(b, err)
				results, err := n.Add(event.WatchRequest{Path: root, Mask: c.mask, Recursive: true, AutoAdd: true})
				ok(b, err)
				if len(results) < count {
					b.Fatal(len(results))
				}
				b.StopTimer()
				ok(b, n.Close())
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/directory")
		})
	}
}

// BenchmarkRead measures the CPU time of the reading thread for events that wait in the queue.
func BenchmarkRead(b *testing.B) {
	root := b.TempDir()
	s := open(b, Options{Pause: -1})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
	s.sync()
	var files []*os.File
	for i := range 2 {
		f, err := os.Create(filepath.Join(root, fmt.Sprint("file-", i)))
		ok(b, err)
		defer f.Close()
		files = append(files, f)
	}
	s.sync()
	const batch = 10_000
	buf := make([]event.Record, 0, batch+100)
	events := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for i := range batch {
			_, err := unix.Pwrite(int(files[i%2].Fd()), []byte("x"), 0)
			ok(b, err)
		}
		b.StartTimer()
		for got := 0; got < batch; {
			var err error
			buf, err = s.Read(context.Background(), buf)
			ok(b, err)
			for i := range buf {
				if buf[i].Kind == event.KindEvent {
					got++
				}
			}
		}
		events += batch
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
}
