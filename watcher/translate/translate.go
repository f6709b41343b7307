package translate

import (
	"sync/atomic"
	"time"

	"fsrec/watcher/event"
)

const (
	// holdTime is how long a REMOVED waits for the change that it may belong to.
	holdTime = int64(100 * time.Millisecond)
	// renameTime is how long the first half of a rename waits for the second.
	renameTime = int64(time.Minute)
)

// Translator translates one stream of records. It is not safe for concurrent use.
type Translator struct {
	// Paths is the platform by whose rules the paths of watches are written. It
	// is Windows, unless a replay has mapped them.
	Paths event.Platform

	watches map[int32]*watch
	table   *event.Table // where they are
	last    *watch       // of the latest record: changes come in runs
	lastWD  int32
	first   *watch // of those that hold a REMOVED, longest first
	newest  *watch
	all     doubts // about every watch
	seq     uint64 // of the latest record that has a number
	cookie  uint32 // the latest that was made up
	unknown [event.FILE_ACTION_TUNNELLED_ID_COLLISION + 1]atomic.Int64
	fold    [2][]byte
}

// New gives a Translator that knows of no watch.
func New() *Translator {
	return &Translator{Paths: event.Windows, watches: make(map[int32]*watch)}
}

// Append translates records and appends the result to to. A KindChange becomes a
// KindEvent with the record's number and time, the mask and cookie of inotify,
// the name relative to the watched directory, with \, and perhaps FlagInferred or
// FlagDirUnknown; one with FlagOwn becomes nothing. A KindUnwatch of a watch
// with a filter gets the events before it that inotify sends at the end of
// a watch. Where a watched directory is renamed below another, a KindMove follows.
// Everything else passes unchanged. The order stays, but that a REMOVED
// which is held, and the read after it, may come after records of other watches.
func (t *Translator) Append(to, records []event.Record) []event.Record {
	for i := range records {
		r := &records[i]
		if r.Seq != 0 {
			if r.Seq < t.seq { // another place of a recording
				to = t.releaseAll(to)
				t.rewind()
			}
			t.seq = r.Seq
		}
		for t.first != nil && r.Time-t.first.held.removed.Time > holdTime {
			to = t.release(to, t.first)
		}
		to = t.record(to, r)
	}
	return to
}

// Flush appends what is held, at the end of the stream.
func (t *Translator) Flush(to []event.Record) []event.Record { return t.releaseAll(to) }

// Holding reports whether a change is held.
func (t *Translator) Holding() bool { return t.first != nil }

// Unknown counts the changes that mean nothing to inotify, by their action: those of
// named streams and object ids. Actions that no document knows are counted under 0.
// It may be called at any time.
func (t *Translator) Unknown() map[event.Action]int64 {
	counts := make(map[event.Action]int64)
	for action := range t.unknown {
		if n := t.unknown[action].Load(); n > 0 {
			counts[event.Action(action)] = n
		}
	}
	return counts
}

func (t *Translator) record(to []event.Record, r *event.Record) []event.Record {
	switch r.Kind {
	case event.KindChange:
		return t.change(to, r)
	case event.KindRead:
		return t.read(to, r)
	case event.KindEntry:
		to = t.entry(to, r)
	case event.KindWatch:
		to = t.watched(to, r)
	case event.KindUnwatch:
		return t.unwatched(to, r)
	case event.KindLoss:
		to = t.loss(to, r)
	case event.KindIdle:
		to = t.releaseAll(to)
		t.all.forgets++
	case event.KindMove:
		to = t.releaseAll(to)
		t.placed().Apply(r)
	default:
		to = t.releaseAll(to)
	}
	return append(to, *r)
}

// watch finds or makes what is remembered of wd. One without a KindWatch
// record is taken for a directory.
func (t *Translator) watch(wd int32) *watch {
	if w := t.known(wd); w != nil {
		return w
	}
	w := &watch{wd: wd, doubts: t.all}
	t.watches[wd] = w
	return w
}

func (t *Translator) known(wd int32) *watch {
	w := t.last
	if w == nil || t.lastWD != wd {
		if w = t.watches[wd]; w == nil {
			return nil
		}
		t.last, t.lastWD = w, wd
	}
	if w.doubts != t.all {
		w.doubt(t.all)
	}
	return w
}

// read lets the start of a read pass, but behind a REMOVED of the same watch:
// the event belongs to the read before.
func (t *Translator) read(to []event.Record, r *event.Record) []event.Record {
	w := t.known(r.WD)
	if w == nil || !w.held.waits {
		return append(to, *r)
	}
	if w.held.hasRead {
		return append(t.release(to, w), *r)
	}
	w.held.read, w.held.hasRead = *r, true
	return to
}

func (t *Translator) entry(to []event.Record, r *event.Record) []event.Record {
	w := t.known(r.WD)
	if w == nil {
		return to
	}
	to = t.release(to, w)
	const typeBits, directoryBit = 0o170000, 0o040000 // of st_mode
	switch {
	case r.Name == "":
		w.index.reset(true)
	case r.Cookie&typeBits == directoryBit:
		w.index.learn(r.Name, directory)
	default:
		w.index.learn(r.Name, file)
	}
	return to
}

func (t *Translator) watched(to []event.Record, r *event.Record) []event.Record {
	if r.P == 0 && t.known(r.WD) == nil {
		return to // of another system
	}
	w := t.watch(r.WD)
	to = t.release(to, w)
	w.set(r)
	t.placed().Apply(r)
	return to
}

// placed is the table of the watches.
func (t *Translator) placed() *event.Table {
	if t.table == nil {
		t.table = event.NewTable(t.Paths)
	}
	return t.table
}

// endings are what inotify sends before the IN_IGNORED of a watch.
var endings = map[string]event.Mask{
	event.CauseDeleted:   event.IN_DELETE_SELF,
	event.CauseUnmounted: event.IN_UNMOUNT,
}

func (t *Translator) unwatched(to []event.Record, r *event.Record) []event.Record {
	w := t.known(r.WD)
	if w == nil {
		return append(to, *r)
	}
	to = t.release(to, w)
	delete(t.watches, r.WD)
	t.placed().Apply(r)
	t.last = nil
	if w.filter != 0 {
		end := event.Record{Kind: event.KindEvent, Seq: r.Seq, Time: r.Time, WD: r.WD}
		if end.Mask = endings[r.Name]; end.Mask != 0 {
			to = append(to, end)
		}
		end.Mask = event.IN_IGNORED
		to = append(to, end)
	}
	return append(to, *r)
}

// loss makes everything doubtful that a lost change could have changed: of one
// watch where that is known.
func (t *Translator) loss(to []event.Record, r *event.Record) []event.Record {
	if w := t.known(r.WD); w != nil {
		to = t.release(to, w)
		w.forget()
		w.index.complete = false
		return to
	}
	to = t.releaseAll(to)
	t.all.losses++
	return to
}

// rewind forgets all that followed from records that are not those before the next.
func (t *Translator) rewind() { t.all.rewinds++ }
