package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func testHeader() event.Header {
	return event.Header{
		Platform: event.Linux, Backend: "inotify", Roots: event.Strings{"/tmp/\xff", "/plain"}, Mask: event.IN_ALL_EVENTS,
		Start: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Limits: event.Limits{MaxQueuedEvents: 16384},
	}
}

// everyKind has a record of each kind with every field that the kind uses, and names that are hard to keep.
func everyKind() []event.Record {
	long := strings.Repeat("/\u20ac", 8<<10)
	return number([]event.Record{
		{Kind: event.KindWatch, WD: 1, Mask: event.IN_ALL_EVENTS, N: int64(event.IN_ALL_EVENTS | event.IN_ONLYDIR), M: 3, Path: "/tmp/a b", Flags: event.FlagDir | event.FlagRecursive | event.FlagAutoAdd},
		{Kind: event.KindWatch, WD: math.MaxInt32, Mask: math.MaxUint32, Path: long, Flags: event.FlagDir},
		{Kind: event.KindEntry, WD: 1, Cookie: 0o100644, N: 12, M: 1732180000123456789, Name: "f"},
		{Kind: event.KindEntry, WD: 1, Cookie: 0o100644, N: math.MaxInt64, M: math.MinInt64, Name: "g"},
		{Kind: event.KindEntry, WD: 1, Cookie: 0o100644, N: math.MinInt64, M: math.MaxInt64, Name: "f"},
		{Kind: event.KindRead, N: 32, M: 262144},
		{Kind: event.KindEvent, WD: 1, Mask: event.IN_CREATE | event.IN_ISDIR, Name: "new\nline\x1b[31m\xff\x00\"=\t", Flags: event.FlagSynthetic},
		{Kind: event.KindEvent, WD: -1, Mask: event.IN_Q_OVERFLOW},
		{Kind: event.KindEvent, WD: math.MinInt32, Mask: event.IN_MOVED_TO, Cookie: math.MaxUint32, Name: strings.Repeat("n", 255)},
		{Kind: event.KindEvent, WD: 1, Mask: event.IN_OPEN | event.IN_ISDIR, Flags: event.FlagOwn, Name: "-x"},
		{Kind: event.KindMove, Src: "/tmp/a b", Path: "/tmp/c"},
		{Kind: event.KindMove, Src: "/tmp/c"},
		{Kind: event.KindUnwatch, WD: 1, Name: event.CauseDeleted, Path: "/tmp/c"},
		{Kind: event.KindFail, Name: "watch", N: 28, Mask: event.IN_ALL_EVENTS, M: 1, Path: "/tmp/\xed\xa0\x80"},
		{Kind: event.KindLoss, Name: "kernel", N: -1, M: 77},
		{Kind: event.KindMark, Name: "step 1", Path: "step 1", Src: "step 1", Flags: 0xff},
		{Kind: event.KindBarrier, N: 4},
		{Kind: event.KindEnd, Name: "child", N: 3},
		{Kind: event.KindWatch, WD: 2, Mask: event.IN_CREATE, P: int64(event.DefaultFilter), Path: `C:\w`, Flags: event.FlagDir | event.FlagRecursive},
		{Kind: event.KindRead, WD: 2, Cookie: 1022, M: 65536},
		{Kind: event.KindChange, WD: 2, Mask: event.Mask(event.FILE_ACTION_ADDED), Cookie: 0x20, N: 5, M: 0x1000000000034, P: 5, Name: "a b", Src: "A~1"},
		{Kind: event.KindChange, WD: 2, Mask: math.MaxUint32, Cookie: math.MaxUint32, N: math.MinInt64, M: -1, P: math.MinInt64, Name: "\xed\xa0\x80", Flags: event.FlagOwn},
		{Kind: event.KindIdle},
		{Kind: event.KindMask, WD: 2, M: event.MaxMaskRun - 1, Mask: event.IN_ALL_EVENTS},
	})
}

// number gives records consecutive numbers and rising times.
func number(records []event.Record) []event.Record {
	for i := range records {
		records[i].Seq = uint64(i + 1)
		records[i].Time = int64(i) * 1_000_000_007
	}
	return records
}

func randomRecords(rng *rand.Rand, n int) []event.Record {
	name := func() string {
		switch rng.IntN(4) {
		case 0:
			return ""
		case 1:
			return fmt.Sprintf("f%06d", rng.IntN(50))
		case 2:
			b := make([]byte, rng.IntN(255))
			for i := range b {
				b[i] = byte(rng.IntN(256))
			}
			return string(b)
		}
		return fmt.Sprintf("f%06d", rng.IntN(1e6))
	}
	number := func() int64 {
		if rng.IntN(2) == 0 {
			return 0
		}
		return int64(rng.Uint64()) >> rng.IntN(64)
	}
	kinds := event.Kinds()
	records := make([]event.Record, n)
	at := number()
	for i := range records {
		records[i] = event.Record{
			Seq: uint64(i + 1), Time: at, Kind: kinds[rng.IntN(len(kinds))], Flags: event.Flags(rng.IntN(256) >> rng.IntN(9)),
			N: number(), M: number(), P: number(), WD: int32(number()), Mask: event.Mask(number()), Cookie: uint32(number()),
			Name: name(), Path: name(), Src: name(),
		}
		at += rng.Int64N(1<<20) >> rng.IntN(21)
	}
	return records
}

// writeLog makes a closed log of records, in pieces of random length.
func writeLog(t testing.TB, records []event.Record, opts Options) string {
	t.Helper()
	path := filepath.Join(tempdir.New(t), "log.db")
	w, err := Create(path, testHeader(), opts)
	if err != nil {
		t.Fatal(err)
	}
	for rest := records; len(rest) > 0; {
		n := 1 + rand.IntN(len(rest))
		if err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
		if rand.IntN(4) == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func openLog(t testing.TB, path string) *Log {
	t.Helper()
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func readAll(t testing.TB, l *Log) []event.Record {
	t.Helper()
	all, err := readRest(l)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func readRest(l *Log) ([]event.Record, error) {
	var all, batch []event.Record
	for {
		var err error
		batch, err = l.Read(context.Background(), batch)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, batch...)
	}
}

func sameRecords(t testing.TB, got, want []event.Record) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("record %d is\n%+v\nwant\n%+v", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
}

func TestEveryKindOfRecordRoundTrips(t *testing.T) {
	seen := map[event.Kind]bool{}
	for _, r := range everyKind() {
		seen[r.Kind] = true
	}
	for _, k := range event.Kinds() {
		if !seen[k] {
			t.Errorf("no %s record was tried", k)
		}
	}
	l := openLog(t, writeLog(t, everyKind(), Options{}))
	sameRecords(t, readAll(t, l), everyKind())
	if !reflect.DeepEqual(l.Header(), testHeader()) {
		t.Errorf("header %+v\nwant   %+v", l.Header(), testHeader())
	}
	if !l.Info().Complete {
		t.Error("a closed log is not complete")
	}
}

func TestRandomRecordsRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, blockRecords := range []int{1, 2, 7, 100, 0} {
		records := randomRecords(rng, 3000)
		l := openLog(t, writeLog(t, records, Options{BlockRecords: blockRecords}))
		sameRecords(t, readAll(t, l), records)
	}
}
