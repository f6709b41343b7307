package comparison

import (
	"fmt"
	"strings"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/diff"
)

// colourOf is how what has a verdict is painted.
var colourOf = map[diff.Verdict]term.Colour{
	diff.Same: term.Green, diff.Explained: term.Blue, diff.Unknown: term.Yellow, diff.Unexplained: term.Red,
}

// measure settles the widths of the columns.
func (p *printer) measure() {
	p.kindWidth = leastKind
	p.half = max((p.o.Width-3)/2, 12)
	p.digits = len(fmt.Sprint(max(p.r.Left.Records, p.r.Right.Records)))
}

// Columns that the names of events take, those of a long one more.
const (
	leastKind = 7
	mostKind  = 13
)

// align makes room for the names of the events of rows, where there is any to spare.
func (p *printer) align(rows []row) {
	kinds, paths := leastKind, 0
	for i := range rows {
		for side := range sides {
			if e := rows[i].event(side); e != nil {
				kinds = min(max(kinds, len(kind(e.Mask))), mostKind)
				if src, path := p.subject(side, e); src == "" {
					paths = max(paths, term.Width(path+notes(e)))
				}
			}
		}
	}
	p.kindWidth = leastKind
	if p.half >= 50 || p.digits+1+kinds+1+paths <= p.half {
		p.kindWidth = kinds
	}
}

// cell is an event in one half of a line: number of its record, what, where.
func (p *printer) cell(side int, e *diff.Event, colour term.Colour) string {
	if e == nil {
		return strings.Repeat(" ", p.half)
	}
	number := fmt.Sprintf("%*d", p.digits, e.Seq)
	what := fmt.Sprintf("%-*s", p.kindWidth, kind(e.Mask))
	note := notes(e)
	left := max(p.half-len(number)-len(what)-len(note)-2, 8)
	src, path := p.subject(side, e)
	if src != "" {
		src = p.fitPath(src, max(left-4-min(term.Width(path), (left-4)/2), 4))
		path = src + " -> " + p.fitPath(path, max(left-4-term.Width(src), 4))
	}
	text := term.Pad(term.Fit(what+" "+p.fitPath(path, left)+note, p.half-len(number)-1, p.ellipsis), p.half-len(number)-1)
	return p.palette.Paint(term.Dim, number) + " " + p.paint(colour, text)
}

func (p *printer) fitPath(path string, width int) string {
	return term.FitEnd(path, width, p.ellipsis)
}

func (p *printer) paint(colour term.Colour, s string) string {
	if colour == "" {
		return s
	}
	return p.palette.Paint(colour, s)
}

// sideBySide prints a line of two events, of which one can be missing.
func (p *printer) sideBySide(left, right *diff.Event, d *diff.Difference) {
	mark, colour := " ", term.Colour("")
	switch {
	case d == nil:
	case right == nil:
		mark, colour = "<", colourOf[d.Verdict]
	case left == nil:
		mark, colour = ">", colourOf[d.Verdict]
	default:
		mark, colour = "|", colourOf[d.Verdict]
	}
	text := p.cell(0, left, colour) + " " + p.paint(colour, mark) + " "
	if right != nil {
		text += p.cell(1, right, colour)
	}
	p.line("%s", strings.TrimRight(text, " "))
}

// rows prints rows.
func (p *printer) rows(rows []row) {
	p.columns()
	p.align(rows)
	for i := range rows {
		one := &rows[i]
		switch {
		case one.isOperation():
			p.line("%s", p.palette.Paint(term.Bold, term.Fit("-- "+term.Line(one.operation)+" --", p.o.Width, p.ellipsis)))
		case one.difference < 0:
			p.sideBySide(one.event(0), one.event(1), nil)
		default:
			p.sideBySide(one.event(0), one.event(1), &p.r.Differences[one.difference])
		}
	}
}

// pairs prints at most so many lines of events beside each other.
func (p *printer) pairs(events [2][]*diff.Event, d *diff.Difference, most int) {
	at := func(side, i int) *diff.Event {
		if i < len(events[side]) {
			return events[side][i]
		}
		return nil
	}
	n := max(len(events[0]), len(events[1]))
	for i := range min(n, most) {
		p.sideBySide(at(0, i), at(1, i), d)
	}
	if n > most {
		p.line("%s", p.palette.Paint(term.Dim, "   and "+counted(n-most, "more row")))
	}
}

// example prints the events of a difference without what is around them.
func (p *printer) example(d *diff.Difference) {
	most := 6
	if p.o.All {
		most = len(d.Left) + len(d.Right)
	}
	var events [2][]*diff.Event
	for side, list := range [][]diff.Event{d.Left, d.Right} {
		for i := range list {
			events[side] = append(events[side], &list[i])
		}
	}
	p.pairs(events, d, most)
}
