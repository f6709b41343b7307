package replayer

import (
	"fmt"
	"math"
	"time"

	"fsrec/watcher/event"
)

// Option changes how a log is replayed.
type Option func(*config)

type config struct {
	speed    float64 // recorded seconds per second; 0 is as fast as possible
	idleCap  time.Duration
	step     stepUnit
	from, to place
	rounds   int
	maps     []mapping
	target   event.Platform
	overflow []fault
	err      error // the first of an option
}

type stepUnit uint8

const (
	stepNone stepUnit = iota
	stepReads
	stepEvents
)

// place is a place in a log, as the user named it.
type place struct {
	given bool
	seq   uint64
	time  *time.Duration
	mark  *string
}

type fault struct {
	at uint64
	n  int
}

// losing is how far a fault has come.
type losing struct {
	n  int   // events still to be lost
	wd int32 // whose buffer it is on Windows, once it has begun
}

// OptionError says that an option of New has a value that makes no sense.
type OptionError struct {
	Option string // for example "Speed"
	Msg    string
}

func (e *OptionError) Error() string { return fmt.Sprintf("replay: %s: %s", e.Option, e.Msg) }

func (c *config) fail(option, format string, args ...any) {
	if c.err == nil {
		c.err = &OptionError{option, fmt.Sprintf(format, args...)}
	}
}

// MaxSpeed replays as fast as records are read. It is the default.
func MaxSpeed() Option {
	return func(c *config) { c.speed, c.step = 0, stepNone }
}

// Speed keeps the recorded pace, times factor: 2 is twice as fast. A replay
// whose reader was late catches up.
func Speed(factor float64) Option {
	return func(c *config) {
		if !(factor > 0) || math.IsInf(factor, 0) {
			c.fail("Speed", "want a finite factor above 0, not %v", factor)
		}
		c.speed, c.step = factor, stepNone
	}
}

// IdleCap bounds every wait at recorded pace to d.
func IdleCap(d time.Duration) Option {
	return func(c *config) {
		if d <= 0 {
			c.fail("IdleCap", "want a duration above 0, not %v", d)
		}
		c.idleCap = d
	}
}

// Step holds every recorded read of the kernel back until Replayer.Next
// releases it. In a log without KindRead records, events of one time are a read.
func Step() Option { return func(c *config) { c.speed, c.step = 0, stepReads } }

// StepEvents holds every event back until Replayer.Next releases it.
func StepEvents() Option { return func(c *config) { c.speed, c.step = 0, stepEvents } }

// FromSeq starts with the record of this number.
func FromSeq(seq uint64) Option {
	return func(c *config) { c.from = place{given: true, seq: seq} }
}

// FromTime starts with the first record at or after t, counted from the start of the recording.
func FromTime(t time.Duration) Option {
	return func(c *config) { c.from = place{given: true, time: &t} }
}

// FromMark starts with the first mark of this text. New fails with a *MarkError if there is none.
func FromMark(text string) Option {
	return func(c *config) { c.from = place{given: true, mark: &text} }
}

// ToSeq ends with the record of this number.
func ToSeq(seq uint64) Option {
	return func(c *config) { c.to = place{given: true, seq: seq} }
}

// ToTime ends with the last record at or before t, counted from the start of the recording.
func ToTime(t time.Duration) Option {
	return func(c *config) { c.to = place{given: true, time: &t} }
}

// ToMark ends with the first mark of this text at or after the start of the
// replay. New fails with a *MarkError if there is none.
func ToMark(text string) Option {
	return func(c *config) { c.to = place{given: true, mark: &text} }
}

// Loop replays n rounds, 0 for ever. See the package documentation for what happens between rounds.
func Loop(n int) Option {
	return func(c *config) {
		if n < 0 {
			c.fail("Loop", "want 0 (for ever) or a number of rounds, not %d", n)
		}
		c.rounds = n
	}
}

// Map gives the recorded path old, and all below it, the path new instead. It
// may be given several times: the longest old that fits a path counts. Paths
// below none stay as they are. A mapped path that was renamed in the recording
// keeps its mapping only if it was renamed within the directory that is mapped.
//
// If new is a path of another platform than the recording's (`C:\dir` or
// `\\host\share` against /dir), the replay follows the rules of that platform:
// its Header says so, and all paths, mapped or not, are written with its
// separator. New may be relative, and so are the paths below it then.
func Map(old, new string) Option {
	return func(c *config) { c.maps = append(c.maps, mapping{old: old, new: new}) }
}

// Target replays for the path rules of platform p, with or without Map.
func Target(p event.Platform) Option {
	return func(c *config) { c.target = p }
}

// InjectOverflow loses the first n events of the kernel from record seq on, as
// if its queue had been full: in their place stand an IN_Q_OVERFLOW event and a
// KindLoss record, both with Seq 0. Control records and synthetic events are not lost.
// In a recording of Windows it is the buffer of one watch that was full, that of
// the first change from seq on: the others lose nothing, and the KindLoss stands alone.
func InjectOverflow(seq uint64, n int) Option {
	return func(c *config) {
		if n < 1 {
			c.fail("InjectOverflow", "want at least 1 event to lose, not %d", n)
		}
		c.overflow = append(c.overflow, fault{seq, n})
	}
}
