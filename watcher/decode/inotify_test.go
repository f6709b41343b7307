package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

var samples = []event.Record{
	{Kind: event.KindEvent, WD: 1, Mask: event.IN_CREATE, Name: "file"},
	{Kind: event.KindEvent, WD: 1, Mask: event.IN_CREATE | event.IN_ISDIR, Name: "fifteen-letters"},
	{Kind: event.KindEvent, WD: 1, Mask: event.IN_CREATE, Name: "sixteen--letters"},
	{Kind: event.KindEvent, WD: 2, Mask: event.IN_MOVED_FROM, Cookie: 0xdeadbeef, Name: "\xff\n"},
	{Kind: event.KindEvent, WD: 0x7fffffff, Mask: event.IN_DELETE_SELF},
	{Kind: event.KindEvent, WD: -1, Mask: event.IN_Q_OVERFLOW},
	{Kind: event.KindEvent, WD: 3, Mask: event.IN_OPEN, Name: strings.Repeat("n", 255)},
}

func encode(records []event.Record) (buf []byte) {
	for i := range records {
		buf = AppendInotify(buf, &records[i])
	}
	return buf
}

func TestEventsOfOneReadAreSplit(t *testing.T) {
	got, err := Inotify(string(encode(samples)), nil)
	if err != nil || !reflect.DeepEqual(got, samples) {
		t.Errorf("%v\n%+v", err, got)
	}
}

func TestNamesArePaddedAsTheKernelDoes(t *testing.T) {
	for name, want := range map[string]int{"": 16, "a": 32, strings.Repeat("a", 15): 32, strings.Repeat("a", 16): 48, strings.Repeat("a", 255): 272} {
		buf := AppendInotify(nil, &event.Record{Name: name})
		if len(buf) != want || int(binary.NativeEndian.Uint32(buf[12:])) != want-16 {
			t.Errorf("a name of %d bytes takes %d, want %d", len(name), len(buf), want)
		}
	}
}

func TestAppendsToWhatIsThere(t *testing.T) {
	first := []event.Record{{Seq: 7}}
	got, err := Inotify(string(encode(samples[:1])), first)
	if err != nil || len(got) != 2 || got[0].Seq != 7 || got[1] != samples[0] {
		t.Errorf("%v %+v", err, got)
	}
}

func TestACutOffEventIsAnErrorAfterTheWholeOnes(t *testing.T) {
	buf := encode(samples)
	starts := map[int]int{}
	for i, at := 0, 0; i < len(samples); i++ {
		starts[at] = i
		at += len(AppendInotify(nil, &samples[i]))
	}
	whole := 0
	for cut := range buf {
		if i, start := starts[cut]; start {
			whole = i
			continue
		}
		got, err := Inotify(string(buf[:cut]), nil)
		var truncated *TruncatedError
		if !errors.As(err, &truncated) || len(got) != whole || starts[truncated.Offset] != whole || truncated.Have != cut-truncated.Offset || truncated.Need <= truncated.Have {
			t.Fatalf("cut at %d: %v with %d records", cut, err, len(got))
		}
	}
}

func TestAHugeLengthIsCutOffNotFollowed(t *testing.T) {
	buf := AppendInotify(nil, &samples[0])
	binary.NativeEndian.PutUint32(buf[12:], 0xffffffff)
	if _, err := Inotify(string(buf), nil); err == nil {
		t.Error("no error")
	}
}

func TestDecodingDoesNotAllocate(t *testing.T) {
	text := string(encode(samples))
	to := make([]event.Record, 0, len(samples))
	if n := testing.AllocsPerRun(100, func() { to, _ = Inotify(text, to[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzInotify(f *testing.F) {
	f.Add([]byte{})
	f.Add(encode(samples))
	f.Add(encode(samples)[:40])
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, buf []byte) {
		records, err := Inotify(string(buf), nil)
		var truncated *TruncatedError
		if err != nil && (!errors.As(err, &truncated) || truncated.Offset+truncated.Have != len(buf)) {
			t.Fatalf("%v of %d bytes", err, len(buf))
		}
		again, err := Inotify(string(encode(records)), nil)
		if err != nil || len(again) != len(records) || len(records) > 0 && !reflect.DeepEqual(again, records) {
			t.Fatalf("%v\n%+v\n%+v", err, records, again)
		}
	})
}

func BenchmarkInotify(b *testing.B) {
	text := strings.Repeat(string(encode(samples[:4])), 1000)
	to, _ := Inotify(text, nil)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		to, _ = Inotify(text, to[:0])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(to)), "ns/event")
}
