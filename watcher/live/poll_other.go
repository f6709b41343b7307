//go:build (!unix || aix) && !windows

package live

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// What a look fails with, and a request of what it cannot have.
var (
	pollNoEntry = syscall.ENOENT
	pollNoDir   = syscall.ENOTDIR
	pollExists  = syscall.EEXIST
	pollInvalid = syscall.EINVAL
)

// pollGone reports whether err says that there is no such directory any more.
func pollGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// pollNumber would be the errno of err, which not all of these systems have.
func pollNumber(error) int64 { return 0 }

func pollSystem() (kernel, wine string) { return "", "" }

// pollRead lists the directory path: self is called once with what it is,
// without a name, then visit for each name in it. What package os tells of a
// file here does not say which one it is, so that a rename is a removal and a creation.
func pollRead(path string, follow bool, self, visit func(e *pollEntry)) error {
	e, err := pollStat(path, follow)
	if err != nil {
		return err
	}
	if !e.isDir() {
		return pollNoDir
	}
	self(&e)
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, d := range entries {
		info, err := d.Info()
		if err != nil {
			continue // it has gone since
		}
		e := pollInfo(info)
		e.name = d.Name()
		visit(&e)
	}
	return nil
}

// pollStat looks at what path leads to. The name is left empty.
func pollStat(path string, follow bool) (pollEntry, error) {
	look := os.Lstat
	if follow {
		look = os.Stat
	}
	info, err := look(path)
	if err != nil {
		return pollEntry{}, err
	}
	return pollInfo(info), nil
}

func pollInfo(info fs.FileInfo) pollEntry {
	mode := uint32(info.Mode().Perm())
	switch {
	case info.IsDir():
		mode |= pollDir
	case info.Mode()&fs.ModeSymlink != 0:
		mode |= 0o120000
	default:
		mode |= 0o100000
	}
	e := pollEntry{mode: mode, mtime: info.ModTime().UnixNano()}
	if !info.IsDir() {
		e.size = info.Size()
	}
	return e
}
