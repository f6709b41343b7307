// Package live is the operating system as an event.Backend.
//
// [New] gives the kernel's own watcher: inotify on Linux, ReadDirectoryChangesW on
// Windows; on other systems, which have none here, polling. [NewPoll] gives
// polling on every system, for file systems that tell of nothing.
//
// Everything that touches the file system while events are being delivered
// happens here: walking a tree, watching directories that appear, listing what
// they already hold, following renames. What comes of it is told by records, so
// that a recording can be replayed without a file system.
//
// # How a directory is watched completely on Linux
//
// A directory can change between the moment its watch is placed and the moment
// it has been listed. Therefore the kernel's queue is read once more after the
// listing. What it then holds about the directory is the story since the watch:
// a listed name whose story begins with its creation was not there when the
// watch was placed, and a name that is not listed but whose story begins with
// its removal was. The contents at the moment of the watch are therefore known
// exactly: they become synthetic records, and everything else is told by the
// kernel. This relies on the kernel's holding the directory's lock both while
// it changes the directory and queues the event (vfs_create, vfs_rename, ... in
// fs/namei.c) and while getdents reads it.
//
// A path is only a name, and may lead to another directory by the time it is
// watched. New directories are therefore watched when all that was read from
// the queue has been processed, under the path that the watch table then has.
// If the queue then turns out to hold a rename or removal on the way to it, the
// watch is taken back and placed again after that event has been processed.
//
// # Windows
//
// What the system delivers is recorded as it is, as KindChange records with names from the
// watched directory on; what it means on inotify's terms is concluded on
// reading. One handle serves one watch for its life, and one watch a whole tree,
// under one wd, since the system itself watches what is below. Add returns
// when the first read is armed, and each read is armed again before anybody
// looks at what the last one brought: what happens in between waits in the system's
// buffer of Options.Buffer bytes. When that is too small, a KindLoss record with
// cause "buffer" says so and watching goes on.
//
// The system knows a tree or a directory alone. Recursive without AutoAdd, and AutoAdd
// without Recursive, are made of the whole tree by leaving out: in the first form what
// happens in directories that were not there when Add was called, followed through
// renames within their directory; in the second what happens below the directories that were.
//
// A file is watched through its directory: what is told is what has its name, and
// follows it through renames there. A removal ends the watch unless the rest of a rename that
// changes only case follows it. Moved to another directory, a file counts as removed.
//
// Where ReadDirectoryChangesExW is there (from Windows 10, version 1709, on, on most file
// systems), attributes, size and ids come with each change. Elsewhere attributes are
// looked up when a change is met, if its subject is still there, and the directories of a tree
// are listed, so that it can be told what a name was that is gone.
//
// Exclude is asked about directories as they are met. What is below one that it
// leaves out is not told, nor that its contents changed; that it was made, renamed or removed is.
//
// The deletion of a watched directory fails its read, or in the POSIX form, which is how current
// Windows deletes, tells nobody. So it is looked for whenever something was removed in
// it, at every barrier, and every two seconds. On Wine, a deletion by a program of Windows is
// not carried out while the directory is watched, and cannot be seen.
//
// A path is taken as every program of Windows takes it, made absolute and cleaned, and recorded
// in the caller's letters, the latest ones where it is watched already. The prefix \\?\, with which no path is too long and dots and
// blanks at the end of a name count, is for system calls alone; a caller's own is taken off.
package live

import (
	"time"

	"fsrec/watcher/event"
)

// Backend is an event.Backend that can say when everything has been told.
type Backend interface {
	event.Backend
	// Barrier makes a KindBarrier record with N = id come through Read after
	// the records of everything that happened before the call.
	Barrier() (id int64, err error)
}

// New gives the watcher of this system's kernel. Close gives it up.
func New(opts Options) (Backend, error) { return newBackend(opts) }

// Options change how events are read. The zero value is the default.
type Options struct {
	// Buffer is the size of one read in bytes: 256 KiB if 0, on Windows
	// 64 KiB; otherwise at least 4096.
	Buffer int
	// Pause is how long after a read of 512 bytes or more the next one waits, so
	// that a storm of events does not cost a wake-up each: 2 ms if 0, never if
	// negative. It does not wait after a read that tells of a new directory, nor on Windows.
	Pause time.Duration
	// Interval is how long [Poll] waits after one look before the next: 1 s if
	// 0, otherwise at least 1 ms.
	Interval time.Duration
	// Queue is how many changes wait for Read at most where the kernel does not
	// keep them until then, which is on Windows: 131072 if 0. Those beyond are
	// counted by a KindLoss record.
	Queue int
	// Ignore are absolute paths about which no event is emitted, such as that
	// of the log.
	Ignore []string
	// Drop, if not nil, is asked with the absolute path of the subject of every
	// event; true drops it. It must not call the backend.
	Drop func(path string) bool
}
