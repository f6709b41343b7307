package peers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"fsrec/store"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

const (
	stormDirs  = 50
	stormFiles = 40_000 // five operations each
)

func stormNames(i int) (file, renamed string) {
	dir := "d" + strconv.Itoa(i%stormDirs)
	return fmt.Sprintf("%s/f%d", dir, i), fmt.Sprintf("%s/g%d", dir, i)
}

// storm creates, writes, closes, renames and unlinks files below root as fast
// as some goroutines can.
func storm(root, threads string) error {
	n, err := strconv.Atoi(threads)
	if err != nil {
		return err
	}
	failed := make(chan error, n)
	for first := range n {
		go func() {
			var err error
			for i := first; i < stormFiles && err == nil; i += n {
				err = stormFile(root, i)
			}
			failed <- err
		}()
	}
	for range n {
		err = errors.Join(err, <-failed)
	}
	return err
}

func stormFile(root string, i int) error {
	file, renamed := stormNames(i)
	file, renamed = filepath.Join(root, file), filepath.Join(root, renamed)
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString("x")
	return errors.Join(err, f.Close(), os.Rename(file, renamed), os.Remove(renamed))
}

// What the kernel says about the life of one file of the storm, in this order.
var stormLife = []event.Mask{
	event.IN_CREATE, event.IN_OPEN, event.IN_MODIFY, event.IN_CLOSE_WRITE, event.IN_MOVED_FROM, event.IN_MOVED_TO, event.IN_DELETE,
}

func TestNothingOfAStormIsMissingUnlessALossSaysSo(t *testing.T) {
	for _, threads := range []string{"1", "2"} {
		t.Run(threads+" threads", func(t *testing.T) {
			root := t.TempDir()
			for i := range stormDirs {
				ok(t, os.Mkdir(filepath.Join(root, "d"+strconv.Itoa(i)), 0o755))
			}
			log := filepath.Join(t.TempDir(), "storm.db")
			self, err := os.Executable()
			ok(t, err)
			fsrec(t, "record", "-o", log, root, "--", self, "storm", root, threads)

			index := make(map[string]int, 2*stormFiles)
			for i := range stormFiles {
				file, renamed := stormNames(i)
				index[file], index[renamed] = i, i
			}
			lived := make([]int, stormFiles)
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
				if lived[i] < len(stormLife) && ev.Mask == stormLife[lived[i]] && renamed == (lived[i] > 4) {
					lived[i]++
				} else {
					disorder++
				}
				return nil
			}))
			incomplete := 0
			for _, n := range lived {
				if n < len(stormLife) {
					incomplete++
				}
			}
			losses := losses(t, log)
			t.Logf("%d files of %d incomplete, %d loss records", incomplete, stormFiles, losses)
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
