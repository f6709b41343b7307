package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func TestSeekEqualsALinearScan(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	records := randomRecords(rng, 2000)
	l := openLog(t, writeLog(t, records, Options{BlockRecords: 64}))
	plain := event.NewMemoryLog(testHeader(), records)
	times := []int64{math.MinInt64, math.MaxInt64, 0}
	for _, r := range records {
		times = append(times, r.Time, r.Time+1, r.Time-1)
	}
	for _, at := range times {
		got, err := l.SeqAt(at)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := plain.SeqAt(at); got != want {
			t.Fatalf("SeqAt(%d) = %d, want %d", at, got, want)
		}
	}
	var got, want []event.Record
	for _, seq := range []uint64{0, 1, 2, 63, 64, 65, 66, 1999, 2000, 2001, math.MaxUint64} {
		var errs [2]error
		if err := l.Seek(seq); err != nil {
			t.Fatal(err)
		}
		plain.Seek(seq)
		got, errs[0] = l.Read(t.Context(), got)
		want, errs[1] = plain.Read(t.Context(), want)
		if errs[0] != errs[1] || len(got) > 0 && got[0] != want[0] {
			t.Fatalf("after Seek(%d): %v, %v", seq, errs[0], errs[1])
		}
	}
}

// changing is a recording in which the watch table changes all the time.
func changing(rng *rand.Rand, n int) []event.Record {
	path := func() string {
		var b strings.Builder
		for range 1 + rng.IntN(3) {
			b.WriteString("/" + string(rune('a'+rng.IntN(6))))
		}
		return b.String()
	}
	records := make([]event.Record, n)
	for i := range records {
		switch rng.IntN(8) {
		case 0, 1, 2:
			records[i] = event.Record{Kind: event.KindWatch, WD: rng.Int32N(200), Mask: event.IN_ALL_EVENTS, N: 7, M: 3, Path: path(), Flags: event.FlagDir}
		case 3:
			records[i] = event.Record{Kind: event.KindUnwatch, WD: rng.Int32N(200)}
		case 4:
			records[i] = event.Record{Kind: event.KindMove, Src: path(), Path: path()}
		case 5:
			if rng.IntN(8) == 0 {
				records[i] = event.Record{Kind: event.KindMove, Src: path()}
				continue
			}
			fallthrough
		default:
			records[i] = event.Record{Kind: event.KindEvent, WD: 1, Mask: event.IN_OPEN}
		}
	}
	return number(records)
}

func sameTable(t *testing.T, got, want *event.Table) {
	t.Helper()
	a, b := got.Watches(), want.Watches()
	if len(a) != len(b) {
		t.Fatalf("%d watches, want %d", len(a), len(b))
	}
	for i := range a {
		if a[i].Record() != b[i].Record() || (got.At(a[i].Path()) == a[i]) != (want.At(b[i].Path()) == b[i]) {
			t.Fatalf("watch %+v, want %+v", a[i], b[i])
		}
	}
}

func TestTableAtEqualsReplayingAllChanges(t *testing.T) {
	records := changing(rand.New(rand.NewPCG(7, 8)), 12000)
	l := openLog(t, writeLog(t, records, Options{BlockRecords: 500}))
	plain := event.NewMemoryLog(testHeader(), records)
	points, err := l.checkpointPlaces()
	if err != nil || len(points) < 3 {
		t.Fatalf("checkpoints %v, %v", points, err)
	}
	seqs := []uint64{0, 1, 2, 499, 500, 501, 12000, 12001, math.MaxUint64}
	for _, p := range points {
		seqs = append(seqs, p-1, p, p+1, p+250)
	}
	for _, seq := range seqs {
		got, err := l.TableAt(seq)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := plain.TableAt(seq)
		sameTable(t, got, want)
	}
	got, err := l.TableChanges(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := plain.TableChanges(nil)
	sameRecords(t, got, want)
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// A watch that lost its place, though nobody is left there, keeps its path and stays out of the tree.
func TestTableRecordsKeepWhoOwnsAPlace(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 300 {
		table := event.NewTable(event.Linux)
		for _, r := range changing(rng, 120) {
			table.Apply(&r)
		}
		again := event.NewTable(event.Linux)
		for _, r := range tableRecords(table) {
			again.Apply(&r)
		}
		sameTable(t, again, table)
	}
}

func TestInfoCountsWhatWasWritten(t *testing.T) {
	records := number([]event.Record{
		{Kind: event.KindWatch, WD: 1, Path: "/a"},
		{Kind: event.KindEvent, Mask: event.IN_CREATE | event.IN_ISDIR, Name: "d"},
		{Kind: event.KindEvent, Mask: event.IN_CREATE, Name: "f", Flags: event.FlagSynthetic},
		{Kind: event.KindEvent, Mask: event.IN_OPEN | event.IN_ISDIR, Flags: event.FlagOwn},
		{Kind: event.KindEnd, Name: "signal"},
	})
	path := writeLog(t, records, Options{BlockRecords: 2})
	i := openLog(t, path).Info()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !i.Complete || i.Records != 5 || i.FirstSeq != 1 || i.LastSeq != 5 || i.FirstTime != 0 || i.LastTime != 4_000_000_028 ||
		i.Blocks != 3 || i.TableChanges != 1 || i.Own != 1 || i.Synthetic != 1 || i.FormatVersion != FormatVersion || i.Size != info.Size() {
		t.Errorf("%+v", i)
	}
	if i.Kinds[event.KindEvent] != 3 || i.Kinds[event.KindEnd] != 1 || len(i.Kinds) != 3 {
		t.Errorf("%v", i.Kinds)
	}
	if i.Events[event.IN_CREATE] != 2 || i.Events[event.IN_ISDIR] != 1 || !slices.Equal(i.EventMasks(), []event.Mask{event.IN_CREATE, event.IN_ISDIR}) {
		t.Errorf("%v", i.Events)
	}
}

func TestEmptyRecordingOpens(t *testing.T) {
	l := openLog(t, writeLog(t, nil, Options{}))
	if _, err := l.Read(t.Context(), nil); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if seq, err := l.SeqAt(5); seq != 1 || err != nil {
		t.Error(seq, err)
	}
	if table, err := l.TableAt(9); err != nil || table.Len() != 0 {
		t.Error(table, err)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if i := l.Info(); !i.Complete || i.Records != 0 {
		t.Errorf("%+v", i)
	}
}

func TestReadingChangesNothing(t *testing.T) {
	path := writeLog(t, changing(rand.New(rand.NewPCG(1, 1)), 3000), Options{})
	past := time.Unix(1e9, 5e8)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := openLog(t, path)
	readAll(t, l)
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the bytes changed, %v", err)
	}
	if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(past) {
		t.Errorf("the time changed: %v, %v", info.ModTime(), err)
	}
}

func TestTwoReadersAtOnce(t *testing.T) {
	path := writeLog(t, numberedFrom(1, 100), Options{})
	a, b := openLog(t, path), openLog(t, path)
	sameRecords(t, readAll(t, a), readAll(t, b))
}

func TestClosedLogSaysSo(t *testing.T) {
	l := openLog(t, writeLog(t, numberedFrom(1, 100), Options{}))
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, read := l.Read(t.Context(), nil)
	_, at := l.SeqAt(1)
	_, changes := l.TableChanges(nil)
	_, table := l.TableAt(1)
	for i, err := range []error{read, at, changes, table, l.Seek(1), l.Verify(t.Context())} {
		if !errors.Is(err, event.ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestReadHonoursItsContext(t *testing.T) {
	l := openLog(t, writeLog(t, numberedFrom(1, 100), Options{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Read(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := l.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// database makes a bbolt file with one bucket and one key in it.
func database(t *testing.T, path, bucket, key string, value []byte) {
	t.Helper()
	db, err := bolt.Open(path, 0o644, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		return b.Put([]byte(key), value)
	}); err != nil {
		t.Fatal(err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	good := writeLog(t, numberedFrom(1, 5000), Options{})
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	file := func(b []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		want error
		says string
	}{
		{"missing", func(*testing.T, string) {}, fs.ErrNotExist, ""},
		{"directory", func(_ *testing.T, path string) { os.Mkdir(path, 0o755) }, ErrDirectory, ""},
		{"empty", file(nil), ErrEmpty, ""},
		{"short text", file([]byte("hello")), ErrNotLog, ""},
		{"long text", file(bytes.Repeat([]byte("hello\n"), 10000)), ErrNotLog, ""},
		{"zeros", file(make([]byte, 1<<16)), ErrNotLog, ""},
		{"database without a log", func(t *testing.T, path string) { database(t, path, "users", "root", nil) }, ErrForeign, ""},
		{"database with a bucket meta", func(t *testing.T, path string) { database(t, path, "meta", "version", nil) }, ErrForeign, ""},
		{"database with another magic", func(t *testing.T, path string) { database(t, path, "meta", "magic", []byte("something else")) }, ErrForeign, ""},
		{"database with nothing in it", func(t *testing.T, path string) {
			db, err := bolt.Open(path, 0o644, nil)
			if err != nil {
				t.Fatal(err)
			}
			db.Close()
		}, ErrEmpty, "before it began"},
		{"newer", func(t *testing.T, path string) {
			file(content)(t, path)
			database(t, path, "meta", "magic", magicValue(9, 7))
		}, ErrNewer, "version 9 and needs a reader of version 7, this one reads up to 3"},
		{"half", file(content[:len(content)/2]), ErrTruncated, ""},
		{"first page only", file(content[:4096]), ErrTruncated, ""},
		{"first bytes only", file(content[:50]), ErrTruncated, ""},
		{"both meta pages gone", file(append(make([]byte, 8192), content[8192:]...)), ErrNotLog, ""},
		{"being recorded", func(t *testing.T, path string) {
			w := create(t, path, Options{})
			write(t, w, numberedFrom(1, 10))
		}, ErrLocked, "stop the recorder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(tempdir.New(t), "log.db")
			c.make(t, path)
			before, _ := os.ReadFile(path)
			start := time.Now()
			l, err := Open(path)
			if err == nil {
				l.Close()
			}
			var e *Error
			if !errors.As(err, &e) || !errors.Is(err, c.want) || e.Path != path {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %q", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file changed")
			}
		})
	}
}

func TestLogOfAnotherProcessIsLockedUntilItEnds(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	cmd := child(t, "holder", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrLocked) {
		t.Errorf("Open: %v", err)
	}
	if _, err := Create(path, testHeader(), Options{Force: true}); !errors.Is(err, ErrLocked) {
		t.Errorf("Create: %v", err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if !openLog(t, path).Info().Complete {
		t.Error("it was not closed")
	}
}
