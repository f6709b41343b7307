//go:build unix && !aix

package live

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// What a look fails with, and a request of what it cannot have.
const (
	pollNoEntry  = unix.ENOENT
	pollNoDir    = unix.ENOTDIR
	pollExists   = unix.EEXIST
	pollInvalid  = unix.EINVAL
	pollNameSize = 512 // names that are asked for at a time
)

// pollGone reports whether err says that there is no such directory any more.
func pollGone(err error) bool {
	return err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ELOOP
}

// pollNumber is the errno of err.
func pollNumber(err error) int64 {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		errno = unix.EINVAL
	}
	return int64(errno)
}

func pollSystem() (kernel, wine string) {
	var uts unix.Utsname
	if unix.Uname(&uts) != nil {
		return "", ""
	}
	return unix.ByteSliceToString(uts.Release[:]), ""
}

// pollRead lists the directory path: self is called once with what it is,
// without a name, then visit for each name in it. Both take an entry that is
// used again. The names are looked up in the directory that was opened, wherever it is by then.
func pollRead(path string, follow bool, self, visit func(e *pollEntry)) error {
	flags := unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	var fd int
	err := pollRetry(func() (err error) {
		fd, err = unix.Open(path, flags, 0)
		return err
	})
	if err != nil {
		return err
	}
	dir := os.NewFile(uintptr(fd), path)
	defer func() { _ = dir.Close() }() // only read from
	var e pollEntry
	if err := pollRetry(func() error { return pollStatFD(fd, &e) }); err != nil {
		return err
	}
	self(&e)
	for {
		names, err := dir.Readdirnames(pollNameSize)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return pollErrno(err)
		}
		for _, name := range names {
			e.name = name
			err := pollRetry(func() error { return pollStatAt(fd, name, unix.AT_SYMLINK_NOFOLLOW, &e) })
			switch {
			case err == nil:
				visit(&e)
			case err != unix.ENOENT:
				return err
			}
		}
	}
}

// pollStat looks at what path leads to. The name is left empty.
func pollStat(path string, follow bool) (e pollEntry, err error) {
	flags := 0
	if !follow {
		flags = unix.AT_SYMLINK_NOFOLLOW
	}
	err = pollRetry(func() error { return pollStatAt(unix.AT_FDCWD, path, flags, &e) })
	return e, err
}

func pollRetry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// pollErrno is the number that err, of package os, wraps.
func pollErrno(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}
