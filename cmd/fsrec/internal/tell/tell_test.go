package tell

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

func read(t testing.TB, text string) (event.Header, []event.Record) {
	t.Helper()
	log, err := event.ReadText(t.Context(), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return log.Header(), log.Records()
}

// told tells records in batches of n.
func told(h event.Header, records []event.Record, n int, all bool) []Line {
	teller := New(h, all)
	var lines []Line
	for len(records) > 0 {
		n := min(n, len(records))
		lines = teller.Append(lines, records[:n])
		records = records[n:]
	}
	return teller.Flush(lines)
}

const watched = "fsrec-text 1\nheader platform \"linux\"\nheader backend \"inotify\"\n1 0.0 watch dir recursive wd=1 mask=IN_ALL_EVENTS path=\"/d\"\n"

func TestWhatIsSaidOfEachRecord(t *testing.T) {
	for line, want := range map[string]string{
		`event wd=1 mask=IN_CREATE name="f"`:                      "/d/f was created",
		`event wd=1 mask=IN_CREATE|IN_ISDIR name="s"`:             "the directory /d/s was created",
		`event synthetic wd=1 mask=IN_CREATE name="f"`:            "/d/f was created; it was found by listing its directory, whose watch came later",
		`event own wd=1 mask=IN_OPEN|IN_ISDIR`:                    "the watched directory /d was opened, by the recorder itself",
		`event wd=1 mask=IN_ACCESS|IN_ISDIR`:                      "the watched directory /d was listed",
		`event wd=1 mask=IN_MOVED_FROM cookie=3 name="f"`:         "/d/f was renamed to a place that is not watched",
		`event wd=1 mask=IN_MOVED_TO cookie=3 name="f"`:           "/d/f came in by a rename from a place that is not watched",
		`event wd=9 mask=IN_DELETE name="f"`:                      "f (of watch 9, which is not known) was deleted",
		`event wd=-1 mask=IN_Q_OVERFLOW`:                          "the kernel's queue was full: events are missing here",
		`event wd=1 mask=0 name="a\x1b"`:                          `/d/a\x1b had 0`,
		`watch dir wd=1 mask=IN_CREATE path="/d"`:                 "watch 1 on /d was changed: IN_CREATE",
		`watch dir wd=2 parent=1 mask=IN_CREATE path="/d/s"`:      "watch 2 was placed on the directory /d/s, which is new in a watched one: IN_CREATE",
		`watch wd=2 mask=IN_CREATE|IN_DELETE path="/f"`:           "watch 2 was placed on the file /f: IN_CREATE, IN_DELETE",
		`unwatch wd=1 cause="deleted" path="/d"`:                  "watch 1 on /d ended: what it watched was deleted",
		`unwatch wd=1 cause="tired" path="/d"`:                    "watch 1 on /d ended: tired",
		`move src="/d/a" path="/d/b"`:                             "/d/a was renamed: the watches on it and in it follow to /d/b",
		`move src="/d/a"`:                                         "/d/a left the watched tree: the watches on it and in it are being ended",
		`loss cause="kernel" count=-1 since=1000000000`:           "an unknown number of events between 1.000000000 and now are missing: the kernel's queue was full",
		`loss wd=1 cause="queue" count=7 since=0`:                 "7 events between 0.000000000 and now are missing: a queue of the recorder was full, in /d only",
		`mark text="half\ntime"`:                                  `mark: half\ntime`,
		`mark text="op: mv a b"`:                                  "operation: mv a b",
		`end reason="signal"`:                                     "the recording ended: signal",
		`read bytes=64 buffer=4096`:                               "a read gave 64 bytes: the records up to the next read came together",
		`entry wd=1 mode=0100644 name="f"`:                        "/d/f was there when it was looked at: a file",
		`entry wd=1 mode=040755 name="s"`:                         "/d/s was there when it was looked at: a directory",
		`entry wd=1`:                                              "/d was listed anew: what was known of it is void",
		`mask wd=1 kernel=IN_OPEN|IN_ACCESS`:                      "watch 1 on /d: from here on also IN_ACCESS, IN_OPEN",
		`mask wd=1 more=1023 kernel=IN_OPEN`:                      "watches 1 to 1024: from here on also IN_OPEN",
		`idle`:                                                    "nothing more came for a moment: what was told before is complete",
		`fail op="watch" errno=28 mask=IN_ALL_EVENTS path="/d/x"`: "/d/x: watching it failed: ",
	} {
		h, records := read(t, watched+"2 2.0 "+line+"\n")
		lines := told(h, records, 1, true)
		if len(lines) != 2 || lines[1].Text != want && (!strings.HasSuffix(want, ": ") || !strings.HasPrefix(lines[1].Text, want)) {
			t.Errorf("%s\nis told as %+v\nwant %q", line, lines[1:], want)
		}
	}
}

// TestWatchesOfATreeAreToldTogether holds that how records are read makes no difference to that, and that none is left out.
func TestWatchesOfATreeAreToldTogether(t *testing.T) {
	var text strings.Builder
	text.WriteString("fsrec-text 1\nheader platform \"linux\"\nheader backend \"inotify\"\n")
	for i := range 1234 {
		path := "/d"
		if i > 0 {
			path += "/" + strings.Repeat("s", i%200+1)
		}
		fmt.Fprintf(&text, "%d 0.0 watch dir wd=%d mask=IN_CREATE path=%q\n", i+1, i+1, path)
	}
	text.WriteString("1235 0.0 event own wd=1 mask=IN_CREATE name=\"x\"\n")
	h, records := read(t, text.String())
	for _, n := range []int{1, 100, 5000} {
		lines := told(h, records, n, false)
		if len(lines) != 1 || lines[0].Seq != 1 || lines[0].Records != 1234 || lines[0].Text != "1,234 watches were placed, on the directory /d and 1,233 directories below it: IN_CREATE" {
			t.Errorf("in batches of %d: %d lines, the first %+v", n, len(lines), lines[0])
		}
	}
	if lines := told(h, records, 100, true); len(lines) != 1235 {
		t.Errorf("with all %d lines", len(lines))
	}
}

func TestARenameIsToldAtBothEnds(t *testing.T) {
	h, records := read(t, watched+`2 1.0 event wd=1 mask=IN_MOVED_FROM|IN_ISDIR cookie=7 name="a"
3 1.0 mark text="between"
4 1.0 event wd=1 mask=IN_MOVED_TO|IN_ISDIR cookie=7 name="b"
5 1.0 move src="/d/a" path="/d/b"
`)
	lines := told(h, records, 2, false)
	if lines[1].Text != "the directory /d/a was renamed to /d/b (record 4)" || lines[3].Text != "the directory /d/b is the new name of /d/a (record 2)" || lines[3].Src != "/d/a" {
		t.Errorf("%+v", lines)
	}
}

// Of every record of the cited traces something is said, once, however they are read.
func TestEveryRecordOfTheTracesIsTold(t *testing.T) {
	files, err := filepath.Glob("../../../../testdata/traces/windows/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h, records := read(t, string(text))
		lines := told(h, records, len(records), true)
		seen, all := make(map[uint64]bool), ""
		for _, l := range lines {
			seen[l.Seq], all = true, all+l.Text+"\n"
			if term.Line(l.Text) != l.Text {
				t.Errorf("%s: %q can drive a terminal", file, l.Text)
			}
		}
		for _, r := range records {
			if !seen[r.Seq] && !strings.Contains(all, "REMOVED of record ") {
				t.Errorf("%s: nothing is said of record %d, %s", filepath.Base(file), r.Seq, event.AppendText(nil, &r))
			}
		}
		for _, n := range []int{1, 3} {
			if again := told(h, records, n, true); len(again) != len(lines) {
				t.Errorf("%s: %d lines in batches of %d, %d at once", file, len(again), n, len(lines))
			}
		}
	}
}

func TestRecordsWithoutSenseAreToldToo(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, backend := range []string{"inotify", "rdcw", ""} {
		var records []event.Record
		for i := range 20_000 {
			records = append(records, event.Record{
				Seq: uint64(i + 1), Time: int64(i), Kind: event.Kind(random.IntN(15)), WD: int32(random.IntN(4) - 1), Mask: event.Mask(random.Uint32() >> random.IntN(32)),
				Cookie: random.Uint32N(3), N: random.Int64N(3) - 1, M: random.Int64N(3), Name: []string{"", "a", "b\\c", "\xff"}[random.IntN(4)], Path: []string{"", "/d", "C:\\"}[random.IntN(3)],
				Flags: event.Flags(random.IntN(256)),
			})
		}
		told(event.Header{Platform: event.Windows, Backend: backend}, records, 500, true)
	}
}

func TestEveryRuleOfTheCatalogueHasWords(t *testing.T) {
	for _, r := range diff.BuiltIn().Rules {
		told := NewRule(r, diff.CatalogueText())
		if len(told.Applies) == 0 || len(told.Pattern) == 0 {
			t.Errorf("%s: %+v", r.ID, told)
		}
		for _, line := range append(append(told.Pattern, told.Where...), told.Applies...) {
			if strings.Contains(line, "  ") || strings.Contains(line, "%!") || strings.ContainsAny(line, "=;") || strings.HasSuffix(line, " ") {
				t.Errorf("%s: %q", r.ID, line)
			}
		}
		if !strings.HasPrefix(told.Text, "rule "+r.ID) || strings.Count(told.Text, "rule ") < 1 || strings.Contains(told.Text, "# ----") {
			t.Errorf("%s is written as %q", r.ID, told.Text)
		}
	}
}

func TestAllThatARuleCanSayHasWords(t *testing.T) {
	const text = `rule all
a: platform=linux backend=inotify kernel>=6.8 kernel<7 filesystem=ext4 recursive=no
b: wine=yes filter=+SIZE,-SECURITY kernel=10.0
only a: ANY dir p +
next both b: MOVE file p -> q ?
before has a: CREATE|DELETE synthetic file q *
beside both b: CREATE q
where: not in(p, q); older(b); short(q, p); not root(p); not watched(p, b); later(a); formerly(p, q); adrift(q, a)
reason: so
  it is
source: me
`
	c, err := diff.ParseRules("x", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	told := NewRule(c.Rules[0], text)
	got := strings.Join(append(append(told.Applies, told.Pattern...), told.Where...), "\n")
	want := `one recording was made on linux, with inotify, on kernel 6.8 or later, on a kernel before 7, on the file system ext4, of single directories
the other one was made in Wine, with a filter with SIZE and without SECURITY, on kernel 10.0
only the recording with inotify has: the directory p has any event (ANY), once or more
right after that on its path, both have: the file p is renamed to q (MOVE), perhaps
before that, the recording with inotify has: the file q is created or is deleted (CREATE|DELETE), as a listing found it, any number of times
right before or after that on its path, both have: q is created (CREATE)
p is no name in q
the other one has the older kernel
q looks like a short name of p
p is not the watched directory
p itself is not watched in the other one
the recording with inotify has it later
p is what q was called before directories were renamed
a watched directory above q was lost by the recording with inotify, since it was renamed to where nothing is watched`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
