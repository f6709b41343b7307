package diff_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
	"fsrec/watcher/translate"
)

// tellsOf counts the events that a recording tells, and how many of them say that others are missing. It lets the recording begin again.
func tellsOf(t testing.TB, in *diff.Input) (told, overflows int64) {
	t.Helper()
	var all []event.Record
	for batch, err := range event.Batches(t.Context(), in.Reader) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
	}
	in.Reader = event.NewMemoryLog(in.Header, slices.Clone(all))
	if in.Header.Backend != "inotify" {
		tr := translate.New()
		all = tr.Flush(tr.Append(nil, all))
	}
	for i := range all {
		if all[i].Kind != event.KindEvent {
			continue
		}
		told++
		if all[i].Mask&event.IN_Q_OVERFLOW != 0 {
			overflows++
		}
	}
	return told, overflows
}

// addUp reports where the numbers of a result do not add up to what the recordings tell.
func addUp(t testing.TB, left, right diff.Input, o diff.Options) *diff.Result {
	t.Helper()
	var told, overflows [2]int64
	for i, in := range []*diff.Input{&left, &right} {
		told[i], overflows[i] = tellsOf(t, in)
	}
	r, err := diff.Compare(t.Context(), left, right, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range []diff.SideInfo{r.Left, r.Right} {
		aside := int64(0)
		for _, a := range s.Aside {
			aside += a.Count
		}
		if s.Told != told[i] || s.Overflows != overflows[i] {
			t.Errorf("%s: %d events and %d overflows, counted %d and %d", s.Name, s.Told, s.Overflows, told[i], overflows[i])
		}
		if sum := s.Overflows + aside + s.Folded + s.Joined + s.Events; sum != s.Told {
			t.Errorf("%s: %d overflows, %d set aside, %d folded, %d joined and %d compared are %d of %d", s.Name, s.Overflows, aside, s.Folded, s.Joined, s.Events, sum, s.Told)
		}
		c := s.Counts
		if sum := c.Same + c.Explained + c.Unknown + c.Unexplained; sum != s.Events {
			t.Errorf("%s: %d same, %d explained, %d unknown and %d unexplained are %d of %d", s.Name, c.Same, c.Explained, c.Unknown, c.Unexplained, sum, s.Events)
		}
		if got := listed(r, i); got != [3]int64{c.Explained, c.Unknown, c.Unexplained} {
			t.Errorf("%s: the differences list %d, counted %d, %d, %d", s.Name, got, c.Explained, c.Unknown, c.Unexplained)
		}
	}
	if o.Match != diff.Subset && r.Left.Counts.Same != r.Right.Counts.Same {
		t.Errorf("%d events of the left one are the same as %d of the right one", r.Left.Counts.Same, r.Right.Counts.Same)
	}
	return r
}

// listed counts the events of one side that stand in differences, each once under the worst verdict.
func listed(r *diff.Result, side int) (n [3]int64) {
	worst := make(map[uint64]int)
	for i := range r.Differences {
		d := &r.Differences[i]
		for _, e := range [][]diff.Event{d.Left, d.Right}[side] {
			worst[e.Seq] = max(worst[e.Seq], 1+slices.Index([]diff.Verdict{diff.Explained, diff.Unknown, diff.Unexplained}, d.Verdict))
		}
	}
	for _, verdict := range worst {
		n[verdict-1]++
	}
	return n
}

// The events of a recording are those that are the same, explained, unknown or unexplained, and those that were
// set aside, folded or joined; nothing is counted twice, and nothing is lost.
func TestTheNumbersAddUp(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "traces", "linux", "*.txt"))
	if err != nil || len(files) < 60 {
		t.Fatal(len(files), err)
	}
	options := []diff.Options{{Rules: &diff.Catalogue{}}}
	for _, m := range diff.Matches() {
		options = append(options, diff.Options{Match: m})
	}
	for _, s := range diff.Steps() {
		if s.Step == diff.StepRoots {
			continue // the roots of two platforms would be unrelated
		}
		options = append(options, diff.Options{Steps: map[diff.Step]bool{s.Step: !s.Default}})
	}
	for place, file := range files {
		for _, other := range []string{"linux", "wine"} {
			texts := [2]string{trace(t, file), trace(t, filepath.Join("..", "..", "testdata", "traces", other, filepath.Base(file)))}
			for n, o := range options {
				if n > 0 && n != 1+place%(len(options)-1) {
					continue // without rules, and one way after the other
				}
				addUp(t, recording(t, texts[0]), recording(t, texts[1]), o)
				addUp(t, recording(t, texts[1]), recording(t, texts[0]), o)
				if t.Failed() {
					t.Fatalf("%s and %s, option %d", file, other, n)
				}
			}
		}
	}
}

// They do so for what never was recorded, too: renames whose halves stand in different
// differences, losses, events of no watch.
func TestTheNumbersOfMutationsAddUp(t *testing.T) {
	h := event.Header{Platform: event.Linux, Backend: "inotify", Roots: event.Strings{"/w"}}
	kinds := make(map[diff.Verdict]int64)
	joined, folded := int64(0), int64(0)
	for seed := range uint64(200) {
		w := newWorld(seed)
		for range 20 + w.random.IntN(60) {
			w.act()
		}
		left, right := flat(w.steps), flat(reorder(w.steps, w.random))
		for n := range 1 + w.random.IntN(6) {
			i := w.random.IntN(len(right))
			by := mutations[(seed+uint64(n))%uint64(len(mutations))]
			if right[i].Kind == event.KindEvent {
				if all, _ := mutate(slices.Clone(right), i, by, w.random); all != nil && followable(all) {
					right = all
				}
			}
		}
		if w.random.IntN(3) == 0 {
			i := w.random.IntN(len(right))
			right = slices.Insert(right, i,
				event.Record{Kind: event.KindEvent, WD: -1, Mask: event.IN_Q_OVERFLOW},
				event.Record{Kind: event.KindEvent, WD: 999, Mask: event.IN_CREATE, Name: "nowhere"})
		}
		number(right)
		in := func(name string, all []event.Record) diff.Input {
			return diff.Input{Name: name, Header: h, Reader: event.NewMemoryLog(h, all)}
		}
		for _, m := range diff.Matches() {
			r := addUp(t, in("left", left), in("right", right), diff.Options{Match: m})
			addUp(t, in("left", right), in("right", left), diff.Options{Match: m})
			if t.Failed() {
				t.Fatalf("seed %d, %s:\n%s", seed, m, told(r))
			}
			kinds[r.Verdict]++
			joined, folded = joined+r.Right.Joined, folded+r.Right.Folded
		}
	}
	if len(kinds) < 3 || joined == 0 || folded == 0 {
		t.Error("too little was tried:", kinds, joined, folded)
	}
}

// followable reports whether every event has a watch.
func followable(all []event.Record) bool {
	table := event.NewTable(event.Linux)
	for i := range all {
		if all[i].Kind == event.KindEvent && table.Watch(all[i].WD) == nil {
			return false
		}
		table.Apply(&all[i])
	}
	return true
}

// What is set aside has a reason that is described, also where that is no step.
func TestEveryReasonToSetAsideIsDescribed(t *testing.T) {
	more := watched + "event wd=1 mask=IN_CREATE name=\"a\"\nevent wd=1 mask=IN_MOVED_FROM cookie=1 name=\"a\"\nevent wd=1 mask=IN_MOVED_TO cookie=1 name=\"b\"\nevent wd=9 mask=IN_CREATE name=\"x\"\n"
	r := compare(t, watched+"event wd=1 mask=IN_CREATE name=\"a\"\n", more, diff.Options{Match: diff.Subset})
	var got []string
	for _, a := range r.Right.Aside {
		got = append(got, fmt.Sprint(a.Step, " ", a.Mask, " ", a.Count))
		if !slices.ContainsFunc(diff.Asides(), func(s diff.StepInfo) bool { return s.Step == a.Step && s.Text != "" }) {
			t.Errorf("nothing says what %q is", a.Step)
		}
	}
	if want := "subset IN_MOVED_FROM|IN_MOVED_TO 1, unwatched IN_CREATE 1"; strings.Join(got, ", ") != want || r.Right.Joined != 1 || r.Right.Told != 4 || r.Right.Events != 1 {
		t.Errorf("got %s of %+v\nwant %s", strings.Join(got, ", "), r.Right, want)
	}
	text, err := json.Marshal(r.Right)
	if err != nil || !bytes.Contains(text, []byte(`"told":4,"overflows":0,`)) || !bytes.Contains(text, []byte(`"counts":{"same":1,`)) {
		t.Errorf("%s %v", text, err)
	}
}
