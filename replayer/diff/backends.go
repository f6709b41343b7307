package diff

import (
	"fsrec/watcher/event"
)

// tells is what a recording can hold.
type tells struct {
	mask event.Mask
	tree bool // one watch stands for a whole tree
}

// backend is what a way of watching can tell of at all.
type backend struct {
	never event.Mask // events of inotify that it has nothing like
	tree  bool       // one watch stands for a whole tree
}

const reading = event.IN_OPEN | event.IN_ACCESS | event.IN_CLOSE

var backends = map[string]backend{
	"rdcw": {never: reading | event.IN_MOVE_SELF, tree: true},
	"poll": {never: reading},
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
	return tells{mask: asked(mask)&^b.never | event.AlwaysDelivered, tree: b.tree}
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
