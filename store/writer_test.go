package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

func create(t *testing.T, path string, opts Options) *Writer {
	t.Helper()
	w, err := Create(path, testHeader(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func write(t *testing.T, w *Writer, records []event.Record) {
	t.Helper()
	if err := w.Write(records); err != nil {
		t.Fatal(err)
	}
}

func TestWriterRefusesWhatDoesNotFollow(t *testing.T) {
	for _, c := range []struct {
		name   string
		record event.Record
	}{
		{"a gap", event.Record{Seq: 4, Time: 10, Kind: event.KindMark}},
		{"a number again", event.Record{Seq: 2, Time: 10, Kind: event.KindMark}},
		{"no number", event.Record{Time: 10, Kind: event.KindMark}},
		{"time that decreases", event.Record{Seq: 3, Time: 1, Kind: event.KindMark}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(tempdir.New(t), "log.db")
			w := create(t, path, Options{})
			good := []event.Record{{Seq: 1, Time: 1, Kind: event.KindMark}, {Seq: 2, Time: 2, Kind: event.KindMark}}
			err := w.Write(append(good, c.record))
			var wrong *OrderError
			if !errors.As(err, &wrong) || !errors.Is(err, ErrOrder) || wrong.Seq != c.record.Seq || wrong.Want != 3 {
				t.Fatalf("%v", err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			sameRecords(t, readAll(t, openLog(t, path)), good)
		})
	}
}

func TestWriterRefusesRecordsThatNoReaderCouldHold(t *testing.T) {
	w := create(t, filepath.Join(tempdir.New(t), "log.db"), Options{})
	err := w.Write([]event.Record{{Seq: 1, Kind: event.KindMark, Name: strings.Repeat("x", MaxRecordText+1)}})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("a huge mark: %v", err)
	}
	if err := w.Write([]event.Record{{Seq: 1, Kind: 200}}); err == nil {
		t.Error("an unknown kind was taken")
	}
	write(t, w, []event.Record{{Seq: 1, Kind: event.KindMark, Name: strings.Repeat("x", MaxRecordText)}})
}

func TestALogMayBeginWithAnyNumber(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	w := create(t, path, Options{BlockRecords: 100})
	records := numberedFrom(1<<40, 950)
	write(t, w, records)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l := openLog(t, path)
	sameRecords(t, readAll(t, l), records)
	if i := l.Info(); i.FirstSeq != 1<<40 || i.LastSeq != 1<<40+949 || i.Records != 950 {
		t.Errorf("%+v", i)
	}
}

func TestLongStringsMakeShorterBlocks(t *testing.T) {
	var records []event.Record
	for i := range 500 {
		records = append(records, event.Record{Kind: event.KindWatch, WD: int32(i), Path: strings.Repeat("/d", 16<<10) + string(rune('a'+i%26)) + strings.Repeat("/e", i)})
	}
	l := openLog(t, writeLog(t, number(records), Options{}))
	sameRecords(t, readAll(t, l), records)
	if l.Info().Blocks < 10 {
		t.Errorf("%d blocks for 16 MB of paths", l.Info().Blocks)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestIdleWriterCommitsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, err := Create(filepath.Join(tempdir.New(t), "log.db"), testHeader(), Options{FlushInterval: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		for last := uint64(1); last < 4; last++ {
			if err := w.Write(numberedFrom(last, 1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(44 * time.Minute) //nolint:forbidigo // the bubble's clock
			synctest.Wait()
			if w.Committed() != last-1 {
				t.Errorf("record %d was committed at once", w.Committed())
			}
			time.Sleep(2 * time.Minute)       //nolint:forbidigo // the bubble's clock
			if err := w.Flush(); err != nil { // joins the commit that the timer began
				t.Fatal(err)
			}
			if w.Committed() != last {
				t.Errorf("%d is committed, want %d", w.Committed(), last)
			}
		}
	})
}

func TestWriterTellsSizeAndCommitted(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	w := create(t, path, Options{FlushInterval: -1})
	before := w.Size()
	write(t, w, numberedFrom(1, 20000))
	if w.Committed() != 0 {
		t.Errorf("%d committed before a flush", w.Committed())
	}
	if w.Size() <= before {
		t.Error("what waits for the disk does not count")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if w.Committed() != 20000 {
		t.Errorf("%d committed after a flush, want 20000", w.Committed())
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != w.Size() {
		t.Errorf("the file has %d bytes, Size says %d", info.Size(), w.Size())
	}
}

func TestFullQueueHoldsWriteBackAndLosesNothing(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	w := create(t, path, Options{FlushInterval: time.Millisecond, MaxPending: 1, BlockRecords: 64})
	var want []event.Record
	for seq := uint64(1); seq < 6000; seq += 500 {
		records := numberedFrom(seq, 500)
		write(t, w, records)
		want = append(want, records...)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sameRecords(t, readAll(t, openLog(t, path)), want)
}

func TestHeaderCanBeReplacedWhileRecording(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	w := create(t, path, Options{})
	h := testHeader()
	h.Comment = "known only later"
	if err := w.SetHeader(h); err != nil {
		t.Fatal(err)
	}
	write(t, w, numberedFrom(1, 10))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := openLog(t, path).Header(); !reflect.DeepEqual(got, h) {
		t.Errorf("%+v", got)
	}
}

func TestCloseMayBeCalledAgainAndEndsTheWriter(t *testing.T) {
	w := create(t, filepath.Join(tempdir.New(t), "log.db"), Options{})
	for range 3 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, err := range map[string]error{
		"Write": w.Write(numberedFrom(1, 1)), "Flush": w.Flush(), "SetHeader": w.SetHeader(testHeader()),
	} {
		if !errors.Is(err, event.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAbortRemovesTheLog(t *testing.T) {
	dir := tempdir.New(t)
	w := create(t, filepath.Join(dir, "log.db"), Options{})
	write(t, w, numberedFrom(1, 10000))
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

func TestCreateNeverOverwritesWithoutForce(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	for _, content := range []string{"", "precious"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Create(path, testHeader(), Options{})
		var e *Error
		if !errors.As(err, &e) || e.Err != ErrExists || e.Path != path {
			t.Errorf("Create over %q: %v", content, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%q became %q", content, got)
		}
	}
}

func TestCreateByForceReplaces(t *testing.T) {
	dir := tempdir.New(t)
	path := filepath.Join(dir, "log.db")
	if err := os.WriteFile(path, []byte("not so precious"), 0o640); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w := create(t, path, Options{Force: true})
		write(t, w, numberedFrom(1, 10))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		l := openLog(t, path)
		if got := len(readAll(t, l)); got != 10 {
			t.Errorf("%d records", got)
		}
		l.Close()
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("permissions became %v", info.Mode().Perm())
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}

// Windows replaces no file that a program has open. Elsewhere the reader keeps the log that it began to read.
func TestCreateByForceWhileTheOldLogIsRead(t *testing.T) {
	dir := tempdir.New(t)
	path := filepath.Join(dir, "log.db")
	old := create(t, path, Options{})
	write(t, old, numberedFrom(1, 10))
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	reader := openLog(t, path)
	w, err := Create(path, testHeader(), Options{Force: true})
	if runtime.GOOS == "windows" {
		var e *Error
		if !errors.As(err, &e) || e.Path != path || !errors.Is(err, fs.ErrPermission) || !strings.Contains(e.Hint, "another name") {
			t.Errorf("%v", err)
		}
	} else if err != nil {
		t.Error(err)
	} else if err := w.Close(); err != nil {
		t.Error(err)
	}
	if got := len(readAll(t, reader)); got != 10 {
		t.Errorf("the reader has %d records", got)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}

func TestCreateByForceLeavesARunningRecordingAlone(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	w := create(t, path, Options{})
	for _, force := range []bool{true, false} {
		if _, err := Create(path, testHeader(), Options{Force: force}); !errors.Is(err, map[bool]error{true: ErrLocked, false: ErrExists}[force]) {
			t.Errorf("force %v: %v", force, err)
		}
	}
	write(t, w, numberedFrom(1, 10))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(readAll(t, openLog(t, path))); got != 10 {
		t.Errorf("%d records", got)
	}
}

func TestCreateSaysWhatIsWrongWithThePath(t *testing.T) {
	dir := tempdir.New(t)
	for _, c := range []struct {
		path string
		opts Options
		want error
	}{
		{dir, Options{}, ErrDirectory},
		{dir, Options{Force: true}, ErrDirectory},
		{filepath.Join(dir, "no", "log.db"), Options{}, fs.ErrNotExist},
		{filepath.Join(dir, "no", "log.db"), Options{Force: true}, fs.ErrNotExist},
	} {
		_, err := Create(c.path, testHeader(), c.opts)
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Create(%q, %+v): %v", c.path, c.opts, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	for _, opts := range []Options{{BlockRecords: -1}, {BlockRecords: MaxBlockRecords + 1}, {MaxPending: -1}} {
		if _, err := Create(filepath.Join(dir, "x"), testHeader(), opts); err == nil {
			t.Errorf("%+v was accepted", opts)
		}
	}
}

// What is left open on Windows fails the clean-up of the test's directory.
func TestNothingIsLeftRunningOrOpen(t *testing.T) {
	files := func() int {
		if runtime.GOOS == "windows" {
			return 0
		}
		open, _ := os.ReadDir("/proc/self/fd")
		return len(open)
	}
	run := func() {
		path := writeLog(t, numberedFrom(1, 10000), Options{})
		l, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, l)
		l.Close()
		w := create(t, filepath.Join(tempdir.New(t), "b"), Options{FlushInterval: time.Nanosecond})
		write(t, w, numberedFrom(1, 10000))
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
		if _, err := Create(path, testHeader(), Options{}); err == nil {
			t.Fatal("it was overwritten")
		}
		os.Truncate(path, 9000)
		if _, err := Open(path); err == nil {
			t.Fatal("a truncated log opens")
		}
	}
	run()
	goroutines, open := runtime.NumGoroutine(), files()
	for range 5 {
		run()
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines, %d before\n%s", n, goroutines, buf[:runtime.Stack(buf, true)])
	}
	if n := files(); n > open {
		t.Errorf("%d open files, %d before", n, open)
	}
}

func TestABlockThatIsExactlyFullIsCommittedInTime(t *testing.T) {
	w := create(t, filepath.Join(tempdir.New(t), "log.db"), Options{BlockRecords: 2, FlushInterval: 20 * time.Millisecond})
	write(t, w, []event.Record{{Seq: 1, Kind: event.KindMark}, {Seq: 2, Kind: event.KindMark}})
	for end := time.Now().Add(5 * time.Second); w.Committed() < 2; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("after 5 s record %d of 2 is committed", w.Committed())
		}
	}
}
