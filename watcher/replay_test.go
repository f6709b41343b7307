package watcher_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/replayer"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

func replay(t *testing.T, opts ...replayer.Option) *replayer.Replayer {
	t.Helper()
	log, err := event.ReadText(context.Background(), strings.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	r, err := replayer.New(log, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// At recorded pace a handler finds the time of the recording on its clock, and takes none.
func TestReplayInVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wm := watcher.NewWatchManager(replay(t, replayer.Speed(1)), watcher.Adopt())
		start, events := time.Now(), 0
		n := watcher.NewThreadedNotifier(wm, watcher.HandlerFunc(func(ev *watcher.Event) error {
			events++
			if got := time.Since(start); got != ev.Time {
				t.Errorf("event %d at %s, recorded at %s", ev.Seq, got, ev.Time)
			}
			return nil
		}))
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		if err := n.Wait(); err != nil || events != 8 {
			t.Errorf("%d events, %v", events, err)
		}
		n.Stop()
		if err := wm.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestReplayIsTheSameEachTime(t *testing.T) {
	var first []byte
	for i := range 100 {
		var out bytes.Buffer
		wm := watcher.NewWatchManager(replay(t), watcher.Adopt())
		if err := watcher.NewNotifier(wm, watcher.PrintAllEvents(&out)).Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = bytes.Clone(out.Bytes())
		}
		if !bytes.Equal(out.Bytes(), first) || bytes.Count(first, []byte("\n")) != 8 {
			t.Fatalf("replay %d gives\n%s\nthe first gave\n%s", i+1, out.Bytes(), first)
		}
	}
}

func TestReplayOfAPathThatWasNotRecorded(t *testing.T) {
	wm := watcher.NewWatchManager(replay(t))
	wds, err := wm.AddWatches([]string{"/tmp", "/home"}, event.IN_CREATE|event.IN_ONLYDIR)
	if wds["/tmp"] != 1 || wds["/home"] != watcher.NotWatched {
		t.Errorf("wds %v", wds)
	}
	var failed *watcher.WatchManagerError
	if !errors.As(err, &failed) || !errors.Is(err, watcher.ErrNotRecorded) {
		t.Errorf("error %v", err)
	}
}
