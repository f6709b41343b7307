package live

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func TestCookiesOfALookCountFromOne(t *testing.T) {
	root := tempdir.New(t)
	must(t, put(filepath.Join(root, "a"), "1"), put(filepath.Join(root, "b"), "22"))
	p := polling(t, Options{})
	p.tree(root)
	p.sync()
	must(t, os.Rename(filepath.Join(root, "a"), filepath.Join(root, "c")), os.Rename(filepath.Join(root, "b"), filepath.Join(root, "d")))
	var cookies []uint32
	for _, r := range p.sync() {
		cookies = append(cookies, r.Cookie)
	}
	if len(cookies) != 4 || cookies[0] != 1 || cookies[1] != 1 || cookies[2] != 2 || cookies[3] != 2 {
		t.Errorf("cookies %v", cookies)
	}
}

func TestAWatchedFileIsFollowedAndEnds(t *testing.T) {
	root := tempdir.New(t)
	f, g := filepath.Join(root, "f"), filepath.Join(root, "g")
	must(t, put(f, "text"))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS})
	p.watch(event.WatchRequest{Path: f, Mask: event.IN_ALL_EVENTS})
	p.expects(root, "watch .", "watch f")
	must(t, put(f, "longer"))
	p.expects(root, "IN_MODIFY f", "IN_MODIFY f")
	must(t, os.Rename(f, g))
	p.expects(root, "IN_MOVED_FROM f", "IN_MOVED_TO g", "move f to g", "IN_MOVE_SELF g")
	must(t, os.Chmod(g, 0o400))
	p.expects(root, "IN_ATTRIB g", "IN_ATTRIB g")
	must(t, os.Chmod(g, 0o600), os.Remove(g))
	p.expects(root, "IN_DELETE_SELF g", "IN_IGNORED g", "unwatch g deleted", "IN_DELETE g")
}

func TestAWatchedFileOfAnUnwatchedDirectory(t *testing.T) {
	root := tempdir.New(t)
	f := filepath.Join(root, "f")
	must(t, put(f, "text"))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: f, Mask: event.IN_MODIFY})
	must(t, put(f, "longer"))
	p.expects(root, "watch f", "IN_MODIFY f")
	must(t, os.Rename(f, f+"2"), put(f, "another"))
	p.expects(root, "IN_DELETE_SELF f", "IN_IGNORED f", "unwatch f deleted")
}

func TestPlacesBelowAnUnwatchedDirectoryFollowItsRename(t *testing.T) {
	root := tempdir.New(t)
	no, yes := filepath.Join(root, "no"), filepath.Join(root, "yes")
	dirs(t, filepath.Join(no, "deep", "er"))
	must(t, put(filepath.Join(no, "f"), "text"))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS})
	p.watch(event.WatchRequest{Path: filepath.Join(no, "deep"), Mask: event.IN_ALL_EVENTS, Recursive: true})
	p.watch(event.WatchRequest{Path: filepath.Join(no, "f"), Mask: event.IN_ALL_EVENTS})
	p.sync()
	must(t, os.Rename(no, yes), put(filepath.Join(yes, "deep", "er", "g"), ""), put(filepath.Join(yes, "f"), "longer"))
	p.expects(root, "IN_MOVED_FROM|IN_ISDIR no", "IN_MOVED_TO|IN_ISDIR yes", "move no to yes", "IN_CREATE yes/deep/er/g", "IN_MODIFY yes/f")
}

func TestTheWatchOfARootInsideAnotherFollowsItsRename(t *testing.T) {
	root := tempdir.New(t)
	a, b := filepath.Join(root, "a"), filepath.Join(root, "b")
	dirs(t, a)
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: a, Mask: event.IN_ALL_EVENTS})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS})
	p.sync()
	must(t, os.Rename(a, b), put(filepath.Join(b, "f"), ""))
	p.expects(root, "IN_MOVED_FROM|IN_ISDIR a", "IN_MOVED_TO|IN_ISDIR b", "move a to b", "IN_MOVE_SELF b", "IN_CREATE b/f")
	must(t, os.Rename(b, a), put(filepath.Join(a, "g"), ""))
	p.expects(root, "IN_MOVED_FROM|IN_ISDIR b", "IN_MOVED_TO|IN_ISDIR a", "move b to a", "IN_MOVE_SELF a", "IN_CREATE a/g")
}

func TestPollOneshotGivesOneEvent(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE | event.IN_ONESHOT})
	must(t, put(filepath.Join(root, "f"), ""), put(filepath.Join(root, "g"), ""))
	p.expects(root, "watch .", "IN_CREATE f", "IN_IGNORED .", "unwatch . oneshot")
	must(t, put(filepath.Join(root, "h"), ""))
	p.expects(root)
}

func TestPollUpdateAndRemove(t *testing.T) {
	root := tempdir.New(t)
	f := filepath.Join(root, "f")
	p := polling(t, Options{})
	wd := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	must(t, put(f, ""))
	p.expects(root, "watch .", "IN_CREATE f")
	must(t, p.Update(wd, event.IN_DELETE), os.Remove(f))
	p.expects(root, "watch .", "IN_DELETE f")
	must(t, p.Update(wd, event.IN_CREATE|event.IN_MASK_ADD), put(f, ""))
	p.expects(root, "watch .", "IN_CREATE f")
	var we *event.WatchError
	if err := p.Update(wd, event.IN_ONLYDIR); !errors.As(err, &we) || we.Hint == "" {
		t.Errorf("%v", err)
	}
	must(t, put(filepath.Join(root, "before"), ""), p.Remove(wd), put(filepath.Join(root, "after"), ""))
	p.expects(root, "IN_CREATE before", "IN_IGNORED .", "unwatch . removed")
	for name, err := range map[string]error{"Remove": p.Remove(wd), "Update": p.Update(wd, event.IN_CREATE)} {
		if !errors.Is(err, event.ErrUnknownWatch) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD; again == wd {
		t.Errorf("wd %d was given out again", wd)
	}
}

// What ends with the look that a removal makes is gone when it is asked for, and no longer to be removed.
func TestRemovingAWatchThatHasEndedUnnoticed(t *testing.T) {
	root := tempdir.New(t)
	sub := filepath.Join(root, "sub")
	dirs(t, sub)
	p := polling(t, Options{})
	results := p.watch(event.WatchRequest{Path: root, Mask: event.IN_DELETE, Recursive: true})
	p.sync()
	must(t, os.Remove(sub), p.Remove(results[1].WD))
	p.expects(root, "IN_DELETE_SELF sub", "IN_IGNORED sub", "unwatch sub deleted", "IN_DELETE|IN_ISDIR sub")
	if err := p.Remove(results[1].WD); !errors.Is(err, event.ErrUnknownWatch) {
		t.Errorf("%v", err)
	}
}

func TestARemovedWatchStaysRemovedAndWhatIsBelowIsWatched(t *testing.T) {
	root := tempdir.New(t)
	dirs(t, filepath.Join(root, "a", "b"))
	p := polling(t, Options{})
	results := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE, Recursive: true, AutoAdd: true})
	must(t, p.Remove(results[1].WD))
	p.sync()
	must(t, put(filepath.Join(root, "a", "f"), ""), put(filepath.Join(root, "a", "b", "f"), ""), put(filepath.Join(root, "f"), ""))
	p.expects(root, "IN_CREATE f", "IN_CREATE a/b/f")
}

func TestPollAddingTwiceChangesTheMaskAndKeepsTheWatch(t *testing.T) {
	root := tempdir.New(t)
	f := filepath.Join(root, "f")
	p := polling(t, Options{})
	first := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	if second := p.watch(event.WatchRequest{Path: root, Mask: event.IN_DELETE})[0].WD; second != first {
		t.Fatalf("wd %d became %d", first, second)
	}
	p.sync()
	must(t, put(f, ""))
	p.expects(root)
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE | event.IN_MASK_ADD})
	must(t, os.Remove(f))
	p.expects(root, "watch .", "IN_DELETE f")
	must(t, put(f, ""))
	p.expects(root, "IN_CREATE f")
	if m := p.table.Watch(first).Mask; m != event.IN_CREATE|event.IN_DELETE {
		t.Errorf("mask is %v", m)
	}
}

func TestAddingWhereSomethingElseStoodEndsTheOldWatch(t *testing.T) {
	base := tempdir.New(t)
	root, old := filepath.Join(base, "root"), filepath.Join(base, "old")
	dirs(t, root)
	p := polling(t, Options{})
	first := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	p.sync()
	must(t, os.Rename(root, old))
	dirs(t, root)
	second := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
	if first == second {
		t.Fatalf("another directory has wd %d", first)
	}
	must(t, put(filepath.Join(root, "f"), ""))
	p.expects(root, "IN_DELETE_SELF .", "IN_IGNORED .", "unwatch . deleted", "watch .", "IN_CREATE f")
	third := p.watch(event.WatchRequest{Path: old, Mask: event.IN_CREATE})[0].WD
	if third <= second {
		t.Errorf("wds %d, %d, %d", first, second, third)
	}
}

func TestAddingADirectoryThatWasRenamedMovesItsWatch(t *testing.T) {
	base := tempdir.New(t)
	a, b := filepath.Join(base, "a"), filepath.Join(base, "b")
	dirs(t, a)
	p := polling(t, Options{})
	first := p.watch(event.WatchRequest{Path: a, Mask: event.IN_CREATE})[0].WD
	p.sync()
	must(t, os.Rename(a, b))
	if second := p.watch(event.WatchRequest{Path: b, Mask: event.IN_CREATE})[0].WD; second != first {
		t.Errorf("wd %d became %d", first, second)
	}
	must(t, put(filepath.Join(b, "f"), ""))
	p.expects(base, "move a to b", "watch b", "IN_CREATE b/f")
}

func TestPollFlagsOfARequest(t *testing.T) {
	base := tempdir.New(t)
	dirs(t, filepath.Join(base, "d"))
	must(t, put(filepath.Join(base, "f"), ""))
	p := polling(t, Options{})
	for _, c := range []struct {
		path string
		mask event.Mask
		err  error
	}{
		{"f", event.IN_MODIFY | event.IN_ONLYDIR, pollNoDir},
		{"d", event.IN_CREATE | event.IN_ONLYDIR, nil},
		{"d", event.IN_CREATE | event.IN_MASK_CREATE, pollExists},
		{"f", event.IN_MODIFY | event.IN_MASK_CREATE, nil},
		{"nothing", event.IN_CREATE, pollNoEntry},
		{"nothing", event.IN_CREATE, os.ErrNotExist},
		{"d", 0, pollInvalid},
		{"d", event.IN_ONLYDIR, pollInvalid},
	} {
		answers(t, p, filepath.Join(base, c.path), c.mask, c.err)
	}
	if got := p.story(base, p.sync()); strings.Count(got, "fail watch d") != 3 || strings.Count(got, "fail watch f") != 1 {
		t.Errorf("got\n%s", got)
	}
}

func TestTheEventsThatPollingCannotTellAreUnrecorded(t *testing.T) {
	p := polling(t, Options{})
	r := p.watch(event.WatchRequest{Path: tempdir.New(t), Mask: event.IN_ALL_EVENTS})[0]
	if want := event.IN_ACCESS | event.IN_OPEN | event.IN_CLOSE; r.Unrecorded != want {
		t.Errorf("unrecorded %v, want %v", r.Unrecorded, want)
	}
	if w := p.sync()[0]; event.Mask(w.N)&r.Unrecorded != 0 || w.Mask != event.IN_ALL_EVENTS || w.P != 0 {
		t.Errorf("%s", event.AppendText(nil, &w))
	}
}

func TestPollGlobRelativePathsAndBadPaths(t *testing.T) {
	root := tempdir.New(t)
	home, err := os.Getwd()
	must(t, err, os.Chdir(root))
	defer func() { must(t, os.Chdir(home)) }()
	dirs(t, filepath.Join("x1", "sub"), "x2", "y")
	p := polling(t, Options{})
	var keys []string
	for _, r := range p.watch(event.WatchRequest{Path: "x?", Glob: true, Recursive: true, Mask: event.IN_CREATE}) {
		if !filepath.IsAbs(r.Path) || !strings.HasSuffix(r.Path, r.Key) {
			t.Errorf("%+v", r)
		}
		keys = append(keys, filepath.ToSlash(r.Key))
	}
	if got := strings.Join(keys, " "); got != "x1 x2 x1/sub" {
		t.Errorf("got %s", got)
	}
	refusesBadPaths(t, p)
	if results := p.watch(event.WatchRequest{Path: ".", Recursive: true, Mask: event.IN_CREATE}); results[0].Key != "." || results[1].Key != "x1" {
		t.Errorf("%+v", results)
	}
}

// answers asks for a watch, which is to be given where want is nil.
func answers(t *testing.T, b event.Backend, path string, mask event.Mask, want error) {
	t.Helper()
	results, err := b.Add(event.WatchRequest{Path: path, Mask: mask})
	if err != nil {
		t.Fatal(err)
	}
	var we *event.WatchError
	switch r := results[0]; {
	case want == nil && (r.Err != nil || r.WD < 1):
		t.Errorf("%s %v: %+v", path, mask, r)
	case want != nil && (!errors.Is(r.Err, want) || !errors.As(r.Err, &we) || we.Path != path || r.WD != 0):
		t.Errorf("%s %v: want %v, got %+v", path, mask, want, r)
	}
}

// refusesBadPaths asks for watches that nothing can be given for.
func refusesBadPaths(t *testing.T, b event.Backend) {
	t.Helper()
	for _, bad := range []event.WatchRequest{{Path: "z*", Glob: true}, {Path: "[", Glob: true}, {Path: ""}, {Path: "a\x00b"}} {
		bad.Mask = event.IN_CREATE
		results, err := b.Add(bad)
		if err != nil {
			t.Fatal(err)
		}
		var we *event.WatchError
		if len(results) != 1 || !errors.As(results[0].Err, &we) || we.Hint == "" || results[0].Key != bad.Path {
			t.Errorf("%q: %+v", bad.Path, results)
		}
	}
}

func TestPollSnapshotTellsWhatIsThere(t *testing.T) {
	root := tempdir.New(t)
	dirs(t, filepath.Join(root, "d"))
	f := filepath.Join(root, "d", "f")
	when := time.Unix(1_500_000_000, 123456700)
	must(t, put(f, "four"), os.Chtimes(f, when, when))
	p := polling(t, Options{})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, Snapshot: true,
		Exclude: func(path string) bool { return filepath.Base(path) == "none" }})
	records := p.sync()
	if got := p.story(root, records); got != "watch .\nentry d\nwatch d\nentry d/f" {
		t.Fatalf("got\n%s", got)
	}
	if r := records[3]; r.Cookie&pollTypes != 0o100000 || r.N != 4 || r.M != when.UnixNano() {
		t.Errorf("%s", event.AppendText(nil, &r))
	}
	if r := records[1]; r.Cookie&pollTypes != pollDir {
		t.Errorf("%s", event.AppendText(nil, &r))
	}
}

func TestPollTellsNothingOfIgnoredPaths(t *testing.T) {
	root := tempdir.New(t)
	sub := filepath.Join(root, "sub")
	dirs(t, sub)
	log := filepath.Join(sub, "log.db")
	p := polling(t, Options{Ignore: []string{log}, Drop: func(path string) bool { return strings.HasSuffix(path, ".drop") }})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Snapshot: true})
	p.sync()
	must(t, put(log, "x"), put(filepath.Join(sub, "x.drop"), ""))
	dirs(t, filepath.Join(root, "d.drop", "e"))
	p.expects(root)
	must(t, put(log, "xx"), os.Rename(log, log+"2"))
	p.expects(root, "IN_CREATE sub/log.db2")
}

func TestPollHeaderSaysWhatWasAskedFor(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{Interval: 3 * time.Second})
	p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE, Recursive: true, AutoAdd: true, Snapshot: true})
	h := p.Header()
	if h.Platform != pollPlatform || h.Backend != "poll" || h.ReadPause != "3s" || len(h.Roots) != 1 || h.Roots[0] != root ||
		h.Mask != event.IN_CREATE || !h.Recursive || !h.AutoAdd || !h.Snapshot || time.Since(h.Start) > time.Minute {
		t.Errorf("%+v", h)
	}
}
