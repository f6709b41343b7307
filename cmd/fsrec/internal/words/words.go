// Package words splits a command line into words without a shell: nothing is
// expanded, so nothing that a file is called can become part of a command.
package words

import (
	"fmt"
	"strings"

	"fsrec/watcher/event"
)

// Split gives the words of line, as people of platform p write them. Blanks
// separate words; '...' keeps everything, "..." everything but \" and \\, and a
// backslash outside quotes keeps the character behind it. On Windows a backslash
// is one, but for \", a quote that neither begins nor ends anything.
func Split(p event.Platform, line string) ([]string, error) {
	var all []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n':
			if inWord {
				all = append(all, word.String())
				word.Reset()
				inWord = false
			}
			continue
		case c == '\\' && escapes(p, line, i, false):
			if i++; i == len(line) {
				return nil, fmt.Errorf("%q ends with a backslash", line)
			}
			word.WriteByte(line[i])
		case c == '\'' || c == '"':
			end, err := quoted(p, &word, line, i)
			if err != nil {
				return nil, err
			}
			i = end
		default:
			word.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		all = append(all, word.String())
	}
	return all, nil
}

// escapes reports whether the backslash at line[i] is for the character behind it.
func escapes(p event.Platform, line string, i int, quoted bool) bool {
	next := byte(0)
	if i+1 < len(line) {
		next = line[i+1]
	}
	switch {
	case p == event.Windows:
		return next == '"'
	case quoted:
		return next == '"' || next == '\\'
	}
	return true
}

// quoted copies what stands in the quotes that begin at line[start] and gives
// the place of the closing one.
func quoted(p event.Platform, word *strings.Builder, line string, start int) (end int, err error) {
	quote := line[start]
	for i := start + 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == quote:
			return i, nil
		case c == '\\' && quote == '"' && escapes(p, line, i, true):
			i++
			word.WriteByte(line[i])
		default:
			word.WriteByte(c)
		}
	}
	return 0, fmt.Errorf("the %c in %q is not closed", quote, line)
}
