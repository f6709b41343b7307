package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

const appDescription = `fsrec captures what the kernel really said about files and directories, keeps
it in one log, and gives it back identically: to you, to a script, or to the
code under test.

   fsrec record -o bug.db ~/project        until Ctrl-C
   fsrec record -o bug.db . -- make test   while a command runs
   fsrec replay bug.db
   fsrec diff linux.db windows.db
   fsrec run testdata/scenarios

Exit codes: 0 done; 1 what was compared differs, a scenario or a command of
replay --exec failed; 2 trouble, told in one line on standard error. record
with -- CMD exits with CMD's own status.`

// newApp puts the verbs together. Nothing is shared between two calls.
func newApp() *cli.App {
	app := &cli.App{
		Name:                      "fsrec",
		Usage:                     "record file-system events and replay them",
		UsageText:                 "fsrec VERB [flags] [arguments]",
		Description:               appDescription,
		Version:                   version(),
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		Commands: []*cli.Command{
			recordCommand(),
			watchCommand(),
			replayCommand(),
			diffCommand(),
			explainCommand(),
			checkCommand(),
			runCommand(),
			infoCommand(),
			dumpCommand(),
			loadCommand(),
			versionCommand(),
			completionCommand(),
		},
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return usage(err) },
		ExitErrHandler: func(*cli.Context, error) {},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return cli.ShowAppHelp(c)
			}
			return unknownVerb(c.App, c.Args().First())
		},
	}
	for _, cmd := range app.Commands {
		cmd.OnUsageError = app.OnUsageError
		cmd.HideHelpCommand = true
		cmd.Description = strings.TrimSpace(cmd.Description)
		cmd.CustomHelpTemplate = helpTemplate(cmd)
	}
	return app
}

func init() {
	cli.VersionPrinter = func(*cli.Context) { printVersion(os.Stdout) }
	cli.VersionFlag = &cli.BoolFlag{Name: "version", Usage: "print the version", DisableDefaultText: true}
	cli.HelpFlag = &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true}
}

func unknownVerb(app *cli.App, word string) error {
	names := make([]string, len(app.Commands))
	for i, cmd := range app.Commands {
		names[i] = cmd.Name
	}
	return fmt.Errorf("unknown verb %q%s", word, orMean(word, names, "fsrec --help lists the verbs"))
}

// flagWord is a flag as package flag spells it, with one dash.
var flagWord = regexp.MustCompile(`(for flag |needs an argument: )-(\S+?)(:|$)`)

// badValue is a complaint that the error of the value may begin with once more.
var badValue = regexp.MustCompile(`^invalid value ("(?:[^"\\]|\\.)*") for (\S+): (unknown .*)$`)

// usage rewords the complaints of package flag.
func usage(err error) error {
	msg := flagWord.ReplaceAllStringFunc(err.Error(), func(s string) string {
		m := flagWord.FindStringSubmatch(s)
		return strings.TrimSuffix(m[1], "flag ") + dashed(m[2]) + m[3]
	})
	if m := badValue.FindStringSubmatch(msg); m != nil && strings.Contains(m[3], m[1]) {
		msg = m[2] + ": " + m[3]
	}
	return errors.New(strings.Replace(msg, "flag needs an argument: ", "a value is missing after ", 1))
}

// wantArgs checks how many arguments a verb got; at most negative means any number.
func wantArgs(c *cli.Context, atLeast, atMost int, what string) error {
	switch n := c.Args().Len(); {
	case n < atLeast:
		return fmt.Errorf("%s needs %s: fsrec %s", c.Command.Name, what, c.Command.UsageText[len("fsrec "):])
	case atMost == 0 && n > 0:
		return fmt.Errorf("%s takes no arguments, not even %q", c.Command.Name, c.Args().First())
	case atMost > 0 && n > atMost:
		return fmt.Errorf("%s takes only %s, not %q too", c.Command.Name, what, c.Args().Get(atMost))
	}
	return nil
}
