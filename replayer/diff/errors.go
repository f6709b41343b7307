package diff

import (
	"errors"
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

// BoundError says that a recording is not compared, since it gives directories more paths than any tree has for the
// number of its records. To leave some of them out would make differences of what is the same.
type BoundError struct {
	Name     string
	Records  int64 // that were read
	Elements int64 // that the paths in them have
}

func (e *BoundError) Error() string {
	return fmt.Sprintf("cannot compare %q: directories are renamed so often that the paths in its first %d records have %d elements, more than those of any real tree", e.Name, e.Records, e.Elements)
}

func inputError(in Input, err error) error {
	if bound := (*BoundError)(nil); err == nil || errors.As(err, &bound) {
		return err
	}
	return &InputError{Name: in.Name, Err: err}
}

// folds reports whether names of a recording are compared without regard to case.
func folds(h event.Header) bool { return h.CaseFold || h.Platform == event.Windows }
