package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/comparison"
	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer/model"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

const checkDescription = `Replays LOG into a model of the tree and tells every record that is impossible:
the creation of what is there, the end of what never was, an event of a watch
that there is not, half a rename, numbers that are missing. What can have a
reason that was not recorded, such as half a rename at the border of the tree,
is told as not certain. A log that is damaged, by any of its checksums, is
trouble.

With DIR it also tells where the model differs from the real tree: < only the
model has it, > only DIR, | both, but not of the same kind. DIR stands for the
recorded directory, wherever it is now. A recording with a snapshot knows all
that was there; with record --no-snapshot, what was never mentioned is not
certain. What the recording excluded is not compared.

EXAMPLES:
   fsrec check bug.db
   fsrec check bug.db ~/project
   fsrec check --root /home/me/a two.db /tmp/copy-of-a
   fsrec check --json bug.db | jq .findings

EXIT CODES:
   0 nothing is wrong for certain, with --strict: nothing at all; 1 something
   is; 2 trouble, such as a LOG that cannot be read.`

type check struct {
	json, strict bool
	root         string
	dir          string
}

// checked is what a check found.
type checked struct {
	Log      string          `json:"log"`
	Roots    []model.Path    `json:"roots"`
	Findings []model.Finding `json:"findings"`
	Found    int64           `json:"found"` // how many there were, of which Findings has the first
	Losses   int             `json:"losses"`
	Dir      string          `json:"dir,omitempty"`
	Changes  []model.Change  `json:"changes,omitempty"` // left is the model, right the real tree
}

func checkCommand() *cli.Command {
	k := &check{}
	return &cli.Command{
		Name:        "check",
		Usage:       "tell what in a log is impossible, or differs from a directory",
		UsageText:   "fsrec check [flags] LOG [DIR]",
		Description: checkDescription,
		Action:      k.run,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "root", Usage: "DIR stands for the recorded directory `PATH`", Destination: &k.root},
			&cli.BoolFlag{Name: "strict", Usage: "what is not certain counts as well", DisableDefaultText: true, Destination: &k.strict},
			jsonFlag(&k.json, "print one JSON object"),
		},
	}
}

func (k *check) run(c *cli.Context) error {
	if err := wantArgs(c, 1, 2, "a log, and perhaps a directory"); err != nil {
		return err
	}
	k.dir = c.Args().Get(1)
	if k.root != "" && k.dir == "" {
		return errors.New("--root is for DIR, which is missing")
	}
	m, name, err := readModel(c.Args().First())
	if err != nil {
		return err
	}
	result := &checked{Log: name, Roots: []model.Path{}, Findings: m.Findings, Found: m.Found, Losses: m.Losses, Dir: k.dir}
	slices.SortStableFunc(result.Findings, func(a, b model.Finding) int { return cmp.Compare(a.Seq, b.Seq) })
	if result.Findings == nil {
		result.Findings = []model.Finding{}
	}
	for _, root := range m.Roots() {
		result.Roots = append(result.Roots, model.Path(root))
	}
	if k.dir != "" {
		if result.Changes, err = k.compare(m, c.Args().First()); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(os.Stdout)
	if k.json {
		err = printJSON(out, result)
	} else {
		k.print(out, m, result)
	}
	if err := outputError("-", errors.Join(err, out.Flush())); err != nil {
		return err
	}
	if result.failed(k.strict) {
		return exitStatus{code: exitDiffers}
	}
	return nil
}

// failed tells whether something is wrong for certain, or with strict perhaps.
func (r *checked) failed(strict bool) bool {
	bad := strict && r.Found > 0
	for i := range r.Findings {
		bad = bad || r.Findings[i].Certain
	}
	return bad || comparison.Differ(r.Changes, strict)
}

// readModel replays a log into a model.
func readModel(path string) (*model.Model, string, error) {
	log, err := openAs(path, true)
	if err != nil {
		return nil, "", err
	}
	defer log.Close()
	log.warn()
	if log.store != nil {
		if err := log.store.Verify(context.Background()); err != nil {
			return nil, "", err
		}
	}
	p := newReading("")
	defer p.done()
	m, err := model.Read(context.Background(), log.Header(), p.reader(log))
	return m, log.name, err
}

// compare tells where the model and the real tree differ.
func (k *check) compare(m *model.Model, log string) ([]model.Change, error) {
	dir, err := absolute(k.dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("cannot look at %s: %w", event.Quote(k.dir), plain(err))
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory: a recording is compared with the tree of one", event.Quote(k.dir))
	}
	root, err := k.recorded(m, dir)
	if err != nil {
		return nil, err
	}
	changes, err := m.CompareFS(root, os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("cannot look at all of %s: %w", event.Quote(k.dir), err)
	}
	skipped := k.skipped(m.Header, log)
	kept := []model.Change{}
	for _, change := range changes {
		if !skipped(root, dir, string(change.Path)) {
			kept = append(kept, change)
		}
	}
	return kept, nil
}

// recorded is the recorded directory that dir stands for.
func (k *check) recorded(m *model.Model, dir string) (string, error) {
	roots := m.Roots()
	if len(roots) == 0 {
		return "", errors.New("the recording has no watched directory to compare with")
	}
	if len(roots) == 1 && k.root == "" {
		return roots[0], nil
	}
	fold := m.Header.Platform.Fold
	for _, root := range roots {
		if k.root != "" && fold(root) == fold(k.root) || k.root == "" && fold(root) == fold(dir) {
			return root, nil
		}
	}
	if k.root != "" {
		return "", fmt.Errorf("--root: %s was not recorded: want %s", event.Quote(k.root), event.QuoteSome(roots))
	}
	return "", fmt.Errorf("%s is none of the recorded directories %s: say with --root which one it stands for", event.Quote(k.dir), event.QuoteSome(roots))
}

// skipped gives a function that reports what is not to be compared: the log itself, and what the recording excluded.
func (k *check) skipped(h event.Header, log string) func(root, dir, path string) bool {
	var globbed, regexps []string
	for _, pattern := range h.Exclude {
		if re, ok := strings.CutPrefix(pattern, "regexp:"); ok {
			regexps = append(regexps, re)
		} else if !strings.HasPrefix(pattern, "from:") {
			globbed = append(globbed, pattern)
		}
	}
	excluded := func(string) bool { return false }
	if g, err := newGlobs(h.Platform, globbed, h.Roots); err == nil {
		excluded = g.match
	}
	matched, err := watcher.ExcludeRegexps(regexps...)
	if err != nil || len(regexps) == 0 {
		matched = func(string) bool { return false }
	}
	itself, _ := absolute(log)
	return func(root, dir, path string) bool {
		if same(filepath.Join(dir, filepath.FromSlash(path)), itself) {
			return true
		}
		at := root
		for element := range strings.SplitSeq(path, "/") {
			if at = h.Platform.Join(at, element); excluded(at) || matched(at) {
				return true
			}
		}
		return false
	}
}

func (k *check) print(out *bufio.Writer, m *model.Model, r *checked) {
	palette, width := term.Palette(term.Colours(os.Stdout)), term.Breaks(os.Stdout)
	impossible := int64(0)
	for i := range r.Findings {
		f := &r.Findings[i]
		place := fmt.Sprintf("%6d %s", f.Seq, event.AppendSeconds(nil, f.Time))
		text, colour := fmt.Sprintf("%s: %s", f.Kind, term.Line(f.Text)), term.Yellow
		if f.Certain {
			impossible++
			colour = term.Red
		} else {
			text += "; not certain"
		}
		for _, line := range term.Hang(text, width-len(place)-2, 2) {
			fmt.Fprintf(out, "%s  %s\n", palette.Paint(term.Dim, place), palette.Paint(colour, line))
			place = strings.Repeat(" ", len(place))
		}
	}
	if n := r.Found - int64(len(r.Findings)); n > 0 {
		fmt.Fprintf(out, "       and %s more, not looked at one by one\n", count(n, "finding"))
	}
	comparison.PrintChanges(out, r.Changes, m.Header.Platform, palette)
	if r.Losses > 0 {
		fmt.Fprintf(out, "events were lost %s: what is said after that is not certain\n", count(r.Losses, "time"))
	}
	fmt.Fprint(out, verdictOf("record", "impossible", impossible, int64(len(r.Findings))-impossible))
	if r.Dir != "" {
		sure := int64(comparison.Certain(r.Changes))
		fmt.Fprint(out, "; ", verdictOf("name", "different in the real tree", sure, int64(len(r.Changes))-sure))
	}
	fmt.Fprintln(out)
}

// verdictOf says how many of some things are wrong: "1 record is impossible, 2 more not certain".
func verdictOf(noun, wrong string, sure, unsure int64) string {
	text := count(sure, noun) + " are " + wrong
	switch sure {
	case 0:
		text = "no " + noun + " is " + wrong
	case 1:
		text = "1 " + noun + " is " + wrong
	}
	if unsure > 0 {
		text += fmt.Sprintf(", %s not certain", count(unsure, noun))
	}
	return text
}

// printJSON writes v as one object, for a terminal too.
func printJSON(out *bufio.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := out.Write(event.EscapeJSON(b.Bytes()))
	return err
}
