//go:build linux

// Command bench measures fsrec beside inotifywait and pyinotify, all in one
// run, since only ratios taken on one machine at one time mean anything.
//
//	bench FSREC [REPETITIONS]
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"fsrec/cmd/fsrec/internal/storm"
	"fsrec/store"
)

// files makes a storm of a million events.
const files = 143_000

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "bench: want the path of fsrec, and a number of repetitions")
		os.Exit(2)
	}
	repetitions := 3
	if len(os.Args) > 2 {
		repetitions, _ = strconv.Atoi(os.Args[2])
	}
	if err := run(os.Args[1], max(1, repetitions)); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(fsrec string, repetitions int) error {
	fsrec, err := filepath.Abs(fsrec)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fsrec-bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	log := filepath.Join(dir, "storm.db")
	if err := capture(fsrec, log, dir, repetitions); err != nil {
		return err
	}
	if err := replay(fsrec, log, repetitions); err != nil {
		return err
	}
	if err := open(log); err != nil {
		return err
	}
	return coldStart(fsrec)
}

// result is what one watcher did in one storm.
type result struct {
	cpu       time.Duration // user and system, of the watcher alone
	storm     time.Duration // how long the storm took while watched
	delivered int
	bytes     int64
	resident  int64 // KiB
}

func capture(fsrec, log, dir string, repetitions int) error {
	events := len(storm.Life) * files
	fmt.Printf("Storm: %d events (create, write, close, rename, unlink in 16 directories), median of %d interleaved runs\n\n", events, repetitions)
	watchers := []watcher{fsrecRecord(fsrec, log), inotifywait(filepath.Join(dir, "inotifywait.txt")), pyinotify(filepath.Join(dir, "pyinotify.txt"))}
	watchers = slices.DeleteFunc(watchers, func(w watcher) bool {
		if w.missing != "" {
			fmt.Printf("SKIPPED: %s (%s)\n", w.name, w.missing)
		}
		return w.missing != ""
	})
	for _, threads := range []int{1, 2, 4} {
		results := make([][]result, len(watchers))
		for n := range repetitions {
			for i, w := range watchers {
				if n > 0 && w.once {
					continue
				}
				r, err := w.watch(stormRoot(), threads)
				if err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				results[i] = append(results[i], r)
			}
		}
		fmt.Printf("%-28s %10s %14s %8s %13s %10s %9s\n", fmt.Sprintf("%d threads", threads), "delivered", "CPU s per M", "ratio", "bytes/event", "ratio", "resident")
		var base result
		for i, w := range watchers {
			r := typical(results[i])
			perEvent := r.cpu.Seconds() / float64(r.delivered) * 1e6
			size := float64(r.bytes) / float64(r.delivered)
			if i == 0 {
				base = r
			}
			ours := base.cpu.Seconds() / float64(base.delivered) * 1e6
			ourSize := float64(base.bytes) / float64(base.delivered)
			fmt.Printf("%-28s %9.1f%% %14.3f %8.2f %13.1f %10.3f %5d MiB\n", w.name, 100*float64(r.delivered)/float64(events), perEvent, ours/perEvent, size, ourSize/size, r.resident>>10)
		}
		fmt.Println("(ratio: fsrec's figure divided by this one)")
		fmt.Println()
	}
	return nil
}

// typical is the run with the median CPU time.
func typical(all []result) result {
	slices.SortFunc(all, func(a, b result) int { return int(a.cpu - b.cpu) })
	return all[len(all)/2]
}

// stormRoot is in memory where it can be, so that the storm is fast.
func stormRoot() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

func replay(fsrec, log string, repetitions int) error {
	l, err := store.Open(log)
	if err != nil {
		return err
	}
	events := 0
	for _, mask := range storm.Life {
		events += int(l.Info().Events[mask])
	}
	if err := l.Close(); err != nil {
		return err
	}
	for _, format := range []string{"none", "pyinotify", "json"} {
		took := make([]time.Duration, repetitions)
		for i := range took {
			start := time.Now()
			if err := exec.Command(fsrec, "replay", "--format", format, log).Run(); err != nil {
				return err
			}
			took[i] = time.Since(start)
		}
		d := median(took)
		fmt.Printf("fsrec replay --format %-10s %6.1f M events/s (%d events in %v)\n", format, float64(events)/d.Seconds()/1e6, events, d.Round(time.Millisecond))
	}
	return nil
}

func open(path string) error {
	var opens, seeks []time.Duration
	for range 50 {
		start := time.Now()
		log, err := store.Open(path)
		if err != nil {
			return err
		}
		opens = append(opens, time.Since(start))
		middle := (log.Info().FirstTime + log.Info().LastTime) / 2
		start = time.Now()
		seq, err := log.SeqAt(middle)
		if err == nil {
			err = log.Seek(seq)
		}
		if err == nil {
			_, err = log.Read(context.Background(), nil)
		}
		if err = errors.Join(err, log.Close()); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		seeks = append(seeks, time.Since(start))
	}
	fmt.Printf("open a log of 1 M events         %v\n", median(opens).Round(10*time.Microsecond))
	fmt.Printf("seek to its middle by time, read %v\n", median(seeks).Round(10*time.Microsecond))
	return nil
}

func coldStart(fsrec string) error {
	var took []time.Duration
	for range 30 {
		start := time.Now()
		if err := exec.Command(fsrec, "version").Run(); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	fmt.Printf("cold start, fsrec version        %v\n", median(took).Round(100*time.Microsecond))
	return nil
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// lines reads in pieces: what this process holds in memory is counted as its children's.
func lines(path string) (n int, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	piece := make([]byte, 1<<16)
	for {
		read, err := f.Read(piece)
		n += bytes.Count(piece[:read], []byte{'\n'})
		size += int64(read)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, size, errors.Join(err, f.Close())
		}
	}
}

// tail is the end of a file.
func tail(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	b := make([]byte, min(info.Size(), 1<<16))
	_, err = f.ReadAt(b, info.Size()-int64(len(b)))
	return b, errors.Join(err, f.Close())
}
