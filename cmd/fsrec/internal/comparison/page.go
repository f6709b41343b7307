package comparison

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"io"

	"github.com/dustin/go-humanize"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// WritePage writes a page for a browser that needs nothing else. Its content
// policy lets nothing run but the script of this package, and forbids the network.
//
// What a recording holds gets into it in two ways, html/template and JSON
// that is escaped for HTML; the script makes text nodes of it.
//
// Of a comparison of more rows than a browser bears it has the first, and says so.
func WritePage(w io.Writer, c *Comparison) error { return writePage(w, c, pageRows) }

// pageRows is how many rows a page has at most, which takes some 30 MB.
const pageRows = 500_000

func writePage(w io.Writer, c *Comparison, most int) error {
	p := &printer{w: bufio.NewWriterSize(w, 64<<10), c: c, r: c.Result}
	d := &pageData{p: p, most: most, places: make(map[int]int), paths: make(map[string]int), kinds: make(map[string]int), pathList: []string{}, kindList: []string{}}
	d.measure()
	head := p.page()
	if d.cut {
		head.Cut = humanize.Comma(int64(most))
	}
	if err := pageTemplate.ExecuteTemplate(p.w, "head", head); err != nil {
		return err
	}
	if err := d.write(); err != nil {
		return err
	}
	if err := pageTemplate.ExecuteTemplate(p.w, "tail", template.JS(pageJS)); err != nil {
		return err
	}
	return p.w.Flush()
}

// page is what stands on the page besides the events.
type page struct {
	CSS      template.CSS
	Policy   string
	Result   *diff.Result
	Verdict  string
	Outcome  string
	Cut      string // how many rows the page has, where it has not all
	Sides    []pageSide
	Verdicts []pageVerdict
	How      string
	Sums     []pageSum
	Asides   []diff.StepInfo // that set something aside
}

type pageSide struct {
	Title, Name, Origin, Roots, Asked string
	Losses                            []string
}

type pageVerdict struct{ Name, Count string }

type pageSum struct{ Key, Left, Right string }

func (p *printer) page() page {
	n := p.r.Counts
	out := page{
		CSS: template.CSS(pageCSS), Result: p.r, Verdict: string(p.r.Verdict), Outcome: p.meaning(), How: p.how(),
		Policy: "default-src 'none'; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS) + "; base-uri 'none'; form-action 'none'",
	}
	for side, title := range sides {
		info := p.info(side)
		s := pageSide{
			Title: title, Name: shownHere(info.Name), Origin: p.origin(side), Roots: p.roots(side), Asked: p.asked(side),
		}
		for i := range info.Losses {
			s.Losses = append(s.Losses, p.lost(side, &info.Losses[i]))
		}
		out.Sides = append(out.Sides, s)
	}
	for _, v := range []struct {
		verdict diff.Verdict
		n       int64
	}{{diff.Unexplained, n.Unexplained}, {diff.Unknown, n.Unknown}, {diff.Explained, n.Explained}, {diff.Same, n.Same}} {
		out.Verdicts = append(out.Verdicts, pageVerdict{string(v.verdict), humanize.Comma(v.n)})
	}
	for _, s := range p.sums() {
		out.Sums = append(out.Sums, pageSum{s.key, s.text(0), s.text(1)})
	}
	for _, s := range diff.Asides() {
		left, _ := aside(&p.r.Left, s.Step)
		if right, _ := aside(&p.r.Right, s.Step); left+right > 0 {
			out.Asides = append(out.Asides, s)
		}
	}
	return out
}

// hash names a script or style in a content policy.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pageData writes the events: rows first, then the tables that they point into.
type pageData struct {
	p            *printer
	most         int         // rows
	cut          bool        // there are more
	places       map[int]int // of a page that is cut, by place in Result.Differences that in shown
	shown        []int
	paths, kinds map[string]int
	pathList     []string
	kindList     []string
}

// Flags of an event in the data of a page.
const (
	pageSynthetic = 1 << iota
	pageInferred
)

// measure finds out whether there are too many rows.
func (d *pageData) measure() {
	n := 0
	for range d.p.r.Rows() {
		if n++; n > d.most {
			d.cut = true
			return
		}
	}
	for i := range d.p.r.Differences {
		d.shown = append(d.shown, i)
	}
}

// place is where the page has a difference. One that is cut has only those that its rows tell of.
func (d *pageData) place(difference int) int {
	if !d.cut || difference < 0 {
		return difference
	}
	at, ok := d.places[difference]
	if !ok {
		at = len(d.shown)
		d.places[difference] = at
		d.shown = append(d.shown, difference)
	}
	return at
}

func (d *pageData) write() error {
	w := d.p.w
	w.WriteString("<script type=\"application/json\" id=\"rows\">[")
	comma, n := "", 0
	for row := range d.p.r.Rows() {
		if n++; n > d.most {
			break
		}
		one := []any{d.place(row.Difference), d.event(0, row.Left), d.event(1, row.Right)}
		if row.Left == nil && row.Right == nil {
			one = []any{shownHere(heading(row))}
		}
		text, err := json.Marshal(one)
		if err != nil {
			return err
		}
		w.WriteString(comma)
		comma = ",\n"
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	w.WriteString("]</script>\n<script type=\"application/json\" id=\"tables\">")
	text, err := json.Marshal(map[string]any{
		"paths": d.pathList, "kinds": d.kindList, "rules": d.p.r.Rules, "differences": d.differences(), "losses": [2][]map[string]any{d.losses(0), d.losses(1)},
	})
	if err != nil {
		return err
	}
	w.Write(text)
	_, err = w.WriteString("</script>\n")
	return err
}

// event is number, time, kind and path, and where it has more to say, where from or -1, count,
// flags and the number of a move's first half.
func (d *pageData) event(side int, e *diff.Event) any {
	if e == nil {
		return 0
	}
	src, path := d.p.subject(side, e)
	flags, from := 0, -1
	if e.Synthetic {
		flags |= pageSynthetic
	}
	if e.Inferred {
		flags |= pageInferred
	}
	if e.Src != "" {
		from = index(d.paths, &d.pathList, src)
	}
	all := [8]int64{int64(e.Seq), e.Time, int64(index(d.kinds, &d.kindList, kind(e.Mask&^event.IN_ISDIR))),
		int64(index(d.paths, &d.pathList, path)), int64(from), int64(e.Count), int64(flags), int64(e.From)}
	if from < 0 && e.Count == 1 && flags == 0 {
		return all[:4]
	}
	return all[:]
}

func index(of map[string]int, list *[]string, s string) int {
	n, ok := of[s]
	if !ok {
		n = len(*list)
		of[s] = n
		*list = append(*list, s)
	}
	return n
}

func (d *pageData) differences() []map[string]any {
	all := make([]map[string]any, len(d.shown))
	for i, difference := range d.shown {
		one := &d.p.r.Differences[difference]
		all[i] = map[string]any{"verdict": one.Verdict, "kind": one.Kind, "text": d.p.sentence(one)}
		if one.Rule != "" {
			all[i]["rule"] = one.Rule
		}
		if one.LeftLoss+one.RightLoss > 0 {
			all[i]["losses"] = [2]uint64{one.LeftLoss, one.RightLoss}
		}
		if one.Operation != "" {
			all[i]["operation"] = shownHere(string(one.Operation))
		}
	}
	return all
}

// losses are the windows of a side in which events are missing, in the order of the records that tell of them.
func (d *pageData) losses(side int) []map[string]any {
	all := []map[string]any{}
	for i := range d.p.info(side).Losses {
		l := &d.p.info(side).Losses[i]
		all = append(all, map[string]any{"seq": l.Seq, "since": l.Since, "time": l.Time, "text": d.p.lost(side, l)})
	}
	return all
}
