package live

import (
	"fmt"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// watchError says what the kernel's refusal means.
func watchError(op, path string, err error) error {
	e := &event.WatchError{Op: op, Path: path, Err: err}
	switch err {
	case unix.ENOSPC:
		e.Hint = UserWatches.Hint()
	case unix.EACCES, unix.EPERM:
		e.Hint = "permission to read it is needed"
	case unix.ENAMETOOLONG:
		e.Hint = "the kernel takes paths of up to 4095 bytes, and each name in one of up to 255"
	case unix.EEXIST:
		e.Hint = "it is watched already, and IN_MASK_CREATE was asked for"
	}
	return e
}

// LimitError says that a setting of the kernel stands in the way.
type LimitError struct {
	Limit Limit
	Err   error // of the operating system
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("cannot make an inotify instance: %v: %s", e.Err, e.Limit.Hint())
}

// Unwrap gives the error of the operating system.
func (e *LimitError) Unwrap() error { return e.Err }

func instanceError(err error) error {
	if err != unix.EMFILE {
		return fmt.Errorf("cannot make an inotify instance: %w", err)
	}
	// Two limits give the same errno; an eventfd counts for one of them only.
	fd, other := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if other != nil {
		return descriptorError("an inotify instance", err)
	}
	_ = unix.Close(fd)
	return &LimitError{Limit: UserInstances, Err: err}
}

// descriptorError says why there is no descriptor for what.
func descriptorError(what string, err error) error {
	if err == unix.EMFILE {
		return fmt.Errorf("cannot make %s: %w: this process may not open more files; raise its limit, for example with ulimit -n", what, err)
	}
	return fmt.Errorf("cannot make %s: %w", what, err)
}
