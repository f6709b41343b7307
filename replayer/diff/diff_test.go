package diff_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// recording reads a text form whose header may be left out, and whose records may lack number and
// time: they are told in order, a millisecond each.
func recording(t testing.TB, text string) diff.Input {
	t.Helper()
	head, body := "fsrec-text 1\n", ""
	n := 0
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "header "):
			head += line + "\n"
		case line[0] >= '0' && line[0] <= '9':
			body += line + "\n"
		default:
			n++
			body += fmt.Sprintf("%d %d.%03d000000 %s\n", n, n/1000, n%1000, line)
		}
	}
	if !strings.Contains(head, "header platform") {
		head += "header platform \"linux\"\nheader backend \"inotify\"\n"
	}
	log, err := event.ReadText(context.Background(), strings.NewReader(head+body))
	if err != nil {
		t.Fatal(err)
	}
	return diff.Input{Name: "recording", Header: log.Header(), Reader: log}
}

func compare(t testing.TB, left, right string, o diff.Options) *diff.Result {
	t.Helper()
	r, err := diff.Compare(t.Context(), recording(t, left), recording(t, right), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// told writes differences a line each: "explained(rule) kind path: left events | right events".
func told(r *diff.Result) string {
	var b strings.Builder
	for _, d := range r.Differences {
		fmt.Fprintf(&b, "%s", d.Verdict)
		if d.Rule != "" {
			fmt.Fprintf(&b, "(%s)", d.Rule)
		}
		fmt.Fprintf(&b, " %s %s:%s |%s\n", d.Kind, d.Path, events(d.Left), events(d.Right))
	}
	return b.String()
}

func events(all []diff.Event) string {
	var b strings.Builder
	for _, e := range all {
		b.WriteByte(' ')
		b.WriteString(strings.ReplaceAll(e.Mask.String(), "IN_", ""))
		if e.Src != "" {
			fmt.Fprintf(&b, " %s ->", e.Src)
		}
		fmt.Fprintf(&b, " %s", e.Path)
		if e.Count > 1 {
			fmt.Fprintf(&b, " x%d", e.Count)
		}
		b.WriteByte(',')
	}
	return strings.TrimSuffix(b.String(), ",")
}

const watched = `watch dir wd=1 mask=IN_ALL_EVENTS path="/w"
watch dir wd=2 mask=IN_ALL_EVENTS path="/w/d"
`

func TestDifferences(t *testing.T) {
	base := watched + `
event wd=1 mask=IN_CREATE name="a"
event wd=1 mask=IN_MODIFY name="a"
event wd=2 mask=IN_CREATE name="x"
event wd=1 mask=IN_CLOSE_WRITE name="a"
event wd=1 mask=IN_MOVED_FROM cookie=7 name="a"
event wd=2 mask=IN_MOVED_TO cookie=7 name="b"
event wd=2 mask=IN_DELETE name="b"
`
	for _, tt := range []struct{ name, from, to, want string }{
		{"nothing", "", "", ""},
		{"dropped", "event wd=1 mask=IN_CLOSE_WRITE name=\"a\"\n", "", "unexplained missing a: CLOSE_WRITE a |\n"},
		{"added", "event wd=2 mask=IN_DELETE", "event wd=2 mask=IN_OPEN name=\"b\"\nevent wd=2 mask=IN_DELETE", "unexplained extra d/b: | OPEN d/b\n"},
		{"replaced", "IN_CLOSE_WRITE", "IN_CLOSE_NOWRITE", "unexplained replaced a: CLOSE_WRITE a | CLOSE_NOWRITE a\n"},
		{"repeated", "event wd=1 mask=IN_MODIFY name=\"a\"\n", "event wd=1 mask=IN_MODIFY name=\"a\"\nevent wd=1 mask=IN_MODIFY name=\"a\"\n", "explained(merged-writes) repeated a: MODIFY a | MODIFY a x2\n"},
		{"renamed to another name", `cookie=7 name="b"`, `cookie=7 name="c"`,
			"unexplained replaced d/b: MOVED_FROM|MOVED_TO a -> d/b | MOVED_FROM|MOVED_TO a -> d/c\n"},
		{"order on a path", "event wd=1 mask=IN_MODIFY name=\"a\"\nevent wd=2 mask=IN_CREATE name=\"x\"\nevent wd=1 mask=IN_CLOSE_WRITE name=\"a\"",
			"event wd=1 mask=IN_CLOSE_WRITE name=\"a\"\nevent wd=2 mask=IN_CREATE name=\"x\"\nevent wd=1 mask=IN_MODIFY name=\"a\"", "unexplained moved a: MODIFY a | MODIFY a\n"},
		{"order of two paths", "event wd=1 mask=IN_MODIFY name=\"a\"\nevent wd=2 mask=IN_CREATE name=\"x\"", "event wd=2 mask=IN_CREATE name=\"x\"\nevent wd=1 mask=IN_MODIFY name=\"a\"", ""},
		{"unpaired", "event wd=2 mask=IN_MOVED_TO cookie=7 name=\"b\"\n", "", "unexplained replaced a: MOVED_FROM|MOVED_TO a -> d/b | MOVED_FROM a\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			other := strings.Replace(base, tt.from, tt.to, 1)
			if tt.from != "" && other == base {
				t.Fatal("nothing was replaced")
			}
			r := compare(t, base, other, diff.Options{})
			if got := told(r); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
			for row := range r.Rows() {
				t.Log(row.Difference, row.Left != nil, row.Right != nil)
			}
		})
	}
}

const f7 = "FILE_NAME|DIR_NAME|ATTRIBUTES|SIZE|LAST_WRITE|CREATION|SECURITY"

func windowsLog(records string) string {
	return `header platform "windows"
header backend "rdcw"
header case_fold true
header roots ["C:\\w"]
header recursive true
watch dir recursive wd=1 mask=IN_ALL_EVENTS filter=` + f7 + ` path="C:\\w"
entry wd=1
` + records
}

func TestEventsOfADirectoryAreOrderedAgainstWhatIsInIt(t *testing.T) {
	inside := watched + `
event wd=2 mask=IN_CREATE name="x"
event wd=2 mask=IN_DELETE name="x"
event wd=1 mask=IN_DELETE|IN_ISDIR name="d"
event wd=1 mask=IN_CREATE name="y"
`
	after := strings.Replace(inside, "event wd=2 mask=IN_DELETE name=\"x\"\nevent wd=1 mask=IN_DELETE|IN_ISDIR name=\"d\"\n",
		"event wd=1 mask=IN_DELETE|IN_ISDIR name=\"d\"\nevent wd=2 mask=IN_DELETE name=\"x\"\n", 1)
	if got, want := told(compare(t, inside, after, diff.Options{})), "unexplained moved d: DELETE d/x | DELETE d/x\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, m := range []diff.Match{diff.Set, diff.Subset} {
		if r := compare(t, inside, after, diff.Options{Match: m}); r.Verdict != diff.Same {
			t.Errorf("%s: %s", m, told(r))
		}
	}
	// One missing event of the directory does not put what is in it in doubt.
	missing := strings.Replace(inside, "event wd=1 mask=IN_DELETE|IN_ISDIR name=\"d\"\n", "", 1)
	if got, want := told(compare(t, missing, inside, diff.Options{})), "unexplained extra d: | DELETE|ISDIR d\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMatches(t *testing.T) {
	a := watched + "event wd=1 mask=IN_CREATE name=\"a\"\nevent wd=1 mask=IN_OPEN name=\"a\"\nevent wd=1 mask=IN_CREATE name=\"b\"\n"
	turned := watched + "event wd=1 mask=IN_OPEN name=\"a\"\nevent wd=1 mask=IN_CREATE name=\"a\"\nevent wd=1 mask=IN_CREATE name=\"b\"\n"
	between := watched + "event wd=1 mask=IN_CREATE name=\"a\"\nevent wd=1 mask=IN_CREATE name=\"b\"\nevent wd=1 mask=IN_OPEN name=\"a\"\n"
	more := a + "event wd=1 mask=IN_ATTRIB name=\"a\"\nevent wd=1 mask=IN_CREATE name=\"c\"\n"
	for _, tt := range []struct {
		name  string
		other string
		same  map[diff.Match]bool
	}{
		{"turned on a path", turned, map[diff.Match]bool{diff.Set: true}},
		{"interleaved", between, map[diff.Match]bool{diff.Set: true, diff.Partial: true, diff.Subset: true}},
		{"more", more, map[diff.Match]bool{diff.Subset: true}},
	} {
		for _, m := range diff.Matches() {
			if r := compare(t, a, tt.other, diff.Options{Match: m}); (r.Verdict == diff.Same) != tt.same[m] {
				t.Errorf("%s, %s: %s\n%s", tt.name, m, r.Verdict, told(r))
			}
		}
	}
	if got, want := told(compare(t, a, between, diff.Options{Match: diff.Exact})), "unexplained moved a: OPEN a | OPEN a\n"; got != want && !strings.Contains(got, "moved b") {
		t.Errorf("got %s, want %s", got, want)
	}
	if r := compare(t, more, a, diff.Options{Match: diff.Subset}); r.Verdict != diff.Unexplained {
		t.Error("more is no subset of less")
	}
}

func TestALossMakesWhatIsMissingUnknown(t *testing.T) {
	whole := watched + `
event wd=1 mask=IN_CREATE name="a"
event wd=1 mask=IN_CREATE name="b"
event wd=1 mask=IN_DELETE name="a"
event wd=1 mask=IN_CREATE name="c"
event wd=1 mask=IN_DELETE name="c"
`
	lossy := watched + `
event wd=1 mask=IN_CREATE name="a"
3 0.003000000 loss cause="kernel" count=-1 since=3000000
4 0.004000000 event wd=-1 mask=IN_Q_OVERFLOW
5 0.005000000 event wd=1 mask=IN_CREATE name="c"
`
	// What is before the loss on its path must have been told, and so must what is after it.
	want := `unknown missing b: CREATE b |
unknown missing a: DELETE a |
unexplained missing c: DELETE c |
`
	r := compare(t, whole, lossy, diff.Options{})
	if got := told(r); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if len(r.Right.Losses) != 1 || r.Counts.Unknown != 2 || r.Counts.Unexplained != 1 {
		t.Errorf("%+v", r)
	}
	for _, d := range append(r.Differences, compare(t, lossy, whole, diff.Options{}).Differences...) {
		want := [2]uint64{}
		if d.Verdict == diff.Unknown {
			want[map[diff.Kind]int{diff.Extra: 0, diff.Missing: 1}[d.Kind]] = 3
		}
		if got := [2]uint64{d.LeftLoss, d.RightLoss}; got != want {
			t.Errorf("%s %s %s: can be lost by %d, want %d", d.Verdict, d.Kind, d.Path, got, want)
		}
	}
}

// An IN_Q_OVERFLOW and the record that tells more of it are one loss, whichever comes first.
func TestALossIsToldOnce(t *testing.T) {
	loss, overflow := "loss cause=\"kernel\" count=-1 since=2", "event wd=-1 mask=IN_Q_OVERFLOW"
	for text, want := range map[string]string{
		loss:                                     "[2]",
		overflow:                                 "[2]",
		loss + "\n" + overflow:                   "[2]",
		overflow + "\n" + loss:                   "[3]",
		overflow + "\n" + loss + "\n" + overflow: "[3 4]",
		loss + "\nloss cause=\"queue\" count=3 since=3":              "[2 3]",
		overflow + "\nevent wd=1 mask=IN_CREATE name=\"a\"\n" + loss: "[2 4]",
	} {
		var got []uint64
		for _, l := range compare(t, watch1+text, watch1, diff.Options{}).Left.Losses {
			got = append(got, l.Seq)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("losses %d of\n%s\nwant %s", got, text, want)
		}
	}
}

const watch1 = "watch dir wd=1 mask=IN_ALL_EVENTS path=\"/w\"\n"

func TestOperationsAreAligned(t *testing.T) {
	left := watched + `
mark text="op: touch a"
event wd=1 mask=IN_CREATE name="a"
mark text="op: echo > a"
event wd=1 mask=IN_MODIFY name="a"
mark text="op: touch again"
event wd=1 mask=IN_ATTRIB name="a"
`
	right := watched + `
mark text="op: touch a"
event wd=1 mask=IN_CREATE name="a"
event wd=1 mask=IN_MODIFY name="a"
mark text="op: echo > a"
mark text="op: another"
event wd=1 mask=IN_OPEN name="a"
mark text="op: touch again"
event wd=1 mask=IN_ATTRIB name="a"
`
	r := compare(t, left, right, diff.Options{})
	want := "unexplained moved a: MODIFY a | MODIFY a\nunexplained extra a: | OPEN a\n"
	if got := told(r); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if r.Differences[0].Operation != "echo > a" || r.Differences[1].Operation != "another" {
		t.Errorf("%+v", r.Differences)
	}
	off := compare(t, left, right, diff.Options{Steps: map[diff.Step]bool{diff.StepOperations: false}})
	if got, want := told(off), "unexplained extra a: | OPEN a\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWhatIsSetAsideIsCounted(t *testing.T) {
	left := watched + `
event wd=1 mask=IN_CREATE name="a"
event wd=1 mask=IN_OPEN name="a"
event wd=1 mask=IN_CLOSE_WRITE name="a"
event own wd=1 mask=IN_OPEN|IN_ISDIR
event wd=2 mask=IN_DELETE_SELF
event wd=2 mask=IN_IGNORED
event wd=1 mask=IN_DELETE|IN_ISDIR name="d"
`
	right := windowsLog(`entry wd=1 mode=040755 name="d"
change wd=1 action=ADDED attributes=0x20 name="A"
change wd=1 action=REMOVED attributes=0x10 name="d"
`)
	r := compare(t, left, right, diff.Options{Steps: map[diff.Step]bool{diff.StepFold: true}})
	if r.Verdict != diff.Same {
		t.Error(told(r))
	}
	var got []string
	for _, a := range r.Left.Aside {
		got = append(got, fmt.Sprint(a.Step, " ", a.Mask, " ", a.Count))
	}
	want := "bookkeeping IN_IGNORED 1, masks IN_CLOSE_WRITE 1, masks IN_OPEN 1, own IN_OPEN|IN_ISDIR 1, self IN_DELETE_SELF 1"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, ", "), want)
	}
	if r := compare(t, left, right, diff.Options{}); r.Verdict != diff.Unexplained {
		t.Error("the stricter rule about case is not kept")
	}
}

func TestRootsThatDoNotBelongTogether(t *testing.T) {
	one := "watch dir wd=1 mask=IN_ALL_EVENTS path=\"/a\"\nevent wd=1 mask=IN_CREATE name=\"x\"\n"
	for _, tt := range []struct {
		name, other, want string
		o                 diff.Options
	}{
		{"another name, the same files", strings.Replace(one, "/a", "/b", 1), "", diff.Options{}},
		{"another name, other files", strings.NewReplacer("/a", "/b", "\"x\"", "\"y\"").Replace(one), "unrelated roots", diff.Options{}},
		{"paired by hand", strings.NewReplacer("/a", "/b", "\"x\"", "\"y\"").Replace(one), "", diff.Options{Roots: map[string]string{"/a": "/b"}}},
		{"paired with what there is not", one, "cannot pair root", diff.Options{Roots: map[string]string{"/a": "/c"}}},
		{"two for one", strings.Replace(one, "/a", "/b", 1) + "watch dir wd=2 mask=IN_ALL_EVENTS path=\"/c\"\n", "unrelated roots", diff.Options{}},
	} {
		_, err := diff.Compare(t.Context(), recording(t, one), recording(t, tt.other), tt.o)
		var roots *event.RootsError
		if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &roots) || !strings.HasPrefix(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestSeveralRoots(t *testing.T) {
	left := `watch dir wd=1 mask=IN_ALL_EVENTS path="/l/one"
watch dir wd=2 mask=IN_ALL_EVENTS path="/l/two"
event wd=1 mask=IN_MOVED_FROM cookie=1 name="a"
event wd=1 mask=IN_MOVED_TO cookie=1 name="b"
event wd=2 mask=IN_MOVED_FROM cookie=2 name="a"
event wd=2 mask=IN_MOVED_TO cookie=2 name="b"
`
	same := strings.NewReplacer("/l/", "/r/", "wd=1", "wd=2", "wd=2", "wd=1").Replace(left)
	if r := compare(t, left, same, diff.Options{}); r.Verdict != diff.Same {
		t.Error(told(r))
	}
	crossed := strings.NewReplacer(`wd=1 mask=IN_MOVED_TO cookie=1`, `wd=2 mask=IN_MOVED_TO cookie=1`, `wd=2 mask=IN_MOVED_TO cookie=2`, `wd=1 mask=IN_MOVED_TO cookie=2`).Replace(left)
	if r := compare(t, left, crossed, diff.Options{}); r.Verdict != diff.Unexplained {
		t.Error("moves to the other root are not found")
	}
}

// failing is a recording that cannot be read to its end.
type failing struct{ n int }

var errBroken = errors.New("broken")

func (f *failing) Read(context.Context, []event.Record) ([]event.Record, error) {
	if f.n++; f.n == 1 {
		return []event.Record{{Seq: 1, Kind: event.KindMark}}, nil
	}
	return nil, errBroken
}

func TestARecordingThatCannotBeRead(t *testing.T) {
	_, err := diff.Compare(t.Context(), recording(t, watched), diff.Input{Name: "bad.db", Reader: &failing{}}, diff.Options{})
	var in *diff.InputError
	if !errors.As(err, &in) || in.Name != "bad.db" || !errors.Is(err, errBroken) {
		t.Error(err)
	}
}

func TestOptionsThatThereAreNot(t *testing.T) {
	for _, o := range []diff.Options{{Match: "most"}, {Steps: map[diff.Step]bool{"all": true}}} {
		if _, err := diff.Compare(t.Context(), recording(t, watched), recording(t, watched), o); err == nil {
			t.Error("taken")
		}
	}
}

// A comparison of whatever parses ends, without a panic, and its rows tell every difference.
func FuzzCompare(f *testing.F) {
	f.Add(watched+"event wd=1 mask=IN_CREATE name=\"a\"\n", watched+"event wd=2 mask=IN_CREATE name=\"a\"\n", false)
	f.Add("watch dir wd=1 filter=FILE_NAME mask=IN_ALL_EVENTS path=\"C:\\\\w\"\nchange wd=1 action=ADDED name=\"a\\\\b\"\n", watched+"event wd=1 mask=IN_MOVED_FROM cookie=1 name=\"a\"\nevent wd=1 mask=IN_MOVED_TO cookie=1 name=\"a\"\n", true)
	f.Fuzz(func(t *testing.T, left, right string, windows bool) {
		for _, m := range diff.Matches() {
			r, err := diff.Compare(t.Context(), hostile(left, false), hostile(right, windows), diff.Options{Match: m, Roots: map[string]string{}})
			if err != nil {
				continue
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
			seen := make(map[int]bool)
			for row := range r.Rows() {
				seen[row.Difference] = true
			}
			for n, d := range r.Differences {
				if !seen[n] {
					t.Errorf("%s: no row tells %+v", m, d)
				}
			}
		}
	})
}

// hostile reads the lines that parse.
func hostile(text string, windows bool) diff.Input {
	h := event.Header{Platform: event.Linux, Backend: "inotify"}
	if windows {
		h = event.Header{Platform: event.Windows, Backend: "rdcw", CaseFold: true}
	}
	var all []event.Record
	for line := range strings.SplitSeq(text, "\n") {
		if r, err := event.ParseText(fmt.Sprintf("%d 0 %s", len(all)+1, line)); err == nil {
			all = append(all, r)
		}
	}
	return diff.Input{Header: h, Reader: event.NewMemoryLog(h, all)}
}
