package live

import (
	"cmp"
	"slices"

	"fsrec/watcher/event"
)

// pollWatch is one watch: of a directory with what the latest look found in it, or of another object.
type pollWatch struct {
	wd      int32 // 0 until it is told of
	mask    event.Mask
	told    event.Mask // the events that are emitted
	flags   event.Flags
	parent  int32                  // wd of the watch whose auto-add placed it
	follow  bool                   // the path may end in a symlink
	exclude func(path string) bool // nil: nothing is
	self    pollEntry
	entries []pollEntry // in the order of the listing
	failed  error       // why the latest look could not list it
	over    bool

	up   *pollWatch // whose listing leads to it; nil: its path does
	kids []*pollWatch

	pollPlace
}

// pollPlace is what a look finds out about a watch.
type pollPlace struct {
	seen    uint64 // the number of the look that found its object
	at      string
	in      *pollWatch // the watch in whose listing it was found, or nil
	now     pollEntry
	next    []pollEntry // what is in the directory, where that differs
	differs bool
	tried   bool // to list it
	listed  bool
	gone    bool
	fresh   bool        // placed by this look
	err     error       // why it could not be listed
	arrival *pollChange // that brought it here
}

// pollMask is the part of a mask that is emitted: what is asked for and can be
// told, and what keeps the watch table readable, as of inotify.
func pollMask(asked event.Mask, flags event.Flags) event.Mask {
	m := asked & event.IN_ALL_EVENTS &^ pollNever
	if asked&event.IN_ONESHOT != 0 {
		return m | event.IN_ONESHOT
	}
	m |= event.IN_MOVE_SELF | event.IN_DELETE_SELF
	if flags&event.FlagDir != 0 && flags&(event.FlagRecursive|event.FlagAutoAdd) != 0 {
		m |= event.IN_CREATE | event.IN_MOVED_FROM | event.IN_MOVED_TO
	}
	return m
}

func (w *pollWatch) isDir() bool { return w.flags&event.FlagDir != 0 }

func (w *pollWatch) record(path string) event.Record {
	return event.Record{Kind: event.KindWatch, Flags: w.flags, WD: w.wd, Mask: w.mask, N: int64(w.told), M: int64(w.parent), Path: path}
}

func (w *pollWatch) excludes(path string) bool { return w.exclude != nil && w.exclude(path) }

// begin gives a watch its wd and tells of it.
func (n *Poll) begin(w *pollWatch, path string) {
	n.latest++
	w.wd = n.latest
	n.watches[w.wd] = w
	if w.self.id.known() {
		n.byID[w.self.id] = w
	}
	n.emit(w.record(path))
}

// end tells that a watch is over.
func (n *Poll) end(w *pollWatch, cause string) {
	if w.over {
		return
	}
	w.over = true
	path := n.pathOf(w)
	n.emit(event.Record{Kind: event.KindEvent, WD: w.wd, Mask: event.IN_IGNORED})
	n.emit(event.Record{Kind: event.KindUnwatch, WD: w.wd, Name: cause, Path: path})
	w.at = path
	delete(n.watches, w.wd)
	if n.byID[w.self.id] == w {
		delete(n.byID, w.self.id)
	}
	for _, kid := range w.kids {
		kid.up = nil
	}
	if w.up != nil {
		w.up.kids = slices.DeleteFunc(w.up.kids, func(k *pollWatch) bool { return k == w })
	}
}

// pathOf is the path that the table has for w, or had when it ended.
func (n *Poll) pathOf(w *pollWatch) string {
	if t := n.table.Watch(w.wd); t != nil {
		return t.Path()
	}
	return w.at
}

// stands reports whether w is what the table has at its path.
func (n *Poll) stands(w *pollWatch) bool {
	t := n.table.Watch(w.wd)
	return t != nil && n.table.At(t.Path()) == t
}

// watchOf gives the watch of the object of e, or nil.
func (n *Poll) watchOf(e *pollEntry) *pollWatch {
	if !e.id.known() {
		return nil
	}
	if w := n.byID[e.id]; w != nil && w.self.is(e) {
		return w
	}
	return nil
}

// event emits an event of w if it is wanted.
func (n *Poll) event(w *pollWatch, mask event.Mask, name string, cookie uint32, flags event.Flags) {
	if w.over || w.wd == 0 || mask&w.told&event.IN_ALL_EVENTS == 0 || n.hidden(w, name) {
		return
	}
	n.emit(event.Record{Kind: event.KindEvent, Flags: flags, WD: w.wd, Mask: mask, Name: name, Cookie: cookie})
	if w.told&event.IN_ONESHOT != 0 {
		n.end(w, event.CauseOneshot)
	}
}

func (n *Poll) hidden(w *pollWatch, name string) bool {
	if name == "" && n.ignore.isPath(n.pathOf(w)) {
		return true
	}
	return n.opts.Drop != nil && n.dropped(pollPlatform.Join(n.pathOf(w), name))
}

func (n *Poll) dropped(path string) bool { return n.opts.Drop != nil && n.opts.Drop(path) }

// list lists a directory as a look at w would find it: what is ignored is not
// there. The names come in the order of the listing.
func (n *Poll) list(w *pollWatch, path string, follow bool, visit func(e *pollEntry)) (self pollEntry, err error) {
	var ignored []string
	err = pollRead(path, follow, func(e *pollEntry) {
		self = *e
		ignored = n.ignore.namesIn(e.id, path)
	}, func(e *pollEntry) {
		if len(ignored) == 0 || !slices.Contains(ignored, e.name) {
			visit(e)
		}
	})
	return self, err
}

// sorted gives all watches in the order of their wds.
func (n *Poll) sorted() []*pollWatch {
	all := make([]*pollWatch, 0, len(n.watches))
	for _, w := range n.watches {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *pollWatch) int { return cmp.Compare(a.wd, b.wd) })
	return all
}

// pollIgnored are the paths of Options.Ignore. A name is ignored in the
// directory that holds it, whatever path leads there.
type pollIgnored struct {
	paths []string // absolute
	in    []pollID // of the directory of each
}

func (i *pollIgnored) set(paths []string) error {
	for _, path := range paths {
		abs, err := absolute(path)
		if err != nil {
			return err
		}
		i.paths = append(i.paths, abs)
	}
	i.in = make([]pollID, len(i.paths))
	return nil
}

// refresh finds the directories, which may have been made or replaced.
func (i *pollIgnored) refresh() {
	for k, path := range i.paths {
		i.in[k] = pollID{}
		if dir, err := pollStat(pollPlatform.Parent(path), true); err == nil {
			i.in[k] = dir.id
		}
	}
}

func (i *pollIgnored) namesIn(dir pollID, path string) (names []string) {
	for k, p := range i.paths {
		if dir.known() && i.in[k] == dir || pollPlatform.Parent(p) == path {
			names = append(names, pollPlatform.Base(p))
		}
	}
	return names
}

func (i *pollIgnored) isPath(path string) bool { return slices.Contains(i.paths, path) }
