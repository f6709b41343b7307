package replayer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// handled runs a WatchManager on r and gives what its handler gets.
func handled(t testing.TB, wm *watcher.WatchManager) (all []string) {
	t.Helper()
	handler := watcher.HandlerFunc(func(ev *watcher.Event) error {
		line := fmt.Sprint(ev.Mask, " ", ev.Pathname)
		if ev.SrcPathname != "" {
			line += " from " + ev.SrcPathname
		}
		all = append(all, line)
		return nil
	})
	if err := watcher.NewNotifier(wm, handler).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := wm.Close(); err != nil {
		t.Error(err)
	}
	return all
}

var projectEvents = []string{
	"IN_CREATE /tmp/p/a/f", "IN_CLOSE_WRITE /tmp/p/a/f", "IN_CREATE|IN_ISDIR /tmp/p/n", "IN_CREATE /tmp/p/n/x",
	"IN_MOVED_FROM|IN_ISDIR /tmp/p/n", "IN_MOVED_TO|IN_ISDIR /tmp/p/m from /tmp/p/n", "IN_DELETE /tmp/p/m/x",
	"IN_DELETE_SELF /tmp/p/b", "IN_IGNORED /tmp/p/b",
}

func TestAManagerThatAdoptsGetsTheSameInEveryRound(t *testing.T) {
	for rounds := 1; rounds <= 3; rounds++ {
		wm := watcher.NewWatchManager(replay(t, parse(t, project), replayer.Loop(rounds)), watcher.Adopt())
		equal(t, handled(t, wm), slices.Repeat(projectEvents, rounds))
	}
}

func TestAProgramGetsOfARecordingWhatItAsksFor(t *testing.T) {
	for _, tt := range []struct {
		name string
		path string
		mask event.Mask
		opts []watcher.WatchOption
		want []string
	}{
		{"everything", "/tmp/p", event.IN_ALL_EVENTS, []watcher.WatchOption{watcher.Recursive(), watcher.AutoAdd()}, projectEvents},
		{"one directory", "/tmp/p/a", event.IN_ALL_EVENTS, nil, projectEvents[:2]},
		{"one event", "/tmp/p", event.IN_DELETE, []watcher.WatchOption{watcher.Recursive(), watcher.AutoAdd()},
			[]string{"IN_DELETE /tmp/p/m/x", "IN_IGNORED /tmp/p/b"}},
		{"not what appears", "/tmp/p", event.IN_CREATE | event.IN_DELETE, nil, []string{"IN_CREATE|IN_ISDIR /tmp/p/n"}},
		{"not what is excluded", "/tmp/p", event.IN_CREATE | event.IN_DELETE,
			[]watcher.WatchOption{watcher.Recursive(), watcher.AutoAdd(), watcher.Exclude(func(p string) bool { return p != "/tmp/p" })},
			[]string{"IN_CREATE|IN_ISDIR /tmp/p/n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wm := watcher.NewWatchManager(replay(t, parse(t, project)))
			if _, err := wm.AddWatch(tt.path, tt.mask, tt.opts...); err != nil {
				t.Fatal(err)
			}
			equal(t, handled(t, wm), tt.want)
		})
	}
}

func TestAHandlerThatRemovesItsWatchGetsNothingMore(t *testing.T) {
	wm := watcher.NewWatchManager(replay(t, parse(t, project), replayer.Speed(1e12)))
	if _, err := wm.AddWatch("/tmp/p", event.IN_ALL_EVENTS, watcher.AutoAdd()); err != nil {
		t.Fatal(err)
	}
	var got []string
	handler := watcher.HandlerFunc(func(ev *watcher.Event) error {
		got = append(got, ev.Mask.String())
		if ev.Mask == event.IN_CREATE|event.IN_ISDIR {
			_, err := wm.RemoveWatch(1)
			return err
		}
		return nil
	})
	if err := watcher.NewNotifier(wm, handler).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The synthetic event had been read already, by a watch that auto-add had placed.
	equal(t, got, []string{"IN_CREATE|IN_ISDIR", "IN_CREATE", "IN_IGNORED", "IN_DELETE"})
}

func TestAddWatchTellsOfWhatWasNotRecorded(t *testing.T) {
	wm := watcher.NewWatchManager(replay(t, parse(t, narrow)))
	defer wm.Close()
	wds, err := wm.AddWatches([]string{"/t", "/nowhere"}, event.IN_CREATE|event.IN_MODIFY)
	if !errors.Is(err, event.ErrNotRecorded) || wds["/t"] != 1 || wds["/nowhere"] >= 0 {
		t.Errorf("got %v, %v", wds, err)
	}
	if got := wm.Unrecorded(1); got != event.IN_MODIFY {
		t.Errorf("unrecorded %v", got)
	}
}

func BenchmarkReplayToHandler(b *testing.B) {
	const events = 1_000_000
	log := storm(events)
	b.ReportAllocs()
	n, bytes := 0, 0
	handler := &watcher.ProcessEvent{IN_CREATE: func(ev *watcher.Event) error {
		n++
		bytes += len(ev.Pathname)
		return nil
	}}
	for b.Loop() {
		r, err := replayer.New(log)
		if err != nil {
			b.Fatal(err)
		}
		wm := watcher.NewWatchManager(r, watcher.Adopt())
		if err := watcher.NewNotifier(wm, handler).Run(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// short is of a program that watched a directory when it appeared, and so
// lived with it from its creation to its end within one block of a log.
const short = `fsrec-text 1
header platform "linux"
1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/t"
2 1.0 read bytes=32 buffer=4096
3 1.0 event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
4 1.0 watch dir wd=2 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/t/d"
5 2.0 read bytes=32 buffer=4096
6 2.0 event wd=2 mask=IN_CREATE name="f"
7 3.0 read bytes=96 buffer=4096
8 3.0 event wd=2 mask=IN_DELETE name="f"
9 3.0 event wd=2 mask=IN_DELETE_SELF
10 3.0 event wd=2 mask=IN_IGNORED
11 3.0 unwatch wd=2 cause="deleted" path="/t/d"
12 3.0 event wd=1 mask=IN_DELETE|IN_ISDIR name="d"
`

// follow watches each directory when its creation is told, and leaves it when a file is made in it.
func follow(t *testing.T, r event.Backend, leave bool) (all []string) {
	wm := watcher.NewWatchManager(r)
	if _, err := wm.AddWatch("/t", event.IN_ALL_EVENTS); err != nil {
		t.Fatal(err)
	}
	handler := watcher.HandlerFunc(func(ev *watcher.Event) error {
		all = append(all, fmt.Sprint(ev.Mask, " ", ev.Pathname))
		switch {
		case ev.Mask == event.IN_CREATE|event.IN_ISDIR:
			_, err := wm.AddWatch(ev.Pathname, event.IN_ALL_EVENTS)
			return err
		case ev.Mask == event.IN_CREATE && leave:
			_, err := wm.RemoveWatch(ev.WD)
			return err
		}
		return nil
	})
	if err := watcher.NewNotifier(wm, handler).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAHandlerChangesWatchesAtItsPlaceInTheRecording(t *testing.T) {
	stamped := strings.NewReplacer("2 1.0 read", "2 1.0 mark", "bytes=32 buffer=4096", `text="no read"`, "7 3.0 read bytes=96 buffer=4096", `7 3.0 mark text="no read"`, "5 2.0 read", "5 2.0 mark").Replace(short)
	for name, log := range map[string]string{"with reads": short, "without reads": stamped} {
		for speed, opts := range map[string][]replayer.Option{"as fast as possible": nil, "paced": {replayer.Speed(1e12)}} {
			t.Run(name+", "+speed, func(t *testing.T) {
				equal(t, follow(t, replay(t, parse(t, log), opts...), false), []string{
					"IN_CREATE|IN_ISDIR /t/d", "IN_CREATE /t/d/f", "IN_DELETE /t/d/f", "IN_DELETE_SELF /t/d", "IN_IGNORED /t/d", "IN_DELETE|IN_ISDIR /t/d",
				})
				equal(t, follow(t, replay(t, parse(t, log), opts...), true), []string{
					"IN_CREATE|IN_ISDIR /t/d", "IN_CREATE /t/d/f", "IN_IGNORED /t/d", "IN_DELETE|IN_ISDIR /t/d",
				})
			})
		}
	}
}

func TestAWatchThatIsRemovedAndAddedAgainDelivers(t *testing.T) {
	wm := watcher.NewWatchManager(replay(t, parse(t, project)))
	for range 2 {
		wds, err := wm.AddWatch("/tmp/p/a", event.IN_CREATE)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wm.RemoveWatch(wds["/tmp/p/a"]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := wm.AddWatch("/tmp/p/a", event.IN_CREATE); err != nil {
		t.Fatal(err)
	}
	equal(t, handled(t, wm), []string{"IN_IGNORED /tmp/p/a", "IN_IGNORED /tmp/p/a", "IN_CREATE /tmp/p/a/f"})
}
