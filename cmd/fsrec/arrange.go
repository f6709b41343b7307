package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts the flags of a verb before its arguments, which is where package
// flag looks for them, so that "record DIR -o LOG" works. What follows the
// first "--" is left alone: to record it is CMD, to other verbs arguments that may
// begin with a dash. "help VERB" becomes "VERB --help".
func arrange(app *cli.App, args []string) ([]string, error) {
	if len(args) < 2 {
		return args, nil
	}
	if args[1] == "help" {
		return append(append([]string{args[0]}, args[2:]...), "--help"), nil
	}
	verb := app.Command(args[1])
	if verb == nil {
		known := []string{"--help", "-h", "--version"}
		if strings.HasPrefix(args[1], "-") && !slices.Contains(known, args[1]) {
			return nil, fmt.Errorf("unknown flag %s%s", args[1], orMean(args[1], known, "fsrec --help lists the verbs"))
		}
		return args, nil
	}
	takesValue := make(map[string]bool)
	for _, f := range append([]cli.Flag{cli.HelpFlag}, verb.Flags...) {
		for _, name := range f.Names() {
			doc, ok := f.(cli.DocGenerationFlag)
			takesValue[name] = ok && doc.TakesValue()
		}
	}
	out := append([]string{}, args[:2]...)
	var rest []string
	for i := 2; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			if verb.Name != "record" {
				i++
			}
			rest = append(rest, args[i:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			rest = append(rest, arg)
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		needsValue, known := takesValue[name]
		if !known {
			return nil, unknownFlag(verb, arg)
		}
		out = append(out, arg)
		if needsValue && !hasValue {
			if i++; i == len(args) || args[i] == "--" {
				return nil, fmt.Errorf("a value is missing after %s", arg)
			}
			out = append(out, args[i])
		}
	}
	return append(append(out, "--"), rest...), nil
}

// flagNames lists the flags of cmd as they are written.
func flagNames(cmd *cli.Command) []string {
	var names []string
	for _, f := range cmd.Flags {
		for _, name := range f.Names() {
			names = append(names, dashed(name))
		}
	}
	return names
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// unknownFlag reports a flag that no verb of this name has.
func unknownFlag(cmd *cli.Command, word string) error {
	written, _, _ := strings.Cut(word, "=")
	return fmt.Errorf("unknown flag %s of %s%s", written, cmd.Name, orMean(written, flagNames(cmd), "fsrec "+cmd.Name+" --help lists the flags"))
}

// orMean ends an error about an unknown word: with the candidate that is probably meant, or with where they all are listed.
func orMean(word string, candidates []string, list string) string {
	if meant := didYouMean(word, candidates); meant != "" {
		return meant
	}
	return ": " + list
}

// didYouMean ends an error about word with the candidate that it is most like, if there is one.
func didYouMean(word string, candidates []string) string {
	if near := nearest(word, candidates); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

// nearest gives the candidate that is at most two typing errors from word, and less than half of it is wrong, or
// the only one that begins with word.
func nearest(word string, candidates []string) string {
	best, least := "", 3
	for _, c := range candidates {
		if d := distance(word, c); d < least && 2*d < len(strings.TrimLeft(c, "-")) {
			best, least = c, d
		}
	}
	if best != "" || len(strings.TrimLeft(word, "-")) < 3 {
		return best
	}
	for _, c := range candidates {
		switch {
		case !strings.HasPrefix(c, word):
		case best != "":
			return ""
		default:
			best = c
		}
	}
	return best
}

// distance is Levenshtein's, with transpositions of neighbours.
func distance(a, b string) int {
	row := func(n int) []int { return make([]int, n+1) }
	before, last, now := row(len(b)), row(len(b)), row(len(b))
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
