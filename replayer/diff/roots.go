package diff

import (
	"slices"
	"sort"
	"strings"

	"fsrec/watcher/event"
)

// root is a watched path that is in no other.
type root struct {
	path string
	node uint32
	used bool // something below it is or was watched
}

func (s *side) platform() event.Platform { return s.input.Header.Platform }

// clean is path without separators at its end.
func (s *side) clean(path string) string {
	for path != "" && path[len(path)-1] == s.platform().Separator() {
		up := s.platform().Parent(path)
		if up == path {
			break
		}
		path = up
	}
	return path
}

// addRoot makes a root of path, unless it is one.
func (s *side) addRoot(path string) *root {
	path = s.clean(path)
	if top := s.tops.At(path); top != nil {
		return &s.roots[top.WD]
	}
	s.tops.Apply(&event.Record{Kind: event.KindWatch, WD: int32(len(s.roots)), Path: path})
	s.roots = append(s.roots, root{path: path, node: s.names.root(salt[1])})
	return &s.roots[len(s.roots)-1]
}

// addRecorded makes roots of those of the header, but for what is in another one.
func (s *side) addRecorded() {
	all := event.NewTable(s.platform())
	for i, path := range s.input.Header.Roots {
		all.Apply(&event.Record{Kind: event.KindWatch, WD: int32(i), Path: s.clean(path)})
	}
	for _, path := range s.input.Header.Roots {
		path = s.clean(path)
		if up := s.platform().Parent(path); up == path || all.Over(up) == nil {
			s.addRoot(path)
		}
	}
}

// inRoot reports whether an absolute path is that of a root, or below one.
func (s *side) inRoot(path string) bool { return s.tops.Over(s.clean(path)) != nil }

// pathNode is the node of an absolute path; a path in no root becomes one. It is 0 where the path is
// longer than any system has.
func (s *side) pathNode(path string) uint32 {
	path = s.clean(path)
	r := (*root)(nil)
	if top := s.tops.Over(path); top != nil {
		r = &s.roots[top.WD]
	} else if len(path) <= s.platform().MaxPath() {
		r = s.addRoot(path)
	} else {
		return 0
	}
	r.used = true
	rest, _ := s.platform().Below(r.path, path)
	if rest == "" {
		return r.node
	}
	return s.walk(r.node, rest)
}

// A hostile recording can make the paths of its watches longer with every record, and so each event as
// dear as all that came before. Deeper paths are set aside, on both sides the same. More path elements than any tree has
// for the number of records are refused: see BoundError.
const (
	maxPathDepth    = 1024
	freeElements    = 1 << 20
	elementsARecord = 8
)

// beyond reports whether the paths of the records so far have too many elements.
func (s *side) beyond() bool {
	n := int64(s.names.nodes.n)
	return n > freeElements && n > elementsARecord*s.records
}

// walk gives the node of a path of one or more elements below dir, 0 where it
// is beyond the bounds.
func (s *side) walk(dir uint32, path string) uint32 {
	sep := s.platform().Separator()
	if strings.Count(path, string(sep)) > maxPathDepth || s.beyond() {
		return 0
	}
	t := &s.trail
	if t.dir != dir {
		t.dir, t.steps = dir, t.steps[:0]
	}
	n := sort.Search(len(t.steps), func(i int) bool {
		end := t.steps[i].end
		return len(path) < end || len(path) > end && path[end] != sep || path[:end] != t.path[:end]
	})
	t.path, t.steps = path, t.steps[:n]
	at := 0
	if n > 0 {
		at, dir = t.steps[n-1].end+1, t.steps[n-1].node
	}
	for at < len(path) {
		end := len(path)
		if i := strings.IndexByte(path[at:], sep); i >= 0 {
			end = at + i
		}
		if end > at {
			dir = s.element(dir, path[at:end])
			t.steps = append(t.steps, step{end, dir})
		}
		at = end + 1
	}
	return dir
}

// trail is the path that was walked last: the next one often begins as it does.
type trail struct {
	dir   uint32 // where it began
	path  string
	steps []step
}

// step is an element of a path: where it ends, and the node up to there.
type step struct {
	end  int
	node uint32
}

// element gives the node of a single name, under its folded form where case is ignored.
func (s *side) element(dir uint32, name string) uint32 {
	key := name
	if s.conf.fold {
		key = event.Windows.Fold(name)
	}
	id, hash := s.names.find(dir, key)
	if id == 0 {
		id = s.names.insert(dir, key, hash)
		if key != name {
			// The spelling is kept as a root-less name, for those who read the result.
			s.shown[id] = s.names.insertText(name)
		}
	}
	return id
}

// child gives the node of a name of an event, which on Windows may lead through
// directories. A name that is not its own node is remembered as a spelling of it.
func (s *side) child(dir uint32, name string) uint32 {
	id, hash := s.names.find(dir, name)
	if id != 0 {
		if same := s.names.node(id).same; same != 0 {
			return same
		}
		return id
	}
	if !s.conf.fold && (s.platform() != event.Windows || strings.IndexByte(name, '\\') < 0) {
		return s.names.insert(dir, name, hash)
	}
	means := s.walk(dir, name)
	if means == 0 {
		return 0
	}
	if id, hash = s.names.find(dir, name); id == 0 {
		s.names.node(s.names.insert(dir, name, hash)).same = means
	}
	return means
}

// placedAt is the node of a watch, as of the value of side.renames.
type placedAt struct{ node, renames uint32 }

// watchNode is the node of a watch.
func (s *side) watchNode(w *event.Watch) uint32 {
	if at := s.nodes[w.WD]; at.node != 0 && at.renames == s.renames {
		return at.node
	}
	id := s.pathNode(w.Path())
	s.nodes[w.WD] = placedAt{id, s.renames}
	return id
}

// nodeOf is the node of where a record places a watch, or moves several.
func (s *side) nodeOf(r *event.Record) uint32 {
	if r.Kind == event.KindWatch {
		delete(s.nodes, r.WD)
		return s.watchNode(s.table.Watch(r.WD))
	}
	return s.pathNode(r.Path)
}

func (s *side) fill(at *slot, wd int32) {
	*at = slot{wd: wd, tables: s.tables}
	if w := s.table.Watch(wd); w != nil {
		at.node, at.lost, at.mask = s.watchNode(w), w.Lost(), asked(w.Mask)|event.AlwaysDelivered
		at.dir = w.Flags&event.FlagDir != 0
	}
}

// path is where a node stands below its root, as it was first spelled.
func (s *side) path(id uint32) string {
	if len(s.shown) == 0 {
		return s.names.path(id)
	}
	var elements []string
	for ; s.names.node(id).parent != 0; id = s.names.node(id).parent {
		name := id
		if as, ok := s.shown[id]; ok {
			name = as
		}
		elements = append(elements, s.names.spelled(name))
	}
	if len(elements) == 0 {
		return "."
	}
	slices.Reverse(elements)
	return strings.Join(elements, "/")
}

// pairRoots finds for each root of the right side that of the left.
func pairRoots(conf *config, sides [2]*side) (map[uint32]uint32, error) {
	var rooted [2]event.Rooted
	nodes := [2]map[string]uint32{{}, {}}
	for i, s := range sides {
		rooted[i].Platform = s.platform()
		for _, r := range s.usedRoots() {
			rooted[i].Roots = append(rooted[i].Roots, r.path)
			nodes[i][r.path] = r.node
		}
	}
	pairs, err := event.PairRoots(rooted[0], rooted[1], event.RootsOptions{Given: conf.roots, SamePath: !conf.on[StepRoots], Fold: conf.fold})
	if err != nil {
		return nil, err
	}
	of := make(map[uint32]uint32)
	for _, p := range pairs {
		if r := nodes[1][p[1]]; r != 0 {
			of[r] = nodes[0][p[0]] // 0 where only one side has it
		}
	}
	return of, nil
}

// usedRoots are the roots that something is known of.
func (s *side) usedRoots() []root {
	var used []root
	for _, r := range s.roots {
		if r.used {
			used = append(used, r)
		}
	}
	return used
}

func paths(all []root) []string {
	out := make([]string, len(all))
	for i, r := range all {
		out[i] = r.path
	}
	return out
}
