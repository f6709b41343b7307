package live

import (
	"fmt"
	"path/filepath"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// BenchmarkLook looks at a tree of 100,000 files in which nothing changes.
func BenchmarkLook(b *testing.B) {
	const files = 100_000
	for _, perDir := range []int{100, files} {
		b.Run(fmt.Sprintf("%d-in-a-directory", perDir), func(b *testing.B) {
			root := tempdir.New(b)
			for i := range files {
				dir := filepath.Join(root, fmt.Sprint("directory", i/perDir))
				if i%perDir == 0 {
					dirs(b, dir)
				}
				must(b, put(filepath.Join(dir, fmt.Sprintf("file%06d.txt", i)), ""))
			}
			p := polling(b, Options{})
			p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
			p.sync()
			b.ReportAllocs()
			for b.Loop() {
				if got := p.sync(); len(got) != 0 {
					b.Fatalf("%d records", len(got))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/files, "ns/file")
		})
	}
}
