package watcher

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"fsrec/watcher/event"
)

const tree = `
	watch dir wd=1 mask=IN_ALL_EVENTS path="/t"
	watch dir wd=2 mask=IN_ALL_EVENTS path="/t/d"
`

func TestRenamePairing(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"both halves", `
			event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
			event wd=2 mask=IN_MOVED_TO cookie=7 name="b"`,
			[]string{"IN_MOVED_FROM /t/a", "IN_MOVED_TO /t/d/b < /t/a"}},
		{"other events, a read boundary and a minute between them", `
			event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
			event wd=1 mask=IN_OPEN name="x"
			@60
			read bytes=32
			event wd=2 mask=IN_MOVED_TO cookie=7 name="b"`,
			[]string{"IN_MOVED_FROM /t/a", "IN_OPEN /t/x", "IN_MOVED_TO /t/d/b < /t/a"}},
		{"more than a minute", `
			event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
			@60.000000001
			event wd=2 mask=IN_MOVED_TO cookie=7 name="b"`,
			[]string{"IN_MOVED_FROM /t/a", "IN_MOVED_TO /t/d/b"}},
		{"the second half of another rename", `
			event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
			event wd=2 mask=IN_MOVED_TO cookie=8 name="b"
			event wd=2 mask=IN_MOVED_TO cookie=7 name="c"`,
			[]string{"IN_MOVED_FROM /t/a", "IN_MOVED_TO /t/d/b", "IN_MOVED_TO /t/d/c < /t/a"}},
		{"a source is given once", `
			event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
			event wd=2 mask=IN_MOVED_TO cookie=7 name="b"
			event wd=2 mask=IN_MOVED_TO cookie=7 name="c"`,
			[]string{"IN_MOVED_FROM /t/a", "IN_MOVED_TO /t/d/b < /t/a", "IN_MOVED_TO /t/d/c"}},
		{"no first half at all", `
			event wd=2 mask=IN_MOVED_TO cookie=7 name="b"`,
			[]string{"IN_MOVED_TO /t/d/b"}},
		{"an exchange", `
			event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
			event wd=1 mask=IN_MOVED_TO cookie=7 name="b"
			event wd=1 mask=IN_MOVED_FROM cookie=8 name="b"
			event wd=1 mask=IN_MOVED_TO cookie=8 name="a"`,
			[]string{"IN_MOVED_FROM /t/a", "IN_MOVED_TO /t/b < /t/a", "IN_MOVED_FROM /t/b", "IN_MOVED_TO /t/a < /t/b"}},
		{"an overflow between", `
			event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
			event wd=-1 mask=IN_Q_OVERFLOW
			event wd=2 mask=IN_MOVED_TO cookie=7 name="b"`,
			[]string{"IN_MOVED_FROM /t/a", "IN_Q_OVERFLOW ", "IN_MOVED_TO /t/d/b"}},
		{"a loss of ours between", `
			event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
			loss cause="queue" count=5
			event wd=2 mask=IN_MOVED_TO cookie=7 name="b"`,
			[]string{"IN_MOVED_FROM /t/a", "IN_Q_OVERFLOW ", "IN_MOVED_TO /t/d/b"}},
		{"the kernel's loss is told once", `
			event wd=-1 mask=IN_Q_OVERFLOW
			loss cause="kernel" count=-1`,
			[]string{"IN_Q_OVERFLOW "}},
		{"the source's directory is renamed between", `
			event wd=2 mask=IN_MOVED_FROM cookie=7 name="a"
			move src="/t/d" path="/t/e"
			event wd=1 mask=IN_MOVED_TO cookie=7 name="b"`,
			[]string{"IN_MOVED_FROM /t/d/a", "IN_MOVED_TO /t/b < /t/d/a"}},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, "events", replayed(t, tree+c.text), c.want) })
	}
}

func TestRenamesThatNeverEndAreBounded(t *testing.T) {
	var m moves
	for i := range uint32(3 * maxMoves) {
		m.put(i+1, fmt.Sprint(i+1), 0)
		m.unpin()
	}
	if len(m.cookies) != maxMoves || len(m.sources) != maxMoves {
		t.Fatalf("%d renames wait, want %d", len(m.cookies), maxMoves)
	}
	if got := m.take(3*maxMoves, 0); got != fmt.Sprint(3*maxMoves) {
		t.Errorf("the latest has source %q", got)
	}
	if got := m.take(1, 0); got != "" {
		t.Errorf("the oldest still has source %q", got)
	}
	m.put(1, "late", 2*moveExpiry)
	if len(m.cookies) != 1 {
		t.Errorf("%d renames wait after a long time", len(m.cookies))
	}
}

// A program that does not watch IN_MOVED_FROM gets no source when it runs
// live, so it gets none from a recording that has it.
func TestSourceOnlyWhereMovedFromIsWatched(t *testing.T) {
	text := tree + `
		event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
		event wd=1 mask=IN_MOVED_TO cookie=7 name="b"`
	b := newScript(records(t, text))
	b.add = grants(grant(1, "/t"))
	wm := NewWatchManager(b)
	if _, err := wm.AddWatch("/t", event.IN_MOVED_TO); err != nil {
		t.Fatal(err)
	}
	var got log
	if err := NewNotifier(wm, &got).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	equal(t, "events", got.lines(), []string{"IN_MOVED_TO /t/b"})
}

func TestInference(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"an event about the watched object", `event wd=1 mask=IN_ATTRIB|IN_ISDIR`, []string{"IN_ATTRIB|IN_ISDIR /t"}},
		{"our own listing", `
			event own wd=1 mask=IN_OPEN|IN_ISDIR name="d"
			event wd=1 mask=IN_OPEN name="f"`, []string{"IN_OPEN /t/f"}},
		{"an unknown watch", `
			event wd=99 mask=IN_OPEN name="f"
			unwatch wd=98
			event wd=0 mask=IN_OPEN name="f"
			event wd=-5 mask=IN_OPEN name="f"
			event wd=1 mask=IN_OPEN name="g"`, []string{"IN_OPEN /t/g"}},
		{"a directory renamed in the tree", `
			event wd=2 mask=IN_CREATE name="a"
			move src="/t/d" path="/t/e"
			event wd=2 mask=IN_MOVE_SELF
			event wd=2 mask=IN_CREATE name="a"`,
			[]string{"IN_CREATE /t/d/a", "IN_MOVE_SELF /t/e", "IN_CREATE /t/e/a"}},
		{"a directory moved out of the tree", `
			event wd=1 mask=IN_MOVED_FROM|IN_ISDIR cookie=3 name="d"
			move src="/t/d"
			event wd=2 mask=IN_MOVE_SELF
			event wd=2 mask=IN_CREATE name="a"
			event wd=2 mask=IN_IGNORED
			unwatch wd=2 cause="moved-out" path="/t/d"
			event wd=2 mask=IN_CREATE name="b"`,
			[]string{"IN_MOVED_FROM|IN_ISDIR /t/d", "IN_IGNORED /t/d"}},
		{"a watch that ended", `
			event wd=2 mask=IN_DELETE_SELF
			event wd=2 mask=IN_IGNORED
			unwatch wd=2 cause="deleted" path="/t/d"
			event wd=2 mask=IN_CREATE name="b"
			event wd=1 mask=IN_DELETE|IN_ISDIR name="d"`,
			[]string{"IN_DELETE_SELF /t/d", "IN_IGNORED /t/d", "IN_DELETE|IN_ISDIR /t/d"}},
		{"a mask that was asked for", `
			watch wd=3 mask=IN_CREATE kernel=IN_ALL_EVENTS path="/m"
			event wd=3 mask=IN_OPEN name="a"
			event wd=3 mask=IN_CREATE name="a"
			watch wd=3 mask=IN_OPEN|IN_ISDIR kernel=IN_ALL_EVENTS path="/m"
			event wd=3 mask=IN_CREATE|IN_ISDIR name="b"
			event wd=3 mask=IN_OPEN|IN_ISDIR name="b"
			event wd=3 mask=IN_UNMOUNT
			event wd=3 mask=IN_IGNORED`,
			[]string{"IN_CREATE /m/a", "IN_OPEN|IN_ISDIR /m/b", "IN_UNMOUNT /m", "IN_IGNORED /m"}},
		{"the root directory", `
			watch dir wd=3 mask=IN_CREATE path="/"
			event wd=3 mask=IN_CREATE name="a"`, []string{"IN_CREATE /a"}},
		{"names of one file and of another, by turns", `
			event wd=1 mask=IN_OPEN name="a"
			event wd=1 mask=IN_MODIFY name="a"
			event wd=2 mask=IN_MODIFY name="a"
			event wd=1 mask=IN_ATTRIB
			event wd=2 mask=IN_CLOSE_WRITE name="a"`,
			[]string{"IN_OPEN /t/a", "IN_MODIFY /t/a", "IN_MODIFY /t/d/a", "IN_ATTRIB /t", "IN_CLOSE_WRITE /t/d/a"}},
		{"a combination that is no single event", `event wd=1 mask=IN_OPEN|IN_CREATE|0x10000 name="a"`,
			[]string{"IN_OPEN|IN_CREATE|0x10000 /t/a"}},
	} {
		t.Run(c.name, func(t *testing.T) { equal(t, "events", replayed(t, tree+c.text), c.want) })
	}
}

func TestFieldsOfAnEvent(t *testing.T) {
	text := `
		watch dir wd=1 mask=IN_ALL_EVENTS path="/t"
		watch wd=2 mask=IN_ALL_EVENTS path="/f"
		@1.5
		event wd=1 mask=IN_DELETE_SELF
		event wd=2 mask=IN_MOVE_SELF cookie=5
		event synthetic wd=1 mask=IN_CREATE|IN_ISDIR name="d"
		event wd=1 mask=IN_MOVED_FROM cookie=6 name="a"`
	var got log
	wm := NewWatchManager(newScript(records(t, text)), Adopt())
	if err := NewNotifier(wm, &got).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	at := 1500 * time.Millisecond
	want := []Event{
		{WD: 1, Mask: event.IN_DELETE_SELF, Dir: true, Path: "/t", Pathname: "/t", Seq: 3, Time: at},
		{WD: 2, Mask: event.IN_MOVE_SELF, Path: "/f", Pathname: "/f", Seq: 4, Time: at},
		{WD: 1, Mask: event.IN_CREATE | event.IN_ISDIR, Dir: true, Synthetic: true, Path: "/t", Name: "d", Pathname: "/t/d", Seq: 5, Time: at},
		{WD: 1, Mask: event.IN_MOVED_FROM, Cookie: 6, Path: "/t", Name: "a", Pathname: "/t/a", Seq: 6, Time: at},
	}
	if len(got.events) != len(want) {
		t.Fatalf("%d events, want %d", len(got.events), len(want))
	}
	for i := range want {
		if *got.events[i] != want[i] {
			t.Errorf("\n got %+v\nwant %+v", *got.events[i], want[i])
		}
	}
}

func TestRecordsWithoutNumbersAreNumbered(t *testing.T) {
	all := records(t, tree+`event wd=1 mask=IN_OPEN`)
	for i := range all {
		all[i].Seq = 0
	}
	var got log
	wm := NewWatchManager(newScript(split(all, 2)...), Adopt())
	if err := NewNotifier(wm, &got).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(got.events) != 1 || got.events[0].Seq != 3 {
		t.Errorf("events %v", got.events)
	}
}

func TestPathRulesAreThoseOfTheRecording(t *testing.T) {
	b := newScript(records(t, `
		watch dir wd=1 mask=IN_ALL_EVENTS path="C:\\Work"
		watch dir wd=2 mask=IN_ALL_EVENTS path="C:\\"
		event wd=1 mask=IN_CREATE name="a.txt"
		event wd=2 mask=IN_CREATE name="b.txt"`))
	b.platform = event.Windows
	wm := NewWatchManager(b, Adopt())
	var got log
	if err := NewNotifier(wm, &got).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	equal(t, "events", got.lines(), []string{`IN_CREATE C:\Work\a.txt`, `IN_CREATE C:\b.txt`})
	for path, want := range map[string]int32{
		`c:\WORK`: 1, `C:/work/`: 1, `\\?\C:\Work`: 1, `C:\x\..\Work`: 1, `c:\`: 2,
		`C:\Wor`: 0, `C:\Work\a`: 0, `D:\Work`: 0,
	} {
		if wd, ok := wm.WD(path); wd != want || ok != (want != 0) {
			t.Errorf("WD(%s) is %d, %t, want %d", path, wd, ok, want)
		}
	}
}

// The table is as far as the event, not as the batch that it came with.
func TestHandlerFindsTheTableOfItsEvent(t *testing.T) {
	all := records(t, tree+`
		event wd=2 mask=IN_OPEN
		move src="/t/d" path="/t/e"
		event wd=2 mask=IN_OPEN
		event wd=2 mask=IN_IGNORED
		unwatch wd=2 path="/t/e"
		event wd=1 mask=IN_OPEN`)
	for _, n := range []int{1, 2, len(all)} {
		var got []string
		wm := NewWatchManager(newScript(split(all, n)...), Adopt())
		h := HandlerFunc(func(*Event) error {
			path, _ := wm.Path(2)
			_, old := wm.WD("/t/d")
			got = append(got, fmt.Sprintf("%q %t %d", path, old, len(wm.Watches())))
			return nil
		})
		if err := NewNotifier(wm, h).Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("batches of %d", n), got, []string{`"/t/d" true 2`, `"/t/e" false 2`, `"/t/e" false 2`, `"" false 1`})
	}
}

func TestCoalesceWithinOneRead(t *testing.T) {
	text := tree + `
		read bytes=64
		event wd=1 mask=IN_MODIFY name="a"
		event wd=1 mask=IN_MODIFY name="b"
		event wd=1 mask=IN_MODIFY name="a"
		event wd=2 mask=IN_MODIFY name="a"
		event wd=1 mask=IN_MODIFY|IN_ISDIR name="a"
		event wd=1 mask=IN_MOVED_TO cookie=1 name="a"
		event wd=1 mask=IN_MOVED_TO cookie=2 name="a"
		read bytes=64
		event wd=1 mask=IN_MODIFY name="a"
		event wd=1 mask=IN_MODIFY name="a"`
	once := []string{"IN_MODIFY /t/a", "IN_MODIFY /t/b", "IN_MODIFY /t/d/a", "IN_MODIFY|IN_ISDIR /t/a",
		"IN_MOVED_TO /t/a", "IN_MOVED_TO /t/a", "IN_MODIFY /t/a"}
	equal(t, "coalesced", replayed(t, text, Coalesce()), once)
	if all := replayed(t, text); len(all) != 9 {
		t.Errorf("%d events without coalescing, want 9", len(all))
	}
}

func TestSegmentsOfAnyLengthDeliverEverything(t *testing.T) {
	all := records(t, tree)
	for i := range 5*segmentEvents + 3 {
		all = append(all, event.Record{Kind: event.KindEvent, WD: int32(1 + i%2), Mask: event.IN_OPEN, Name: fmt.Sprintf("%0*d", 1+i%255, i)})
	}
	var got log
	wm := NewWatchManager(newScript(all), Adopt())
	if err := NewNotifier(wm, &got).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(got.events) != 5*segmentEvents+3 {
		t.Fatalf("%d events", len(got.events))
	}
	for i, ev := range got.events {
		dir := []string{"/t", "/t/d"}[i%2]
		if want := fmt.Sprintf("%s/%0*d", dir, 1+i%255, i); ev.Pathname != want {
			t.Fatalf("event %d is about %q, want %q", i, ev.Pathname, want)
		}
	}
}

// Records are untrusted: whatever they say, nothing panics, and the events do
// not depend on how the records are cut into batches.
func FuzzStream(f *testing.F) {
	f.Add(tree+`
		event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
		move src="/t" path="/u"
		event wd=2 mask=IN_MOVED_TO cookie=7 name="b"
		read bytes=1
		event wd=-1 mask=IN_Q_OVERFLOW
		move src="/u"
		event wd=2 mask=IN_IGNORED
		unwatch wd=2 path="/u/d"`, uint8(2), true)
	f.Add(`watch wd=-3 mask=IN_CREATE parent=-3 path=""
		loss cause="queue" count=-1
		fail op="watch" errno=1 parent=9 path="x"
		event wd=-3 mask=0xffffffff name="/"`, uint8(1), false)
	f.Fuzz(func(t *testing.T, text string, batch uint8, coalesce bool) {
		var all []event.Record
		for line := range strings.Lines(text) {
			if r, err := event.ParseText(fmt.Sprintf("%d %d %s", len(all)+1, len(all), strings.TrimSpace(line))); err == nil {
				all = append(all, r)
			}
		}
		if len(all) == 0 || all[0].Kind != event.KindRead {
			all = append([]event.Record{{Kind: event.KindRead}}, all...)
		}
		deliver := func(n int) []string {
			wm := NewWatchManager(newScript(split(all, n)...), Adopt(), WithLog(slog.New(slog.DiscardHandler)))
			var got log
			notifier := NewNotifier(wm, &got)
			notifier.CoalesceEvents(coalesce)
			if err := notifier.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			return got.lines()
		}
		equal(t, fmt.Sprintf("batches of %d", batch), deliver(max(1, int(batch))), deliver(len(all)))
	})
}
