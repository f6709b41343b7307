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
	if err := n.Start(); !errors.Is(err, ErrClosed) {
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
