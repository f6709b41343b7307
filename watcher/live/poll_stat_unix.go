//go:build unix && !aix && !linux

package live

import "golang.org/x/sys/unix"

func pollStatFD(fd int, e *pollEntry) error {
	var s unix.Stat_t
	err := unix.Fstat(fd, &s)
	e.set(&s)
	return err
}

func pollStatAt(fd int, name string, flags int, e *pollEntry) error {
	var s unix.Stat_t
	err := unix.Fstatat(fd, name, &s, flags)
	e.set(&s)
	return err
}

func (e *pollEntry) set(s *unix.Stat_t) {
	e.id = pollID{volume: uint64(s.Dev), file: uint64(s.Ino)}
	e.born = pollBorn(s)
	e.size, e.mtime, e.ctime = s.Size, s.Mtim.Nano(), s.Ctim.Nano()
	e.mode, e.links, e.owner, e.ownerGroup = uint32(s.Mode), uint32(s.Nlink), s.Uid, s.Gid
}
