package translate

import (
	"bytes"
	"strings"

	"fsrec/watcher/event"
)

// change translates one change.
func (t *Translator) change(to []event.Record, r *event.Record) []event.Record {
	if r.Flags&event.FlagOwn != 0 {
		return to
	}
	action := r.Action()
	if action < event.FILE_ACTION_ADDED || action > event.FILE_ACTION_RENAMED_NEW_NAME {
		if int64(action) >= int64(len(t.unknown)) {
			action = 0
		}
		t.unknown[action].Add(1)
		return to
	}
	w := t.watch(r.WD)
	if w.isFile || r.Name == "" {
		return w.self(t.release(to, w), r)
	}
	switch {
	case !w.held.waits:
	case t.changesCase(w, r):
		to = t.letGo(to, w)
	case movesAway(&w.held.removed, r):
		return t.moved(to, w, r)
	default:
		to = t.release(to, w)
	}
	switch action {
	case event.FILE_ACTION_ADDED:
		is, how := newcomer(r)
		w.enter(r, is)
		to = append(to, subjected(r, event.IN_CREATE, is, how))
	case event.FILE_ACTION_REMOVED:
		t.hold(w, r)
	case event.FILE_ACTION_MODIFIED:
		is, how := w.subject(r)
		if r.Flags&event.FlagInferred != 0 && is != unknown {
			w.enter(r, is)
		}
		to = append(to, subjected(r, w.modified(is), is, how))
	case event.FILE_ACTION_RENAMED_OLD_NAME:
		to = append(to, t.leave(w, r))
	case event.FILE_ACTION_RENAMED_NEW_NAME:
		return t.arrive(to, w, r)
	}
	return to
}

// subjected is the event for a change.
func subjected(r *event.Record, mask event.Mask, is subject, how event.Flags) event.Record {
	if is == directory {
		mask |= event.IN_ISDIR
	}
	return event.Record{Kind: event.KindEvent, Flags: how, Seq: r.Seq, Time: r.Time, WD: r.WD, Mask: mask, Name: r.Name}
}

// self translates a change of the watched object itself.
func (w *watch) self(to []event.Record, r *event.Record) []event.Record {
	is := directory
	if w.isFile {
		is = file
	}
	ev := event.Record{Kind: event.KindEvent, Seq: r.Seq, Time: r.Time, WD: r.WD}
	switch r.Action() {
	case event.FILE_ACTION_MODIFIED:
		ev = subjected(r, w.modified(is), is, 0)
		ev.Name = ""
	case event.FILE_ACTION_RENAMED_OLD_NAME:
		ev.Mask = event.IN_MOVE_SELF
	default:
		return to
	}
	return append(to, ev)
}

// leave is the first half of a rename. What stands below a directory goes along.
func (t *Translator) leave(w *watch, r *event.Record) event.Record {
	is, how := w.subject(r)
	ev := subjected(r, event.IN_MOVED_FROM, is, how)
	ev.Cookie = t.cookieOf(r)
	w.from = rename{
		waits: true, time: r.Time, cookie: ev.Cookie, id: r.M, name: r.Name,
		is: is, below: w.index.take(r.Name),
	}
	return ev
}

// arrive is the second half of a rename.
func (t *Translator) arrive(to []event.Record, w *watch, r *event.Record) []event.Record {
	from := w.from
	if !from.waits || r.Time-from.time > renameTime || differ(from.id, r.M) {
		is, how := newcomer(r)
		w.enter(r, is)
		ev := subjected(r, event.IN_MOVED_TO, is, how)
		ev.Cookie = t.cookieOf(r)
		return append(to, ev)
	}
	w.forget()
	is, how := from.is, event.Flags(0)
	if delivered, ok := attributed(r); ok {
		is, how = delivered, r.Flags&event.FlagInferred
	} else {
		is, how = concluded(is)
	}
	w.settle(r, is, from.below)
	ev := subjected(r, event.IN_MOVED_TO, is, how)
	ev.Cookie = from.cookie
	return t.carry(append(to, ev), w, r, from.name, is)
}

// settle puts into the index what stands at a name from now on: below, if there
// was something at the name that it had before.
func (w *watch) settle(r *event.Record, is subject, below *node) {
	if below == nil || is == file {
		w.enter(r, is)
		return
	}
	below.is = is
	w.index.put(r.Name, below)
}

// changesCase: r is the second record of a rename that changes only the case of
// letters, whose first is held.
func (t *Translator) changesCase(w *watch, r *event.Record) bool {
	removed := &w.held.removed
	return r.Action() == event.FILE_ACTION_RENAMED_OLD_NAME && !differ(removed.M, r.M) && t.same(removed.Name, r.Name)
}

// movesAway: removed and r are the two records of a move to another directory.
// Within one there would have been a rename: there it is another name of the file, or
// its id was free to be used again, as on FAT.
func movesAway(removed, r *event.Record) bool {
	return r.Action() == event.FILE_ACTION_ADDED && isKnown(r.M) && r.M == removed.M && r.Name != removed.Name &&
		(!isKnown(r.P) || r.P != removed.P)
}

// isKnown: a file id says which file it is. 0 stands where the file system has none, -1
// where one does not fit, as on ReFS ([MS-FSCC] 2.1.9).
func isKnown(id int64) bool { return id != 0 && id != -1 }

// differ: two file ids are known and not the same.
func differ(a, b int64) bool { return isKnown(a) && isKnown(b) && a != b }

// same compares names without regard to case.
func (t *Translator) same(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	t.fold[0] = event.Windows.AppendFold(t.fold[0][:0], a)
	t.fold[1] = event.Windows.AppendFold(t.fold[1][:0], b)
	return bytes.Equal(t.fold[0], t.fold[1])
}

// moved makes the two halves of a move of the REMOVED that w holds and the ADDED r.
func (t *Translator) moved(to []event.Record, w *watch, r *event.Record) []event.Record {
	removed, waiting := w.held.removed, w.from
	from := t.leave(w, &removed)
	is, below := w.from.is, w.from.below
	w.from = waiting // for its second half, which is still to come
	from.Flags |= event.FlagInferred
	to = t.letGo(append(to, from), w)
	if delivered, ok := attributed(r); ok {
		is = delivered
	}
	w.settle(r, is, below)
	_, how := concluded(is)
	ev := subjected(r, event.IN_MOVED_TO, is, how|event.FlagInferred)
	ev.Cookie = from.Cookie
	return t.carry(append(to, ev), w, r, removed.Name, is)
}

// carry tells that the watches below a renamed directory went along.
func (t *Translator) carry(to []event.Record, w *watch, r *event.Record, name string, is subject) []event.Record {
	if is != directory || t.table == nil || t.table.Len() < 2 {
		return to
	}
	at := t.table.Watch(w.wd)
	if at == nil || at.Lost() {
		return to
	}
	src, dst := t.below(at.Path(), name), t.below(at.Path(), r.Name)
	if !t.table.Holds(src) {
		return to
	}
	move := event.Record{Kind: event.KindMove, Seq: r.Seq, Time: r.Time, Src: src, Path: dst}
	t.table.Apply(&move)
	return append(to, move)
}

// below is the path of a name in a watched directory.
func (t *Translator) below(dir, name string) string {
	if t.Paths != event.Windows {
		name = strings.ReplaceAll(name, `\`, string(t.Paths.Separator()))
	}
	return t.Paths.Join(dir, name)
}

// cookieOf is a cookie for the rename that begins with r.
func (t *Translator) cookieOf(r *event.Record) uint32 {
	if c := uint32(r.Seq); c != 0 {
		return c
	}
	t.cookie++
	if t.cookie == 0 {
		t.cookie = 1
	}
	return t.cookie
}

// hold has w hold the REMOVED r.
func (t *Translator) hold(w *watch, r *event.Record) {
	w.held = held{waits: true, removed: *r, before: t.newest}
	if t.newest != nil {
		t.newest.held.after = w
	} else {
		t.first = w
	}
	t.newest = w
}

// release makes an IN_DELETE of the REMOVED that w holds, if it does.
func (t *Translator) release(to []event.Record, w *watch) []event.Record {
	if !w.held.waits {
		return to
	}
	r := &w.held.removed
	is, how := w.subject(r)
	w.index.take(r.Name)
	return t.letGo(append(to, subjected(r, event.IN_DELETE, is, how)), w)
}

// letGo ends the holding of w. The start of a read that waited behind it follows.
func (t *Translator) letGo(to []event.Record, w *watch) []event.Record {
	if w.held.hasRead {
		to = append(to, w.held.read)
	}
	before, after := w.held.before, w.held.after
	if before != nil {
		before.held.after = after
	} else {
		t.first = after
	}
	if after != nil {
		after.held.before = before
	} else {
		t.newest = before
	}
	w.held = held{}
	return to
}

func (t *Translator) releaseAll(to []event.Record) []event.Record {
	for t.first != nil {
		to = t.release(to, t.first)
	}
	return to
}
