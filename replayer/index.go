package replayer

import (
	"path"
	"slices"
	"sort"
	"strings"

	"fsrec/watcher/event"
)

// index tells which watch came to stand for a path, and when.
type index struct {
	platform event.Platform
	changes  []event.Record     // with the masks that the watches have in the end
	starts   map[string][]start // by folded path, in order
	moved    int                // bytes for watches that came to a path by a rename
	paths    []string           // every path that was ever watched, as recorded, sorted
}

// maxMoved bounds the memory in bytes, and so the time, for paths that watches came to by a rename; what
// is beyond is found only once the replay has come there.
const maxMoved = 64 << 20

// sizeMoved is what a start takes beside its path.
const sizeMoved = 256

// start is a place where a watch came to stand for a path.
type start struct {
	seq    uint64
	change int          // of changes; -1 where a directory was renamed
	watch  event.Record // KindWatch
}

func newIndex(log event.Log) (*index, error) {
	changes, err := log.TableChanges(nil)
	if err != nil {
		return nil, err
	}
	changes = event.FoldMasks(changes)
	x := &index{platform: log.Header().Platform, changes: changes, starts: make(map[string][]start)}
	table := event.NewTable(x.platform)
	var moved []*event.Watch
	for i := range changes {
		r := &changes[i]
		table.Apply(r)
		switch {
		case r.Kind == event.KindWatch:
			if w := table.Watch(r.WD); !w.Lost() {
				x.add(start{r.Seq, i, w.Record()})
			}
		case r.Kind == event.KindMove && r.Path != "" && x.moved < maxMoved:
			moved = table.Below(r.Path, moved[:0])
			for _, w := range moved {
				if x.moved >= maxMoved {
					break
				}
				x.add(start{r.Seq, -1, w.Record()})
				x.moved += len(w.Path()) + sizeMoved
			}
		}
	}
	slices.Sort(x.paths)
	return x, nil
}

func (x *index) add(s start) {
	key := x.fold(s.watch.Path)
	if x.starts[key] == nil {
		x.paths = append(x.paths, s.watch.Path)
	}
	x.starts[key] = append(x.starts[key], s)
}

func (x *index) fold(path string) string { return x.platform.Fold(path) }

// later is the first watch that comes to stand for path at or after record seq, or nil.
func (x *index) later(path string, seq uint64) *start {
	all := x.starts[x.fold(path)]
	if i := sort.Search(len(all), func(i int) bool { return all[i].seq >= seq }); i < len(all) {
		return &all[i]
	}
	return nil
}

// settled is watch w of the table before record seq, with the mask that it has in the end.
func (x *index) settled(w *event.Watch, seq uint64) event.Record {
	all := x.starts[x.fold(w.Path())]
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].seq < seq && all[i].watch.WD == w.WD {
			return all[i].watch
		}
	}
	return w.Record()
}

// set lists the watches that were placed together with s: below its path, by
// the same caller, with nothing between but what auto-add placed.
func (x *index) set(s *start) []event.Record {
	all := []event.Record{s.watch}
	if s.change < 0 {
		return all
	}
	for i := s.change + 1; i < len(x.changes); i++ {
		r := &x.changes[i]
		if r.Kind == event.KindWatch && r.M != 0 {
			continue
		}
		rest, below := x.platform.Below(s.watch.Path, r.Path)
		if r.Kind != event.KindWatch || !below || rest == "" {
			break
		}
		all = append(all, *r)
	}
	return all
}

// nearest is the path that shares most elements with path, at its start and at its end.
func (x *index) nearest(path string) string {
	want := strings.Split(x.fold(path), string(x.platform.Separator()))
	best, bestLike, bestLen := "", -1, 0
	for _, candidate := range x.paths {
		have := strings.Split(x.fold(candidate), string(x.platform.Separator()))
		like, n := 0, min(len(have), len(want))
		for like < n && have[like] == want[like] {
			like++
		}
		for i := 1; like < n && i <= n-like && have[len(have)-i] == want[len(want)-i]; i++ {
			like++
		}
		off := max(len(have), len(want)) - n
		if like > bestLike || (like == bestLike && off < bestLen) {
			best, bestLike, bestLen = candidate, like, off
		}
	}
	return best
}

// matching lists the watched paths, as they are replayed, that fit a pattern,
// element by element. The pattern may also be written for the recorded path.
func (x *index) matching(pattern string, replayed event.Platform, m *mapper) ([]string, error) {
	var all []string
	for _, recorded := range x.paths {
		path := m.path(recorded)
		ok, err := match(replayed, pattern, path)
		if err == nil && !ok && path != recorded {
			ok, err = match(x.platform, separate(pattern, replayed, x.platform), recorded)
		}
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, path)
		}
	}
	return all, nil
}

// match is path.Match for the separator and the case rules of platform p.
func match(p event.Platform, pattern, name string) (bool, error) {
	pattern, name = p.Fold(pattern), p.Fold(name)
	separator := string(p.Separator())
	want, have := strings.Split(pattern, separator), strings.Split(name, separator)
	fits := len(want) == len(have)
	for i := range want {
		element := ""
		if fits {
			element = have[i]
		}
		ok, err := path.Match(want[i], element)
		if err != nil {
			return false, err
		}
		fits = fits && ok
	}
	return fits, nil
}
