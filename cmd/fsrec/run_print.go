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

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

// runPrinter tells what came of scenarios, in the manner of go test.
type runPrinter struct {
	out           *bufio.Writer
	palette       term.Palette
	verbose, json bool
	begun         time.Time

	runs, failed, skipped, updated int
}

func newRunPrinter(w io.Writer, verbose, json bool) *runPrinter {
	return &runPrinter{out: bufio.NewWriter(w), palette: term.Palette(term.Colours(w)), verbose: verbose, json: json, begun: time.Now()}
}

// runObject is a run as JSON.
type runObject struct {
	Name     string  `json:"name"`
	File     string  `json:"file"`
	Result   string  `json:"result"`
	Platform string  `json:"platform,omitempty"`
	Seconds  float64 `json:"seconds"`
	Why      string  `json:"why,omitempty"` // of a failure or of a skip
	Log      string  `json:"log,omitempty"`
}

// The results of a run.
const (
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

// object describes a run, and counts it.
func (p *runPrinter) object(r *ran) runObject {
	p.runs++
	o := runObject{Name: r.scenario.Name(), File: filepath.ToSlash(r.scenario.File), Result: runPass, Seconds: r.took.Seconds(), Log: r.log}
	if r.result != nil {
		o.Platform = r.result.Platform()
	}
	switch {
	case r.failed():
		p.failed++
		o.Result, o.Why = runFail, r.why()
	case r.updated:
		p.updated++
		o.Result = runUpdate
	case r.result.Skipped != "":
		p.skipped++
		o.Result, o.Why = runSkip, r.result.Skipped
	}
	return o
}

// why tells a failure in lines.
func (r *ran) why() string {
	var b strings.Builder
	if r.err == nil {
		r.result.Report(&b)
		return b.String()
	}
	fmt.Fprintln(&b, r.err)
	if r.result == nil || r.result.Log == nil {
		return b.String()
	}
	if events := r.result.Events(); len(events) > 0 {
		fmt.Fprintln(&b, "until then was recorded:")
		for _, line := range events {
			fmt.Fprintf(&b, "  + %s\n", line)
		}
	}
	return b.String()
}

// print tells a run as soon as it is over.
func (p *runPrinter) print(r *ran) error {
	o := p.object(r)
	switch {
	case p.json:
		p.line(o)
	case o.Result != runPass && o.Result != runSkip || p.verbose:
		w := runWords[o.Result]
		fmt.Fprintf(p.out, "--- %s: %s (%.2fs)\n", p.palette.Paint(w.colour, w.word), term.Line(o.Name), o.Seconds)
		for line := range strings.Lines(o.Why) {
			fmt.Fprintf(p.out, "    %s\n", p.painted(term.Line(strings.TrimSuffix(line, "\n"))))
		}
		if o.Log != "" {
			fmt.Fprintf(p.out, "    recorded in %s\n", event.Quote(o.Log))
		}
	}
	return outputError("-", p.out.Flush())
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
