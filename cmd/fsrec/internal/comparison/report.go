package comparison

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/diff"
)

// Without All so many runs of differences are shown: one screen.
const (
	mostUnexplained = 8
	mostUnknown     = 3
	mostRows        = 24 // of one run
)

// report writes the whole answer for people.
func (p *printer) report() {
	p.measure()
	p.summary()
	p.differences(diff.Unexplained, mostUnexplained)
	p.differences(diff.Unknown, mostUnknown)
	p.explained()
	p.line("")
	p.outcome()
}

const keyWidth = 13

func (p *printer) key(word string) string {
	return p.palette.Paint(term.Blue, word) + strings.Repeat(" ", max(keyWidth-len(word), 1))
}

// summary says what was compared, and what became of every event: the numbers of a column add up.
func (p *printer) summary() {
	half := (p.o.Width - keyWidth - 2) / 2
	p.line("%s%s  %s", p.key(""), p.palette.Paint(term.Bold, term.Pad("left", half)), p.palette.Paint(term.Bold, "right"))
	for _, row := range []struct {
		key  string
		text func(side int) string
	}{
		{"log", func(i int) string { return shownHere(p.info(i).Name) }},
		{"recorded by", p.origin},
		{"roots", p.roots},
		{"asked for", p.asked},
		{"losses", p.losses},
	} {
		p.twoCells(row.key, half, "", row.text(0), row.text(1))
	}
	p.paragraph("compared by", p.how())
	p.line("")
	for _, row := range p.sums() {
		colour := colourOf[row.verdict]
		if row.n == [2]int64{} {
			colour = ""
		}
		p.twoCells(row.key, half, colour, row.text(0), row.text(1))
	}
}

// twoCells prints a row of the summary, in as many lines as it takes.
func (p *printer) twoCells(key string, half int, colour term.Colour, left, right string) {
	cells := [2][]string{broken(left, half), broken(right, half)}
	for i := range max(len(cells[0]), len(cells[1])) {
		var text [2]string
		for side := range cells {
			if i < len(cells[side]) {
				text[side] = cells[side][i]
			}
		}
		line := strings.TrimRight(term.Pad(text[0], half)+"  "+text[1], " ")
		p.line("%s", strings.TrimRight(p.key(key)+p.paint(colour, line), " "))
		key = ""
	}
}

// broken breaks text at blanks, where there are none behind the slashes of a path, and else anywhere.
func broken(text string, width int) []string {
	var lines []string
	for _, line := range term.Wrap(text, width) {
		for term.Width(line) > width {
			head := term.Fit(line, width, "")
			if end := strings.LastIndexByte(head, '/') + 1; end > len(head)/3 {
				head = head[:end]
			}
			lines, line = append(lines, head), line[len(head):]
		}
		lines = append(lines, line)
	}
	return lines
}

// roots names the roots of a side, of many the first few.
func (p *printer) roots(side int) string {
	const most = 20
	var all []string
	roots := p.info(side).Roots
	for _, r := range roots[:min(len(roots), most)] {
		all = append(all, p.shown(side, string(r)))
	}
	if len(all) == 0 {
		return "none"
	}
	text := strings.Join(all, ", ")
	if n := len(roots) - most; n > 0 {
		text += fmt.Sprintf(" and %s more", humanize.Comma(int64(n)))
	}
	return text
}

func (p *printer) losses(side int) string {
	all := p.info(side).Losses
	switch len(all) {
	case 0:
		return "none"
	case 1:
		return p.lost(side, &all[0])
	}
	return fmt.Sprintf("%s; the first is %s", humanize.Comma(int64(len(all))), p.lost(side, &all[0]))
}

// how says how it was compared.
func (p *printer) how() string {
	how := "match " + string(p.r.Match)
	for _, s := range diff.Steps() {
		if on, ok := p.c.Steps[s.Step]; ok && on != s.Default {
			how += map[bool]string{true: ", with ", false: ", without "}[on] + string(s.Step)
		}
	}
	return how
}

// paragraph prints text behind a key, wrapped.
func (p *printer) paragraph(key, text string) {
	for _, line := range broken(text, p.o.Width-keyWidth) {
		p.line("%s%s", p.key(key), line)
		key = ""
	}
}

// differences shows those of a verdict with what is around them.
func (p *printer) differences(verdict diff.Verdict, most int) {
	total := 0
	for i := range p.r.Differences {
		if p.r.Differences[i].Verdict == verdict {
			total++
		}
	}
	if total == 0 {
		return
	}
	text := fmt.Sprintf("%s: %s", verdict, counted(total, "difference"))
	if verdict == diff.Unknown {
		text += ", where the other recording lost events"
	}
	p.heading(colourOf[verdict], text)
	seen := make(map[int]bool)
	n := 0
	for h := range hunks(p.r, p.o.Context, func(d *diff.Difference) bool { return d.Verdict == verdict }) {
		if n++; n > most && !p.o.All {
			break
		}
		p.hunk(&h, seen)
		if p.full() {
			return
		}
	}
	if rest := total - len(seen); rest > 0 {
		p.line("")
		p.line("%s", p.palette.Paint(term.Dim, "and "+counted(rest, "more difference")+": --all shows them"))
	}
}

func (p *printer) heading(colour term.Colour, text string) {
	p.named = false
	p.line("")
	p.line("%s", p.palette.Paint(term.Bold, p.paint(colour, text)))
}

// columns names the recordings above their events, once below a heading.
func (p *printer) columns() {
	if p.named {
		return
	}
	p.named = true
	var names [2]string
	for side, name := range sides {
		text := name + ": "
		names[side] = term.Pad(text+term.FitEnd(shownHere(p.info(side).Name), p.half-len(text), p.ellipsis), p.half)
	}
	p.line("%s", p.palette.Paint(term.Dim, strings.TrimRight(names[0]+"   "+names[1], " ")))
}

// item prints text as one of a list.
func (p *printer) item(text string) {
	for i, line := range broken(text, p.o.Width-2) {
		p.line("%s%s", map[bool]string{true: "* ", false: "  "}[i == 0], line)
	}
}

// hunk shows a run of rows, with a sentence for each of its differences.
func (p *printer) hunk(h *hunk, seen map[int]bool) {
	const sentences = 4
	p.line("")
	n := 0
	for _, of := range h.of {
		if seen[of] {
			continue
		}
		seen[of] = true
		if n++; n > sentences && !p.o.All {
			continue
		}
		p.item(p.sentence(&p.r.Differences[of]))
	}
	if n > sentences && !p.o.All {
		p.item("and " + counted(n-sentences, "more difference") + " in the same place")
	}
	if n == 0 {
		p.line("* of one above: its other end")
	}
	if more := len(h.rows) - mostRows; more > 1 && !p.o.All {
		p.rows(h.rows[:mostRows])
		p.line("%s", p.palette.Paint(term.Dim, "and "+counted(more, "more row")+": --all shows them"))
		return
	}
	p.rows(h.rows)
}

// explained shows what the rules explain, rule by rule with an example.
func (p *printer) explained() {
	if len(p.r.Rules) == 0 {
		return
	}
	by := make(map[string][]*diff.Difference)
	for i := range p.r.Differences {
		if d := &p.r.Differences[i]; d.Verdict == diff.Explained && (p.o.All || len(by[d.Rule]) == 0) {
			by[d.Rule] = append(by[d.Rule], d)
		}
	}
	total := 0
	for i := range p.r.Rules {
		total += p.r.Rules[i].Count
	}
	p.heading(colourOf[diff.Explained], fmt.Sprintf("explained: %s, by %s", counted(total, "difference"), counted(len(p.r.Rules), "rule")))
	p.columns()
	for i := range p.r.Rules {
		use := &p.r.Rules[i]
		p.line("")
		often := times(use.Count)
		if use.Count > 1 && !p.o.All {
			often += "; the first is shown"
		}
		p.line("%s %s", p.palette.Paint(term.Bold, use.ID), often)
		for _, line := range broken(term.Line(use.Reason), p.o.Width-2) {
			p.line("  %s", line)
		}
		for _, line := range broken("source: "+term.Line(use.Source), p.o.Width-2) {
			p.line("  %s", p.palette.Paint(term.Dim, line))
		}
		for _, d := range by[use.ID] {
			p.example(d)
			if p.full() {
				return
			}
		}
	}
}

// outcome says the verdict, and what it means.
func (p *printer) outcome() {
	word := string(p.r.Verdict)
	for i, line := range broken(word+": "+p.meaning(), p.o.Width) {
		if rest, ok := strings.CutPrefix(line, word); ok && i == 0 {
			line = p.palette.Paint(term.Bold, p.paint(colourOf[p.r.Verdict], word)) + rest
		}
		p.line("%s", line)
	}
}

// meaning is the verdict in a sentence.
func (p *printer) meaning() string {
	n := p.r.Counts
	switch p.r.Verdict {
	case diff.Same:
		return "nothing differs"
	case diff.Explained:
		return differ(n.Explained) + ", and the rules say why" + p.strictly()
	case diff.Unknown:
		return "what differs and is not explained, " + counted(n.Unknown, "event") + ", can have fallen into a loss" + p.strictly()
	}
	return "no rule says why " + differ(n.Unexplained)
}

func differ(n int64) string {
	if n == 1 {
		return "1 event differs"
	}
	return counted(n, "event") + " differ"
}

func (p *printer) strictly() string {
	if p.o.Strict {
		return "; --strict counts them"
	}
	return ""
}
