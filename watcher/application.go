package watcher

import "fsrec/watcher/event"

// applicationNames are the names of ApplicationEvent.
var applicationNames = map[event.Mask]string{
	event.IN_OPEN:                        "FS_FILE_OPEN",
	event.IN_CLOSE_NOWRITE:               "FS_FILE_CLOSE_NOWRITE",
	event.IN_CLOSE_WRITE:                 "FS_FILE_CLOSE_WRITE",
	event.IN_CREATE:                      "FS_FILE_CREATE",
	event.IN_CREATE | event.IN_ISDIR:     "FS_DIR_CREATE",
	event.IN_DELETE:                      "FS_FILE_DELETE",
	event.IN_DELETE | event.IN_ISDIR:     "FS_DIR_DELETE",
	event.IN_MOVED_FROM:                  "FS_FILE_DELETE",
	event.IN_MOVED_FROM | event.IN_ISDIR: "FS_DIR_DELETE",
	event.IN_MOVED_TO:                    "FS_FILE_CREATE",
	event.IN_MOVED_TO | event.IN_ISDIR:   "FS_DIR_CREATE",
}

// ApplicationEvent is a view of events for a program that only wants to know
// which names there are: what an event means to it, by the names that
// applications over pyinotify use. Ok is false for an event that says nothing of that.
//
//	FS_FILE_CREATE         IN_CREATE, IN_MOVED_TO
//	FS_FILE_DELETE         IN_DELETE, IN_MOVED_FROM
//	FS_DIR_CREATE          the same of a directory
//	FS_DIR_DELETE          the same of a directory
//	FS_FILE_OPEN           IN_OPEN of a file
//	FS_FILE_CLOSE_WRITE    IN_CLOSE_WRITE
//	FS_FILE_CLOSE_NOWRITE  IN_CLOSE_NOWRITE of a file
//
// The view is lossy. A rename is a deletion and a creation of which nothing
// tells that they belong together; changes of contents and attributes, directories that
// are opened and closed, what happens to the watched object itself, lost events and
// the end of a watch have no name; what is not known to be a directory
// ([Event].DirUnknown) is called a file. Windows has no FS_FILE_OPEN and no FS_FILE_CLOSE.
func ApplicationEvent(ev *Event) (name string, ok bool) {
	name, ok = applicationNames[ev.Mask]
	return name, ok
}
