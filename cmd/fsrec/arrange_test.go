package main

import (
	"slices"
	"strings"
	"testing"
)

func TestFlagsMayStandBehindArguments(t *testing.T) {
	for line, want := range map[string]string{
		"record d -o x.db":                 "record -o x.db -- d",
		"record d -o=x.db e":               "record -o=x.db -- d e",
		"record d --force -- cmd -o y":     "record --force -- d -- cmd -o y",
		"record -- cmd":                    "record -- -- cmd",
		"info --json -- -log -o":           "info --json -- -log -o",
		"watch d -- -d":                    "watch -- d -d",
		"replay - --format json":           "replay --format json -- -",
		"replay log --speed max -e create": "replay --speed max -e create -- log",
		"record --pause -1 d":              "record --pause -1 -- d",
		"replay --help":                    "replay --help --",
		"nonsense -x":                      "nonsense -x",
		"--version":                        "--version",
	} {
		got, err := arrange(newApp(), strings.Fields("fsrec "+line))
		if err != nil || !slices.Equal(got[1:], strings.Fields(want)) {
			t.Errorf("%s becomes %q (%v), want %s", line, got, err, want)
		}
	}
}

func TestNearestIsAtMostTwoTypingErrorsAway(t *testing.T) {
	words := []string{"record", "replay", "info", "-o"}
	for word, want := range map[string]string{
		"recrod": "record", "relay": "replay", "inof": "info", "recording": "", "": "", "-x": "", "xyz": "", "rep": "replay", "re": "", "--": "",
	} {
		if got := nearest(word, words); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}
