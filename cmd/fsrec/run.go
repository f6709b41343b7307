package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"fsrec/fixtures"
	"fsrec/store"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

const runDescription = `Carries out scenarios: what each does is done in a temporary directory that is
watched, and what a handler is then told is compared with what the scenario
expects. Nothing waits for time: behind every operation a barrier proves that
all its effects have been told. FILE is a scenario, a directory of scenarios
(*.txt, *.scenario), or a pattern of such names with *, ** and ?; recordings
that lie among them are left out. go doc fsrec/fixtures tells how scenarios are
written.

Where something differs the whole sequence is shown beside the expectation, each
operation above what it caused: > where the two part, - what did not come,
+ what nothing expects. With --update the expectations that do not hold are
written anew, in the section of the platform and backend in use; comments and
what holds stay.

--json prints an object a line: {"event":"run"} when a scenario begins, then
"pass", "fail", "skip" or "update", each with file, name, backend and, of
several, round; then also platform, elapsed in seconds, why, and log with -o. A
failure has differences: of each line that was not as expected file, line,
level (events or raw), operation, and expected or seen; or, where an operation
failed, what was seen until then.

In the logs of -o the directory of the scenario is called /watch, or C:\watch.

EXAMPLES:
   fsrec run testdata/scenarios
   fsrec run -v --backend poll 'testdata/scenarios/rename-*.txt'
   fsrec run --count 50 save.txt                 does it hold each time?
   fsrec run --update save.txt && git diff save.txt
   fsrec run -o logs save.txt && fsrec diff logs/save.db windows/save.db
   fsrec run --json testdata/scenarios | jq -r 'select(.event == "fail").file'

EXIT CODES:
   0 all passed or were skipped; 1 a scenario failed; 2 trouble, such as a
   syntax error in one of them, an expectation that nothing can match, or
   nothing to run.`

type scenarios struct {
	dir           string // for the logs
	force         bool
	keepOnFailure bool
	backend       string
	update        bool
	count         uint64
	only          *regexp.Regexp
	timeout       time.Duration
	verbose       bool
	json          bool

	all []*fixtures.Scenario
}

func runCommand() *cli.Command {
	s := &scenarios{count: 1, timeout: time.Minute, backend: backends()[0]}
	return &cli.Command{
		Name:        "run",
		Usage:       "carry out scenarios, and check what is told against them",
		UsageText:   "fsrec run [flags] FILE...",
		Description: runDescription,
		Action:      s.run,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "list every scenario, not only those that fail", DisableDefaultText: true, Destination: &s.verbose},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "keep the log of each run in `DIR`, as NAME.db", Destination: &s.dir},
			&cli.BoolFlag{Name: "keep-on-failure", Usage: "keep only the logs of runs that fail", DisableDefaultText: true, Destination: &s.keepOnFailure},
			&cli.BoolFlag{Name: "force", Usage: "replace logs that are in DIR", DisableDefaultText: true, Destination: &s.force},
			(&value{set: s.setBackend}).flag("backend", "watch with `BACKEND`: "+strings.Join(backends(), " or ")+" (default "+backends()[0]+")"),
			&cli.BoolFlag{Name: "update", Usage: "write the expectations that do not hold anew", DisableDefaultText: true, Destination: &s.update},
			countFlag(&s.count, "count", "run each scenario `N` times (default 1)"),
			(&value{set: s.setOnly}).flag("run", "only scenarios with a name that `REGEXP` matches, somewhere in it"),
			durationFlag(&s.timeout, "timeout", "a scenario fails that takes longer than `TIME` (default 1m)"),
			jsonFlag(&s.json, "print JSON objects, one a line, in the manner of go test -json"),
		},
	}
}

// backends are those that this system has, its own first.
func backends() []string {
	switch here {
	case event.Linux:
		return []string{"inotify", "poll"}
	case event.Windows:
		return []string{"rdcw", "poll"}
	}
	return []string{"poll"}
}

func (s *scenarios) setBackend(word string) error {
	s.backend = word
	if slices.Contains(backends(), word) {
		return nil
	}
	if slices.Contains([]string{"inotify", "rdcw"}, word) {
		return fmt.Errorf("this system has no %s: want %s", word, strings.Join(backends(), " or "))
	}
	return fmt.Errorf("unknown backend %q: want %s%s", word, strings.Join(backends(), " or "), didYouMean(word, backends()))
}

func (s *scenarios) setOnly(word string) (err error) {
	if s.only, err = regexp.Compile(word); err != nil {
		return fmt.Errorf("not a regular expression: %w", err)
	}
	return nil
}

func (s *scenarios) run(c *cli.Context) error {
	if err := wantArgs(c, 1, -1, "a scenario"); err != nil {
		return err
	}
	switch {
	case s.update && s.count > 1:
		return errors.New("--update and --count contradict each other: update first, then see whether it holds")
	case s.dir == "" && (s.force || s.keepOnFailure):
		return errors.New("--force and --keep-on-failure are for the logs of -o DIR, which is missing")
	}
	if err := s.read(c.Args().Slice()); err != nil {
		return err
	}
	if err := s.prepareLogs(); err != nil {
		return err
	}
	if err := s.probe(); err != nil {
		return err
	}
	ctx, stop := untilSignal(context.Background())
	defer stop()
	out := newRunPrinter(os.Stdout, s.verbose, s.json)
	for round := range s.count {
		for _, scenario := range s.all {
			if err := s.one(ctx, out, scenario, round); err != nil {
				return err
			}
		}
	}
	if err := out.end(len(s.all)); err != nil {
		return err
	}
	if out.failed > 0 {
		return exitStatus{code: exitDiffers}
	}
	return nil
}

// read parses everything before anything runs. Every file that is wrong is told.
func (s *scenarios) read(words []string) error {
	files, err := scenarioFiles(words)
	if err != nil {
		return err
	}
	var wrong []error
	for _, file := range files {
		scenario, err := s.parse(file)
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case s.only == nil || s.only.MatchString(scenario.Name()):
			s.all = append(s.all, scenario)
		}
	}
	if n := len(wrong); n > 0 {
		for _, err := range wrong[:n-1] {
			complain(err)
		}
		return wrong[n-1]
	}
	if len(s.all) == 0 {
		return fmt.Errorf("--run %s: none of %s has such a name", event.Quote(s.only.String()), count(len(files), "scenario"))
	}
	return nil
}

// parse reads a scenario. Expectations that are to be written need not be there.
func (s *scenarios) parse(file string) (*fixtures.Scenario, error) {
	text, err := os.ReadFile(file)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read %s: %w", event.Quote(file), plain(err))
	case s.update:
		return fixtures.ParseDraft(file, text)
	}
	return fixtures.Parse(file, text)
}

// probe fails where the backend cannot be had, for whichever scenario.
func (s *scenarios) probe() error {
	open := s.options().Open
	if open == nil {
		open = func() (live.Backend, error) { return live.New(live.Options{}) }
	}
	b, err := open()
	if err != nil {
		return err
	}
	return b.Close()
}

// options say with which backend scenarios run. Between barriers polling does not look, so that each look has all of an operation.
func (s *scenarios) options() fixtures.Options {
	if s.backend != "poll" {
		return fixtures.Options{}
	}
	return fixtures.Options{Open: func() (live.Backend, error) { return live.NewPoll(live.Options{Interval: time.Hour}) }}
}

// ran is what came of one run.
type ran struct {
	scenario *fixtures.Scenario
	backend  string
	round    uint64           // from 1, 0 if there is only one
	result   *fixtures.Result // nil if nothing came of it
	err      error            // why it failed, if not by what was told
	updated  bool
	log      string // the file with its log, empty where it was not kept
	took     time.Duration
}

func (r *ran) failed() bool { return r.err != nil || !r.updated && !r.result.OK() }

// one runs a scenario, in the round of that number, and tells what came of it. The error is one that ends everything.
func (s *scenarios) one(ctx context.Context, out *runPrinter, scenario *fixtures.Scenario, round uint64) error {
	r := &ran{scenario: scenario, backend: s.backend}
	if s.count > 1 {
		r.round = round + 1
	}
	if err := out.begin(r); err != nil {
		return err
	}
	if err := s.carryOut(ctx, r); err != nil {
		return err
	}
	if err := s.keep(r, round); err != nil {
		return err
	}
	return out.print(r)
}

func (s *scenarios) carryOut(parent context.Context, r *ran) error {
	ctx, cancel := context.WithTimeout(parent, s.timeout)
	defer cancel()
	begun := time.Now()
	r.result, r.err = r.scenario.Run(ctx, s.options())
	r.took = time.Since(begun)
	if parent.Err() != nil {
		return errors.New("interrupted")
	}
	if errors.Is(r.err, context.DeadlineExceeded) {
		r.err = fmt.Errorf("%w: it is given %v, --timeout gives it more", r.err, s.timeout)
	}
	if s.update && r.err == nil && !r.result.OK() {
		if err := os.WriteFile(r.scenario.File, r.result.Updated(), 0o644); err != nil {
			return outputError(r.scenario.File, err)
		}
		r.updated = true
	}
	return nil
}

// prepareLogs makes the directory of the logs, and refuses what would write over one.
func (s *scenarios) prepareLogs() error {
	if s.dir == "" {
		return nil
	}
	first := make(map[string]string)
	for _, scenario := range s.all {
		name := here.Fold(scenario.Name())
		if other, twice := first[name]; twice {
			return fmt.Errorf("%s and %s would have the same log, %s: run them one after the other", event.Quote(other), event.Quote(scenario.File), event.Quote(s.log(scenario, 0)))
		}
		first[name] = scenario.File
		for round := range s.count {
			if err := refuseExisting(s.log(scenario, round), s.force); err != nil {
				return err
			}
		}
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return fmt.Errorf("cannot make %s: %w", event.Quote(s.dir), plain(err))
	}
	return nil
}

// log names the log of a scenario in a round, numbered from 0.
func (s *scenarios) log(scenario *fixtures.Scenario, round uint64) string {
	name := scenario.Name()
	if round > 0 {
		name = fmt.Sprintf("%s.%d", name, round+1)
	}
	return filepath.Join(s.dir, name+".db")
}

// keep writes the log of a run.
func (s *scenarios) keep(r *ran, round uint64) error {
	if s.dir == "" || r.result == nil || r.result.Log == nil || s.keepOnFailure && !r.failed() {
		return nil
	}
	r.log = s.log(r.scenario, round)
	header := r.result.Log.Header()
	header.Tool = "fsrec " + version()
	w, err := store.Create(r.log, header, store.Options{Force: s.force, FlushInterval: -1})
	if err != nil {
		return logError("write", r.log, err)
	}
	if err := w.Write(r.result.Log.Records()); err != nil {
		return errors.Join(outputError(r.log, err), w.Abort())
	}
	return logError("write", r.log, w.Close())
}
