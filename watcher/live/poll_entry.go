package live

import (
	"time"

	"fsrec/watcher/event"
)

// The types of a file in a st_mode, the same on every Unix.
const (
	pollTypes = 0o170000
	pollDir   = 0o040000
)

// pollID tells an object from every other one that is there. The zero value
// is that of an object whose file system or operating system gives none.
type pollID struct{ volume, file uint64 }

func (i pollID) known() bool { return i != pollID{} }

// pollEntry is what a look finds under a name. A tree has as many as it has names.
type pollEntry struct {
	name       string
	id         pollID
	born       int64 // when the object was made; 0 if that is not known
	size       int64
	mtime      int64 // nanoseconds since 1970
	ctime      int64
	mode       uint32 // st_mode
	links      uint32
	owner      uint32
	ownerGroup uint32
}

func (e *pollEntry) isDir() bool { return e.mode&pollTypes == pollDir }

// isDirBit is what qualifies an event about e.
func (e *pollEntry) isDirBit() event.Mask {
	if e.isDir() {
		return event.IN_ISDIR
	}
	return 0
}

// is reports whether e and now can be one object: a number is given out again
// when its object is gone, but the new object is born later. (Some systems set
// the time of birth back with the time of the last change, but never forward.)
func (e *pollEntry) is(now *pollEntry) bool {
	return e.id == now.id && e.mode&pollTypes == now.mode&pollTypes && (e.born == 0 || now.born <= e.born)
}

// pollRacy is how coarse the clock of a file system may be.
const pollRacy = int64(2 * time.Second)

// isStill reports whether the name of e stands for the same object as it did at
// the look that began at before.
func (e *pollEntry) isStill(now *pollEntry, before int64) bool {
	switch {
	case !e.id.known() || !now.id.known():
		return e.mode&pollTypes == now.mode&pollTypes
	case e.id == now.id:
		return e.is(now)
	}
	// File systems such as FAT or those of FUSE may number an object anew. Another
	// object would have been changed, at least by its renaming, since that look.
	renumbered := *now
	renumbered.id, renumbered.name = e.id, e.name
	return renumbered == *e && e.ctime < before-pollRacy
}

// isNow reports whether now, under another name, is the object that e was. Where
// the time of birth is not known, a file must be as it was; of a directory the
// comparison of what is in it tells the rest.
func (e *pollEntry) isNow(now *pollEntry) bool {
	if !e.id.known() || !e.is(now) {
		return false
	}
	return e.born != 0 && now.born != 0 || e.isDir() || e.size == now.size && e.mtime == now.mtime
}

// since gives what happened to one object, IN_MODIFY, IN_ATTRIB, both or
// neither. A rename sets ctime too.
func (e *pollEntry) since(now *pollEntry, renamed bool) (m event.Mask) {
	attributes := e.mode != now.mode || e.owner != now.owner || e.ownerGroup != now.ownerGroup
	if !e.isDir() {
		attributes = attributes || e.links != now.links
		if e.size != now.size || e.mtime != now.mtime {
			m |= event.IN_MODIFY
		} else if e.ctime != now.ctime && !renamed {
			attributes = true
		}
	}
	if attributes {
		m |= event.IN_ATTRIB
	}
	return m
}
