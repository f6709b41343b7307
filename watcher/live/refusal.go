package live

import (
	"errors"
	"syscall"
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
