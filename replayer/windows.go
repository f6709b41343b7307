package replayer

import (
	"strings"

	"fsrec/watcher/event"
)

// What a recording of Windows needs beside one of inotify: one watch stands for
// a whole tree, and what happens in it comes as changes, under names that lead
// through directories.

// isEvent reports whether r tells of something that happened, by itself.
func isEvent(r *event.Record) bool {
	switch r.Kind {
	case event.KindEvent:
		return r.Flags&event.FlagSynthetic == 0
	case event.KindChange:
		return r.Flags&event.FlagOwn == 0
	}
	return false
}

// lossOf is what stands for lost events, r the first of them, none after time
// since. Windows has a buffer for each watch and does not tell of its overflow by an event.
func lossOf(r *event.Record, since int64) []event.Record {
	if r.Kind == event.KindChange {
		return []event.Record{{Kind: event.KindLoss, Time: r.Time, WD: r.WD, Name: "buffer", N: -1, M: since}}
	}
	return []event.Record{
		{Kind: event.KindEvent, Time: r.Time, WD: -1, Mask: event.IN_Q_OVERFLOW},
		{Kind: event.KindLoss, Time: r.Time, Name: "kernel", N: -1, M: since},
	}
}

// delivers are the events that a recorded watch can tell of.
func delivers(w *event.Record) event.Mask {
	filter, kernel := event.Filter(w.P), event.Mask(w.N)
	switch {
	case filter == 0 && kernel == 0:
		return w.Mask
	case filter == 0:
		return kernel
	}
	// Names are always asked for; whether a change of contents or of attributes was, only the mask says.
	asked := w.Mask | event.IN_CREATE | event.IN_DELETE | event.IN_MOVE | event.IN_DELETE_SELF
	var all event.Mask
	for bit := event.Mask(1); bit&event.IN_ALL_EVENTS != 0; bit <<= 1 {
		if bit.Filter()&filter != 0 {
			all |= bit & asked
		}
	}
	return all
}

// asksFor reports whether a change is one of those that were asked for: in the
// watched directory itself, or below it where that was asked for and is not excluded.
func (a *ask) asksFor(r *event.Record, m *mapper, root string) bool {
	for at := 0; ; {
		i := strings.IndexByte(r.Name[at:], '\\')
		switch {
		case i < 0:
			return true
		case !a.subtree:
			return false
		}
		at += i
		if a.exclude != nil && a.excludes(r.Name[:at], m, root) {
			return false
		}
		at++
	}
}

// maxExcluded bounds the memory, in bytes of names, for what exclude said.
const maxExcluded = 64 << 20

// excludes asks about each directory once, unless there are too many.
func (a *ask) excludes(dir string, m *mapper, root string) bool {
	out, known := a.excluded[dir]
	if !known {
		out = a.exclude(m.path(event.Windows.Join(root, dir)))
		if a.excluded == nil || a.size > maxExcluded {
			a.excluded, a.size = make(map[string]bool), 0
		}
		a.size += len(dir) + 64
		a.excluded[strings.Clone(dir)] = out
	}
	return out
}

// treeOf is the recorded watch of a whole tree that path is in, "" if there is none.
func (x *index) treeOf(path string) string {
	for i := range x.changes {
		c := &x.changes[i]
		if c.Kind != event.KindWatch || c.P == 0 || c.Flags&(event.FlagRecursive|event.FlagAutoAdd) == 0 {
			continue
		}
		if rest, below := x.platform.Below(c.Path, path); below && rest != "" {
			return c.Path
		}
	}
	return ""
}
