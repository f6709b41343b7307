package peers

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

// known is a way in which a peer's events may differ from fsrec's.
type known struct {
	why   string
	extra func(s seen) bool // the peer reports it, fsrec does not
	lacks func(s seen) bool // fsrec reports it, the peer does not
}

func TestTheStepsGiveWhatPyinotifyGives(t *testing.T) {
	in := newPlace(t)
	peer := pyinotify(t, in.root)
	in.run(t, peer.sync)
	compare(t, peer.stop(), recordSteps(t), false, pyinotifyBugs)
}

func TestTheStepsGiveWhatInotifywaitGives(t *testing.T) {
	in := newPlace(t)
	peer := inotifywait(t, in.root)
	in.run(t, peer.sync)
	compare(t, peer.stop(), recordSteps(t), true, inotifywaitBugs)
}

func recordSteps(t *testing.T) []seen {
	t.Helper()
	in := newPlace(t)
	r := record(t, in.root)
	in.run(t, r.sync)
	all := r.stop()
	got, contradictions := finalTree(t, r.path, in.root)
	if want := realTree(t, in.root); !slices.Equal(got, want) || len(contradictions) > 0 {
		t.Errorf("the log ends in %q, the disk holds %q; contradictions %q", got, want, contradictions)
	}
	return all
}

// listing is what reading a directory sets off.
func listing(s seen) bool {
	return s.mask&event.IN_ISDIR != 0 && s.mask&(event.IN_OPEN|event.IN_ACCESS|event.IN_CLOSE_NOWRITE) != 0
}

var (
	ownListing = known{
		why:   "it reports its own listing of directories as events",
		extra: listing,
	}
	noContents = known{
		why:   "it says nothing about what is in a directory that is moved into the tree",
		lacks: func(s seen) bool { return s.mask&event.IN_CREATE != 0 && strings.HasPrefix(s.path, "full/") },
	}
)

var pyinotifyBugs = []known{
	ownListing,
	noContents,
	{
		why:   "a directory that left the tree is still watched, and reported under its old path with -unknown-path at its end",
		extra: func(s seen) bool { return strings.HasPrefix(s.path, "leaver-unknown-path") },
		lacks: func(s seen) bool { return s.path == "leaver" && s.mask == event.IN_MOVE_SELF },
	},
	{
		why:   "the watch of a directory that left the tree never ends",
		lacks: func(s seen) bool { return s.path == "leaver" && s.mask == event.IN_IGNORED },
	},
}

var inotifywaitBugs = []known{
	ownListing,
	noContents,
	{
		why:   "it does not print IN_IGNORED",
		lacks: func(s seen) bool { return s.mask == event.IN_IGNORED },
	},
}

// compare fails on every difference of two multisets of events that is not
// known, and on everything known that does not occur.
func compare(t *testing.T, theirs, ours []seen, maskAndPath bool, bugs []known) {
	t.Helper()
	count := make(map[seen]int)
	for _, s := range theirs {
		count[s]++
	}
	for _, s := range ours {
		s.synthetic = false
		if maskAndPath {
			s.src, s.dir = "", false
		}
		count[s]--
	}
	used := make([]bool, len(bugs))
	explained := func(s seen, extra bool) bool {
		for i, b := range bugs {
			if f := b.lacks; extra {
				f = b.extra
				if f != nil && f(s) {
					used[i] = true
					return true
				}
			} else if f != nil && f(s) {
				used[i] = true
				return true
			}
		}
		return false
	}
	for s, n := range count {
		switch {
		case n > 0 && !explained(s, true):
			t.Errorf("the peer alone reports %d x %s", n, s)
		case n < 0 && !explained(s, false):
			t.Errorf("fsrec alone reports %d x %s", -n, s)
		}
	}
	for i, b := range bugs {
		if !used[i] {
			t.Errorf("listed, but did not occur: %s", b.why)
		}
	}
	if len(ours) < 2*len(steps) {
		t.Errorf("only %d events of %d steps", len(ours), len(steps))
	}
}

// The kernel numbers renames for all watchers alike, so the formats are
// compared while all of them watch the same directory.
func TestTheFormatsAreThoseOfThePeersByteForByte(t *testing.T) {
	interpreter, waiter := python(t), inotifywaitPath(t)
	in := newPlace(t)
	py := start(t, in.root, '\n', nil, interpreter, "-W", "ignore", "-m", "pyinotify", "-f", "-r", "-a", in.root)
	iw := start(t, in.root, '\n', nil, waiter, "-m", "-r", in.root)
	iw.wait("Watches established")
	py.watches(3)
	r := record(t, in.root)
	in.run(t, func() {
		r.sync()
		py.await()
		iw.await()
	})
	r.stop()

	// Each watcher sees the others list directories, but not itself.
	listing := regexp.MustCompile(`\b(IN_)?(OPEN|ACCESS|CLOSE_NOWRITE)\b.*\bISDIR\b|\bIN_(OPEN|ACCESS|CLOSE_NOWRITE)\|IN_ISDIR\b`)
	contents := `(/root/full/ CREATE(,ISDIR)? (one|inner)|/root/full/inner/ CREATE two|IN_CREATE.* pathname=\S*/root/full/(one|inner|inner/two) )`
	for _, c := range []struct {
		format       string
		peer         *peer
		theirs, ours string // lines that the tables of bugs above explain
	}{
		{"pyinotify", py, `-unknown-path`, contents + `|maskname=IN_(MOVE_SELF|IGNORED) .* pathname=\S*/root/leaver wd=`},
		{"inotifywait", iw, `^$`, contents},
	} {
		keep := func(all []string, but string) []string {
			explained := regexp.MustCompile(but)
			return slices.DeleteFunc(all, func(line string) bool { return listing.MatchString(line) || explained.MatchString(line) })
		}
		theirs := keep(c.peer.output(), c.theirs)
		printed := strings.TrimSuffix(string(fsrec(t, "replay", "--format", c.format, r.path)), "\n")
		ours := keep(strings.Split(printed, "\n"), c.ours)
		if len(theirs) < 2*len(steps) {
			t.Errorf("only %d lines of %s", len(theirs), c.format)
		}
		for i := range max(len(theirs), len(ours)) {
			if i >= len(theirs) || i >= len(ours) || theirs[i] != ours[i] {
				t.Errorf("%s differs from line %d of %d and %d:\npeer  %q\nfsrec %q", c.format, i, len(theirs), len(ours), theirs[i:min(i+2, len(theirs))], ours[i:min(i+2, len(ours))])
				break
			}
		}
	}
}
