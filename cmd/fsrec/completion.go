package main

import (
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"fsrec/cmd/fsrec/internal/comparison"
	"fsrec/cmd/fsrec/internal/complete"
	"fsrec/cmd/fsrec/internal/format"
	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

const completionDescription = `Prints a completion script for SHELL: bash, zsh or fish.

EXAMPLES:
   eval "$(fsrec completion bash)"       in ~/.bashrc
   eval "$(fsrec completion zsh)"        in ~/.zshrc, after compinit
   fsrec completion fish > ~/.config/fish/completions/fsrec.fish

EXIT CODES:
   0 printed; 2 a shell that is not known.`

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Usage:       "print a completion script for a shell",
		UsageText:   "fsrec completion SHELL",
		Description: completionDescription,
		Action: func(c *cli.Context) error {
			if err := wantArgs(c, 1, 1, "a shell"); err != nil {
				return err
			}
			script, err := complete.Script(c.Args().First(), completions(c.App))
			if err != nil {
				return orLike(err, c.Args().First(), complete.Shells)
			}
			_, err = os.Stdout.WriteString(script)
			return outputError("-", err)
		},
	}
}

// valuesOf are the words that fit a flag of a verb.
func valuesOf(verb, flag string) []string {
	switch flag {
	case "format":
		if verb == "diff" {
			return comparison.Formats()
		}
		return format.Names()
	case "match":
		return matchNames()
	case "with", "without":
		return stepNames()
	case "backend":
		return backends()
	case "speed":
		return []string{"max", "1", "2", "10"}
	case "events":
		var names []string
		for _, n := range append(event.MaskNames()[:12], "IN_CLOSE", "IN_MOVE") {
			names = append(names, strings.ToLower(strings.TrimPrefix(n, "IN_")))
		}
		return names
	}
	return nil
}

// completions describes the verbs of app.
func completions(app *cli.App) []complete.Verb {
	var verbs []complete.Verb
	for _, cmd := range app.Commands {
		v := complete.Verb{Name: cmd.Name, About: cmd.Usage}
		switch cmd.Name {
		case "completion":
			v.Words, v.NoFiles = complete.Shells, true
		case "explain":
			for _, r := range diff.BuiltIn().Rules {
				v.Words = append(v.Words, r.ID)
			}
		}
		for _, f := range cmd.Flags {
			if f.Names()[0] == "help" {
				continue
			}
			flag := complete.Flag{Names: f.Names(), Values: valuesOf(v.Name, f.Names()[0])}
			if doc, ok := f.(cli.DocGenerationFlag); ok {
				flag.About, flag.TakesValue = strings.ReplaceAll(doc.GetUsage(), "`", ""), doc.TakesValue()
			}
			v.Flags = append(v.Flags, flag)
		}
		verbs = append(verbs, v)
	}
	return verbs
}
