package main

import (
	"context"
	"os"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/report"
	"fsrec/cmd/fsrec/internal/term"
)

const infoDescription = `Says what LOG holds: where and how it was recorded, whether it is complete, how
many events of which kind, what was lost, what could not be watched.

EXAMPLES:
   fsrec info log.db
   fsrec info --json log.db | jq .losses

EXIT CODES:
   0 told; 2 trouble, such as a LOG that cannot be read.`

func infoCommand() *cli.Command {
	asJSON := false
	return &cli.Command{
		Name:        "info",
		Usage:       "say what a log holds",
		UsageText:   "fsrec info [flags] LOG",
		Description: infoDescription,
		Flags: []cli.Flag{
			jsonFlag(&asJSON, "print one JSON object"),
		},
		Action: func(c *cli.Context) error {
			if err := wantArgs(c, 1, 1, "a log"); err != nil {
				return err
			}
			return info(c.Args().First(), asJSON)
		},
	}
}

func info(path string, asJSON bool) error {
	log, err := openSource(path)
	if err != nil {
		return err
	}
	defer log.Close()
	source := report.Source{Name: log.name, Log: log, Size: log.bytes}
	if log.store != nil {
		i := log.store.Info()
		source.Info = &i
	}
	r, err := report.New(context.Background(), source)
	if err != nil {
		return err
	}
	if asJSON {
		err = r.JSON(os.Stdout)
	} else {
		err = r.Print(os.Stdout, term.Colours(os.Stdout))
	}
	return outputError("-", err)
}
