package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

// runPrinter tells what came of scenarios, in the manner of go test.
type runPrinter struct {
	out           *bufio.Writer
	palette       term.Palette
	width         int
	verbose, json bool
	begun         time.Time

	runs, failed, skipped, updated int
}

func newRunPrinter(w io.Writer, verbose, json bool) *runPrinter {
	return &runPrinter{out: bufio.NewWriter(w), palette: term.Palette(term.Colours(w)), width: term.Columns(w), verbose: verbose, json: json, begun: time.Now()}
}

// runObject is an event of a run as JSON.
type runObject struct {
	Event    string  `json:"event"`
	File     string  `json:"file"`
	Name     string  `json:"name"`
	Backend  string  `json:"backend"`
	Round    uint64  `json:"round,omitempty"` // of several
	Platform string  `json:"platform,omitempty"`
	Elapsed  float64 `json:"elapsed,omitempty"` // seconds
	Why      string  `json:"why,omitempty"`     // of a failure or of a skip
	Log      string  `json:"log,omitempty"`

	Differences []runDifference `json:"differences,omitempty"`
	Seen        []string        `json:"seen,omitempty"` // until an operation failed
}

// runDifference is a line in which a run is not what its scenario expects.
type runDifference struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Level     string `json:"level"`
	Operation string `json:"operation"`
	Expected  string `json:"expected,omitempty"`
	Seen      string `json:"seen,omitempty"`
}

// The events of a run: that it begins, and what came of it.
const (
	runBegin  = "run"
	runPass   = "pass"
	runFail   = "fail"
	runSkip   = "skip"
	runUpdate = "update"
)

// runWords are the results as go test writes them.
var runWords = map[string]struct {
	word   string
	colour term.Colour
}{
	runPass:   {"PASS", term.Green},
	runFail:   {"FAIL", term.Red},
	runSkip:   {"SKIP", term.Yellow},
	runUpdate: {"UPDATE", term.Yellow},
}

// runIndent stands before what is told of a run.
const runIndent = "    "

// begin tells that a run begins.
func (p *runPrinter) begin(r *ran) error {
	if !p.json {
		return nil
	}
	p.line(r.object(runBegin))
	return outputError("-", p.out.Flush())
}

func (r *ran) object(what string) runObject {
	return runObject{Event: what, File: filepath.ToSlash(r.scenario.File), Name: r.scenario.Name(), Backend: r.backend, Round: r.round, Elapsed: r.took.Round(time.Microsecond).Seconds(), Log: r.log}
}

// count adds a run up and gives its result.
func (p *runPrinter) count(r *ran) string {
	p.runs++
	switch {
	case r.failed():
		p.failed++
		return runFail
	case r.updated:
		p.updated++
		return runUpdate
	case r.result.Skipped != "":
		p.skipped++
		return runSkip
	}
	return runPass
}

// why tells a failure or a skip in lines.
func (r *ran) why(width int) string {
	var b strings.Builder
	switch {
	case r.err == nil && r.result.Skipped != "":
		return r.result.Skipped
	case r.err == nil:
		r.result.Report(&b, width)
		return b.String()
	}
	fmt.Fprintln(&b, r.err)
	if seen := r.seen(); len(seen) > 0 {
		fmt.Fprintln(&b, "until then was recorded:")
		if more := len(seen) - maxSeen; more > 0 {
			fmt.Fprintf(&b, "  ... %s more ...\n", humanize.Comma(int64(more)))
			seen = seen[more:]
		}
		for _, line := range seen {
			fmt.Fprintf(&b, "  + %s\n", line)
		}
	}
	return b.String()
}

// maxSeen bounds the lines that are printed of what was recorded until then.
const maxSeen = 50

// seen is what was told until a run failed for another reason.
func (r *ran) seen() []string {
	if r.result == nil {
		return nil
	}
	return r.result.Events()
}

// print tells a run as soon as it is over.
func (p *runPrinter) print(r *ran) error {
	switch result := p.count(r); {
	case p.json:
		p.line(r.ended(result))
	case result != runPass && result != runSkip || p.verbose:
		p.text(r, result)
	}
	return outputError("-", p.out.Flush())
}

// ended describes a run that is over.
func (r *ran) ended(result string) runObject {
	o := r.object(result)
	if r.result != nil {
		o.Platform = r.result.Platform()
	}
	if result != runFail && result != runSkip {
		return o
	}
	if r.err != nil {
		o.Why, o.Seen = r.err.Error(), r.seen()
		return o
	}
	o.Why, _, _ = strings.Cut(r.why(0), "\n")
	for _, d := range r.result.Differences() {
		o.Differences = append(o.Differences, runDifference{o.File, d.Line, d.Level, d.Operation, d.Expected, d.Recorded})
	}
	return o
}

func (p *runPrinter) text(r *ran, result string) {
	w := runWords[result]
	fmt.Fprintf(p.out, "--- %s: %s (%.2fs)\n", p.palette.Paint(w.colour, w.word), term.Line(r.scenario.Name()), r.took.Seconds())
	if result == runFail || result == runSkip {
		for line := range strings.Lines(r.why(p.width - len(runIndent))) {
			fmt.Fprintf(p.out, "%s%s\n", runIndent, p.painted(term.Line(strings.TrimSuffix(line, "\n"))))
		}
	}
	if r.log != "" {
		fmt.Fprintf(p.out, "%srecorded in %s\n", runIndent, event.Quote(r.log))
	}
}

func (p *runPrinter) line(o runObject) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(o); err != nil {
		panic(err) // strings and numbers
	}
	p.out.Write(event.EscapeJSON(b.Bytes()))
}

// painted is a line of a report: red what did not come, green what was not expected.
func (p *runPrinter) painted(line string) string {
	for mark, colour := range map[string]term.Colour{"  > ": term.Yellow, "  - ": term.Red, "  + ": term.Green} {
		if strings.HasPrefix(line, mark) {
			return p.palette.Paint(colour, line)
		}
	}
	return line
}

// end sums up.
func (p *runPrinter) end(scenarios int) error {
	if p.json {
		return nil
	}
	what := count(scenarios, "scenario")
	if p.runs > scenarios {
		what = count(p.runs, "run") + " of " + what
	}
	word := p.palette.Paint(term.Green, "ok")
	if p.failed > 0 {
		word, what = p.palette.Paint(term.Red, "FAIL"), fmt.Sprintf("%d of %s", p.failed, what)
	}
	for _, more := range []struct {
		n    int
		what string
	}{{p.skipped, "skipped"}, {p.updated, "updated"}} {
		if more.n > 0 {
			what += fmt.Sprintf(", %d %s", more.n, more.what)
		}
	}
	fmt.Fprintf(p.out, "%s  %s  %.1fs\n", word, what, time.Since(p.begun).Seconds())
	return outputError("-", p.out.Flush())
}
