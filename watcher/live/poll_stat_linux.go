package live

import (
	"golang.org/x/sys/unix"
)

const pollStatx = unix.STATX_BASIC_STATS | unix.STATX_BTIME

func pollStatFD(fd int, e *pollEntry) error { return pollStatAt(fd, "", unix.AT_EMPTY_PATH, e) }

// pollStatAt uses statx(2), since only that tells when an object was made.
func pollStatAt(fd int, name string, flags int, e *pollEntry) error {
	var s unix.Statx_t
	if err := unix.Statx(fd, name, flags, pollStatx, &s); err != nil {
		return err
	}
	e.id = pollID{volume: unix.Mkdev(s.Dev_major, s.Dev_minor), file: s.Ino}
	e.born = 0
	if s.Mask&unix.STATX_BTIME != 0 {
		e.born = nanoseconds(s.Btime)
	}
	e.size, e.mtime, e.ctime = int64(s.Size), nanoseconds(s.Mtime), nanoseconds(s.Ctime)
	e.mode, e.links, e.owner, e.ownerGroup = uint32(s.Mode), s.Nlink, s.Uid, s.Gid
	return nil
}

func nanoseconds(t unix.StatxTimestamp) int64 { return t.Sec*1e9 + int64(t.Nsec) }
