package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// loadBytes opens a log that is in memory, so without bbolt's lock.
func loadBytes(content []byte, d *decoder) (*Log, error) {
	l := &Log{path: "memory", next: 1, decoder: d}
	if err := l.load(bytes.NewReader(content), int64(len(content))); err != nil {
		return nil, l.wrap(err)
	}
	return l, nil
}

// testDecoder is shared by tests that do not run in parallel: making one costs more than its use.
var testDecoder, _ = newDecoder()

// use does everything that can be done with a log.
func use(l *Log) (records, changes []event.Record, err error) {
	if records, err = readRest(l); err != nil {
		return records, nil, err
	}
	if changes, err = l.TableChanges(nil); err != nil {
		return records, nil, err
	}
	for _, seq := range []uint64{1, uint64(len(records) / 2), uint64(len(records))} {
		if _, err := l.TableAt(seq); err != nil {
			return records, changes, err
		}
		if _, err := l.SeqAt(int64(seq) * 1_000_000_007); err != nil {
			return records, changes, err
		}
	}
	return records, changes, l.Verify(context.Background())
}

func smallLog(t testing.TB) (content []byte, records, changes []event.Record) {
	t.Helper()
	records = changing(rand.New(rand.NewPCG(3, 3)), 3000)
	content, err := os.ReadFile(writeLog(t, records, Options{BlockRecords: 300}))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.IsTableChange() {
			changes = append(changes, r)
		}
	}
	return content, records, changes
}

// holdsOrSaysSo requires that whatever is read is what was written, from the first
// record on, and that where something is missing there is a typed error.
func holdsOrSaysSo(t *testing.T, content []byte, records, changes []event.Record) {
	t.Helper()
	l, err := loadBytes(content, testDecoder)
	var got, gotChanges []event.Record
	if err == nil {
		got, gotChanges, err = use(l)
		sameRecords(t, got, records[:len(got)])
		sameRecords(t, gotChanges, changes[:len(gotChanges)])
		if err == nil {
			if l.Info().Complete && len(got) != len(records) {
				t.Fatalf("%d records of a complete log, want %d", len(got), len(records))
			}
			return
		}
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("an error without a type: %v", err)
	}
}

func TestDamageAnywhereIsFoundOrHarmless(t *testing.T) {
	content, records, changes := smallLog(t)
	step := 397
	if testing.Short() {
		step = 1999
	}
	for at := 0; at < len(content); at += step {
		damaged := bytes.Clone(content)
		damaged[at] ^= 1 << (at % 8)
		holdsOrSaysSo(t, damaged, records, changes)
	}
	rng := rand.New(rand.NewPCG(4, 4))
	for range 100 {
		damaged := bytes.Clone(content)
		for range 1 + rng.IntN(8) {
			damaged[rng.IntN(len(damaged))] = byte(rng.IntN(256))
		}
		holdsOrSaysSo(t, damaged, records, changes)
	}
}

func TestDamageWithinTheHeadsOfPagesIsFound(t *testing.T) {
	content, records, changes := smallLog(t)
	for page := 0; page < len(content); page += pageSize {
		for i := range 12 {
			at := page + (i*7+page/pageSize)%96
			damaged := bytes.Clone(content)
			damaged[at] = [...]byte{content[at] ^ 0xff, content[at] + 1, 0}[i%3]
			holdsOrSaysSo(t, damaged, records, changes)
		}
	}
}

// Truncated files go through Open as a whole, with bbolt's lock and map.
func TestTruncatedAnywhereIsFound(t *testing.T) {
	content, _, _ := smallLog(t)
	path := filepath.Join(tempdir.New(t), "log.db")
	for size := 0; size < len(content); size += pageSize / 2 {
		if err := os.WriteFile(path, content[:size], 0o644); err != nil {
			t.Fatal(err)
		}
		l, err := Open(path)
		if err == nil {
			l.Close()
		}
		if want := map[bool]error{true: ErrEmpty, false: ErrTruncated}[size == 0]; !errors.Is(err, want) {
			t.Errorf("cut to %d of %d bytes: %v", size, len(content), err)
		}
	}
}

// A log that loses its end while it is read gives an error, not a SIGBUS. Windows does not cut a file that is mapped.
func TestTruncatedWhileItIsReadIsFound(t *testing.T) {
	content, _, _ := smallLog(t)
	path := filepath.Join(tempdir.New(t), "log.db")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	l := openLog(t, path)
	want := ErrTruncated
	if err := os.Truncate(path, 2*pageSize); runtime.GOOS == "windows" && err != nil {
		want = nil
	} else if err != nil {
		t.Fatal(err)
	}
	if _, err := readRest(l); !errors.Is(err, want) {
		t.Errorf("%v", err)
	}
}

// Someone cuts off the file of a running recorder: bbolt would die of SIGBUS. Windows does not let them.
func TestFileCutOffWhileRecordingIsAnError(t *testing.T) {
	path := filepath.Join(tempdir.New(t), "log.db")
	w := create(t, path, Options{FlushInterval: -1})
	write(t, w, numberedFrom(1, 1000))
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	cut := os.Truncate(path, 0)
	if runtime.GOOS != "windows" && cut != nil {
		t.Fatal(cut)
	}
	write(t, w, numberedFrom(1001, 1000))
	err := w.Flush()
	if cut != nil {
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		sameRecords(t, readAll(t, openLog(t, path)), numberedFrom(1, 2000))
		return
	}
	var failed *WriteError
	if !errors.As(err, &failed) || failed.Last != 1000 {
		t.Fatalf("Flush: %v", err)
	}
	if again := w.Close(); again != err {
		t.Errorf("Close: %v", again)
	}
	if _, err := Open(path); !errors.Is(err, ErrEmpty) {
		t.Errorf("the lock is still held, or the file is not empty: %v", err)
	}
}

// A block whose checksum is right can still lie about everything else.
func TestForgedBlocksAreRefused(t *testing.T) {
	e, err := newEncoder(false)
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	e.reset(1)
	for _, r := range everyKind() {
		e.add(&r)
	}
	key := blockKey(1)
	whole := e.seal(nil, block{key: key})
	resign := func(b []byte) []byte {
		binary.BigEndian.PutUint32(b[headCRC:], blockCRC(key, b))
		return b
	}
	plain := func(change func(raw []byte) []byte) []byte {
		raw := change(bytes.Clone(e.raw))
		b := append(bytes.Clone(whole[:headSize]), raw...)
		b[headCodec] = byte(codecNone)
		binary.BigEndian.PutUint32(b[headRaw:], uint32(len(raw)))
		return resign(b)
	}
	if got, _, err := d.decode(key, plain(func(raw []byte) []byte { return append(raw, 200, 3, 'x', 'y', 'z') }), nil); err != nil {
		t.Errorf("an unknown column that may be skipped: %v", err)
	} else {
		sameRecords(t, got, everyKind())
	}
	head := func(at int, v byte) []byte {
		b := bytes.Clone(whole)
		b[at] = v
		return resign(b)
	}
	for name, value := range map[string][]byte{
		"nothing":               nil,
		"no records":            head(headCount+3, 0),
		"more records":          head(headCount+3, whole[headCount+3]+1),
		"2^24 records":          head(headCount, 1),
		"another number":        head(headFirst+7, 9),
		"another codec":         head(headCodec, 9),
		"4 GB of columns":       head(headRaw, 0xff),
		"a byte less":           head(headRaw+3, whole[headRaw+3]-1),
		"time that decreases":   head(headLastTime, 0x80),
		"another last time":     head(headLastTime+7, whole[headLastTime+7]+1),
		"wrong checksum":        append(bytes.Clone(whole), 0),
		"unknown column":        plain(func(raw []byte) []byte { return append(raw, 100, 0) }),
		"column cut off":        plain(func(raw []byte) []byte { return append(raw, 200, 5, 0) }),
		"column twice":          plain(func(raw []byte) []byte { return append(raw, raw[:2+int(raw[1])]...) }),
		"no kinds":              plain(func(raw []byte) []byte { return raw[2+int(raw[1]):] }),
		"nothing but kinds":     plain(func(raw []byte) []byte { return raw[:2+int(raw[1])] }),
		"strings without codes": plain(func([]byte) []byte { return []byte{1, 2, 1, 18, 9, 2, 0, 1, 10, 1, 'x'} }),
		"a bomb of prefixes": plain(func([]byte) []byte {
			lengths := []byte{0}
			lengths = binary.AppendUvarint(lengths, 1<<20)
			for range 100_000 {
				lengths = append(binary.AppendUvarint(lengths, 1<<20), 0)
			}
			raw := binary.AppendUvarint([]byte{1, 2, 1, 18, 9}, uint64(len(lengths)))
			raw = append(raw, lengths...)
			raw = binary.AppendUvarint(append(raw, 10), 1<<20)
			return append(raw, make([]byte, 1<<20)...)
		}),
	} {
		if _, _, err := d.decode(key, value, nil); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeBlock(f *testing.F) {
	e, err := newEncoder(true)
	if err != nil {
		f.Fatal(err)
	}
	for _, records := range [][]event.Record{everyKind(), numberedFrom(1, 60)} {
		for _, gapped := range []bool{false, true} {
			e.gapped = gapped
			e.reset(1)
			for i := range records {
				e.add(&records[i])
			}
			e.columns()
			f.Add(e.raw, uint16(len(records)), records[len(records)-1].Time)
		}
	}
	d, err := newDecoder()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte, count uint16, lastTime int64) {
		key := blockKey(1)
		value := append(make([]byte, headSize), raw...)
		binary.BigEndian.PutUint32(value[headCount:], uint32(count))
		binary.BigEndian.PutUint64(value[headFirst:], 1)
		binary.BigEndian.PutUint64(value[headLastTime:], uint64(lastTime))
		binary.BigEndian.PutUint32(value[headRaw:], uint32(len(raw)))
		binary.BigEndian.PutUint32(value[headCRC:], blockCRC(key, value))
		records, _, err := d.decode(key, value, nil)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := newEncoder(true)
		if err != nil {
			t.Fatal(err)
		}
		again.reset(1)
		for i := range records {
			again.add(&records[i])
		}
		back, _, err := d.decode(key, again.seal(nil, block{key: key}), nil)
		if err != nil {
			t.Fatal(err)
		}
		sameRecords(t, back, records)
	})
}

// FuzzOpen writes over one place of a real log, and cuts it.
func FuzzOpen(f *testing.F) {
	content, records, changes := smallLog(f)
	f.Add(uint32(8192+8), []byte{2, 0, 0xff, 0xff}, uint32(0))
	f.Add(uint32(4096+16), []byte("\xed\xda\x0c\xed"), uint32(5000))
	f.Add(uint32(3*4096+12), []byte{0xff, 0xff, 0xff, 0xff}, uint32(0))
	f.Fuzz(func(t *testing.T, at uint32, with []byte, cut uint32) {
		damaged := bytes.Clone(content)
		copy(damaged[int(at)%len(damaged):], with)
		holdsOrSaysSo(t, damaged[:len(damaged)-int(cut)%len(damaged)], records, changes)
	})
}
