package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/comparison"
	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/diff"
	"fsrec/replayer/model"
	"fsrec/watcher/event"
)

const diffDescription = `Compares two recordings, of any two systems: what is the same, what differs and
why, and what differs and nobody knows why. LEFT and RIGHT are logs, files in
the text form, or - for the text form on standard input. Both are made
comparable first, by STEPS; what differs then is explained by rules, each with
its source: see fsrec explain.

MATCHES:
   partial   the events of each path in the same order, a rename in order on
             both of its paths, and what is in a directory against the directory
             itself
   exact     all events in one order
   set       the same events the same number of times, in any order
   subset    every event of LEFT is in RIGHT; what RIGHT has besides is set
             aside

STEPS, done unless it says otherwise:
%s
FORMATS:
   side      a summary, then what differs side by side: < only LEFT has it,
             > only RIGHT, | the one against the other; numbers are those of the
             records, and -- OPERATION -- stands above what happened during it.
             In the summary the events of each recording are what was set aside,
             folded or joined and what got each verdict, added up
   unified   everything that differs, as diff -u: - LEFT, + RIGHT, # the verdict
   json      one object with everything that differs, described in
             cmd/fsrec/OUTPUT.md

EXAMPLES:
   fsrec diff linux.db windows.db
   fsrec diff --html diff.html linux.db windows.db
   fsrec diff --match exact --strict before.db after.db
   fsrec diff --with fold --without repeats,masks a.db b.db
   fsrec diff --root '/home/me/project=C:\work' linux.db windows.db
   fsrec diff --state --root /a=/b one.db two.db
   fsrec diff --rules mine.txt --json a.db b.db | jq .counts

EXIT CODES:
   0 nothing is unexplained, with --strict: nothing differs; 1 there are
   differences; 2 trouble, such as a log that cannot be read or roots that have
   nothing to do with each other.`

type comparing struct {
	options diff.Options
	rules   cli.StringSlice
	format  string
	json    bool
	html    string
	force   bool
	strict  bool
	all     bool
	state   bool
	context int
}

func diffCommand() *cli.Command {
	d := &comparing{format: comparison.Formats()[0]}
	d.options.Steps, d.options.Roots = make(map[diff.Step]bool), make(map[string]string)
	return &cli.Command{
		Name:        "diff",
		Usage:       "compare two recordings and say why they differ",
		UsageText:   "fsrec diff [flags] LEFT RIGHT",
		Description: fmt.Sprintf(diffDescription, indent(aboutSteps())),
		Action:      d.run,
		Flags: []cli.Flag{
			(&value{set: d.setMatch}).flag("match", "how much order there must be: `MATCH` is "+strings.Join(matchNames(), ", ")+" (default partial)", "m"),
			(&value{set: func(s string) error { return d.setSteps(s, true) }}).flag("with", "do `STEP` too (repeatable)"),
			(&value{set: func(s string) error { return d.setSteps(s, false) }}).flag("without", "leave `STEP` out (repeatable)"),
			(&value{set: d.setRoot}).flag("root", "compare what is below the recorded directories `LEFT=RIGHT` (repeatable)"),
			&cli.StringSliceFlag{Name: "rules", Usage: "explain by the rules of `FILE` first (repeatable)", Destination: &d.rules},
			&cli.BoolFlag{Name: "strict", Usage: "what is explained or unknown counts as well", DisableDefaultText: true, Destination: &d.strict},
			&cli.BoolFlag{Name: "state", Usage: "compare the trees that the recordings end in, not the events", DisableDefaultText: true, Destination: &d.state},
			(&value{set: func(s string) error { d.format = s; return orLike(comparison.KnownFormat(s), s, comparison.Formats()) }}).flag("format", "print in `FORMAT`: "+strings.Join(comparison.Formats(), ", ")+" (default side)", "f"),
			jsonFlag(&d.json, "the same as --format json"),
			&cli.BoolFlag{Name: "all", Usage: "show every difference, not only what fits a screen", DisableDefaultText: true, Destination: &d.all},
			&cli.IntFlag{Name: "context", Aliases: []string{"U"}, Value: 3, Usage: "show `N` rows before and after what differs", Destination: &d.context},
			&cli.StringFlag{Name: "html", Usage: "write a page for a browser to `FILE` as well", Destination: &d.html},
			&cli.BoolFlag{Name: "force", Usage: "replace FILE of --html if it exists", DisableDefaultText: true, Destination: &d.force},
		},
	}
}

func aboutSteps() string {
	var b strings.Builder
	for _, s := range diff.Steps() {
		text := s.Text
		if !s.Default {
			text = "(only --with " + string(s.Step) + ") " + text
		}
		for i, line := range term.Wrap(text, 63) {
			fmt.Fprintf(&b, "%-13s%s\n", map[bool]string{true: string(s.Step)}[i == 0], line)
		}
	}
	return b.String()
}

func matchNames() []string {
	var names []string
	for _, m := range diff.Matches() {
		names = append(names, string(m))
	}
	return names
}

func stepNames() []string {
	var names []string
	for _, s := range diff.Steps() {
		names = append(names, string(s.Step))
	}
	return names
}

func (d *comparing) setMatch(word string) (err error) {
	d.options.Match, err = diff.ParseMatch(word)
	var names []string
	for _, m := range diff.Matches() {
		names = append(names, string(m))
	}
	return orLike(err, word, names)
}

func (d *comparing) setSteps(words string, on bool) error {
	for word := range strings.SplitSeq(words, ",") {
		if !slices.Contains(stepNames(), word) {
			return fmt.Errorf("unknown step %q%s", word, orMean(word, stepNames(), "want "+strings.Join(stepNames(), ", ")))
		}
		if was, ok := d.options.Steps[diff.Step(word)]; ok && was != on {
			return fmt.Errorf("step %q is both with and without: give one of them", word)
		}
		d.options.Steps[diff.Step(word)] = on
	}
	return nil
}

func (d *comparing) setRoot(word string) error {
	left, right, ok := strings.Cut(word, "=")
	if !ok || left == "" || right == "" {
		return errors.New("want LEFT=RIGHT, two recorded directories")
	}
	for l, r := range d.options.Roots {
		switch {
		case l == left && r == right:
		case l == left:
			return fmt.Errorf("%s is paired twice", event.Quote(left))
		case r == right:
			return fmt.Errorf("%s is paired twice", event.Quote(right))
		}
	}
	d.options.Roots[left] = right
	return nil
}

func (d *comparing) run(c *cli.Context) error {
	if err := wantArgs(c, 2, 2, "two logs"); err != nil {
		return err
	}
	names := c.Args().Slice()
	switch {
	case names[0] == "-" && names[1] == "-":
		return errors.New("both logs are standard input, which can be read once: name one of them")
	case d.context < 0:
		return errors.New("--context: want a number from 0")
	case d.html == "-":
		return errors.New("--html: a page is a file: name one")
	case d.html == "" && d.force:
		return errors.New("--force is for --html, which is missing")
	}
	if err := contradict(c, [2]string{"json", "format"}); err != nil {
		return err
	}
	if d.json {
		d.format = "json"
	}
	if d.state {
		return d.states(c, names)
	}
	if d.html != "" {
		if err := refuseExisting(d.html, d.force); err != nil {
			return err
		}
	}
	var err error
	if d.options.Rules, _, err = readRules(d.rules.Value()); err != nil {
		return err
	}
	result, err := d.compare(names)
	if err != nil {
		return err
	}
	if d.html != "" {
		stop := busy(term.NewStatus(os.Stderr), "writing "+d.html)
		err := replaceFile(d.html, func(w io.Writer) error { return outputError(d.html, comparison.WritePage(w, result)) })
		stop()
		if err != nil {
			return err
		}
	}
	err = outputError("-", comparison.Write(os.Stdout, d.format, result, comparison.Options{
		Colour: term.Colours(os.Stdout), Terminal: term.Is(os.Stdout), Width: term.Columns(os.Stdout),
		Context: d.context, All: d.all, Strict: d.strict,
	}))
	if err == nil && result.Result.Failed(d.strict) {
		return exitStatus{code: exitDiffers}
	}
	return err
}

// compare opens two recordings and compares them.
func (d *comparing) compare(names []string) (*comparison.Comparison, error) {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	out := &comparison.Comparison{Steps: d.options.Steps}
	var inputs [2]diff.Input
	p := newReading("comparing")
	defer p.done()
	for i, name := range names {
		log, err := openSource(name)
		if err != nil {
			return nil, err
		}
		defer log.Close()
		log.warn()
		out.Headers[i] = log.Header()
		inputs[i] = diff.Input{Name: log.name, Header: log.Header(), Reader: p.reader(log)}
	}
	var err error
	out.Result, err = diff.Compare(ctx, inputs[0], inputs[1], d.options)
	return out, comparisonError(err)
}

// states compares the trees that two recordings end in.
func (d *comparing) states(c *cli.Context, names []string) error {
	for _, flag := range []string{"match", "with", "without", "rules", "all", "context", "html"} {
		if c.IsSet(flag) {
			return fmt.Errorf("--state and --%s contradict each other: a tree at the end has no events", flag)
		}
	}
	var models [2]*model.Model
	var sides [2]comparison.StateSide
	for i, name := range names {
		m, name, err := readModel(name)
		if err != nil {
			return err
		}
		models[i], sides[i] = m, comparison.NewStateSide(name, m)
	}
	changes, err := model.Compare(models[0], models[1], d.options.Roots)
	if err != nil {
		return comparisonError(err)
	}
	if changes == nil {
		changes = []model.Change{}
	}
	state := &comparison.State{Left: sides[0], Right: sides[1], Changes: changes}
	err = outputError("-", comparison.WriteState(os.Stdout, d.format, state, comparison.Options{Colour: term.Colours(os.Stdout)}))
	if err == nil && comparison.Differ(changes, d.strict) {
		return exitStatus{code: exitDiffers}
	}
	return err
}

// comparisonError adds the way out to what a comparison complains of.
func comparisonError(err error) error {
	var input *diff.InputError
	var roots *event.RootsError
	var bound *diff.BoundError
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case errors.As(err, &input):
		return input.Err // names the log itself
	case errors.As(err, &roots):
		pair := "LEFT=RIGHT"
		if len(roots.Left) == 1 && len(roots.Right) == 1 {
			pair = strings.TrimSuffix(event.Quote(roots.Left[0]), `"`) + "=" + strings.TrimPrefix(event.Quote(roots.Right[0]), `"`)
		}
		return fmt.Errorf("%w: --root %s", err, pair)
	case errors.As(err, &bound):
		return fmt.Errorf("%w: --state compares the trees that the recordings end in", err)
	}
	return err
}

// readRules gives the catalogue with the rules of files before it, and the texts of all of them.
func readRules(files []string) (*diff.Catalogue, map[string]string, error) {
	all := diff.BuiltIn()
	texts := map[string]string{all.Rules[0].File: diff.CatalogueText()}
	for _, name := range slices.Backward(files) {
		more, text, err := readRuleFile(name)
		if err != nil {
			return nil, nil, err
		}
		all, texts[name] = all.With(more), text
	}
	return all, texts, nil
}

func readRuleFile(name string) (*diff.Catalogue, string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the rules of %s: %w", event.Quote(name), plain(err))
	}
	defer f.Close()
	var text strings.Builder
	rules, err := diff.ParseRules(name, io.TeeReader(f, &text))
	var wrong *diff.RuleError
	if err != nil && !errors.As(err, &wrong) {
		err = fmt.Errorf("cannot read the rules of %s: %w", event.Quote(name), plain(err))
	}
	return rules, text.String(), err
}
