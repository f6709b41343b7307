package diff

import (
	"fmt"

	"fsrec/watcher/event"
)

// InputError says which of the two recordings could not be read.
type InputError struct {
	Name string
	Err  error
}

func (e *InputError) Error() string { return fmt.Sprintf("reading %q: %v", e.Name, e.Err) }

// Unwrap gives the error of the Reader.
func (e *InputError) Unwrap() error { return e.Err }

func inputError(in Input, err error) error {
	if err == nil {
		return nil
	}
	return &InputError{Name: in.Name, Err: err}
}

// folds reports whether names of a recording are compared without regard to case.
func folds(h event.Header) bool { return h.CaseFold || h.Platform == event.Windows }
