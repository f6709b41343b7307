package event

import (
	"cmp"
	"slices"
)

// Table is the watch table: which watch descriptor stands for which path. It
// is a function of the KindWatch, KindUnwatch, KindMove and KindMask records applied to
// it, and of nothing else. It is not safe for concurrent use.
//
// On Windows, where a path can be written in several ways, a watch has the letters of its
// latest KindWatch record, and what was renamed those of the KindMove record.
//
// Finding a watch by its wd takes constant time. What is given a path, renaming
// a directory too, takes time proportional to the length of the path,
// however much there is below it.
type Table struct {
	places
	byWD    map[int32]*Watch
	last    *Watch // of the latest Watch call: events come in runs
	letters letters
}

// Watch is one entry of a Table. Callers do not change it.
type Watch struct {
	WD      int32
	Parent  int32  // wd of the watch whose auto-add placed this one, 0 where a caller asked for it
	Mask    Mask   // as asked for
	Kernel  Mask   // as given to the kernel of Linux
	Flags   Flags  // FlagDir, FlagRecursive, FlagAutoAdd, FlagLost
	Filter  Filter // as given to the kernel of Windows
	table   *Table
	at      *node  // nil once another watch took the place, or the place is not known
	path    string // where at was in that version of the places
	version uint64
}

// Path is where the watched object is, as far as the records have come. It does not
// allocate unless a directory was renamed since the last call.
func (w *Watch) Path() string {
	if w.version != w.table.version {
		w.resolve()
	}
	return w.path
}

// Lost reports whether the watched object left the tree, so that Path is only
// where it was last seen.
func (w *Watch) Lost() bool {
	if w.version != w.table.version {
		w.resolve()
	}
	return w.Flags&FlagLost != 0
}

// resolve finds out where w is since the latest rename.
func (w *Watch) resolve() {
	if w.at != nil {
		path, top := w.table.join(w.at)
		w.table.write(w, path)
		if top.stands == departed {
			w.Flags |= FlagLost
		}
		if string(path) != w.path {
			w.table.keep(w, string(path))
		}
	}
	w.version = w.table.version
}

// Record is the KindWatch record, without number and time, that makes an entry like w.
func (w *Watch) Record() Record {
	w.Lost() // brings the flags up to date
	return Record{Kind: KindWatch, Flags: w.Flags, WD: w.WD, Mask: w.Mask, N: int64(w.Kernel), M: int64(w.Parent), P: int64(w.Filter), Path: w.Path()}
}

// NewTable gives an empty table that follows the path rules of platform.
func NewTable(platform Platform) *Table {
	return &Table{places: newPlaces(platform), byWD: make(map[int32]*Watch)}
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
	if n := t.find(path); n != nil {
		return n.watch
	}
	return nil
}

// Over gives the watch that stands for path, else that of the nearest directory
// above it that is watched, or nil. Path must be clean.
func (t *Table) Over(path string) *Watch {
	if n := t.over(path); n != nil {
		return n.watch
	}
	return nil
}

// Holds reports whether anything at or below path is watched. Path must be clean.
func (t *Table) Holds(path string) bool { return t.find(path) != nil }

// Below appends the watches at and below path to to, parents before what they hold.
func (t *Table) Below(path string, to []*Watch) []*Watch {
	n := t.find(path)
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
				w.Kernel = r.Mask
			}
		}
	}
}

func (t *Table) set(r *Record) {
	w := t.byWD[r.WD]
	if w == nil {
		w = &Watch{WD: r.WD, table: t}
		t.byWD[r.WD] = w
	}
	stands := r.Flags&FlagLost == 0 && w.at != nil && w.Path() == r.Path && t.find(r.Path) == w.at
	if !stands {
		t.vacate(w)
	}
	w.Parent, w.Mask, w.Kernel, w.Flags = int32(r.M), r.Mask, Mask(r.N), r.Flags
	w.Filter = Filter(r.P)
	if stands {
		return
	}
	w.path, w.version = r.Path, t.version
	if len(r.Path) > t.platform.MaxPath() {
		w.Flags |= FlagLost
	}
	if w.Flags&FlagLost != 0 {
		return
	}
	n := t.place(r.Path)
	if other := n.watch; other != nil {
		other.settle()
	}
	n.watch, w.at = w, n
	t.keep(w, r.Path)
	t.spell(w)
}

// settle has w keep the path that it has, whatever is renamed.
func (w *Watch) settle() {
	w.Path()
	w.at = nil
	w.table.letters.forget(w)
}

// vacate takes w out of the tree of paths and removes the nodes that nothing needs any more.
func (t *Table) vacate(w *Watch) {
	n := w.at
	if n == nil {
		return
	}
	w.settle()
	n.watch = nil
	t.prune(n)
}

// lose takes everything at and below path out of the tree of paths.
func (t *Table) lose(path string) {
	if n := t.find(path); n != nil {
		t.cutOff(n, path, departed)
	}
}

// move re-roots everything at and below src to dst. What stood at dst was
// overwritten by the rename and gives way. What would get a path that no system
// has is lost.
func (t *Table) move(src, dst string) {
	n, victim := t.moving(src, dst)
	if n == nil {
		return
	}
	if victim != nil {
		t.cutOff(victim, dst, overwritten)
	}
	if t.tooLong(n, dst) {
		t.lose(src)
		return
	}
	t.places.move(n, dst)
}

// moving gives what a rename of src to dst moves, nil for nothing, and what it overwrites.
func (t *Table) moving(src, dst string) (n, victim *node) {
	n = t.find(src)
	if n == nil || src == dst {
		return nil, nil
	}
	if _, inside := t.platform.Below(src, dst); inside && t.platform.Fold(src) != t.platform.Fold(dst) {
		return nil, nil // no file system can do it, but a hostile log can say it
	}
	victim = t.find(dst)
	if victim == nil || victim == n {
		return n, nil
	}
	if _, inside := t.platform.Below(dst, src); inside {
		return nil, nil // nor can a directory replace one that it is in
	}
	return n, victim
}

func (t *Table) tooLong(n *node, dst string) bool {
	return len(dst)+int(n.below) > t.platform.MaxPath()
}

// TooLong reports whether r, which is not applied yet, gives a watch a path of more
// than MaxPath bytes. The watches that r moves, or the one that it places, are lost then.
func (t *Table) TooLong(r *Record) bool {
	switch r.Kind {
	case KindWatch:
		return len(r.Path) > t.platform.MaxPath()
	case KindMove:
		n, _ := t.moving(r.Src, r.Path)
		return n != nil && r.Path != "" && t.tooLong(n, r.Path)
	}
	return false
}
