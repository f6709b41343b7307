package live

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// listed lists root/p/d as a landing does, with work before it is opened, while it is open and when some of it was read.
func (s *session) listed(root string, before, meanwhile, midway func()) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	up, w := s.underTest.table.At(root+"/p"), s.underTest.table.At(root+"/p/d")
	l := &landing{item: &item{parent: up.WD, name: "d"}, path: root + "/p/d"}
	if w != nil {
		l.wd, l.existed = w.WD, true
	}
	begin := s.stream.drained + int64(s.queued())
	before()
	fd, err := unix.Open(l.path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	ok(s.t, err)
	meanwhile()
	for size := 1; size > 0; {
		if size, err = unix.ReadDirent(fd, make([]byte, 4096)); err != unix.ENOENT {
			ok(s.t, err)
			l.calls++
		}
		if l.calls == 1 {
			midway()
		}
	}
	ok(s.t, unix.Close(fd))
	added, end := s.drain()
	s.expectOwn(l, begin, end, true, scanRenames(added, begin))
}

// listingEvents counts the events that listing causes, our own and others.
func listingEvents(records []event.Record) (own, other int) {
	for i := range records {
		switch r := &records[i]; {
		case r.Kind != event.KindEvent || r.Mask&wide == 0 || r.Mask&event.IN_ISDIR == 0:
		case r.Flags&event.FlagOwn != 0:
			own++
		default:
			other++
		}
	}
	return own, other
}

func TestOurListingIsOurOwnWhereverTheDirectoryGoes(t *testing.T) {
	nothing := func() {}
	rename := func(t *testing.T, root string, paths ...string) func() {
		return func() {
			for i := 0; i < len(paths); i += 2 {
				ok(t, os.Rename(filepath.Join(root, paths[i]), filepath.Join(root, paths[i+1])))
			}
		}
	}
	for name, c := range map[string]struct{ before, meanwhile []string }{
		"nowhere":                                               {},
		"to another name":                                       {meanwhile: []string{"p/d", "p/e"}},
		"to another directory, and on":                          {meanwhile: []string{"p/d", "q/e", "q/e", "p/f"}},
		"through a directory that is not watched":               {meanwhile: []string{"p/d", "../out/x", "../out/x", "q/e"}},
		"with the directory that it is in":                      {meanwhile: []string{"p", "q/p"}},
		"away, and another takes its place":                     {before: []string{"p/d", "p/e", "q/d", "p/d"}},
		"away with its directory, and another is there":         {before: []string{"p", "r", "q", "p"}},
		"away, and another comes from where nothing is watched": {before: []string{"p/d", "p/e", "q/d", "../out/x", "../out/x", "p/d"}},
		"away with its root, and another is there":              {before: []string{"../root", "../was", "../other", "../root"}},
		"away with its directory, there and back":               {before: []string{"p", "r", "q", "p"}, meanwhile: []string{"p", "q", "r", "p"}},
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			root := base + "/root"
			mkdirs(t, root+"/p/d", root+"/q/d", base+"/other/p/d", base+"/out")
			s := watched(t, root)
			s.add(event.WatchRequest{Path: base + "/other", Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true})
			s.sync()
			before, meanwhile := nothing, nothing
			if c.before != nil {
				before = rename(t, root, c.before...)
			}
			if c.meanwhile != nil {
				meanwhile = rename(t, root, c.meanwhile...)
			}
			s.listed(root, before, meanwhile, nothing)
			records := s.settled()
			if own, other := listingEvents(records); other > 0 || own < 6 {
				t.Errorf("%d events of our own listing, %d of others:\n%s", own, other, s.story(root, records))
			}
			for _, dir := range s.table.Watches() {
				_, err := os.ReadDir(dir.Path())
				ok(t, err)
			}
			if own, other := listingEvents(s.sync()); own > 0 || other == 0 && s.table.Len() > 0 {
				t.Errorf("of another program's listing %d events are taken for our own, %d are not", own, other)
			}
		})
	}
}

// A listing opens, reads and closes, in this order: what another program does in another one is not taken for it.
func TestOurListingIsToldFromWhatOthersDo(t *testing.T) {
	for name, c := range map[string]struct {
		first, before, meanwhile, midway, after string
		want                                    string // our own in capitals
	}{
		"opened and closed before":        {before: "open, elsewhere, close, elsewhere", want: "open close OPEN ACCESS CLOSE_NOWRITE"},
		"opened before and closed then":   {first: "open, elsewhere", meanwhile: "close", want: "open OPEN close ACCESS CLOSE_NOWRITE"},
		"opened before and closed midway": {first: "open, elsewhere", midway: "close", want: "open OPEN ACCESS close ACCESS CLOSE_NOWRITE"},
		"opened and closed midway":        {midway: "elsewhere, open, close", want: "OPEN ACCESS open close ACCESS CLOSE_NOWRITE"},
		"opened and closed twice midway":  {midway: "elsewhere, open, elsewhere, close, open, elsewhere, close, elsewhere", want: "OPEN ACCESS open close open close ACCESS CLOSE_NOWRITE"},
		"opened as the last thing before": {first: "open", after: "elsewhere, close", want: "OPEN ACCESS CLOSE_NOWRITE close"},
		"opened and closed after":         {after: "open, elsewhere, close", want: "OPEN ACCESS CLOSE_NOWRITE open close"},
		"removed, so that it is not read": {meanwhile: "remove", want: "OPEN CLOSE_NOWRITE"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			mkdirs(t, root+"/p/d")
			s := open(t, Options{})
			s.add(event.WatchRequest{Path: root + "/p", Mask: event.IN_ALL_EVENTS})
			s.sync()
			var file *os.File
			do := func(words string) func() {
				return func() {
					for word := range strings.SplitSeq(words, ", ") {
						var err error
						switch word {
						case "open":
							file, err = os.Open(root + "/p/d")
						case "close":
							err = file.Close()
						case "remove":
							err = os.Remove(root + "/p/d")
						case "elsewhere":
							err = errors.Join(write(root+"/p/f"), os.Remove(root+"/p/f"))
						}
						ok(t, err)
					}
				}
			}
			do(c.first)()
			s.listed(root, do(c.before), do(c.meanwhile), do(c.midway))
			do(c.after)()
			var got []string
			for _, r := range s.sync() {
				if word := strings.TrimPrefix((r.Mask & wide).String(), "IN_"); r.Name == "d" && r.Mask&wide != 0 {
					if r.Flags&event.FlagOwn == 0 {
						word = strings.TrimSuffix(strings.ToLower(word), "_nowrite")
					}
					got = append(got, word)
				}
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("%s, expected %s:\n%s", got, c.want, text(s.records))
			}
		})
	}
}

func TestOurListingIsOurOwnWhereItIsHeardOnlyAfterARename(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/p/d", root+"/q")
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root + "/p", Mask: event.IN_MOVE})
	s.add(event.WatchRequest{Path: root + "/q", Mask: event.IN_ALL_EVENTS})
	s.sync()
	nothing := func() {}
	s.listed(root, nothing, func() { ok(t, os.Rename(root+"/p/d", root+"/q/e")) }, nothing)
	if own, other := listingEvents(s.sync()); own < 2 || other > 0 {
		t.Errorf("%d events of our own listing, %d of others:\n%s", own, other, text(s.records))
	}
}

// Nobody but us opens a directory here: making, renaming and removing does not. Of a path whose
// elements are being renamed by several at the same time, what it led to cannot always be known.
func TestOurListingIsOurOwnWhateverIsRenamedMeanwhile(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.background(func() {
		var all sync.WaitGroup
		for g := range uint64(3) {
			all.Go(func() { shuffle(root, rand.New(rand.NewPCG(g, 3)), 4000) })
		}
		all.Wait()
	})
	s.settled()
	if own, other := listingEvents(s.records); other > own/200 || own == 0 {
		t.Errorf("%d events of our own listing, and %d more that nobody else can have caused", own, other)
	}
}

// shuffle makes, renames and removes directories at random, and opens none.
func shuffle(root string, rnd *rand.Rand, steps int) {
	name := func() string { return anyPath(rnd, root, 3) }
	for range steps {
		switch rnd.IntN(4) {
		case 0, 1:
			_ = os.Mkdir(name(), 0o755)
		case 2:
			_ = os.Rename(name(), name())
		case 3:
			_ = os.Remove(name())
		}
	}
}

// A rename while a large tree is added puts all of its listings in doubt. Each is found by its own directory: looking
// through all of them for each watch took a minute here.
func TestManyListingsInDoubt(t *testing.T) {
	const many = 40_000
	var own ownEvents
	table := event.NewTable(event.Linux)
	add := func(wd int32, path string) {
		table.Apply(&event.Record{Kind: event.KindWatch, WD: wd, Path: path})
		own.follow(table, path)
	}
	for i := range int32(many) {
		c := &ownListing{at: fmt.Sprint("/t/", i), end: int64(i)}
		own.expect(c, todoKey{name: c.at})
		set(&own.doubtful, c.at, []*ownListing{c})
	}
	for i := range int32(many) {
		add(i+1, fmt.Sprint("/t/", i))
	}
	table.Apply(&event.Record{Kind: event.KindMove, Src: "/t/7", Path: "/t/9"})
	own.follow(table, "/t/9")
	for i, c := range own.order {
		if want := []todoKey{{name: c.at}, {wd: int32(i + 1)}, {wd: 8}}; !slices.Equal(c.keys, want[:2]) && (i != 9 || !slices.Equal(c.keys, want)) {
			t.Fatalf("listing %d is found by %v", i, c.keys)
		}
	}
	own.expire(many)
	if len(own.byKey)+len(own.order)+len(own.doubtful) > 0 {
		t.Errorf("%d keys and %d listings are left", len(own.byKey), len(own.order))
	}
}
