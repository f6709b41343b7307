package live

import (
	"errors"
	"syscall"

	"fsrec/watcher/event"
)

// Refusal is what Add says where the system answers for path with err: what it
// means, and what can be done about it.
func Refusal(path string, err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = errno
	}
	return watchError("watch", path, err)
}

// checkMask says what is wrong with the mask of a request for path, as inotify_add_watch(2) does.
func checkMask(path string, mask event.Mask) error {
	if fault := mask.Fault(); fault != "" {
		return &event.WatchError{Op: "watch", Path: path, Err: pollInvalid, Hint: fault}
	}
	return nil
}

// checkAgain says what is wrong with the mask of a request for path, which has a watch, of a
// directory or not.
func checkAgain(path string, mask event.Mask, dir bool) error {
	switch err := checkMask(path, mask); {
	case err != nil:
		return err
	case mask&event.IN_ONLYDIR != 0 && !dir:
		return watchError("watch", path, pollNoDir)
	case mask&event.IN_MASK_CREATE != 0:
		return watchError("watch", path, pollExists)
	}
	return nil
}
