package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"fsrec/store"
	"fsrec/watcher/event"
)

const loadDescription = `Makes a log of the text form: the inverse of dump. TEXT may be - for standard
input. Records whose numbers have gaps, because they were written by hand or cut
out, are numbered anew.

EXAMPLES:
   fsrec load bug.txt -o bug.db
   fsrec replay --format text --from 10 big.db | fsrec load - -o small.db

EXIT CODES:
   0 loaded; 2 trouble, such as a line that is wrong, which is named. No LOG is
   left behind then.`

type load struct {
	output string
	force  bool
}

func loadCommand() *cli.Command {
	l := &load{}
	return &cli.Command{
		Name:        "load",
		Usage:       "make a log of the text form",
		UsageText:   "fsrec load [flags] TEXT -o LOG",
		Description: loadDescription,
		Action:      l.run,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "make `LOG`", Destination: &l.output},
			&cli.BoolFlag{Name: "force", Usage: "replace LOG if it exists", DisableDefaultText: true, Destination: &l.force},
		},
	}
}

func (l *load) run(c *cli.Context) error {
	if err := wantArgs(c, 1, 1, "a text form"); err != nil {
		return err
	}
	switch l.output {
	case "":
		return errors.New("load needs -o LOG: fsrec load TEXT -o LOG")
	case "-":
		return errors.New("-o - cannot be: a log is not written to standard output; dump writes the text form")
	}
	if err := refuseExisting(l.output, l.force); err != nil {
		return err
	}
	name, in := c.Args().First(), os.Stdin
	if name == "-" {
		name = "standard input"
	} else {
		f, err := textFile(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	text, err := newNumbered(name, in)
	if err != nil {
		return err
	}
	if err := l.store(text); err != nil {
		return err
	}
	if text.renumbered > 0 {
		complain(fmt.Errorf("note: %s numbered anew", count(text.renumbered, "record")))
	}
	return nil
}

// store writes the log beside its place, which it takes once it is whole.
func (l *load) store(text *numbered) error {
	temp := filepath.Join(filepath.Dir(l.output), fmt.Sprintf(".%s.%d", filepath.Base(l.output), os.Getpid()))
	w, err := store.Create(temp, text.Header(), store.Options{FlushInterval: -1})
	if err != nil {
		var where *store.Error
		if errors.As(err, &where) {
			err = where.Err
		}
		return outputError(l.output, err)
	}
	defer os.Remove(temp)
	if err := l.copy(w, text); err != nil {
		return errors.Join(err, w.Abort())
	}
	if err := w.Close(); err != nil {
		return outputError(l.output, err)
	}
	return outputError(l.output, os.Rename(temp, l.output))
}

func (l *load) copy(w *store.Writer, text *numbered) error {
	p := newProgress("loaded", true)
	defer p.done()
	for batch, err := range event.Batches(context.Background(), text) {
		if err != nil {
			return err
		}
		if err := w.Write(batch); err != nil {
			return outputError(l.output, err)
		}
		p.add(len(batch))
	}
	return nil
}
