package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/format"
	"fsrec/cmd/fsrec/internal/report"
	"fsrec/cmd/fsrec/internal/term"
	"fsrec/replayer"
	"fsrec/watcher/event"
)

const replayDescription = `Gives the events of LOG back, through the same code that handles live events.
The output of two replays is the same, byte for byte, at any speed. LOG may also
be a file in the text form, or - for the text form on standard input.

FORMATS:
%s
DIRECTIVES of --printf; the first eight are those of inotifywait --format:
%s
ENVIRONMENT of --exec: FSREC_SEQ, FSREC_TIME, FSREC_WD, FSREC_MASK, FSREC_PATH,
FSREC_NAME, FSREC_PATHNAME, FSREC_SRC_PATHNAME, FSREC_DIR, FSREC_COOKIE,
FSREC_SYNTHETIC, FSREC_INFERRED, FSREC_DIR_UNKNOWN.

EXAMPLES:
   fsrec replay log.db
   fsrec replay --json log.db | jq -r .pathname
   fsrec replay --speed 2 --idle-cap 1 log.db      twice the recorded pace
   fsrec replay --from mark:build --to 12.5 -e create,delete log.db
   fsrec replay --path '**/*.go' --printf '%%t %%e %%p' log.db
   fsrec replay --map /home/me/project=/src --format inotifywait log.db
   fsrec replay --exec 'sh -c "echo $FSREC_PATHNAME"' log.db
   fsrec replay --stats log.db

EXIT CODES:
   0 replayed; 1 a command of --exec failed; 2 trouble, such as a LOG that
   cannot be read.`

type replay struct {
	view
	options  []replayer.Option
	maps     []string // the OLD paths
	stepping bool
	loop     bool
}

func replayCommand() *cli.Command {
	r := &replay{}
	return &cli.Command{
		Name:        "replay",
		Usage:       "give the events of a log back",
		UsageText:   "fsrec replay [flags] LOG",
		Description: fmt.Sprintf(replayDescription, indent(format.About()), indent(format.AboutDirectives())),
		Action:      r.run,
		Flags: append(append(r.flags(), maskFlag(&r.only, "only these `EVENTS`, such as create,delete (repeatable)")),
			r.valueFlag("speed", "replay at `N` times the recorded pace, or max (the default)", r.setSpeed),
			r.valueFlag("idle-cap", "with --speed: wait at most `TIME` between two events", r.setIdleCap),
			r.valueFlag("from", "start at `PLACE`: seconds, a time such as 1m30s, seq:N or mark:TEXT", func(s string) error {
				return r.setPlace(s, replayer.FromTime, replayer.FromSeq, replayer.FromMark)
			}),
			r.valueFlag("to", "end with `PLACE`", func(s string) error {
				return r.setPlace(s, replayer.ToTime, replayer.ToSeq, replayer.ToMark)
			}),
			r.valueFlag("map", "give paths at and below OLD as if they were NEW: `OLD=NEW` (repeatable)", r.setMap),
			&cli.BoolFlag{Name: "step", Usage: "wait for Enter on standard input after each event; q ends", DisableDefaultText: true, Destination: &r.stepping},
			&cli.BoolFlag{Name: "loop", Usage: "begin again at the end, until Ctrl-C", DisableDefaultText: true, Destination: &r.loop},
		),
	}
}

func indent(lines string) string {
	return "   " + strings.ReplaceAll(strings.TrimSuffix(lines, "\n"), "\n", "\n   ") + "\n"
}

func (r *replay) valueFlag(name, usage string, set func(string) error) cli.Flag {
	return (&value{set: set}).flag(name, usage)
}

func (r *replay) setSpeed(word string) error {
	if word == "max" {
		r.options = append(r.options, replayer.MaxSpeed())
		return nil
	}
	factor, err := strconv.ParseFloat(strings.TrimSuffix(word, "x"), 64)
	if err != nil || !(factor > 0) || math.IsInf(factor, 0) {
		return errors.New("want max or a number above 0: 1 is the recorded pace, 2 twice as fast")
	}
	r.options = append(r.options, replayer.Speed(factor))
	return nil
}

func (r *replay) setIdleCap(word string) error {
	d, err := parseDuration(word)
	if err != nil || d <= 0 {
		return errDuration
	}
	r.options = append(r.options, replayer.IdleCap(d))
	return nil
}

func (r *replay) setMap(word string) error {
	from, to, ok := strings.Cut(word, "=")
	if !ok || from == "" || to == "" {
		return errors.New("want OLD=NEW, two paths")
	}
	r.maps = append(r.maps, from)
	r.options = append(r.options, replayer.Map(from, to))
	return nil
}

func (r *replay) setPlace(word string, byTime func(time.Duration) replayer.Option, bySeq func(uint64) replayer.Option, byMark func(string) replayer.Option) error {
	if text, ok := strings.CutPrefix(word, "mark:"); ok {
		r.options = append(r.options, byMark(text))
		return nil
	}
	if n, ok := strings.CutPrefix(word, "seq:"); ok {
		seq, err := strconv.ParseUint(n, 10, 64)
		if err != nil || seq == 0 {
			return errors.New("want seq: and a number from 1")
		}
		r.options = append(r.options, bySeq(seq))
		return nil
	}
	d, err := parseDuration(word)
	if err != nil || d < 0 {
		return errors.New("want seconds such as 1.25, a time such as 1m30s, seq:N or mark:TEXT")
	}
	r.options = append(r.options, byTime(d))
	return nil
}

func (r *replay) run(c *cli.Context) error {
	if err := wantArgs(c, 1, 1, "a log"); err != nil {
		return err
	}
	if err := contradict(c, [2]string{"step", "speed"}, [2]string{"step", "loop"}); err != nil {
		return err
	}
	path := c.Args().First()
	switch {
	case c.IsSet("idle-cap") && !c.IsSet("speed"):
		return errors.New("--idle-cap bounds the waits of a recorded pace: give --speed too, such as --speed 1")
	case r.stepping && path == "-":
		return errors.New("--step and - contradict each other: both read standard input")
	}
	if err := r.prepare(c, os.Stdout); err != nil {
		return err
	}
	if r.loop {
		if r.name == format.Text {
			return errors.New("--loop and --format text contradict each other: a recording has no second round")
		}
		r.options = append(r.options, replayer.Loop(0))
	}
	log, err := openSource(path)
	if err != nil {
		return err
	}
	defer log.Close()
	log.warn()
	backend, err := replayer.New(log, r.options...)
	if err != nil {
		return err
	}
	defer backend.Close()
	if err := r.setPaths(backend.Header()); err != nil {
		return err
	}
	r.warnMaps(log.Header())
	if untold := report.Untold(log.Header().Backend, r.only, false); untold != 0 {
		complain(fmt.Errorf("note: no %v will come: %s", untold, neverTold(backend)))
	}
	return r.play(backend)
}

func (r *replay) play(backend *replayer.Replayer) error {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	status := term.NewStatus(os.Stderr)
	if status.On() && r.name == "none" {
		r.progress = func(shown uint64) { status.Set(fmt.Sprintf("%s events replayed", humanize.Comma(int64(shown)))) }
	}
	if r.stepping {
		r.step = stepper(ctx, os.Stdin)
	}
	err := r.show(ctx, backend)
	status.Clear()
	if !errors.Is(err, context.Canceled) {
		return err
	}
	if !r.loop {
		return fmt.Errorf("interrupted after record %d", backend.Position().Seq)
	}
	return r.outcome()
}

// stepper gives a function that waits for a line of in.
func stepper(ctx context.Context, in io.Reader) func() error {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() error {
		select {
		case line, ok := <-lines:
			if !ok || strings.TrimSpace(line) == "q" {
				return errQuit
			}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// warnMaps tells of a --map that fits nothing.
func (r *replay) warnMaps(h event.Header) {
	for _, old := range r.maps {
		used := len(h.Roots) == 0
		for _, root := range h.Roots {
			_, in := h.Platform.Below(old, root)
			_, over := h.Platform.Below(root, old)
			used = used || in || over
		}
		if !used {
			complain(fmt.Errorf("warning: --map: nothing was recorded at or below %s; the recorded directories are %s", event.Quote(old), event.QuoteSome(h.Roots)))
		}
	}
}
