package term

import (
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Columns is the width of a line on w: what COLUMNS says, or that of the
// terminal, or where w is none, 80.
func Columns(w io.Writer) int {
	const least = 20 // what is narrower is taken for a mistake
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > least {
		return n
	}
	if f, ok := w.(*os.File); ok && Is(f) {
		if n := width(f); n > least {
			return n
		}
	}
	return 80
}

// Breaks is the width at which lines for people are broken between words, of which each is whole for a program that
// reads them: that of a terminal, or COLUMNS; otherwise as wide as can be.
func Breaks(w io.Writer) int {
	if !Is(w) && os.Getenv("COLUMNS") == "" {
		return math.MaxInt32
	}
	return Columns(w)
}

// Width is the number of columns that text takes, which has no control characters.
func Width(text string) int {
	n := 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i, n = i+1, n+1
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i, n = i+size, n+runeWidth(r)
	}
	return n
}

// runeWidth is what most terminals take: nothing for marks that stand on
// another letter, two columns for the letters of East Asia and emoji.
func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf && r != 0x303f, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1f64f, r >= 0x1f900 && r <= 0x1f9ff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// Fit cuts the end of text so that it takes at most width columns with sign, which stands for what was cut.
func Fit(text string, width int, sign string) string {
	if Width(text) <= width {
		return text
	}
	width = max(width-Width(sign), 0)
	n := 0
	for i, r := range text {
		if n += runeWidth(r); n > width {
			return text[:i] + sign
		}
	}
	return text
}

// FitEnd is Fit that cuts the beginning: the end of a path says most.
func FitEnd(text string, width int, sign string) string {
	if Width(text) <= width {
		return text
	}
	width = max(width-Width(sign), 0)
	n, start := 0, len(text)
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:start])
		if n += runeWidth(r); n > width {
			break
		}
		start -= size
	}
	return sign + text[start:]
}

// Pad fills text up with blanks to width columns.
func Pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-Width(text), 0))
}

// Wrap breaks text between words into lines of at most width columns.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case Width(line)+1+Width(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// Hang breaks text at blanks into lines of at most width columns, where no word is longer, and puts indent blanks
// before all but the first. Other blanks stay as they are: they may belong to a name.
func Hang(text string, width, indent int) []string {
	if Width(text) <= width {
		return []string{text}
	}
	var lines []string
	line, words, margin := "", 0, ""
	for word := range strings.SplitSeq(text, " ") {
		if words > 0 && Width(line)+1+Width(word) > width {
			lines = append(lines, line)
			margin = strings.Repeat(" ", indent)
			line, words = "", 0
		}
		if words++; words == 1 {
			line = margin + word
		} else {
			line += " " + word
		}
	}
	return append(lines, line)
}
