package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"fsrec/cmd/fsrec/internal/format"
	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

// JSON writes the report as one JSON object.
func (r *Report) JSON(w io.Writer) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return err
	}
	_, err := w.Write(event.EscapeJSON(b.Bytes()))
	return err
}

// printer writes a table of keys and values, and keeps the first error.
type printer struct {
	w        io.Writer
	palette  term.Palette
	platform event.Platform // whose names are printed
	err      error
}

func (p *printer) line(key, layout string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, "%s%s%s\n", p.palette.Paint(term.Blue, key), strings.Repeat(" ", 13-len(key)), fmt.Sprintf(layout, args...))
	}
}

// escaped makes a name fit for a terminal.
func (p *printer) escaped(s string) string { return string(format.AppendShown(nil, p.platform, s)) }

func (p *printer) escapedWords(words []string) string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = p.escaped(w)
		if w == "" || strings.ContainsAny(w, " \t'\"$*?;&|<>()") {
			all[i] = "'" + strings.ReplaceAll(all[i], "'", `'\''`) + "'"
		}
	}
	return strings.Join(all, " ")
}

// barWidth is the length of the longest bar.
const barWidth = 30

// listed bounds what is printed one by one; JSON has more.
const listed = 10

// Print writes the report for people. Names are escaped.
func (r *Report) Print(w io.Writer, colour bool) error {
	p := &printer{w: w, palette: term.Palette(colour), platform: r.Header.Platform}
	r.printOrigin(p)
	r.printEvents(p)
	r.printTrouble(p)
	return p.err
}

func (r *Report) printOrigin(p *printer) {
	p.line("log", "%s", p.palette.Paint(term.Bold, string(format.AppendShown(nil, event.Platform(runtime.GOOS), r.Log))))
	switch {
	case r.Header.Citation != nil: // it has no recorder that could have closed it
	case r.cut:
		p.line("complete", "%s", p.palette.Paint(term.Yellow, "no: there is no end record, so this is a part, or was cut off"))
	case !r.Complete:
		p.line("complete", "%s", p.palette.Paint(term.Yellow, "no: its recorder was killed or its disk failed; what was committed is here"))
	case r.End != nil:
		p.line("complete", "yes, ended by %s%s", p.escaped(r.End.Reason), r.status())
	default:
		p.line("complete", "yes")
	}
	h := &r.Header
	if h.Citation != nil {
		r.printCitation(p)
	} else {
		took := time.Duration(r.Duration)
		p.line("recorded", "%s, %v", h.Start.Format("2006-01-02 15:04:05 -0700"), took.Round(time.Millisecond))
	}
	p.line("by", "%s", p.escaped(r.by()))
	if h.Host != "" {
		p.line("host", "%s", p.escaped(h.Host))
	}
	if h.Comment != "" {
		p.line("comment", "%s", p.escaped(h.Comment))
	}
	for i, root := range h.Roots {
		p.line([]string{"directory", ""}[min(i, 1)], "%s", p.escaped(root))
	}
	if len(h.Command) > 0 {
		p.line("command", "%s", p.escapedWords(h.Command))
	}
	if len(h.Exclude) > 0 {
		p.line("excluded", "%s", p.escapedWords(h.Exclude))
	}
	asked := []string{"not known"}
	if h.Mask != 0 {
		asked[0] = h.Mask.String()
	}
	for _, o := range []struct {
		word string
		set  bool
	}{{"recursive", h.Recursive}, {"auto_add", h.AutoAdd}, {"snapshot", h.Snapshot}} {
		if o.set {
			asked = append(asked, o.word)
		}
	}
	p.line("asked for", "%s", strings.Join(asked, ", "))
	if r.Filter != "" {
		p.line("filter", "%s", r.Filter)
	}
	if r.Unrecorded != 0 {
		p.line("never told", "%s: %s", r.Unrecorded, map[string]string{
			"rdcw": "Windows has no such events", "poll": "polling cannot see them",
		}[r.Header.Backend])
	}
}

// by says what recorded, and where.
func (r *Report) by() string {
	h := &r.Header
	by := strings.TrimSpace(h.Backend + " on " + string(h.Platform) + " " + h.Kernel)
	if h.FileSystem != "" {
		by += ", " + h.FileSystem
	}
	if h.Wine != "" {
		by += ", Wine " + h.Wine
	}
	if h.Tool != "" {
		by = h.Tool + ": " + by
	}
	return by
}

// printCitation says that nothing was recorded, and what there is instead.
func (r *Report) printCitation(p *printer) {
	c := r.Header.Citation
	p.line("citation", "%s", p.palette.Paint(term.Yellow, "made from a citation, not recorded: "+p.escaped(c.Source)))
	for _, row := range []struct{ word, value string }{
		{"grade", c.Grade}, {"filter", c.Filter}, {"order", c.Order}, {"conditions", c.Conditions},
	} {
		if row.value != "" {
			p.line("", "%s: %s", row.word, p.escaped(row.value))
		}
	}
}

func (r *Report) status() string {
	if len(r.Header.Command) == 0 {
		return ""
	}
	return fmt.Sprintf(", status %d", r.End.Status)
}

func (r *Report) printEvents(p *printer) {
	text := humanize.Comma(int64(r.Events))
	if r.Rate > 0 && r.Header.Citation == nil {
		text += fmt.Sprintf(", %s a second", humanize.Commaf(math.Round(r.Rate*10)/10))
	}
	if r.Synthetic > 0 {
		text += fmt.Sprintf(", %s of them synthetic", humanize.Comma(int64(r.Synthetic)))
	}
	p.line("events", "%s", text)
	top := uint64(1)
	counts := slices.Concat(r.ByEvent, r.ByAction)
	for _, c := range counts {
		top = max(top, c.N)
	}
	for _, c := range counts {
		bar := strings.Repeat("▇", int((c.N*barWidth+top-1)/top))
		p.line("", "%-16s %12s  %s", c.Name, humanize.Comma(int64(c.N)), p.palette.Paint(term.Purple, bar))
	}
	p.line("records", "%s", humanize.Comma(int64(r.Records)))
	changes := map[bool]string{true: "change", false: "changes"}[r.Watches.Changes == 1]
	p.line("watches", "%s at the end, %s %s of the table", humanize.Comma(int64(r.Watches.AtEnd)), humanize.Comma(int64(r.Watches.Changes)), changes)
	if r.Size > 0 {
		text := humanize.Bytes(uint64(r.Size))
		if r.Events > 0 {
			text += fmt.Sprintf(", %s bytes an event", humanize.Commaf(math.Round(r.BytesPerEvent*10)/10))
		}
		p.line("size", "%s", text)
	}
}

func (r *Report) printTrouble(p *printer) {
	if r.Losses == 0 {
		p.line("losses", "none")
	}
	for i, l := range r.Lost {
		if i == listed {
			p.line("", "and %s more", humanize.Comma(int64(r.Losses)-listed))
			break
		}
		n := "an unknown number of events"
		if l.Count >= 0 {
			n = humanize.Comma(l.Count) + " events"
		}
		p.line([]string{"losses", ""}[min(i, 1)], "%s", p.palette.Paint(term.Red, fmt.Sprintf("%s (%s) between %v and %v",
			n, p.escaped(l.Cause), time.Duration(l.From), time.Duration(l.To))))
	}
	if r.Failures == 0 {
		p.line("not watched", "none")
	}
	for i, f := range r.Failed {
		if i == listed {
			p.line("", "and %s more", humanize.Comma(int64(r.Failures)-listed))
			break
		}
		p.line([]string{"not watched", ""}[min(i, 1)], "%s", p.palette.Paint(term.Yellow, fmt.Sprintf("%s (%s: %s)",
			p.escaped(f.Path[0]), p.escaped(f.Op), r.reason(f.Errno))))
	}
	for i, m := range r.Marks {
		if i == listed {
			p.line("", "and %s more", humanize.Comma(int64(r.kind(event.KindMark))-listed))
			break
		}
		p.line([]string{"marks", ""}[min(i, 1)], "%s  %s", event.AppendSeconds(nil, m.Time), p.escaped(m.Text))
	}
}

func (r *Report) kind(k event.Kind) uint64 {
	for _, c := range r.ByKind {
		if c.Name == k.String() {
			return c.N
		}
	}
	return 0
}
