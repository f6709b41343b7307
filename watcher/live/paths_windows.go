package live

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

const (
	verbatim    = `\\?\`
	verbatimUNC = `\\?\UNC\`
)

// absolute gives the path that records and results name: absolute, with
// backslashes, without "." and "..", in the letters that the caller chose. It
// follows the rules of every Windows program (GetFullPathName): relative to the
// working directory, or to that of a drive ("D:name"), and dots and blanks at the end of a
// name do not count. A path that begins with \\?\ is taken as it is: dots and blanks count.
// The prefix itself is left out, except before a volume that has no other name, such as
// \\?\Volume{...}\.
func absolute(path string) (string, error) {
	switch {
	case path == "":
		return "", &event.WatchError{Op: "watch", Path: path, Err: windows.ERROR_PATH_NOT_FOUND, Hint: "the path is empty"}
	case strings.IndexByte(path, 0) >= 0:
		return "", &event.WatchError{Op: "watch", Path: path, Err: windows.ERROR_INVALID_NAME, Hint: "a path cannot hold a NUL"}
	}
	if rest, ok := cutFold(path, verbatimUNC); ok {
		return `\\` + strings.TrimRight(rest, `\`), nil
	}
	if rest, ok := strings.CutPrefix(path, verbatim); ok {
		if !hasDrive(rest) {
			return path, nil
		}
		if len(rest) > 3 {
			rest = strings.TrimRight(rest, `\`)
		}
		return rest, nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", &event.WatchError{Op: "watch", Path: path, Err: err, Hint: "it is not a path of Windows"}
	}
	return abs, nil
}

// systemPath is the form of an absolute path for a system call: with it no name
// is too long, and none means anything else.
func systemPath(path string) string {
	switch {
	case strings.HasPrefix(path, verbatim), strings.HasPrefix(path, `\\.\`):
		return path
	case strings.HasPrefix(path, `\\`):
		return verbatimUNC + path[2:]
	case hasDrive(path):
		return verbatim + path
	}
	return path
}

// userPath takes back systemPath.
func userPath(path string) string {
	if rest, ok := cutFold(path, verbatimUNC); ok {
		return `\\` + rest
	}
	if rest, ok := strings.CutPrefix(path, verbatim); ok && hasDrive(rest) {
		return rest
	}
	return path
}

func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// hasDrive reports whether path begins with a drive and a backslash.
func hasDrive(path string) bool {
	return len(path) >= 3 && path[1] == ':' && path[2] == '\\' && ('a' <= path[0]|0x20 && path[0]|0x20 <= 'z')
}

// mayBeShort reports whether an element of name has the form that Windows gives
// the names of 8.3: at most 12 characters, with a tilde before a digit.
func mayBeShort(name string) bool {
	for element := range strings.SplitSeq(name, `\`) {
		if i := strings.IndexByte(element, '~'); i >= 0 && i+1 < len(element) && len(element) <= 12 {
			if c := element[i+1]; '0' <= c && c <= '9' {
				return true
			}
		}
	}
	return false
}

// longName gives name, below dir, with the long form of every element where the
// object is there, else name itself.
func longName(dir, name string) string {
	path := systemPath(event.Windows.Join(dir, name))
	from, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return name
	}
	buf := make([]uint16, 512)
	size, err := windows.GetLongPathName(from, &buf[0], uint32(len(buf)))
	if err == nil && int(size) > len(buf) {
		buf = make([]uint16, size)
		size, err = windows.GetLongPathName(from, &buf[0], uint32(len(buf)))
	}
	if err != nil || int(size) > len(buf) {
		return name
	}
	return lastElements(windows.UTF16ToString(buf[:size]), strings.Count(name, `\`)+1)
}

// lastElements is the end of path that has count elements.
func lastElements(path string, count int) string {
	at := len(path)
	for range count {
		at = strings.LastIndexByte(path[:at], '\\')
		if at < 0 {
			return path
		}
	}
	return path[at+1:]
}
