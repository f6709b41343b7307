package format

import (
	"fmt"
	"strconv"
	"strings"

	"fsrec/watcher"
	"fsrec/watcher/event"
)

// directive is one %-letter of a template; the first block is inotifywait's.
type directive struct {
	letter byte
	about  string
	make   func(o Options, timefmt string) func(b []byte, ev *watcher.Event) []byte
}

var directives = []directive{
	{'w', "watched directory, with a separator at its end, or watched file", func(o Options, _ string) func([]byte, *watcher.Event) []byte {
		return o.watched()
	}},
	{'f', "name in the watched directory", func(o Options, _ string) func([]byte, *watcher.Event) []byte {
		name := o.name()
		return func(b []byte, ev *watcher.Event) []byte { return name(b, ev.Name) }
	}},
	{'e', "events, separated by commas (%Xe: by X)", func(Options, string) func([]byte, *watcher.Event) []byte {
		return eventNames(',')
	}},
	{'T', "time of day, in the form of --timefmt", func(o Options, timefmt string) func([]byte, *watcher.Event) []byte {
		return func(b []byte, ev *watcher.Event) []byte {
			return appendTime(b, timefmt, o.Start.Add(ev.Time))
		}
	}},
	{'c', "cookie, hexadecimal", func(Options, string) func([]byte, *watcher.Event) []byte {
		return func(b []byte, ev *watcher.Event) []byte { return strconv.AppendUint(b, uint64(ev.Cookie), 16) }
	}},
	{'0', "a NUL byte", literal("\x00")},
	{'n', "a newline", literal("\n")},
	{'%', "a percent sign", literal("%")},

	{'p', "path and name", func(o Options, _ string) func([]byte, *watcher.Event) []byte {
		name := o.name()
		return func(b []byte, ev *watcher.Event) []byte { return name(b, ev.Pathname) }
	}},
	{'s', "where it was moved from", func(o Options, _ string) func([]byte, *watcher.Event) []byte {
		name := o.name()
		return func(b []byte, ev *watcher.Event) []byte { return name(b, ev.SrcPathname) }
	}},
	{'t', "seconds since the start", func(Options, string) func([]byte, *watcher.Event) []byte {
		return func(b []byte, ev *watcher.Event) []byte { return event.AppendSeconds(b, int64(ev.Time)) }
	}},
	{'q', "sequence number", func(Options, string) func([]byte, *watcher.Event) []byte {
		return func(b []byte, ev *watcher.Event) []byte { return strconv.AppendUint(b, ev.Seq, 10) }
	}},
	{'d', "watch descriptor", func(Options, string) func([]byte, *watcher.Event) []byte {
		return func(b []byte, ev *watcher.Event) []byte { return strconv.AppendInt(b, int64(ev.WD), 10) }
	}},
	{'m', "mask, such as IN_CREATE|IN_ISDIR", func(Options, string) func([]byte, *watcher.Event) []byte {
		return func(b []byte, ev *watcher.Event) []byte { return append(b, ev.Maskname()...) }
	}},
}

func literal(s string) func(Options, string) func([]byte, *watcher.Event) []byte {
	return func(Options, string) func([]byte, *watcher.Event) []byte {
		return func(b []byte, _ *watcher.Event) []byte { return append(b, s...) }
	}
}

func eventNames(separator byte) func([]byte, *watcher.Event) []byte {
	return func(b []byte, ev *watcher.Event) []byte {
		return appendInotifywaitNames(b, ev.Mask, separator)
	}
}

// Template is a parsed --printf template.
type Template struct {
	timefmt string
	end     string
	parts   []part
}

// part is literal text or a directive; a separator is that of %Xe.
type part struct {
	text      string
	directive *directive
	separator byte
}

// ParseTemplate reads a template in which %-directives stand for parts of an
// event; end follows each event. timefmt is what %T prints, in the form of
// strftime(3); without one %T prints RFC 3339.
func ParseTemplate(template, timefmt, end string) (*Template, error) {
	if timefmt == "" {
		timefmt = "%Y-%m-%dT%H:%M:%S%:z"
	} else if err := checkTime(timefmt); err != nil {
		return nil, err
	}
	t := &Template{timefmt: timefmt, end: end}
	for template != "" {
		text, rest, found := strings.Cut(template, "%")
		if text != "" {
			t.parts = append(t.parts, part{text: text})
		}
		if !found {
			break
		}
		if rest == "" {
			return nil, fmt.Errorf("the template ends with a single %%: valid are %s", directiveList())
		}
		switch d := directiveOf(rest[0]); {
		case d != nil:
			t.parts = append(t.parts, part{directive: d})
			template = rest[1:]
		case len(rest) > 1 && rest[1] == 'e':
			t.parts = append(t.parts, part{separator: rest[0]})
			template = rest[2:]
		default:
			return nil, fmt.Errorf("unknown directive %q in the template: valid are %s", "%"+string([]rune(rest)[0]), directiveList())
		}
	}
	return t, nil
}

// Printer gives the printer of the template.
func (t *Template) Printer(o Options) Printer {
	var appenders []func([]byte, *watcher.Event) []byte
	for _, p := range t.parts {
		switch {
		case p.directive != nil:
			appenders = append(appenders, p.directive.make(o, t.timefmt))
		case p.separator != 0:
			appenders = append(appenders, eventNames(p.separator))
		default:
			appenders = append(appenders, literal(p.text)(o, ""))
		}
	}
	return func(b []byte, ev *watcher.Event) []byte {
		for _, a := range appenders {
			b = a(b, ev)
		}
		return append(b, t.end...)
	}
}

func directiveOf(letter byte) *directive {
	for i := range directives {
		if directives[i].letter == letter {
			return &directives[i]
		}
	}
	return nil
}

func directiveList() string {
	words := make([]string, len(directives))
	for i, d := range directives {
		words[i] = "%" + string(rune(d.letter))
	}
	return strings.Join(words, " ")
}

// AboutDirectives describes the directives, a line each.
func AboutDirectives() string {
	var b strings.Builder
	for _, d := range directives {
		fmt.Fprintf(&b, "%%%c  %s\n", d.letter, d.about)
	}
	return b.String()
}
