package watcher_test

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fsrec/watcher"
	"fsrec/watcher/event"
)

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
