package live

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// watchError says what the kernel's refusal means.
func watchError(op, path string, err error) error {
	e := &event.WatchError{Op: op, Path: path, Err: err}
	switch err {
	case unix.ENOSPC:
		e.Hint = UserWatches.hint()
	case unix.EACCES, unix.EPERM:
		e.Hint = "permission to read it is needed"
	case unix.ENAMETOOLONG:
		e.Hint = "the kernel takes paths of up to 4095 bytes"
	case unix.EEXIST:
		e.Hint = "it is watched already, and IN_MASK_CREATE was asked for"
	case unix.ENOTDIR:
		e.Hint = "it is not a directory"
	}
	return e
}

// LimitError says that a setting of the kernel stands in the way.
type LimitError struct {
	Limit Limit
	Err   error // of the operating system
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("cannot make an inotify instance: %v: %s", e.Err, e.Limit.hint())
}

// Unwrap gives the error of the operating system.
func (e *LimitError) Unwrap() error { return e.Err }

func instanceError(err error) error {
	if err == unix.EMFILE {
		return &LimitError{Limit: UserInstances, Err: err}
	}
	return fmt.Errorf("cannot make an inotify instance: %w", err)
}

// hint names the setting, its value and how to raise it. A user namespace can
// have a lower limit of its own: see namespaces(7).
func (l Limit) hint() string {
	sysctl := l.Sysctl()
	v, err := readNumber(l.Path())
	if inner, ok := namespaceLimits[l]; ok {
		path := "/proc/sys/" + strings.ReplaceAll(inner, ".", "/")
		if w, e := readNumber(path); e == nil && (err != nil || w < v) {
			sysctl, v, err = inner, w, nil
		}
	}
	if err != nil {
		return fmt.Sprintf("%s is too low; raise it as root with: sysctl %s=N", sysctl, sysctl)
	}
	return fmt.Sprintf("%s is %d; raise it as root with: sysctl %s=%d", sysctl, v, sysctl, max(2*v, 8192))
}

var namespaceLimits = map[Limit]string{
	UserInstances: "user.max_inotify_instances",
	UserWatches:   "user.max_inotify_watches",
}
