package peers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fsrec/cmd/fsrec/internal/storm"
	"fsrec/store"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// stormAt is 200,000 operations on 40,000 files.
func stormAt(root string) storm.Storm { return storm.Storm{Root: root, Dirs: 50, Files: 40_000} }

func TestNothingOfAStormIsMissingUnlessALossSaysSo(t *testing.T) {
	for _, threads := range []string{"1", "2"} {
		t.Run(threads+" threads", func(t *testing.T) {
			root := t.TempDir()
			s := stormAt(root)
			ok(t, s.Prepare())
			log := filepath.Join(t.TempDir(), "storm.db")
			self, err := os.Executable()
			ok(t, err)
			fsrec(t, "record", "-o", log, root, "--", self, "storm", root, threads)

			index := make(map[string]int, 2*s.Files)
			for i := range s.Files {
				file, renamed := s.Names(i)
				index[file], index[renamed] = i, i
			}
			lived := make([]int, s.Files)
			disorder, unknown, overflows := 0, 0, 0
			replay(t, log, watcher.HandlerFunc(func(ev *watcher.Event) error {
				path := below(root, ev.Pathname)
				i, known := index[path]
				switch {
				case ev.Mask == event.IN_Q_OVERFLOW:
					overflows++
					return nil
				case !known:
					unknown++
					return nil
				}
				renamed := strings.Contains(path, "/g")
				if lived[i] < len(storm.Life) && ev.Mask == storm.Life[lived[i]] && renamed == (lived[i] > 4) {
					lived[i]++
				} else {
					disorder++
				}
				return nil
			}))
			incomplete := 0
			for _, n := range lived {
				if n < len(storm.Life) {
					incomplete++
				}
			}
			losses := losses(t, log)
			t.Logf("%d files of %d incomplete, %d loss records", incomplete, s.Files, losses)
			if losses == 0 && (incomplete > 0 || disorder > 0) {
				t.Errorf("%d files are incomplete and %d events out of place, and no loss record says so", incomplete, disorder)
			}
			if overflows != losses {
				t.Errorf("%d overflows were delivered to a handler and %d losses recorded", overflows, losses)
			}
			if unknown > 0 {
				t.Errorf("%d events about what there never was", unknown)
			}
		})
	}
}

// losses counts the loss records of a log.
func losses(t *testing.T, path string) int {
	t.Helper()
	log, err := store.Open(path)
	ok(t, err)
	defer func() { ok(t, log.Close()) }()
	n := 0
	ok(t, eachRecord(log, func(r *event.Record) {
		if r.Kind == event.KindLoss {
			n++
		}
	}))
	return n
}
