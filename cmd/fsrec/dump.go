package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

const dumpDescription = `Writes every record of LOG, one line each, in the text form: the same that load
reads, that record -o - writes, and that every verb takes in place of a log.

EXAMPLES:
   fsrec dump log.db | less
   fsrec dump -o bug.txt log.db
   fsrec dump log.db | grep -v '^[0-9]* [0-9.]* entry' | fsrec replay -

EXIT CODES:
   0 written; 2 trouble.`

type dump struct {
	output string
	force  bool
}

func dumpCommand() *cli.Command {
	d := &dump{}
	return &cli.Command{
		Name:        "dump",
		Usage:       "write a log in the text form",
		UsageText:   "fsrec dump [flags] LOG",
		Description: dumpDescription,
		Action:      d.run,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "-", Usage: "write `FILE`; - is standard output", Destination: &d.output},
			&cli.BoolFlag{Name: "force", Usage: "replace FILE if it exists", DisableDefaultText: true, Destination: &d.force},
		},
	}
}

func (d *dump) run(c *cli.Context) error {
	if err := wantArgs(c, 1, 1, "a log"); err != nil {
		return err
	}
	if d.output != "-" {
		if err := refuseExisting(d.output, d.force); err != nil {
			return err
		}
	}
	log, err := openSource(c.Args().First())
	if err != nil {
		return err
	}
	defer log.Close()
	log.warn()
	if d.output == "-" {
		if err := d.write(os.Stdout, log); err != nil {
			return err
		}
		return nil
	}
	return replaceFile(d.output, func(w io.Writer) error { return d.write(w, log) })
}

func (d *dump) write(w io.Writer, log *source) error {
	out := bufio.NewWriterSize(w, 256<<10)
	h := log.Header()
	text, err := event.NewTextWriter(out, &h)
	if err != nil {
		return err
	}
	p := newProgress("written", d.output != "-")
	defer p.done()
	for batch, err := range event.Batches(context.Background(), log) {
		if err != nil {
			return err
		}
		if err := text.Write(batch); err != nil {
			return outputError(d.output, err)
		}
		p.add(len(batch))
	}
	return outputError(d.output, out.Flush())
}

func outputError(name string, err error) error {
	if err == nil {
		return nil
	}
	if name == "-" {
		name = "standard output"
	}
	return fmt.Errorf("writing %s: %w", event.Quote(name), plain(err))
}

// replaceFile writes a file that takes its name once it is whole.
func replaceFile(path string, write func(io.Writer) error) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return outputError(path, err)
	}
	defer os.Remove(temp.Name())
	err = write(temp)
	if closeErr := temp.Close(); err == nil {
		err = outputError(path, closeErr)
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(temp.Name(), 0o644); err != nil {
		return outputError(path, err)
	}
	return outputError(path, os.Rename(temp.Name(), path))
}

// progress counts records on a terminal.
type progress struct {
	status *term.Status
	what   string
	n      int
	next   int
}

// newProgress shows nothing unless wanted and standard error is a terminal.
func newProgress(what string, wanted bool) *progress {
	p := &progress{what: what}
	if s := term.NewStatus(os.Stderr); wanted && s.On() {
		p.status = s
	}
	return p
}

func (p *progress) add(n int) {
	p.n += n
	if p.status != nil && p.n >= p.next {
		p.next = p.n + 50_000
		p.status.Set(humanize.Comma(int64(p.n)) + " records " + p.what)
	}
}

func (p *progress) done() {
	if p.status != nil {
		p.status.Clear()
	}
}
