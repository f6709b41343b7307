package store

import (
	"errors"
	"fmt"

	"fsrec/watcher/event"
)

// What can be wrong with a log; test for them with errors.Is. A missing file is
// fs.ErrNotExist.
var (
	// ErrExists: Create without Force found something at the path.
	ErrExists = errors.New("already exists")
	// ErrDirectory: the path is a directory.
	ErrDirectory = errors.New("is a directory, not a log")
	// ErrEmpty: the file has no bytes.
	ErrEmpty = errors.New("is empty")
	// ErrNotLog: the file is not a bbolt database at all.
	ErrNotLog = errors.New("is not a log")
	// ErrForeign: the file is a bbolt database of another program.
	ErrForeign = errors.New("is a bbolt database, but not a log")
	// ErrTruncated: the file ends before its own bookkeeping says.
	ErrTruncated = errors.New("is truncated")
	// ErrCorrupt: the file contradicts itself or a checksum.
	ErrCorrupt = errors.New("is damaged")
	// ErrNewer: the log was written by a later version, whose logs this one cannot read.
	ErrNewer = errors.New("has a newer format")
	// ErrLocked: a recorder is writing the log.
	ErrLocked = errors.New("is being recorded")
	// ErrOrder: the records of one Write do not follow each other, see OrderError.
	ErrOrder = errors.New("record out of order")
	// ErrTooLarge: a record's strings exceed MaxRecordText.
	ErrTooLarge = errors.New("record too large")
)

// Error says which log could not be created, opened or read, and what to do.
type Error struct {
	Path string
	Err  error  // one of the sentinels, or of the operating system
	Msg  string // the particulars, empty if there are none
	Hint string // the way out, empty if there is none
}

func (e *Error) Error() string {
	s := "log " + event.Quote(e.Path) + " " + event.Reason(e.Err)
	if e.Msg != "" {
		s += ": " + e.Msg
	}
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// OrderError says that a record was refused because it does not follow the one
// before it. The records before it in the same Write were taken.
type OrderError struct {
	Seq, Want      uint64 // number of the record, number that had to come
	Time, Previous int64  // its time, time of the record before it
}

func (e *OrderError) Error() string {
	if e.Seq != e.Want {
		return fmt.Sprintf("record %d cannot be written where record %d is due: numbers have no gap", e.Seq, e.Want)
	}
	return fmt.Sprintf("record %d of time %d ns cannot follow one of time %d ns: time never decreases", e.Seq, e.Time, e.Previous)
}

// Is makes the error an ErrOrder.
func (e *OrderError) Is(target error) bool { return target == ErrOrder }

// WriteError says that the disk failed a recording, and how much of it is safe.
// The log stays as it was after its last good commit and can be opened.
type WriteError struct {
	Path string
	Last uint64 // number of the last record that is safe, 0 if none is
	Safe uint64 // how many records are safe
	Err  error  // of the operating system
}

func (e *WriteError) Error() string {
	return fmt.Sprintf("writing log %s: %s: the first %d records are safe and can be read", event.Quote(e.Path), event.Reason(e.Err), e.Safe)
}

// Unwrap gives Err.
func (e *WriteError) Unwrap() error { return e.Err }

// damage is what is wrong inside a file; Log gives it a path.
type damage struct {
	kind error
	msg  string
}

func (d *damage) Error() string { return d.kind.Error() + ": " + d.msg }
func (d *damage) Unwrap() error { return d.kind }

func corrupt(format string, args ...any) error {
	return &damage{ErrCorrupt, fmt.Sprintf(format, args...)}
}
