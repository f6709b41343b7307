package live

import (
	"bytes"
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

// what tells how much of a listing is wanted.
type what int

const (
	dirsOnly  what = iota // names of directories
	everyName             // all names, with their types
	everyStat             // all names, with all fields of dirent
)

// listing reads directories, with buffers that it keeps.
type listing struct {
	buf    []byte
	names  []dirent // since the last reset
	opened bool     // the last directory was
	calls  int      // of getdents that it took, as far as the kernel tells of them
}

// reset forgets the names, so that their space can be used again.
func (l *listing) reset() {
	clear(l.names)
	l.names = l.names[:0]
}

// The layout of struct linux_dirent64: see getdents(2).
const (
	direntLength = 16
	direntType   = 18
	direntName   = 19
)

// read lists the directory path. The names are valid until the next reset.
func (l *listing) read(path string, follow bool, what what) ([]dirent, error) {
	if l.buf == nil {
		l.buf = make([]byte, 64<<10)
	}
	first := len(l.names)
	l.opened, l.calls = false, 0
	flags := unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC | unix.O_NONBLOCK
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := ignoringEINTR(func() (int, error) { return unix.Open(path, flags, 0) })
	if err != nil {
		return nil, err
	}
	l.opened = true
	for {
		size, err := ignoringEINTR(func() (int, error) { return unix.ReadDirent(fd, l.buf) })
		if err != unix.ENOENT { // of a removed directory, which is not told
			l.calls++
		}
		if err != nil || size <= 0 {
			_ = unix.Close(fd) // only read from
			return l.names[first:], err
		}
		l.parse(fd, l.buf[:size], what)
	}
}

func (l *listing) parse(fd int, buf []byte, what what) {
	for at := 0; at+direntName < len(buf); {
		length := int(binary.NativeEndian.Uint16(buf[at+direntLength:]))
		name := buf[at+direntName : at+length]
		mode := uint32(buf[at+direntType]) << 12 // DT_DIR<<12 == S_IFDIR, and so on
		at += length
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if string(name) == "." || string(name) == ".." || what == dirsOnly && mode != unix.S_IFDIR && mode != 0 {
			continue
		}
		d := dirent{name: string(name), mode: mode}
		if what == everyStat || mode == 0 {
			var s unix.Stat_t
			if unix.Fstatat(fd, d.name, &s, unix.AT_SYMLINK_NOFOLLOW) == nil {
				d.mode, d.size, d.mtime = s.Mode, s.Size, s.Mtim.Nano()
			}
		}
		if what != dirsOnly || d.isDir() {
			l.names = append(l.names, d)
		}
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
