// Package tell says in plain words what the records of a recording and the
// rules of a catalogue mean.
package tell

import (
	"fmt"
	"slices"

	"fsrec/cmd/fsrec/internal/format"
	"fsrec/replayer/diff"
	"fsrec/watcher/event"
	"fsrec/watcher/translate"
)

// Line is what is told of one record.
type Line struct {
	Seq       uint64     `json:"seq"`
	Time      int64      `json:"t"`
	Kind      string     `json:"kind"`
	Text      string     `json:"text"` // names in it are escaped
	Mask      event.Mask `json:"mask,omitempty"`
	Action    string     `json:"action,omitempty"` // that Windows delivered
	Path      diff.Text  `json:"pathname,omitempty"`
	Src       diff.Text  `json:"src_pathname,omitempty"`
	Synthetic bool       `json:"synthetic,omitempty"`
	Own       bool       `json:"own,omitempty"`
	Records   int        `json:"records,omitempty"` // that are told together, from this one on, where there are several
}

// Teller tells a recording, record by record. It looks a little ahead, for where a
// rename leads to.
type Teller struct {
	header     event.Header
	all        bool
	table      *event.Table
	translator *translate.Translator // nil for inotify
	files      map[int32]bool        // watches of single files
	actions    map[uint64]change     // changes of Windows whose event has not come yet, by number
	waiting    []event.Record
	moves      []half // the latest first halves of renames
	placed     placed // watches that have not been told of yet
	untold     uint64
}

// change is what Windows said of a name.
type change struct {
	action event.Action
	wd     int32
	name   string
}

// half is the first half of a rename.
type half struct {
	cookie uint32
	seq    uint64
	path   string
}

const (
	ahead    = 256 // records that the second half of a rename is looked for in
	maxMoves = 256
)

// New gives a Teller for the recording of h. With all it also tells reads, what
// listings found and what the recorder itself did, and each watch of a tree on a line of its own.
func New(h event.Header, all bool) *Teller {
	t := &Teller{header: h, all: all, table: event.NewTable(h.Platform), actions: make(map[uint64]change), files: make(map[int32]bool)}
	if h.Backend != "inotify" {
		t.translator = translate.New()
	}
	return t
}

// Untold is the number of records that were left out without all.
func (t *Teller) Untold() uint64 { return t.untold }

// Append appends what is to be said of records, which follow those of the last
// call. Of the last ones it is said later.
func (t *Teller) Append(to []Line, records []event.Record) []Line {
	if t.translator == nil {
		t.waiting = append(t.waiting, records...)
	} else {
		for i := range records {
			t.translate(records[i : i+1])
		}
	}
	return t.tell(to, len(t.waiting)-ahead)
}

// Flush appends what has not been said yet, at the end of the recording.
func (t *Teller) Flush(to []Line) []Line {
	if t.translator != nil {
		t.waiting = t.translator.Flush(t.waiting)
	}
	return t.placed.tell(t.tell(to, len(t.waiting)))
}

// translate lets one record wait, as the events that it means. A change that is none
// waits as it is.
func (t *Teller) translate(one []event.Record) {
	r := &one[0]
	switch {
	case r.Kind == event.KindWatch:
		t.files[r.WD] = r.Flags&event.FlagDir == 0
	case r.Kind == event.KindUnwatch:
		delete(t.files, r.WD)
	case r.Kind == event.KindChange && t.means(r):
		t.actions[r.Seq] = change{r.Action(), r.WD, r.Name}
	}
	n := len(t.waiting)
	t.waiting = t.translator.Append(t.waiting, one)
	if r.Kind == event.KindChange && !t.means(r) && len(t.waiting) == n {
		t.waiting = append(t.waiting, *r)
	}
}

// means reports whether an event is made of a change.
func (t *Teller) means(r *event.Record) bool {
	switch action := r.Action(); {
	case r.Flags&event.FlagOwn != 0, action < event.FILE_ACTION_ADDED, action > event.FILE_ACTION_RENAMED_NEW_NAME:
		return false
	case t.files[r.WD] || r.Name == "":
		return action == event.FILE_ACTION_MODIFIED || action == event.FILE_ACTION_RENAMED_OLD_NAME
	}
	return true
}

// change tells of a change that is no event.
func (t *Teller) change(r *event.Record) string {
	path, _, _ := t.place(r)
	if t.files[r.WD] {
		path = t.shown(r.Name) + " beside the watched file"
	} else {
		path = t.shown(path)
	}
	why := "of which inotify has no event"
	if r.Flags&event.FlagOwn != 0 {
		why = "which the recorder itself caused"
	}
	return fmt.Sprintf("Windows said %s of %s, %s", r.Action(), path, why)
}

// skip counts a record that is not told.
func (t *Teller) skip() bool {
	if !t.all {
		t.untold++
	}
	return !t.all
}

func (t *Teller) tell(to []Line, n int) []Line {
	if n <= 0 {
		return to
	}
	for i := range n {
		r := &t.waiting[i]
		if !t.collect(&to, r) {
			before := len(to)
			if to = t.one(to, r, t.waiting[i+1:]); len(to) > before {
				to = slices.Insert(to, before, t.placed.tell(nil)...)
			}
		}
		t.table.Apply(r)
	}
	t.waiting = append(t.waiting[:0], t.waiting[n:]...)
	return to
}

// one tells of one record; after are those that follow.
func (t *Teller) one(to []Line, r *event.Record, after []event.Record) []Line {
	switch {
	case r.Kind != event.KindEvent:
		return t.control(to, r)
	case r.Flags&event.FlagOwn != 0 && t.skip():
		return to
	}
	return append(to, t.event(r, after))
}

func (t *Teller) line(r *event.Record, text string) Line {
	return Line{Seq: r.Seq, Time: r.Time, Kind: r.Kind.String(), Text: text, Own: r.Flags&event.FlagOwn != 0}
}

// shown makes a name or path fit for a terminal.
func (t *Teller) shown(s string) string {
	return string(format.AppendShown(nil, t.header.Platform, s))
}

// place is the path of an event's subject, and whether it is the watched object itself.
func (t *Teller) place(r *event.Record) (path string, self, known bool) {
	w := t.table.Watch(r.WD)
	if w == nil {
		return r.Name, false, false
	}
	if r.Name == "" {
		return w.Path(), true, true
	}
	return t.header.Platform.Join(w.Path(), r.Name), false, true
}

// taken gives what Windows said where an event was made of it, and the number of
// a removal that turned out to be part of this rename: one of the case of letters.
func (t *Teller) taken(r *event.Record) (action string, part uint64) {
	c, ok := t.actions[r.Seq]
	if !ok {
		return "", 0
	}
	delete(t.actions, r.Seq)
	if c.action == event.FILE_ACTION_RENAMED_OLD_NAME {
		fold := t.header.Platform.Fold
		for seq, other := range t.actions {
			if seq < r.Seq && seq+ahead > r.Seq && other.action == event.FILE_ACTION_REMOVED && other.wd == c.wd && fold(other.name) == fold(c.name) {
				delete(t.actions, seq)
				part = seq
			}
		}
	}
	return c.action.String(), part
}

func asText(s string) diff.Text { return diff.Text(s) }
