package event

import (
	"cmp"
	"slices"
)

// Table is the watch table: which watch descriptor stands for which path. It
// is a function of the KindWatch, KindUnwatch, KindMove and KindMask records applied to
// it, and of nothing else. It is not safe for concurrent use.
//
// Finding a watch takes constant time, renaming a directory takes time
// proportional to the number of watches below it.
type Table struct {
	platform Platform
	byWD     map[int32]*Watch
	byPath   map[string]*node // by folded path; watched places and the directories that lead to them
	last     *Watch           // of the latest Watch call: events come in runs
}

// Watch is one entry of a Table. Callers do not change it.
type Watch struct {
	WD     int32
	Parent int32  // wd of the watch whose auto-add placed this one, 0 where a caller asked for it
	Mask   Mask   // as asked for
	Kernel Mask   // as given to the kernel of Linux
	Flags  Flags  // FlagDir, FlagRecursive, FlagAutoAdd, FlagLost
	Filter Filter // as given to the kernel of Windows
	Path   string
	at     *node // nil once another watch took the place, or the place is not known
}

// Lost reports whether the watched object left the tree, so that Path is only
// where it was last seen.
func (w *Watch) Lost() bool { return w.Flags&FlagLost != 0 }

// Record is the KindWatch record, without number and time, that makes an entry like w.
func (w *Watch) Record() Record {
	return Record{Kind: KindWatch, Flags: w.Flags, WD: w.WD, Mask: w.Mask, N: int64(w.Kernel), M: int64(w.Parent), P: int64(w.Filter), Path: w.Path}
}

// node is a place in the tree of paths. It exists while it or a place below it is watched.
type node struct {
	path              string
	up                *node // nil for a root
	first, next, prev *node // first child, siblings
	watch             *Watch
}

// NewTable gives an empty table that follows the path rules of platform.
func NewTable(platform Platform) *Table {
	return &Table{platform: platform, byWD: make(map[int32]*Watch), byPath: make(map[string]*node)}
}

// Len is the number of watches.
func (t *Table) Len() int { return len(t.byWD) }

// Watch gives the entry of wd, or nil.
func (t *Table) Watch(wd int32) *Watch {
	if w := t.last; w != nil && w.WD == wd {
		return w
	}
	w := t.byWD[wd]
	if w != nil {
		t.last = w
	}
	return w
}

// At gives the watch that stands for path, or nil. Path must be clean.
func (t *Table) At(path string) *Watch {
	if n := t.byPath[t.platform.Fold(path)]; n != nil {
		return n.watch
	}
	return nil
}

// Below appends the watches at and below path to to, parents before what they hold.
func (t *Table) Below(path string, to []*Watch) []*Watch {
	n := t.byPath[t.platform.Fold(path)]
	if n == nil {
		return to
	}
	n.walk(func(n *node) {
		if n.watch != nil {
			to = append(to, n.watch)
		}
	})
	return to
}

// Watches lists all watches in the order of their wds.
func (t *Table) Watches() []*Watch {
	all := make([]*Watch, 0, len(t.byWD))
	for _, w := range t.byWD {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *Watch) int { return cmp.Compare(a.WD, b.WD) })
	return all
}

// Apply carries out a record that changes the table (see [Record.IsTableChange]) and ignores every other.
func (t *Table) Apply(r *Record) {
	switch r.Kind {
	case KindWatch:
		t.set(r)
	case KindUnwatch:
		if w := t.byWD[r.WD]; w != nil {
			t.vacate(w)
			delete(t.byWD, r.WD)
			if t.last == w {
				t.last = nil
			}
		}
	case KindMove:
		if r.Path == "" {
			t.lose(r.Src)
		} else {
			t.move(r.Src, r.Path)
		}
	case KindMask:
		for wd := range r.Masked() {
			if w := t.byWD[wd]; w != nil {
				w.Kernel = Mask(r.N)
			}
		}
	}
}

func (t *Table) set(r *Record) {
	w := t.byWD[r.WD]
	if w == nil {
		w = &Watch{WD: r.WD}
		t.byWD[r.WD] = w
	}
	w.Parent, w.Mask, w.Kernel, w.Flags = int32(r.M), r.Mask, Mask(r.N), r.Flags
	w.Filter = Filter(r.P)
	if w.at != nil && w.Path == r.Path && !w.Lost() {
		return
	}
	t.vacate(w)
	w.Path = r.Path
	if w.Lost() {
		return
	}
	n := t.place(r.Path)
	if n.watch != nil {
		n.watch.at = nil
	}
	n.watch, w.at = w, n
}

// place finds or makes the node of path and of every directory above it.
func (t *Table) place(path string) *node {
	key := t.platform.Fold(path)
	if n := t.byPath[key]; n != nil {
		return n
	}
	n := &node{path: path}
	t.byPath[key] = n
	if parent := t.platform.Parent(path); parent != path {
		n.attach(t.place(parent))
	}
	return n
}

// vacate takes w out of the tree of paths and removes the nodes that nothing needs any more.
func (t *Table) vacate(w *Watch) {
	n := w.at
	if n == nil {
		return
	}
	n.watch, w.at = nil, nil
	t.prune(n)
}

func (t *Table) prune(n *node) {
	for n != nil && n.watch == nil && n.first == nil {
		up := n.up
		n.detach()
		delete(t.byPath, t.platform.Fold(n.path))
		n = up
	}
}

// lose takes everything at and below path out of the tree of paths.
func (t *Table) lose(path string) {
	n := t.byPath[t.platform.Fold(path)]
	if n == nil {
		return
	}
	n.walk(func(n *node) {
		if n.watch != nil {
			n.watch.Flags |= FlagLost
		}
	})
	t.cut(n)
}

// cut removes n and everything below it from the tree; its watches keep only their last path.
func (t *Table) cut(n *node) {
	n.walk(func(n *node) {
		if n.watch != nil {
			n.watch.at = nil
		}
		delete(t.byPath, t.platform.Fold(n.path))
	})
	up := n.up
	n.detach()
	t.prune(up)
}

// maxPath is how long, in bytes, a path may become by renames: some more than what
// the system takes. A recording that moves directories into each other for ever
// could fill the memory otherwise.
func (p Platform) maxPath() int {
	if p == Windows {
		return 32 << 10
	}
	return 8 << 10
}

// move re-roots everything at and below src to dst. What stood at dst was
// overwritten by the rename and gives way. What would get a path that no system
// has is lost.
func (t *Table) move(src, dst string) {
	n := t.byPath[t.platform.Fold(src)]
	if n == nil || src == dst {
		return
	}
	if _, inside := t.platform.Below(src, dst); inside && t.platform.Fold(src) != t.platform.Fold(dst) {
		return // no file system can do it, but a hostile log can say it
	}
	if victim := t.byPath[t.platform.Fold(dst)]; victim != nil && victim != n {
		if _, inside := t.platform.Below(dst, src); inside {
			return // nor can a directory replace one that it is in
		}
		t.cut(victim)
	}
	longest := 0
	n.walk(func(n *node) { longest = max(longest, len(n.path)) })
	if longest-len(src)+len(dst) > t.platform.maxPath() {
		t.lose(src)
		return
	}
	up := n.up
	n.detach()
	n.walk(func(n *node) { delete(t.byPath, t.platform.Fold(n.path)) })
	n.walk(func(n *node) {
		n.path = dst + n.path[len(src):]
		t.byPath[t.platform.Fold(n.path)] = n
		if n.watch != nil {
			n.watch.Path = n.path
		}
	})
	if parent := t.platform.Parent(dst); parent != dst {
		n.attach(t.place(parent))
	}
	t.prune(up)
}

func (n *node) attach(up *node) {
	n.up, n.prev, n.next = up, nil, up.first
	if up.first != nil {
		up.first.prev = n
	}
	up.first = n
}

func (n *node) detach() {
	switch {
	case n.prev != nil:
		n.prev.next = n.next
	case n.up != nil:
		n.up.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	}
	n.up, n.prev, n.next = nil, nil, nil
}

// walk visits n and everything below it, parents first. visit must not change the links.
func (n *node) walk(visit func(*node)) {
	for at := n; at != nil; {
		visit(at)
		if at.first != nil {
			at = at.first
			continue
		}
		for at != n && at.next == nil {
			at = at.up
		}
		if at == n {
			return
		}
		at = at.next
	}
}
