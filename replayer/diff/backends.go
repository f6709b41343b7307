package diff

import (
	"fsrec/watcher/event"
)

// tells is what a recording can hold.
type tells struct {
	dirs  event.Mask // watches of directories
	files event.Mask
	tree  bool // one watch stands for a whole tree
}

// of is what a watch can tell of.
func (t *tells) of(dir bool) event.Mask {
	if dir {
		return t.dirs
	}
	return t.files
}

// backend is what a way of watching can tell of at all.
type backend struct {
	never func(m event.Mask, dir bool) event.Mask // events of m that it has nothing like; nil for none
	tree  bool                                    // one watch stands for a whole tree
}

var backends = map[string]backend{
	"rdcw": {never: event.Mask.Untold, tree: true},
	"poll": {never: func(m event.Mask, _ bool) event.Mask { return m & (event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE) }},
}

// tellsOf concludes from the header and from the first records, which hold the watches that
// were there at the start, what a recording can hold.
func tellsOf(h event.Header, first []event.Record) tells {
	b := backends[h.Backend]
	mask := h.Mask & event.IN_ALL_EVENTS
	if mask == 0 {
		for i := range first {
			if first[i].Kind == event.KindWatch {
				mask |= first[i].Mask & event.IN_ALL_EVENTS
			}
		}
	}
	mask = asked(mask)
	t := tells{mask, mask, b.tree}
	if b.never != nil {
		t.dirs &^= b.never(mask, true)
		t.files &^= b.never(mask, false)
	}
	t.dirs |= event.AlwaysDelivered
	t.files |= event.AlwaysDelivered
	return t
}

// asked is the events that a mask asks for; where it is not known, they are all.
func asked(m event.Mask) event.Mask {
	if m &= event.IN_ALL_EVENTS; m != 0 {
		return m
	}
	return event.IN_ALL_EVENTS
}

// filterOf is the union of the filters that Windows was given.
func filterOf(first []event.Record) event.Filter {
	var f event.Filter
	for i := range first {
		if first[i].Kind == event.KindWatch {
			f |= event.Filter(first[i].P)
		}
	}
	return f
}
