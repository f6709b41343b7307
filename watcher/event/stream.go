package event

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Errors that callers of any Backend or Log may test for with errors.Is.
var (
	// ErrClosed: the backend, log or notifier was closed.
	ErrClosed = errors.New("closed")
	// ErrUnknownWatch: the wd is not, or no longer, in the watch table.
	ErrUnknownWatch = errors.New("unknown watch descriptor")
	// ErrNotRecorded: a replay was asked for something that the recording does not hold.
	ErrNotRecorded = errors.New("not recorded")
	// ErrUnsupported: this platform cannot do what was asked for.
	ErrUnsupported = errors.New("not supported on this platform")
)

// Reader is the source side of a stream of records.
type Reader interface {
	// Read appends at least one record to to[:0] and returns the result, which
	// the caller owns and may pass in again. It blocks until there is a record,
	// ctx is done (ctx's error) or the source was closed (ErrClosed). After the
	// last record of a finite source it returns io.EOF, then always. Records
	// are returned with a nil error; an error comes with none.
	Read(ctx context.Context, to []Record) ([]Record, error)
}

// Batches yields what r gives, read by read, up to its end. An error is yielded
// last, with no records. A batch is valid until the next is asked for.
func Batches(ctx context.Context, r Reader) iter.Seq2[[]Record, error] {
	return func(yield func([]Record, error) bool) {
		var batch []Record
		for {
			var err error
			batch, err = r.Read(ctx, batch)
			if errors.Is(err, io.EOF) || !yield(batch, err) || err != nil {
				return
			}
		}
	}
}

// Writer is the sink side of a stream of records. Write takes the records in
// order and does not keep the slice, though it may keep the strings.
type Writer interface {
	Write(records []Record) error
}

// Backend is where a WatchManager gets its events from: the operating system,
// or a recording. All methods may be called at the same time, but for Read,
// which has one caller at a time.
type Backend interface {
	Reader
	// Ready blocks until Read would not block and returns a number of bytes of
	// the kernel's queue that wait to be read, at least 1; 0 and ctx's error
	// when ctx is done first, io.EOF or ErrClosed where Read would return it.
	// It looks before it waits: ctx.Done is not called while there is something
	// to read, since a caller may pass a ctx that its first wait ends.
	Ready(ctx context.Context) (int, error)
	// Add places the watches of a request. It fails as a whole only if the
	// backend cannot be used; what happened to each path is in the results, in
	// the order in which the paths were met. A KindWatch or KindFail record
	// for each comes through Read before any event of the watch.
	Add(request WatchRequest) ([]WatchResult, error)
	// Update gives watch wd another mask, flags included. A KindWatch record
	// comes through Read. ErrUnknownWatch if there is no such watch. As Add does, it
	// refuses what inotify_add_watch(2) refuses for a path that is watched, IN_MASK_CREATE too.
	Update(wd int32, mask Mask) error
	// Remove ends watch wd: what the kernel had queued, IN_IGNORED and a
	// KindUnwatch record still come through Read. ErrUnknownWatch if there is
	// no such watch.
	Remove(wd int32) error
	// Header describes the source, with what is known before the first record.
	Header() Header
	// Close cancels a blocked Read or Ready and gives up all resources. It may be called again.
	Close() error
}

// WatchRequest asks a Backend for watches.
type WatchRequest struct {
	Path      string // of a file or directory; relative to the working directory if not absolute
	Mask      Mask   // events and flags
	Recursive bool   // the directories below Path too; symlinks are not followed
	AutoAdd   bool   // directories that appear later below Path too
	Glob      bool   // Path is a pattern of path/filepath
	Snapshot  bool   // emit a KindEntry record for each name that is there
	// Exclude, if not nil, is asked with the absolute path of every directory
	// (and of Path itself) before a watch is placed, now and on auto-add; true
	// leaves out the directory and all below it.
	Exclude func(path string) bool
}

// WatchResult says what became of one path of a WatchRequest.
type WatchResult struct {
	Key      string // the path in the form in which the caller wrote it: WatchRequest.Path, cleaned, and what is below
	Path     string // the same, absolute
	WD       int32  // of the new or existing watch; 0 if there is none
	Excluded bool   // left out by Exclude
	Err      error  // why there is no watch, nil if there is one or Excluded; a *WatchError

	// Unrecorded is the part of the requested mask that a replay cannot deliver, because it was not recorded.
	Unrecorded Mask
}

// WatchError says why one path could not be watched, and what to do about it.
type WatchError struct {
	Op   string // "watch", "list" or "stat"
	Path string
	Err  error  // of the operating system
	Hint string // what to do, empty if there is nothing to say
}

func (e *WatchError) Error() string {
	if e.Hint != "" {
		return fmt.Sprintf("cannot %s %s: %s: %s", e.Op, Quote(e.Path), Reason(e.Err), e.Hint)
	}
	return fmt.Sprintf("cannot %s %s: %s", e.Op, Quote(e.Path), Reason(e.Err))
}

// Unwrap gives the error of the operating system.
func (e *WatchError) Unwrap() error { return e.Err }

// Log is a recording that can be read from any place in it, by one goroutine
// at a time.
type Log interface {
	// Reader reads in order from the current place, the first record at first.
	Reader
	// Header describes the recording.
	Header() Header
	// Seek makes the record with number seq the next that Read returns, or the
	// first after it. Past the end Read returns io.EOF.
	Seek(seq uint64) error
	// SeqAt is the number of the first record with Time >= t, one more than
	// the last number if there is none.
	SeqAt(t int64) (uint64, error)
	// TableChanges appends to to[:0] every record for which IsTableChange holds, in order, without moving the place.
	TableChanges(to []Record) ([]Record, error)
	// TableAt is the watch table as it stood just before record seq.
	TableAt(seq uint64) (*Table, error)
}
