// Package live is the operating system as an event.Backend.
//
// [New] gives the kernel's own watcher: inotify on Linux; elsewhere it fails
// with an error that wraps event.ErrUnsupported.
//
// Everything that touches the file system while events are being delivered
// happens here: walking a tree, watching directories that appear, listing what
// they already hold, following renames. What comes of it is told by records, so
// that a recording can be replayed without a file system.
//
// # How a directory is watched completely
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

const (
	defaultBuffer = 256 << 10
	minBuffer     = 4096
	defaultPause  = 2 * time.Millisecond

	// pauseAbove is the size of a read, in bytes, after which the next one
	// waits: some 16 events, which no person causes at once.
	pauseAbove = 512
)

// Options change how events are read. The zero value is the default.
type Options struct {
	// Buffer is the size of one read in bytes: 256 KiB if 0, on Windows
	// 64 KiB; otherwise at least 4096.
	Buffer int
	// Pause is how long after a read of 512 bytes or more the next one waits, so
	// that a storm of events does not cost a wake-up each: 2 ms if 0, never if
	// negative. It does not wait after a read that tells of a new directory.
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
