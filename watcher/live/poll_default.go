//go:build !linux && !windows

package live

import (
	"path/filepath"

	"fsrec/watcher/event"
)

func newBackend(opts Options) (Backend, error) { return NewPoll(opts) }

func absolute(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", &event.WatchError{Op: "watch", Path: path, Err: err, Hint: "the working directory is not known; give an absolute path"}
	}
	return abs, nil
}

// watchError says what the system's refusal means.
func watchError(op, path string, err error) error {
	e := &event.WatchError{Op: op, Path: path, Err: err}
	if err == pollExists {
		e.Hint = "it is watched already, and IN_MASK_CREATE was asked for"
	}
	return e
}

// fileSystem would name the file system of path.
func fileSystem(string) string { return "" }
