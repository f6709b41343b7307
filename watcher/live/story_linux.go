package live

import (
	"strings"

	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

// first is the first thing that happened to a name after the watch of its directory was placed.
type first struct {
	removed bool
	dir     bool
}

// scan adds to the story of each watched landing and to the upset names what
// the chunks say.
func scan(chunks []chunk, watched map[int32]*landing, upset map[todoKey]bool) {
	for i := range chunks {
		text := chunks[i].text
		var r event.Record
		for at := 0; at < len(text); {
			size, err := decode.InotifyEvent(text, at, &r)
			if err != nil {
				return
			}
			at += size
			dir := r.Mask&event.IN_ISDIR != 0
			if r.Mask&event.IN_MOVE_SELF != 0 {
				upset[todoKey{wd: r.WD}] = true
			}
			if r.Mask&needsCare == 0 {
				continue
			}
			if dir && r.Mask&event.IN_CREATE == 0 {
				upset[todoKey{r.WD, r.Name}] = true
			}
			if l := watched[r.WD]; l != nil {
				if _, told := l.story[r.Name]; !told {
					set(&l.story, r.Name, first{removed: r.Mask&(event.IN_DELETE|event.IN_MOVED_FROM) != 0, dir: dir})
				}
			}
		}
	}
}

// scanRenames gives the renames of directories that the chunks tell of, from a place in the
// stream on. The kernel queues MOVED_FROM, MOVED_TO and MOVE_SELF of one in this order.
func scanRenames(chunks []chunk, from int64) *renames {
	all := &renames{of: make(map[todoKey][]todoKey), out: make(map[int32][]todoKey)}
	left := make(map[uint32]todoKey)
	var came todoKey // the latest name that came from where nothing is watched
	var r event.Record
	for i := range chunks {
		text := chunks[i].text
		for at := 0; at < len(text); {
			place := chunks[i].at + int64(at)
			size, err := decode.InotifyEvent(text, at, &r)
			if err != nil {
				return all
			}
			at += size
			key := todoKey{r.WD, r.Name}
			switch {
			case place < from:
			case r.Mask&event.IN_MOVE_SELF != 0 && came.wd != 0:
				all.out[r.WD] = append(all.out[r.WD], came)
				came = todoKey{}
			case r.Mask&event.IN_ISDIR == 0:
			case r.Mask&event.IN_MOVED_FROM != 0:
				left[r.Cookie] = key
			case r.Mask&event.IN_MOVED_TO != 0:
				if was, known := left[r.Cookie]; known {
					all.of[was] = append(all.of[was], key)
				} else {
					came = key
				}
			}
		}
	}
	return all
}

// dubious reports whether the attempt may have met another object than was
// meant, and has to be repeated after what was read ahead has been processed.
func (n *Inotify) dubious(l *landing, upset map[todoKey]bool) bool {
	if l.twice {
		return true
	}
	if l.add != nil && l.add.hurry {
		return false
	}
	if l.parent == 0 && l.err != nil {
		return false
	}
	if n.crossed(upset, l.path) || n.departsFrom(l.path) {
		return true
	}
	if l.parent != 0 && upset[todoKey{l.parent, l.name}] {
		return true
	}
	if l.existed {
		w := n.table.Watch(l.wd)
		_, leaving := n.departing.byWD[l.wd]
		if w.Path() != l.path && (leaving || n.causes[l.wd] != "" || n.crossed(upset, w.Path())) {
			return true
		}
		if n.causes[l.wd] != "" {
			return true
		}
	}
	if l.parent == 0 || l.err == nil && l.add != nil && !l.existed {
		return false
	}
	// A rename of a directory on the way may be done and not yet queued.
	up := n.table.Watch(l.parent)
	return up != nil && n.identify(up.Path(), 0) != l.parent
}

// crossed reports whether what was read ahead holds a rename or removal of path
// or of a directory above it, so that path may not lead where it did.
func (n *Inotify) crossed(upset map[todoKey]bool, path string) bool {
	for len(upset) > 0 {
		if w := n.table.At(path); w != nil && upset[todoKey{wd: w.WD}] {
			return true
		}
		i := strings.LastIndexByte(path, '/')
		if i < 0 || path == "/" {
			return false
		}
		parent := event.Linux.Parent(path)
		if w := n.table.At(parent); w != nil && upset[todoKey{w.WD, path[i+1:]}] {
			return true
		}
		path = parent
	}
	return false
}
