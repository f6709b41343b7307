package tell

import (
	"fmt"

	"github.com/dustin/go-humanize"

	"fsrec/watcher/event"
)

// placed are watches that were placed one after another on a directory and others below it.
type placed struct {
	line  Line // of the first; its Records count them all
	first event.Record
	dir   string // of the first, as it is shown
}

// collect takes a watch that is told of with others, and tells of the others before if it is none of theirs.
func (t *Teller) collect(to *[]Line, r *event.Record) bool {
	if t.all || r.Kind != event.KindWatch || r.Flags&event.FlagDir == 0 || t.table.Watch(r.WD) != nil {
		return false
	}
	p := &t.placed
	if _, below := t.header.Platform.Below(p.first.Path, r.Path); !below || p.line.Records == 0 || r.Mask != p.first.Mask || (r.M != 0) != (p.first.M != 0) {
		*to = p.tell(*to)
		p.line, p.first, p.dir = t.line(r, t.watch(r)), *r, t.shown(r.Path)
		p.line.Path = asText(r.Path)
	}
	p.line.Records++
	return true
}

// tell appends what is to be said of them, if there are any.
func (p *placed) tell(to []Line) []Line {
	l := p.line
	p.line = Line{}
	switch others := l.Records - 1; {
	case others < 0:
		return to
	case others == 0:
		l.Records = 0
	default:
		directories := "directories"
		if others == 1 {
			directories = "directory"
		}
		l.Text = fmt.Sprintf("%s watches were placed, on the directory %s and %s %s below it: %s", humanize.Comma(int64(l.Records)), p.dir, humanize.Comma(int64(others)), directories, kinds(p.first.Mask))
		if p.first.M != 0 {
			l.Text += "; they are new in a watched one"
		}
	}
	return append(to, l)
}
