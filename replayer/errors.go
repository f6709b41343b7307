package replayer

import (
	"fmt"
	"strings"
	"time"

	"fsrec/watcher/event"
)

// NotRecordedError says that a path was not watched where a replay was asked
// for it. It is an event.ErrNotRecorded.
type NotRecordedError struct {
	Path    string // as it was asked for
	Nearest string // the recorded path that is most like it, empty if no path was watched at all
	Over    bool   // Path was watched, but no more at this place of the replay
	Within  string // the recorded watch of a whole tree, as Windows has them, that Path is in
}

func (e *NotRecordedError) Error() string {
	switch {
	case e.Over:
		return fmt.Sprintf("%v: %s is not watched any more at this place of the recording", event.ErrNotRecorded, event.Quote(e.Path))
	case e.Within != "":
		return fmt.Sprintf("%v: %s has no watch of its own, that of %s is for the whole tree", event.ErrNotRecorded, event.Quote(e.Path), event.Quote(e.Within))
	case e.Nearest == "":
		return fmt.Sprintf("%v: the recording has no watches", event.ErrNotRecorded)
	}
	return fmt.Sprintf("%v: the nearest path that was watched is %s", event.ErrNotRecorded, event.Quote(e.Nearest))
}

// Unwrap gives event.ErrNotRecorded.
func (e *NotRecordedError) Unwrap() error { return event.ErrNotRecorded }

// MarkError says that a recording has no mark of a given text.
type MarkError struct {
	Text  string
	Marks []string // the texts that there are, in order
}

func (e *MarkError) Error() string {
	if len(e.Marks) == 0 {
		return fmt.Sprintf("no mark %q: the recording has no marks", e.Text)
	}
	quoted := make([]string, min(len(e.Marks), 20))
	for i := range quoted {
		quoted[i] = fmt.Sprintf("%q", e.Marks[i])
	}
	more := ""
	if n := len(e.Marks) - len(quoted); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("no mark %q in this part of the recording: there are %s%s", e.Text, strings.Join(quoted, ", "), more)
}

// RangeError says that a replay would start behind its end or behind the end of
// the recording.
type RangeError struct {
	From, To uint64        // numbers of the first and the last record
	End      time.Duration // time of the last record of the recording
	Last     uint64        // its number
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("nothing to replay from record %d to record %d: the recording has %d records and ends after %v", e.From, e.To, e.Last, e.End)
}
