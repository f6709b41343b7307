package replayer_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/replayer"
	"fsrec/watcher/event"
)

func TestRecordedPaceInVirtualTime(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts []replayer.Option
		want []time.Duration // when each Read returned
	}{
		{"as recorded", []replayer.Option{replayer.Speed(1)},
			[]time.Duration{0, 100, 200, 1e9, 2e9, 4e9, 104e9, 105e9, 106e9, 107e9}},
		{"twice as fast", []replayer.Option{replayer.Speed(2), replayer.FromSeq(4)},
			[]time.Duration{0, 5e8, 15e8, 515e8, 52e9, 525e8, 53e9}},
		{"waits of at most a second", []replayer.Option{replayer.Speed(1), replayer.IdleCap(time.Second), replayer.FromSeq(4)},
			[]time.Duration{0, 1e9, 2e9, 3e9, 4e9, 5e9, 6e9}},
		{"rounds follow each other at once", []replayer.Option{replayer.Speed(1), replayer.FromSeq(18), replayer.Loop(2)},
			[]time.Duration{0, 1e9, 2e9}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := replay(t, parse(t, project), tt.opts...)
				start := time.Now()
				var got []time.Duration
				for {
					_, err := r.Read(t.Context(), nil)
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, time.Since(start))
				}
				got = slices.Compact(got) // the watch table comes at the time of the start
				if !slices.Equal(got, tt.want) {
					t.Errorf("got  %v\nwant %v", got, tt.want)
				}
			})
		})
	}
}

func TestALateReaderCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := replay(t, parse(t, project), replayer.Speed(1), replayer.FromSeq(4))
		next(t, r) // the watch table
		start := time.Now()
		next(t, r) // at 1 s of the recording
		slow, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		<-slow.Done() // a handler that takes its time, in virtual time
		equal(t, next(t, r), body(project, 7, 7))
		equal(t, next(t, r), body(project, 8, 11))
		if late := time.Since(start); late != 3*time.Second {
			t.Errorf("the read that was due at 3 s came at %v", late)
		}
		next(t, r)
		if at := time.Since(start); at != 103*time.Second {
			t.Errorf("the read that was due at 103 s came at %v", at)
		}
	})
}

func TestAReadAtRecordedPaceIsNeverOfTwoReadsOfTheKernel(t *testing.T) {
	r := replay(t, parse(t, project), replayer.Speed(1e12), replayer.FromSeq(4))
	for {
		records, err := r.Read(t.Context(), nil)
		if err == io.EOF {
			return
		}
		for i := range records {
			if i > 0 && records[i].Kind == event.KindRead && records[i-1].Seq != 0 {
				t.Errorf("record %d is inside of what one Read gave", records[i].Seq)
			}
		}
	}
}

func TestStepsReleaseReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := replay(t, parse(t, project), replayer.Step())
		equal(t, next(t, r), body(project, 1, 3))
		got := make(chan []string)
		go func() {
			defer close(got)
			for {
				records, err := r.Read(t.Context(), nil)
				if err != nil {
					return
				}
				got <- lines(records)
			}
		}()
		blocked := func() {
			t.Helper()
			synctest.Wait()
			select {
			case l := <-got:
				t.Fatalf("not released, but read: %q", l)
			default:
			}
		}
		blocked()
		r.Next(1)
		equal(t, <-got, body(project, 4, 7))
		blocked()
		r.Next(2)
		equal(t, <-got, body(project, 8, 11))
		equal(t, <-got, body(project, 12, 17))
		blocked()
		r.Next(1)
		equal(t, <-got, body(project, 18, 22))
		if _, more := <-got; more {
			t.Error("there is more after the end")
		}
	})
}

func TestStepsReleaseEvents(t *testing.T) {
	r := replay(t, parse(t, project), replayer.StepEvents())
	equal(t, next(t, r), body(project, 1, 4))
	r.Next(1)
	equal(t, next(t, r), body(project, 5, 5))
	r.Next(2)
	equal(t, next(t, r), body(project, 6, 10))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Read(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a Read that is not released: %v", err)
	}
}

// bare is a golden written by hand: no reads.
const bare = `fsrec-text 1
1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS path="/t"
2 1.0 event wd=1 mask=IN_CREATE name="a"
3 1.0 event wd=1 mask=IN_MODIFY name="a"
4 2.0 event wd=1 mask=IN_DELETE name="a"
`

func TestStepsInALogWithoutReadsAreByTime(t *testing.T) {
	r := replay(t, parse(t, bare), replayer.Step())
	seqs := func() (all []uint64) {
		records, err := r.Read(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			all = append(all, record.Seq)
		}
		return all
	}
	for _, want := range [][]uint64{{1}, {2, 3}, {4}} {
		if got := seqs(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		r.Next(1)
	}
}

// table is the watch table before record 17, with the time of that record.
var table17 = []string{
	`0 105.000000000 watch dir recursive auto_add wd=1 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/tmp/p"`,
	`0 105.000000000 watch dir recursive auto_add wd=2 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/tmp/p/a"`,
	`0 105.000000000 watch dir recursive auto_add wd=3 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/tmp/p/b"`,
	`0 105.000000000 watch dir recursive auto_add wd=4 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS parent=1 path="/tmp/p/m"`,
}
