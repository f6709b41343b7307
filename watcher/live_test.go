package watcher_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

func liveBackend(t testing.TB, opts live.Options) live.Backend {
	t.Helper()
	backend, err := live.New(opts)
	check(t, err)
	return backend
}

func liveManager(t testing.TB) *watcher.WatchManager {
	t.Helper()
	wm := watcher.NewWatchManager(liveBackend(t, live.Options{Pause: -1}))
	t.Cleanup(func() { check(t, wm.Close()) })
	return wm
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mkdir(t testing.TB, path ...string) string {
	t.Helper()
	dir := filepath.Join(path...)
	check(t, os.MkdirAll(dir, 0o755))
	return dir
}

func write(t testing.TB, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	check(t, os.WriteFile(file, []byte("x"), 0o644))
	return file
}

// until processes events up to those about a new file, which it makes in dir,
// and gives the others as "IN_CREATE name-below-dir".
func until(t *testing.T, n *watcher.Notifier, dir string, events *[]string) []string {
	t.Helper()
	f, err := os.CreateTemp(dir, "end")
	check(t, err)
	check(t, f.Close())
	aboutEnd := func(s string) bool { return strings.HasSuffix(s, " "+filepath.Base(f.Name())) }
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	check(t, n.Run(ctx, func(*watcher.Notifier) bool { return slices.ContainsFunc(*events, aboutEnd) }))
	got := slices.DeleteFunc(*events, aboutEnd)
	*events = nil
	return got
}

func collector(dir string, events *[]string) watcher.Handler {
	return watcher.HandlerFunc(func(ev *watcher.Event) error {
		rel, err := filepath.Rel(dir, ev.Pathname)
		line := ev.Maskname() + " " + filepath.ToSlash(rel)
		if ev.SrcPathname != "" {
			src, _ := filepath.Rel(dir, ev.SrcPathname)
			line += " < " + filepath.ToSlash(src)
		}
		*events = append(*events, line)
		return err
	})
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// Each step is awaited, so that systems which are told of a new directory later than it is filled say the same.
func TestLiveTreeIsFollowed(t *testing.T) {
	dir := tempdir.New(t)
	in := func(path string) string { return filepath.Join(dir, filepath.FromSlash(path)) }
	mkdir(t, dir, "sub")
	wm := liveManager(t)
	var events []string
	n := watcher.NewNotifier(wm, collector(dir, &events))
	wds, err := wm.AddWatch(dir, event.IN_CREATE|event.IN_DELETE|event.IN_MOVE, watcher.Recursive(), watcher.AutoAdd())
	check(t, err)
	if path, ok := wm.Path(wds[dir]); path != dir || !ok {
		t.Errorf("Path is %q, %t just after AddWatch", path, ok)
	}
	for _, step := range []struct {
		what    string
		do      func() error
		want    []string
		windows []string // where it differs; empty: not compared
	}{
		{"mkdir", func() error { return os.Mkdir(in("new"), 0o755) }, []string{"IN_CREATE|IN_ISDIR new"}, nil},
		{"mkdir below", func() error { return os.Mkdir(in("new/deep"), 0o755) }, []string{"IN_CREATE|IN_ISDIR new/deep"}, nil},
		{"create", func() error { return os.WriteFile(in("new/deep/f"), nil, 0o644) }, []string{"IN_CREATE new/deep/f"}, nil},
		{"rename", func() error { return os.Rename(in("new/deep/f"), in("new/deep/g")) },
			[]string{"IN_MOVED_FROM new/deep/f", "IN_MOVED_TO new/deep/g < new/deep/f"}, nil},
		{"rename a directory", func() error { return os.Rename(in("new"), in("old")) },
			[]string{"IN_MOVED_FROM|IN_ISDIR new", "IN_MOVED_TO|IN_ISDIR old < new"}, nil},
		// Wine tells of them otherwise than Windows, so the traces hold what is right there.
		{"create in it", func() error { return os.WriteFile(in("old/deep/h"), nil, 0o644) }, []string{"IN_CREATE old/deep/h"}, []string{}},
		{"move", func() error { return os.Rename(in("old/deep/h"), in("sub/h")) },
			[]string{"IN_MOVED_FROM old/deep/h", "IN_MOVED_TO sub/h < old/deep/h"}, []string{}},
		{"remove", func() error { return os.Remove(in("sub/h")) }, []string{"IN_DELETE sub/h"}, nil},
		// And it has one watch for the whole tree.
		{"rmdir", func() error { return os.Remove(in("sub")) },
			[]string{"IN_IGNORED sub", "IN_DELETE|IN_ISDIR sub"}, []string{"IN_DELETE|IN_ISDIR sub"}},
	} {
		check(t, step.do())
		got, want := until(t, n, dir, &events), step.want
		if runtime.GOOS == "windows" && step.windows != nil {
			want = step.windows
			if len(want) == 0 {
				continue
			}
		}
		same(t, step.what, got, want...)
	}
}

func TestLiveGeneratorTree(t *testing.T) {
	dir := tempdir.New(t)
	tree, err := watcher.NewInotifyTree(liveBackend(t, live.Options{}), dir)
	check(t, err)
	defer tree.Close()
	write(t, mkdir(t, dir, "a"), "f")
	sawNil := false
	seen := map[string]bool{}
	for ev := range tree.Events(t.Context()) {
		if ev == nil {
			sawNil = true
		} else if ev.Mask&event.IN_CREATE != 0 {
			rel, _ := filepath.Rel(dir, ev.Pathname)
			seen[filepath.ToSlash(rel)] = true
		}
		if sawNil && len(seen) == 2 {
			break
		}
	}
	if !seen["a"] || !seen["a/f"] {
		t.Errorf("created: %v, %v", seen, tree.Err())
	}
}

func TestLiveThreadedNotifierLeavesNothingBehind(t *testing.T) {
	dir := tempdir.New(t)
	descriptors := func() int {
		if runtime.GOOS != "linux" {
			return 0 // on Windows, what is open keeps the test's directory from being removed
		}
		all, err := os.ReadDir("/proc/self/fd")
		check(t, err)
		return len(all)
	}
	// To close an inotify descriptor takes the kernel 10 ms, so that a manager serves many cycles.
	cycles := func(managers, each int) {
		for range managers {
			wm := watcher.NewWatchManager(liveBackend(t, live.Options{}))
			for range each {
				n := watcher.NewThreadedNotifier(wm, watcher.HandlerFunc(func(*watcher.Event) error { return nil }))
				check(t, n.Start())
				_, err := wm.AddWatch(dir, event.IN_DELETE)
				check(t, err)
				n.Stop()
				check(t, n.Err())
			}
			check(t, wm.Close())
		}
	}
	cycles(1, 1)
	goroutines, files := runtime.NumGoroutine(), descriptors()
	cycles(20, 50)
	for range 1000 { // those that have nothing left to do but to end
		if runtime.NumGoroutine() <= goroutines {
			break
		}
		runtime.Gosched()
	}
	if g, f := runtime.NumGoroutine(), descriptors(); g > goroutines || f > files {
		t.Errorf("%d goroutines and %d descriptors, %d and %d before", g, f, goroutines, files)
	}
}

// Watches come and go from several goroutines while events are delivered.
func TestLiveConcurrentWatches(t *testing.T) {
	const goroutines, rounds = 4, 20
	dir := tempdir.New(t)
	wm := liveManager(t)
	n := watcher.NewThreadedNotifier(wm, watcher.HandlerFunc(func(*watcher.Event) error { return errors.New("nobody's event") }))
	check(t, n.Start())
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for i := range rounds {
				sub := filepath.Join(dir, fmt.Sprintf("%d-%d", g, i))
				if err := os.Mkdir(sub, 0o755); err != nil {
					t.Error(err)
					return
				}
				seen, over := make(chan string, 10), make(chan struct{})
				wds, err := wm.AddWatch(sub, event.IN_CREATE, watcher.Handle(&watcher.ProcessEvent{
					IN_CREATE:  func(ev *watcher.Event) error { seen <- strings.Clone(ev.Pathname); return nil },
					IN_IGNORED: func(*watcher.Event) error { close(over); return nil },
				}))
				if err != nil {
					t.Error(err)
					return
				}
				file := filepath.Join(sub, "f")
				if err := os.WriteFile(file, nil, 0o644); err != nil {
					t.Error(err)
				}
				if runtime.GOOS == "windows" {
					seen <- <-seen // Wine tells of it later than the call returns
				}
				if _, err := wm.RemoveWatch(wds[sub]); err != nil {
					t.Error(err)
				}
				<-over // everything before it is in seen
				if len(seen) != 1 || <-seen != file {
					t.Errorf("events about %s are wrong", sub)
				}
			}
		})
	}
	all.Wait()
	n.Stop()
	if err := n.Err(); err != nil || len(wm.Watches()) != 0 {
		t.Errorf("%v, watches left: %v", err, wm.Watches())
	}
}
