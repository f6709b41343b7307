package comparison

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// kind is what an event is called: CREATE, MOVE.
func kind(m event.Mask) string {
	m &^= event.IN_ISDIR
	if m == event.IN_MOVE {
		return "MOVE"
	}
	return strings.ReplaceAll(m.String(), "IN_", "")
}

// subject is what an event is about.
func (p *printer) subject(side int, e *diff.Event) (src, path string) {
	dir := e.Mask&event.IN_ISDIR != 0
	path = p.path(side, e.Root, e.Path, dir)
	if e.Src != "" {
		src = p.path(side, e.Root, e.Src, dir)
	}
	return src, path
}

// notes are what qualifies an event.
func notes(e *diff.Event) string {
	s := ""
	if e.Count > 1 {
		s += fmt.Sprintf(" x%d", e.Count)
	}
	if e.Synthetic {
		s += " (synthetic)"
	}
	return s
}

// counted writes a number with the right form of a noun.
func counted[N int | int64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return humanize.Comma(int64(n)) + " " + noun
}

// sentence says what a difference is.
func (p *printer) sentence(d *diff.Difference) string {
	path := p.shown(differing(d), string(d.Path))
	var s string
	switch d.Kind {
	case diff.Missing:
		s = path + ": only the left recording has " + these(len(d.Left))
	case diff.Extra:
		s = path + ": only the right recording has " + these(len(d.Right))
	case diff.Moved:
		s = path + ": both recordings have " + these(len(d.Left))
		if len(d.Left) == 1 && len(d.Right) == 1 {
			s += fmt.Sprintf(", records %d and %d", d.Left[0].Seq, d.Right[0].Seq)
		}
		s += ", in a different order"
		if len(d.Left) > 0 && d.Left[0].Path != d.Path {
			s += " against what happened to the directory"
		}
	case diff.Repeated:
		s = path + ": repeated a different number of times"
		if len(d.Left) > 0 && len(d.Right) > 0 {
			s = fmt.Sprintf("%s: %s %s in the left recording, %s in the right one", path, kind(d.Left[0].Mask), times(d.Left[0].Count), times(d.Right[0].Count))
		}
	default:
		s = path + ": " + p.instead(d)
	}
	s += fallen(d)
	if d.Operation != "" {
		s += fmt.Sprintf("; during %q", string(d.Operation))
	}
	return s
}

// instead says what stands in place of what.
func (p *printer) instead(d *diff.Difference) string {
	if len(d.Left) != 1 || len(d.Right) != 1 {
		return fmt.Sprintf("%s in the left recording, %s in the right one in place of %s", counted(len(d.Left), "event"),
			humanize.Comma(int64(len(d.Right))), map[bool]string{true: "it", false: "them"}[len(d.Left) == 1])
	}
	var text [2]string
	for side, e := range []*diff.Event{&d.Left[0], &d.Right[0]} {
		src, path := p.subject(side, e)
		text[side] = kind(e.Mask) + notes(e)
		if src != "" {
			path = src + " -> " + path
		}
		if src != "" || e.Path != d.Path {
			text[side] += " " + path
		}
	}
	return fmt.Sprintf("%s in the left recording, %s in the right one", text[0], text[1])
}

func differing(d *diff.Difference) int {
	if len(d.Left) == 0 {
		return 1
	}
	return 0
}

func these(n int) string {
	if n == 1 {
		return "this event"
	}
	return "these " + counted(n, "event")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return humanize.Comma(int64(n)) + " times"
}

// moment is a time of a recording.
func moment(ns int64) string { return string(event.AppendSeconds(nil, ns)) }

// lost says what is known of a loss.
func (p *printer) lost(side int, l *diff.Loss) string {
	n := "an unknown number of events"
	if l.Count >= 0 {
		n = counted(l.Count, "event")
	}
	text := fmt.Sprintf("record %d: %s (%s) between %s and %s", l.Seq, n, p.shown(side, l.Cause), moment(l.Since), moment(l.Time))
	if l.Path != "" {
		text += ", in " + p.shown(side, string(l.Path)) + " only"
	}
	return text
}

// fallen says of an unknown difference what it can have fallen into.
func fallen(d *diff.Difference) string {
	var in []string
	for side, seq := range []uint64{d.LeftLoss, d.RightLoss} {
		if seq > 0 {
			in = append(in, fmt.Sprintf("record %d of the %s one", seq, sides[side]))
		}
	}
	if len(in) == 0 {
		return ""
	}
	return "; it can have fallen into the loss that " + strings.Join(in, " or ") + " tells of"
}

// origin says where and how a recording was made.
func (p *printer) origin(side int) string {
	h := &p.c.Headers[side]
	s := h.Backend + " on " + string(h.Platform)
	if s[0] == ' ' {
		s = "unknown way of watching" + s
	}
	if h.Kernel != "" {
		s += " " + h.Kernel
	}
	if h.Wine != "" {
		s += ", Wine " + h.Wine
	}
	if h.FileSystem != "" {
		s += ", " + h.FileSystem
	}
	if h.Citation != nil {
		s += "; made from a citation, not recorded"
	}
	return p.shown(side, s)
}

// asked is what was asked for.
func (p *printer) asked(side int) string {
	s := "not known"
	if m := p.c.Headers[side].Mask; m != 0 {
		s = m.String()
	}
	if f := p.info(side).Filter; f != "" {
		s += "; filter " + f
	}
	return strings.ReplaceAll(s, "|", ", ")
}
