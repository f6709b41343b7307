package watcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/watcher/event"
)

// windowsTree is one watch of ReadDirectoryChangesW for a whole tree.
const windowsTree = `
	watch dir recursive auto_add wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE|CREATION|SECURITY path="C:\\t"
`

func newWindowsScript(batches ...[]event.Record) *script {
	s := newScript(batches...)
	s.platform = event.Windows
	return s
}

// told is an event with everything that was inferred about it.
func told(ev *Event) string {
	s := fmt.Sprintf("%d %s %s in %s", ev.Seq, ev.Maskname(), ev.Name, ev.Path)
	if ev.SrcPathname != "" {
		s += " from " + ev.SrcPathname
	}
	if ev.Inferred {
		s += ", inferred"
	}
	if ev.DirUnknown {
		s += ", a file or a directory"
	}
	if ev.Pathname != (event.Windows).Join(ev.Path, ev.Name) {
		s += ", but at " + ev.Pathname
	}
	return s
}

// replayedWindows gives what a handler is told of a text, and checks that it
// does not depend on the batches, nor on who numbers the records.
func replayedWindows(t *testing.T, text string, opts ...NotifierOption) (want []string) {
	t.Helper()
	all := records(t, text)
	for n := 1; n <= len(all); n++ {
		for _, numbered := range []bool{true, false} {
			var batches [][]event.Record
			for _, batch := range split(all, n) {
				batch = append([]event.Record(nil), batch...)
				for i := range batch {
					if !numbered {
						batch[i].Seq = 0
					}
				}
				batches = append(batches, batch)
			}
			var got []string
			keep := HandlerFunc(func(ev *Event) error { got = append(got, told(ev)); return nil })
			wm := NewWatchManager(newWindowsScript(batches...), Adopt())
			if err := NewNotifier(wm, keep, opts...).Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			equal(t, fmt.Sprintf("in batches of %d, numbered %t", n, numbered), got, want)
		}
	}
	return want
}

func TestEventsOfWindows(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"in the watched directory and below", `
			change wd=1 action=ADDED attributes=0x80 name="a"
			change wd=1 action=MODIFIED attributes=0x80 name="d\\e\\b"
			change wd=1 action=MODIFIED attributes=0x10 name="d\\e"
			change wd=1 action=MODIFIED attributes=0x10 name=""`,
			[]string{`2 IN_CREATE a in C:\t`, `3 IN_MODIFY b in C:\t\d\e`, `4 IN_ATTRIB|IN_ISDIR e in C:\t\d`, `5 IN_ATTRIB|IN_ISDIR  in C:\t`}},
		{"renames, with their sources", `
			change wd=1 action=RENAMED_OLD_NAME attributes=0x10 name="d\\e"
			read wd=1 bytes=40
			change wd=1 action=RENAMED_NEW_NAME attributes=0x10 name="d\\f"
			change wd=1 action=REMOVED id=7 name="x\\y"
			change wd=1 action=ADDED id=7 name="z"
			change wd=1 action=RENAMED_NEW_NAME name="w"`,
			[]string{
				`2 IN_MOVED_FROM|IN_ISDIR e in C:\t\d`, `4 IN_MOVED_TO|IN_ISDIR f in C:\t\d from C:\t\d\e`,
				`5 IN_MOVED_FROM y in C:\t\x, inferred, a file or a directory`,
				`6 IN_MOVED_TO z in C:\t from C:\t\x\y, inferred, a file or a directory`,
				`7 IN_MOVED_TO w in C:\t, a file or a directory`,
			}},
		{"a deletion at the end", `
			change wd=1 action=REMOVED attributes=0x80 name="a"
			end reason="signal"`,
			[]string{`2 IN_DELETE a in C:\t`}},
		{"a deletion and nothing more", `
			change wd=1 action=REMOVED attributes=0x80 name="a"`,
			[]string{`2 IN_DELETE a in C:\t`}},
		{"a change of case", `
			change wd=1 action=REMOVED attributes=0x80 name="a"
			read wd=1 bytes=40
			change wd=1 action=RENAMED_OLD_NAME attributes=0x80 name="a"
			change wd=1 action=RENAMED_NEW_NAME attributes=0x80 name="A"`,
			[]string{`4 IN_MOVED_FROM a in C:\t`, `5 IN_MOVED_TO A in C:\t from C:\t\a`}},
		{"our own, and what inotify does not know", `
			change own wd=1 action=ADDED name=".fsrec-barrier-7-1"
			change wd=1 action=MODIFIED_STREAM name="a"
			change own wd=1 action=REMOVED name=".fsrec-barrier-7-1"`,
			nil},
		{"an overflow", `
			change wd=1 action=RENAMED_OLD_NAME attributes=0x80 name="a"
			loss wd=1 cause="buffer" count=-1
			change wd=1 action=RENAMED_NEW_NAME attributes=0x80 name="b"`,
			[]string{`2 IN_MOVED_FROM a in C:\t`, `3 IN_Q_OVERFLOW  in `, `4 IN_MOVED_TO b in C:\t`}},
		{"the deletion of what is watched", `
			change wd=1 action=REMOVED attributes=0x80 name="a"
			unwatch wd=1 cause="deleted" path="C:\\t"`,
			[]string{`2 IN_DELETE a in C:\t`, `3 IN_DELETE_SELF  in C:\t`, `3 IN_IGNORED  in C:\t`}},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, "events", replayedWindows(t, windowsTree+c.text), c.want) })
	}
}

func TestChangesThatAreNoEventsAreCounted(t *testing.T) {
	all := records(t, windowsTree+`
		change wd=1 action=MODIFIED_STREAM name="a"
		change wd=1 action=MODIFIED_STREAM name="a"
		change wd=1 action=77 name="a"`)
	wm := NewWatchManager(newWindowsScript(all), Adopt())
	if err := NewNotifier(wm, &log{}).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := wm.UnknownChanges(); len(got) != 2 || got[event.FILE_ACTION_MODIFIED_STREAM] != 2 || got[0] != 1 {
		t.Errorf("counted %v", got)
	}
	if got := NewWatchManager(newScript()).UnknownChanges(); got != nil {
		t.Errorf("on Linux %v", got)
	}
}

func TestTheRootOfAVolume(t *testing.T) {
	const text = `
		watch dir recursive wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME path="C:\\"
		change wd=1 action=ADDED attributes=0x80 name="a"
		change wd=1 action=ADDED attributes=0x80 name="d\\b"`
	equal(t, "events", replayedWindows(t, text), []string{`2 IN_CREATE a in C:\`, `3 IN_CREATE b in C:\d`})
}

func TestCoalescingOfWindowsGoesByItsReads(t *testing.T) {
	text := windowsTree + `
		read wd=1 bytes=40
		change wd=1 action=MODIFIED attributes=0x80 name="a"
		change wd=1 action=MODIFIED attributes=0x80 name="a"
		change wd=1 action=REMOVED attributes=0x80 name="a"
		read wd=1 bytes=40
		change wd=1 action=ADDED attributes=0x80 name="a"
		change wd=1 action=MODIFIED attributes=0x80 name="a"
		change wd=1 action=REMOVED attributes=0x80 name="a"`
	want := []string{
		`3 IN_MODIFY a in C:\t`, `5 IN_DELETE a in C:\t`,
		`7 IN_CREATE a in C:\t`, `8 IN_MODIFY a in C:\t`, `9 IN_DELETE a in C:\t`,
	}
	equal(t, "events", replayedWindows(t, text, Coalesce()), want)
}

func TestTheMaskIsAppliedToEventsOfWindows(t *testing.T) {
	text := strings.Replace(windowsTree, "IN_ALL_EVENTS", "IN_CREATE|IN_DELETE", 1) + `
		change wd=1 action=MODIFIED attributes=0x80 name="a"
		change wd=1 action=ADDED attributes=0x80 name="b"
		change wd=1 action=RENAMED_OLD_NAME attributes=0x80 name="b"
		change wd=1 action=RENAMED_NEW_NAME attributes=0x80 name="c"
		loss wd=1 cause="buffer" count=-1
		unwatch wd=1 cause="removed" path="C:\\t"`
	equal(t, "events", replayedWindows(t, text), []string{`3 IN_CREATE b in C:\t`, `6 IN_Q_OVERFLOW  in `, `7 IN_IGNORED  in C:\t`})
}

// A program has one handler for both systems.
func TestOneHandlerForBothSystems(t *testing.T) {
	run := func(s *script) string {
		var said []string
		say := func(verb string) func(*Event) error {
			return func(ev *Event) error {
				said = append(said, verb+" "+ev.Name)
				if ev.SrcPathname != "" {
					said = append(said, "which was "+s.platform.Base(ev.SrcPathname))
				}
				return nil
			}
		}
		h := &ProcessEvent{IN_CREATE: say("new"), IN_DELETE: say("gone"), IN_MOVED_TO: say("renamed"), IN_MODIFY: say("written")}
		if err := NewNotifier(NewWatchManager(s, Adopt()), h).Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		return strings.Join(said, ", ")
	}
	linux := run(newScript(records(t, tree+`
		event wd=2 mask=IN_CREATE name="a"
		event wd=2 mask=IN_OPEN name="a"
		event wd=2 mask=IN_MODIFY name="a"
		event wd=2 mask=IN_CLOSE_WRITE name="a"
		event wd=2 mask=IN_MOVED_FROM cookie=9 name="a"
		event wd=2 mask=IN_MOVED_TO cookie=9 name="b"
		event wd=2 mask=IN_DELETE name="b"`)))
	windows := run(newWindowsScript(records(t, windowsTree+`
		change wd=1 action=ADDED attributes=0x80 name="d\\a"
		change wd=1 action=MODIFIED attributes=0x10 name="d"
		change wd=1 action=MODIFIED attributes=0x80 name="d\\a"
		change wd=1 action=RENAMED_OLD_NAME attributes=0x80 name="d\\a"
		change wd=1 action=RENAMED_NEW_NAME attributes=0x80 name="d\\b"
		change wd=1 action=REMOVED attributes=0x80 name="d\\b"`)))
	if want := "new a, written a, renamed b, which was a, gone b"; linux != want || windows != want {
		t.Errorf("the handler said\n%s\n%s\nwant\n%s", linux, windows, want)
	}
}

const deletion = windowsTree + `change wd=1 action=REMOVED attributes=0x80 name="a"`

func TestWhatIsHeldComesAtTheEndInEveryForm(t *testing.T) {
	const want = `2 IN_DELETE a in C:\t`
	for form, run := range map[string]func(*Notifier, func(*Event)) error{
		"Channel": func(n *Notifier, keep func(*Event)) error {
			for batch := range n.Channel(context.Background()) {
				for i := range batch {
					keep(&batch[i])
				}
			}
			return n.Err()
		},
		"Events": func(n *Notifier, keep func(*Event)) error {
			for ev := range n.Events(context.Background(), -1) {
				if ev != nil {
					keep(ev)
				}
			}
			return n.Err()
		},
		"CheckEvents": func(n *Notifier, _ func(*Event)) error {
			for {
				if ok, err := n.CheckEvents(0); !ok {
					if errors.Is(err, io.EOF) {
						return nil
					}
					return fmt.Errorf("after CheckEvents: %w", err)
				}
				if err := errors.Join(n.ReadEvents(), n.ProcessEvents()); err != nil {
					return err
				}
			}
		},
		"all read before anything is processed": func(n *Notifier, _ func(*Event)) error {
			for {
				if err := n.ReadEvents(); errors.Is(err, io.EOF) {
					return n.ProcessEvents()
				} else if err != nil {
					return err
				}
			}
		},
	} {
		var got []string
		keep := func(ev *Event) { got = append(got, told(ev)) }
		wm := NewWatchManager(newWindowsScript(records(t, deletion)), Adopt())
		n := NewNotifier(wm, HandlerFunc(func(ev *Event) error { keep(ev); return nil }))
		if err := run(n, keep); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, %q", form, err, got)
		}
	}
}

func TestWhatIsHeldDoesNotWait(t *testing.T) {
	b := newWindowsScript(records(t, deletion))
	b.live = true
	var got log
	n := NewNotifier(NewWatchManager(b, Adopt()), &got)
	round := func(want bool, events ...string) {
		t.Helper()
		ok, err := n.CheckEvents(0)
		if ok != want || err != nil {
			t.Errorf("CheckEvents says %t, %v, want %t", ok, err, want)
		}
		if ok {
			if err := errors.Join(n.ReadEvents(), n.ProcessEvents()); err != nil {
				t.Error(err)
			}
		}
		equal(t, "events", got.lines(), events)
	}
	round(true)
	round(false)
	b.feed(event.Record{Kind: event.KindIdle, Time: int64(20 * time.Millisecond)})
	round(true, `IN_DELETE C:\t\a`)
	round(false, `IN_DELETE C:\t\a`)
}

func TestStopDiscardsWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newWindowsScript(records(t, deletion))
		b.live = true
		wm := NewWatchManager(b, Adopt())
		var got log
		first := NewThreadedNotifier(wm, &got)
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		first.Stop()
		second := NewThreadedNotifier(wm, &got)
		if err := second.Start(); err != nil {
			t.Fatal(err)
		}
		b.feed(event.Record{Kind: event.KindChange, WD: 1, Mask: event.Mask(event.FILE_ACTION_ADDED), Cookie: 0x10, Name: `d\b`})
		synctest.Wait()
		second.Stop()
		equal(t, "events", got.lines(), []string{`IN_CREATE|IN_ISDIR C:\t\d\b`})
	})
}

func TestATransientFileOfWindowsInAnyCase(t *testing.T) {
	b := newWindowsScript(records(t, windowsTree+`
		change wd=1 action=ADDED attributes=0x80 name="daemon.PID"
		change wd=1 action=ADDED attributes=0x80 name="other"`))
	b.add = grants(grant(1, `C:\t`))
	wm := NewWatchManager(b)
	var got log
	must[map[string]int32](t)(wm.WatchTransientFile(`c:\T\Daemon.pid`, event.IN_MODIFY, &got))
	if err := NewNotifier(wm, HandlerFunc(func(*Event) error { return nil })).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	equal(t, "events", got.lines(), []string{`IN_CREATE C:\t\daemon.PID`})
}

// BenchmarkNotifierOfWindows is BenchmarkNotifier for what ReadDirectoryChangesExW delivers of one tree.
func BenchmarkNotifierOfWindows(b *testing.B) {
	var all []event.Record
	for n := range 1024 {
		name := fmt.Sprintf(`some\dir%02d\file%06d.txt`, n%16, n)
		for _, c := range []struct {
			action event.Action
			name   string
		}{{1, name}, {3, name}, {3, name}, {4, name}, {5, name + "~"}, {2, name + "~"}} {
			all = append(all, event.Record{Kind: event.KindChange, WD: 1, Mask: event.Mask(c.action), Cookie: 0x80, Name: c.name})
		}
	}
	s := newStorm(4096, b.N)
	s.platform = event.Windows
	s.batches = [][]event.Record{{{Kind: event.KindWatch, Flags: event.FlagDir, WD: 1, Mask: event.IN_ALL_EVENTS,
		P: int64(event.DefaultFilter), Path: `C:\Users\user\project`}}}
	s.batches = append(s.batches, split(all, 4096)...)
	var events, bytes int
	count := func(ev *Event) error { events++; bytes += len(ev.Pathname); return nil }
	n := NewNotifier(NewWatchManager(s, Adopt()), &ProcessEvent{Default: count})
	b.ReportAllocs()
	b.ResetTimer()
	if err := n.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if events != b.N || bytes < 40*b.N {
		b.Fatalf("%d events with %d bytes of path delivered, want %d", events, bytes, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

func TestAWatchAskedForAgainHasTheLatestLetters(t *testing.T) {
	b := newWindowsScript()
	wm := NewWatchManager(b)
	where := func() string {
		path, _ := wm.Path(1)
		return path
	}
	for _, path := range []string{`C:\t`, `C:\T`} {
		b.add = grants(event.WatchResult{Key: path[3:], Path: path, WD: 1})
		must[map[string]int32](t)(wm.AddWatch(path[3:], event.IN_CREATE))
		if where() != path {
			t.Errorf("%s before the record: %s", path, where())
		}
		b.feed(records(t, fmt.Sprintf("watch dir wd=1 mask=IN_CREATE filter=FILE_NAME path=%q", path))...)
		run(t, wm)
		if where() != path {
			t.Errorf("%s after the record: %s", path, where())
		}
	}
	for _, path := range []string{"t", "T", `c:\t`} {
		if wd, ok := wm.WD(path); !ok || wd != 1 {
			t.Errorf("%s: watch %d, %t", path, wd, ok)
		}
	}
}
