package replayer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/replayer"
	"fsrec/watcher/event"
)

// project is a small recording: two directories in a tree, a third that
// appears, is renamed, and goes away.
const project = `fsrec-text 1
header platform "linux"
header roots ["/tmp/p"]
1 0.000000000 watch dir recursive auto_add wd=1 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/tmp/p"
2 0.000000100 watch dir recursive auto_add wd=2 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/tmp/p/a"
3 0.000000200 watch dir recursive auto_add wd=3 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/tmp/p/b"
4 1.000000000 read bytes=64 buffer=262144
5 1.000000000 event wd=2 mask=IN_CREATE name="f"
6 1.000000000 event wd=2 mask=IN_CLOSE_WRITE name="f"
7 2.000000000 mark text="built"
8 4.000000000 read bytes=32 buffer=262144
9 4.000000000 event wd=1 mask=IN_CREATE|IN_ISDIR name="n"
10 4.000000000 watch dir recursive auto_add wd=4 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS parent=1 path="/tmp/p/n"
11 4.000000000 event synthetic wd=4 mask=IN_CREATE name="x"
12 104.000000000 read bytes=96 buffer=262144
13 104.000000000 event wd=1 mask=IN_MOVED_FROM|IN_ISDIR cookie=7 name="n"
14 104.000000000 event wd=1 mask=IN_MOVED_TO|IN_ISDIR cookie=7 name="m"
15 104.000000000 move src="/tmp/p/n" path="/tmp/p/m"
16 104.000000000 event wd=4 mask=IN_DELETE name="x"
17 105.000000000 mark text="tested"
18 106.000000000 read bytes=16 buffer=262144
19 106.000000000 event wd=3 mask=IN_DELETE_SELF
20 106.000000000 event wd=3 mask=IN_IGNORED
21 106.000000000 unwatch wd=3 cause="deleted" path="/tmp/p/b"
22 107.000000000 end reason="signal"
`

func parse(t testing.TB, text string) *event.MemoryLog {
	t.Helper()
	log, err := event.ReadText(t.Context(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func replay(t testing.TB, log event.Log, opts ...replayer.Option) *replayer.Replayer {
	t.Helper()
	r, err := replayer.New(log, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// next is what one Read gives, as lines of the text form.
func next(t testing.TB, r event.Reader) []string {
	t.Helper()
	records, err := r.Read(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return lines(records)
}

// rest reads to the end.
func rest(t testing.TB, r event.Reader) []string {
	t.Helper()
	log, err := event.ReadAll(t.Context(), event.Header{}, r)
	if err != nil {
		t.Fatal(err)
	}
	return lines(log.Records())
}

func lines(records []event.Record) []string {
	all := make([]string, len(records))
	for i := range records {
		all[i] = string(event.AppendText(nil, &records[i]))
	}
	return all
}

// body gives the record lines from one number to another.
func body(text string, from, to int) []string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	for strings.HasPrefix(all[0], "fsrec-text") || strings.HasPrefix(all[0], "header") {
		all = all[1:]
	}
	return all[from-1 : to]
}

func equal(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestEveryReplayGivesTheRecordsOfTheLog(t *testing.T) {
	log := parse(t, project)
	for _, opts := range [][]replayer.Option{
		nil,
		{replayer.MaxSpeed()},
		{replayer.Speed(1e12)},
		{replayer.Speed(1), replayer.IdleCap(time.Nanosecond)},
		{replayer.FromSeq(1)},
		{replayer.Loop(1)},
	} {
		for range 100 {
			r := replay(t, log, opts...)
			equal(t, rest(t, r), body(project, 1, 22))
			if _, err := r.Read(t.Context(), nil); err != io.EOF {
				t.Fatalf("after the end: %v", err)
			}
			if n, err := r.Ready(t.Context()); n != 0 || err != io.EOF {
				t.Fatalf("after the end: ready %d, %v", n, err)
			}
		}
	}
}

func TestAReplayFromTheMiddleBeginsWithTheWatchTable(t *testing.T) {
	for name, from := range map[string]replayer.Option{
		"seq":  replayer.FromSeq(17),
		"time": replayer.FromTime(104*time.Second + 1),
		"mark": replayer.FromMark("tested"),
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, rest(t, replay(t, parse(t, project), from)), append(slices.Clone(table17), body(project, 17, 22)...))
		})
	}
}

func TestTheEndOfAReplayIsIncluded(t *testing.T) {
	for name, to := range map[string]replayer.Option{
		"seq":  replayer.ToSeq(7),
		"time": replayer.ToTime(2 * time.Second),
		"mark": replayer.ToMark("built"),
	} {
		t.Run(name, func(t *testing.T) {
			r := replay(t, parse(t, project), to)
			equal(t, rest(t, r), body(project, 1, 7))
			if d, err := r.Duration(); d != 2*time.Second || err != nil {
				t.Errorf("Duration %v, %v", d, err)
			}
		})
	}
}

func TestAPlaceThatIsNotThereIsAnError(t *testing.T) {
	log := parse(t, project)
	for _, tt := range []struct {
		opts []replayer.Option
		want string
	}{
		{[]replayer.Option{replayer.FromMark("deployed")}, `no mark "deployed" in this part of the recording: there are "built", "tested"`},
		{[]replayer.Option{replayer.FromMark("tested"), replayer.ToMark("built")}, `no mark "built" in this part of the recording: there are "tested"`},
		{[]replayer.Option{replayer.FromSeq(23)}, `nothing to replay from record 23 to record 22: the recording has 22 records and ends after 1m47s`},
		{[]replayer.Option{replayer.FromSeq(9), replayer.ToSeq(8)}, `nothing to replay from record 9 to record 8: the recording has 22 records and ends after 1m47s`},
		{[]replayer.Option{replayer.Speed(0)}, `replay: Speed: want a finite factor above 0, not 0`},
		{[]replayer.Option{replayer.Loop(-1)}, `replay: Loop: want 0 (for ever) or a number of rounds, not -1`},
		{[]replayer.Option{replayer.InjectOverflow(5, 0)}, `replay: InjectOverflow: want at least 1 event to lose, not 0`},
		{[]replayer.Option{replayer.Map("/tmp/p", "")}, `replay: Map: want two paths, not "/tmp/p" and ""`},
		{[]replayer.Option{replayer.Map("/tmp/p", `C:\p`), replayer.Map("/tmp/q", "/q")}, `replay: Map: "/q" is a path of linux, an earlier one is of windows`},
	} {
		_, err := replayer.New(log, tt.opts...)
		if err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
	_, err := replayer.New(parse(t, bare), replayer.FromMark("x"))
	var missing *replayer.MarkError
	if !errors.As(err, &missing) || err.Error() != `no mark "x": the recording has no marks` {
		t.Errorf("got %v", err)
	}
}

func TestMarksArePlacesOfTheWholeRecording(t *testing.T) {
	r := replay(t, parse(t, project), replayer.FromSeq(8), replayer.Step())
	r.Next(3)
	next(t, r) // the watch table
	equal(t, next(t, r), body(project, 8, 11))
	got, err := r.Marks()
	want := []replayer.Mark{{"built", 7, 2 * time.Second}, {"tested", 17, 105 * time.Second}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, want := r.Position(), (replayer.Position{Seq: 11, Time: 4 * time.Second}); got != want {
		t.Errorf("looking for marks moved the replay to %v", got)
	}
	equal(t, rest(t, r), body(project, 12, 22))
}

func TestALoopGivesAConsumerAConsistentTable(t *testing.T) {
	for _, opts := range [][]replayer.Option{
		{replayer.Loop(3)},
		{replayer.Loop(3), replayer.FromSeq(8)},
		{replayer.Loop(3), replayer.FromSeq(17)},
		{replayer.Loop(3), replayer.Speed(1e12)},
		{replayer.Loop(3), replayer.FromSeq(4), replayer.ToSeq(15)},
	} {
		log := parse(t, project)
		once := replay(t, log, append(opts, replayer.Loop(1))...)
		want := paths(t, once)
		r := replay(t, parse(t, project), opts...)
		equal(t, paths(t, r), append(append(slices.Clone(want), want...), want...))
		if r.Position().Round != 2 {
			t.Errorf("ended in round %d", r.Position().Round)
		}
	}
}

// paths reads to the end and gives for every event the path that a consumer
// with a watch table finds for it. Time must not go back, and only the last
// record may be an end.
func paths(t *testing.T, r event.Backend) (all []string) {
	t.Helper()
	log, err := event.ReadAll(t.Context(), event.Header{}, r)
	if err != nil {
		t.Fatal(err)
	}
	table := event.NewTable(r.Header().Platform)
	records := log.Records()
	for i := range records {
		record := &records[i]
		if i > 0 && record.Time < records[i-1].Time {
			t.Errorf("time goes back to %d at %s", record.Time, lines(records[i-1:i+1]))
		}
		if record.Kind == event.KindEnd && i != len(records)-1 {
			t.Error("there are records after the end")
		}
		table.Apply(record)
		if record.Kind == event.KindEvent {
			path := "?"
			if w := table.Watch(record.WD); w != nil && !w.Lost() {
				path = w.Path()
			}
			all = append(all, fmt.Sprint(path, " ", record.Mask, " ", record.Name))
		}
	}
	return all
}

func TestALoopForEverEndsWithClose(t *testing.T) {
	r := replay(t, parse(t, project), replayer.Loop(0))
	for r.Position().Round < 1000 {
		next(t, r)
	}
	r.Close()
	r.Close()
	if _, err := r.Read(t.Context(), nil); !errors.Is(err, event.ErrClosed) {
		t.Errorf("Read after Close: %v", err)
	}
	if _, err := r.Ready(t.Context()); !errors.Is(err, event.ErrClosed) {
		t.Errorf("Ready after Close: %v", err)
	}
	if _, err := r.Add(event.WatchRequest{Path: "/tmp/p"}); !errors.Is(err, event.ErrClosed) {
		t.Errorf("Add after Close: %v", err)
	}
}

func TestCloseAndContextEndBlockedCalls(t *testing.T) {
	for name, call := range map[string]func(*replayer.Replayer, context.Context) error{
		"Read":  func(r *replayer.Replayer, ctx context.Context) error { _, err := r.Read(ctx, nil); return err },
		"Ready": func(r *replayer.Replayer, ctx context.Context) error { _, err := r.Ready(ctx); return err },
	} {
		for _, opt := range []replayer.Option{replayer.Step(), replayer.Speed(1)} {
			synctest.Test(t, func(t *testing.T) {
				r := replay(t, parse(t, project), opt)
				for range 3 {
					if r.Position().Seq < 3 {
						next(t, r)
					}
				}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- call(r, ctx) }()
				synctest.Wait()
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("%s with a done context: %v", name, err)
				}
				go func() { ended <- call(r, t.Context()) }()
				synctest.Wait()
				r.Close()
				if err := <-ended; !errors.Is(err, event.ErrClosed) {
					t.Errorf("%s of a closed replay: %v", name, err)
				}
			})
		}
	}
}

func TestReadyCountsTheBytesOfTheRecordedRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := replay(t, parse(t, project), replayer.Speed(1), replayer.FromSeq(4))
		next(t, r) // the watch table
		for _, want := range []int{64, 1, 32, 96, 1, 16, 1 << 30} {
			for range 2 { // asking does not use anything up
				if n, err := r.Ready(t.Context()); n != want || err != nil {
					t.Fatalf("ready %d, %v, want %d", n, err, want)
				}
			}
			next(t, r)
		}
	})
}

func TestAnInjectedOverflowTakesThePlaceOfEvents(t *testing.T) {
	want := append(append(body(project, 1, 5),
		`0 1.000000000 event wd=-1 mask=IN_Q_OVERFLOW`,
		`0 1.000000000 loss cause="kernel" count=-1 since=1000000000`),
		append(body(project, 7, 8), append(body(project, 10, 12), body(project, 14, 22)...)...)...)
	for _, opt := range []replayer.Option{replayer.MaxSpeed(), replayer.Speed(1e12)} {
		equal(t, rest(t, replay(t, parse(t, project), replayer.InjectOverflow(6, 3), opt)), want)
	}
	two := rest(t, replay(t, parse(t, bare), replayer.InjectOverflow(2, 1), replayer.InjectOverflow(4, 1)))
	if len(two) != 6 {
		t.Errorf("two overflows of one event each: %q", two)
	}
}
