package live

import (
	"errors"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

const noMemoryHint = "the system keeps as much memory for each watch as its buffer takes; use a smaller buffer, or watch fewer directories"

// errorHints says what the system's refusal means.
var errorHints = map[error]string{
	windows.ERROR_ACCESS_DENIED:        "permission to list it is needed",
	windows.ERROR_SHARING_VIOLATION:    "another program has it open and shares nothing",
	windows.ERROR_ALREADY_EXISTS:       "it is watched already, and IN_MASK_CREATE was asked for",
	windows.ERROR_DIRECTORY:            "it is not a directory, and IN_ONLYDIR was asked for",
	windows.ERROR_FILENAME_EXCED_RANGE: `a path takes up to 32767 characters, each name in it up to 255`,
	windows.ERROR_INVALID_NAME:         `a name cannot hold any of < > : " | ? * or end in a blank or dot; a pattern has to be asked for as one`,
	windows.ERROR_INVALID_FUNCTION:     "its file system does not tell of changes; it can be polled",
	windows.ERROR_INVALID_PARAMETER:    "its file system does not tell of changes in this form",
	windows.ERROR_BAD_NETPATH:          "the server was not found; check its name and the network",
	windows.ERROR_BAD_NET_NAME:         "the server has no such share",
	windows.ERROR_NETNAME_DELETED:      "the connection to the share was lost; watch it again when it is back",
	windows.ERROR_NETWORK_UNREACHABLE:  "the network is not there",
	windows.ERROR_TOO_MANY_CMDS:        "the server allows no more requests at a time; watch fewer directories of it",
	windows.ERROR_NOACCESS:             "the buffer has to begin at a multiple of 4",
	windows.ERROR_NO_SYSTEM_RESOURCES:  noMemoryHint,
	windows.ERROR_NOT_ENOUGH_QUOTA:     noMemoryHint,
	windows.ERROR_WORKING_SET_QUOTA:    noMemoryHint,
	windows.ERROR_NOT_ENOUGH_MEMORY:    noMemoryHint,
	windows.ERROR_NOTIFY_ENUM_DIR:      "more happened than the buffer holds: list the directory",
}

func watchError(op, path string, err error) error {
	var known *event.WatchError
	if errors.As(err, &known) {
		return err
	}
	return &event.WatchError{Op: op, Path: path, Err: err, Hint: errorHints[err]}
}

// errno is the number of a failure for a KindFail record.
func errno(err error) int64 {
	var e windows.Errno
	if errors.As(err, &e) {
		return int64(e)
	}
	return int64(windows.ERROR_INVALID_PARAMETER)
}

// isAny reports whether err is one of the numbers.
func isAny(err error, numbers ...windows.Errno) bool {
	for _, n := range numbers {
		if errors.Is(err, n) {
			return true
		}
	}
	return false
}
