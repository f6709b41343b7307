package event

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// everyKind has one record of each kind with every field that the kind uses.
func everyKind() []Record {
	records := []Record{
		{Kind: KindWatch, WD: 1, Mask: IN_ALL_EVENTS, N: int64(IN_ALL_EVENTS | IN_ONLYDIR), M: 3, Path: "/tmp/a b", Flags: FlagDir | FlagRecursive | FlagAutoAdd},
		{Kind: KindEntry, WD: 1, Cookie: 0o100644, N: 12, M: 1732180000123456789, Name: "f"},
		{Kind: KindRead, N: 32, M: 262144},
		{Kind: KindEvent, WD: 1, Mask: IN_CREATE | IN_ISDIR, Name: "new\nline\x1b[31m\xff\"=\t", Flags: FlagSynthetic},
		{Kind: KindEvent, WD: -1, Mask: IN_Q_OVERFLOW},
		{Kind: KindEvent, WD: 1, Mask: IN_MOVED_TO, Cookie: math.MaxUint32, Name: strings.Repeat("n", 255)},
		{Kind: KindEvent, WD: 1, Mask: IN_OPEN | IN_ISDIR, Flags: FlagOwn, Name: "-x"},
		{Kind: KindMove, Src: "/tmp/a b", Path: "/tmp/c"},
		{Kind: KindMove, Src: "/tmp/c"},
		{Kind: KindUnwatch, WD: 1, Name: CauseDeleted, Path: "/tmp/c"},
		{Kind: KindFail, Name: "watch", N: 28, Mask: IN_ALL_EVENTS, M: 1, Path: "/tmp/\xed\xa0\x80"},
		{Kind: KindLoss, Name: "kernel", N: -1, M: 77},
		{Kind: KindMark, Name: "step 1"},
		{Kind: KindBarrier, N: 4},
		{Kind: KindEnd, Name: "child", N: 3},
		{Kind: KindWatch, WD: 2, Mask: IN_CREATE, P: int64(DefaultFilter | 0x8000), Path: `C:\w`, Flags: FlagDir | FlagRecursive},
		{Kind: KindRead, WD: 2, Cookie: 1022, M: 65536},
		{Kind: KindLoss, WD: 2, Name: "buffer", N: -1, M: 77},
		{Kind: KindChange, WD: 2, Mask: Mask(FILE_ACTION_ADDED), Cookie: 0x20, N: 5, M: 0x1000000000034, P: -5, Name: "a b", Src: "A~1"},
		{Kind: KindChange, WD: 2, Mask: Mask(FILE_ACTION_TUNNELLED_ID_COLLISION), Name: "\xed\xa0\x80", Flags: FlagOwn},
		{Kind: KindChange, WD: 2, Mask: math.MaxUint32, Cookie: math.MaxUint32, M: math.MinInt64},
		{Kind: KindIdle},
		{Kind: KindMask, WD: 2, M: MaxMaskRun - 1, Mask: IN_ALL_EVENTS | IN_EXCL_UNLINK},
		{Kind: KindMask, WD: 7, Mask: IN_OPEN},
	}
	for i := range records {
		records[i].Seq = uint64(i + 1)
		records[i].Time = int64(i) * 1_000_000_007
	}
	return records
}

func TestEveryRecordRoundTripsAsText(t *testing.T) {
	seen := map[Kind]bool{}
	for _, r := range everyKind() {
		seen[r.Kind] = true
		line := string(AppendText(nil, &r))
		for _, c := range line {
			if c < ' ' || c == 0x7f {
				t.Errorf("%q holds a control character", line)
			}
		}
		back, err := ParseText(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		} else if back != r {
			t.Errorf("%s\ncomes back as\n%s", line, AppendText(nil, &back))
		}
	}
	for _, k := range Kinds() {
		if !seen[k] {
			t.Errorf("no %s record was tried", k)
		}
	}
}

func TestKindsAreNumberedAsTheyAreListed(t *testing.T) {
	for _, k := range Kinds() {
		if k.spec() == nil || k.spec().kind != k {
			t.Errorf("kind %d finds the row of another", k)
		}
	}
	if Kind(0).Known() || Kind(200).Known() {
		t.Error("a kind that does not exist is known")
	}
}

func TestTextOfARecordingRoundTrips(t *testing.T) {
	h := Header{
		Platform: Linux, Backend: "inotify", Roots: Strings{"/tmp/\xff", "/plain"}, Mask: IN_CREATE,
		Start: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Limits: Limits{MaxQueuedEvents: 16384}, Comment: "two\nlines",
		Command: Strings{"sh", "-c", "a && b > c"},
	}
	write := func(h Header, records []Record) string {
		var out bytes.Buffer
		w, err := NewTextWriter(&out, &h)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(records); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	text := write(h, everyKind())
	if want := `header command ["sh","-c","a && b > c"]`; !strings.Contains(text, want) {
		t.Errorf("a command line is not readable: want %s in\n%s", want, text)
	}
	log, err := ReadText(t.Context(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(log.Header(), h) {
		t.Errorf("header %+v\nwant   %+v", log.Header(), h)
	}
	if !reflect.DeepEqual(log.Records(), everyKind()) {
		t.Errorf("records differ")
	}
	if again := write(log.Header(), log.Records()); again != text {
		t.Errorf("written again it is\n%s\nwant\n%s", again, text)
	}
}

func TestTextMayHoldCommentsAndCRLF(t *testing.T) {
	r, err := NewTextReader(strings.NewReader("# made by hand\nfsrec-text 1\r\n\r\nheader platform \"linux\"\n# here\n1 0.5 mark text=\"a # b\"\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := r.Read(context.Background(), nil)
	if err != nil || len(records) != 1 || records[0].Name != "a # b" || records[0].Time != 5e8 {
		t.Errorf("%+v, %v", records, err)
	}
	if _, err := r.Read(context.Background(), nil); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestBadTextNamesLineAndWord(t *testing.T) {
	const head = "fsrec-text 1\nheader platform \"linux\"\n"
	for _, c := range []struct{ name, text, word string }{
		{"empty", "", ""},
		{"something else", "#!/bin/sh\necho\n", "echo"},
		{"newer version", "fsrec-text 2\n", "fsrec-text 2"},
		{"no number", head + "x 0.0 mark\n", "x"},
		{"no time", head + "1 soon mark\n", "soon"},
		{"too precise", head + "1 0.1234567890 mark\n", "0.1234567890"},
		{"time out of range", head + "1 99999999999 mark\n", "99999999999"},
		{"unknown kind", head + "1 0.0 evnt wd=1\n", "evnt"},
		{"unknown flag", head + "1 0.0 event big wd=1\n", "big"},
		{"flag twice", head + "1 0.0 event own own wd=1\n", "own"},
		{"key of another kind", head + "1 0.0 event size=1\n", "size=1"},
		{"key twice", head + "1 0.0 event wd=1 wd=1\n", "wd=1"},
		{"number too large", head + "1 0.0 event wd=4294967296\n", "wd=4294967296"},
		{"unknown mask", head + "1 0.0 event mask=IN_CREAT\n", "IN_CREAT"},
		{"unknown name in a mask", head + "1 0.0 event mask=IN_CREATE|IN_DELET|IN_ISDIR\n", "IN_DELET"},
		{"string not quoted", head + "1 0.0 event name=f\n", "name=f"},
		{"string does not end", head + "1 0.0 event name=\"f\n", "name=\"f"},
		{"no blank after a string", head + "1 0.0 event name=\"f\"wd=1\n", "name=\"f\"wd=1"},
		{"header that does not exist", "fsrec-text 1\nheader nonsense 1\n", "header"},
		{"header that is not JSON", "fsrec-text 1\nheader platform linux\n", "platform linux"},
		{"header twice", "fsrec-text 1\nheader platform \"a\"\nheader platform \"b\"\n", `platform "b"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadText(t.Context(), strings.NewReader(c.text))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %v, want a SyntaxError", err)
			}
			if syntax.Word != c.word || syntax.Line == 0 {
				t.Errorf("line %d, word %q; want word %q (%v)", syntax.Line, syntax.Word, c.word, err)
			}
		})
	}
}

func TestRecordsBeforeABadLineAreRead(t *testing.T) {
	r, err := NewTextReader(strings.NewReader("fsrec-text 1\n# c\n1 0.0 mark\n\n2 0.0 mrk\n"))
	if err != nil {
		t.Fatal(err)
	}
	if records, err := r.Read(context.Background(), nil); err != nil || len(records) != 1 {
		t.Fatalf("the record before it: %v, %v", records, err)
	}
	_, err = r.Read(context.Background(), nil)
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Line != 5 {
		t.Errorf("%v, want line 5", err)
	}
}

func TestSecondsRoundTrip(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0.000000000", 1: "0.000000001", 1_500_000_000: "1.500000000", -1: "-0.000000001",
		math.MaxInt64: "9223372036.854775807",
	} {
		if got := string(AppendSeconds(nil, ns)); got != want {
			t.Errorf("%d prints %s, want %s", ns, got, want)
		}
		if back, err := ParseSeconds(want); err != nil || back != ns {
			t.Errorf("ParseSeconds(%s) = %d, %v", want, back, err)
		}
	}
}

func FuzzParseText(f *testing.F) {
	for _, r := range everyKind() {
		f.Add(string(AppendText(nil, &r)))
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ParseText(line)
		if err != nil {
			return
		}
		printed := string(AppendText(nil, &r))
		back, err := ParseText(printed)
		if err != nil || back != r {
			t.Fatalf("%q was read, printed as %q, and read back as %+v, %v", line, printed, back, err)
		}
	})
}

func FuzzTextReader(f *testing.F) {
	f.Add("fsrec-text 1\nheader platform \"linux\"\n1 0.0 mark text=\"x\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := NewTextReader(strings.NewReader(text))
		if err != nil {
			return
		}
		for {
			if _, err := r.Read(context.Background(), nil); err != nil {
				return
			}
		}
	})
}
