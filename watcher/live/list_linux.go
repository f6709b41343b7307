package live

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// dirent is one name of a listing.
type dirent struct {
	name  string
	mode  uint32 // st_mode; without a stat only the type of the file
	size  int64
	mtime int64 // nanoseconds since 1970
}

func (d *dirent) isDir() bool { return d.mode&unix.S_IFMT == unix.S_IFDIR }

// listing reads directories, with a buffer that it keeps.
type listing struct {
	buf   []byte
	names []dirent
	calls int // of getdents that the last directory took
}

// The layout of struct linux_dirent64: see getdents(2).
const (
	direntLength = 16
	direntType   = 18
	direntName   = 19
)

// read lists the directory path. Where stat is false, only the type of each
// name is known. The result is valid until the next call.
func (l *listing) read(path string, follow, stat bool) ([]dirent, error) {
	if l.buf == nil {
		l.buf = make([]byte, 64<<10)
	}
	l.names, l.calls = l.names[:0], 0
	flags := unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC | unix.O_NONBLOCK
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := ignoringEINTR(func() (int, error) { return unix.Open(path, flags, 0) })
	if err != nil {
		return nil, err
	}
	for {
		size, err := ignoringEINTR(func() (int, error) { return unix.ReadDirent(fd, l.buf) })
		if err != nil || size <= 0 {
			_ = unix.Close(fd) // only read from
			return l.names, err
		}
		l.calls++
		l.parse(fd, l.buf[:size], stat)
	}
}

func (l *listing) parse(fd int, buf []byte, stat bool) {
	text := string(buf)
	for at := 0; at+direntName < len(buf); {
		length := int(binary.NativeEndian.Uint16(buf[at+direntLength:]))
		end := at + direntName
		for end < at+length && buf[end] != 0 {
			end++
		}
		d := dirent{name: text[at+direntName : end], mode: uint32(buf[at+direntType]) << 12} // DT_DIR<<12 == S_IFDIR, and so on
		at += length
		if d.name == "." || d.name == ".." {
			continue
		}
		if stat || d.mode == unix.DT_UNKNOWN<<12 {
			var s unix.Stat_t
			if unix.Fstatat(fd, d.name, &s, unix.AT_SYMLINK_NOFOLLOW) == nil {
				d.mode, d.size, d.mtime = s.Mode, s.Size, s.Mtim.Nano()
			}
		}
		l.names = append(l.names, d)
	}
}

func ignoringEINTR(call func() (int, error)) (int, error) {
	for {
		v, err := call()
		if err != unix.EINTR {
			return v, err
		}
	}
}
