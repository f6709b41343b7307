package watcher

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/watcher/event"
)

func TestChannel(t *testing.T) {
	wm := NewWatchManager(newScript(split(records(t, opens), 4)...), Adopt())
	n := NewNotifier(wm, nil)
	var got []Event
	for batch := range n.Channel(context.Background()) {
		got = append(got, batch...)
	}
	if n.Err() != nil || len(got) != 3 || got[0].Pathname != "/t/a" || got[2].Pathname != "/t/c" || got[2].sub != nil {
		t.Errorf("%v, %v", n.Err(), got)
	}
}

func TestChannelEndsWithoutAReceiver(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*Notifier, context.CancelFunc)
		want error
	}{
		{"Stop", func(n *Notifier, _ context.CancelFunc) { n.Stop() }, nil},
		{"context", func(_ *Notifier, cancel context.CancelFunc) { cancel() }, context.Canceled},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, wm := liveScript(t, opens)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			n := NewNotifier(wm, nil)
			events := n.Channel(ctx)
			synctest.Wait() // it blocks in sending now
			c.end(n, cancel)
			synctest.Wait()
			if batch, ok := <-events; ok {
				t.Errorf("%s: got %v after the end", c.name, batch)
			}
			if err := n.Err(); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
		}) // which fails if a goroutine is left
	}
}

func TestGeneratorYieldsNilWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, wm := liveScript(t, opens)
		n := NewNotifier(wm, nil)
		start := time.Now()
		time.AfterFunc(2500*time.Millisecond, func() { b.feed(records(t, `event wd=2 mask=IN_CLOSE_WRITE name="d"`)...) })
		var got []string
		for ev := range n.Events(context.Background(), 0) {
			at := time.Since(start).String()
			if ev == nil {
				got = append(got, at)
			} else {
				got = append(got, at+" "+ev.Pathname)
			}
			if len(got) == 9 {
				break
			}
		}
		equal(t, "yields", got, []string{"0s /t/a", "0s /t/b", "0s /t/c", "0s", "1s", "2s", "2.5s /t/d/d", "2.5s", "3.5s"})
		if n.Err() != nil {
			t.Error(n.Err())
		}
	})
}

func TestGeneratorEndsWithTheRecording(t *testing.T) {
	wm := NewWatchManager(newScript(records(t, opens)), Adopt())
	n := NewNotifier(wm, nil)
	var got []string
	for ev := range n.Events(context.Background(), -1) {
		if ev == nil {
			got = append(got, "nil")
		} else {
			got = append(got, ev.Pathname)
		}
	}
	equal(t, "yields", got, []string{"/t/a", "/t/b", "/t/c", "nil"})
}

func TestGeneratorMayBeStoppedAndLeft(t *testing.T) {
	_, wm := liveScript(t, opens)
	n := NewNotifier(wm, nil)
	for range n.Events(context.Background(), -1) {
		break
	}
	var got []string
	for ev := range n.Events(context.Background(), -1) {
		got = append(got, ev.Pathname)
		n.Stop()
	}
	equal(t, "yields", got, []string{"/t/b"})
}

func TestOwnHandlersInTheOtherForms(t *testing.T) {
	for _, form := range []string{"channel", "generator"} {
		b := newScript(records(t, tree+`
			event wd=1 mask=IN_OPEN name="a"
			event wd=2 mask=IN_OPEN name="b"`))
		b.add = grants(grant(2, "/t/d"))
		wm := NewWatchManager(b, Adopt())
		var own log
		must[map[string]int32](t)(wm.AddWatch("/t/d", event.IN_OPEN, Handle(&own)))
		n := NewNotifier(wm, nil)
		var got []string
		if form == "channel" {
			for batch := range n.Channel(context.Background()) {
				for _, ev := range batch {
					got = append(got, ev.Pathname)
				}
			}
		} else {
			for ev := range n.Events(context.Background(), -1) {
				if ev != nil {
					got = append(got, ev.Pathname)
				}
			}
		}
		equal(t, form, got, []string{"/t/a"})
		equal(t, form+", own", own.lines(), []string{"IN_OPEN /t/d/b"})
	}
}

func TestInotifyFlatAndTree(t *testing.T) {
	b := newScript(records(t, opens))
	b.add = grants(grant(1, "/t"))
	flat, err := NewInotify(b, "/t", "/t")
	if err != nil {
		t.Fatal(err)
	}
	if r := b.requests[0]; r.Recursive || r.AutoAdd || r.Mask != event.IN_ALL_EVENTS || len(b.requests) != 2 {
		t.Errorf("requests %+v", b.requests)
	}
	var got []string
	for ev := range flat.Events(context.Background()) {
		if ev != nil {
			got = append(got, ev.Name)
		}
	}
	equal(t, "names", got, []string{"a", "b", "c"})
	if err := flat.RemoveWatch("/t"); err != nil {
		t.Error(err)
	}
	if err := flat.Close(); err != nil || flat.Close() != nil {
		t.Error(err)
	}

	b = newScript()
	b.add = grants(grant(1, "/t"), event.WatchResult{Key: "/t/x", Path: "/t/x", Err: errors.New("denied")})
	tree, err := NewInotifyTree(b, "/t", event.IN_OPEN)
	if err != nil {
		t.Fatal(err)
	}
	if r := b.requests[0]; !r.Recursive || !r.AutoAdd || r.Mask != event.IN_OPEN|event.IN_CREATE|event.IN_DELETE|event.IN_ISDIR {
		t.Errorf("request %+v", r)
	}
	if err := tree.RemoveWatch("/t"); !errors.Is(err, ErrTree) {
		t.Error(err)
	}
	if _, err := tree.AddWatch("/u"); !errors.Is(err, ErrTree) {
		t.Error(err)
	}

	b = newScript()
	b.add = grants(event.WatchResult{Key: "/t", Path: "/t", Err: errors.New("denied")})
	if _, err := NewInotifyTree(b, "/t"); err == nil {
		t.Error("a tree without a root")
	}
	select {
	case <-b.closed:
	default:
		t.Error("the backend is left open")
	}
}

// What came before a failure is sent before the channel is closed.
func TestChannelSendsWhatCameBeforeAFailure(t *testing.T) {
	b := newScript(records(t, tree+`
		event wd=1 mask=IN_OPEN name="a"
		event wd=2 mask=IN_OPEN name="b"`))
	b.add = grants(grant(2, "/t/d"))
	wm := NewWatchManager(b, Adopt())
	failure := errors.New("failure")
	must[map[string]int32](t)(wm.AddWatch("/t/d", event.IN_OPEN, Handle(HandlerFunc(func(*Event) error { return failure }))))
	n := NewNotifier(wm, nil)
	var got []string
	for batch := range n.Channel(context.Background()) {
		for _, ev := range batch {
			got = append(got, ev.Pathname)
		}
	}
	equal(t, "sent", got, []string{"/t/a"})
	if err := n.Err(); !errors.Is(err, failure) {
		t.Error(err)
	}
}

// Below the Threshold a generator waits; it does not spin.
func TestGeneratorBelowTheThresholdWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, wm := liveScript(t, tree+`event wd=1 mask=IN_OPEN name="a"`)
		n := NewNotifier(wm, nil, Threshold(1<<20))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		yields := 0
		for range n.Events(ctx, -1) {
			if yields++; yields > 1000 {
				t.Fatal("it spins")
			}
		}
	})
}
