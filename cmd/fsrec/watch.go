package main

import (
	"context"
	"errors"
	"os"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

const watchDescription = `Prints what happens in DIR..., and in the directories below, until Ctrl-C. It is
what record followed by replay prints, without a log.

EXAMPLES:
   fsrec watch ~/project
   fsrec watch --format inotifywait -e close_write,moved_to --exclude .git .
   fsrec watch --json /srv | jq .pathname
   fsrec watch --printf '%T %e %p' --timefmt %H:%M:%S /tmp

EXIT CODES:
   0 ended by Ctrl-C or SIGTERM; 1 a command of --exec failed; 2 trouble.`

type watch struct {
	capture
	view
}

func watchCommand() *cli.Command {
	w := &watch{view: view{number: true}}
	return &cli.Command{
		Name:        "watch",
		Usage:       "print what happens in directories, without a log",
		UsageText:   "fsrec watch [flags] DIR...",
		Description: watchDescription,
		Action:      w.run,
		Flags:       append(w.view.flags(), w.capture.flags()...),
	}
}

func (w *watch) run(c *cli.Context) error {
	if err := wantArgs(c, 1, -1, "a directory"); err != nil {
		return err
	}
	if err := w.view.prepare(c, os.Stdout); err != nil {
		return err
	}
	status := term.NewStatus(os.Stderr)
	note := func(format string, args ...any) { status.Printf("fsrec: "+format, args...) }
	if err := w.capture.prepare(c.Args().Slice(), note); err != nil {
		return err
	}
	if err := w.setPaths(event.Header{Platform: here, Roots: w.roots}); err != nil {
		return err
	}
	backend, err := w.open(w.outputPath()...)
	if err != nil {
		return err
	}
	defer backend.Close()
	watches, failed, err := w.add(backend, false)
	if err != nil {
		return err
	}
	w.noteUntold(status, backend)
	warnFailed(status, failed)
	ctx, stop := untilSignal(context.Background())
	defer stop()
	w.refused = func(r *event.Record) { status.Printf("fsrec: warning: %v", refusal(r.Name, r.Path, r.N)) }
	status.Printf("ready: %s", count(watches, "watch"))
	err = w.show(ctx, backend)
	if errors.Is(err, context.Canceled) {
		return w.outcome()
	}
	return err
}
