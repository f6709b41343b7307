package diff

import (
	"fmt"
	"strings"

	"fsrec/watcher/event"
)

// RootsError says that two recordings cannot be compared since they are about different directories.
type RootsError struct {
	Left, Right []string  // roots that have no counterpart
	Pair        [2]string // a pair of Options.Roots of which one is not a root
	Disjoint    bool      // the roots could be paired, but no path below them is common
}

func (e *RootsError) Error() string {
	left, right := quoteAll(e.Left), quoteAll(e.Right)
	switch {
	case e.Pair[0] != "" || e.Pair[1] != "":
		return fmt.Sprintf("cannot pair root %q with %q: the left recording has %s, the right one %s", e.Pair[0], e.Pair[1], left, right)
	case e.Disjoint:
		return fmt.Sprintf("unrelated roots: no path below %s of the left recording is also below %s of the right one; if they are to be compared all the same, pair them", left, right)
	}
	return fmt.Sprintf("unrelated roots: the left recording has %s, the right one %s: say which of them belong together", left, right)
}

func quoteAll(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(quoted, ", ")
}

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
