package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// storm makes and removes files in dir until stop is called, which returns how many rounds there were.
func storm(t *testing.T, dir string) (stop func() int) {
	done := make(chan struct{})
	rounds := make(chan int)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				rounds <- i
				return
			default:
			}
			name := fmt.Sprintf(`%s\s%06d`, dir, i)
			if err := errors.Join(write(name), os.Remove(name)); err != nil {
				t.Error(err)
			}
		}
	}()
	var once sync.Once
	n := 0
	stop = func() int {
		once.Do(func() { close(done); n = <-rounds })
		return n
	}
	t.Cleanup(func() { stop() })
	return stop
}

var getProcessHandleCount = kernel32.NewProc("GetProcessHandleCount")

func handles(t *testing.T) int {
	var n uint32
	if is, _, err := getProcessHandleCount.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&n))); is == 0 {
		t.Fatal(err)
	}
	return int(n)
}

func TestStartAndStopLeaveNothing(t *testing.T) {
	cycles := 1000
	if testing.Short() {
		cycles = 50
	}
	dir := tempdir.New(t)
	stop := storm(t, dir)
	cycle := func() {
		n, err := NewReadDirectoryChanges(Options{})
		ok(t, err)
		results, err := n.Add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
		ok(t, err, results[0].Err)
		_, err = n.Read(context.Background(), nil)
		ok(t, err, n.Close())
	}
	cycle()
	goroutines, open := runtime.NumGoroutine(), handles(t)
	for range cycles {
		cycle()
	}
	for range 10_000 { // the last thing that a goroutine does is to say that it is over
		if runtime.NumGoroutine() <= goroutines {
			break
		}
		runtime.Gosched()
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines, there were %d", now, goroutines)
	}
	stop()
	if now := handles(t); now > open+5 { // threads of the Go runtime have some each
		t.Errorf("%d handles, there were %d", now, open)
	}
}

func TestCloseIsPromptAndFinal(t *testing.T) {
	const rounds = 20
	var took []time.Duration
	for range rounds {
		dir := tempdir.New(t)
		stop := storm(t, dir)
		s := watched(t, dir)
		ctx := context.Background()
		var readers sync.WaitGroup
		for _, wait := range []func() error{
			func() error { _, err := s.Read(ctx, nil); return err },
			func() error { _, err := s.Ready(ctx); return err },
		} {
			readers.Add(1)
			go func() {
				defer readers.Done()
				for {
					if err := wait(); err != nil {
						if !errors.Is(err, event.ErrClosed) {
							t.Errorf("a reader ends with %v", err)
						}
						return
					}
				}
			}()
		}
		start := time.Now()
		ok(t, s.Close())
		took = append(took, time.Since(start))
		readers.Wait()
		if records, err := s.Read(ctx, nil); !errors.Is(err, event.ErrClosed) || len(records) != 0 {
			t.Errorf("after Close: %v, %v", records, err)
		}
		_, addErr := s.Add(event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS})
		_, barrierErr := s.Barrier()
		for _, err := range []error{addErr, barrierErr, s.Update(1, event.IN_CREATE), s.Remove(1)} {
			if !errors.Is(err, event.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		}
		ok(t, s.Close())
		stop()
	}
	slices.Sort(took) // the machine may be busy with something else at times
	if took[rounds/2] > 100*time.Millisecond {
		t.Errorf("Close took %v", took)
	}
}

func TestReadAndReadyEndWithTheirContext(t *testing.T) {
	s := watched(t, tempdir.New(t))
	s.sync()
	ctx, cancel := context.WithCancel(context.Background())
	var both sync.WaitGroup
	both.Add(2)
	go func() {
		defer both.Done()
		if _, err := s.Read(ctx, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Read: %v", err)
		}
	}()
	go func() {
		defer both.Done()
		if n, err := s.Ready(ctx); !errors.Is(err, context.Canceled) || n != 0 {
			t.Errorf("Ready: %d, %v", n, err)
		}
	}()
	cancel()
	both.Wait()
}

func TestReadyLooksBeforeItWaits(t *testing.T) {
	s := watched(t, tempdir.New(t))
	if n, err := s.Ready(onlyLook{context.Background(), t}); err != nil || n < 1 {
		t.Errorf("%d, %v", n, err)
	}
}

// onlyLook is a context that may not be waited for.
type onlyLook struct {
	context.Context
	t *testing.T
}

func (c onlyLook) Done() <-chan struct{} {
	c.t.Error("Done was called")
	return nil
}

func TestRemoveUnderLoadLeavesNoHandle(t *testing.T) {
	dir := tempdir.New(t)
	stop := storm(t, dir)
	s := open(t, Options{})
	request := event.WatchRequest{Path: dir, Mask: event.IN_ALL_EVENTS}
	ok(t, s.Remove(s.add(request)[0].WD))
	s.sync()
	before := handles(t)
	for range 100 {
		wd := s.add(request)[0].WD
		ok(t, s.Remove(wd))
		told := s.sync()
		if last := told[len(told)-1]; last.Kind != event.KindUnwatch || last.WD != wd {
			t.Fatalf("%s", text(told))
		}
		seen := make(map[string]bool)
		for _, r := range told {
			if r.Kind == event.KindChange && r.Action() == event.FILE_ACTION_ADDED && r.Flags&event.FlagOwn == 0 {
				if seen[r.Name] {
					t.Fatalf("%s is told twice:\n%s", r.Name, text(told))
				}
				seen[r.Name] = true
			}
		}
		s.records = s.records[:0]
	}
	stop()
	if now := handles(t); now > before+5 {
		t.Errorf("%d handles, there were %d", now, before)
	}
}
