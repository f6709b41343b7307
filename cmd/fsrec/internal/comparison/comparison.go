// Package comparison shows what came out of comparing two recordings: as text
// for people, side by side or unified, as JSON, and as a page for a browser.
package comparison

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"strings"

	"fsrec/cmd/fsrec/internal/format"
	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// Comparison is what is shown.
type Comparison struct {
	Result  *diff.Result
	Headers [2]event.Header    // of the left and the right recording
	Steps   map[diff.Step]bool // that were done or left out other than by default
}

// Options say how it is shown.
type Options struct {
	Colour   bool
	Terminal bool // more than ASCII may be used for lines
	Width    int  // of a line
	Context  int  // rows that are shown before and after a difference
	All      bool // every difference, not only so many as fit a screen
	Strict   bool // explained differences count too
}

// Formats are the names of the formats.
func Formats() []string { return []string{"side", "unified", "json"} }

// KnownFormat reports an error that names the formats where name is none of them.
func KnownFormat(name string) error {
	for _, f := range Formats() {
		if f == name {
			return nil
		}
	}
	return fmt.Errorf("unknown format %q: want %s", name, strings.Join(Formats(), ", "))
}

// Write shows c in a format.
func Write(w io.Writer, format string, c *Comparison, o Options) error {
	p := &printer{w: bufio.NewWriterSize(w, 64<<10), c: c, r: c.Result, o: o, palette: term.Palette(o.Colour), ellipsis: "..."}
	if o.Terminal {
		p.ellipsis = "…"
	}
	switch format {
	case "json":
		return writeJSON(w, c.Result)
	case "unified":
		p.unified()
	default:
		p.report()
	}
	return p.w.Flush()
}

// printer writes text. The writer keeps the first error.
type printer struct {
	w         *bufio.Writer
	c         *Comparison
	r         *diff.Result
	o         Options
	palette   term.Palette
	ellipsis  string
	half      int // width of a side
	digits    int // of record numbers
	kindWidth int
	named     bool // the columns, since the latest heading
}

func (p *printer) line(layout string, args ...any) { fmt.Fprintf(p.w, layout+"\n", args...) }

// full reports whether nobody will read what is still to come.
func (p *printer) full() bool {
	_, err := p.w.Write(nil)
	return err != nil
}

func (p *printer) platform(side int) event.Platform { return p.c.Headers[side].Platform }

// shown makes a name of a recording fit for a terminal.
func (p *printer) shown(side int, s string) string {
	return string(format.AppendShown(nil, p.platform(side), s))
}

// shownHere does the same with a name of this system.
func shownHere(s string) string {
	return string(format.AppendShown(nil, event.Platform(runtime.GOOS), s))
}

func (p *printer) info(side int) *diff.SideInfo {
	if side == 0 {
		return &p.r.Left
	}
	return &p.r.Right
}

// path is a path of a comparison as it is shown: of several roots with the
// root's name before it, of a directory with a slash behind it.
func (p *printer) path(side int, root int, path diff.Text, dir bool) string {
	s := string(path)
	if roots := p.info(side).Roots; len(roots) > 1 && root < len(roots) {
		base := p.platform(side).Base(string(roots[root]))
		if s == "." {
			s = base
		} else {
			s = base + "/" + s
		}
	}
	if dir {
		s += "/"
	}
	return p.shown(side, s)
}

var sides = [2]string{"left", "right"}
