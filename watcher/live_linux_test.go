package watcher_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fsrec/watcher"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

func liveManager(t testing.TB) *watcher.WatchManager {
	t.Helper()
	backend, err := live.New(live.Options{Pause: -1})
	if err != nil {
		t.Fatal(err)
	}
	wm := watcher.NewWatchManager(backend)
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
		line := ev.Maskname() + " " + rel
		if ev.SrcPathname != "" {
			src, _ := filepath.Rel(dir, ev.SrcPathname)
			line += " < " + src
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

func TestLiveRecursiveAutoAddUpdateRemove(t *testing.T) {
	dir := t.TempDir()
	sub := mkdir(t, dir, "sub")
	wm := liveManager(t)
	var events []string
	n := watcher.NewNotifier(wm, collector(dir, &events))
	mask := event.IN_CREATE | event.IN_DELETE | event.IN_MOVE
	wds, err := wm.AddWatch(dir, mask, watcher.Recursive(), watcher.AutoAdd())
	check(t, err)
	if len(wds) != 2 || wds[dir] != 1 || wds[sub] < 1 {
		t.Fatalf("wds %v", wds)
	}
	if path, ok := wm.Path(wds[sub]); path != sub || !ok {
		t.Errorf("Path is %q, %t just after AddWatch", path, ok)
	}

	write(t, mkdir(t, dir, "new", "deep"), "f")
	same(t, "auto-add", until(t, n, dir, &events), "IN_CREATE|IN_ISDIR new", "IN_CREATE|IN_ISDIR new/deep", "IN_CREATE new/deep/f")
	check(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(sub, "moved")))
	write(t, sub, "moved", "deep", "g")
	same(t, "rename", until(t, n, dir, &events),
		"IN_MOVED_FROM|IN_ISDIR new", "IN_MOVED_TO|IN_ISDIR sub/moved < new", "IN_CREATE sub/moved/deep/g")
	deep, ok := wm.WD(filepath.Join(sub, "moved", "deep"))
	if !ok || len(wm.Watches()) != 4 {
		t.Errorf("watches %v", wm.Watches())
	}

	done, err := wm.UpdateWatch(deep, watcher.UpdateMask(event.IN_DELETE))
	check(t, err)
	if !maps.Equal(done, map[int32]bool{deep: true}) {
		t.Errorf("update: %v", done)
	}
	write(t, sub, "moved", "deep", "h")
	check(t, os.Remove(filepath.Join(sub, "moved", "deep", "h")))
	same(t, "updated mask", until(t, n, dir, &events), "IN_DELETE sub/moved/deep/h")

	done, err = wm.RemoveWatch(wds[sub], watcher.Recursive())
	check(t, err)
	if len(done) != 3 || len(wm.Watches()) != 1 {
		t.Errorf("remove: %v, left %v", done, wm.Watches())
	}
	write(t, sub, "unseen")
	got := until(t, n, dir, &events)
	if len(got) != 3 || !slices.Contains(got, "IN_IGNORED sub") || !slices.Contains(got, "IN_IGNORED sub/moved/deep") {
		t.Errorf("after removal: %q", got)
	}
}

func TestLiveCodes(t *testing.T) {
	dir := t.TempDir()
	mkdir(t, dir, "keep")
	skip, file := mkdir(t, dir, "skip"), write(t, dir, "file")
	wm := liveManager(t)
	missing := filepath.Join(dir, "missing")
	wds, err := wm.AddWatches([]string{dir, missing, "", file}, event.IN_OPEN, watcher.Recursive(),
		watcher.Exclude(func(path string) bool { return path == skip }))
	var failed *watcher.WatchManagerError
	if !errors.As(err, &failed) || !errors.Is(err, os.ErrNotExist) || !maps.Equal(failed.WDs, wds) {
		t.Errorf("error %v", err)
	}
	if wds[missing] != watcher.NotWatched || wds[skip] != watcher.Excluded || wds[""] != watcher.InvalidPath || wds[file] <= 0 || wds[dir] <= 0 {
		t.Errorf("wds %v", wds)
	}
}

// Two watches that overlap both fire, the directory's first.
func TestLiveFileAndItsDirectory(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "f")
	wm := liveManager(t)
	var events, own []string
	_, err := wm.AddWatch(dir, event.IN_ATTRIB|event.IN_CREATE)
	check(t, err)
	_, err = wm.AddWatch(file, event.IN_ATTRIB, watcher.Handle(collector(dir, &own)))
	check(t, err)
	check(t, os.Chmod(file, 0o600))
	same(t, "directory", until(t, watcher.NewNotifier(wm, collector(dir, &events)), dir, &events), "IN_ATTRIB f")
	same(t, "file", own, "IN_ATTRIB f")
}

func TestLiveTransientFile(t *testing.T) {
	dir := t.TempDir()
	wm := liveManager(t)
	var got []string
	wanted := collector(dir, &got)
	_, err := wm.WatchTransientFile(filepath.Join(dir, "a.pid"), 0, wanted)
	check(t, err)
	write(t, dir, "a.pid")
	write(t, dir, "b.pid")
	check(t, os.Remove(filepath.Join(dir, "a.pid")))
	n := watcher.NewNotifier(wm, nil)
	for ok, err := n.CheckEvents(0); ok; ok, err = n.CheckEvents(0) {
		check(t, err)
		check(t, n.ReadEvents())
		check(t, n.ProcessEvents())
	}
	same(t, "events", got, "IN_CREATE a.pid", "IN_DELETE a.pid")
}

func TestLiveGeneratorTree(t *testing.T) {
	dir := t.TempDir()
	backend, err := live.New(live.Options{})
	check(t, err)
	tree, err := watcher.NewInotifyTree(backend, dir)
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
			seen[rel] = true
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
	dir := t.TempDir()
	descriptors := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		check(t, err)
		return len(all)
	}
	// To close an inotify descriptor takes the kernel 10 ms, so that a manager serves many cycles.
	cycles := func(managers, each int) {
		for range managers {
			backend, err := live.New(live.Options{})
			check(t, err)
			wm := watcher.NewWatchManager(backend)
			for range each {
				n := watcher.NewThreadedNotifier(wm, watcher.HandlerFunc(func(*watcher.Event) error { return nil }))
				check(t, n.Start())
				_, err = wm.AddWatch(dir, event.IN_OPEN)
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
	dir := t.TempDir()
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

// The raw format is that of `python3 -m pyinotify -f`, byte for byte.
func TestLivePrintsWhatPyinotifyPrints(t *testing.T) {
	// Debian's own interpreter, or the first in PATH.
	pythons := []string{"/usr/bin/python3", "python3"}
	i := slices.IndexFunc(pythons, func(p string) bool { return exec.Command(p, "-c", "import pyinotify").Run() == nil })
	if i < 0 {
		t.Skip("python3-pyinotify is not installed: nothing to compare with")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// -v says on standard error when the watch is placed.
	peer := exec.CommandContext(ctx, pythons[i], "-u", "-m", "pyinotify", "-v", "-f", dir)
	peer.Env = append(os.Environ(), "PYTHONWARNINGS=ignore", "LC_ALL=C.UTF-8")
	stdout, err := peer.StdoutPipe()
	check(t, err)
	stderr, err := peer.StderrPipe()
	check(t, err)
	check(t, peer.Start())
	defer func() { cancel(); _ = peer.Wait() }()
	messages := bufio.NewScanner(stderr)
	for messages.Scan() && !strings.Contains(messages.Text(), "New <Watch") {
	}
	go func() {
		for messages.Scan() {
		}
	}()

	wm := liveManager(t)
	_, err = wm.AddWatch(dir, event.IN_ALL_EVENTS)
	check(t, err)
	var ours []string
	n := watcher.NewNotifier(wm, watcher.HandlerFunc(func(ev *watcher.Event) error {
		ours = append(ours, ev.String())
		return nil
	}))

	plain := write(t, dir, "a b=c'd")
	write(t, dir, "ä\x01\\")
	check(t, os.Rename(plain, filepath.Join(dir, "moved")))
	sub := mkdir(t, dir, "sub")
	check(t, os.Rename(filepath.Join(dir, "moved"), filepath.Join(sub, "out")))
	check(t, os.Rename(filepath.Join(sub, "out"), filepath.Join(dir, "in")))
	check(t, os.Chmod(dir, 0o700))
	check(t, os.Remove(sub))
	check(t, os.Remove(filepath.Join(dir, "in")))
	write(t, dir, "end")

	var theirs []string
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		theirs = append(theirs, lines.Text())
		if strings.Contains(lines.Text(), "IN_CLOSE_WRITE name=end ") {
			break
		}
	}
	check(t, n.Run(ctx, func(*watcher.Notifier) bool {
		return len(ours) > 0 && strings.Contains(ours[len(ours)-1], "IN_CLOSE_WRITE name=end ")
	}))
	t.Logf("%d lines", len(theirs))
	for i := range max(len(ours), len(theirs)) {
		var o, p string
		if i < len(ours) {
			o = ours[i]
		}
		if i < len(theirs) {
			p = theirs[i]
		}
		if o != p {
			t.Errorf("line %d\nfsrec     %q\npyinotify %q", i+1, o, p)
		}
	}
}
