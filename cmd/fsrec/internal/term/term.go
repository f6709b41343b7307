// Package term is all that fsrec knows about terminals: whether there is one,
// colour, escapes, and a line that is rewritten in place. No other package
// prints a control character.
package term

import (
	"io"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/mattn/go-isatty"
)

// Is reports whether f, a file or anything else, is a terminal.
func Is(f any) bool {
	file, ok := f.(*os.File)
	return ok && (isatty.IsTerminal(file.Fd()) || isatty.IsCygwinTerminal(file.Fd()))
}

// Colours reports whether what is written to w should be coloured: w is a
// terminal that can, and NO_COLOR is not set (https://no-color.org).
func Colours(w io.Writer) bool { return os.Getenv("NO_COLOR") == "" && obeys(w) }

// obeys reports whether w is a terminal that carries out ANSI sequences.
func obeys(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && os.Getenv("TERM") != "dumb" && Is(file) && sequences(file)
}

// Colour is an ANSI sequence that changes how text looks.
type Colour string

// The colours in use.
const (
	Normal Colour = "\x1b[0m"
	Bold   Colour = "\x1b[1m"
	Dim    Colour = "\x1b[2m"
	Red    Colour = "\x1b[31m"
	Green  Colour = "\x1b[32m"
	Yellow Colour = "\x1b[33m"
	Blue   Colour = "\x1b[34m"
	Purple Colour = "\x1b[35m"
)

// Palette paints text, or leaves it alone where it is false.
type Palette bool

// Paint gives s in colour c.
func (p Palette) Paint(c Colour, s string) string {
	if !p || s == "" {
		return s
	}
	return string(c) + s + string(Normal)
}

// Line gives s with everything that could move a cursor or change a terminal
// escaped as in a Go string, for a message that may quote names. It leaves
// backslashes alone, since a message escapes most names before.
func Line(s string) string {
	safe := true
	for _, r := range s {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			safe = false
			break
		}
	}
	if safe {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, `\x`...)
			b = append(b, hexDigits[s[0]>>4], hexDigits[s[0]&15])
		case strconv.IsPrint(r):
			b = append(b, s[:size]...)
		default:
			q := strconv.AppendQuoteRune(nil, r)
			b = append(b, q[1:len(q)-1]...)
		}
		s = s[size:]
	}
	return string(b)
}

const hexDigits = "0123456789abcdef"
