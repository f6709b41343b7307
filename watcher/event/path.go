package event

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Platform names the system a recording was made on, as runtime.GOOS spells it.
// Path rules are functions of it, never of the system the program runs on.
type Platform string

// Platforms with recorders.
const (
	Linux   Platform = "linux"
	Windows Platform = "windows"
	Darwin  Platform = "darwin"
)

// Separator is the path separator of the platform.
func (p Platform) Separator() byte {
	if p == Windows {
		return '\\'
	}
	return '/'
}

// Join puts a name below a directory; an empty name is the directory itself.
func (p Platform) Join(dir, name string) string {
	switch {
	case name == "":
		return dir
	case dir == "" || dir[len(dir)-1] == p.Separator():
		return dir + name
	}
	return dir + string(p.Separator()) + name
}

// AppendJoin appends Join(dir, name) to b.
func (p Platform) AppendJoin(b []byte, dir, name string) []byte {
	b = append(b, dir...)
	if name == "" {
		return b
	}
	if dir != "" && dir[len(dir)-1] != p.Separator() {
		b = append(b, p.Separator())
	}
	return append(b, name...)
}

// Parent is the directory that holds path, and path itself for a root such as
// "/", `C:\` or `\\server\share`. Path must be clean.
func (p Platform) Parent(path string) string {
	if p == Windows && strings.HasPrefix(path, `\\`) && strings.Count(path, `\`) <= 3 {
		return path
	}
	i := strings.LastIndexByte(path, p.Separator())
	switch {
	case i < 0:
		return path
	case i == 0 || (p == Windows && i == 2 && path[1] == ':'):
		return path[:i+1]
	}
	return path[:i]
}

// Base is the last element of path. Path must be clean.
func (p Platform) Base(path string) string {
	if i := strings.LastIndexByte(path, p.Separator()); i >= 0 && i+1 < len(path) {
		return path[i+1:]
	}
	return path
}

// Below reports whether path is dir or below it, by whole elements, and
// returns what follows dir, without a leading separator.
func (p Platform) Below(dir, path string) (rest string, ok bool) {
	if len(path) < len(dir) || !p.equal(path[:len(dir)], dir) {
		return "", false
	}
	if len(path) == len(dir) {
		return "", true
	}
	if dir != "" && dir[len(dir)-1] == p.Separator() {
		return path[len(dir):], true
	}
	if path[len(dir)] == p.Separator() {
		return path[len(dir)+1:], true
	}
	return "", false
}

func (p Platform) equal(a, b string) bool {
	return a == b || p == Windows && len(a) == len(b) && p.Fold(a) == p.Fold(b)
}

// Fold is the form under which two paths or names that mean the same file are
// the same string, of the same length as path. On Windows every letter becomes
// upper case as NTFS does it ($UpCase, [MS-FSA] 2.1.1): one UTF-16 unit at a
// time, so nothing above U+FFFF has a case. Letters whose two cases take a
// different number of bytes in UTF-8 stay as they are; elsewhere Fold changes nothing.
func (p Platform) Fold(path string) string {
	if p != Windows {
		return path
	}
	for i := 0; i < len(path); {
		upper, size := upperAt(path, i)
		if upper != 0 {
			return string(appendUpper(append(make([]byte, 0, len(path)), path[:i]...), path[i:]))
		}
		i += size
	}
	return path
}

// AppendFold appends Fold(path) to b.
func (p Platform) AppendFold(b []byte, path string) []byte {
	if p != Windows {
		return append(b, path...)
	}
	return appendUpper(b, path)
}

func appendUpper(b []byte, path string) []byte {
	for i := 0; i < len(path); {
		upper, size := upperAt(path, i)
		if upper != 0 {
			b = utf8.AppendRune(b, upper)
		} else {
			b = append(b, path[i:i+size]...)
		}
		i += size
	}
	return b
}

// upperAt gives the other form of the letter at path[i], 0 where Fold leaves it as it
// is, and the number of bytes that both take.
func upperAt(path string, i int) (upper rune, size int) {
	if c := path[i]; c < utf8.RuneSelf {
		if 'a' <= c && c <= 'z' {
			return rune(c - ('a' - 'A')), 1
		}
		return 0, 1
	}
	r, size := utf8.DecodeRuneInString(path[i:])
	if size == 1 || r > 0xffff || keepsCase[r] {
		return 0, size
	}
	if u := unicode.ToUpper(r); u != r && utf8.RuneLen(u) == size {
		return u, size
	}
	return 0, size
}

// keepsCase are letters that Unicode gives an upper case and $UpCase does not.
var keepsCase = map[rune]bool{
	'\u00b5': true,                                                 // MICRO SIGN, whose upper case is a Greek letter
	'\u01c5': true, '\u01c8': true, '\u01cb': true, '\u01f2': true, // title case
}
