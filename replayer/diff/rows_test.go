package diff_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// checkRows reports where rows do not tell each event of both sides once, with its difference and, where both sides
// are operated, under the operation of that.
func checkRows(t testing.TB, name string, r *diff.Result, operated bool) {
	t.Helper()
	of := make(map[string][]int) // the differences of an event
	for n := range r.Differences {
		for i, list := range [2][]diff.Event{r.Differences[n].Left, r.Differences[n].Right} {
			for k := range list {
				key := eventKey(i, &list[k])
				of[key] = append(of[key], n)
			}
		}
	}
	operation := ""
	var told [2]int64
	seen := make(map[string]bool)
	for row := range r.Rows() {
		if row.Left == nil && row.Right == nil {
			operation = row.Operation
			continue
		}
		torn := r.Match == diff.Subset || row.Left != nil && row.Right != nil && row.Left.From > 0 // the halves of a rename can stand against those of two
		if row.Difference >= 0 {
			d := &r.Differences[row.Difference]
			elsewhere := d.Kind == diff.Moved && row.Left == nil // it happened in another operation there
			if operated && !torn && d.Operation != diff.Text(operation) && !elsewhere {
				t.Errorf("%s: under %q a row of %+v", name, operation, *d)
			}
		}
		for i, e := range []*diff.Event{row.Left, row.Right} {
			if e == nil {
				continue
			}
			told[i]++
			key := eventKey(i, e)
			if seen[key] {
				t.Errorf("%s: %s is told twice", name, key)
			}
			seen[key] = true
			if is := row.Difference >= 0; (is != (len(of[key]) > 0) || is && !slices.Contains(of[key], row.Difference)) && !torn {
				t.Errorf("%s: %s is told as of difference %d, and is of %d", name, key, row.Difference, of[key])
			}
		}
	}
	if told != [2]int64{r.Left.Events, r.Right.Events} && r.Match != diff.Subset {
		t.Errorf("%s: the rows tell %d events of %d and %d", name, told, r.Left.Events, r.Right.Events)
	}
}

func eventKey(side int, e *diff.Event) string {
	return fmt.Sprintf("%d: %d %d %s %s %s", side, e.From, e.Seq, e.Mask, e.Src, e.Path)
}

// Each row stands under the operation of its difference, whether the recordings are of the same operations or of others.
func TestRowsStandUnderTheOperationOfTheirDifference(t *testing.T) {
	names := namesOf(t, "linux", ".txt")
	for n, name := range names {
		next := names[(n+1)%len(names)]
		for _, pair := range [][2]string{
			{recordingOf("linux", name), recordingOf("wine", name)}, {recordingOf("wine", name), recordingOf("linux", name)},
			{recordingOf("linux", name), recordingOf("linux", next)}, {recordingOf("linux", next), recordingOf("wine", name)},
		} {
			for _, m := range []diff.Match{diff.Partial, diff.Matches()[n%len(diff.Matches())]} {
				r, err := diff.Compare(t.Context(), recording(t, trace(t, pair[0])), recording(t, trace(t, pair[1])), diff.Options{Match: m})
				if unrelated := new(event.RootsError); errors.As(err, &unrelated) {
					continue
				} else if err != nil {
					t.Fatal(pair, err)
				}
				checkRows(t, fmt.Sprint(pair, " ", m), r, true)
			}
		}
	}
}

// The same of what never was recorded: events that are missing, doubled, moved or renamed, in another order, during other operations.
func TestRowsOfMutationsStandUnderTheOperationOfTheirDifference(t *testing.T) {
	for seed := range uint64(150) {
		w := newWorld(seed)
		for range 20 + w.random.IntN(60) {
			w.act()
		}
		left, right := flat(w.steps), flat(reorder(w.steps, w.random))
		for range 1 + w.random.IntN(6) {
			if all := changed(slices.Clone(right), w.random); followable(all) {
				right = all
			}
		}
		for of := range 4 {
			l, r := number(slices.Clone(left)), number(slices.Clone(right))
			if of&1 == 0 {
				l = operated(l, w.random)
			}
			if of&2 == 0 {
				r = operated(r, w.random)
			}
			for _, m := range diff.Matches() {
				checkRows(t, fmt.Sprintf("seed %d, %s, %d", seed, m, of), compareRecords(t, l, r, diff.Options{Match: m}), of == 0)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// changed leaves out, doubles, moves or renames one of the records.
func changed(records []event.Record, random *rand.Rand) []event.Record {
	i := random.IntN(len(records))
	one := records[i]
	if one.Kind != event.KindEvent {
		return records
	}
	switch random.IntN(4) {
	case 0:
		return slices.Delete(records, i, i+1)
	case 1:
		return slices.Insert(records, i, one)
	case 2:
		records = slices.Delete(records, i, i+1)
		return slices.Insert(records, random.IntN(len(records)+1), one)
	}
	records[i].Name = "wrong"
	return records
}

// operated gives records with marks of operations among them.
func operated(records []event.Record, random *rand.Rand) []event.Record {
	var out []event.Record
	for i := range records {
		if random.IntN(4) == 0 {
			out = append(out, event.Record{Kind: event.KindMark, Name: fmt.Sprint("op: number ", i/4)})
		}
		out = append(out, records[i])
	}
	return number(out)
}

// Both sides tell what they have under the operation that it belongs to, also operations that only one of them has, and what
// stands in place of something stands beside it.
func TestRows(t *testing.T) {
	const (
		one, two, three = "mark text=\"op: one\"\n", "mark text=\"op: two\"\n", "mark text=\"op: three\"\n"
		a, b, c         = "event wd=1 mask=IN_CREATE name=\"a\"\n", "event wd=1 mask=IN_CREATE name=\"b\"\n", "event wd=1 mask=IN_CREATE name=\"c\"\n"
		write, chmod    = "event wd=1 mask=IN_MODIFY name=\"a\"\n", "event wd=1 mask=IN_ATTRIB name=\"a\"\n"
	)
	for _, tt := range []struct{ name, left, right, want string }{
		{"more on the right", one + a + two + b, one + a + c + two + b, "one: CREATE a = CREATE a, - > CREATE c; two: CREATE b = CREATE b"},
		{"more on the left", one + a + c + two + b, one + a + two + b, "one: CREATE a = CREATE a, CREATE c < -; two: CREATE b = CREATE b"},
		{"operations of one side", one + a + two + b, one + a + three + c, "one: CREATE a = CREATE a; two: CREATE b < -; three: - > CREATE c"},
		{"an operation without events", one + a + two, one + a + two, "one: CREATE a = CREATE a; two:"},
		{"only the right one tells", a + b, one + a + two + c + b, "one: CREATE a = CREATE a; two: - > CREATE c, CREATE b = CREATE b"},
		{"only the left one tells", one + a + two + b, a + c + b, "one: CREATE a = CREATE a; two: - > CREATE c, CREATE b = CREATE b"},
		{"before any operation", a + one + b, a + c + one + b, ": CREATE a = CREATE a, - > CREATE c; one: CREATE b = CREATE b"},
		{"in place of something", a + write + b, b + a + chmod, ": CREATE a = CREATE a, MODIFY a | ATTRIB a, CREATE b = CREATE b"},
		{"repeated, and in another order", a + b + write, a + write + write + b, ": CREATE a = CREATE a, CREATE b = CREATE b, MODIFY a | MODIFY a"},
	} {
		if got := rowsText(compare(t, watched+tt.left, watched+tt.right, diff.Options{})); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

func rowsText(r *diff.Result) string {
	text, comma := ":", ""
	for row := range r.Rows() {
		mark := "|"
		switch {
		case row.Left == nil && row.Right == nil:
			text, comma = text+"; "+row.Operation+":", ""
			continue
		case row.Difference < 0:
			mark = "="
		case row.Right == nil:
			mark = "<"
		case row.Left == nil:
			mark = ">"
		}
		cell := func(e *diff.Event) string {
			if e == nil {
				return "-"
			}
			return strings.TrimPrefix(e.Mask.String(), "IN_") + " " + string(e.Path)
		}
		text += fmt.Sprintf("%s %s %s %s", comma, cell(row.Left), mark, cell(row.Right))
		comma = ","
	}
	return strings.TrimPrefix(text, ":; ")
}

// In one order of all, what one recording does not know to be a directory is not the same as something of another path.
func TestExactDoesNotPairPaths(t *testing.T) {
	left, right := windowsLog("change wd=1 action=REMOVED name=\"a\"\n"), windowsLog("change wd=1 action=REMOVED name=\"b\"\n")
	if r := compare(t, left, right, diff.Options{Match: diff.Exact}); r.Verdict != diff.Unexplained {
		t.Errorf("%s\n%s", r.Verdict, rowsText(r))
	}
}
