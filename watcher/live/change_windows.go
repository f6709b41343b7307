package live

import (
	"strings"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

// change tells of one change of a directory, and of what it needs to be understood.
func (n *ReadDirectoryChanges) change(w *watch, r *event.Record) {
	own := r.Flags&event.FlagOwn != 0
	paired := w.renaming
	if isRename(r.Action()) { // other changes may come between its halves
		w.renaming = r.Action() == event.FILE_ACTION_RENAMED_OLD_NAME
	}
	if own && strings.IndexByte(r.Name, '\\') < 0 {
		n.tell(*r)
		return
	}
	if mayBeShort(r.Name) {
		if long := longName(w.now, r.Name); !sameName(long, r.Name) {
			r.Src, r.Name = r.Name, long
		}
	}
	if w.hides(r.Name, n.opts.Drop) {
		return
	}
	if own {
		n.tell(*r)
		return
	}
	if !w.cur.call.extended {
		n.look(w, r)
	}
	isDir := r.Attributes()&event.FILE_ATTRIBUTE_DIRECTORY != 0
	if isDir && r.Action() == event.FILE_ACTION_MODIFIED && w.excludes(r.Name) {
		return // it says that something happened in it
	}
	w.scope.follow(r)
	n.tell(*r)
	if isDir && cameIn(r.Action(), paired) && w.listed() && w.subtree() && w.scope.holds(r.Name) && !w.excludes(r.Name) {
		n.list(w, r.Name)
	}
}

func isRename(action event.Action) bool {
	return action == event.FILE_ACTION_RENAMED_OLD_NAME || action == event.FILE_ACTION_RENAMED_NEW_NAME
}

// cameIn reports whether a change puts a directory there of whose contents nothing is known.
func cameIn(action event.Action, paired bool) bool {
	return action == event.FILE_ACTION_ADDED || action == event.FILE_ACTION_RENAMED_NEW_NAME && !paired
}

// listed reports whether the directories are listed, because the system does
// not say with a change whether its subject is one.
func (w *watch) listed() bool { return w.file == nil && !w.cur.call.extended }

// look finds out what the subject of a change is, if it still is there.
func (n *ReadDirectoryChanges) look(w *watch, r *event.Record) {
	switch r.Action() {
	case event.FILE_ACTION_ADDED, event.FILE_ACTION_MODIFIED, event.FILE_ACTION_RENAMED_NEW_NAME:
	default:
		n.looked = ""
		return
	}
	if n.looked != r.Name || r.Name == "" {
		n.looked = r.Name
		n.found, n.foundErr = attributesAt(w.start, r.Name)
		const point = event.FILE_ATTRIBUTE_DIRECTORY | event.FILE_ATTRIBUTE_REPARSE_POINT
		if n.foundFlags = 0; n.foundErr == nil && n.found&point == point && isMarked(event.Windows.Join(w.now, r.Name)) {
			n.foundFlags = event.FlagDir
		}
	}
	if n.foundErr == nil {
		r.Cookie = uint32(n.found)
		r.Flags |= event.FlagInferred | n.foundFlags
	}
}

// list tells of the directories below the directory name.
func (n *ReadDirectoryChanges) list(w *watch, name string) {
	err := w.cur.dir.use(func(h windows.Handle) error {
		n.lister.tree(h, name, w.subtree(), func(e *dirent) bool {
			if !e.isDir() || w.hides(e.name, n.opts.Drop) {
				return false
			}
			n.tell(w.entry(e))
			return w.scope.holds(e.name) && !w.excludes(e.name)
		}, func(string, error) {}, n.isClosed)
		return nil
	})
	_ = err // closed: nothing more is told of it anyway
}

// entry is the KindEntry record of e.
func (w *watch) entry(e *dirent) event.Record {
	return event.Record{Kind: event.KindEntry, WD: w.wd, Name: e.name, Cookie: e.mode, N: e.size, M: e.mtime}
}

// relist tells anew which directories there are.
func (n *ReadDirectoryChanges) relist(w *watch) {
	if w.listed() && !n.isOver(w) {
		n.tell(event.Record{Kind: event.KindEntry, WD: w.wd})
		n.list(w, "")
	}
}

// afterLoss does what is needed where changes of w are missing.
func (n *ReadDirectoryChanges) afterLoss(w *watch, time int64) {
	w.renaming = false
	w.scope.lost()
	n.story = n.story[:0]
	if w.file != nil {
		w.file.moving = false
		if _, err := attributesAt(w.start, w.file.name); saysGone(err) {
			n.finish(w, event.CauseDeleted, time)
			return
		}
		w.file.removed = false
	}
	n.resend(w)
	n.relist(w)
	n.deliver(n.clock())
}

// fileChange tells of one change in the directory of a watched file, if it is
// about the file. It reports true if the file is gone as of the change before.
func (n *ReadDirectoryChanges) fileChange(w *watch, r *event.Record) (gone bool) {
	f := w.file
	action := r.Action()
	is := f.is(r.Name)
	if f.removed && (action != event.FILE_ACTION_RENAMED_OLD_NAME || !is) {
		return true
	}
	arrives := f.moving && action == event.FILE_ACTION_RENAMED_NEW_NAME
	f.removed = false
	if isRename(action) { // other changes may come between its halves
		f.moving = false
	}
	if !arrives && !is {
		return false
	}
	if !w.cur.call.extended {
		n.look(w, r)
	}
	n.tell(*r)
	switch {
	case action == event.FILE_ACTION_REMOVED:
		f.removed = true
	case action == event.FILE_ACTION_RENAMED_OLD_NAME:
		f.moving = true
	case arrives:
		to := event.Windows.Join(w.dir, r.Name)
		n.mu.Lock()
		from := w.path
		w.path = to
		n.mu.Unlock()
		n.tell(event.Record{Kind: event.KindMove, Src: from, Path: to})
		f.name, f.short = r.Name, r.Name
	}
	return false
}
