package replayer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// office is a recording of Windows: one watch for a tree, one for a directory alone.
const office = `fsrec-text 1
header platform "windows"
header backend "rdcw"
1 0.000000000 watch dir recursive auto_add wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE|CREATION|SECURITY path="C:\\Work"
2 0.000000000 watch dir wd=2 mask=IN_MODIFY filter=FILE_NAME|DIR_NAME|SIZE|LAST_WRITE path="D:\\Log"
3 0.100000000 read wd=1 bytes=64 buffer=65536
4 0.100000000 change wd=1 action=ADDED attributes=0x80 name="a.txt"
5 0.100000000 change wd=1 action=MODIFIED attributes=0x10 name="sub"
6 0.100000000 change wd=1 action=ADDED attributes=0x80 name="sub\\b.txt"
7 0.200000000 read wd=1 bytes=64 buffer=65536
8 0.200000000 change wd=1 action=RENAMED_OLD_NAME attributes=0x80 name="sub\\b.txt"
9 0.300000000 read wd=2 bytes=64 buffer=65536
10 0.300000000 change wd=2 action=MODIFIED attributes=0x80 name="today.log"
11 0.400000000 read wd=1 bytes=64 buffer=65536
12 0.400000000 change wd=1 action=RENAMED_NEW_NAME attributes=0x80 name="sub\\c.txt"
13 0.400000000 change wd=1 action=ADDED attributes=0x10 name="sub\\.git"
14 0.400000000 change wd=1 action=ADDED attributes=0x80 name="sub\\.git\\index"
15 0.500000000 read wd=1 bytes=64 buffer=65536
16 0.500000000 change wd=1 action=REMOVED attributes=0x80 name="sub\\c.txt"
17 0.900000000 end reason="signal"
`

var officeEvents = []string{
	`IN_CREATE C:\Work\a.txt`, `IN_ATTRIB|IN_ISDIR C:\Work\sub`, `IN_CREATE C:\Work\sub\b.txt`,
	`IN_MOVED_FROM C:\Work\sub\b.txt`, `IN_MODIFY D:\Log\today.log`, `IN_MOVED_TO C:\Work\sub\c.txt from C:\Work\sub\b.txt`,
	`IN_CREATE|IN_ISDIR C:\Work\sub\.git`, `IN_CREATE C:\Work\sub\.git\index`, `IN_DELETE C:\Work\sub\c.txt`,
}

func TestARecordingOfWindowsReplaysToAHandler(t *testing.T) {
	for rounds := 1; rounds <= 3; rounds++ {
		for _, opt := range []replayer.Option{replayer.MaxSpeed(), replayer.Speed(1e12)} {
			wm := watcher.NewWatchManager(replay(t, parse(t, office), replayer.Loop(rounds), opt), watcher.Adopt())
			equal(t, handled(t, wm), slices.Repeat(officeEvents, rounds))
		}
	}
}

func TestARecordingOfWindowsReplaysUnderPathsOfLinux(t *testing.T) {
	r := replay(t, parse(t, office), replayer.Map(`C:\Work`, "/home/me/work"), replayer.Map(`D:\Log`, "/var/log"))
	var want []string
	for _, line := range officeEvents {
		line = strings.ReplaceAll(strings.ReplaceAll(line, `C:\Work`, "/home/me/work"), `D:\Log`, "/var/log")
		want = append(want, strings.ReplaceAll(line, `\`, "/"))
	}
	equal(t, handled(t, watcher.NewWatchManager(r, watcher.Adopt())), want)
}

func TestAProgramGetsOfATreeOfWindowsWhatItAsksFor(t *testing.T) {
	tree := slices.DeleteFunc(slices.Clone(officeEvents), func(s string) bool { return strings.Contains(s, "D:") })
	options := func(opts ...watcher.WatchOption) []watcher.WatchOption { return opts }
	for _, tt := range []struct {
		name string
		mask event.Mask
		opts []watcher.WatchOption
		want []string
	}{
		{"the tree", event.IN_ALL_EVENTS, options(watcher.Recursive(), watcher.AutoAdd()), tree},
		{"the directory", event.IN_ALL_EVENTS, nil, tree[:2]},
		{"one event", event.IN_DELETE, options(watcher.Recursive()), tree[7:]},
		{"not what is excluded", event.IN_ALL_EVENTS,
			options(watcher.Recursive(), watcher.Exclude(func(p string) bool { return strings.HasSuffix(p, `\.git`) })),
			slices.Concat(tree[:6], tree[7:])},
		{"nothing that is in what is excluded", event.IN_ALL_EVENTS,
			options(watcher.Recursive(), watcher.Exclude(func(p string) bool { return p == `C:\Work\sub` })), tree[:2]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wm := watcher.NewWatchManager(replay(t, parse(t, office)))
			wds, err := wm.AddWatch(`c:\work`, tt.mask, tt.opts...)
			if err != nil || wds[`c:\work`] != 1 {
				t.Fatal(wds, err)
			}
			equal(t, handled(t, wm), tt.want)
		})
	}
}

func TestAddTellsWhatWindowsCannotDeliver(t *testing.T) {
	for _, tt := range []struct {
		path string
		mask event.Mask
		want string
	}{
		{`C:\Work`, event.IN_ALL_EVENTS, `C:\Work 1 without IN_ACCESS|IN_CLOSE_WRITE|IN_CLOSE_NOWRITE|IN_OPEN|IN_MOVE_SELF`},
		{`C:\Work`, event.IN_CREATE | event.IN_MODIFY | event.IN_ATTRIB | event.IN_DELETE_SELF, `C:\Work 1`},
		{`D:\Log`, event.IN_ALL_EVENTS &^ event.IN_CLOSE, `D:\Log 2 without IN_ACCESS|IN_ATTRIB|IN_OPEN|IN_MOVE_SELF`},
		{`D:\Log`, event.IN_CREATE | event.IN_MODIFY, `D:\Log 2`},
	} {
		equal(t, add(t, replay(t, parse(t, office)), event.WatchRequest{Path: tt.path, Mask: tt.mask}), []string{tt.want})
	}
}

func TestADirectoryInATreeOfWindowsHasNoWatch(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{`C:\Work\Sub`, `cannot watch "C:\\Work\\Sub": not recorded: "C:\\Work\\Sub" has no watch of its own, that of "C:\\Work" is for the whole tree: watch "C:\\Work" with its subtree`},
		{`D:\Log\old`, `cannot watch "D:\\Log\\old": not recorded: the nearest path that was watched is "D:\\Log": replayer.Map gives a recorded path another one`},
	} {
		r := replay(t, parse(t, office))
		results, err := r.Add(event.WatchRequest{Path: tt.path, Mask: event.IN_CREATE})
		if err != nil || len(results) != 1 || !errors.Is(results[0].Err, event.ErrNotRecorded) {
			t.Fatalf("%s: %v, %v", tt.path, results, err)
		}
		if got := strings.ReplaceAll(results[0].Err.Error(), `\\`, `\`); got != strings.ReplaceAll(tt.want, `\\`, `\`) {
			t.Errorf("%s\nwant %s", got, tt.want)
		}
	}
}

func TestAWatchOfWindowsThatIsRemovedEndsOnce(t *testing.T) {
	r := replay(t, parse(t, office))
	wm := watcher.NewWatchManager(r)
	if _, err := wm.AddWatch(`C:\Work`, event.IN_ALL_EVENTS, watcher.Recursive()); err != nil {
		t.Fatal(err)
	}
	if _, err := wm.AddWatch(`D:\Log`, event.IN_ALL_EVENTS); err != nil {
		t.Fatal(err)
	}
	var got []string
	handler := watcher.HandlerFunc(func(ev *watcher.Event) error {
		got = append(got, ev.Maskname()+" "+ev.Pathname)
		if ev.Name == "b.txt" && ev.Mask == event.IN_MOVED_FROM {
			_, err := wm.RemovePath(`c:\work`)
			return err
		}
		return nil
	})
	if err := watcher.NewNotifier(wm, handler).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, got, append(slices.Clone(officeEvents[:4]), `IN_IGNORED C:\Work`, officeEvents[4]))
}

func TestAnInjectedOverflowIsOfOneBufferOfWindows(t *testing.T) {
	r := replay(t, parse(t, office), replayer.InjectOverflow(6, 3))
	want := slices.Concat(body(office, 1, 5),
		[]string{`0 0.100000000 loss wd=1 cause="buffer" count=-1 since=100000000`},
		body(office, 7, 7), body(office, 9, 11), body(office, 13, 17))
	equal(t, rest(t, r), want)
}

func TestAWatchOfWindowsThatIsStillToComeEndsOnce(t *testing.T) {
	wm := watcher.NewWatchManager(replay(t, parse(t, office)))
	if _, err := wm.AddWatch(`C:\Work`, event.IN_ALL_EVENTS, watcher.Recursive()); err != nil {
		t.Fatal(err)
	}
	if _, err := wm.RemovePath(`C:\Work`); err != nil {
		t.Fatal(err)
	}
	equal(t, handled(t, wm), []string{`IN_IGNORED C:\Work`})
}

func TestAWatchInATreeOfWindowsIsFoundWithIt(t *testing.T) {
	log := strings.Replace(office, `D:\\Log`, `C:\\Work\\sub`, 1)
	equal(t, add(t, replay(t, parse(t, log)), event.WatchRequest{Path: `C:\Work`, Recursive: true, Mask: event.IN_MODIFY | event.IN_OPEN | event.IN_CREATE}),
		[]string{`C:\Work 1 without IN_OPEN`, `C:\Work\sub 2 without IN_OPEN`})
}
