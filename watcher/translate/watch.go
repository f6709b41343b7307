package translate

import "fsrec/watcher/event"

// watch is what translation remembers of one wd.
type watch struct {
	wd     int32
	mask   event.Mask
	filter event.Filter
	// isFile: the watched object is a file, so every change is one of itself.
	isFile bool
	index  index
	from   rename
	held   held
	doubts doubts // of all watches, that this one knows of
}

// doubts count what makes something doubtful that is remembered of every watch.
// Each does it where it is looked at next.
type doubts struct{ forgets, losses, rewinds uint64 }

// doubt takes over the doubts about all watches.
func (w *watch) doubt(all doubts) {
	w.forget()
	switch {
	case all.rewinds != w.doubts.rewinds:
		w.index.reset(false)
	case all.losses != w.doubts.losses:
		w.index.complete = false
	}
	w.doubts = all
}

// rename is the first half of one whose second is still to come.
type rename struct {
	waits  bool
	time   int64
	cookie uint32
	id     int64
	name   string
	is     subject
	below  *node // of the index, with what stands below it; nil if it was not there
}

// held is a REMOVED whose meaning the next change of the watch decides, and the
// start of the read that this one came with.
type held struct {
	waits   bool
	removed event.Record
	hasRead bool
	read    event.Record

	before, after *watch // of those that hold one, by when they began to
}

// set takes over what a KindWatch record says.
func (w *watch) set(r *event.Record) {
	w.mask, w.filter = r.Mask, event.Filter(r.P)
	w.isFile = r.Flags&event.FlagDir == 0
}

// forget drops what later changes could be taken to belong to.
func (w *watch) forget() { w.from = rename{} }

// modified is the event of inotify for a MODIFIED, of which Windows does not say
// whether it is about contents or attributes.
func (w *watch) modified(is subject) event.Mask {
	switch {
	case is == directory:
		return event.IN_ATTRIB
	case w.filter == 0:
		return event.IN_MODIFY
	case w.filter&(event.FILE_NOTIFY_CHANGE_SIZE|event.FILE_NOTIFY_CHANGE_LAST_WRITE) == 0:
		return event.IN_ATTRIB
	case w.mask&event.IN_MODIFY == 0 && w.mask&event.IN_ATTRIB != 0:
		return event.IN_ATTRIB
	}
	return event.IN_MODIFY
}

// subject says what a change is about, and whether that was concluded or is not
// known: FlagInferred, FlagDirUnknown or 0.
func (w *watch) subject(r *event.Record) (subject, event.Flags) {
	if is, ok := attributed(r); ok {
		return is, r.Flags & event.FlagInferred
	}
	return concluded(w.index.lookup(r.Name))
}

// newcomer is subject for a name that was not there before, so that the index cannot know it.
func newcomer(r *event.Record) (subject, event.Flags) {
	if is, ok := attributed(r); ok {
		return is, r.Flags & event.FlagInferred
	}
	return concluded(unknown)
}

func concluded(is subject) (subject, event.Flags) {
	if is == unknown {
		return unknown, event.FlagDirUnknown
	}
	return is, event.FlagInferred
}

// attributed is what the attributes of a change say of its subject. A link or
// junction to a directory is none: neither ReadDirectoryChangesW nor inotify
// follows it, and inotify gives its events no IN_ISDIR. Other reparse points that are
// directories have FlagDir.
func attributed(r *event.Record) (is subject, ok bool) {
	const link = event.FILE_ATTRIBUTE_DIRECTORY | event.FILE_ATTRIBUTE_REPARSE_POINT
	switch a := r.Attributes(); {
	case a == 0:
		return unknown, false
	case a&link == event.FILE_ATTRIBUTE_DIRECTORY, a&link == link && r.Flags&event.FlagDir != 0:
		return directory, true
	}
	return file, true
}

// enter puts a name that is new into the index, as far as that is needed to
// answer for it later.
func (w *watch) enter(r *event.Record, is subject) {
	if is == file && !w.index.complete && r.Flags&event.FlagInferred == 0 {
		w.index.take(r.Name) // each record says it of itself
		return
	}
	w.index.learn(r.Name, is)
}
