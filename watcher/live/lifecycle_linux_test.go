package live

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"fsrec/watcher/event"
)

func descriptors(t testing.TB) int {
	entries, err := os.ReadDir("/proc/self/fd")
	ok(t, err)
	return len(entries)
}

func TestCloseLeavesNeitherGoroutineNorDescriptor(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a/b")
	watched(t, root).Close() // what the runtime makes once, such as its poller
	fds, goroutines := descriptors(t), runtime.NumGoroutine()
	for range 50 {
		s := watched(t, root)
		s.sync()
		ended := make(chan error, 2)
		ctx, cancel := context.WithCancel(context.Background())
		go func() { _, err := s.Read(ctx, nil); ended <- err }()
		go func() { _, err := s.Ready(ctx); ended <- err }()
		ok(t, s.Close(), s.Close())
		for range 2 {
			if err := <-ended; !errors.Is(err, event.ErrClosed) {
				t.Fatalf("a blocked call ended with %v", err)
			}
		}
		cancel()
	}
	// A goroutine that is ending may still be counted.
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines became %d", goroutines, n)
	}
	if n := descriptors(t); n != fds {
		t.Errorf("%d descriptors became %d", fds, n)
	}
}

func TestEveryMethodOfAClosedInstanceSaysSo(t *testing.T) {
	s := open(t, Options{})
	ok(t, s.Close())
	_, read := s.Read(context.Background(), nil)
	_, ready := s.Ready(context.Background())
	_, add := s.Add(event.WatchRequest{Path: "/", Mask: event.IN_CREATE})
	_, barrier := s.Barrier()
	for name, err := range map[string]error{"Read": read, "Ready": ready, "Add": add, "Barrier": barrier, "Update": s.Update(1, event.IN_CREATE), "Remove": s.Remove(1)} {
		if !errors.Is(err, event.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACancelledCallEndsAndTheNextOneWorks(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.sync()
	for range 20 {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 2)
		go func() { _, err := s.Read(ctx, nil); ended <- err }()
		go func() { _, err := s.Ready(ctx); ended <- err }()
		cancel()
		for range 2 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
	}
	expired, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	defer cancel()
	if _, err := s.Read(expired, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	ok(t, write(root+"/f"))
	if got := s.story(root, s.sync()); !strings.Contains(got, "IN_CREATE f") {
		t.Errorf("got\n%s", got)
	}
}

func TestReadyCountsWhatWaitsAndTakesNothing(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE})
	ctx := context.Background()
	if n, err := s.Ready(ctx); n < 1 || err != nil {
		t.Errorf("%d, %v before the watch was told of", n, err)
	}
	s.sync()
	poll, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if n, err := s.Ready(poll); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%d, %v of an empty queue", n, err)
	}
	done := make(chan int)
	go func() { n, _ := s.Ready(ctx); done <- n }()
	ok(t, write(root+"/f"))
	if n := <-done; n != 2*eventSize {
		t.Errorf("%d bytes, want %d", n, 2*eventSize)
	}
	ok(t, write(root+"/g"))
	if n, err := s.Ready(ctx); n != 4*eventSize || err != nil {
		t.Errorf("%d bytes, %v, want %d", n, err, 4*eventSize)
	}
	if got := s.story(root, s.sync()); got != "IN_CREATE f\nIN_CREATE g" {
		t.Errorf("got\n%s", got)
	}
}

func TestAddWakesABlockedRead(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{})
	got := make(chan []event.Record)
	for range 20 {
		go func() { r, _ := s.Read(context.Background(), nil); got <- r }()
		s.add(event.WatchRequest{Path: root, Mask: event.IN_CREATE})
		if r := <-got; len(r) != 1 || r[0].Kind != event.KindWatch {
			t.Fatalf("%s", text(r))
		}
	}
}

func TestASecondReadAfterALargeOneWaits(t *testing.T) {
	root := t.TempDir()
	s := open(t, Options{Pause: 20 * time.Millisecond})
	s.add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS})
	s.sync()
	for i := range 600 {
		ok(t, write(root+"/"+strings.Repeat("f", 1+i%200)))
	}
	var times []int64
	for len(times) < 2 {
		records, err := s.Read(context.Background(), nil)
		ok(t, err)
		for _, r := range records {
			if r.Kind == event.KindRead {
				times = append(times, r.Time)
				if len(times) == 1 && r.N < pauseAbove {
					t.Fatalf("the first read has only %d bytes", r.N)
				}
			}
		}
		ok(t, write(root+"/again"))
	}
	if wait := time.Duration(times[1] - times[0]); wait < 20*time.Millisecond {
		t.Errorf("the second read came after %v", wait)
	}
}
