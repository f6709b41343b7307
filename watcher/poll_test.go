package watcher_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

// A poller is used as any other backend is. It knows nothing of opening and closing.
func TestAPolledTree(t *testing.T) {
	dir := tempdir.New(t)
	backend, err := live.NewPoll(live.Options{Interval: time.Millisecond})
	check(t, err)
	wm := watcher.NewWatchManager(backend)
	defer func() { check(t, wm.Close()) }()
	sub := mkdir(t, dir, "sub")
	wds, err := wm.AddWatch(dir, event.IN_ALL_EVENTS, watcher.Recursive(), watcher.AutoAdd())
	check(t, err)
	if len(wds) != 2 || wm.Unrecorded(wds[dir]) != event.IN_ACCESS|event.IN_OPEN|event.IN_CLOSE {
		t.Errorf("wds %v without %v", wds, wm.Unrecorded(wds[dir]))
	}
	var events []string
	n := watcher.NewNotifier(wm, collector(dir, &events))
	step := func(what string, do func(), want ...string) {
		t.Helper()
		do()
		same(t, what, until(t, n, dir, &events), want...)
	}
	one, two := filepath.Join(dir, "one"), filepath.Join(sub, "two")
	step("create", func() { write(t, one) }, "IN_CREATE one")
	step("rename", func() { check(t, os.Rename(one, two)) }, "IN_MOVED_FROM one", "IN_MOVED_TO sub/two < one")
	moved := filepath.Join(dir, "moved")
	step("rename of a directory", func() { check(t, os.Rename(sub, moved)) },
		"IN_MOVED_FROM|IN_ISDIR sub", "IN_MOVED_TO|IN_ISDIR moved < sub", "IN_MOVE_SELF moved")
	step("below it", func() { check(t, os.WriteFile(filepath.Join(moved, "two"), []byte("longer"), 0o644)) }, "IN_MODIFY moved/two")
	step("delete", func() { check(t, os.Remove(filepath.Join(moved, "two"))) }, "IN_DELETE moved/two")
	step("rmdir", func() { check(t, os.Remove(moved)) }, "IN_DELETE_SELF moved", "IN_IGNORED moved", "IN_DELETE|IN_ISDIR moved")
}
