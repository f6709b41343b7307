package decode

import (
	"encoding/binary"
	"fmt"
	"strings"

	"fsrec/watcher/event"
)

// Sizes of the two structures of winnt.h without their names; the numbers of
// both are little-endian.
//
//	offset  FILE_NOTIFY_INFORMATION    FILE_NOTIFY_EXTENDED_INFORMATION
//	 0      NextEntryOffset            NextEntryOffset
//	 4      Action                     Action
//	 8      FileNameLength, in bytes   CreationTime
//	12      FileName, UTF-16           (16) LastModificationTime, LastChangeTime, LastAccessTime
//	40                                 AllocatedLength
//	48                                 FileSize
//	56                                 FileAttributes
//	60                                 ReparsePointTag or EaSize
//	64                                 FileId
//	72                                 ParentFileId
//	80                                 FileNameLength, in bytes
//	84                                 FileName, UTF-16
const (
	changeHeader   = 12
	extendedHeader = 84
)

// maxPadding is how many bytes may follow the last change: what fills it up to
// a multiple of 8. Windows adds none.
const maxPadding = 7

// DamagedError says that a buffer of changes contradicts itself.
type DamagedError struct {
	Offset  int // of the change in the buffer
	Have    int // bytes of the buffer from there on
	Problem string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("change at byte %d of %d: %s", e.Offset, e.Offset+e.Have, e.Problem)
}

// AppendChanges splits what one ReadDirectoryChangesW of watch wd returned, a
// chain of FILE_NOTIFY_INFORMATION, and appends a KindChange record, without
// number and time, per change to to. The names share one text. Windows puts each change
// at a multiple of 4, Wine at one of 2; any distance is followed that leads
// past the name. An empty buffer holds no changes. Where buf is damaged, the
// records before that are returned with a *DamagedError.
func AppendChanges(to []event.Record, wd int32, buf []byte) ([]event.Record, error) {
	return appendChanges(to, wd, buf, changeHeader)
}

// AppendExtendedChanges is AppendChanges for ReadDirectoryChangesExW, which
// returns a chain of FILE_NOTIFY_EXTENDED_INFORMATION. Its times and allocated length
// are left out, and of the reparse tag all but what FlagDir says.
func AppendExtendedChanges(to []event.Record, wd int32, buf []byte) ([]event.Record, error) {
	return appendChanges(to, wd, buf, extendedHeader)
}

func appendChanges(to []event.Record, wd int32, buf []byte, header int) ([]event.Record, error) {
	size := 0
	_ = eachChange(buf, header, func(_, name []byte) { size += wtf8Len(name) })
	var text strings.Builder
	text.Grow(size)
	err := eachChange(buf, header, func(change, name []byte) {
		at := text.Len()
		writeWTF8(&text, name)
		to = append(to, event.Record{
			Kind: event.KindChange, WD: wd,
			Mask: event.Mask(binary.LittleEndian.Uint32(change[4:])),
			Name: text.String()[at:],
		})
		if header == extendedHeader {
			r := &to[len(to)-1]
			r.N = int64(binary.LittleEndian.Uint64(change[48:]))
			r.Cookie = binary.LittleEndian.Uint32(change[56:])
			r.Flags = marked(r.Attributes(), binary.LittleEndian.Uint32(change[60:]))
			r.M = int64(binary.LittleEndian.Uint64(change[64:]))
			r.P = int64(binary.LittleEndian.Uint64(change[72:]))
		}
	})
	return to, err
}

// nameSurrogate is the bit of the tag of a reparse point that stands for another
// place: a symlink, a junction (IsReparseTagNameSurrogate of ntifs.h).
const nameSurrogate = 0x20000000

// cloudTag is IO_REPARSE_TAG_CLOUD of ntifs.h.
const cloudTag = 0x9000001a

// marked is FlagDir for a directory that is a reparse point and stands for no other place.
func marked(attributes event.Attributes, tag uint32) event.Flags {
	const point = event.FILE_ATTRIBUTE_DIRECTORY | event.FILE_ATTRIBUTE_REPARSE_POINT
	if attributes&point == point && tag != 0 && tag&nameSurrogate == 0 {
		return event.FlagDir
	}
	return 0
}

// eachChange calls f with each sound change up to the first that is not, and its
// name. A *DamagedError says what is wrong with that one.
func eachChange(buf []byte, header int, f func(change, name []byte)) error {
	for at := 0; len(buf) > 0; {
		change := buf[at:]
		next, size, problem := measureChange(change, header)
		if problem != "" {
			return &DamagedError{Offset: at, Have: len(change), Problem: problem}
		}
		f(change, change[header:size])
		if next != 0 {
			at += next
			continue
		}
		end := at + size
		if left := len(buf) - end; left > maxPadding {
			return &DamagedError{Offset: end, Have: left, Problem: fmt.Sprintf("%d bytes follow the last change", left)}
		}
		break
	}
	return nil
}

// measureChange gives the distance to the next change, 0 for the last, and the
// size of the first one in buf, or says what is wrong with it.
func measureChange(buf []byte, header int) (next, size int, problem string) {
	if len(buf) < header {
		return 0, 0, fmt.Sprintf("cut off: it takes at least %d bytes and %d are left", header, len(buf))
	}
	length := binary.LittleEndian.Uint32(buf[header-4:])
	offset := binary.LittleEndian.Uint32(buf)
	switch left := uint64(len(buf)); {
	case length%2 != 0:
		return 0, 0, fmt.Sprintf("its name takes %d bytes, which is not a whole number of UTF-16 units", length)
	case uint64(length) > left-uint64(header):
		return 0, 0, fmt.Sprintf("its name takes %d bytes and %d are left", length, len(buf)-header)
	case offset == 0:
	case uint64(offset) >= left:
		return 0, 0, fmt.Sprintf("the next is said to be %d bytes on and %d are left", offset, left)
	case offset%2 != 0:
		return 0, 0, fmt.Sprintf("the next is said to be %d bytes on, which is not at a UTF-16 unit", offset)
	case uint64(offset) < uint64(header)+uint64(length):
		return 0, 0, fmt.Sprintf("the next is said to be %d bytes on, within this one of %d", offset, uint64(header)+uint64(length))
	}
	return int(offset), header + int(length), ""
}

// EncodeChanges appends what AppendChanges makes records of: those of records
// that are of KindChange, each at a multiple of alignment from the first: 4 as Windows does, 2
// as Wine. A byte of a name that is not WTF-8 becomes U+FFFD.
func EncodeChanges(buf []byte, records []event.Record, alignment int) []byte {
	return encodeChanges(buf, records, alignment, changeHeader)
}

// EncodeExtendedChanges is EncodeChanges for AppendExtendedChanges. Windows'
// alignment is 8.
func EncodeExtendedChanges(buf []byte, records []event.Record, alignment int) []byte {
	return encodeChanges(buf, records, alignment, extendedHeader)
}

func encodeChanges(buf []byte, records []event.Record, alignment, header int) []byte {
	start, last := len(buf), -1
	for i := range records {
		r := &records[i]
		if r.Kind != event.KindChange {
			continue
		}
		if last >= 0 {
			for (len(buf)-start)%alignment != 0 {
				buf = append(buf, 0)
			}
			binary.LittleEndian.PutUint32(buf[last:], uint32(len(buf)-last))
		}
		last = len(buf)
		buf = append(buf, make([]byte, header)...)
		buf = AppendUTF16(buf, r.Name)
		change := buf[last:]
		binary.LittleEndian.PutUint32(change[4:], uint32(r.Mask))
		binary.LittleEndian.PutUint32(change[header-4:], uint32(len(change)-header))
		if header == extendedHeader {
			binary.LittleEndian.PutUint64(change[48:], uint64(r.N))
			binary.LittleEndian.PutUint32(change[56:], r.Cookie)
			if r.Flags&event.FlagDir != 0 {
				binary.LittleEndian.PutUint32(change[60:], cloudTag)
			}
			binary.LittleEndian.PutUint64(change[64:], uint64(r.M))
			binary.LittleEndian.PutUint64(change[72:], uint64(r.P))
		}
	}
	return buf
}
