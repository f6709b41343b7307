package live

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func TestPollIntervalsHaveALowerBound(t *testing.T) {
	for _, interval := range []time.Duration{-1, 1, time.Millisecond - 1} {
		if _, err := NewPoll(Options{Interval: interval}); err == nil {
			t.Errorf("%v was taken", interval)
		}
	}
	n, err := NewPoll(Options{})
	must(t, err)
	if n.opts.Interval != time.Second {
		t.Errorf("the default is %v", n.opts.Interval)
	}
	must(t, n.Close())
}

func TestEveryMethodOfAClosedPollSaysSo(t *testing.T) {
	p := polling(t, Options{})
	p.tree(tempdir.New(t))
	must(t, p.Close())
	_, read := p.Read(context.Background(), nil)
	_, ready := p.Ready(context.Background())
	_, add := p.Add(event.WatchRequest{Path: ".", Mask: event.IN_CREATE})
	_, barrier := p.Barrier()
	for name, err := range map[string]error{"Read": read, "Ready": ready, "Add": add, "Barrier": barrier,
		"Update": p.Update(1, event.IN_CREATE), "Remove": p.Remove(1)} {
		if !errors.Is(err, event.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClosingAPollEndsBlockedCallsAndLeavesNothing(t *testing.T) {
	root := tempdir.New(t)
	dirs(t, filepath.Join(root, "a", "b"))
	before := runtime.NumGoroutine()
	for range 1000 {
		p := polling(t, Options{})
		p.tree(root)
		p.sync()
		var all sync.WaitGroup
		for _, call := range []func() error{
			func() error { _, err := p.Read(context.Background(), nil); return err },
			func() error { _, err := p.Ready(context.Background()); return err },
		} {
			all.Go(func() {
				if err := call(); !errors.Is(err, event.ErrClosed) {
					t.Errorf("a blocked call ended with %v", err)
				}
			})
		}
		must(t, p.Close(), p.Close())
		all.Wait()
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines became %d", before, n)
	}
}

func TestACancelledCallOfAPollEndsAndTheNextOneWorks(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{})
	p.tree(root)
	p.sync()
	for range 20 {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 2)
		go func() { _, err := p.Read(ctx, nil); ended <- err }()
		go func() { _, err := p.Ready(ctx); ended <- err }()
		cancel()
		for range 2 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
	}
	must(t, put(filepath.Join(root, "f"), ""))
	p.expects(root, "IN_CREATE f")
}

func TestReadLooksAtEveryInterval(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{Interval: time.Millisecond})
	p.tree(root)
	p.sync()
	for _, name := range []string{"a", "b", "c"} {
		must(t, put(filepath.Join(root, name), ""))
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		size, err := p.Ready(ctx)
		must(t, err)
		records, err := p.Read(ctx, nil)
		cancel()
		must(t, err)
		if len(records) != 1 || records[0].Name != name || size != 32 {
			t.Errorf("%d bytes, %+v", size, records)
		}
	}
}

func TestABarrierDoesNotWaitForTheInterval(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{Interval: time.Hour})
	p.tree(root)
	p.sync()
	got := make(chan []event.Record)
	for range 20 {
		go func() { r, _ := p.Read(context.Background(), nil); got <- r }()
		id, err := p.Barrier()
		must(t, err)
		if r := <-got; len(r) != 1 || r[0].Kind != event.KindBarrier || r[0].N != id {
			t.Fatalf("%+v", r)
		}
	}
}

func TestAddAndRemoveWakeABlockedReadOfAPoll(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{})
	got := make(chan []event.Record)
	for range 20 {
		go func() { r, _ := p.Read(context.Background(), nil); got <- r }()
		wd := p.watch(event.WatchRequest{Path: root, Mask: event.IN_CREATE})[0].WD
		if r := <-got; len(r) != 1 || r[0].Kind != event.KindWatch {
			t.Fatalf("%+v", r)
		}
		go func() { r, _ := p.Read(context.Background(), nil); got <- r }()
		must(t, p.Remove(wd))
		if r := <-got; len(r) != 2 || r[1].Kind != event.KindUnwatch {
			t.Fatalf("%+v", r)
		}
	}
}

func TestTimesOfAPollNeverDecrease(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{})
	for _, name := range []string{"a", "b", "c", "d"} {
		p.watch(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, AutoAdd: true})
		dirs(t, filepath.Join(root, name, name))
		p.sync()
	}
	last := int64(0)
	for _, r := range p.records {
		if r.Time < last {
			t.Fatalf("%s after %d", event.AppendText(nil, &r), last)
		}
		last = r.Time
	}
}

func TestAPollIsUsedByManyAtATime(t *testing.T) {
	root := tempdir.New(t)
	p := polling(t, Options{Interval: time.Millisecond})
	p.tree(root)
	p.sync()
	ctx, cancel := context.WithCancel(context.Background())
	var users, reader sync.WaitGroup
	reader.Go(func() {
		var buf []event.Record
		for err := error(nil); err == nil; {
			_, _ = p.Ready(ctx)
			buf, err = p.Read(ctx, buf)
		}
	})
	for _, name := range []string{"a", "b", "c"} {
		users.Go(func() {
			for range 30 {
				dir := filepath.Join(root, name)
				if err := tempdir.RemoveAll(dir); err != nil {
					t.Error(err)
				}
				dirs(t, filepath.Join(dir, "sub"))
				results, err := p.Add(event.WatchRequest{Path: dir, Mask: event.IN_CREATE, Recursive: true})
				if err != nil {
					t.Error(err)
				}
				for _, r := range results {
					_ = p.Update(r.WD, event.IN_DELETE)
					_ = p.Remove(r.WD)
				}
				_, _ = p.Barrier()
				_ = p.Header()
			}
		})
	}
	users.Wait()
	cancel()
	reader.Wait()
}
