package diff_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

const byListing = event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE_NOWRITE

// narrowly is what another recording of the same world would have told whose watches
// of new directories had no listed events for a while. It says how many events it
// lacks, and the paths of the events that came before the listed ones on a path had a chance.
func (w *world) narrowly(all []event.Record) (told []event.Record, missing int, early map[string]bool) {
	left := make(map[int32]int) // records until the mask of a watch
	early = make(map[string]bool)
	seen := make(map[string]bool) // of the path, with its whole mask
	paths := pathsOf(all)
	for i, r := range all {
		for wd := range int32(w.nextWD + 1) {
			if left[wd] > 0 {
				if left[wd]--; left[wd] == 0 {
					told = append(told, event.Record{Kind: event.KindMask, WD: wd, Mask: event.IN_ALL_EVENTS})
				}
			}
		}
		switch {
		case r.Kind == event.KindWatch && r.WD > 4:
			r.N = int64(event.IN_ALL_EVENTS &^ byListing)
			left[r.WD] = 1 + w.random.IntN(40)
		case r.Kind == event.KindWatch:
			r.N = int64(event.IN_ALL_EVENTS)
		case r.Kind == event.KindEvent && left[r.WD] > 0 && r.Mask&byListing != 0:
			missing++
			early[paths[i]] = true
			continue
		case r.Kind == event.KindEvent && left[r.WD] > 0:
			early[paths[i]] = true
		case r.Kind == event.KindEvent:
			seen[paths[i]] = true
		}
		told = append(told, r)
	}
	return number(told), missing, early
}

func TestWhatAWatchWasNotAskedForYetIsSetAside(t *testing.T) {
	missed := 0
	for seed := range uint64(300) {
		w := newWorld(seed)
		for range 20 + w.random.IntN(100) {
			w.act()
		}
		all := flat(w.steps)
		left, missing, _ := w.narrowly(slices.Clone(all))
		right := flat(reorder(w.steps, w.random))
		missed += missing
		for _, m := range []diff.Match{diff.Partial, diff.Subset} {
			r := compareRecords(t, left, right, diff.Options{Match: m})
			if r.Verdict != diff.Same {
				t.Fatalf("seed %d, %s:\n%s", seed, m, told(r))
			}
			if aside := asideBy(r, diff.StepUnseen); m == diff.Partial && aside != missing {
				t.Fatalf("seed %d: %d events are missing, %d were set aside", seed, missing, aside)
			}
		}
		if r := compareRecords(t, right, left, diff.Options{}); r.Verdict != diff.Same {
			t.Fatalf("seed %d, the other way round:\n%s", seed, told(r))
		}
		off := diff.Options{Steps: map[diff.Step]bool{diff.StepUnseen: false}}
		if r := compareRecords(t, left, right, off); missing > 0 && r.Verdict == diff.Same {
			t.Fatalf("seed %d: %d events are missing, and without the step nothing differs", seed, missing)
		}
	}
	if missed < 100 {
		t.Errorf("only %d events were missing", missed)
	}
}

func asideBy(r *diff.Result, step diff.Step) (n int) {
	for _, s := range []diff.SideInfo{r.Left, r.Right} {
		for _, a := range s.Aside {
			if a.Step == step {
				n += int(a.Count)
			}
		}
	}
	return n
}

// A mutation is found although one side has narrow watches, but for a listed event on
// a path that something happened on while its directory was narrow.
func TestAnyMutationIsFoundBesideNarrowWatches(t *testing.T) {
	const want = 1000
	hidden, atRisk := 0, 0
	for seed, n := uint64(0), 0; n < want; seed++ {
		w := newWorld(seed)
		for range 20 + w.random.IntN(60) {
			w.act()
		}
		left, _, early := w.narrowly(flat(w.steps))
		right := flat(reorder(w.steps, w.random))
		paths := pathsOf(right)
		i := w.random.IntN(len(right))
		if right[i].Kind != event.KindEvent {
			continue
		}
		mutated, at := right[i].Mask, paths[i]
		right, m := mutate(right, i, mutations[seed%uint64(len(mutations))], w.random)
		if m == nil {
			continue
		}
		n++
		r := compareRecords(t, left, number(right), diff.Options{})
		found := m.shownBy(r)
		if (mutated&byListing != 0 || m.mutation == "move") && (early[at] || early[path.Dir(at)+"/wrong"]) {
			if atRisk++; !found {
				hidden++
			}
			continue
		}
		if !found {
			t.Errorf("seed %d: %s of %s %s is not found:\n%s", seed, m.mutation, mutated, at, told(r))
		}
	}
	t.Logf("%d of the %d that need not be found were not", hidden, atRisk)
	if atRisk > want/5 {
		t.Errorf("%d of %d mutations need not be found", atRisk, want)
	}
}

// narrowText is a recording whose new directory d gets IN_OPEN only at its record 6.
const narrowText = `header platform "linux"
header backend "inotify"
header roots ["/w"]
1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/w"
2 1.0 event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
3 1.0 watch dir wd=2 mask=IN_ALL_EVENTS kernel=IN_CREATE|IN_CLOSE_WRITE parent=1 path="/w/d"
4 1.0 event wd=2 mask=IN_CREATE name="f"
5 1.0 event wd=2 mask=IN_CLOSE_WRITE name="f"
6 1.0 mask wd=2 kernel=IN_ALL_EVENTS
`

func TestOnlyWhatMayHaveComeWhileAWatchWasNarrowIsSetAside(t *testing.T) {
	const whole = `1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS kernel=IN_ALL_EVENTS path="/w"
2 1.0 event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
3 1.0 watch dir wd=2 mask=IN_ALL_EVENTS kernel=IN_CREATE|IN_CLOSE_WRITE parent=1 path="/w/d"
4 1.0 mask wd=2 kernel=IN_ALL_EVENTS
5 1.0 event wd=2 mask=IN_CREATE name="f"
`
	header := narrowText[:strings.Index(narrowText, "1 0.0")]
	for name, c := range map[string]struct {
		left, right string // what follows
		same        bool
	}{
		"opened between":              {"", "6 1.0 event wd=2 mask=IN_OPEN name=\"f\"\n7 1.0 event wd=2 mask=IN_CLOSE_WRITE name=\"f\"\n", true},
		"read after it":               {"", "6 1.0 event wd=2 mask=IN_CLOSE_WRITE name=\"f\"\n7 1.1 event wd=2 mask=IN_OPEN name=\"f\"\n8 1.1 event wd=2 mask=IN_CLOSE_NOWRITE name=\"f\"\n", true},
		"read much later":             {"", "6 1.0 event wd=2 mask=IN_CLOSE_WRITE name=\"f\"\n7 100.1 event wd=2 mask=IN_OPEN name=\"f\"\n", false},
		"a kind that was not missing": {"", "6 1.0 event wd=2 mask=IN_CLOSE_WRITE name=\"f\"\n7 1.1 event wd=2 mask=IN_ATTRIB name=\"f\"\n", false},
		"read when it was whole": {
			"7 1.0 event wd=2 mask=IN_ATTRIB name=\"f\"\n",
			"6 1.0 event wd=2 mask=IN_CLOSE_WRITE name=\"f\"\n7 1.0 event wd=2 mask=IN_ATTRIB name=\"f\"\n8 1.0 event wd=2 mask=IN_OPEN name=\"f\"\n", false},
		"the other one read it": {"7 1.0 event wd=2 mask=IN_OPEN name=\"f\"\n", "6 1.0 event wd=2 mask=IN_CLOSE_WRITE name=\"f\"\n", false},
		"in another directory":  {"", "6 1.0 event wd=2 mask=IN_CLOSE_WRITE name=\"f\"\n7 1.0 event wd=1 mask=IN_OPEN name=\"g\"\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := compare(t, narrowText+c.left, header+whole+c.right, diff.Options{})
			if (r.Verdict == diff.Same) != c.same {
				t.Errorf("%s:\n%s", r.Verdict, told(r))
			}
		})
	}
}

func TestWhatOnlyOneOfTwoLateWatchesSawIsSetAside(t *testing.T) {
	const start = `header platform "linux"
header backend "inotify"
header roots ["/w"]
watch dir wd=1 mask=IN_ALL_EVENTS path="/w"
event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
watch dir wd=2 mask=IN_ALL_EVENTS parent=1 path="/w/d"
event synthetic wd=2 mask=IN_CREATE name="f"
`
	const end = "event wd=2 mask=IN_ATTRIB name=\"f\"\n"
	r := compare(t, start+end, start+"event wd=2 mask=IN_MODIFY name=\"f\"\nevent wd=2 mask=IN_CLOSE_WRITE name=\"f\"\n"+end, diff.Options{})
	if r.Verdict != diff.Same || asideBy(r, diff.StepUnseen) != 2 {
		t.Errorf("%s:\n%s", r.Verdict, told(r))
	}
	r = compare(t, start+end, start+"event wd=2 mask=IN_DELETE name=\"f\"\n"+end, diff.Options{})
	if r.Verdict == diff.Same {
		t.Error("a deletion is set aside")
	}
}

func TestWhatANarrowWatchDidNotTellASecondTimeIsSetAside(t *testing.T) {
	const start = `header platform "linux"
header backend "inotify"
header roots ["/w"]
1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS path="/w"
2 1.0 event wd=1 mask=IN_CREATE|IN_ISDIR name="d"
3 1.0 watch dir wd=2 mask=IN_ALL_EVENTS kernel=IN_CREATE parent=1 path="/w/d"
`
	left := start + `4 1.0 mask wd=2 kernel=IN_ALL_EVENTS
5 1.0 event wd=1 mask=IN_CLOSE_NOWRITE|IN_ISDIR name="d"
6 1.0 event wd=2 mask=IN_CLOSE_NOWRITE|IN_ISDIR
`
	right := start + `4 1.0 event wd=1 mask=IN_CLOSE_NOWRITE|IN_ISDIR name="d"
5 1.0 mask wd=2 kernel=IN_ALL_EVENTS
`
	for range 2 {
		if r := compare(t, left, right, diff.Options{}); r.Verdict != diff.Same {
			t.Errorf("%s:\n%s", r.Verdict, told(r))
		}
		left, right = right, left
	}
}

func TestWhatIsOneWithWhatTheRecorderCausedIsSetAside(t *testing.T) {
	const (
		start = linuxHead + "event wd=1 mask=IN_CREATE|IN_ISDIR name=\"d\"\n"
		open  = "wd=1 mask=IN_OPEN|IN_ISDIR name=\"d\"\n"
		shut  = "event wd=1 mask=IN_CLOSE_NOWRITE|IN_ISDIR name=\"d\"\n"
	)
	both, one := start+"event own "+open+"event "+open+shut, start+"event own "+open+shut
	for _, tt := range []struct {
		left, right string
		want        diff.Verdict
	}{
		{both, one, diff.Same},
		{one, both, diff.Same},
		{both, start + shut, diff.Unexplained},
		{both + "event " + open, one, diff.Unexplained},
	} {
		if r := compare(t, tt.left, tt.right, diff.Options{Rules: &diff.Catalogue{}}); r.Verdict != tt.want {
			t.Errorf("%s, want %s:\n%s", r.Verdict, tt.want, told(r))
		}
	}
}
