package live

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/windows"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// onUnix makes a directory that programs of the system below Wine know too.
func onUnix(t *testing.T) string {
	t.Helper()
	if wineVersion() == "" {
		t.Skip("there is no system below this one")
	}
	dir, err := os.MkdirTemp(`Z:\tmp`, "end")
	ok(t, err)
	t.Cleanup(func() { _ = os.Remove(dir) }) // it is gone but where the test fails
	return dir
}

// TestDeletedRootEndsItsWatch has the directory deleted as the POSIX way of Windows
// does: it is gone while its handle is open, and no read fails.
func TestDeletedRootEndsItsWatch(t *testing.T) {
	dir := onUnix(t)
	s := watched(t, dir)
	s.sync()
	removeBelow(t, dir)
	told := s.sync() // it is noticed there, or before
	if ends := of(event.KindUnwatch, told); len(ends) != 1 || ends[0].Name != event.CauseDeleted || ends[0].Path != dir {
		t.Errorf("%s", text(told))
	}
	if err := s.Remove(1); !errors.Is(err, event.ErrUnknownWatch) {
		t.Errorf("removing it: %v", err)
	}
}

func TestDeletedRootIsNoticedWithoutABarrier(t *testing.T) {
	dir := onUnix(t)
	ok(t, write(dir+`\f`))
	s := watched(t, dir)
	s.sync()
	removeBelow(t, dir)
	told := s.until(func(r *event.Record) bool { return r.Kind == event.KindUnwatch })
	expect(t, told, "-f")
}

func TestRenamedRootIsStillWatched(t *testing.T) {
	dir := tempdir.New(t)
	mkdirs(t, dir+`\a`)
	s := watched(t, dir+`\a`)
	s.sync()
	ok(t, os.Rename(dir+`\a`, dir+`\b`), write(dir+`\b\f`))
	expect(t, s.sync(), "+f")
	mkdirs(t, dir+`\a`)
	results := s.add(event.WatchRequest{Path: dir + `\a`, Mask: event.IN_ALL_EVENTS})
	if results[0].WD != 2 {
		t.Errorf("what took its place has wd %d", results[0].WD)
	}
	s.sync()
	ok(t, write(dir+`\a\g`), write(dir+`\b\h`))
	told := s.sync()
	if got := changes(told, false); got != "+g +h" && got != "+h +g" {
		t.Errorf("%s", text(told))
	}
}

// TestFailuresEndAWatch hands the worker what the system would: Wine has no volumes that come off.
func TestFailuresEndAWatch(t *testing.T) {
	for _, c := range []struct {
		err  windows.Errno
		fail bool
	}{
		{windows.ERROR_OPERATION_ABORTED, true},
		{windows.ERROR_INVALID_HANDLE, true},
		{windows.ERROR_NETNAME_DELETED, true},
		{windows.ERROR_ACCESS_DENIED, true}, // the directory is still there
	} {
		dir := tempdir.New(t)
		s := watched(t, dir)
		s.sync()
		s.mu.Lock()
		s.raw.put(&batch{from: s.watches[1].cur, time: s.clock(), err: c.err, last: true})
		s.mu.Unlock()
		s.wakeWorker()
		told := s.until(func(r *event.Record) bool { return r.Kind == event.KindUnwatch })
		fails := of(event.KindFail, told)
		if len(fails) != 1 || fails[0].Name != "read" || fails[0].N != int64(c.err) || fails[0].Path != dir || told[len(told)-1].Name != event.CauseFailed {
			t.Errorf("%v:\n%s", c.err, text(told))
		}
		if _, err := s.Barrier(); err != nil {
			t.Error(err)
		}
	}
}

func TestRemovedWatchTellsWhatHappenedBefore(t *testing.T) {
	dir := tempdir.New(t)
	s := watched(t, dir)
	s.sync()
	for range 20 {
		ok(t, write(dir+`\f`), os.Remove(dir+`\f`))
	}
	ok(t, s.Remove(1))
	if err := s.Remove(1); !errors.Is(err, event.ErrUnknownWatch) {
		t.Errorf("removed twice: %v", err)
	}
	told := s.sync()
	last := told[len(told)-1]
	if last.Kind != event.KindUnwatch || last.Name != event.CauseRemoved || last.Path != dir {
		t.Errorf("%s", text(told))
	}
	ok(t, write(dir+`\after`))
	if told := s.sync(); len(told) != 0 {
		t.Errorf("after it: %s", text(told))
	}
	if wd := s.add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS})[0].WD; wd != 2 {
		t.Errorf("the next wd is %d", wd)
	}
}
