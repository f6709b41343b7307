package model_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"fsrec/replayer/model"
	"fsrec/watcher/event"
)

// parse reads a text form without its header; records without a number are told in order.
func parse(t testing.TB, header, text string) (event.Header, *event.MemoryLog) {
	t.Helper()
	if header == "" {
		header = "header platform \"linux\"\nheader backend \"inotify\""
	}
	body := ""
	n := 0
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.TrimSpace(line)
		if line != "" && (line[0] < '0' || line[0] > '9') {
			n++
			line = fmt.Sprintf("%d %d.%03d000000 %s", n, n/1000, n%1000, line)
		}
		body += line + "\n"
	}
	log, err := event.ReadText(t.Context(), strings.NewReader("fsrec-text 1\n"+header+"\n"+body))
	if err != nil {
		t.Fatal(err)
	}
	return log.Header(), log
}

func read(t testing.TB, header, text string) *model.Model {
	t.Helper()
	h, log := parse(t, header, text)
	m, err := model.Read(t.Context(), h, log)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func entries(m *model.Model, root string) string {
	var b strings.Builder
	for e := range m.Entries(root) {
		fmt.Fprintf(&b, " %s", e.Path)
		if e.Dir {
			b.WriteByte('/')
		}
		if e.Uncertain {
			b.WriteByte('?')
		}
	}
	return strings.TrimSpace(b.String())
}

const snapshot = "header platform \"linux\"\nheader backend \"inotify\"\nheader snapshot true"

const windows = "header platform \"windows\"\nheader backend \"rdcw\"\nheader case_fold true\nheader snapshot true"

const watched = `watch dir wd=1 mask=IN_ALL_EVENTS path="/w"
entry wd=1 mode=040755 name="d"
entry wd=1 mode=0100644 name="f"
watch dir wd=2 mask=IN_ALL_EVENTS path="/w/d"
entry wd=2 mode=0100644 name="x"
`

func TestTheTreeAtTheEnd(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"as it was", "", "d/ d/x f"},
		{"created", `event wd=1 mask=IN_CREATE name="g"`, "d/ d/x f g"},
		{"deleted", `event wd=1 mask=IN_DELETE name="f"`, "d/ d/x"},
		{"renamed", "event wd=1 mask=IN_MOVED_FROM cookie=1 name=\"f\"\nevent wd=2 mask=IN_MOVED_TO cookie=1 name=\"y\"", "d/ d/x d/y"},
		{"renamed over", "event wd=1 mask=IN_MOVED_FROM cookie=1 name=\"f\"\nevent wd=2 mask=IN_MOVED_TO cookie=1 name=\"x\"", "d/ d/x"},
		{"a directory renamed", "event wd=1 mask=IN_MOVED_FROM|IN_ISDIR cookie=1 name=\"d\"\nevent wd=1 mask=IN_MOVED_TO|IN_ISDIR cookie=1 name=\"e\"\nmove src=\"/w/d\" path=\"/w/e\"\nevent wd=2 mask=IN_CREATE name=\"z\"", "e/ e/x e/z f"},
		{"moved out", `event wd=1 mask=IN_MOVED_FROM|IN_ISDIR cookie=1 name="d"`, "f"},
		{"lost", "loss cause=\"kernel\" count=-1 since=3\nevent wd=1 mask=IN_MODIFY name=\"f\"", "d/? d/x? f"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := entries(read(t, snapshot, watched+tt.text), "/w"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func findings(m *model.Model) string {
	var all []string
	for _, f := range m.Findings {
		doubt := ""
		if !f.Certain {
			doubt = "?"
		}
		all = append(all, fmt.Sprintf("%s%s %s", f.Kind, doubt, f.Path))
	}
	return strings.Join(all, ", ")
}

func TestImpossibleRecords(t *testing.T) {
	for _, tt := range []struct{ name, header, text, want string }{
		{"nothing", snapshot, `event wd=1 mask=IN_CREATE name="g"`, ""},
		{"a deletion of what never was", snapshot, `event wd=1 mask=IN_DELETE name="g"`, "never-was /w/g"},
		{"a write to what never was", snapshot, `event wd=1 mask=IN_MODIFY name="g"`, "never-was /w/g"},
		{"without a snapshot it may have been there", "", "watch dir wd=3 mask=IN_ALL_EVENTS path=\"/w/e\"\nevent wd=3 mask=IN_DELETE name=\"g\"", ""},
		{"a second deletion", "", "event wd=1 mask=IN_DELETE name=\"g\"\nevent wd=1 mask=IN_CREATE name=\"g\"\nevent wd=1 mask=IN_DELETE name=\"g\"\nevent wd=1 mask=IN_DELETE name=\"g\"", "never-was /w/g"},
		{"after a loss it is not certain", snapshot, "event wd=1 mask=IN_DELETE name=\"f\"\nloss cause=\"kernel\" count=-1\nevent wd=1 mask=IN_DELETE name=\"f\"", "never-was? /w/f"},
		{"a second creation", snapshot, `event wd=1 mask=IN_CREATE name="f"`, "created-twice /w/f"},
		{"a late close is possible", snapshot, "event wd=1 mask=IN_DELETE name=\"f\"\nevent wd=1 mask=IN_CLOSE_WRITE name=\"f\"", ""},
		{"a full directory", snapshot, `event wd=1 mask=IN_DELETE|IN_ISDIR name="d"`, "not-empty /w/d"},
		{"a directory called a file", snapshot, `event wd=1 mask=IN_OPEN name="d"`, "not-a-dir /w/d"},
		{"an unknown watch", snapshot, `event wd=9 mask=IN_CREATE name="f"`, "unwatched f"},
		{"after the watch", snapshot, "unwatch wd=2 cause=\"removed\" path=\"/w/d\"\nevent wd=2 mask=IN_CREATE name=\"g\"", "unwatched g"},
		{"a lone first half", snapshot, `event wd=1 mask=IN_MOVED_FROM cookie=1 name="f"`, "unpaired-move? /w/f"},
		{"a lone second half", snapshot, `event wd=1 mask=IN_MOVED_TO cookie=1 name="g"`, "unpaired-move? /w/g"},
		{"a gap", snapshot, `99 1.000000000 event wd=1 mask=IN_CREATE name="g"`, "gap "},
		{"a watch that gets a path too long", snapshot, `move src="/w/d" path="/w` + strings.Repeat("/e", 5000) + `"`, "too-long? /w" + strings.Repeat("/e", 5000)},
		{"a watch of a path too long", snapshot, `watch dir wd=3 mask=IN_ALL_EVENTS path="/w/` + strings.Repeat("d", 9000) + `"`, "too-long? /w/" + strings.Repeat("d", 9000)},
		{"what watches tell of a rename alone", snapshot, "move src=\"/w/d\" path=\"/w/e\"\nevent wd=1 mask=IN_OPEN|IN_ISDIR name=\"e\"\nevent wd=2 mask=IN_CREATE name=\"g\"\nevent wd=2 mask=IN_CREATE name=\"g\"", "created-twice /w/e/g"},
		{"back in time", snapshot, `6 0.000000001 event wd=1 mask=IN_CREATE name="g"`, "back-in-time "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := read(t, tt.header, watched+tt.text)
			if got := findings(m); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if _, err := json.Marshal(m.Findings); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestATreeOfWindows(t *testing.T) {
	m := read(t, windows, `watch dir recursive wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME path="C:\\w"
entry wd=1
entry wd=1 mode=040755 name="Dir"
entry wd=1 mode=0100644 name="Dir\\File"
change wd=1 action=RENAMED_OLD_NAME name="dir\\file"
change wd=1 action=RENAMED_NEW_NAME attributes=0x20 name="dir\\Other"
change wd=1 action=REMOVED name="dir\\never"
idle`)
	if got, want := entries(m, `C:\w`), "Dir/ Dir/Other"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := findings(m), `never-was C:\w\dir\never`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What was gone before anybody could look at it can have been a directory.
func TestWhatIsNotKnownToBeAFileHoldsNames(t *testing.T) {
	const root = `watch dir recursive wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME path="C:\\w"
entry wd=1
`
	m := read(t, windows, root+`change wd=1 action=ADDED name="a"
change wd=1 action=ADDED name="a\\b"
change wd=1 action=RENAMED_OLD_NAME name="a\\b"
change wd=1 action=RENAMED_NEW_NAME name="a\\c"
change wd=1 action=ADDED name="a\\c\\f"
change wd=1 action=ADDED name="x"`)
	if got, want := entries(m, `C:\w`), "a/ a/c/ a/c/f x"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := findings(m); got != "" {
		t.Errorf("found %s", got)
	}
	changes, err := m.CompareFS("", fstest.MapFS{"a/c/f": {}, "x/y": {}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(changes), `["x/y": nothing on the left, a file on the right (not certain)]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}

	m = read(t, windows, root+`change wd=1 action=ADDED name="f"
change inferred wd=1 action=MODIFIED attributes=0x20 name="f"
change wd=1 action=ADDED name="f\\g"`)
	if got, want := findings(m), `not-a-dir C:\w\f\g`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestALossIsCountedOnce(t *testing.T) {
	loss, overflow, other := `loss cause="kernel" count=-1 since=0`, `event wd=-1 mask=IN_Q_OVERFLOW`, `event wd=1 mask=IN_CREATE name="g"`
	for text, want := range map[string]int{
		loss:                                     1,
		overflow:                                 1,
		loss + "\n" + overflow:                   1,
		loss + "\n" + other + "\n" + overflow:    2,
		loss + "\n" + overflow + "\n" + overflow: 2,
		`loss cause="queue" count=3 since=0` + "\n" + overflow: 2,
	} {
		if got := read(t, snapshot, watched+text).Losses; got != want {
			t.Errorf("%d losses in %q, want %d", got, text, want)
		}
	}
}

func TestTwoTrees(t *testing.T) {
	left := read(t, snapshot, watched+`event wd=1 mask=IN_CREATE name="g"`)
	right := read(t, windows, `watch dir recursive wd=1 mask=IN_ALL_EVENTS filter=FILE_NAME|DIR_NAME path="C:\\w"
entry wd=1
entry wd=1 mode=040755 name="d"
entry wd=1 mode=0100644 name="d\\x"
entry wd=1 mode=040755 name="f"`)
	changes, err := model.Compare(left, right, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(changes), `["f": a file on the left, a dir on the right "g": a file on the left, nothing on the right]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	other := read(t, snapshot, "watch dir wd=1 mask=IN_ALL_EVENTS path=\"/a\"\nwatch dir wd=2 mask=IN_ALL_EVENTS path=\"/b\"")
	two := read(t, snapshot, "watch dir wd=1 mask=IN_ALL_EVENTS path=\"/c\"\nwatch dir wd=2 mask=IN_ALL_EVENTS path=\"/e\"")
	var roots *event.RootsError
	if _, err := model.Compare(other, two, nil); !errors.As(err, &roots) {
		t.Error(err)
	}
}

func TestRootsOfTreesArePairedAsThoseOfEvents(t *testing.T) {
	tree := func(lines ...string) *model.Model { return read(t, snapshot, strings.Join(lines, "\n")) }
	watch := func(wd int, path string) string {
		return fmt.Sprintf("watch dir wd=%d mask=IN_ALL_EVENTS path=%q", wd, path)
	}
	create := func(wd int, name string) string { return fmt.Sprintf("event wd=%d mask=IN_CREATE name=%q", wd, name) }
	for _, tt := range []struct {
		name, want  string
		left, right *model.Model
		roots       map[string]string
	}{
		{"given", "[]", tree(watch(1, "/a"), watch(2, "/b"), create(1, "f"), create(2, "g")),
			tree(watch(1, "/c"), watch(2, "/d"), create(1, "g"), create(2, "f")), map[string]string{"/a": "/d", "/b": "/c"}},
		{"given, and there is none", `cannot pair root "/a" with "/x"`, tree(watch(1, "/a")), tree(watch(1, "/b")), map[string]string{"/a": "/x"}},
		{"other names of the same things", "[]", tree(watch(1, "/a"), create(1, "f")), tree(watch(1, "/b"), create(1, "f")), nil},
		{"other names of other things", "unrelated roots: no path below", tree(watch(1, "/a"), create(1, "f")), tree(watch(1, "/b"), create(1, "g")), nil},
		{"the same, given", `["f": a file on the left, nothing on the right "g": nothing on the left, a file on the right]`,
			tree(watch(1, "/a"), create(1, "f")), tree(watch(1, "/b"), create(1, "g")), map[string]string{"/a": "/b"}},
		{"the same name of other things", `["f": a file on the left, nothing on the right "g": nothing on the left, a file on the right]`,
			tree(watch(1, "/a"), create(1, "f")), tree(watch(1, "/x/a"), create(1, "g")), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changes, err := model.Compare(tt.left, tt.right, tt.roots)
			got := fmt.Sprint(changes)
			if err != nil {
				got = fmt.Sprintf("%.*s", len(tt.want), err)
			}
			if got != tt.want {
				t.Errorf("got %s (%v)\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestARealDirectory(t *testing.T) {
	real := fstest.MapFS{"d/x": {}, "f": {}, "new": {}}
	m := read(t, snapshot, watched+`event wd=1 mask=IN_CREATE name="g"`)
	changes, err := m.CompareFS("", real)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(changes), `["g": a file on the left, nothing on the right "new": nothing on the left, a file on the right]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(watched + `event wd=1 mask=IN_CREATE name="g"`)
	f.Add("watch dir wd=1 filter=FILE_NAME mask=IN_ALL_EVENTS path=\"\"\nchange wd=1 action=ADDED name=\"a\\\\a\"\nevent wd=1 mask=IN_MOVED_FROM cookie=1 name=\"a\"\nevent wd=1 mask=IN_MOVED_TO cookie=1 name=\"a/b\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, header := range []string{snapshot, windows} {
			body := ""
			n := 0
			for line := range strings.SplitSeq(text, "\n") {
				n++
				if r, err := event.ParseText(fmt.Sprintf("%d 0 %s", n, line)); err == nil {
					body += string(event.AppendText(nil, &r)) + "\n"
				}
			}
			m := read(t, header, body)
			for _, root := range m.Roots() {
				entries(m, root)
			}
			if _, err := m.CompareFS("/w", fstest.MapFS{"a/b": {}}); err != nil {
				t.Error(err)
			}
			if _, err := model.Compare(m, m, nil); err != nil {
				t.Error(err)
			}
		}
	})
}

// What was recorded, and what the cited sources say, is possible.
func TestNoTraceIsImpossible(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "traces", "*", "*.txt"))
	if err != nil || len(files) < 200 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := event.NewTextReader(f)
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Read(t.Context(), r.Header(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range m.Findings {
			if found.Certain {
				t.Errorf("%s: record %d: %s", file, found.Seq, found.Text)
			}
		}
		_ = f.Close()
	}
}
