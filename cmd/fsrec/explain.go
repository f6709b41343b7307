package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/tell"
	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

const explainDescription = `Tells in plain words what a rule of fsrec diff is about, or what each record of
a log says. Without an argument it lists the rules. A word that is the id of a
rule means the rule; ./WORD means the log of that name. On a terminal long lines
are broken between words; in a pipe each record is a line.

EXAMPLES:
   fsrec explain
   fsrec explain parent-modified
   fsrec explain --rules mine.txt my-rule
   fsrec explain bug.db | grep renamed
   fsrec explain --json bug.db | jq -r 'select(.kind == "loss") | .text'

EXIT CODES:
   0 told; 2 trouble, such as a word that is neither a rule nor a log.`

type explain struct {
	rules cli.StringSlice
	json  bool
	all   bool
	texts map[string]string // of the rules, by file
}

func explainCommand() *cli.Command {
	e := &explain{}
	return &cli.Command{
		Name:        "explain",
		Usage:       "tell a rule, or every record of a log, in plain words",
		UsageText:   "fsrec explain [flags] [RULE | LOG]",
		Description: explainDescription,
		Action:      e.run,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "of a log: tell reads, what listings found and what the recorder itself did as well, and each watch", DisableDefaultText: true, Destination: &e.all},
			&cli.StringSliceFlag{Name: "rules", Usage: "know the rules of `FILE` too (repeatable)", Destination: &e.rules},
			jsonFlag(&e.json, "print one JSON object a line"),
		},
	}
}

func (e *explain) run(c *cli.Context) error {
	if err := wantArgs(c, 0, 1, "one rule or log"); err != nil {
		return err
	}
	catalogue, texts, err := readRules(e.rules.Value())
	if err != nil {
		return err
	}
	e.texts = texts
	word := c.Args().First()
	rule := catalogue.Rule(word)
	if c.Args().Present() && rule == nil {
		if err := e.neither(word, catalogue); err != nil {
			return err
		}
		return e.log(word)
	}
	if e.all {
		return errors.New("--all is for a log, and none is named")
	}
	out := bufio.NewWriter(os.Stdout)
	if rule != nil {
		e.rule(out, rule)
	} else {
		e.list(out, catalogue)
	}
	return outputError("-", out.Flush())
}

// neither reports an error where word cannot be a log and is no rule.
func (e *explain) neither(word string, catalogue *diff.Catalogue) error {
	if _, err := os.Stat(word); err == nil || word == "-" || strings.ContainsAny(word, `/\.`) {
		return nil
	}
	ids := make([]string, len(catalogue.Rules))
	for i, r := range catalogue.Rules {
		ids[i] = r.ID
	}
	return fmt.Errorf("%q is neither a rule nor a log: fsrec explain lists the rules%s", word, likeRule(word, ids))
}

// likeRule proposes rules that word may mean: one that is nearly spelled like it, or those with a word of it.
func likeRule(word string, ids []string) string {
	if near := didYouMean(word, ids); near != "" {
		return near
	}
	var like []string
	for _, id := range ids {
		for part := range strings.SplitSeq(strings.ToLower(word), "-") {
			if len(part) > 3 && strings.Contains(id, part) && len(like) < 4 {
				like = append(like, id)
				break
			}
		}
	}
	if len(like) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(like, " or ") + "?"
}

func (e *explain) object(out *bufio.Writer, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // strings and numbers
	}
	out.Write(event.EscapeJSON(b.Bytes()))
}

// list prints every rule with its reason.
func (e *explain) list(out *bufio.Writer, catalogue *diff.Catalogue) {
	palette, width := term.Palette(term.Colours(os.Stdout)), term.Columns(os.Stdout)
	for _, r := range catalogue.Rules {
		if e.json {
			e.object(out, tell.NewRule(r, e.texts[r.File]))
			continue
		}
		fmt.Fprintln(out, palette.Paint(term.Bold, r.ID))
		for _, line := range term.Wrap(term.Line(r.Reason), width-4) {
			fmt.Fprintf(out, "    %s\n", line)
		}
	}
}

func (e *explain) rule(out *bufio.Writer, r *diff.Rule) {
	told := tell.NewRule(r, e.texts[r.File])
	if e.json {
		e.object(out, told)
		return
	}
	palette, width := term.Palette(term.Colours(os.Stdout)), term.Columns(os.Stdout)
	const key = 14
	fmt.Fprintf(out, "%s\n\n", palette.Paint(term.Bold, r.ID))
	for _, line := range term.Wrap(term.Line(r.Reason), width-2) {
		fmt.Fprintf(out, "  %s\n", line)
	}
	for _, part := range []struct {
		key   string
		lines []string
	}{{"applies when", told.Applies}, {"what differs", told.Pattern}, {"where", told.Where}, {"source", []string{r.Source}}, {"written in", []string{fmt.Sprintf("%s, line %d", r.File, r.Line)}}} {
		if len(part.lines) > 0 {
			fmt.Fprintln(out)
		}
		name := part.key
		for _, text := range part.lines {
			for i, line := range term.Wrap(term.Line(text), width-key-2) {
				if i > 0 {
					line = "  " + line
				}
				fmt.Fprintf(out, "%s%s\n", palette.Paint(term.Blue, name)+strings.Repeat(" ", key-len(name)), line)
				name = ""
			}
		}
	}
	fmt.Fprintln(out)
	for line := range strings.SplitSeq(strings.ReplaceAll(told.Text, "\n  ", " "), "\n") { // lines that go on are broken anew
		for _, part := range term.Hang(term.Line(line), width-2, 2) {
			fmt.Fprintln(out, palette.Paint(term.Dim, "  "+part))
		}
	}
}

// log tells the records of a log.
func (e *explain) log(path string) error {
	log, err := openSource(path)
	if err != nil {
		return err
	}
	defer log.Close()
	log.warn()
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	teller := tell.New(log.Header(), e.all)
	var lines []tell.Line
	for batch, err := range event.Batches(context.Background(), log) {
		if err != nil {
			return errors.Join(outputError("-", out.Flush()), err)
		}
		lines = teller.Append(lines[:0], batch)
		if err := e.lines(out, lines); err != nil {
			return outputError("-", err)
		}
	}
	err = e.lines(out, teller.Flush(lines[:0]))
	if n := teller.Untold(); err == nil && n > 0 && !e.json {
		_, err = io.WriteString(out, count(n, "record")+" not told, of reads, listings and what the recorder itself did: --all tells them\n")
	}
	return outputError("-", errors.Join(err, out.Flush()))
}

func (e *explain) lines(out *bufio.Writer, lines []tell.Line) error {
	palette, width := term.Palette(term.Colours(os.Stdout)), term.Breaks(os.Stdout)
	for i := range lines {
		l := &lines[i]
		if e.json {
			e.object(out, l)
			continue
		}
		place := fmt.Sprintf("%6d %s", l.Seq, event.AppendSeconds(nil, l.Time))
		for _, line := range term.Hang(l.Text, width-len(place)-2, 2) {
			fmt.Fprintf(out, "%s  %s\n", palette.Paint(term.Dim, place), palette.Paint(lineColours[l.Kind], line))
			place = strings.Repeat(" ", len(place))
		}
	}
	_, err := out.Write(nil)
	return err
}

// lineColours are for what a reader should not miss.
var lineColours = map[string]term.Colour{
	"loss": term.Red, "fail": term.Yellow, "mark": term.Bold, "watch": term.Blue, "unwatch": term.Blue, "move": term.Blue, "event": term.Normal,
}
