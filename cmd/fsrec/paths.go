package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"fsrec/cmd/fsrec/internal/term"
	"fsrec/watcher/event"
)

// here is the platform whose paths a command line holds.
const here = event.Platform(runtime.GOOS)

// absolute is the path that a word of the command line means, in the form in
// which records hold paths: on Windows without \\?\.
func absolute(word string) (string, error) {
	path, err := filepath.Abs(word)
	if err != nil || here != event.Windows {
		return path, err
	}
	return unprefixed(path), nil
}

// unprefixed is path without the prefix with which Windows takes paths of any
// length. What has no other form, such as the GUID of a volume, stays as it is.
func unprefixed(path string) string {
	rest, ok := strings.CutPrefix(path, `\\?\`)
	switch {
	case ok && len(rest) > 1 && rest[1] == ':':
		return rest
	case ok && len(rest) > 4 && strings.EqualFold(rest[:4], `UNC\`):
		return `\\` + rest[4:]
	}
	return path
}

// same reports whether two absolute paths of this system name the same file.
func same(a, b string) bool { return here.Fold(a) == here.Fold(b) }

// below reports whether path is dir, or is in it.
func below(dir, path string) bool {
	_, ok := here.Below(dir, path)
	return ok
}

// outputPath is the file that standard output goes to, if it goes to one, under
// the names that it has below the roots: what is printed must not cause what is printed.
func (c *capture) outputPath() []string {
	info, err := os.Stdout.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	path := term.Path(os.Stdout)
	if path == "" {
		return nil
	}
	paths := []string{unprefixed(path)}
	for _, root := range c.roots {
		dir, err := os.Open(root)
		if err != nil {
			continue
		}
		if name, ok := here.Below(term.Path(dir), path); ok {
			paths = append(paths, here.Join(root, name))
		}
		dir.Close()
	}
	return paths
}

// plain gives the reason alone of an error that names an operation and a path.
func plain(err error) error {
	var path *os.PathError
	var errno syscall.Errno
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &errno):
		err = errno
	}
	if err != nil && strings.HasSuffix(err.Error(), ".") {
		return sentence{err}
	}
	return err
}

// sentence is an error that Windows words as a sentence, and stands within one here.
type sentence struct{ error }

func (s sentence) Error() string { return strings.TrimSuffix(s.error.Error(), ".") }

func (s sentence) Unwrap() error { return s.error }
