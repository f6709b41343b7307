// Package format writes events as text: one function an event, chosen by name
// from a table.
package format

import (
	"fmt"
	"strings"
	"time"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// Options are what a format needs to know beside the event.
type Options struct {
	Platform event.Platform
	Start    time.Time           // wall clock at Event.Time 0
	IsDir    func(wd int32) bool // whether the object of a watch is a directory
	Terminal bool                // names are escaped, so that none can drive the terminal
	Colour   bool
}

// Printer appends an event with its newline to b, and nothing where the format
// has no line for such an event.
type Printer func(b []byte, ev *watcher.Event) []byte

type spec struct {
	name  string
	about string
	make  func(Options) Printer // nil for a format of records
}

// Text is the name of the format that prints records, not events.
const Text = "text"

var formats = []spec{
	{"pyinotify", "as python3 -m pyinotify prints (-f where it is not a terminal)", newPyinotify},
	{"json", "one JSON object a line", newJSON},
	{"inotifywait", "as inotifywait -m prints for an absolute path", newInotifywait},
	{Text, "records in the text form, as dump prints them", nil},
	{"none", "nothing, at full speed", newNone},
}

// Names lists the formats.
func Names() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// Known reports an error that names the formats where name is none of them.
func Known(name string) error {
	for _, f := range formats {
		if f.name == name {
			return nil
		}
	}
	return fmt.Errorf("unknown format %q: want %s", name, strings.Join(Names(), ", "))
}

// About describes the formats, a line each.
func About() string {
	var b strings.Builder
	for _, f := range formats {
		fmt.Fprintf(&b, "%-12s %s\n", f.name, f.about)
	}
	return b.String()
}

// New gives the printer of a format by its name. There is none for Text.
func New(name string, o Options) (Printer, error) {
	for _, f := range formats {
		if f.name == name && f.make != nil {
			return f.make(o), nil
		}
	}
	return nil, Known(name)
}

func newNone(Options) Printer {
	return func(b []byte, _ *watcher.Event) []byte { return b }
}

// name is how names are appended under o.
func (o Options) name() func(b []byte, s string) []byte {
	if o.Terminal {
		return func(b []byte, s string) []byte { return AppendShown(b, o.Platform, s) }
	}
	return func(b []byte, s string) []byte { return append(b, s...) }
}

// AppendShown appends a name or path of platform p in a form that cannot drive a
// terminal. The backslashes of Windows are doubled only where there is
// something to escape.
func AppendShown(b []byte, p event.Platform, s string) []byte {
	if p == event.Windows && term.Line(s) == s {
		return append(b, s...)
	}
	return watcher.AppendEscaped(b, s)
}
