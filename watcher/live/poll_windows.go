package live

import (
	"errors"
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"fsrec/watcher/event"
)

// What a look fails with, and a request of what it cannot have.
const (
	pollNoEntry = windows.ERROR_FILE_NOT_FOUND
	pollNoDir   = windows.ERROR_DIRECTORY
	pollExists  = windows.ERROR_ALREADY_EXISTS
	pollInvalid = windows.ERROR_INVALID_PARAMETER
)

// pollGone reports whether err says that there is no such directory any more.
func pollGone(err error) bool {
	return isAny(err, windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND, windows.ERROR_DIRECTORY, windows.ERROR_DELETE_PENDING)
}

// pollNumber is the number of err.
func pollNumber(err error) int64 { return errno(err) }

func pollSystem() (kernel, wine string) {
	h := newHeader(time.Time{}, &Options{})
	return h.Kernel, h.Wine
}

// pollRead lists the directory path: self is called once with what it is,
// without a name, then visit for each name in it. Both take an entry that is
// used again. All comes from the directory, without a look at each file: the size and times of
// a file that a program has open may be older than the file.
func pollRead(path string, follow bool, self, visit func(e *pollEntry)) error {
	h, err := pollOpen(path, follow, windows.FILE_LIST_DIRECTORY|windows.FILE_READ_ATTRIBUTES)
	if err != nil {
		return err
	}
	defer func() { _ = windows.CloseHandle(h) }() // only read from
	e, err := pollHandle(h)
	switch {
	case err != nil:
		return err
	case !e.isDir():
		return pollNoDir
	}
	self(&e)
	volume := e.id.volume
	buf := make([]uint64, 8<<10)
	class, next, names := uint32(windows.FileIdBothDirectoryRestartInfo), uint32(windows.FileIdBothDirectoryInfo), nameOffset
	for {
		err := windows.GetFileInformationByHandleEx(h, class, (*byte)(unsafe.Pointer(&buf[0])), uint32(len(buf)*8))
		switch {
		case refusesForm(err) && class == windows.FileIdBothDirectoryRestartInfo: // there are no ids
			class, next, names = windows.FileFullDirectoryRestartInfo, windows.FileFullDirectoryInfo, fullNameOffset
			continue
		case isAny(err, windows.ERROR_NO_MORE_FILES, windows.ERROR_FILE_NOT_FOUND):
			return nil
		case err != nil:
			return err
		}
		class = next
		for at := unsafe.Pointer(&buf[0]); ; {
			info := (*idBothDirInfo)(at)
			name := windows.UTF16ToString(unsafe.Slice((*uint16)(unsafe.Add(at, names)), info.nameLength/2))
			if name != "." && name != ".." {
				e = pollInformation(info)
				if names == nameOffset {
					e.identify(volume, uint64(info.id))
				}
				e.name = name
				visit(&e)
			}
			if info.next == 0 {
				break
			}
			at = unsafe.Add(at, info.next)
		}
	}
}

func pollInformation(info *idBothDirInfo) pollEntry {
	e := pollEntry{
		size:  info.end,
		mtime: pollTime(uint32(info.write>>32), uint32(info.write)),
		ctime: pollTime(uint32(info.change>>32), uint32(info.change)),
	}
	e.setMode(info.attributes, info.tag)
	return e
}

// pollStat looks at what path leads to. The name is left empty.
func pollStat(path string, follow bool) (pollEntry, error) {
	h, err := pollOpen(path, follow, windows.FILE_READ_ATTRIBUTES)
	if err != nil {
		return pollEntry{}, err
	}
	defer func() { _ = windows.CloseHandle(h) }() // only read from
	return pollHandle(h)
}

func pollOpen(path string, follow bool, access uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(systemPath(path))
	if err != nil {
		return 0, err
	}
	flags := uint32(windows.FILE_FLAG_BACKUP_SEMANTICS)
	if !follow {
		flags |= windows.FILE_FLAG_OPEN_REPARSE_POINT
	}
	h, err := windows.CreateFile(name, access, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, flags, 0)
	if errors.Is(err, windows.ERROR_PATH_NOT_FOUND) {
		err = windows.ERROR_FILE_NOT_FOUND // which of the elements is missing does not matter
	}
	return h, err
}

func pollHandle(h windows.Handle) (e pollEntry, err error) {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return e, err
	}
	var tag struct{ attributes, tag uint32 }
	if info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 {
		_ = windows.GetFileInformationByHandleEx(h, windows.FileAttributeTagInfo, (*byte)(unsafe.Pointer(&tag)), uint32(unsafe.Sizeof(tag)))
	}
	e.identify(uint64(volumeOf(&info)), uint64(info.FileIndexHigh)<<32|uint64(info.FileIndexLow))
	e.mtime = pollTime(info.LastWriteTime.HighDateTime, info.LastWriteTime.LowDateTime)
	e.setMode(event.Attributes(info.FileAttributes), tag.tag)
	if !e.isDir() {
		e.size = int64(info.FileSizeHigh)<<32 | int64(info.FileSizeLow)
	}
	return e, nil
}

// identify sets the number of a file. That of NTFS has a count in its upper 16 bits, never
// 0, which makes it another one when it is given out again. The time of creation says
// nothing: programs can set it. 0 and -1 are no numbers ([MS-FSCC] 2.1.9).
func (e *pollEntry) identify(volume, file uint64) {
	if file == 0 || file == math.MaxUint64 {
		return
	}
	e.id = pollID{volume, file}
	if file>>48 != 0 {
		e.born = 1
	}
}

// setMode makes a st_mode of the attributes that IN_ATTRIB is about: of these,
// FILE_ATTRIBUTE_READONLY is the only one that has a place in it.
func (e *pollEntry) setMode(attributes event.Attributes, tag uint32) {
	e.mode = modeOf(attributes, tag) | 0o555
	if attributes&windows.FILE_ATTRIBUTE_READONLY == 0 {
		e.mode |= 0o222
	}
	e.owner = uint32(attributes & (windows.FILE_ATTRIBUTE_HIDDEN | windows.FILE_ATTRIBUTE_SYSTEM))
}

func pollTime(high, low uint32) int64 {
	t := windows.Filetime{HighDateTime: high, LowDateTime: low}
	return t.Nanoseconds()
}
