package watcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"syscall"
	"testing"

	"fsrec/watcher/event"
)

// run processes everything that b has and gives the events.
func run(t *testing.T, wm *WatchManager, opts ...NotifierOption) []string {
	t.Helper()
	var got log
	if err := NewNotifier(wm, &got, opts...).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return got.lines()
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// The map has wds and negative codes, the error everything that failed.
func TestAddWatchGivesWDsAndCodes(t *testing.T) {
	denied := &event.WatchError{Op: "watch", Path: "/t/secret", Err: syscall.EACCES}
	b := newScript()
	b.add = func(r event.WatchRequest) ([]event.WatchResult, error) {
		if r.Path == "/broken" {
			return nil, errors.New("backend failed")
		}
		return []event.WatchResult{
			{Key: r.Path, Path: "/abs/" + r.Path, WD: 1},
			{Key: r.Path + "/secret", Path: "/abs/t/secret", Err: denied},
			{Key: r.Path + "/.git", Path: "/abs/t/.git", Excluded: true},
		}, nil
	}
	wm := NewWatchManager(b)
	wds, err := wm.AddWatches([]string{"t", "", "a\x00b", "/broken"}, event.IN_OPEN, Recursive())
	want := map[string]int32{"t": 1, "t/secret": NotWatched, "t/.git": Excluded, "": InvalidPath, "a\x00b": InvalidPath, "/broken": NotWatched}
	if !maps.Equal(wds, want) {
		t.Errorf("wds %v, want %v", wds, want)
	}
	var failed *WatchManagerError
	if !errors.As(err, &failed) || !maps.Equal(failed.WDs, want) || len(failed.Errs) != 4 {
		t.Fatalf("error %#v", err)
	}
	if !errors.Is(err, syscall.EACCES) || !errors.Is(err, ErrInvalidPath) {
		t.Errorf("the causes of %v are lost", err)
	}
	if !strings.Contains(err.Error(), "/t/secret") || !strings.Contains(err.Error(), "and 1 more") {
		t.Errorf("message %q", err)
	}
	if wd, ok := wm.WD("t"); wd != 1 || !ok {
		t.Errorf("what could be watched is not: %d, %t", wd, ok)
	}
}

func TestExcludedPathsAreNoError(t *testing.T) {
	b := newScript()
	b.add = grants(event.WatchResult{Key: "/t", Path: "/t", Excluded: true})
	wds, err := NewWatchManager(b).AddWatch("/t", event.IN_OPEN)
	if err != nil || wds["/t"] != Excluded {
		t.Errorf("%v, %v", wds, err)
	}
}

func TestOptionsThatDoNotApply(t *testing.T) {
	wm := NewWatchManager(newScript())
	_, add := wm.AddWatch("/t", event.IN_OPEN, UpdateMask(1))
	_, update := wm.UpdateWatch(1, Glob())
	_, remove := wm.RemoveWatch(1, Handle(nil))
	for word, err := range map[string]error{"UpdateMask": add, "Glob": update, "Handle": remove} {
		if !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: error %v", word, err)
		}
	}
}

// Lookups are exact and say whether they found anything.
func TestLookups(t *testing.T) {
	b := newScript()
	b.add = grants(
		event.WatchResult{Key: "a", Path: "/w/a", WD: 1},
		event.WatchResult{Key: "a/sub", Path: "/w/a/sub", WD: 2},
		event.WatchResult{Key: "ab", Path: "/w/ab", WD: 3})
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.AddWatches([]string{"a"}, event.IN_OPEN, Recursive()))
	for path, want := range map[string]int32{
		"a": 1, "/w/a": 1, "/w/a/": 1, "./a": 1, "/w/x/../a": 1, "a/sub": 2, "/w/ab": 3,
		"/w": 0, "/w/a/s": 0, "/w/a/sub/x": 0, "/x/w/a": 0, "": 0, "sub": 0,
	} {
		if wd, ok := wm.WD(path); wd != want || ok != (want != 0) {
			t.Errorf("WD(%q) is %d, %t, want %d", path, wd, ok, want)
		}
	}
	if path, ok := wm.Path(2); path != "/w/a/sub" || !ok {
		t.Errorf("Path(2) is %q, %t", path, ok)
	}
	for _, wd := range []int32{0, -1, 4} {
		if path, ok := wm.Path(wd); path != "" || ok {
			t.Errorf("Path(%d) is %q, %t", wd, path, ok)
		}
		if _, ok := wm.Watch(wd); ok {
			t.Errorf("Watch(%d) is there", wd)
		}
	}
}

func TestWatchesIsACopy(t *testing.T) {
	wm := NewWatchManager(newScript(records(t, tree)), Adopt())
	run(t, wm)
	all := wm.Watches()
	if len(all) != 2 || all[0].WD != 1 || all[1].Path != "/t/d" || !all[1].Dir {
		t.Fatalf("watches %v", all)
	}
	all[0].Path = "changed"
	if path, _ := wm.Path(1); path != "/t" {
		t.Errorf("the manager's path is %q now", path)
	}
	if got, want := fmt.Sprint(wm.Watches()[0]), "<Watch wd=1 path=/t mask=IN_ALL_EVENTS auto_add=False dir=True >"; got != want {
		t.Errorf("prints %s, want %s", got, want)
	}
}

func TestOnlyWhatWasAskedForIsDelivered(t *testing.T) {
	text := `
		watch dir auto_add wd=1 mask=IN_ALL_EVENTS path="/t"
		watch dir auto_add wd=2 mask=IN_ALL_EVENTS path="/other"
		event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
		event wd=1 mask=IN_OPEN name="f"
		event wd=2 mask=IN_CREATE name="f"
		watch dir auto_add wd=3 mask=IN_ALL_EVENTS parent=1 path="/t/d"
		watch dir auto_add wd=4 mask=IN_ALL_EVENTS parent=2 path="/other/d"
		watch dir auto_add wd=5 mask=IN_ALL_EVENTS parent=3 path="/t/d/skip"
		event wd=3 mask=IN_CREATE name="g"
		event wd=3 mask=IN_OPEN name="g"
		event wd=4 mask=IN_CREATE name="g"
		event wd=5 mask=IN_CREATE name="h"
		event wd=1 mask=IN_IGNORED
		event wd=2 mask=IN_IGNORED`
	skip := Exclude(func(path string) bool { return strings.HasSuffix(path, "/skip") })
	for _, c := range []struct {
		name string
		opts []WatchOption
		want []string
	}{
		{"with auto-add", []WatchOption{AutoAdd()}, []string{
			"IN_CREATE|IN_ISDIR /t/d", "IN_CREATE /t/d/g", "IN_CREATE /t/d/skip/h", "IN_IGNORED /t"}},
		{"with auto-add and an exclude filter", []WatchOption{AutoAdd(), skip}, []string{
			"IN_CREATE|IN_ISDIR /t/d", "IN_CREATE /t/d/g", "IN_IGNORED /t"}},
		{"without", nil, []string{"IN_CREATE|IN_ISDIR /t/d", "IN_IGNORED /t"}},
		{"with an event filter", []WatchOption{AutoAdd(), Filter(func(ev *Event) bool { return ev.Name == "g" })}, []string{
			"IN_CREATE|IN_ISDIR /t/d", "IN_CREATE /t/d/skip/h", "IN_IGNORED /t"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newScript(records(t, text))
			b.add = grants(grant(1, "/t"))
			wm := NewWatchManager(b)
			must[map[string]int32](t)(wm.AddWatch("/t", event.IN_CREATE, c.opts...))
			equal(t, "events", run(t, wm), c.want)
			for _, wd := range []int32{2, 4} {
				if _, ok := wm.Watch(wd); ok {
					t.Errorf("watch %d is listed", wd)
				}
			}
		})
	}
}

// A handler that asks for a watch gets its events however the records come.
func TestAddWatchInAHandler(t *testing.T) {
	all := records(t, `
		watch dir wd=1 mask=IN_ALL_EVENTS path="/t"
		watch dir wd=2 mask=IN_ALL_EVENTS path="/t/d"
		event wd=2 mask=IN_OPEN name="before"
		event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
		event wd=2 mask=IN_OPEN name="after"`)
	for _, n := range []int{1, 2, len(all)} {
		b := newScript(split(all, n)...)
		b.add = func(r event.WatchRequest) ([]event.WatchResult, error) {
			return []event.WatchResult{grant(map[string]int32{"/t": 1, "/t/d": 2}[r.Path], r.Path)}, nil
		}
		wm := NewWatchManager(b)
		must[map[string]int32](t)(wm.AddWatch("/t", event.IN_CREATE))
		var got log
		h := &ProcessEvent{Before: &got, IN_CREATE: func(ev *Event) error {
			_, err := wm.AddWatch(ev.Pathname, event.IN_OPEN)
			return err
		}}
		if err := NewNotifier(wm, h).Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("batches of %d", n), got.lines(), []string{"IN_CREATE|IN_ISDIR /t/d", "IN_OPEN /t/d/after"})
	}
}

// Results of AddWatch hold until the records speak of the watch.
func TestPathsFollowTheRecordsAfterAddWatch(t *testing.T) {
	b := newScript(records(t, `
		watch dir wd=1 mask=IN_OPEN path="/t"
		move src="/t" path="/u"`))
	b.add = grants(grant(1, "/t"))
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN))
	if path, ok := wm.Path(1); path != "/t" || !ok {
		t.Fatalf("path %q, %t before any record", path, ok)
	}
	run(t, wm)
	if path, ok := wm.Path(1); path != "/u" || !ok {
		t.Errorf("path %q, %t after the rename", path, ok)
	}
	if _, ok := wm.WD("/t"); ok {
		t.Error("the old path is still watched")
	}
}

// The filter of an AddWatch takes the place of the manager's.
func TestExcludeOfManagerAndOfWatch(t *testing.T) {
	b := newScript()
	wm := NewWatchManager(b, WithExclude(func(path string) bool { return path == "/m" }))
	_, _ = wm.AddWatch("/x", event.IN_OPEN)
	_, _ = wm.AddWatch("/x", event.IN_OPEN, Exclude(func(path string) bool { return path == "/w" }))
	_, _ = wm.AddWatch("/x", event.IN_OPEN, Exclude(nil))
	for i, want := range []string{"/m", "/w", ""} {
		for _, path := range []string{"/m", "/w", "/x"} {
			if got := b.requests[i].Exclude(path); got != (path == want) {
				t.Errorf("request %d: %s excluded: %t", i, path, got)
			}
		}
	}
}

func TestAddWatchPassesItsOptionsOn(t *testing.T) {
	b := newScript()
	wm := NewWatchManager(b)
	_, _ = wm.AddWatch("/a*", event.IN_OPEN|event.IN_ONLYDIR, Recursive(), AutoAdd(), Glob(), Snapshot())
	r := b.requests[0]
	if r.Path != "/a*" || r.Mask != event.IN_OPEN|event.IN_ONLYDIR || !r.Recursive || !r.AutoAdd || !r.Glob || !r.Snapshot {
		t.Errorf("request %+v", r)
	}
}

// An overlapping watch is a watch of its own, with a handler of its own.
func TestWatchInsideAWatch(t *testing.T) {
	b := newScript(records(t, tree+`
		event wd=1 mask=IN_ATTRIB|IN_ISDIR name="d"
		event wd=2 mask=IN_ATTRIB|IN_ISDIR`))
	b.add = func(r event.WatchRequest) ([]event.WatchResult, error) {
		if r.Path == "/t" {
			return []event.WatchResult{grant(1, "/t"), grant(2, "/t/d")}, nil
		}
		return []event.WatchResult{grant(2, "/t/d")}, nil
	}
	wm := NewWatchManager(b)
	var own log
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN|event.IN_ATTRIB, Recursive()))
	must[map[string]int32](t)(wm.AddWatch("/t/d", event.IN_ATTRIB, Handle(&own)))
	equal(t, "the Notifier's", run(t, wm), []string{"IN_ATTRIB|IN_ISDIR /t/d"})
	equal(t, "the watch's own", own.lines(), []string{"IN_ATTRIB|IN_ISDIR /t/d"})
}

func TestMaskAddKeepsTheOldMask(t *testing.T) {
	b := newScript()
	b.add = grants(grant(1, "/t"))
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN))
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_CREATE|event.IN_MASK_ADD))
	if w, _ := wm.Watch(1); w.Mask&event.IN_ALL_EVENTS != event.IN_OPEN|event.IN_CREATE {
		t.Errorf("mask %s", w.Mask)
	}
}

func TestIgnoreEvents(t *testing.T) {
	b := newScript(records(t, tree+`
		event wd=1 mask=IN_MOVED_FROM cookie=3 name="a"
		event wd=-1 mask=IN_OPEN
		move src="/t/d" path="/t/e"`))
	wm := NewWatchManager(b, Adopt())
	wm.IgnoreEvents(true)
	if !wm.IgnoringEvents() {
		t.Error("not ignoring")
	}
	n := NewNotifier(wm, &log{})
	var got log
	n.handler = &got
	if err := n.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	equal(t, "ignored", got.lines(), nil)
	wm.IgnoreEvents(false)
	b.feed(records(t, `event wd=2 mask=IN_MOVED_TO cookie=3 name="b"`)...)
	if err := n.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	equal(t, "events", got.lines(), []string{"IN_MOVED_TO /t/e/b < /t/a"})
}

func TestWatchTransientFile(t *testing.T) {
	b := newScript(records(t, `
		watch dir wd=1 mask=IN_CREATE|IN_DELETE|IN_MODIFY path="/run"
		event wd=1 mask=IN_CREATE name="a.pid"
		event wd=1 mask=IN_CREATE name="b.pid"
		event wd=1 mask=IN_DELETE name="a.pid"`))
	b.add = grants(grant(1, "/run"))
	var got log
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.WatchTransientFile("/run/a.pid", event.IN_MODIFY, &got))
	if r := b.requests[0]; r.Path != "/run" || r.Mask != event.IN_MODIFY|event.IN_CREATE|event.IN_DELETE || r.Recursive || r.AutoAdd {
		t.Errorf("request %+v", r)
	}
	run(t, wm)
	equal(t, "events", got.lines(), []string{"IN_CREATE /run/a.pid", "IN_DELETE /run/a.pid"})
	_, _ = wm.WatchTransientFile("a.pid", 0, &got)
	if r := b.requests[1]; r.Path != "." {
		t.Errorf("a file without a directory is looked for in %q", r.Path)
	}
}

// The part of a mask that can never be delivered is told.
func TestUnrecordedMaskIsTold(t *testing.T) {
	b := newScript()
	b.add = grants(event.WatchResult{Key: "/t", Path: "/t", WD: 1, Unrecorded: event.IN_OPEN})
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_ALL_EVENTS))
	if got := wm.Unrecorded(1); got != event.IN_OPEN {
		t.Errorf("unrecorded %s", got)
	}
}

func TestFailedAutoAddIsLogged(t *testing.T) {
	var out bytes.Buffer
	wm := NewWatchManager(newScript(records(t, tree+`
		fail op="watch" errno=28 mask=IN_OPEN parent=1 path="/t/new"
		fail op="watch" errno=13 mask=IN_OPEN path="/told/by/AddWatch"`)), Adopt(), WithLog(slog.New(slog.NewTextHandler(&out, nil))))
	run(t, wm)
	if s := out.String(); !strings.Contains(s, "path=/t/new") || !strings.Contains(s, "errno=28") || strings.Contains(s, "told") {
		t.Errorf("logged %q", s)
	}
}

func TestManagerIsSafeForConcurrentUse(t *testing.T) {
	b := newScript()
	b.live = true
	var mu sync.Mutex
	next := int32(0)
	b.add = func(r event.WatchRequest) ([]event.WatchResult, error) {
		mu.Lock()
		next++
		wd := next
		mu.Unlock()
		b.feed(event.Record{Kind: event.KindWatch, WD: wd, Mask: r.Mask, Path: r.Path},
			event.Record{Kind: event.KindEvent, WD: wd, Mask: event.IN_OPEN, Name: "f"})
		return []event.WatchResult{grant(wd, r.Path)}, nil
	}
	b.remove = func(wd int32) error {
		b.feed(event.Record{Kind: event.KindEvent, WD: wd, Mask: event.IN_IGNORED}, event.Record{Kind: event.KindUnwatch, WD: wd})
		return nil
	}
	wm := NewWatchManager(b)
	const goroutines, rounds = 8, 50
	var opened, ignored int
	n := NewNotifier(wm, nil)
	n.handler = &ProcessEvent{
		IN_OPEN: func(ev *Event) error { opened++; wm.Path(ev.WD); return nil },
		IN_IGNORED: func(*Event) error {
			if ignored++; ignored == goroutines*rounds {
				n.Stop()
			}
			return nil
		},
	}
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for i := range rounds {
				path := fmt.Sprintf("/g%d/%d", g, i)
				wds, err := wm.AddWatch(path, event.IN_OPEN)
				if err != nil {
					t.Error(err)
				}
				if wd, ok := wm.WD(path); !ok || wd != wds[path] {
					t.Errorf("WD(%s) is %d, %t just after AddWatch gave %d", path, wd, ok, wds[path])
				}
				_ = wm.Watches()
				if _, err := wm.RemovePath(path); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if err := n.Run(context.Background()); err != nil {
		t.Error(err)
	}
	all.Wait()
	if opened != goroutines*rounds || len(wm.Watches()) != 0 {
		t.Errorf("%d opens delivered, watches left: %v", opened, wm.Watches())
	}
	for range 2 {
		if err := wm.Close(); err != nil {
			t.Error(err)
		}
	}
}
