package live

import (
	"unsafe"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

// The types of a file in a Linux st_mode.
const (
	modeDir  = 0o040000
	modeFile = 0o100000
	modeLink = 0o120000
)

// dirent is one name of a listing.
type dirent struct {
	name  string // from the directory that is listed, through those in it
	mode  uint32
	size  int64
	mtime int64 // nanoseconds since 1970
}

func (e *dirent) isDir() bool { return e.mode == modeDir }

// idBothDirInfo is FILE_ID_BOTH_DIR_INFO of winbase.h, without the name at its end.
type idBothDirInfo struct {
	next, index                                 uint32
	creation, access, write, change, end, alloc int64
	attributes                                  event.Attributes
	nameLength                                  uint32
	tag                                         uint32 // EaSize, of a reparse point its tag
	shortLength                                 uint8
	short                                       [12]uint16
	id                                          int64
	name                                        [1]uint16
}

const nameOffset = unsafe.Offsetof(idBothDirInfo{}.name)

// fullDirInfo is FILE_FULL_DIR_INFO of winbase.h, without the name at its end. Every
// file system knows this form; that with ids is refused by some servers and by drives of
// remote desktops (golang/go issue 62044).
type fullDirInfo struct {
	next, index                                 uint32
	creation, access, write, change, end, alloc int64
	attributes                                  event.Attributes
	nameLength                                  uint32
	tag                                         uint32 // EaSize, of a reparse point its tag
}

const fullNameOffset = unsafe.Offsetof(fullDirInfo{}.tag) + 4

// lister reads directories, with a buffer that it keeps.
type lister struct{ buf []uint64 }

// read calls visit for each name in the directory name below that of handle.
func (l *lister) read(handle windows.Handle, name string, visit func(e *dirent)) error {
	h, err := openToList(handle, name)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(h) }() // only read from
	if l.buf == nil {
		l.buf = make([]uint64, 8<<10)
	}
	class := uint32(windows.FileFullDirectoryRestartInfo)
	for {
		err := windows.GetFileInformationByHandleEx(h, class, (*byte)(unsafe.Pointer(&l.buf[0])), uint32(len(l.buf)*8))
		switch {
		case isAny(err, windows.ERROR_NO_MORE_FILES, windows.ERROR_FILE_NOT_FOUND):
			return nil
		case err != nil:
			return err
		}
		class = windows.FileFullDirectoryInfo
		l.parse(name, visit)
	}
}

func (l *lister) parse(dir string, visit func(e *dirent)) {
	for at := unsafe.Pointer(&l.buf[0]); ; {
		info := (*fullDirInfo)(at)
		name := windows.UTF16ToString(unsafe.Slice((*uint16)(unsafe.Add(at, fullNameOffset)), info.nameLength/2))
		if name != "." && name != ".." {
			e := dirent{name: event.Windows.Join(dir, name), mode: modeOf(info.attributes, info.tag), size: info.end}
			written := windows.Filetime{LowDateTime: uint32(info.write), HighDateTime: uint32(info.write >> 32)}
			e.mtime = written.Nanoseconds()
			visit(&e)
		}
		if info.next == 0 {
			return
		}
		at = unsafe.Add(at, info.next)
	}
}

func modeOf(attributes event.Attributes, tag uint32) uint32 {
	switch {
	case isLink(attributes, tag):
		return modeLink
	case attributes&event.FILE_ATTRIBUTE_DIRECTORY != 0:
		return modeDir
	}
	return modeFile
}

// tree lists the directory start, and with deep those below it for which enter
// reports true, each directory before what is in it. Fail is told of what cannot be listed;
// a directory that is gone by then is none of that. Tree ends early when stop reports true.
func (l *lister) tree(handle windows.Handle, start string, deep bool, enter func(e *dirent) bool, fail func(name string, err error), stop func() bool) {
	dirs := []string{start}
	for len(dirs) > 0 && !stop() {
		dir := dirs[len(dirs)-1]
		dirs = dirs[:len(dirs)-1]
		err := l.read(handle, dir, func(e *dirent) {
			if enter(e) && deep && e.isDir() {
				dirs = append(dirs, e.name)
			}
		})
		if err != nil && !saysGone(err) && !isAny(err, windows.ERROR_DIRECTORY) {
			fail(dir, err)
		}
	}
}
