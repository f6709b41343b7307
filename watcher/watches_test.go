package watcher

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"

	"fsrec/watcher/event"
)

// What an update does not name stays.
func TestUpdateWatch(t *testing.T) {
	setup := func(t *testing.T) (*script, *WatchManager, *log) {
		b := newScript(records(t, tree))
		b.add = grants(grant(1, "/t"), grant(2, "/t/d"))
		wm := NewWatchManager(b)
		own := new(log)
		must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN, Recursive(), AutoAdd(), Handle(own)))
		run(t, wm)
		return b, wm, own
	}
	t.Run("the mask alone", func(t *testing.T) {
		b, wm, own := setup(t)
		var asked []string
		b.update = func(wd int32, mask event.Mask) error {
			asked = append(asked, fmt.Sprint(wd, mask))
			return nil
		}
		done := must[map[int32]bool](t)(wm.UpdateWatch(1, UpdateMask(event.IN_CREATE)))
		if !maps.Equal(done, map[int32]bool{1: true}) {
			t.Errorf("result %v", done)
		}
		equal(t, "backend", asked, []string{"1 IN_CREATE"})
		w, _ := wm.Watch(1)
		if w.Mask != event.IN_CREATE || w.Handler != own || !w.AutoAdd || w.Path != "/t" {
			t.Errorf("watch %+v", w)
		}
		if w, _ := wm.Watch(2); w.Mask != event.IN_OPEN {
			t.Errorf("the other watch has mask %s", w.Mask)
		}
		b.feed(records(t, `event wd=1 mask=IN_CREATE name="new"`)...)
		b.feed(records(t, `event wd=1 mask=IN_OPEN name="old"`)...)
		run(t, wm)
		equal(t, "events", own.lines(), []string{"IN_CREATE /t/new"})
	})
	t.Run("the handler alone, with all below", func(t *testing.T) {
		_, wm, _ := setup(t)
		other := new(log)
		done := must[map[int32]bool](t)(wm.UpdateWatch(1, Handle(other), Recursive()))
		if !maps.Equal(done, map[int32]bool{1: true, 2: true}) {
			t.Errorf("result %v", done)
		}
		for _, w := range wm.Watches() {
			if w.Handler != other || w.Mask != event.IN_OPEN || !w.AutoAdd {
				t.Errorf("watch %+v", w)
			}
		}
	})
	t.Run("auto-add", func(t *testing.T) {
		b, wm, own := setup(t)
		b.add = grants(grant(1, "/t"))
		must[map[int32]bool](t)(wm.UpdateWatch(1, NoAutoAdd()))
		if w, _ := wm.Watch(1); w.AutoAdd || w.Handler != own || w.Mask != event.IN_OPEN {
			t.Errorf("watch %+v", w)
		}
		if r := b.requests[len(b.requests)-1]; r.AutoAdd || r.Path != "/t" || r.Mask != event.IN_OPEN {
			t.Errorf("request %+v", r)
		}
	})
	t.Run("several, some unknown", func(t *testing.T) {
		b, wm, _ := setup(t)
		b.update = func(wd int32, _ event.Mask) error {
			if wd == 2 {
				return syscall.EINVAL
			}
			return nil
		}
		done, err := wm.UpdateWatches([]int32{1, 2, 7, 1}, UpdateMask(event.IN_OPEN))
		if !maps.Equal(done, map[int32]bool{1: true, 2: false, 7: false}) {
			t.Errorf("result %v", done)
		}
		var failed *WatchManagerError
		var wd *WDError
		if !errors.As(err, &failed) || len(failed.Errs) != 2 || !errors.Is(err, ErrUnknownWatch) || !errors.Is(err, syscall.EINVAL) || !errors.As(err, &wd) {
			t.Errorf("error %v", err)
		}
	})
}

// A removed watch is no longer listed, but delivers what it saw, IN_IGNORED last.
func TestRemoveWatch(t *testing.T) {
	b := newScript(records(t, tree))
	b.add = grants(grant(1, "/t"), grant(2, "/t/d"))
	var removed []int32
	b.remove = func(wd int32) error { removed = append(removed, wd); return nil }
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN, Recursive()))
	run(t, wm)
	done := must[map[int32]bool](t)(wm.RemoveWatch(1, Recursive()))
	if !maps.Equal(done, map[int32]bool{1: true, 2: true}) || !slices.Equal(removed, []int32{1, 2}) {
		t.Errorf("result %v, removed %v", done, removed)
	}
	if _, ok := wm.WD("/t"); ok || len(wm.Watches()) != 0 {
		t.Errorf("still listed: %v", wm.Watches())
	}
	done, err := wm.RemoveWatch(1)
	if !maps.Equal(done, map[int32]bool{1: false}) || !errors.Is(err, ErrUnknownWatch) {
		t.Errorf("the second time %v, %v", done, err)
	}
	b.feed(records(t, `
		event wd=1 mask=IN_OPEN name="late"
		event wd=1 mask=IN_IGNORED
		unwatch wd=1 cause="removed" path="/t"
		event wd=1 mask=IN_OPEN name="never"
		event wd=2 mask=IN_IGNORED
		unwatch wd=2 cause="removed" path="/t/d"`)...)
	equal(t, "events", run(t, wm), []string{"IN_OPEN /t/late", "IN_IGNORED /t", "IN_IGNORED /t/d"})
}

// What RemovePath took out stays out by whole path elements, until it is added again.
func TestRemovePath(t *testing.T) {
	b := newScript(records(t, tree))
	b.add = func(r event.WatchRequest) ([]event.WatchResult, error) {
		if r.Path == "/t" {
			return []event.WatchResult{grant(1, "/t"), grant(2, "/t/d")}, nil
		}
		return []event.WatchResult{grant(3, r.Path)}, nil
	}
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN, Recursive(), AutoAdd()))
	run(t, wm)
	excluded := b.requests[0].Exclude
	if excluded("/t/d") {
		t.Fatal("excluded from the start")
	}
	done := must[map[int32]bool](t)(wm.RemovePath("/t/d"))
	if !maps.Equal(done, map[int32]bool{2: true}) {
		t.Errorf("result %v", done)
	}
	for path, want := range map[string]bool{"/t/d": true, "/t/d/x": true, "/t/dd": false, "/t": false, "/x/t/d": false} {
		if excluded(path) != want {
			t.Errorf("%s excluded: %t", path, !want)
		}
	}
	must[map[string]int32](t)(wm.AddWatch("/t/d", event.IN_OPEN))
	if excluded("/t/d") {
		t.Error("still excluded after AddWatch")
	}
	if done, err := wm.RemovePath("/nowhere"); len(done) != 0 || !errors.Is(err, ErrUnknownWatch) || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("an unknown path gives %v, %v", done, err)
	}
}

// A replay gives a path its wd again: the end of the removed watch does not end the new one.
func TestAWatchThatIsAddedAgainWithTheSameWD(t *testing.T) {
	b := newScript(records(t, `
		watch dir wd=1 mask=IN_OPEN path="/t"
		event wd=1 mask=IN_IGNORED
		unwatch wd=1 cause="removed" path="/t"
		watch dir wd=1 mask=IN_OPEN path="/t"
		event wd=1 mask=IN_OPEN name="a"`))
	b.add = grants(grant(1, "/t"))
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN))
	must[map[int32]bool](t)(wm.RemoveWatch(1))
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN))
	equal(t, "events", run(t, wm), []string{"IN_IGNORED /t", "IN_OPEN /t/a"})
	must[map[int32]bool](t)(wm.RemoveWatch(1))
}

// What AddWatch said of a path holds until the records have come to it, of others no longer.
func TestARenameOutdatesWhatAddWatchSaidOfWhatItMoves(t *testing.T) {
	b := newScript(records(t, `
		watch dir wd=1 mask=IN_CREATE path="/t/d"
		watch dir wd=2 mask=IN_CREATE path="/t/d/sub"
		watch dir wd=3 mask=IN_CREATE path="/t/x"`))
	b.add = grants(grant(1, "/t/e"), grant(2, "/t/e/sub"), grant(3, "/t/y"))
	wm := NewWatchManager(b, Adopt())
	run(t, wm)
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_CREATE))
	where := func() (all []string) {
		for _, w := range wm.Watches() {
			all = append(all, w.Path)
		}
		return all
	}
	equal(t, "ahead of the records", where(), []string{"/t/e", "/t/e/sub", "/t/y"})
	b.feed(records(t, `move src="/t/d" path="/t/e"`)...)
	b.feed(records(t, `move src="/t/e" path="/t/f"`)...)
	run(t, wm)
	equal(t, "with the records", where(), []string{"/t/f", "/t/f/sub", "/t/y"})
}
