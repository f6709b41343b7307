package event

import "strings"

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
// "/" or `C:\`. Path must be clean.
func (p Platform) Parent(path string) string {
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
	if p == Windows {
		return strings.EqualFold(a, b)
	}
	return a == b
}

// fold is the form of path under which it is looked up in a table.
func (p Platform) fold(path string) string {
	if p == Windows {
		return strings.ToUpper(path)
	}
	return path
}
