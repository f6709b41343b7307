package live

import (
	"strings"

	"golang.org/x/sys/unix"

	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

// nameTooLong is longer than any file system takes.
var nameTooLong = strings.Repeat("x", unix.NAME_MAX+1)

// departures are the watched places that left a directory and have not arrived
// anywhere yet.
type departures struct {
	byCookie map[uint32]departure
	byWD     map[int32]uint32    // cookie, of those that are watched themselves
	adrift   map[uint32]*item    // directories that left before their watch was placed
	replaced map[string]replaced // by the path at which a rename put something else
}

type departure struct {
	path   string
	wd     int32 // of the watch of path, 0 if only places below it are watched
	barred bool  // a barrier is on its way
}

// replaced is a watched place that a rename of src covered.
type replaced struct {
	src     string
	watches []covered
}

type covered struct {
	wd   int32
	rest string // of its path, with the separator
}

func (d *departures) forget() { *d = departures{} }

// departsFrom reports whether path is, in the table, at or below a place that
// left. A barrier sees to it that this is not so for ever.
func (n *Inotify) departsFrom(path string) bool {
	for cookie, d := range n.departing.byCookie {
		if _, below := event.Linux.Below(d.path, path); !below {
			continue
		}
		if !d.barred {
			d.barred = true
			n.departing.byCookie[cookie] = d
			n.barDeparture(cookie, d.path)
		}
		return true
	}
	return false
}

// barDeparture ends what left path with cookie when all that has happened is
// known, unless it has arrived by then. The rename may be half queued; looking up
// a name waits for the directory's lock, which a rename holds until it has queued
// all, if the name is not in the kernel's cache: one that is too long never is.
func (n *Inotify) barDeparture(cookie uint32, path string) {
	var s unix.Stat_t
	_ = unix.Lstat(event.Linux.Join(event.Linux.Parent(path), nameTooLong), &s)
	n.bar(barrier{cookie: cookie})
}

// entry follows what the kernel said about a name in directory w.
func (n *Inotify) entry(w *event.Watch, r event.Record) {
	if w.Lost() {
		return
	}
	key := todoKey{r.WD, r.Name}
	dir := r.Mask&event.IN_ISDIR != 0
	switch {
	case r.Mask&event.IN_CREATE != 0:
		if w.Flags&event.FlagAutoAdd != 0 {
			n.want(w, r.Name)
		}
	case r.Mask&event.IN_DELETE != 0:
		n.todo.drop(key)
		if at := n.table.At(event.Linux.Join(w.Path(), r.Name)); at != nil {
			n.doomed[at.WD] = true
		}
	case r.Mask&event.IN_MOVED_FROM != 0:
		if it := n.todo.drop(key); it != nil && it.add != nil {
			set(&n.departing.adrift, r.Cookie, it)
			it.add.open++
		}
		n.departed(event.Linux.Join(w.Path(), r.Name), r.Cookie)
	case r.Mask&event.IN_MOVED_TO != 0:
		n.arrived(w, r.Name, r.Cookie, dir)
	}
}

// departed remembers that path left its directory, if anything at or below it is watched.
func (n *Inotify) departed(path string, cookie uint32) {
	d := departure{path: path}
	if at := n.table.At(path); at != nil && n.doomed[at.WD] {
		return
	} else if at != nil {
		d.wd = at.WD
		set(&n.departing.byWD, d.wd, cookie)
	} else if len(n.table.Below(path, nil)) == 0 {
		return
	} else {
		// No MOVE_SELF will tell that the whole rename has been seen.
		n.barDeparture(cookie, path)
		d.barred = true
	}
	set(&n.departing.byCookie, cookie, d)
}

// arrived follows a name into directory w.
func (n *Inotify) arrived(w *event.Watch, name string, cookie uint32, dir bool) {
	path := event.Linux.Join(w.Path(), name)
	d, known := n.departing.byCookie[cookie]
	it := n.departing.adrift[cookie]
	delete(n.departing.adrift, cookie)
	if !known {
		switch {
		case it != nil:
			it.add.open--
			n.todo.push(&item{parent: w.WD, name: name, add: it.add, root: it.root})
		case dir && w.Flags&event.FlagAutoAdd != 0:
			n.want(w, name)
		}
		return
	}
	if it != nil {
		it.add.open--
	}
	delete(n.departing.byCookie, cookie)
	delete(n.departing.byWD, d.wd)
	n.todo.drop(todoKey{w.WD, name})
	if dir && n.excluded(w.WD, path) {
		n.leave(d.path)
		return
	}
	n.move(d.path, path)
}

// move re-roots the watches at and below src to dst.
func (n *Inotify) move(src, dst string) {
	if was, ok := n.departing.replaced[src]; ok && was.src == dst && n.exchanged(src, was.watches[0].wd) {
		// The second half of an exchange: what the first half covered lives on at dst.
		delete(n.departing.replaced, src)
		for _, c := range was.watches {
			if w := n.table.Watch(c.wd); w != nil && n.causes[c.wd] == "" {
				r := w.Record()
				r.Path = dst + c.rest
				n.emit(r)
				n.placed(c.wd, r.Path)
			}
		}
		return
	}
	if victims := n.table.Below(dst, nil); len(victims) > 0 && src != dst {
		was := replaced{src: src}
		for _, w := range victims {
			was.watches = append(was.watches, covered{w.WD, w.Path()[len(dst):]})
		}
		set(&n.departing.replaced, dst, was)
	}
	move := event.Record{Kind: event.KindMove, Src: src, Path: dst}
	if n.table.TooLong(&move) {
		n.tooLong(src, dst)
		return
	}
	n.emit(move)
	for _, w := range n.table.Below(dst, nil) {
		n.placed(w.WD, w.Path())
		if w.Path() != dst && n.excluded(w.WD, w.Path()) && w.Flags&event.FlagDir != 0 {
			n.leave(w.Path())
		}
	}
}

// tooLong ends the watches at and below src, which went to dst, where paths become
// longer than anything takes.
func (n *Inotify) tooLong(src, dst string) {
	var mask event.Mask
	var parent int32
	if w := n.table.At(src); w != nil {
		mask = w.Mask
	}
	if up := n.table.At(event.Linux.Parent(dst)); up != nil {
		parent = up.WD
	}
	n.emitFail("watch", dst, unix.ENAMETOOLONG, mask, parent)
	n.leave(src)
}

// exchanged reports whether the rename of src, whose MOVED_TO is being processed,
// moved the object of watch covered and not the one that the table has there.
func (n *Inotify) exchanged(src string, covered int32) bool {
	w := n.table.At(src)
	if w == nil || n.table.Watch(covered) == nil {
		return false
	}
	n.drain()
	texts := []string{n.stream.rest}
	for _, c := range n.stream.pending {
		texts = append(texts, c.text)
	}
	for _, text := range texts {
		var r event.Record
		for at := 0; at < len(text); {
			size, err := decode.InotifyEvent(text, at, &r)
			if err != nil {
				return false
			}
			at += size
			if r.Mask&event.IN_MOVE_SELF != 0 && (r.WD == covered || r.WD == w.WD) {
				return r.WD == covered
			}
		}
	}
	return false
}

// leave ends every watch at and below path, which is no longer where it was.
func (n *Inotify) leave(path string) {
	gone := n.table.Below(path, nil)
	n.emit(event.Record{Kind: event.KindMove, Src: path})
	for _, w := range gone {
		if n.causes[w.WD] == "" && n.end(w.WD) == nil {
			n.causes[w.WD] = event.CauseMovedOut
		}
	}
}

// self follows what the kernel said about the object of watch w.
func (n *Inotify) self(w *event.Watch, r event.Record, place int64) {
	switch {
	case r.Mask&event.IN_IGNORED != 0:
		n.ended(w, n.cause(w))
	case r.Mask&event.IN_DELETE_SELF != 0:
		n.because(w.WD, event.CauseDeleted)
	case r.Mask&event.IN_UNMOUNT != 0:
		n.because(w.WD, event.CauseUnmounted)
	case r.Mask&event.IN_MOVE_SELF != 0 && !w.Lost():
		n.movedSelf(w, place)
	}
}

// movedSelf ends w unless the directory that it went to has told, or will.
//
// The kernel queues MOVED_FROM, MOVED_TO and MOVE_SELF of one rename in this
// order, with the directories locked (fsnotify_move, called by vfs_rename).
func (n *Inotify) movedSelf(w *event.Watch, place int64) {
	cookie, departed := n.departing.byWD[w.WD]
	if departed {
		delete(n.departing.byCookie, cookie)
		delete(n.departing.byWD, w.WD)
	} else if place < n.settled[w.WD] {
		return
	} else if up := n.table.At(event.Linux.Parent(w.Path())); up != nil && up != w && up.Kernel&event.IN_MOVED_FROM != 0 {
		return // its directory has told where it went
	}
	n.leave(w.Path())
}

func (n *Inotify) because(wd int32, cause string) {
	if n.causes[wd] == "" {
		n.causes[wd] = cause
	}
}

func (n *Inotify) cause(w *event.Watch) string {
	switch cause := n.causes[w.WD]; {
	case cause != "":
		return cause
	case w.Mask&event.IN_ONESHOT != 0:
		return event.CauseOneshot
	}
	return event.CauseIgnored
}

// ended takes w, of which nothing more will come, out of the table.
func (n *Inotify) ended(w *event.Watch, cause string) {
	wd := w.WD
	if w.Flags&event.FlagDir == 0 {
		n.files--
	}
	delete(n.causes, wd)
	delete(n.policies, wd)
	n.told(wd)
	delete(n.settled, wd)
	delete(n.doomed, wd)
	n.ignore.forget(wd)
	if cookie, ok := n.departing.byWD[wd]; ok {
		delete(n.departing.byWD, wd)
		delete(n.departing.byCookie, cookie)
	}
	if was, ok := n.departing.replaced[w.Path()]; ok && len(was.watches) > 0 && was.watches[0].wd == wd {
		delete(n.departing.replaced, w.Path())
	}
	n.emit(event.Record{Kind: event.KindUnwatch, WD: wd, Name: cause, Path: w.Path()})
}

// placed is called for a watch that has a path, a new one or another one than before.
func (n *Inotify) placed(wd int32, path string) { n.ignore.place(wd, path) }

// excluded asks the filter that watch wd hands down.
func (n *Inotify) excluded(wd int32, path string) bool {
	p := n.policies[wd]
	return p != nil && p.exclude != nil && p.exclude(path)
}

// set stores into a map that is made on first use.
func set[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}
