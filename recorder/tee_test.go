package recorder_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/recorder"
	"fsrec/replayer"
	"fsrec/watcher/event"
)

const session = `fsrec-text 1
header platform "linux"
1 0.000000000 watch dir wd=1 mask=IN_ALL_EVENTS path="/t"
2 1.000000000 read bytes=32 buffer=4096
3 1.000000000 event wd=1 mask=IN_CREATE name="a"
4 1.000000000 event wd=1 mask=IN_MODIFY name="a"
5 60.000000000 read bytes=16 buffer=4096
6 60.000000000 event wd=1 mask=IN_DELETE name="a"
`

// backend replays session, read by read if opts say so.
func backend(t testing.TB, opts ...replayer.Option) *replayer.Replayer {
	t.Helper()
	log, err := event.ReadText(t.Context(), strings.NewReader(session))
	if err != nil {
		t.Fatal(err)
	}
	r, err := replayer.New(log, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func body(from, to int) []string {
	return strings.Split(strings.TrimSpace(session), "\n")[2:][from-1 : to]
}

// readAll is what an application sees.
func readAll(t testing.TB, r event.Reader) []string {
	t.Helper()
	log, err := event.ReadAll(t.Context(), event.Header{}, r)
	if err != nil {
		t.Fatal(err)
	}
	return lines(log.Records())
}

func TestATeeRecordsWhatTheApplicationReads(t *testing.T) {
	sink := event.NewMemoryLog(event.Header{}, nil)
	tee := recorder.Tee(backend(t, replayer.Step()), sink, recorder.Options{})
	r := tee.Backend.(*replayer.Replayer)
	var seen []event.Record
	for range 2 {
		records, err := tee.Read(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, records...)
		r.Next(1)
	}
	if err := tee.Close(); err != nil {
		t.Fatal(err)
	}
	equal(t, lines(seen), body(1, 4))
	equal(t, lines(sink.Records()), append(lines(seen), `5 1.000000000 end reason="closed"`))
	if err := tee.Close(); err != nil || len(sink.Records()) != 5 {
		t.Errorf("a second Close: %v, %d records", err, len(sink.Records()))
	}
	if _, err := tee.Read(t.Context(), nil); !errors.Is(err, event.ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	if err := tee.Mark("late"); !errors.Is(err, recorder.ErrEnded) {
		t.Errorf("Mark after Close: %v", err)
	}
	if s := tee.Summary(); s.Reason != recorder.ReasonClosed || s.Events != 2 || s.Records != 5 || s.Watches != 1 {
		t.Errorf("summary %+v", s)
	}
}

func TestATeePassesBarriersOnAndDoesNotRecordThem(t *testing.T) {
	source := newFeed()
	sink := event.NewMemoryLog(event.Header{}, nil)
	tee := recorder.Tee(teeable{Reader: source}, sink, recorder.Options{})
	source.put(barrier, create, barrier, barrier, modify)
	source.put(barrier)
	close(source.reads)
	seen := readAll(t, tee)
	if err := tee.Close(); err != nil {
		t.Fatal(err)
	}
	pass, one, two := `0 2.000000000 barrier id=99`, `1 1.000000000 event wd=1 mask=IN_CREATE name="a"`, `2 2.000000000 event wd=1 mask=IN_MODIFY name="a"`
	equal(t, seen, []string{pass, one, pass, pass, two, pass})
	equal(t, lines(sink.Records()), []string{one, two, `3 2.000000000 end reason="closed"`})
	if _, err := tee.Barrier(); !errors.Is(err, event.ErrUnsupported) {
		t.Errorf("Barrier of a backend without: %v", err)
	}
}

// teeable makes a Backend of a Reader.
type teeable struct {
	event.Reader
	event.Backend
}

func (b teeable) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	return b.Reader.Read(ctx, to)
}
func (teeable) Header() event.Header { return event.Header{} }
func (teeable) Close() error         { return nil }

func TestAFailingSinkDoesNotDisturbTheApplication(t *testing.T) {
	var told error
	tee := recorder.Tee(backend(t, replayer.Speed(1e12)), &full{written: 1}, recorder.Options{OnError: func(err error) { told = err }})
	equal(t, readAll(t, tee), body(1, 6))
	err := tee.Close()
	var failed *recorder.SinkError
	if !errors.As(err, &failed) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close: %v", err)
	}
	if told != err || tee.Err() != err || tee.Close() != err {
		t.Errorf("OnError got %v, Err %v, Close %v", told, tee.Err(), err)
	}
	if s := tee.Summary(); s.Reason != recorder.ReasonError {
		t.Errorf("summary %+v", s)
	}
}

func TestALimitEndsTheRecordingAndNotTheApplication(t *testing.T) {
	for _, tt := range []struct {
		opts recorder.Options
		want []string
	}{
		{recorder.Options{Count: 1}, append(body(1, 3), `4 1.000000000 end reason="count"`)},
		{recorder.Options{Duration: time.Second}, append(body(1, 4), `5 1.000000000 end reason="duration"`)},
		{recorder.Options{MaxSize: 9, Size: func() int64 { return 9 }}, append(body(1, 1), `2 0.000000000 end reason="size"`)},
	} {
		sink := event.NewMemoryLog(event.Header{}, nil)
		r := backend(t, replayer.Step())
		tee := recorder.Tee(r, sink, tt.opts)
		r.Next(9)
		equal(t, readAll(t, tee), body(1, 6))
		if err := tee.Close(); err != nil {
			t.Error(err)
		}
		equal(t, lines(sink.Records()), tt.want)
	}
}

func TestATeeOfAReplayEndsAsTheRecordingDid(t *testing.T) {
	source := newFeed()
	source.put(create, `0 2.0 end reason="exit" status=3`)
	close(source.reads)
	sink := event.NewMemoryLog(event.Header{}, nil)
	tee := recorder.Tee(teeable{Reader: source}, sink, recorder.Options{})
	if _, err := tee.Read(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := tee.Close(); err != nil {
		t.Fatal(err)
	}
	equal(t, lines(sink.Records()), []string{`1 1.000000000 event wd=1 mask=IN_CREATE name="a"`, `2 1.000000000 end reason="exit" status=3`})
}

func TestATeeMarksBetweenReads(t *testing.T) {
	sink := event.NewMemoryLog(event.Header{}, nil)
	r := backend(t, replayer.Step())
	tee := recorder.Tee(r, sink, recorder.Options{})
	if _, err := tee.Read(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := tee.Mark("begin"); err != nil {
		t.Fatal(err)
	}
	r.Next(1)
	records, err := tee.Read(t.Context(), nil)
	if err != nil || records[0].Seq != 3 {
		t.Fatal(lines(records), err)
	}
	if err := tee.Close(); err != nil {
		t.Fatal(err)
	}
	equal(t, lines(sink.Records())[:3], []string{body(1, 1)[0], `2 0.000000000 mark text="begin"`, strings.Replace(body(2, 2)[0], "2", "3", 1)})
}

func TestClosingATeeEndsABlockedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tee := recorder.Tee(backend(t, replayer.Step()), event.NewMemoryLog(event.Header{}, nil), recorder.Options{})
		if _, err := tee.Read(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { _, err := tee.Read(t.Context(), nil); ended <- err }()
		synctest.Wait()
		if err := tee.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, event.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestATeeWaitsForTheSinkOnlyWhenTheQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFeed()
		for range 20 {
			source.put(create)
		}
		close(source.reads)
		sink := newGate()
		tee := recorder.Tee(teeable{Reader: source}, sink, recorder.Options{Queue: 4})
		var read int
		ended := make(chan bool)
		go func() {
			defer close(ended)
			for {
				if _, err := tee.Read(t.Context(), nil); err == io.EOF {
					return
				}
				read++
			}
		}()
		synctest.Wait()
		if read != 4 {
			t.Errorf("%d reads returned while the sink is stuck, want 4", read)
		}
		sink.open()
		<-ended
		if err := tee.Close(); err != nil || len(sink.Records()) != 21 {
			t.Errorf("Close: %v, %d records", err, len(sink.Records()))
		}
	})
}
