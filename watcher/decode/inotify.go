// Package decode turns the buffers that kernels fill into records, and records
// back into such buffers. It is pure: bytes in, records out, the same on every
// platform.
package decode

import (
	"encoding/binary"
	"fmt"
	"strings"

	"fsrec/watcher/event"
)

// inotifyHeader is the size of struct inotify_event without its name:
// wd int32, mask, cookie, len uint32, in the byte order of the machine.
const inotifyHeader = 16

// littleEndian is the byte order of the machine, which is that of its kernel.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// TruncatedError says that a buffer ends inside an event.
type TruncatedError struct {
	Offset int // of the event in the buffer
	Need   int // bytes that the event takes, as far as it can be known
	Have   int // bytes that are left
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("event at byte %d is cut off: it takes %d bytes and %d are left", e.Offset, e.Need, e.Have)
}

// Inotify splits what one read of an inotify descriptor returned and appends a
// KindEvent record, without number and time, per event to to. Names are
// substrings of text. Where text ends inside an event, the records before it
// are returned with a *TruncatedError.
func Inotify(text string, to []event.Record) ([]event.Record, error) {
	for at := 0; at < len(text); {
		to = append(to, event.Record{})
		size, err := InotifyEvent(text, at, &to[len(to)-1])
		if err != nil {
			return to[:len(to)-1], err
		}
		at += size
	}
	return to, nil
}

// InotifyEvent reads the one event at offset at of text into Kind, WD, Mask,
// Cookie and Name of r, leaves the rest of r alone, and returns how many bytes
// the event takes. The error is a *TruncatedError.
func InotifyEvent(text string, at int, r *event.Record) (size int, err error) {
	s := text[at:]
	if len(s) < inotifyHeader {
		return 0, &TruncatedError{Offset: at, Need: inotifyHeader, Have: len(s)}
	}
	length := uint64(uint32At(s, 12))
	if length > uint64(len(s)-inotifyHeader) {
		return 0, &TruncatedError{Offset: at, Need: int(min(length, 1<<30)) + inotifyHeader, Have: len(s)}
	}
	size = inotifyHeader + int(length)
	r.Kind = event.KindEvent
	r.WD = int32(uint32At(s, 0))
	r.Mask = event.Mask(uint32At(s, 4))
	r.Cookie = uint32At(s, 8)
	r.Name = s[inotifyHeader:size]
	if i := strings.IndexByte(r.Name, 0); i >= 0 {
		r.Name = r.Name[:i]
	}
	return size, nil
}

func uint32At(s string, i int) uint32 {
	if littleEndian {
		return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
	}
	return uint32(s[i+3]) | uint32(s[i+2])<<8 | uint32(s[i+1])<<16 | uint32(s[i])<<24
}

// AppendInotify appends r as the kernel would write it: the name is followed by
// NULs, at least one, up to a multiple of 16 bytes; no name takes no bytes.
func AppendInotify(buf []byte, r *event.Record) []byte {
	padded := 0
	if r.Name != "" {
		padded = (len(r.Name)/inotifyHeader + 1) * inotifyHeader
	}
	for _, v := range [...]uint32{uint32(r.WD), uint32(r.Mask), r.Cookie, uint32(padded)} {
		buf = binary.NativeEndian.AppendUint32(buf, v)
	}
	buf = append(buf, r.Name...)
	return append(buf, make([]byte, padded-len(r.Name))...)
}
