package format

import (
	"strconv"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// newPyinotify prints what pyinotify's command prints: the raw form, or the
// coloured one. An overflow has no line there either: it is logged.
func newPyinotify(o Options) Printer {
	line := (*watcher.Event).AppendString
	if o.Terminal {
		line = func(ev *watcher.Event, b []byte) []byte { return o.appendShown(ev, b) }
	}
	return func(b []byte, ev *watcher.Event) []byte {
		if ev.Mask&event.IN_Q_OVERFLOW != 0 {
			return b
		}
		return append(line(ev, b), '\n')
	}
}

// appendShown is Event.AppendEscaped in pyinotify's colours, if there are to be any.
func (o Options) appendShown(ev *watcher.Event, b []byte) []byte {
	palette := term.Palette(o.Colour)
	paint := func(c term.Colour, s string) { b = append(b, palette.Paint(c, s)...) }
	field := func(key, value string) {
		b = append(b, ' ')
		paint(term.Blue, key)
		b = append(b, '=')
		if value == "" {
			value = "''"
		}
		paint(term.Purple, value)
	}
	name := func(key, value string) { field(key, string(AppendShown(nil, o.Platform, value))) }

	b = append(b, '<')
	paint(term.Red+term.Bold, "Event")
	if ev.HasCookie() {
		field("cookie", strconv.FormatUint(uint64(ev.Cookie), 10))
	}
	if ev.Dir {
		field("dir", "True")
	} else {
		field("dir", "False")
	}
	field("mask", "0x"+strconv.FormatUint(uint64(ev.Mask), 16))
	field("maskname", ev.Maskname())
	name("name", ev.Name)
	name("path", ev.Path)
	name("pathname", ev.Pathname)
	if ev.SrcPathname != "" {
		name("src_pathname", ev.SrcPathname)
	}
	field("wd", strconv.FormatInt(int64(ev.WD), 10))
	return append(b, " >"...)
}
