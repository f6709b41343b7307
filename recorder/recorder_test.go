package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/recorder"
	"fsrec/watcher/event"
)

// feed is a source that gives what a test puts into it. Closing it is its end.
type feed struct {
	reads chan []event.Record
	given atomic.Int64 // reads that were taken
}

func newFeed() *feed { return &feed{reads: make(chan []event.Record, 100)} }

func (f *feed) put(texts ...string) {
	var records []event.Record
	for _, text := range texts {
		r, err := event.ParseText(text)
		if err != nil {
			panic(err)
		}
		records = append(records, r)
	}
	f.reads <- records
}

func (f *feed) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	select {
	case records, ok := <-f.reads:
		if !ok {
			return nil, io.EOF
		}
		f.given.Add(1)
		return append(to[:0], records...), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fence is a feed with barriers. Those that are lost never come through.
type fence struct {
	*feed
	latest atomic.Int64
	lost   bool
}

func (f *fence) Barrier() (int64, error) {
	id := f.latest.Add(1)
	if !f.lost {
		f.reads <- []event.Record{{Kind: event.KindBarrier, N: id, Time: id}}
	}
	return id, nil
}

// broken fails as told.
type broken struct{ err error }

func (b broken) Read(context.Context, []event.Record) ([]event.Record, error) { return nil, b.err }

func lines(records []event.Record) []string {
	all := make([]string, len(records))
	for i := range records {
		all[i] = string(event.AppendText(nil, &records[i]))
	}
	return all
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

const (
	create  = `0 1.0 event wd=1 mask=IN_CREATE name="a"`
	modify  = `0 2.0 event wd=1 mask=IN_MODIFY name="a"`
	own     = `0 2.0 event own wd=1 mask=IN_OPEN|IN_ISDIR`
	barrier = `0 2.0 barrier id=99`
)

func TestRecordsAreNumberedWithoutAGapAndTimeNeverGoesBack(t *testing.T) {
	source := newFeed()
	source.put(`7 2.0 read bytes=32 buffer=4096`, create, barrier)
	source.put(barrier)
	source.put(`3 1.5 mark text="x"`, `0 3.0 event wd=1 mask=IN_DELETE name="a"`)
	close(source.reads)
	sink := event.NewMemoryLog(event.Header{}, nil)
	if _, err := recorder.New(source, sink, recorder.Options{}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	equal(t, lines(sink.Records()), []string{
		`1 2.000000000 read bytes=32 buffer=4096`,
		`2 2.000000000 event wd=1 mask=IN_CREATE name="a"`,
		`3 2.000000000 mark text="x"`,
		`4 3.000000000 event wd=1 mask=IN_DELETE name="a"`,
		`5 3.000000000 end reason="end of source"`,
	})
}

func TestHowARecordingEnds(t *testing.T) {
	type setup struct {
		source event.Reader
		opts   recorder.Options
		// during runs while the recording does, in virtual time.
		during func(*feed, *recorder.Recorder, context.CancelFunc)
		want   []string // the last records
		err    string
		after  time.Duration
	}
	inVain := &fence{feed: newFeed(), lost: true}
	for name, s := range map[string]setup{
		"the source ends": {
			during: func(f *feed, _ *recorder.Recorder, _ context.CancelFunc) { close(f.reads) },
			want:   []string{`1 0.000000000 end reason="end of source"`},
		},
		"the source is closed": {
			source: broken{event.ErrClosed},
			want:   []string{`1 0.000000000 end reason="closed"`},
		},
		"the source fails": {
			source: broken{errors.New("no such luck")},
			want:   []string{`1 0.000000000 end reason="error"`},
			err:    "read events: no such luck",
		},
		"the source says that it ends": {
			during: func(f *feed, _ *recorder.Recorder, _ context.CancelFunc) {
				f.put(create, `0 2.0 end reason="signal" status=3`, modify)
			},
			want: []string{`1 1.000000000 event wd=1 mask=IN_CREATE name="a"`, `2 1.000000000 end reason="signal" status=3`},
		},
		"it is stopped": {
			during: func(f *feed, r *recorder.Recorder, _ context.CancelFunc) {
				f.put(create)
				synctest.Wait()
				r.StopStatus("exit", 3)
				r.Stop("too late")
			},
			want: []string{`1 1.000000000 event wd=1 mask=IN_CREATE name="a"`, `2 1.000000000 end reason="exit" status=3`},
		},
		"it is stopped for no reason": {
			during: func(_ *feed, r *recorder.Recorder, _ context.CancelFunc) { r.Stop("") },
			want:   []string{`1 0.000000000 end reason="stopped"`},
		},
		"it is cancelled": {
			during: func(_ *feed, _ *recorder.Recorder, cancel context.CancelFunc) { cancel() },
			want:   []string{`1 0.000000000 end reason="canceled"`},
		},
		"its time is over": {
			opts:  recorder.Options{Duration: time.Minute},
			want:  []string{`1 0.000000000 end reason="duration"`},
			after: time.Minute,
		},
		"it has enough events": {
			opts: recorder.Options{Count: 2},
			during: func(f *feed, _ *recorder.Recorder, _ context.CancelFunc) {
				f.put(own, create, own, barrier, modify, modify)
			},
			want: []string{
				`1 2.000000000 event own wd=1 mask=IN_OPEN|IN_ISDIR`, `2 2.000000000 event wd=1 mask=IN_CREATE name="a"`,
				`3 2.000000000 event own wd=1 mask=IN_OPEN|IN_ISDIR`, `4 2.000000000 event wd=1 mask=IN_MODIFY name="a"`,
				`5 2.000000000 end reason="count"`,
			},
		},
		"its log is large enough": {
			opts: recorder.Options{MaxSize: 1000, Size: func() int64 { return 1000 }},
			during: func(f *feed, _ *recorder.Recorder, _ context.CancelFunc) {
				f.put(create)
				f.put(modify)
			},
			want: []string{`1 1.000000000 event wd=1 mask=IN_CREATE name="a"`, `2 1.000000000 end reason="size"`},
		},
		"the barrier of its stop does not come": {
			source: inVain,
			opts:   recorder.Options{Grace: time.Second},
			during: func(_ *feed, r *recorder.Recorder, _ context.CancelFunc) {
				inVain.put(create)
				r.Stop("signal")
			},
			want: []string{
				`1 1.000000000 event wd=1 mask=IN_CREATE name="a"`,
				`2 1.000000000 loss cause="queue" count=-1 since=1000000000`, `3 1.000000000 end reason="signal"`,
			},
			after: time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFeed()
				if s.source == nil {
					s.source = f
				}
				if s.source == inVain {
					inVain.feed = f
				}
				sink := event.NewMemoryLog(event.Header{}, nil)
				r := recorder.New(s.source, sink, s.opts)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if s.during != nil {
					go s.during(f, r, cancel)
				}
				start := time.Now()
				summary, err := r.Run(ctx)
				if got := time.Since(start); got != s.after {
					t.Errorf("ended after %v, want %v", got, s.after)
				}
				if s.err == "" && err != nil || s.err != "" && (err == nil || err.Error() != s.err) {
					t.Errorf("error %v, want %q", err, s.err)
				}
				equal(t, lines(sink.Records()), s.want)
				last := sink.Records()[len(sink.Records())-1]
				if summary.Reason != last.Name || int64(summary.Status) != last.N || summary.Records != last.Seq {
					t.Errorf("summary %+v", summary)
				}
				if _, err := r.Run(ctx); !errors.Is(err, recorder.ErrEnded) || !errors.Is(err, event.ErrClosed) {
					t.Errorf("a second Run: %v", err)
				}
				if err := r.Mark(ctx, "late"); !errors.Is(err, recorder.ErrEnded) {
					t.Errorf("Mark after the end: %v", err)
				}
				if err := r.Sync(ctx); !errors.Is(err, recorder.ErrEnded) {
					t.Errorf("Sync after the end: %v", err)
				}
			})
		})
	}
}

func TestAStopHoldsWhatCameBeforeItAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fence{feed: newFeed()}
		sink := newGate()
		r := recorder.New(source, sink, recorder.Options{})
		ended := make(chan error)
		go func() { _, err := r.Run(t.Context()); ended <- err }()
		source.put(create)
		if _, err := source.Barrier(); err != nil { // somebody else's
			t.Error(err)
		}
		source.put(modify)
		sink.open()
		synctest.Wait()
		source.put(modify)
		r.Stop("signal")
		synctest.Wait()
		source.put(`0 5.0 event wd=1 mask=IN_DELETE name="a"`)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		equal(t, lines(sink.Records()), []string{
			`1 1.000000000 event wd=1 mask=IN_CREATE name="a"`,
			`2 2.000000000 event wd=1 mask=IN_MODIFY name="a"`,
			`3 2.000000000 event wd=1 mask=IN_MODIFY name="a"`,
			`4 2.000000000 end reason="signal"`,
		})
	})
}

func TestMarksStandBetweenWhatHappenedBeforeAndAfter(t *testing.T) {
	for _, barriers := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			feed := newFeed()
			var source event.Reader = feed
			if barriers {
				source = &fence{feed: feed}
			}
			sink := newGate()
			r := recorder.New(source, sink, recorder.Options{})
			ended := make(chan error)
			go func() { _, err := r.Run(t.Context()); ended <- err }()
			feed.put(create)
			synctest.Wait()
			feed.put(create)
			synctest.Wait() // has been read, but waits for the sink
			marked := make(chan error)
			go func() { marked <- r.Mark(t.Context(), "one") }()
			synctest.Wait()
			go func() { marked <- r.Mark(t.Context(), "") }()
			synctest.Wait()
			sink.open()
			for range 2 {
				if err := <-marked; err != nil {
					t.Error(err)
				}
			}
			feed.put(modify)
			close(feed.reads)
			if err := <-ended; err != nil {
				t.Error(err)
			}
			equal(t, lines(sink.Records()), []string{
				`1 1.000000000 event wd=1 mask=IN_CREATE name="a"`,
				`2 1.000000000 event wd=1 mask=IN_CREATE name="a"`,
				`3 1.000000000 mark text="one"`,
				`4 1.000000000 mark`,
				`5 2.000000000 event wd=1 mask=IN_MODIFY name="a"`,
				`6 2.000000000 end reason="end of source"`,
			})
		})
	}
}

func TestSyncReturnsWhenTheSinkHasEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fence{feed: newFeed()}
		sink := newGate()
		r := recorder.New(source, sink, recorder.Options{})
		ended := make(chan error)
		go func() { _, err := r.Run(t.Context()); ended <- err }()
		source.put(create)
		synced := make(chan error, 1)
		go func() { synced <- r.Sync(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-synced:
			t.Errorf("Sync returned %v before the sink had the event", err)
		default:
		}
		sink.open()
		if err := <-synced; err != nil || len(sink.Records()) != 1 {
			t.Errorf("Sync: %v, %d records", err, len(sink.Records()))
		}
		r.Stop("done")
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		lost := &fence{feed: newFeed(), lost: true}
		r := recorder.New(lost, event.NewMemoryLog(event.Header{}, nil), recorder.Options{})
		synced := make(chan error)
		go func() { synced <- r.Sync(t.Context()) }()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Sync(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Sync with a done context: %v", err)
		}
		go func() { close(lost.reads) }()
		if _, err := r.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-synced; !errors.Is(err, recorder.ErrEnded) {
			t.Errorf("Sync when the recording ended before: %v", err)
		}
	})
	bare := recorder.New(newFeed(), event.NewMemoryLog(event.Header{}, nil), recorder.Options{})
	if err := bare.Sync(t.Context()); !errors.Is(err, event.ErrUnsupported) {
		t.Errorf("Sync without barriers: %v", err)
	}
}

// gate is a log that takes nothing until it is opened.
type gate struct {
	*event.MemoryLog
	shut chan struct{}
}

func newGate() *gate {
	return &gate{event.NewMemoryLog(event.Header{}, nil), make(chan struct{})}
}

func (g *gate) open() { close(g.shut) }

func (g *gate) Write(records []event.Record) error {
	<-g.shut
	return g.MemoryLog.Write(records)
}

func TestReadingWaitsForTheSinkOnlyWhenTheQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFeed()
		for i := range 50 {
			source.put(fmt.Sprintf(`0 %d.0 event wd=1 mask=IN_CREATE name="%d"`, i, i))
		}
		close(source.reads)
		sink := newGate()
		ended := make(chan recorder.Summary)
		r := recorder.New(source, sink, recorder.Options{Queue: 10})
		go func() {
			s, err := r.Run(t.Context())
			if err != nil {
				t.Error(err)
			}
			ended <- s
		}()
		synctest.Wait()
		if n := source.given.Load(); n != 10 {
			t.Errorf("%d reads while the sink is stuck, want 10", n)
		}
		sink.open()
		if s := <-ended; s.Events != 50 || s.Losses != 0 {
			t.Errorf("%d events, %d losses", s.Events, s.Losses)
		}
		for i, r := range sink.Records()[:50] {
			if r.Name != fmt.Sprint(i) {
				t.Errorf("record %d is about %q", i, r.Name)
			}
		}
	})
}

// full is a sink with room for one write.
type full struct{ written int }

func (f *full) Write([]event.Record) error {
	if f.written++; f.written > 1 {
		return syscall.ENOSPC
	}
	return nil
}

// safe is one that can tell what is safe.
type safe struct{ full }

func (*safe) Committed() uint64 { return 1 }

func TestASinkThatFailsEndsTheRecordingAndTellsWhatIsSafe(t *testing.T) {
	for _, tt := range []struct {
		sink event.Writer
		want string
	}{
		{&full{}, "the recording cannot be written: no space left on device"},
		{&safe{}, "the recording cannot be written: no space left on device: the first 1 records are safe"},
	} {
		synctest.Test(t, func(t *testing.T) {
			source := &fence{feed: newFeed()}
			source.put(create)
			source.put(modify)
			r := recorder.New(source, tt.sink, recorder.Options{})
			s, err := r.Run(t.Context())
			var failed *recorder.SinkError
			if err == nil || err.Error() != tt.want || !errors.As(err, &failed) || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if s.Reason != recorder.ReasonError {
				t.Errorf("reason %q", s.Reason)
			}
		})
	}
}

func TestTheSummaryCountsWhatIsInTheRecording(t *testing.T) {
	source := newFeed()
	source.put(
		`0 0.1 watch dir wd=1 mask=IN_ALL_EVENTS path="/t"`,
		`0 0.1 watch dir wd=2 mask=IN_ALL_EVENTS path="/t/a"`,
		`0 0.1 watch dir wd=2 mask=IN_CREATE path="/t/a"`,
		`0 0.1 fail op="watch" errno=28 path="/t/b"`,
		`0 0.2 read bytes=64 buffer=4096`,
		create, create, modify, own,
		`0 2.0 event synthetic wd=1 mask=IN_CREATE|IN_ISDIR name="d"`,
		`0 2.0 unwatch wd=2 path="/t/a"`,
	)
	source.put(`0 3.0 read bytes=16 buffer=4096`, `0 3.0 event wd=-1 mask=IN_Q_OVERFLOW`, `0 3.0 loss cause="kernel" count=-1 since=2000000000`, `0 4.0 mark text="x"`)
	close(source.reads)
	r := recorder.New(source, event.NewMemoryLog(event.Header{}, nil), recorder.Options{Size: func() int64 { return 42 }})
	s, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := recorder.Stats{
		Records: 16, Events: 5, Synthetic: 1, Reads: 2, ReadBytes: 80, Watches: 1, FailedWatches: 1, Losses: 1, Marks: 1,
		Size: 42, Time: 4 * time.Second,
	}
	if s.Stats != want || r.Stats() != want {
		t.Errorf("got  %+v\nand  %+v\nwant %+v", s.Stats, r.Stats(), want)
	}
	masks := map[event.Mask]uint64{event.IN_CREATE: 3, event.IN_MODIFY: 1, event.IN_Q_OVERFLOW: 1}
	if fmt.Sprint(s.Masks) != fmt.Sprint(masks) {
		t.Errorf("got %v, want %v", s.Masks, masks)
	}
	if want := []recorder.Loss{{14, "kernel", -1, 2 * time.Second, 3 * time.Second}}; !slices.Equal(s.Lost, want) {
		t.Errorf("got %v, want %v", s.Lost, want)
	}
	if want := []recorder.Failure{{4, "watch", "/t/b", 28}}; !slices.Equal(s.Failures, want) {
		t.Errorf("got %v, want %v", s.Failures, want)
	}
}
