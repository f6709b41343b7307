package watcher

import (
	"errors"
	"fmt"
	"strings"

	"fsrec/watcher/event"
)

// Errors that callers may test for with errors.Is.
var (
	// ErrClosed: the notifier was stopped, or its backend closed.
	ErrClosed = event.ErrClosed
	// ErrUnknownWatch: the wd is not, or no longer, watched.
	ErrUnknownWatch = event.ErrUnknownWatch
	// ErrNotRecorded: a replay was asked to watch what the recording does not hold.
	ErrNotRecorded = event.ErrNotRecorded
	// ErrInvalidPath: a path that no system accepts: empty, or with a NUL byte in it.
	ErrInvalidPath = errors.New("not a valid path")
	// ErrStarted: the ThreadedNotifier was started before.
	ErrStarted = errors.New("already started")
	// ErrOption: the option has no meaning for the operation it was given to.
	ErrOption = errors.New("option does not apply")
	// ErrTree: the watches of a tree are managed for the caller, who cannot change them.
	ErrTree = errors.New("the watches of a tree are managed automatically")
)

// Codes that stand in the result of AddWatch where there is no wd, as in pyinotify.
const (
	NotWatched  int32 = -1 // could not be watched; the error says why
	Excluded    int32 = -2 // left out by an exclude filter; not an error
	InvalidPath int32 = -3 // not a valid path
)

// WatchManagerError says what part of an operation on watches failed. What
// succeeded stays done, and is in the maps.
type WatchManagerError struct {
	Op   string           // "add", "update" or "remove"
	WDs  map[string]int32 // result of an AddWatch: path -> wd or code
	Done map[int32]bool   // result of an UpdateWatch or RemoveWatch
	Errs []error          // one for each watch that failed
}

func (e *WatchManagerError) Error() string {
	const shown = 3
	var b strings.Builder
	fmt.Fprintf(&b, "%s watch: ", e.Op)
	for i, err := range e.Errs {
		if i == shown {
			fmt.Fprintf(&b, "; and %d more", len(e.Errs)-shown)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(err.Error())
	}
	return b.String()
}

// Unwrap gives the error of each watch that failed.
func (e *WatchManagerError) Unwrap() []error { return e.Errs }

// WDError is an error about one watch descriptor.
type WDError struct {
	Op  string // "update" or "remove"
	WD  int32
	Err error
}

func (e *WDError) Error() string { return fmt.Sprintf("cannot %s watch %d: %v", e.Op, e.WD, e.Err) }

// Unwrap gives the cause.
func (e *WDError) Unwrap() error { return e.Err }

// HandlerError says which event a handler or filter failed on. Seq is 0 where
// an exclude filter failed, which is not about an event.
type HandlerError struct {
	Seq  uint64     // of the event
	Mask event.Mask // of the event
	Path string     // Pathname of the event
	Err  error      // what the handler returned, or a *PanicError
}

func (e *HandlerError) Error() string {
	if e.Seq == 0 {
		return fmt.Sprintf("handler failed: %v", e.Err)
	}
	return fmt.Sprintf("handler failed at event %d (%s %s): %v", e.Seq, e.Mask, event.Quote(e.Path), e.Err)
}

// Unwrap gives what the handler returned.
func (e *HandlerError) Unwrap() error { return e.Err }

// PanicError stands for the panic of a handler.
type PanicError struct {
	Value any    // what was panicked with
	Stack []byte // of the handler's goroutine
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap gives the panic's value where it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
