package watcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/watcher/event"
)

const opens = tree + `
	event wd=1 mask=IN_OPEN name="a"
	event wd=1 mask=IN_OPEN name="b"
	event wd=1 mask=IN_OPEN name="c"`

// liveScript is a script that does not end, with a manager that adopts its watches.
func liveScript(t *testing.T, text string) (*script, *WatchManager) {
	t.Helper()
	b := newScript(records(t, text))
	b.live = true
	return b, NewWatchManager(b, Adopt())
}

func TestRunEndsWithTheRecording(t *testing.T) {
	wm := NewWatchManager(newScript(records(t, opens)), Adopt())
	var got log
	n := NewNotifier(wm, &got)
	for range 2 {
		if err := n.Run(context.Background()); err != nil || n.Err() != nil {
			t.Errorf("%v, %v", err, n.Err())
		}
	}
	equal(t, "events", got.lines(), []string{"IN_OPEN /t/a", "IN_OPEN /t/b", "IN_OPEN /t/c"})
	if ok, err := n.CheckEvents(); ok || !errors.Is(err, io.EOF) {
		t.Errorf("at the end CheckEvents gives %t, %v", ok, err)
	}
	if err := n.ReadEvents(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end ReadEvents gives %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	_, wm := liveScript(t, opens)
	ctx, cancel := context.WithCancel(context.Background())
	n := NewNotifier(wm, HandlerFunc(func(ev *Event) error {
		if ev.Name == "c" {
			cancel()
		}
		return nil
	}))
	if err := n.Run(ctx); !errors.Is(err, context.Canceled) || !errors.Is(n.Err(), context.Canceled) {
		t.Errorf("%v, %v", err, n.Err())
	}
}

func TestRunEndsWhenTheManagerIsClosed(t *testing.T) {
	_, wm := liveScript(t, opens)
	n := NewNotifier(wm, HandlerFunc(func(ev *Event) error {
		if ev.Name == "c" {
			return wm.Close()
		}
		return nil
	}))
	if err := n.Run(context.Background()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestRunCallsItsCallbacks(t *testing.T) {
	all := records(t, opens)
	wm := NewWatchManager(newScript(split(all, 1)...), Adopt())
	var got log
	var seen []string
	err := NewNotifier(wm, &got).Run(context.Background(), func(*Notifier) bool {
		seen = append(seen, fmt.Sprint(len(got.events)))
		return len(got.events) == 2
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "events before each callback", seen, []string{"0", "0", "0", "1", "2"})
}

// A negative timeout waits for events, 0 does not wait, a positive one waits
// that long; no wait is a busy loop. All of it in virtual time.
func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, wm := liveScript(t, opens)
		n := NewNotifier(wm, &log{}, Timeout(3*time.Second))
		start := time.Now()
		check := func(what string, want bool, took time.Duration, timeout ...time.Duration) {
			t.Helper()
			before := time.Now()
			ok, err := n.CheckEvents(timeout...)
			if ok != want || err != nil || time.Since(before) != took {
				t.Errorf("%s: %t, %v after %s, want %t after %s", what, ok, err, time.Since(before), want, took)
			}
		}
		check("events, no wait", true, 0, 0)
		check("events, default", true, 0)
		if err := n.ReadEvents(); err != nil {
			t.Fatal(err)
		}
		if err := n.ProcessEvents(); err != nil {
			t.Fatal(err)
		}
		check("none, no wait", false, 0, 0)
		check("none, wait", false, time.Second, time.Second)
		check("none, default", false, 3*time.Second)
		time.AfterFunc(time.Hour, func() { b.feed(records(t, `event wd=1 mask=IN_OPEN`)...) })
		check("until there are some", true, time.Hour, -1)
		if got := time.Since(start); got != time.Hour+4*time.Second {
			t.Errorf("took %s", got)
		}
		if err := n.ReadEvents(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Hour, n.Stop)
		if ok, err := n.CheckEvents(-1); ok || !errors.Is(err, ErrClosed) {
			t.Errorf("a stopped wait gives %t, %v", ok, err)
		}
	})
}

func TestTimeoutOfRunCallsTheCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, wm := liveScript(t, opens)
		rounds := 0
		start := time.Now()
		err := NewNotifier(wm, &log{}, Timeout(time.Second)).Run(context.Background(), func(*Notifier) bool {
			rounds++
			return rounds == 5
		})
		// The first comes before any wait, the second after the events.
		if err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestReadFreqBoundsTheReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := records(t, opens)
		wm := NewWatchManager(newScript(split(all, 1)...), Adopt())
		var times []string
		start := time.Now()
		h := HandlerFunc(func(*Event) error { times = append(times, time.Since(start).String()); return nil })
		if err := NewNotifier(wm, h, ReadFreq(time.Second)).Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		equal(t, "times", times, []string{"3s", "4s", "5s"})
	})
}

func TestThresholdCountsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := records(t, `event wd=1 mask=IN_OPEN name="x"`) // 32 bytes
		b, wm := liveScript(t, tree)
		var got log
		n := NewNotifier(wm, &got, Threshold(64))
		read := func(want int) {
			t.Helper()
			if err := n.ReadEvents(); err != nil {
				t.Fatal(err)
			}
			if err := n.ProcessEvents(); err != nil {
				t.Fatal(err)
			}
			if len(got.events) != want {
				t.Errorf("%d events, want %d", len(got.events), want)
			}
		}
		b.mu.Lock()
		b.batches[0] = append(b.batches[0], one...)
		b.mu.Unlock()
		read(0)
		b.mu.Lock()
		b.batches[0] = append(b.batches[0], one...)
		b.mu.Unlock()
		read(2)

		b.feed(one...)
		start := time.Now()
		time.AfterFunc(time.Minute, func() {
			b.mu.Lock()
			b.batches[0] = append(b.batches[0], one...)
			b.mu.Unlock()
		})
		err := n.Run(context.Background(), func(*Notifier) bool { return len(got.events) == 4 })
		if err != nil || time.Since(start) < time.Minute || time.Since(start) > time.Minute+time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestCoalesceEventsMayBeTurnedOnAndOff(t *testing.T) {
	text := `event wd=1 mask=IN_MODIFY name="a"`
	b, wm := liveScript(t, tree)
	var got log
	n := NewNotifier(wm, &got)
	twice := append(records(t, text), records(t, text)...)
	for _, c := range []struct{ on, want int }{{0, 2}, {1, 3}, {0, 5}} {
		n.CoalesceEvents(c.on == 1)
		b.feed(twice...)
		for len(b.batches) > 0 {
			if err := n.ReadEvents(); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.ProcessEvents(); err != nil {
			t.Fatal(err)
		}
		if len(got.events) != c.want {
			t.Errorf("%d events, want %d", len(got.events), c.want)
		}
	}
}

// An appended record is processed behind what was read, also where a handler appends it.
func TestAppendEventComesBehindWhatWasRead(t *testing.T) {
	_, wm := liveScript(t, tree)
	var got log
	var n *Notifier
	n = NewNotifier(wm, HandlerFunc(func(ev *Event) error {
		_, err := got.HandleEvent(ev)
		if ev.Name == "first" {
			err = n.AppendEvent(event.Record{Kind: event.KindEvent, WD: 1, Mask: event.IN_DELETE, Name: "third"})
		}
		return err
	}))
	if err := n.ReadEvents(); err != nil { // of the watches
		t.Fatal(err)
	}
	for _, name := range []string{"first", "second"} {
		if err := n.AppendEvent(event.Record{Kind: event.KindEvent, WD: 1, Mask: event.IN_CREATE, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.ProcessEvents(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ev := range got.events {
		names = append(names, ev.Name)
	}
	if want := []string{"first", "second", "third"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	n.Stop()
	if err := n.AppendEvent(event.Record{}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Stop: %v, want ErrClosed", err)
	}
}

// A handler that fails ends Run with an error that names the event; the next
// call goes on behind it.
func TestFailingHandlerEndsRun(t *testing.T) {
	failure := errors.New("disk on fire")
	for _, c := range []struct {
		name string
		fail func() error
		is   error
	}{
		{"an error", func() error { return failure }, failure},
		{"a panic", func() error { panic(failure) }, failure},
		{"a panic with a string", func() error { panic("ouch") }, nil},
	} {
		wm := NewWatchManager(newScript(records(t, opens)), Adopt())
		var got log
		n := NewNotifier(wm, Chain(&got, HandlerFunc(func(ev *Event) error {
			if ev.Name == "b" {
				return c.fail()
			}
			return nil
		})))
		err := n.Run(context.Background())
		var failed *HandlerError
		if !errors.As(err, &failed) || failed.Seq != 4 || failed.Path != "/t/b" || failed.Mask != event.IN_OPEN {
			t.Fatalf("%s: error %#v", c.name, err)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: the cause of %v is lost", c.name, err)
		}
		var p *PanicError
		if errors.As(err, &p) != strings.Contains(c.name, "panic") || p != nil && !bytes.Contains(p.Stack, []byte("TestFailingHandlerEndsRun")) {
			t.Errorf("%s: error %v", c.name, err)
		}
		if err := n.Run(context.Background()); err != nil {
			t.Errorf("%s: the second Run: %v", c.name, err)
		}
		equal(t, c.name, got.lines(), []string{"IN_OPEN /t/a", "IN_OPEN /t/b", "IN_OPEN /t/c"})
	}
}

func TestContinueOnError(t *testing.T) {
	wm := NewWatchManager(newScript(records(t, opens)), Adopt())
	var reports []string
	var got log
	h := Chain(&got, HandlerFunc(func(ev *Event) error {
		if ev.Name == "a" {
			return errors.New("no")
		}
		panic("never")
	}))
	n := NewNotifier(wm, h, ContinueOnError(func(err error) { reports = append(reports, err.Error()) }))
	if err := n.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	equal(t, "reports", reports, []string{
		`handler failed at event 3 (IN_OPEN "/t/a"): no`,
		`handler failed at event 4 (IN_OPEN "/t/b"): panic: never`,
		`handler failed at event 5 (IN_OPEN "/t/c"): panic: never`})
	if len(got.events) != 3 {
		t.Errorf("%d events", len(got.events))
	}
}

// A panic of a filter is that of a handler, and is not met again.
func TestPanickingFilter(t *testing.T) {
	b := newScript(records(t, `
		watch dir auto_add wd=1 mask=IN_OPEN path="/t"
		watch dir auto_add wd=2 mask=IN_OPEN parent=1 path="/t/d"
		event wd=1 mask=IN_OPEN name="a"
		event wd=1 mask=IN_OPEN name="b"`))
	b.add = grants(grant(1, "/t"))
	wm := NewWatchManager(b)
	must[map[string]int32](t)(wm.AddWatch("/t", event.IN_OPEN, AutoAdd(),
		Exclude(func(string) bool { panic("exclude") }),
		Filter(func(ev *Event) bool {
			if ev.Name == "a" {
				panic("filter")
			}
			return false
		})))
	var reports []string
	var got log
	n := NewNotifier(wm, &got, ContinueOnError(func(err error) { reports = append(reports, err.Error()) }))
	if err := n.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	equal(t, "reports", reports, []string{
		`handler failed: panic: exclude`,
		`handler failed at event 3 (IN_OPEN "/t/a"): panic: filter`})
	equal(t, "events", got.lines(), []string{"IN_OPEN /t/b"})
}

// Events that are kept by Clone and in slices of a Channel stay what they were.
func TestClonesDoNotChange(t *testing.T) {
	var all []event.Record
	all = append(all, records(t, tree)...)
	for i := range 3 * segmentEvents {
		all = append(all, event.Record{Kind: event.KindEvent, WD: 1, Mask: event.IN_OPEN, Name: fmt.Sprint(i)})
	}
	var got log
	if err := NewNotifier(NewWatchManager(newScript(all), Adopt()), &got).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	for i, ev := range got.events {
		if want := fmt.Sprintf("/t/%d", i); ev.Pathname != want {
			t.Fatalf("event %d is about %s now", i, ev.Pathname)
		}
	}
}

func TestProcessingAllocatesNothingPerEvent(t *testing.T) {
	wm := NewWatchManager(newStorm(4096, 1<<30), Adopt())
	n := NewNotifier(wm, &ProcessEvent{Default: func(*Event) error { return nil }})
	round := func() {
		if err := n.ReadEvents(); err != nil {
			t.Fatal(err)
		}
		if err := n.ProcessEvents(); err != nil {
			t.Fatal(err)
		}
	}
	round() // the watches
	round()
	// One text a segment, and nothing else; a batch has two lengths.
	perRound := testing.AllocsPerRun(20, round)
	if limit := float64(4096/segmentEvents + 4); perRound > limit {
		t.Errorf("%.1f allocations for up to 4096 events, want at most %.0f", perRound, limit)
	}
}
