package comparison

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// hostile are names that a file can have and that would do harm where they are not escaped.
var hostile = []string{
	"</script><script>document.title='owned'</script>", "<!--<script>", `"><img src=x onerror="document.title='owned'">`,
	"'`;document.title='owned'//", "{{.Policy}}", "new\nline", "esc\x1b[31mred", "\xff\xfe", "bidi\u202etxt", "\u2028", "&lt;b&gt;", "ä漢",
}

// recording is a text of events in one directory: MASK NAME, or a line of the text form after its time.
func recording(t testing.TB, root string, lines ...string) diff.Input {
	t.Helper()
	text := "fsrec-text 1\nheader platform \"linux\"\nheader backend \"inotify\"\nheader kernel \"6.8</script><b>\"\n"
	text += fmt.Sprintf("1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS path=%s\n", quoted(root))
	for i, line := range lines {
		mask, name, ok := strings.Cut(line, " ")
		if !ok || mask != strings.ToUpper(mask) {
			text += fmt.Sprintf("%d %d.0 %s\n", i+2, i, line)
			continue
		}
		text += fmt.Sprintf("%d %d.0 event wd=1 mask=IN_%s name=%s\n", i+2, i, mask, quoted(name))
	}
	r, err := event.NewTextReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return diff.Input{Name: "log of " + root, Header: r.Header(), Reader: r}
}

// quoted is a string of the text form.
func quoted(s string) string {
	b := []byte{'"'}
	for i := 0; i < len(s); i++ {
		b = fmt.Appendf(b, `\x%02x`, s[i])
	}
	return string(append(b, '"'))
}

func compared(t testing.TB, left, right diff.Input, o diff.Options) *Comparison {
	t.Helper()
	r, err := diff.Compare(t.Context(), left, right, o)
	if err != nil {
		t.Fatal(err)
	}
	return &Comparison{Result: r, Headers: [2]event.Header{left.Header, right.Header}, Steps: o.Steps}
}

// harmful is a comparison in which every text of a recording is hostile.
func harmful(t testing.TB) *Comparison {
	var left, right []string
	for _, name := range hostile {
		left = append(left, "mark text="+quoted("op: "+name), "CREATE "+name, "DELETE "+name)
		right = append(right, "mark text="+quoted("op: "+name), "CREATE "+name, "ATTRIB "+name)
	}
	rules, err := diff.ParseRules("rules", strings.NewReader("rule harm\nonly a: ATTRIB p\nreason: </script><script>document.title='owned'</script>\nsource: <b>\n"))
	if err != nil {
		t.Fatal(err)
	}
	return compared(t, recording(t, "/d/"+hostile[0], left...), recording(t, "/e/"+hostile[2], right...), diff.Options{Rules: rules})
}

func written(t testing.TB, format string, c *Comparison, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, c, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestNothingThatIsPrintedDrivesATerminal(t *testing.T) {
	for _, format := range Formats() {
		for _, colour := range []bool{false, true} {
			text := written(t, format, harmful(t), Options{Width: 100, Context: 3, All: true, Colour: colour})
			for c := range strings.SplitSeq("0m 1m 2m 31m 32m 33m 34m 35m", " ") {
				text = strings.ReplaceAll(text, "\x1b["+c, "")
			}
			if i := strings.IndexFunc(text, func(r rune) bool {
				return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u2028' || r == 0xfffd && format != "json"
			}); i >= 0 {
				t.Errorf("%s: %q", format, text[i:min(i+60, len(text))])
			}
		}
	}
}

func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	long := strings.Repeat("directory/", 30)
	c := compared(t, recording(t, "/"+long, "CREATE "+strings.Repeat("x", 200), "CREATE a", "mark text="+quoted("op: "+long)),
		recording(t, "/"+long, "CREATE a", "CREATE "+strings.Repeat("漢", 80), "DELETE a",
			`loss cause="kernel" count=-1 since=0`), diff.Options{Steps: map[diff.Step]bool{diff.StepFold: true, diff.StepMasks: false, diff.StepSelf: false, diff.StepOwn: false, diff.StepUnseen: false}})
	for _, width := range []int{60, 80, 81, 120, 200} {
		for line := range strings.Lines(written(t, "side", c, Options{Width: width, Context: 3})) {
			line = strings.TrimSuffix(line, "\n")
			if term.Width(line) > width {
				t.Errorf("%d columns for %d: %s", term.Width(line), width, line)
			}
		}
	}
}

// Colours change nothing but colours, and on paper there is nothing but ASCII.
func TestTextWithoutATerminalIsPlain(t *testing.T) {
	c := compared(t, recording(t, "/d", "CREATE a", "CREATE "+strings.Repeat("b", 90)), recording(t, "/d", "CREATE a"), diff.Options{})
	plain := written(t, "side", c, Options{Width: 80, Context: 3})
	if strings.ContainsFunc(plain, func(r rune) bool { return r > '~' || r < ' ' && r != '\n' }) {
		t.Errorf("%q", plain)
	}
	coloured := written(t, "side", c, Options{Width: 80, Context: 3, Colour: true})
	for c := range strings.SplitSeq("0m 1m 2m 31m 32m 33m 34m 35m", " ") {
		coloured = strings.ReplaceAll(coloured, "\x1b["+c, "")
	}
	for i, line := range strings.Split(coloured, "\n") {
		if want := strings.Split(plain, "\n")[i]; strings.TrimRight(line, " ") != want {
			t.Errorf("line %d is %q in colour, %q without", i, line, want)
		}
	}
}

func TestJSONHoldsTheWholeResult(t *testing.T) {
	for _, c := range []*Comparison{
		harmful(t),
		compared(t, recording(t, "/d", "CREATE a"), recording(t, "/d", "CREATE a"), diff.Options{}),
	} {
		var got, want any
		if err := json.Unmarshal([]byte(written(t, "json", c, Options{})), &got); err != nil {
			t.Fatal(err)
		}
		whole, err := json.Marshal(c.Result)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(whole, &want); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v\nwant\n%v", got, want)
		}
	}
}

// However far apart differences are, each row is shown once and with what is around it.
func TestHunksShowEveryDifferenceOnce(t *testing.T) {
	for context := range 5 {
		for distance := 1; distance < 15; distance++ {
			var left, right []string
			for i := range 60 {
				name := fmt.Sprintf("CREATE %d", i)
				left = append(left, name)
				if i%distance != 0 {
					right = append(right, name)
				}
			}
			c := compared(t, recording(t, "/d", left...), recording(t, "/d", append(right, "CREATE x")...), diff.Options{})
			checkHunks(t, c.Result, context)
		}
	}
}

func checkHunks(t *testing.T, r *diff.Result, context int) {
	t.Helper()
	last, differing := -1, 0
	rows := 0
	for range r.Rows() {
		rows++
	}
	for h := range hunks(r, context, func(*diff.Difference) bool { return true }) {
		for i := range h.rows {
			if e := h.rows[i].event(0); e != nil {
				if int(e.Seq) <= last {
					t.Fatalf("context %d: record %d again", context, e.Seq)
				}
				last = int(e.Seq)
			}
			if h.rows[i].difference >= 0 {
				differing++
			}
		}
		if before := leading(h.rows); before > context {
			t.Fatalf("context %d: %d rows before the first difference", context, before)
		}
	}
	if differing != len(r.Differences) {
		t.Errorf("context %d: %d differences shown of %d in %d rows", context, differing, len(r.Differences), rows)
	}
}

// Whatever is shown around it, a difference stands under the operation that it belongs to.
func TestHunksTellTheOperation(t *testing.T) {
	for context := range 5 {
		var left, right []string
		for i := range 90 {
			if i%7 == 3 {
				mark := fmt.Sprintf("mark text=%q", fmt.Sprint("op: ", i))
				left, right = append(left, mark), append(right, mark)
			}
			left = append(left, fmt.Sprintf("CREATE %d", i))
			if i%5 != 0 {
				right = append(right, left[len(left)-1])
			}
		}
		r := compared(t, recording(t, "/d", left...), recording(t, "/d", right...), diff.Options{}).Result
		differing := 0
		for h := range hunks(r, context, func(*diff.Difference) bool { return true }) {
			operation := ""
			for i := range h.rows {
				if h.rows[i].isOperation() {
					operation = h.rows[i].operation
				} else if n := h.rows[i].difference; n >= 0 {
					differing++
					if want := string(r.Differences[n].Operation); operation != want {
						t.Errorf("context %d: under %q: want %q", context, operation, want)
					}
				}
			}
		}
		if differing != 18 {
			t.Errorf("context %d: %d differences", context, differing)
		}
	}
}

func leading(rows []row) int {
	for i := range rows {
		if rows[i].difference >= 0 {
			return i
		}
	}
	return len(rows)
}

// full stands for a disk without space.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAnErrorOfTheOutputIsTold(t *testing.T) {
	c := harmful(t)
	for _, format := range Formats() {
		if err := Write(full{}, format, c, Options{Width: 80}); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", format, err)
		}
	}
	if err := WritePage(full{}, c); !errors.Is(err, errFull) {
		t.Errorf("page: %v", err)
	}
}
