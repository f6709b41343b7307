package comparison

import (
	"fmt"
	"strings"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/diff"
)

// unified writes all differences in the manner of diff -u: a line an event, with
// - for one of the left recording, + for one of the right, and a verdict behind it.
func (p *printer) unified() {
	for side, mark := range []string{"---", "+++"} {
		line := fmt.Sprintf("%s %s: %s, %s", mark, shownHere(p.info(side).Name), p.roots(side), p.origin(side))
		p.line("%s", p.palette.Paint(term.Bold, line))
	}
	for h := range hunks(p.r, p.o.Context, func(*diff.Difference) bool { return true }) {
		p.place(&h)
		for i := range h.rows {
			p.unifiedRow(&h.rows[i])
		}
		if p.full() {
			return
		}
	}
	for side, name := range sides {
		p.line("# %s: %s", name, p.added(side))
	}
	n := p.r.Counts
	p.line("# %s: %d same, %d explained, %d unknown, %d unexplained", p.r.Verdict, n.Same, n.Explained, n.Unknown, n.Unexplained)
}

// added says what all events of a side are the sum of.
func (p *printer) added(side int) string {
	info, c := p.info(side), p.info(side).Counts
	setAside := int64(0)
	for _, a := range info.Aside {
		setAside += a.Count
	}
	text := fmt.Sprintf("%s = %d set aside + %d folded + %d joined + %d same + %d explained + %d unknown + %d unexplained", counted(info.Told, "event"),
		setAside, info.Folded, info.Joined, c.Same, c.Explained, c.Unknown, c.Unexplained)
	if info.Overflows > 0 {
		text += fmt.Sprintf(" + %d overflows", info.Overflows)
	}
	return text
}

// place writes where a hunk is: the first record of each side.
func (p *printer) place(h *hunk) {
	var first [2]string
	for i := range h.rows {
		for side, mark := range []string{"-", "+"} {
			if e := h.rows[i].event(side); e != nil && first[side] == "" {
				first[side] = fmt.Sprintf(" %s%d", mark, e.Seq)
			}
		}
	}
	p.line("%s", p.palette.Paint(term.Purple, "@@"+first[0]+first[1]+" @@"))
}

func (p *printer) unifiedRow(r *row) {
	if r.isOperation() {
		p.line("%s", p.palette.Paint(term.Dim, "# "+term.Line(r.operation)))
		return
	}
	if r.difference < 0 {
		p.line(" %s", p.unifiedEvent(0, r.event(0)))
		return
	}
	d := &p.r.Differences[r.difference]
	for side, mark := range []string{"-", "+"} {
		if e := r.event(side); e != nil {
			p.line("%s", p.paint(colourOf[d.Verdict], mark+p.unifiedEvent(side, e)+"  # "+verdictOf(d)))
		}
	}
}

func (p *printer) unifiedEvent(side int, e *diff.Event) string {
	src, path := p.subject(side, e)
	if src != "" {
		path = src + " -> " + path
	}
	return strings.TrimRight(kind(e.Mask)+" "+path+notes(e), " ")
}

// verdictOf says in words what is thought of a difference.
func verdictOf(d *diff.Difference) string {
	s := string(d.Verdict)
	if d.Rule != "" {
		s += " by " + d.Rule
	}
	if d.Kind == diff.Moved {
		s += ", moved"
	}
	return s
}
