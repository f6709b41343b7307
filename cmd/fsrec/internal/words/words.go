// Package words splits a command line into words without a shell: nothing is
// expanded, so nothing that a file is called can become part of a command.
package words

import (
	"fmt"
	"strings"
)

// Split gives the words of line. Blanks separate words; '...' keeps everything,
// "..." everything but \" and \\, and a backslash outside quotes keeps the
// character behind it.
func Split(line string) ([]string, error) {
	var all []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch c {
		case ' ', '\t', '\n':
			if inWord {
				all = append(all, word.String())
				word.Reset()
				inWord = false
			}
			continue
		case '\\':
			if i++; i == len(line) {
				return nil, fmt.Errorf("%q ends with a backslash", line)
			}
			word.WriteByte(line[i])
		case '\'', '"':
			end, err := quoted(&word, line, i)
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

// quoted copies what stands in the quotes that begin at line[start] and gives
// the place of the closing one.
func quoted(word *strings.Builder, line string, start int) (end int, err error) {
	quote := line[start]
	for i := start + 1; i < len(line); i++ {
		switch c := line[i]; {
		case c == quote:
			return i, nil
		case c == '\\' && quote == '"' && i+1 < len(line) && (line[i+1] == '"' || line[i+1] == '\\'):
			i++
			word.WriteByte(line[i])
		default:
			word.WriteByte(c)
		}
	}
	return 0, fmt.Errorf("the %c in %q is not closed", quote, line)
}
