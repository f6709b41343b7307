package format

import (
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// inotifywaitNames are the words of inotifywait, in the order in which it prints them.
var inotifywaitNames = []struct {
	mask event.Mask
	name string
}{
	{event.IN_ACCESS, "ACCESS"},
	{event.IN_MODIFY, "MODIFY"},
	{event.IN_ATTRIB, "ATTRIB"},
	{event.IN_CLOSE_WRITE, "CLOSE_WRITE"},
	{event.IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"},
	{event.IN_OPEN, "OPEN"},
	{event.IN_MOVED_FROM, "MOVED_FROM"},
	{event.IN_MOVED_TO, "MOVED_TO"},
	{event.IN_CREATE, "CREATE"},
	{event.IN_DELETE, "DELETE"},
	{event.IN_DELETE_SELF, "DELETE_SELF"},
	{event.IN_UNMOUNT, "UNMOUNT"},
	{event.IN_Q_OVERFLOW, "Q_OVERFLOW"},
	{event.IN_IGNORED, "IGNORED"},
	{event.IN_CLOSE, "CLOSE"},
	{event.IN_MOVE_SELF, "MOVE_SELF"},
	{event.IN_ISDIR, "ISDIR"},
	{event.IN_ONESHOT, "ONESHOT"},
}

func appendInotifywaitNames(b []byte, m event.Mask, separator byte) []byte {
	first := true
	for _, n := range inotifywaitNames {
		if m&n.mask == 0 {
			continue
		}
		if !first {
			b = append(b, separator)
		}
		first = false
		b = append(b, n.name...)
	}
	return b
}

// newInotifywait prints "WATCHED EVENTS NAME". Like inotifywait it has no line
// for what cannot be asked for: IN_IGNORED, IN_UNMOUNT and IN_Q_OVERFLOW.
func newInotifywait(o Options) Printer {
	name := o.name()
	watched := o.watched()
	return func(b []byte, ev *watcher.Event) []byte {
		if ev.Mask&event.IN_ALL_EVENTS == 0 {
			return b
		}
		b = watched(b, ev)
		b = append(b, ' ')
		b = appendInotifywaitNames(b, ev.Mask, ',')
		b = append(b, ' ')
		return append(name(b, ev.Name), '\n')
	}
}

// watched appends the watched object as inotifywait names it: a directory ends with a separator.
func (o Options) watched() func(b []byte, ev *watcher.Event) []byte {
	name := o.name()
	separator := o.Platform.Separator()
	return func(b []byte, ev *watcher.Event) []byte {
		b = name(b, ev.Path)
		if ev.Path == "" || ev.Path[len(ev.Path)-1] == separator {
			return b
		}
		if ev.Name != "" || ev.Dir || o.IsDir != nil && o.IsDir(ev.WD) {
			b = append(b, separator)
		}
		return b
	}
}
