package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"fsrec/recorder"
	"fsrec/store"
	"fsrec/watcher"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

func TestAHundredReplaysGiveWhatALiveHandlerSaw(t *testing.T) {
	in := newPlace(t)
	path := filepath.Join(t.TempDir(), "log.db")
	backend, err := live.New(live.Options{})
	ok(t, err)
	log, err := store.Create(path, backend.Header(), store.Options{})
	ok(t, err)
	tee := recorder.Tee(backend, log, recorder.Options{})
	wm := watcher.NewWatchManager(tee)
	_, err = wm.AddWatch(in.root, event.IN_ALL_EVENTS, watcher.Recursive(), watcher.AutoAdd())
	ok(t, err)

	ctx, done := context.WithCancel(context.Background())
	defer done()
	last := in.path("last")
	worked := make(chan error, 1)
	go func() {
		sh := exec.Command("sh", "-euc", `cp -r "$SOURCE" one; mv one two; mkdir -p a/b/c; touch a/b/c/d; rm -r a two/d1; printf x >two/x; mv two/x two/y; mkdir last`)
		sh.Dir = in.root
		sh.Env = append(os.Environ(), "SOURCE="+source(t))
		out, err := sh.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
		worked <- err
	}()
	var seen bytes.Buffer
	err = watcher.NewNotifier(wm, watcher.HandlerFunc(func(ev *watcher.Event) error {
		if ev.Pathname == last {
			done()
		}
		_, err := fmt.Fprintln(&seen, ev)
		return err
	})).Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	ok(t, errors.Join(<-worked, wm.Close(), tee.Err(), log.Close()))

	if lines := bytes.Count(seen.Bytes(), []byte("\n")); lines < 200 {
		t.Fatalf("the handler saw only %d events", lines)
	}
	speeds := []string{"max", "1000000", "1000", "max", "1"}
	for i := range 100 {
		speed := speeds[i%len(speeds)]
		if got := fsrec(t, "replay", "--format", "pyinotify", "--speed", speed, path); !bytes.Equal(got, seen.Bytes()) {
			t.Fatalf("replay %d at speed %s differs from what the live handler saw (%d bytes, %d)", i, speed, len(got), seen.Len())
		}
	}
}
