package replayer_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"fsrec/replayer"
	"fsrec/watcher/event"
)

// A replay of anything that parses ends, without a panic.
func FuzzReplay(f *testing.F) {
	for _, text := range []string{project, bare, narrow} {
		f.Add(text, "/tmp/p", uint64(0), false)
		f.Add(text, "/t/*", uint64(4), true)
	}
	f.Fuzz(func(t *testing.T, text, path string, from uint64, glob bool) {
		log, err := event.ReadText(t.Context(), strings.NewReader(text))
		if err != nil {
			return
		}
		for _, opts := range [][]replayer.Option{
			{replayer.FromSeq(from)},
			{replayer.Loop(3), replayer.FromSeq(from), replayer.Map(path+"x", `C:\`)},
			{replayer.InjectOverflow(from, 2), replayer.Speed(1e300)},
		} {
			r, err := replayer.New(log, opts...)
			if err != nil {
				continue
			}
			results, err := r.Add(event.WatchRequest{Path: path, Mask: event.IN_ALL_EVENTS, Recursive: true, Glob: glob})
			if err == nil && len(results) == 0 {
				t.Error("no result")
			}
			for i, one := range results {
				if one.WD != 0 && i%2 == 0 {
					if err := r.Remove(one.WD); err != nil && !errors.Is(err, event.ErrUnknownWatch) {
						t.Error(err)
					}
				}
			}
			var records []event.Record
			for err = nil; err == nil; records, err = r.Read(t.Context(), records) {
			}
			if err != io.EOF {
				t.Error(err)
			}
		}
	})
}
