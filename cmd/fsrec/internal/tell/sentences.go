package tell

import (
	"fmt"
	"strings"

	"fsrec/cmd/fsrec/internal/report"
	"fsrec/watcher/event"
)

// sentences say of a subject what happened to it: in general, and where that
// reads differently, to a directory.
var sentences = []struct {
	mask       event.Mask
	text, ofIt string
}{
	{event.IN_CREATE, "was created", ""},
	{event.IN_DELETE, "was deleted", ""},
	{event.IN_MODIFY, "was written or truncated", "changed"},
	{event.IN_ATTRIB, "got other permissions, times, owner or links", "got other permissions, times, owner or contents"},
	{event.IN_OPEN, "was opened", ""},
	{event.IN_ACCESS, "was read", "was listed"},
	{event.IN_CLOSE_WRITE, "was closed by somebody who could write", ""},
	{event.IN_CLOSE_NOWRITE, "was closed by somebody who only read", "was closed"},
	{event.IN_MOVED_FROM, "was renamed", ""},
	{event.IN_MOVED_TO, "is a new name", ""},
	{event.IN_DELETE_SELF, "is gone for good", ""},
	{event.IN_MOVE_SELF, "was itself renamed", ""},
	{event.IN_UNMOUNT, "is on a file system that was unmounted", ""},
	{event.IN_IGNORED, "is not watched any more", ""},
}

// event tells of an event; after are the records that follow.
func (t *Teller) event(r *event.Record, after []event.Record) Line {
	l := t.line(r, "")
	l.Mask, l.Synthetic = r.Mask, r.Flags&event.FlagSynthetic != 0
	if r.Mask&event.IN_Q_OVERFLOW != 0 {
		l.Text = "the kernel's queue was full: events are missing here"
		return l
	}
	path, self, known := t.place(r)
	l.Path = asText(path)
	dir := r.Mask&event.IN_ISDIR != 0
	if w := t.table.Watch(r.WD); self && w.Flags&event.FlagDir != 0 {
		dir = true
	}
	subject := t.shown(path)
	switch {
	case !known:
		subject += fmt.Sprintf(" (of watch %d, which is not known)", r.WD)
	case self && dir:
		subject = "the watched directory " + subject
	case self:
		subject = "the watched file " + subject
	case dir:
		subject = "the directory " + subject
	}
	var parts []string
	for _, s := range sentences {
		if r.Mask&s.mask == 0 {
			continue
		}
		text := s.text
		if dir && s.ofIt != "" {
			text = s.ofIt
		}
		parts = append(parts, t.rename(r, &l, text, after))
	}
	if len(parts) == 0 {
		parts = append(parts, "had "+r.Mask.String())
	}
	l.Text = subject + " " + strings.Join(parts, " and ") + t.notes(r, &l)
	return l
}

// notes are what is to be added about where an event comes from.
func (t *Teller) notes(r *event.Record, l *Line) string {
	s := ""
	if l.Synthetic {
		s += "; it was found by listing its directory, whose watch came later"
	}
	if l.Own {
		s += ", by the recorder itself"
	}
	action, part := t.taken(r)
	if l.Action = action; action != "" {
		s += " (" + action + ")"
	}
	if part != 0 {
		s += fmt.Sprintf("; only letters change their case, so the REMOVED of record %d is part of it", part)
	}
	return s
}

// rename says of half a rename where the other one is.
func (t *Teller) rename(r *event.Record, l *Line, text string, after []event.Record) string {
	switch {
	case r.Mask&event.IN_MOVED_FROM != 0:
		return t.leaves(r, after)
	case r.Mask&event.IN_MOVED_TO != 0:
		for i := len(t.moves) - 1; i >= 0; i-- {
			if h := t.moves[i]; h.cookie == r.Cookie {
				t.moves = append(t.moves[:i], t.moves[i+1:]...)
				l.Src = asText(h.path)
				return fmt.Sprintf("is the new name of %s (record %d)", t.shown(h.path), h.seq)
			}
		}
		return "came in by a rename from a place that is not watched"
	}
	return text
}

func (t *Teller) leaves(r *event.Record, after []event.Record) string {
	path, _, _ := t.place(r)
	if len(t.moves) == maxMoves {
		t.moves = append(t.moves[:0], t.moves[1:]...)
	}
	t.moves = append(t.moves, half{r.Cookie, r.Seq, path})
	for i := range min(len(after), ahead) {
		next := &after[i]
		if next.Kind == event.KindEvent && next.Cookie == r.Cookie && next.Mask&event.IN_MOVED_TO != 0 {
			if to, _, known := t.place(next); known {
				return fmt.Sprintf("was renamed to %s (record %d)", t.shown(to), next.Seq)
			}
			return fmt.Sprintf("was renamed (record %d)", next.Seq)
		}
	}
	return "was renamed to a place that is not watched"
}

var causes = map[string]string{
	event.CauseRemoved:   "the program that watched gave it up",
	event.CauseDeleted:   "what it watched was deleted",
	event.CauseUnmounted: "the file system was unmounted",
	event.CauseMovedOut:  "what it watched was moved to a place that is not watched",
	event.CauseOneshot:   "it was for one event only",
	event.CauseIgnored:   "the kernel ended it and did not say why",
	event.CauseFailed:    "it cannot be read any more",
}

var losses = map[string]string{
	"kernel": "the kernel's queue was full", "buffer": "the buffer of Windows was full", "queue": "a queue of the recorder was full",
}

// control tells of a record that is no event.
func (t *Teller) control(to []Line, r *event.Record) []Line {
	var text string
	path := r.Path
	switch r.Kind {
	case event.KindRead:
		if text = t.read(r); text == "" {
			return to
		}
	case event.KindEntry:
		if t.skip() {
			return to
		}
		text, path = t.entry(r)
	case event.KindIdle:
		if t.skip() {
			return to
		}
		text = "nothing more came for a moment: what was told before is complete"
	case event.KindWatch:
		text = t.watch(r)
	case event.KindUnwatch:
		text = fmt.Sprintf("watch %d on %s ended: %s", r.WD, t.shown(r.Path), orItself(causes, r.Name, t))
	case event.KindMove:
		text = fmt.Sprintf("%s was renamed: the watches on it and in it follow to %s", t.shown(r.Src), t.shown(r.Path))
		if r.Path == "" {
			text, path = fmt.Sprintf("%s left the watched tree: the watches on it and in it are being ended", t.shown(r.Src)), r.Src
		}
	case event.KindMask:
		if t.skip() {
			return to
		}
		text = t.mask(r)
	case event.KindFail:
		text = fmt.Sprintf("%s: %s failed: %s", t.shown(r.Path), map[string]string{"watch": "watching it", "list": "listing it", "stat": "looking at it", "read": "reading what happens in it"}[r.Name],
			report.Reason(t.header.Platform, r.N))
	case event.KindLoss:
		text = t.loss(r)
	case event.KindMark:
		text = "mark: " + t.shown(r.Name)
		if op, ok := strings.CutPrefix(r.Name, "op:"); ok {
			text = "operation: " + t.shown(strings.TrimSpace(op))
		}
	case event.KindEnd:
		text = fmt.Sprintf("the recording ended: %s", t.shown(r.Name))
		if len(t.header.Command) > 0 {
			text += fmt.Sprintf(", status %d", r.N)
		}
	case event.KindChange:
		if r.Flags&event.FlagOwn != 0 && t.skip() {
			return to
		}
		text = t.change(r)
	default:
		text = "a record of kind " + r.Kind.String()
	}
	l := t.line(r, text)
	l.Path, l.Src = asText(path), asText(r.Src)
	return append(to, l)
}

// read tells of a read that went wrong, or is asked for.
func (t *Teller) read(r *event.Record) string {
	switch {
	case r.Cookie != 0:
		return fmt.Sprintf("a read of watch %d failed: %s", r.WD, report.Reason(t.header.Platform, int64(r.Cookie)))
	case r.N == 0 && t.header.Platform == event.Windows:
		return fmt.Sprintf("a read of watch %d gave nothing: what there was did not fit", r.WD)
	case t.skip():
		return ""
	}
	return fmt.Sprintf("a read gave %d bytes: the records up to the next read came together", r.N)
}

func (t *Teller) entry(r *event.Record) (text, path string) {
	path, self, _ := t.place(r)
	if self {
		return fmt.Sprintf("%s was listed anew: what was known of it is void", t.shown(path)), path
	}
	const typeBits, directory = 0o170000, 0o040000
	what := "a file"
	if r.Cookie&typeBits == directory {
		what = "a directory"
	}
	return fmt.Sprintf("%s was there when it was looked at: %s", t.shown(path), what), path
}

func (t *Teller) watch(r *event.Record) string {
	what := "file"
	if r.Flags&event.FlagDir != 0 {
		what = "directory"
	}
	text := fmt.Sprintf("watch %d was placed on the %s %s", r.WD, what, t.shown(r.Path))
	if t.table.Watch(r.WD) != nil {
		text = fmt.Sprintf("watch %d on %s was changed", r.WD, t.shown(r.Path))
	}
	switch {
	case r.M != 0:
		text += ", which is new in a watched one"
	case r.P != 0 && r.Flags&event.FlagRecursive != 0:
		text += " and all that is in it"
	}
	text += ": " + kinds(r.Mask)
	if later := r.Mask & event.IN_ALL_EVENTS &^ event.Mask(r.N); later != 0 && r.N != 0 && t.all && t.header.Backend == "inotify" {
		text += "; at first without " + kinds(later)
	}
	return text
}

// mask tells of what the kernel was asked later than of the rest.
func (t *Teller) mask(r *event.Record) string {
	text, added := fmt.Sprintf("watch %d", r.WD), r.Mask
	if w := t.table.Watch(r.WD); w != nil {
		text += " on " + t.shown(w.Path())
		added &^= w.Kernel
	}
	if r.M > 0 {
		text = fmt.Sprintf("watches %d to %d", r.WD, int64(r.WD)+r.M)
	}
	return text + ": from here on also " + kinds(added)
}

func kinds(m event.Mask) string {
	return strings.ReplaceAll(m.String(), "|", ", ")
}

func (t *Teller) loss(r *event.Record) string {
	n := "an unknown number of events"
	if r.N >= 0 {
		n = fmt.Sprintf("%d events", r.N)
	}
	text := fmt.Sprintf("%s between %s and now are missing: %s", n, event.AppendSeconds(nil, r.M), orItself(losses, r.Name, t))
	if w := t.table.Watch(r.WD); w != nil && r.WD > 0 {
		text += fmt.Sprintf(", in %s only", t.shown(w.Path()))
	}
	return text
}

func orItself(words map[string]string, key string, t *Teller) string {
	if s := words[key]; s != "" {
		return s
	}
	return t.shown(key)
}
