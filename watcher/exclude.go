package watcher

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// PatternError names a pattern that could not be used.
type PatternError struct {
	Pattern string
	Line    int // in the file it came from, 0 if it came from none
	Err     error
}

func (e *PatternError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: exclude pattern %q: %v", e.Line, e.Pattern, e.Err)
	}
	return fmt.Sprintf("exclude pattern %q: %v", e.Pattern, e.Err)
}

// Unwrap gives what is wrong with the pattern.
func (e *PatternError) Unwrap() error { return e.Err }

// ExcludeRegexps makes an exclude filter: it holds for a path that one of the
// regular expressions matches from its beginning, but not necessarily to its
// end, so "/etc/rc.*" and "/etc/rc" do the same. The syntax is Go's, which has no
// lookahead and no backreferences. The error is a *PatternError.
func ExcludeRegexps(patterns ...string) (func(path string) bool, error) {
	all := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		var err error
		if all[i], err = anchored(p); err != nil {
			return nil, &PatternError{Pattern: p, Err: err}
		}
	}
	return anyOf(all), nil
}

func anchored(pattern string) (*regexp.Regexp, error) {
	// Compiled alone first: a stray ")" must not close the group around it.
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + pattern + `)`)
}

func anyOf(all []*regexp.Regexp) func(string) bool {
	return func(path string) bool {
		for _, re := range all {
			if re.MatchString(path) {
				return true
			}
		}
		return false
	}
}

// ExcludeFile makes the filter of ExcludeRegexps from a file with a pattern a
// line. Blank lines and lines that begin with # are skipped.
func ExcludeFile(name string) (func(path string) bool, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	filter, err := ExcludeReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return filter, nil
}

// ExcludeReader is ExcludeFile for a file that is open.
func ExcludeReader(r io.Reader) (func(path string) bool, error) {
	var all []*regexp.Regexp
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		p := strings.TrimSpace(lines.Text())
		if p == "" || p[0] == '#' {
			continue
		}
		re, err := anchored(p)
		if err != nil {
			return nil, &PatternError{Pattern: p, Line: n, Err: err}
		}
		all = append(all, re)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return anyOf(all), nil
}
