package watcher

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// After Stop no event is delivered, whoever calls it.
func TestStopInAHandler(t *testing.T) {
	_, wm := liveScript(t, opens)
	var got log
	n := NewNotifier(wm, nil)
	n.handler = Chain(&got, HandlerFunc(func(*Event) error { n.Stop(); return nil }))
	if err := n.Run(context.Background()); err != nil {
		t.Error(err)
	}
	equal(t, "events", got.lines(), []string{"IN_OPEN /t/a"})
	n.Stop()
	for name, err := range map[string]error{"Run": n.Run(context.Background()), "ReadEvents": n.ReadEvents(), "ProcessEvents": n.ProcessEvents()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Stop gives %v", name, err)
		}
	}
	for range n.Events(context.Background(), -1) {
		t.Error("Events after Stop yields")
	}
	for range n.Channel(context.Background()) {
		t.Error("Channel after Stop sends")
	}
}

func TestStopWaitsForTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, wm := liveScript(t, opens)
		began, finished := make(chan struct{}), false
		n := NewNotifier(wm, HandlerFunc(func(*Event) error {
			if finished {
				t.Error("an event after the last")
			}
			close(began)
			<-time.NewTimer(time.Hour).C
			finished = true
			return nil
		}))
		var done sync.WaitGroup
		done.Go(func() {
			if err := n.Run(context.Background()); err != nil {
				t.Error(err)
			}
		})
		<-began
		n.Stop()
		if !finished {
			t.Error("Stop returned while the handler was running")
		}
		done.Wait()
	})
}

func TestStopCancelsABlockedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, wm := liveScript(t, opens)
		n := NewThreadedNotifier(wm, &log{})
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		if err := n.Start(); !errors.Is(err, ErrStarted) {
			t.Errorf("the second Start gives %v", err)
		}
		synctest.Wait() // it blocks in Read now
		n.Stop()
		n.Stop()
		select {
		case <-n.Done():
		default:
			t.Error("Stop did not join")
		}
		if err := n.Wait(); err != nil {
			t.Error(err)
		}
		if err := n.Start(); !errors.Is(err, ErrClosed) {
			t.Errorf("Start after Stop gives %v", err)
		}
	})
}

func TestThreadedNotifierThatWasNeverStarted(t *testing.T) {
	_, wm := liveScript(t, opens)
	n := NewThreadedNotifier(wm, nil)
	n.Stop()
	n.Stop()
	if err := n.Start(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := n.Wait(); err != nil {
		t.Error(err)
	}
}

func TestThreadedNotifierStoppedByItsHandler(t *testing.T) {
	_, wm := liveScript(t, opens)
	n := NewThreadedNotifier(wm, nil)
	var got log
	n.handler = Chain(&got, HandlerFunc(func(*Event) error { n.Stop(); return nil }))
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	if err := n.Wait(); err != nil || len(got.events) != 1 {
		t.Errorf("%v, %d events", err, len(got.events))
	}
}

func TestThreadedNotifierTellsOfAFailure(t *testing.T) {
	_, wm := liveScript(t, opens)
	failure := errors.New("failure")
	n := NewThreadedNotifier(wm, HandlerFunc(func(*Event) error { return failure }))
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	if err := n.Wait(); !errors.Is(err, failure) {
		t.Error(err)
	}
	n.Stop()
}

// A report of a failure is a place to stop at, as a handler is.
func TestStopInTheReportOfAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, wm := liveScript(t, opens)
		var n *Notifier
		calls := 0
		n = NewNotifier(wm, HandlerFunc(func(*Event) error { calls++; return errors.New("failure") }),
			ContinueOnError(func(error) { n.Stop() }))
		if err := n.Run(context.Background()); err != nil || calls != 1 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

// What happened to the watches counts for the next Notifier, though the events do not.
func TestWatchesAreFollowedPastStop(t *testing.T) {
	text := tree + `
		event wd=1 mask=IN_OPEN name="a"
		event wd=1 mask=IN_MOVED_FROM|IN_ISDIR cookie=1 name="d"
		event wd=1 mask=IN_MOVED_TO|IN_ISDIR cookie=1 name="e"
		move src="/t/d" path="/t/e"`
	for _, n := range []int{1, 100} {
		b := newScript(split(records(t, text), n)...)
		b.live = true
		wm := NewWatchManager(b, Adopt())
		first := NewNotifier(wm, nil)
		first.handler = HandlerFunc(func(*Event) error { first.Stop(); return nil })
		if err := first.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		first.Stop()
		b.live = false
		b.feed(records(t, `event wd=2 mask=IN_OPEN name="f"`)...)
		var got log
		if err := NewNotifier(wm, &got).Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if lines := got.lines(); lines[len(lines)-1] != "IN_OPEN /t/e/f" {
			t.Errorf("in batches of %d: %q", n, lines)
		}
	}
}

// A handler that ends the context of its Run has had its last event of that Run.
func TestCancelInAHandler(t *testing.T) {
	_, wm := liveScript(t, opens)
	ctx, cancel := context.WithCancel(context.Background())
	var got log
	n := NewNotifier(wm, Chain(&got, HandlerFunc(func(*Event) error { cancel(); return nil })))
	if err := n.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	equal(t, "events", got.lines(), []string{"IN_OPEN /t/a"})
	if err := n.ProcessEvents(); err != nil {
		t.Error(err)
	}
	equal(t, "with those that were left", got.lines(), []string{"IN_OPEN /t/a", "IN_OPEN /t/b", "IN_OPEN /t/c"})
}
