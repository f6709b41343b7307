package diff_test

import (
	"context"
	"encoding/json"
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
	r, err := event.NewTextReader(strings.NewReader(head + body))
	if err != nil {
		t.Fatal(err)
	}
	log, err := event.ReadAll(context.Background(), r.Header(), r)
	if err != nil {
		t.Fatal(err)
	}
	return diff.Input{Name: "recording", Header: r.Header(), Reader: log}
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
