package recorder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/recorder"
	"fsrec/replayer"
	"fsrec/store"
	"fsrec/watcher"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

func newLive(t testing.TB) live.Backend {
	t.Helper()
	n, err := live.New(live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func createLog(t testing.TB, path string, h event.Header) *store.Writer {
	t.Helper()
	w, err := store.Create(path, h, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func open(t testing.TB, path string) *store.Log {
	t.Helper()
	log, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

// work does in root what programs do: trees made at once, renames inside and
// out of the tree, atomic saves, removals.
func work(t testing.TB, root string) {
	t.Helper()
	odd := "\n\xff"
	if runtime.GOOS == "windows" {
		odd = " \U0001d11e"
	}
	outside := filepath.Join(filepath.Dir(root), filepath.Base(root)+".outside")
	do := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	do(os.MkdirAll(filepath.Join(root, "a/b/c"), 0o777))
	for i := range 50 {
		dir := filepath.Join(root, fmt.Sprintf("d%d", i%5))
		do(os.MkdirAll(filepath.Join(dir, "sub"), 0o777))
		file := filepath.Join(dir, fmt.Sprintf("f%d", i)+odd)
		do(os.WriteFile(file+".tmp", bytes.Repeat([]byte{'x'}, i), 0o666))
		do(os.Rename(file+".tmp", file))
		if i%3 == 0 {
			do(os.Remove(file))
		}
	}
	do(os.Rename(filepath.Join(root, "d0"), filepath.Join(root, "a/b/moved")))
	do(os.WriteFile(filepath.Join(root, "a/b/moved/sub/late"), nil, 0o666))
	do(os.Rename(filepath.Join(root, "d1"), outside))
	do(os.WriteFile(filepath.Join(outside, "unseen"), nil, 0o666))
	do(os.Rename(outside, filepath.Join(root, "back")))
	do(tempdir.RemoveAll(filepath.Join(root, "d2")))
}

// seen collects what a handler is given, as it is printed, up to the closing of
// the sentinel, or its making where closing is not told.
type seen struct {
	text    strings.Builder
	missing []string      // ends of paths that have not been seen
	all     chan struct{} // closed when nothing is missing any more
}

const sentinel = "sentinel"

var errSentinel = errors.New("the sentinel was closed")

func (s *seen) HandleEvent(ev *watcher.Event) (bool, error) {
	fmt.Fprintf(&s.text, "%d %d %v %v\n", ev.Seq, ev.Time, ev.Synthetic, ev)
	if i := slices.IndexFunc(s.missing, func(end string) bool { return strings.HasSuffix(ev.Pathname, end) }); i >= 0 && runtime.GOOS != "windows" {
		if s.missing = slices.Delete(s.missing, i, i+1); len(s.missing) == 0 {
			close(s.all)
		}
	}
	if ev.Name == sentinel && (ev.Mask == event.IN_CLOSE_WRITE || runtime.GOOS != "linux") {
		return false, errSentinel
	}
	return false, nil
}

func TestAReplayGivesAHandlerWhatTheLiveHandlerSaw(t *testing.T) {
	root, path := tempdir.New(t), filepath.Join(tempdir.New(t), "log.db")
	for _, dir := range []string{"before", "before/deep"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	backend := newLive(t)
	log := createLog(t, path, backend.Header())
	tee := recorder.Tee(backend, log, recorder.Options{})
	saw := seen{missing: []string{"/a/b/moved/sub/late", "/back/unseen"}, all: make(chan struct{})}
	if runtime.GOOS == "windows" {
		close(saw.all) // it is not told of what was in a directory that came
	}
	attach(t, watcher.NewWatchManager(tee), root, func(wm *watcher.WatchManager) {
		done := make(chan error)
		go func() { done <- watcher.NewNotifier(wm, &saw).Run(t.Context()) }()
		work(t, root)
		<-saw.all // directories are listed when all that was read has been delivered
		if err := os.WriteFile(filepath.Join(root, sentinel), nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, errSentinel) {
			t.Error(err)
		}
	})
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	want := saw.text.String()

	recording := open(t, path)
	for round := range 100 {
		opts := []replayer.Option{replayer.MaxSpeed()}
		if round%2 == 1 {
			opts = []replayer.Option{replayer.Speed(1000)}
		}
		for _, adopt := range []bool{false, true} {
			r, err := replayer.New(recording, opts...)
			if err != nil {
				t.Fatal(err)
			}
			var again seen
			run := func(wm *watcher.WatchManager) {
				if err := watcher.NewNotifier(wm, &again).Run(t.Context()); !errors.Is(err, errSentinel) {
					t.Fatal(err)
				}
			}
			if adopt {
				wm := watcher.NewWatchManager(r, watcher.Adopt())
				run(wm)
				wm.Close()
			} else {
				attach(t, watcher.NewWatchManager(r), root, run)
			}
			if got := again.text.String(); got != want {
				t.Fatalf("round %d, adopt %v: %s", round, adopt, firstDifference(got, want))
			}
		}
	}
}

// attach adds the watch that all tests here use.
func attach(t testing.TB, wm *watcher.WatchManager, root string, run func(*watcher.WatchManager)) {
	t.Helper()
	if _, err := wm.AddWatch(root, event.IN_ALL_EVENTS, watcher.Recursive(), watcher.AutoAdd()); err != nil {
		t.Fatal(err)
	}
	run(wm)
	if err := wm.Close(); err != nil {
		t.Error(err)
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n\tgot  %s\n\twant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

// record runs a recording of root while during runs.
func record(t testing.TB, root string, opts recorder.Options, during func(*recorder.Recorder)) ([]event.Record, recorder.Summary) {
	t.Helper()
	path := filepath.Join(tempdir.New(t), "log.db")
	backend := newLive(t)
	if _, err := backend.Add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true}); err != nil {
		t.Fatal(err)
	}
	log := createLog(t, path, backend.Header())
	opts.Size = log.Size
	r := recorder.New(backend, log, opts)
	done := make(chan recorder.Summary)
	go func() {
		s, err := r.Run(t.Context())
		if err != nil {
			t.Error(err)
		}
		done <- s
	}()
	during(r)
	summary := <-done
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	recording, err := event.ReadAll(t.Context(), backend.Header(), open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return recording.Records(), summary
}

// made reports whether a record says that something was made.
func made(r event.Record) bool {
	switch r.Kind {
	case event.KindEvent:
		return r.Mask&event.IN_CREATE != 0
	case event.KindChange:
		return r.Action() == event.FILE_ACTION_ADDED && r.Flags&event.FlagOwn == 0
	}
	return false
}

func TestAStopAfterTheWorkHoldsAllOfIt(t *testing.T) {
	root := tempdir.New(t)
	records, summary := record(t, root, recorder.Options{}, func(r *recorder.Recorder) {
		for i := range 1000 {
			if err := os.WriteFile(filepath.Join(root, fmt.Sprint(i)), nil, 0o666); err != nil {
				t.Error(err)
			}
		}
		r.StopStatus("work is done", 7)
	})
	created, masks := 0, uint64(0)
	for i, r := range records {
		if r.Seq != uint64(i+1) || i > 0 && r.Time < records[i-1].Time {
			t.Fatalf("out of order: %s", lines(records[i:i+1]))
		}
		if made(r) {
			created++
			if r.Kind == event.KindEvent {
				masks++
			}
		}
	}
	if created != 1000 || summary.Masks[event.IN_CREATE] != masks {
		t.Errorf("%d files created, summary %+v", created, summary)
	}
	last := records[len(records)-1]
	if last.Kind != event.KindEnd || last.Name != "work is done" || last.N != 7 || last.Time < records[len(records)-2].Time {
		t.Errorf("ends with %s", lines(records[len(records)-1:]))
	}
	if summary.Size == 0 || summary.Watches != 1 || summary.Losses != 0 {
		t.Errorf("summary %+v", summary)
	}
}

func TestMarksAndSyncSeparateTheStepsOfAScenario(t *testing.T) {
	root := tempdir.New(t)
	records, _ := record(t, root, recorder.Options{}, func(r *recorder.Recorder) {
		for i := range 20 {
			if err := os.Mkdir(filepath.Join(root, fmt.Sprint(i)), 0o777); err != nil {
				t.Error(err)
			}
			if err := r.Sync(t.Context()); err != nil {
				t.Error(err)
			}
			if n := r.Stats().Events; n < uint64(i+1) {
				t.Errorf("after Sync %d there are %d events", i, n)
			}
			if err := r.Mark(t.Context(), fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		}
		r.Stop("done")
	})
	var order []string
	for _, r := range records {
		switch {
		case r.Kind == event.KindMark:
			order = append(order, "mark "+r.Name)
		case made(r):
			order = append(order, "made "+r.Name)
		}
	}
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint("made ", i), fmt.Sprint("mark ", i))
	}
	if !slices.Equal(order, want) {
		t.Errorf("got %q", order)
	}
}

func TestNoGoroutineAndNoDescriptorIsLeft(t *testing.T) {
	count := func() (goroutines, descriptors int) {
		if runtime.GOOS != "linux" {
			return runtime.NumGoroutine(), 0 // on Windows, what is open keeps the test's directory from being removed
		}
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return runtime.NumGoroutine(), len(fds)
	}
	once := func() {
		root, path := tempdir.New(t), filepath.Join(tempdir.New(t), "log.db")
		backend := newLive(t)
		log := createLog(t, path, backend.Header())
		r := recorder.New(backend, log, recorder.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { _, err := r.Run(ctx); done <- err }()
		if _, err := backend.Add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS}); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		tee := recorder.Tee(backend, event.NewMemoryLog(event.Header{}, nil), recorder.Options{})
		if err := errors.Join(tee.Close(), log.Close()); err != nil {
			t.Error(err)
		}
		recording, err := store.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		replay, err := replayer.New(recording, replayer.Speed(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := replay.Read(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if err := errors.Join(replay.Close(), recording.Close()); err != nil {
			t.Error(err)
		}
	}
	once()
	goroutines, descriptors := count()
	for range 10 {
		once()
	}
	for range 1_000_000 { // goroutines that have done all their work end in their own time
		if g, d := count(); g <= goroutines && d <= descriptors {
			return
		}
		runtime.Gosched()
	}
	g, d := count()
	t.Errorf("%d goroutines, %d descriptors before, %d and %d after", goroutines, descriptors, g, d)
}

func TestDurationEndsALiveRecording(t *testing.T) {
	_, summary := record(t, tempdir.New(t), recorder.Options{Duration: time.Millisecond}, func(*recorder.Recorder) {})
	if summary.Reason != recorder.ReasonDuration || summary.Time < time.Millisecond {
		t.Errorf("summary %+v", summary)
	}
}

// follower watches by itself what it is told of, and keeps what it was given.
type follower struct {
	seen
	wm *watcher.WatchManager
}

func (f *follower) HandleEvent(ev *watcher.Event) (bool, error) {
	if ev.Mask == event.IN_CREATE|event.IN_ISDIR || ev.Mask == event.IN_MOVED_TO|event.IN_ISDIR {
		// It may be gone already, and so it is in the replay.
		_, _ = f.wm.AddWatch(ev.Pathname, event.IN_ALL_EVENTS)
	}
	return f.seen.HandleEvent(ev)
}

func TestAReplayGivesAHandlerThatAddsWatchesWhatItSawLive(t *testing.T) {
	root, path := tempdir.New(t), filepath.Join(tempdir.New(t), "log.db")
	backend := newLive(t)
	log := createLog(t, path, backend.Header())
	run := func(backend event.Backend, began func()) string {
		wm := watcher.NewWatchManager(backend)
		defer wm.Close()
		if _, err := wm.AddWatch(root, event.IN_ALL_EVENTS); err != nil {
			t.Fatal(err)
		}
		f := &follower{wm: wm}
		began()
		if err := watcher.NewNotifier(wm, f).Run(t.Context()); !errors.Is(err, errSentinel) {
			t.Fatal(err)
		}
		return f.text.String()
	}
	done := make(chan struct{})
	want := run(recorder.Tee(backend, log, recorder.Options{}), func() {
		go func() {
			defer close(done)
			work(t, root)
			if err := os.WriteFile(filepath.Join(root, sentinel), nil, 0o666); err != nil {
				t.Error(err)
			}
		}()
	})
	<-done
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	recording := open(t, path)
	for _, opts := range [][]replayer.Option{nil, {replayer.Speed(1000)}} {
		r, err := replayer.New(recording, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if got := run(r, func() {}); got != want {
			t.Fatalf("%s", firstDifference(got, want))
		}
	}
}
