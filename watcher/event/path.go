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
	var b []byte // nil as long as nothing differs from path
	for i := 0; i < len(path); {
		r, size := rune(path[i]), 1
		upper := r
		if r < utf8.RuneSelf {
			if 'a' <= r && r <= 'z' {
				upper -= 'a' - 'A'
			}
		} else {
			r, size = utf8.DecodeRuneInString(path[i:])
			upper = r
			if size > 1 && r <= 0xffff && !keepsCase[r] {
				if u := unicode.ToUpper(r); utf8.RuneLen(u) == size {
					upper = u
				}
			}
		}
		if upper != r {
			if b == nil {
				b = []byte(path)
			}
			utf8.EncodeRune(b[i:], upper)
		}
		i += size
	}
	if b == nil {
		return path
	}
	return string(b)
}

// keepsCase are letters that Unicode gives an upper case and $UpCase does not.
var keepsCase = map[rune]bool{
	'\u00b5': true,                                                 // MICRO SIGN, whose upper case is a Greek letter
	'\u01c5': true, '\u01c8': true, '\u01cb': true, '\u01f2': true, // title case
}
