package replayer_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer"
	"fsrec/watcher/event"
)

// add asks for watches, of IN_CREATE where the request names nothing, and gives the results, one line each.
func add(t testing.TB, r event.Backend, request event.WatchRequest) (all []string) {
	t.Helper()
	request.Mask = cmp.Or(request.Mask, event.IN_CREATE)
	results, err := r.Add(request)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range results {
		switch {
		case one.Excluded:
			all = append(all, fmt.Sprintf("%s excluded", one.Key))
		case one.Err != nil:
			all = append(all, one.Err.Error())
		default:
			line := fmt.Sprintf("%s %d", one.Key, one.WD)
			if one.Path != one.Key {
				line += " " + one.Path
			}
			if one.Unrecorded != 0 {
				line += " without " + one.Unrecorded.String()
			}
			all = append(all, line)
		}
	}
	return all
}

// narrow is a recording of some events only, of an application that adds a
// watch late and puts a file beside directories.
const narrow = `fsrec-text 1
header platform "linux"
1 0.0 watch dir recursive wd=1 mask=IN_CREATE|IN_DELETE kernel=IN_CREATE|IN_DELETE|IN_MOVE path="/t"
2 0.0 watch dir recursive wd=2 mask=IN_CREATE|IN_DELETE kernel=IN_CREATE|IN_DELETE|IN_MOVE path="/t/x"
3 0.0 watch dir recursive wd=3 mask=IN_CREATE|IN_DELETE kernel=IN_CREATE|IN_DELETE|IN_MOVE path="/t/x/y"
4 0.0 watch dir wd=4 mask=IN_CREATE path="/u"
5 1.0 read bytes=16 buffer=4096
6 1.0 event wd=3 mask=IN_DELETE name="f"
7 1.0 unwatch wd=3 cause="deleted" path="/t/x/y"
8 2.0 watch wd=5 mask=IN_MODIFY path="/u/log.txt"
9 2.0 watch wd=6 mask=IN_MODIFY path="/u/a[b.txt"
10 3.0 read bytes=16 buffer=4096
11 3.0 event wd=5 mask=IN_MODIFY
`

// widened is a recording whose watches get IN_OPEN after the directory was listed.
const widened = `fsrec-text 1
header platform "linux"
header backend "inotify"
1 0.0 watch dir recursive auto_add wd=1 mask=IN_CREATE|IN_OPEN kernel=IN_CREATE path="/t"
2 0.0 watch dir recursive auto_add wd=2 mask=IN_CREATE|IN_OPEN kernel=IN_CREATE path="/t/x"
3 0.0 mask wd=1 more=1 kernel=IN_CREATE|IN_OPEN
4 1.0 watch dir recursive auto_add wd=3 mask=IN_CREATE|IN_OPEN kernel=IN_CREATE parent=1 path="/t/y"
5 1.0 mask wd=3 kernel=IN_CREATE|IN_OPEN
6 2.0 event wd=3 mask=IN_OPEN name="f"
`

// broad is a recording of a tree that was walked in breadth.
const broad = `fsrec-text 1
header platform "linux"
1 0.0 watch dir recursive wd=1 mask=IN_CREATE path="/t"
2 0.0 watch dir recursive wd=2 mask=IN_CREATE path="/t/x"
3 0.0 watch dir recursive wd=3 mask=IN_CREATE path="/t/x-y"
4 0.0 watch dir recursive wd=4 mask=IN_CREATE path="/t/x/a"
5 0.0 watch dir recursive wd=5 mask=IN_CREATE path="/t/x-y/a"
6 0.0 watch dir recursive wd=6 mask=IN_CREATE path="/t/x/a/b"
7 0.0 mark text="placed"
`

func TestAddIsAnsweredFromTheRecording(t *testing.T) {
	for _, tt := range []struct {
		name    string
		log     string
		from    uint64
		request event.WatchRequest
		want    []string
	}{
		{"a path that will be watched", project, 1, event.WatchRequest{Path: "/tmp/p"}, []string{"/tmp/p 1"}},
		{"in any spelling", project, 1, event.WatchRequest{Path: "/tmp/./p/a/../"}, []string{"/tmp/p 1"}},
		{"with what is below it", project, 1, event.WatchRequest{Path: "/tmp/p", Recursive: true},
			[]string{"/tmp/p 1", "/tmp/p/a 2", "/tmp/p/b 3"}},
		{"only what was placed together", narrow, 1, event.WatchRequest{Path: "/u", Recursive: true}, []string{"/u 4"}},
		{"what stands there now", project, 17, event.WatchRequest{Path: "/tmp/p", Recursive: true},
			[]string{"/tmp/p 1", "/tmp/p/a 2", "/tmp/p/b 3", "/tmp/p/m 4"}},
		{"a place that a directory will be renamed to", project, 1, event.WatchRequest{Path: "/tmp/p/m"}, []string{"/tmp/p/m 4"}},
		{"a place that a directory was renamed from", project, 17, event.WatchRequest{Path: "/tmp/p/n"},
			[]string{`cannot watch "/tmp/p/n": not recorded: "/tmp/p/n" is not watched any more at this place of the recording`}},
		{"a path that was never watched", project, 1, event.WatchRequest{Path: "/home/me/p/a"},
			[]string{`cannot watch "/home/me/p/a": not recorded: the nearest path that was watched is "/tmp/p/a": replayer.Map gives a recorded path another one`}},
		{"a file in a watched directory", project, 1, event.WatchRequest{Path: "/tmp/p/a/f"},
			[]string{`cannot watch "/tmp/p/a/f": not recorded: the nearest path that was watched is "/tmp/p/a": replayer.Map gives a recorded path another one`}},
		{"a relative path", project, 1, event.WatchRequest{Path: "p"},
			[]string{`cannot watch "p": not recorded: the nearest path that was watched is "/tmp/p": replayer.Map gives a recorded path another one`}},
		{"events that were not recorded", narrow, 1, event.WatchRequest{Path: "/t", Mask: event.IN_ALL_EVENTS&^(event.IN_ATTRIB|event.IN_ACCESS) | event.IN_ONLYDIR},
			[]string{"/t 1 without IN_MODIFY|IN_CLOSE_WRITE|IN_CLOSE_NOWRITE|IN_OPEN|IN_DELETE_SELF|IN_MOVE_SELF"}},
		{"what the kernel was asked beside", narrow, 1, event.WatchRequest{Path: "/t", Mask: event.IN_MOVE}, []string{"/t 1"}},
		{"a pattern", narrow, 1, event.WatchRequest{Path: "/t/*", Glob: true}, []string{"/t/x 2"}},
		{"a pattern with directories below", narrow, 1, event.WatchRequest{Path: "/[t]", Glob: true, Recursive: true},
			[]string{"/t 1", "/t/x 2", "/t/x/y 3"}},
		{"a pattern for files", narrow, 1, event.WatchRequest{Path: "/u/*.txt", Mask: event.IN_MODIFY, Glob: true}, []string{"/u/a[b.txt 6", "/u/log.txt 5"}},
		{"an escaped pattern", narrow, 1, event.WatchRequest{Path: `/u/a\[b.txt`, Mask: event.IN_MODIFY, Glob: true}, []string{"/u/a[b.txt 6"}},
		{"a pattern that nothing fits", narrow, 1, event.WatchRequest{Path: "/u/*.go", Glob: true},
			[]string{`cannot watch "/u/*.go": not recorded: the nearest path that was watched is "/u/a[b.txt": replayer.Map gives a recorded path another one`}},
		{"a path that looks like a pattern", narrow, 1, event.WatchRequest{Path: "/u/a[b.txt", Mask: event.IN_MODIFY}, []string{"/u/a[b.txt 6"}},
		{"without what is excluded", narrow, 1, event.WatchRequest{Path: "/t", Recursive: true, Exclude: func(p string) bool { return p == "/t/x" }},
			[]string{"/t 1", "/t/x excluded"}},
		{"without several that are excluded", broad, 1, event.WatchRequest{Path: "/t", Recursive: true, Exclude: func(p string) bool { return p == "/t/x" || p == "/t/x-y" }},
			[]string{"/t 1", "/t/x excluded", "/t/x-y excluded"}},
		{"without several that are excluded now", broad, 7, event.WatchRequest{Path: "/t", Recursive: true, Exclude: func(p string) bool { return p == "/t/x" || p == "/t/x-y" }},
			[]string{"/t 1", "/t/x excluded", "/t/x-y excluded"}},
		{"an excluded root", narrow, 1, event.WatchRequest{Path: "/t", Recursive: true, Exclude: func(string) bool { return true }},
			[]string{"/t excluded"}},
		{"what the kernel is asked later", widened, 1, event.WatchRequest{Path: "/t", Recursive: true, Mask: event.IN_CREATE | event.IN_OPEN},
			[]string{"/t 1", "/t/x 2"}},
		{"what it is still to be asked now", widened, 3, event.WatchRequest{Path: "/t", Recursive: true, Mask: event.IN_OPEN | event.IN_ACCESS},
			[]string{"/t 1 without IN_ACCESS", "/t/x 2 without IN_ACCESS"}},
		{"what a later watch will be asked", widened, 1, event.WatchRequest{Path: "/t/y", Mask: event.IN_OPEN}, []string{"/t/y 3"}},
		{"a recording without watches", "fsrec-text 1\n1 0.0 mark text=\"x\"\n", 1, event.WatchRequest{Path: "/t"},
			[]string{`cannot watch "/t": not recorded: the recording has no watches`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			equal(t, add(t, replay(t, parse(t, tt.log), replayer.FromSeq(tt.from)), tt.request), tt.want)
		})
	}
}

func TestAPathThatWasNotWatchedIsErrNotRecorded(t *testing.T) {
	results, err := replay(t, parse(t, project)).Add(event.WatchRequest{Path: "/x", Mask: event.IN_CREATE})
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	err = results[0].Err
	var watch *event.WatchError
	var missing *replayer.NotRecordedError
	if !errors.As(err, &watch) || !errors.As(err, &missing) || !errors.Is(err, event.ErrNotRecorded) || missing.Path != "/x" {
		t.Errorf("got %#v", err)
	}
}

func TestABadPatternIsAnError(t *testing.T) {
	_, err := replay(t, parse(t, project)).Add(event.WatchRequest{Path: "/tmp/[", Mask: event.IN_CREATE, Glob: true})
	if err == nil || !strings.Contains(err.Error(), `"/tmp/["`) {
		t.Errorf("got %v", err)
	}
}

func TestTheStreamCarriesTheMaskThatWasAskedFor(t *testing.T) {
	r := replay(t, parse(t, project), replayer.ToSeq(10))
	add(t, r, event.WatchRequest{Path: "/tmp/p", Mask: event.IN_CREATE, AutoAdd: true})
	add(t, r, event.WatchRequest{Path: "/tmp/p", Mask: event.IN_DELETE | event.IN_MASK_ADD, AutoAdd: true})
	want := body(project, 1, 10)
	want[0] = strings.Replace(want[0], "mask=IN_ALL_EVENTS", "mask=IN_CREATE|IN_DELETE", 1)
	want[9] = strings.Replace(want[9], "mask=IN_ALL_EVENTS", "mask=IN_CREATE|IN_DELETE", 1)
	equal(t, rest(t, r), want)
}

func TestAutoAddIsForThoseWhoAskForIt(t *testing.T) {
	without := slices.Concat(body(project, 1, 9), body(project, 12, 15), body(project, 17, 22))
	for _, request := range []event.WatchRequest{
		{Path: "/tmp/p", Mask: event.IN_ALL_EVENTS, Recursive: true},
		{Path: "/tmp/p", Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Exclude: func(p string) bool { return p == "/tmp/p/n" }},
	} {
		r := replay(t, parse(t, project))
		add(t, r, request)
		equal(t, rest(t, r), without)
	}
	r := replay(t, parse(t, project))
	add(t, r, event.WatchRequest{Path: "/tmp/p", Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
	equal(t, rest(t, r), body(project, 1, 22))
}

func TestAWatchThatStandsAlreadyIsAnnouncedAgain(t *testing.T) {
	r := replay(t, parse(t, project), replayer.Step(), replayer.FromSeq(4))
	next(t, r) // the watch table
	r.Next(4)
	next(t, r) // records 4 to 7
	add(t, r, event.WatchRequest{Path: "/tmp/p/a", Mask: event.IN_CREATE})
	equal(t, next(t, r), []string{`0 2.000000000 watch dir recursive auto_add wd=2 mask=IN_CREATE kernel=IN_ALL_EVENTS path="/tmp/p/a"`})
	if err := r.Update(2, event.IN_DELETE); err != nil {
		t.Fatal(err)
	}
	equal(t, next(t, r), []string{`0 2.000000000 watch dir recursive auto_add wd=2 mask=IN_DELETE kernel=IN_ALL_EVENTS path="/tmp/p/a"`})
}

func TestARemovedWatchDeliversNothingMore(t *testing.T) {
	r := replay(t, parse(t, project), replayer.Step(), replayer.FromSeq(4))
	next(t, r) // the watch table
	r.Next(4)
	next(t, r) // records 4 to 7
	if err := r.Remove(3); err != nil {
		t.Fatal(err)
	}
	equal(t, next(t, r), []string{
		`0 2.000000000 event wd=3 mask=IN_IGNORED`,
		`0 2.000000000 unwatch wd=3 cause="removed" path="/tmp/p/b"`,
	})
	for _, err := range []error{r.Remove(3), r.Update(3, event.IN_CREATE), r.Remove(9), r.Update(9, event.IN_CREATE)} {
		if !errors.Is(err, event.ErrUnknownWatch) {
			t.Errorf("got %v", err)
		}
	}
	equal(t, rest(t, r), slices.Concat(body(project, 8, 18), body(project, 22, 22)))
}

func TestARemovedWatchComesAgainWhenItIsAdded(t *testing.T) {
	r := replay(t, parse(t, project))
	all := event.WatchRequest{Path: "/tmp/p/b", Mask: event.IN_ALL_EVENTS}
	add(t, r, all)
	if err := r.Remove(3); err != nil {
		t.Fatal(err)
	}
	equal(t, next(t, r), []string{
		`0 0.000000000 watch dir recursive auto_add wd=3 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/tmp/p/b"`,
		`0 0.000000000 event wd=3 mask=IN_IGNORED`,
		`0 0.000000000 unwatch wd=3 cause="removed" path="/tmp/p/b"`,
	})
	equal(t, add(t, r, all), []string{"/tmp/p/b 3"})
	equal(t, rest(t, r), body(project, 1, 22))
}

func TestMapGivesPathsOfTheReplay(t *testing.T) {
	const moved = `fsrec-text 1
header platform "linux"
header roots ["/srv/a","/srv/a/deep","/srv/b"]
1 0.0 watch dir wd=1 mask=IN_CREATE path="/srv/a"
2 0.0 watch dir wd=2 mask=IN_CREATE path="/srv/a/deep/x"
3 0.0 watch dir wd=3 mask=IN_CREATE path="/srv/ab"
4 0.0 fail op="list" errno=13 mask=IN_CREATE path="/srv/a/secret"
5 1.0 event wd=1 mask=IN_CREATE name="srv"
6 1.0 move src="/srv/a/n" path="/srv/a/m"
7 1.0 move src="/srv/a/m"
8 1.0 unwatch wd=1 cause="deleted" path="/srv/a"
9 1.0 mark text="/srv/a"
`
	for _, tt := range []struct {
		name     string
		opts     []replayer.Option
		platform event.Platform
		roots    event.Strings
		want     []string // the paths of the records
	}{
		{"longest prefix first, by whole elements",
			[]replayer.Option{replayer.Map("/srv/a", "/tmp/1/"), replayer.Map("/srv/a/deep", "/d")}, event.Linux,
			event.Strings{"/tmp/1", "/d", "/srv/b"},
			[]string{"/tmp/1", "/d/x", "/srv/ab", "/tmp/1/secret", "/tmp/1/n /tmp/1/m", "/tmp/1/m ", "/tmp/1"}},
		{"to another platform",
			[]replayer.Option{replayer.Map("/srv/a", `C:\Users\me\`)}, event.Windows,
			event.Strings{`C:\Users\me`, `C:\Users\me\deep`, `\srv\b`},
			[]string{`C:\Users\me`, `C:\Users\me\deep\x`, `\srv\ab`, `C:\Users\me\secret`, `C:\Users\me\n C:\Users\me\m`, `C:\Users\me\m `, `C:\Users\me`}},
		{"to the root of a volume",
			[]replayer.Option{replayer.Map("/srv", `D:/`)}, event.Windows,
			event.Strings{`D:\a`, `D:\a\deep`, `D:\b`},
			[]string{`D:\a`, `D:\a\deep\x`, `D:\ab`, `D:\a\secret`, `D:\a\n D:\a\m`, `D:\a\m `, `D:\a`}},
		{"to a share",
			[]replayer.Option{replayer.Map("/srv", `\\host\share`)}, event.Windows,
			event.Strings{`\\host\share\a`, `\\host\share\a\deep`, `\\host\share\b`},
			[]string{`\\host\share\a`, `\\host\share\a\deep\x`, `\\host\share\ab`, `\\host\share\a\secret`, `\\host\share\a\n \\host\share\a\m`, `\\host\share\a\m `, `\\host\share\a`}},
		{"to a relative path",
			[]replayer.Option{replayer.Map("/srv", "testdata/srv")}, event.Linux,
			event.Strings{"testdata/srv/a", "testdata/srv/a/deep", "testdata/srv/b"},
			[]string{"testdata/srv/a", "testdata/srv/a/deep/x", "testdata/srv/ab", "testdata/srv/a/secret", "testdata/srv/a/n testdata/srv/a/m", "testdata/srv/a/m ", "testdata/srv/a"}},
		{"by the target alone",
			[]replayer.Option{replayer.Target(event.Windows)}, event.Windows,
			event.Strings{`\srv\a`, `\srv\a\deep`, `\srv\b`},
			[]string{`\srv\a`, `\srv\a\deep\x`, `\srv\ab`, `\srv\a\secret`, `\srv\a\n \srv\a\m`, `\srv\a\m `, `\srv\a`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := replay(t, parse(t, moved), tt.opts...)
			if h := r.Header(); h.Platform != tt.platform || !slices.Equal(h.Roots, tt.roots) {
				t.Errorf("header %s %q", h.Platform, h.Roots)
			}
			log, err := event.ReadAll(t.Context(), r.Header(), r)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, record := range log.Records() {
				switch record.Kind {
				case event.KindMove:
					got = append(got, record.Src+" "+record.Path)
				case event.KindEvent:
					if record.Name != "srv" {
						t.Errorf("the name of an event became %q", record.Name)
					}
				case event.KindMark:
					if record.Name != "/srv/a" {
						t.Errorf("the text of a mark became %q", record.Name)
					}
				default:
					got = append(got, record.Path)
				}
			}
			equal(t, got, tt.want)
		})
	}
}

func TestAWindowsRecordingReplaysOnLinux(t *testing.T) {
	const windows = `fsrec-text 1
header platform "windows"
header case_fold true
header roots ["C:\\Work"]
1 0.0 watch dir recursive wd=1 mask=IN_ALL_EVENTS path="C:\\Work"
2 0.0 watch dir recursive wd=2 mask=IN_ALL_EVENTS path="C:\\Work\\Src"
3 1.0 event wd=2 mask=IN_CREATE name="x"
`
	r := replay(t, parse(t, windows), replayer.Map(`c:\work`, "/tmp/t"))
	if h := r.Header(); h.Platform != event.Linux || h.CaseFold || h.Roots[0] != "/tmp/t" {
		t.Errorf("header %+v", h)
	}
	equal(t, add(t, r, event.WatchRequest{Path: "/tmp/t", Recursive: true, Mask: event.IN_CREATE}), []string{"/tmp/t 1", "/tmp/t/Src 2"})
	equal(t, paths(t, r), []string{"/tmp/t/Src IN_CREATE x"})

	as := replay(t, parse(t, windows))
	equal(t, add(t, as, event.WatchRequest{Path: `c:/WORK/src`, Mask: event.IN_CREATE}), []string{`c:\WORK\src 2 C:\Work\Src`})
	equal(t, add(t, as, event.WatchRequest{Path: `C:\work\S*`, Glob: true, Mask: event.IN_CREATE}), []string{`C:\Work\Src 2`})
}

func TestAddFindsAPathAsMappedAndAsRecorded(t *testing.T) {
	for _, opt := range []replayer.Option{
		replayer.Map("/tmp/p", "/home/me"), replayer.Map("/tmp/p", `C:\me`), replayer.Map("/tmp", "rel"),
	} {
		r := replay(t, parse(t, project), opt)
		h := r.Header()
		mapped := h.Platform.Join(h.Roots[0], "a")
		equal(t, add(t, r, event.WatchRequest{Path: mapped}), []string{mapped + " 2"})
		results, err := r.Add(event.WatchRequest{Path: "/tmp/p/a", Mask: event.IN_CREATE})
		if err != nil || len(results) != 1 || results[0].WD != 2 || results[0].Path != mapped {
			t.Errorf("as recorded: %+v, %v", results, err)
		}
		pattern := h.Platform.Join(h.Roots[0], "[ab]")
		equal(t, add(t, r, event.WatchRequest{Path: pattern, Glob: true}), []string{mapped + " 2", h.Platform.Join(h.Roots[0], "b") + " 3"})
	}
	swap := replay(t, parse(t, narrow), replayer.Map("/t", "/u"), replayer.Map("/u", "/t"))
	equal(t, add(t, swap, event.WatchRequest{Path: "/u"}), []string{"/u 1"})
	equal(t, add(t, swap, event.WatchRequest{Path: "/t"}), []string{"/t 4"})
}

func TestAWatchThatWasUpdatedAndEndedIsUnknown(t *testing.T) {
	r := replay(t, parse(t, project), replayer.Step())
	r.Next(10)
	next(t, r)
	if err := r.Update(3, event.IN_CREATE); err != nil {
		t.Fatal(err)
	}
	rest(t, r)
	for _, err := range []error{r.Remove(3), r.Update(3, event.IN_CREATE)} {
		if !errors.Is(err, event.ErrUnknownWatch) {
			t.Errorf("got %v", err)
		}
	}
}
