package watcher

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"fsrec/watcher/event"
)

// Event is one event with what was inferred about it. A handler gets a pointer
// that is valid until it returns; [Event.Clone] keeps an event for longer. The
// strings may be kept, but each keeps alive the text of some hundred events
// that came with it.
type Event struct {
	WD   int32      // watch descriptor, -1 for IN_Q_OVERFLOW
	Mask event.Mask // one event, with IN_ISDIR where its subject is a directory
	// Cookie connects the IN_MOVED_FROM and the IN_MOVED_TO of one rename; 0 for all other events.
	Cookie    uint32
	Dir       bool // the subject is a directory
	Synthetic bool // derived from the contents of a new directory, or from a loss; not sent by the kernel
	// DirUnknown: Windows did not say whether the subject is a directory, and it is not known. Dir is false then.
	DirUnknown bool
	// Inferred: that the subject is a directory, or is none, or that two halves
	// make a rename, was concluded from other events, or looked up later.
	Inferred bool
	Time     time.Duration // since the start of the recording or of watching
	Seq      uint64        // number of the record, from 1
	// Path is that of the directory that holds the subject, or of the watched object itself. On
	// Windows, where one watch is for a whole tree, it may be below what is watched.
	Path     string
	Name     string // in the directory; empty if the event is about the watched object itself
	Pathname string // Path and Name
	// SrcPathname is where the subject of an IN_MOVED_TO came from; empty
	// where it came from a place whose IN_MOVED_FROM is not watched.
	SrcPathname string

	sub *subscription // of the watch, nil if there was none when the event was read
	// Pathname in stream.text, and the start of Name there where Path is not that of the watch.
	lo, hi, base int32
}

// Maskname is the name of the event, with "|IN_ISDIR" where its subject is a directory.
func (ev *Event) Maskname() string { return ev.Mask.String() }

// TypeNames lists the names of the bits of Mask, in the order of the bits.
func (ev *Event) TypeNames() []string { return strings.Split(ev.Mask.String(), "|") }

// HasCookie reports whether the event is one half of a rename, the only events with a meaningful Cookie.
func (ev *Event) HasCookie() bool { return ev.Mask&event.IN_MOVE != 0 }

// Clone gives a copy that may be kept, with strings of its own.
func (ev *Event) Clone() *Event {
	c := *ev
	c.sub, c.lo, c.hi, c.base = nil, 0, 0, 0
	c.Path = strings.Clone(ev.Path)
	c.Name = strings.Clone(ev.Name)
	c.Pathname = strings.Clone(ev.Pathname)
	c.SrcPathname = strings.Clone(ev.SrcPathname)
	return &c
}

// String prints the event as pyinotify's raw format does, byte for byte. Names
// are not escaped: see [Event.Escaped] for a terminal.
func (ev *Event) String() string { return string(ev.AppendString(nil)) }

// AppendString appends what String returns.
func (ev *Event) AppendString(b []byte) []byte { return ev.append(b, appendRaw) }

// Escaped is String with every name in a form that cannot drive a terminal: see [AppendEscaped].
func (ev *Event) Escaped() string { return string(ev.AppendEscaped(nil)) }

// AppendEscaped appends what Escaped returns.
func (ev *Event) AppendEscaped(b []byte) []byte { return ev.append(b, AppendEscaped) }

func (ev *Event) append(b []byte, text func([]byte, string) []byte) []byte {
	field := func(key, value string) {
		b = append(append(append(b, ' '), key...), '=')
		if value == "" {
			b = append(b, "''"...)
		} else {
			b = text(b, value)
		}
	}
	b = append(b, "<Event"...)
	overflow := ev.Mask&event.IN_Q_OVERFLOW != 0
	if !overflow {
		if ev.HasCookie() {
			b = strconv.AppendUint(append(b, " cookie="...), uint64(ev.Cookie), 10)
		}
		if ev.Dir {
			b = append(b, " dir=True"...)
		} else {
			b = append(b, " dir=False"...)
		}
	}
	b = strconv.AppendUint(append(b, " mask=0x"...), uint64(ev.Mask), 16)
	b = append(append(b, " maskname="...), ev.Maskname()...)
	if !overflow {
		field("name", ev.Name)
		field("path", ev.Path)
		field("pathname", ev.Pathname)
		if ev.SrcPathname != "" {
			field("src_pathname", ev.SrcPathname)
		}
		b = strconv.AppendInt(append(b, " wd="...), int64(ev.WD), 10)
	}
	return append(b, " >"...)
}

func appendRaw(b []byte, s string) []byte { return append(b, s...) }

// AppendEscaped appends s with everything that is not printable escaped as in
// a Go string (\n, \x1b, \u202e, bytes that are not UTF-8 as \xNN) and \
// doubled, so that the original can be told.
func AppendEscaped(b []byte, s string) []byte {
	for {
		plain := 0
		for plain < len(s) && ' ' <= s[plain] && s[plain] <= '~' && s[plain] != '\\' {
			plain++
		}
		if b, s = append(b, s[:plain]...), s[plain:]; s == "" {
			return b
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, '\\', 'x', hexDigits[s[0]>>4], hexDigits[s[0]&15])
		case r == '\\':
			b = append(b, `\\`...)
		case strconv.IsPrint(r):
			b = append(b, s[:size]...)
		default:
			q := strconv.AppendQuoteRune(nil, r)
			b = append(b, q[1:len(q)-1]...)
		}
		s = s[size:]
	}
}

const hexDigits = "0123456789abcdef"
