package event

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// Quote is a path as messages name it: as strconv.Quote has it, but the
// backslashes of a Windows path stay as they are, unless something else in it has to be escaped.
func Quote(path string) string {
	quoted, as := strconv.Quote(path), `"`+path+`"`
	if (runtime.GOOS == string(Windows) || isWindowsPath(path)) && strings.ReplaceAll(quoted, `\\`, `\`) == as {
		return as
	}
	return quoted
}

// QuoteSome quotes the first few paths of a message, and counts the others.
func QuoteSome(paths []string) string {
	const most = 5
	if len(paths) == 0 {
		return "none"
	}
	quoted := make([]string, 0, most)
	for _, path := range paths[:min(len(paths), most)] {
		quoted = append(quoted, Quote(path))
	}
	text := strings.Join(quoted, ", ")
	if n := len(paths) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// Excerpt is text as messages quote it: only the beginning of what is long, such
// as a line of a file that is not text at all.
func Excerpt(text string) string {
	const most = 60
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strconv.Quote(text)
}

// isWindowsPath reports whether path can only be an absolute one of Windows.
func isWindowsPath(path string) bool {
	return strings.HasPrefix(path, `\\`) || len(path) > 2 && path[1:3] == `:\`
}

// Reason is what err says, to be followed by more: without the full stop with which Windows ends its errors.
func Reason(err error) string { return strings.TrimSuffix(fmt.Sprint(err), ".") }
