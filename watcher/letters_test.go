package watcher_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// twice is a recording of two directories in one that was written in two ways.
const twice = `fsrec-text 1
header platform "windows"
header backend "rdcw"
1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME path="C:\\Data\\a"
2 0.0 watch dir wd=2 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME path="C:\\DATA\\b"
3 1.0 change wd=1 action=ADDED name="One"
4 1.0 change wd=2 action=ADDED name="two"
5 2.0 watch dir wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME path="c:\\data\\A"
6 2.0 change wd=1 action=REMOVED name="One"
`

func replayTwice(t *testing.T) *replayer.Replayer {
	t.Helper()
	log, err := event.ReadText(context.Background(), strings.NewReader(twice))
	if err != nil {
		t.Fatal(err)
	}
	r, err := replayer.New(log)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAWatchOfWindowsHasItsOwnLetters(t *testing.T) {
	for name, watch := range map[string]func(wm *watcher.WatchManager){
		"adopted": nil,
		"asked for in other letters": func(wm *watcher.WatchManager) {
			wds, err := wm.AddWatches([]string{`c:\DATA\A`, `c:/data/B`}, event.IN_ALL_EVENTS)
			if err != nil || wds[`c:\DATA\A`] != 1 || wds[`c:\data\B`] != 2 {
				t.Errorf("%v, %v", wds, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			wm := watcher.NewWatchManager(replayTwice(t), watcher.Adopt())
			if watch != nil {
				watch(wm)
			}
			var got []string
			n := watcher.NewNotifier(wm, watcher.HandlerFunc(func(ev *watcher.Event) error {
				got = append(got, ev.Pathname)
				return nil
			}))
			if err := n.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if want := []string{`C:\Data\a\One`, `C:\DATA\b\two`, `c:\data\A\One`}; !slices.Equal(got, want) {
				t.Errorf("got %s, want %s", got, want)
			}
			for path, want := range map[string]int32{`C:\DATA\A`: 1, `c:\data\a`: 1, `C:\Data\B`: 2} {
				if wd, ok := wm.WD(path); !ok || wd != want {
					t.Errorf("%s: watch %d, want %d", path, wd, want)
				}
			}
			for wd, want := range map[int32]string{1: `c:\data\A`, 2: `C:\DATA\b`} {
				if path, _ := wm.Path(wd); path != want {
					t.Errorf("watch %d: %s, want %s", wd, path, want)
				}
			}
		})
	}
}
