package live

import (
	"math"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

// openAt opens or makes name below the directory of handle, whatever the
// directory is called by now; an empty name is the directory itself.
func openAt(handle windows.Handle, name string, access, disposition, options uint32) (windows.Handle, error) {
	units := append(decode.AppendUTF16(nil, name), 0, 0)
	if len(units) > 0xffff {
		return 0, windows.ERROR_FILENAME_EXCED_RANGE
	}
	object := windows.NTUnicodeString{
		Length: uint16(len(units) - 2), MaximumLength: uint16(len(units)),
		Buffer: (*uint16)(unsafe.Pointer(&units[0])),
	}
	attributes := windows.OBJECT_ATTRIBUTES{RootDirectory: handle, ObjectName: &object, Attributes: windows.OBJ_CASE_INSENSITIVE}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var h windows.Handle
	var status windows.IO_STATUS_BLOCK
	err := windows.NtCreateFile(&h, access|windows.SYNCHRONIZE, &attributes, &status, nil, windows.FILE_ATTRIBUTE_NORMAL,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, disposition, options, 0, 0)
	if s, ok := err.(windows.NTStatus); ok {
		return 0, errnoOf(s)
	}
	return h, err
}

// errnoOf is the error that stands for a status. Windows makes ERROR_ACCESS_DENIED of
// STATUS_DELETE_PENDING, which hides what it says.
func errnoOf(status windows.NTStatus) windows.Errno {
	if status == windows.STATUS_DELETE_PENDING {
		return windows.ERROR_DELETE_PENDING
	}
	return status.Errno()
}

// openToList opens a directory at or below that of handle. It does not follow a link.
func openToList(handle windows.Handle, name string) (windows.Handle, error) {
	return openAt(handle, name, windows.FILE_LIST_DIRECTORY, windows.FILE_OPEN,
		windows.FILE_DIRECTORY_FILE|windows.FILE_OPEN_FOR_BACKUP_INTENT|windows.FILE_OPEN_REPARSE_POINT|windows.FILE_SYNCHRONOUS_IO_NONALERT)
}

// reopen gives a second handle of the directory of handle, for asynchronous reads.
func reopen(handle windows.Handle) (windows.Handle, error) {
	return openAt(handle, "", windows.FILE_LIST_DIRECTORY|windows.FILE_READ_ATTRIBUTES, windows.FILE_OPEN, windows.FILE_DIRECTORY_FILE|windows.FILE_OPEN_FOR_BACKUP_INTENT)
}

// identity tells an object from all others, as long as a handle of it is open.
type identity struct {
	volume uint32
	index  uint64
}

// identify gives the identity of the object of handle, the zero value if it is not known.
func identify(handle windows.Handle) identity {
	var info windows.ByHandleFileInformation
	if windows.GetFileInformationByHandle(handle, &info) != nil {
		return identity{}
	}
	return identityOf(volumeOf(&info), uint64(info.FileIndexHigh)<<32|uint64(info.FileIndexLow))
}

// volumeOf is the volume of an object. Wine (8.0) looks for it under the path with which the
// object was opened, and finds none, or that of another object, once this has been renamed: there
// the index alone has to tell objects apart.
func volumeOf(info *windows.ByHandleFileInformation) uint32 {
	if onWine() {
		return 0
	}
	return info.VolumeSerialNumber
}

// identityOf is for an index that is 0 where the file system has none, and all ones where
// one does not fit, as on ReFS ([MS-FSCC] 2.1.9).
func identityOf(volume uint32, index uint64) identity {
	if index == 0 || index == math.MaxUint64 {
		return identity{}
	}
	return identity{volume, index}
}

// identityAt gives the identity of the directory that path leads to.
func identityAt(path string) identity {
	name, err := windows.UTF16PtrFromString(systemPath(path))
	if err != nil {
		return identity{}
	}
	h, err := windows.CreateFile(name, windows.FILE_READ_ATTRIBUTES, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return identity{}
	}
	defer func() { _ = windows.CloseHandle(h) }()
	return identify(h)
}

// touch makes a file in the directory of handle that is gone again when touch returns.
func touch(handle windows.Handle, name string) error {
	h, err := openAt(handle, name, windows.DELETE, windows.FILE_CREATE,
		windows.FILE_NON_DIRECTORY_FILE|windows.FILE_DELETE_ON_CLOSE|windows.FILE_SYNCHRONOUS_IO_NONALERT)
	if err != nil {
		return err
	}
	return windows.CloseHandle(h)
}

// attributesOf gives the attributes of what path names now; of a link, those of the link.
func attributesOf(path string) (event.Attributes, error) {
	return attributesAt(nil, systemPath(path))
}

// attributesAt is attributesOf for a path, in the form for a system call, whose
// beginning is in UTF-16 already.
func attributesAt(start []byte, rest string) (event.Attributes, error) {
	units := append(decode.AppendUTF16(start, rest), 0, 0)
	var data windows.Win32FileAttributeData
	err := windows.GetFileAttributesEx((*uint16)(unsafe.Pointer(&units[0])), windows.GetFileExInfoStandard, (*byte)(unsafe.Pointer(&data)))
	if err != nil {
		return 0, err
	}
	return event.Attributes(data.FileAttributes), nil
}

// isLink reports whether an object with these attributes and this reparse tag
// stands for another one: a symlink or a junction. What OneDrive or
// deduplication mark is not: the system opens it as itself.
func isLink(attributes event.Attributes, tag uint32) bool {
	const nameSurrogate = 0x20000000 // IsReparseTagNameSurrogate of ntifs.h
	return attributes&event.FILE_ATTRIBUTE_REPARSE_POINT != 0 && tag&nameSurrogate != 0
}

// linkAt reports whether path is a link.
func linkAt(path string, attributes event.Attributes) bool {
	if attributes&event.FILE_ATTRIBUTE_REPARSE_POINT == 0 {
		return false
	}
	tag, err := tagAt(path)
	return err == nil && isLink(attributes, tag)
}

// tagAt gives the tag of the reparse point that path names.
func tagAt(path string) (tag uint32, err error) {
	name, err := windows.UTF16PtrFromString(systemPath(path))
	if err != nil {
		return 0, err
	}
	var found windows.Win32finddata
	h, err := windows.FindFirstFile(name, &found)
	if err != nil {
		return 0, err
	}
	return found.Reserved0, windows.FindClose(h)
}

// isMarked reports whether path, a reparse point that is a directory, stands for no other place.
func isMarked(path string) bool {
	tag, err := tagAt(path)
	return err == nil && tag != 0 && !isLink(event.FILE_ATTRIBUTE_REPARSE_POINT, tag)
}

// finalPath is where the object of handle is now, in the user's form.
func finalPath(handle windows.Handle) (string, error) {
	buf := make([]uint16, 512)
	for {
		size, err := windows.GetFinalPathNameByHandle(handle, &buf[0], uint32(len(buf)), 0)
		if err != nil {
			return "", err
		}
		if int(size) <= len(buf) {
			return userPath(windows.UTF16ToString(buf[:size])), nil
		}
		buf = make([]uint16, size)
	}
}

// standardInfo is FILE_STANDARD_INFO of winbase.h.
type standardInfo struct {
	allocation, size int64
	links            uint32
	deletePending    bool
	directory        bool
}

// isGone reports whether the directory of handle, which was opened as path, has
// been deleted. Windows has two ways to do that. The older one marks
// the directory, and it stays until the last handle is closed. The POSIX way
// takes it out of its parent at once, on NTFS into \$Extend\$Deleted, and tells
// nobody (libuv, pull request 5013).
//
// Where the path leads nowhere and the handle does not know of another place,
// as in Wine, only making a file can tell a deleted directory from one that was renamed.
func isGone(handle windows.Handle, path string) bool {
	var info standardInfo
	err := windows.GetFileInformationByHandleEx(handle, windows.FileStandardInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err == nil && info.deletePending {
		return true
	}
	if err == nil && info.links == 0 && identityAt(path) != identify(handle) {
		return true // some file systems count no links of any directory
	}
	final, err := finalPath(handle)
	switch {
	case err == nil && isDeletedPath(final):
		return true
	case err == nil:
		path = final
	}
	if _, err := attributesOf(path); !saysGone(err) {
		return false
	}
	return saysGone(touch(handle, nextSentinel().name()))
}

func isDeletedPath(path string) bool {
	return strings.Contains(strings.ToUpper(path), `\$EXTEND\$DELETED\`)
}

func saysGone(err error) bool {
	return isAny(err, windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND, windows.ERROR_DELETE_PENDING)
}
