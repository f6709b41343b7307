package diff

import (
	"errors"
	"fmt"
	"testing"

	"fsrec/watcher/event"
)

// tell takes in records as a recording of Linux with these roots.
func tell(t testing.TB, roots []string, records []event.Record) *side {
	t.Helper()
	conf, err := Options{}.config()
	if err != nil {
		t.Fatal(err)
	}
	h := event.Header{Platform: event.Linux, Backend: "inotify", Roots: roots}
	number(records)
	conf.tells = [2]tells{tellsOf(h, nil), tellsOf(h, nil)}
	s := newSide(Input{Header: h, Reader: event.NewMemoryLog(h, records)}, 0)
	s.conf = conf
	if err := s.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func watched(wd int32, path string) event.Record {
	return event.Record{Kind: event.KindWatch, WD: wd, Flags: event.FlagDir, Mask: event.IN_ALL_EVENTS, Path: path}
}

// Names that are the same below many roots are found at once.
func TestManyRoots(t *testing.T) {
	const n = 2000
	var roots []string
	var records []event.Record
	for i := range n {
		roots = append(roots, fmt.Sprintf("/w/%d", i))
		records = append(records, watched(int32(i+1), roots[i]))
	}
	for i := range int32(n) {
		records = append(records, event.Record{Kind: event.KindEvent, WD: i + 1, Mask: event.IN_CREATE, Name: "f"})
	}
	s := tell(t, roots, records)
	if len(s.roots) != n || s.events.n != n {
		t.Fatalf("%d roots and %d events, want %d", len(s.roots), s.events.n, n)
	}
	if most := s.names.mostTries(); most > 100 {
		t.Errorf("a name is found after %d others", most)
	}
	for i := range n {
		if e := s.events.at(i); s.names.rootOf(e.node) != s.roots[i].node {
			t.Fatalf("event %d stands below root %d", i, s.names.rootOf(e.node))
		}
	}
}

// mostTries is the longest run of slots that are taken.
func (n *names) mostTries() (most int) {
	run := 0
	for _, at := range n.slots {
		if run++; at == 0 {
			run = 0
		}
		most = max(most, run)
	}
	return most
}

// A path is walked from where the one before leaves it.
func TestAChainIsWalkedOnce(t *testing.T) {
	const depth = 1000
	s := tell(t, []string{"/w"}, nil)
	path, names := "/w", s.names.nodes.n
	for range depth {
		path += "/d"
		s.pathNode(path)
		if n := len(s.trail.steps); s.trail.steps[n-1].end != len(path)-len("/w/") {
			t.Fatalf("the trail ends at %d of %q", s.trail.steps[n-1].end, path)
		}
	}
	deepest := s.pathNode(path)
	if made := s.names.nodes.n - names; made != depth {
		t.Errorf("%d nodes for %d directories", made, depth)
	}
	for _, one := range []struct{ path, want string }{{"/w/d/x", "d/x"}, {"/w/d/d", "d/d"}, {"/w/dd/d", "dd/d"}, {"/w/d", "d"}, {"/w", "."}, {"/w//d///d/", "d/d"}} {
		if got := s.names.path(s.pathNode(one.path)); got != one.want {
			t.Errorf("%s is %s, want %s", one.path, got, one.want)
		}
	}
	if s.pathNode(path) != deepest {
		t.Error("the same path has another node")
	}
}

// Roots are told as the recording tells them, whatever their order and however they end.
func TestRoots(t *testing.T) {
	s := tell(t, []string{"/w/a/b", "/w/a/", "/w/ab", "/w/ab/", "/"}, nil)
	if got, want := fmt.Sprint(paths(s.roots)), "[/]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s = tell(t, []string{"/w/a/b", "/w/a/", "/w/ab", "/w/ab/"}, []event.Record{watched(1, "/x/y"), watched(2, "/x"), watched(3, "/x/y/z"), watched(4, "/x/z")})
	if got, want := fmt.Sprint(paths(s.roots)), "[/w/a /w/ab /x/y /x]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for path, want := range map[string]string{"/x/y/z": "z", "/x/z": "z", "/w/a/b/c": "b/c", "/w/ab": "."} {
		if got := s.names.path(s.pathNode(path)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if s.names.rootOf(s.pathNode("/x/y/z")) == s.names.rootOf(s.pathNode("/x/z")) {
		t.Error("what is in two roots has the nearest one")
	}
}

// A chain of directories that is renamed with every fourth record has more paths than its records allow: nothing is said of it.
func TestPathsAreBoundedByRecords(t *testing.T) {
	const depth, renames = 100, 12_000
	records := []event.Record{watched(1, "/w")}
	path := "/w/0"
	for i := range int32(depth) {
		records = append(records, watched(i+2, path))
		path += "/d"
	}
	for i := range renames {
		records = append(records, renamed(2, "/w", fmt.Sprint(i), fmt.Sprint(i+1), uint32(i+1))...)
		records = append(records, event.Record{Kind: event.KindEvent, WD: depth + 1, Mask: event.IN_CREATE, Name: "f"})
	}
	number(records)
	few := records[:1000]
	input := func(name string, records []event.Record) Input {
		h := event.Header{Platform: event.Linux, Backend: "inotify", Roots: event.Strings{"/w"}}
		return Input{Name: name, Header: h, Reader: event.NewMemoryLog(h, records)}
	}
	_, err := Compare(t.Context(), input("few", few), input("many", records), Options{})
	bound := (*BoundError)(nil)
	if !errors.As(err, &bound) || bound.Name != "many" || bound.Records > int64(len(records)) || bound.Elements > freeElements+bound.Records {
		t.Errorf("got %v, want a *BoundError of many", err)
	}
	if r, err := Compare(t.Context(), input("few", few), input("few", few), Options{}); err != nil || r.Verdict != Same {
		t.Errorf("a few renames are not compared: %v", err)
	}
}

// No bound is in the way of a large and deep tree that is renamed at its top, and watched for long.
func TestBoundsLeaveRealTreesAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("a million records")
	}
	const dirs, width, rounds = 100_000, 3, 9
	paths := []string{"/w", "/w/top"}
	for i := 2; i < dirs; i++ {
		paths = append(paths, fmt.Sprintf("%s/directory-%d", paths[max(1, i/width)], i))
	}
	var records []event.Record
	for i, path := range paths {
		records = append(records, watched(int32(i+1), path))
	}
	write := func() {
		for i := range paths {
			records = append(records, event.Record{Kind: event.KindEvent, WD: int32(i + 1), Mask: event.IN_MODIFY, Name: "file"})
		}
	}
	for range rounds / 3 {
		write()
	}
	records = append(records, renamed(2, "/w", "top", "other", 1)...)
	for range rounds - rounds/3 {
		write()
	}
	s := tell(t, []string{"/w"}, records) // which fails where the bound is passed
	if len(s.aside) > 0 || int64(s.events.n)+s.folded != s.told {
		t.Errorf("of %d events %d are kept and %d folded; set aside: %v", s.told, s.events.n, s.folded, s.aside)
	}
	if n := s.names.nodes.n; n > elementsARecord*len(records)/8 {
		t.Errorf("%d elements for %d records: the bound is near", n, len(records))
	}
}

// renamed are the records of the renaming of a directory that has a watch, in the directory up of watch 1.
func renamed(wd int32, up, from, to string, cookie uint32) []event.Record {
	return []event.Record{
		{Kind: event.KindEvent, WD: 1, Mask: event.IN_MOVED_FROM | event.IN_ISDIR, Name: from, Cookie: cookie},
		{Kind: event.KindEvent, WD: 1, Mask: event.IN_MOVED_TO | event.IN_ISDIR, Name: to, Cookie: cookie},
		{Kind: event.KindMove, WD: wd, Src: up + "/" + from, Path: up + "/" + to},
	}
}

func number(records []event.Record) {
	for i := range records {
		records[i].Seq, records[i].Time = uint64(i+1), int64(i+1)
	}
}
