package event

import (
	"fmt"
	"strconv"
	"strings"
)

// Mask is a set of inotify event bits and watch flags, with the values of
// Linux's include/uapi/linux/inotify.h on every platform.
type Mask uint32

// Events that can be asked for, in the order of their bits.
const (
	IN_ACCESS        Mask = 0x00000001 // a file was read, a directory listed
	IN_MODIFY        Mask = 0x00000002 // a file was written or truncated
	IN_ATTRIB        Mask = 0x00000004 // permissions, owner, times, link count changed
	IN_CLOSE_WRITE   Mask = 0x00000008 // a descriptor open for writing was closed
	IN_CLOSE_NOWRITE Mask = 0x00000010 // a descriptor not open for writing was closed
	IN_OPEN          Mask = 0x00000020 // a file or directory was opened
	IN_MOVED_FROM    Mask = 0x00000040 // a name left the watched directory
	IN_MOVED_TO      Mask = 0x00000080 // a name entered the watched directory
	IN_CREATE        Mask = 0x00000100 // a name was made in the watched directory
	IN_DELETE        Mask = 0x00000200 // a name was removed from the watched directory
	IN_DELETE_SELF   Mask = 0x00000400 // the watched object itself was removed
	IN_MOVE_SELF     Mask = 0x00000800 // the watched object itself was renamed
)

// Events that arrive whether or not they were asked for.
const (
	IN_UNMOUNT    Mask = 0x00002000 // the file system of the watched object was unmounted
	IN_Q_OVERFLOW Mask = 0x00004000 // the kernel's queue was full: events are lost; wd is -1
	IN_IGNORED    Mask = 0x00008000 // the watch is over: the last event of its wd
)

// Flags of a request to watch, and IN_ISDIR, which qualifies an event.
const (
	IN_ONLYDIR     Mask = 0x01000000 // watch only if the path is a directory (ENOTDIR)
	IN_DONT_FOLLOW Mask = 0x02000000 // do not follow a symlink at the end of the path
	IN_EXCL_UNLINK Mask = 0x04000000 // no events for children after they were unlinked
	IN_MASK_CREATE Mask = 0x10000000 // fail with EEXIST if the inode is watched already
	IN_MASK_ADD    Mask = 0x20000000 // add to the mask of an existing watch
	IN_ISDIR       Mask = 0x40000000 // the subject of the event is a directory
	IN_ONESHOT     Mask = 0x80000000 // end the watch after one event
)

// Unions of the bits above.
const (
	IN_CLOSE      = IN_CLOSE_WRITE | IN_CLOSE_NOWRITE
	IN_MOVE       = IN_MOVED_FROM | IN_MOVED_TO
	IN_ALL_EVENTS = Mask(0x00000fff) // every event that can be asked for; pyinotify's ALL_EVENTS

	// AlwaysDelivered pass every mask, as in the kernel.
	AlwaysDelivered = IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED
)

// Fault says what is wrong with m as the mask of a watch, for which inotify_add_watch(2)
// gives EINVAL; it is empty if nothing is. A mask of flags alone, which Linux takes and
// which gives no event, is wrong too.
func (m Mask) Fault() string {
	const all = IN_ALL_EVENTS | AlwaysDelivered | IN_ISDIR | IN_ONESHOT |
		IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD
	switch {
	case m&^all != 0:
		return "no event and no flag is " + (m &^ all).String()
	case m&IN_ALL_EVENTS == 0:
		return "the mask names no event"
	case m&IN_MASK_ADD != 0 && m&IN_MASK_CREATE != 0:
		return "IN_MASK_ADD wants a path that is watched already, IN_MASK_CREATE one that is not; name one of them"
	}
	return ""
}

type maskName struct {
	mask Mask
	name string
}

// maskNames is in the order of the bits, which is the order that String prints.
var maskNames = []maskName{
	{IN_ACCESS, "IN_ACCESS"},
	{IN_MODIFY, "IN_MODIFY"},
	{IN_ATTRIB, "IN_ATTRIB"},
	{IN_CLOSE_WRITE, "IN_CLOSE_WRITE"},
	{IN_CLOSE_NOWRITE, "IN_CLOSE_NOWRITE"},
	{IN_OPEN, "IN_OPEN"},
	{IN_MOVED_FROM, "IN_MOVED_FROM"},
	{IN_MOVED_TO, "IN_MOVED_TO"},
	{IN_CREATE, "IN_CREATE"},
	{IN_DELETE, "IN_DELETE"},
	{IN_DELETE_SELF, "IN_DELETE_SELF"},
	{IN_MOVE_SELF, "IN_MOVE_SELF"},
	{IN_UNMOUNT, "IN_UNMOUNT"},
	{IN_Q_OVERFLOW, "IN_Q_OVERFLOW"},
	{IN_IGNORED, "IN_IGNORED"},
	{IN_ONLYDIR, "IN_ONLYDIR"},
	{IN_DONT_FOLLOW, "IN_DONT_FOLLOW"},
	{IN_EXCL_UNLINK, "IN_EXCL_UNLINK"},
	{IN_MASK_CREATE, "IN_MASK_CREATE"},
	{IN_MASK_ADD, "IN_MASK_ADD"},
	{IN_ISDIR, "IN_ISDIR"},
	{IN_ONESHOT, "IN_ONESHOT"},
}

// maskUnions are accepted by ParseMask; only the first is printed.
var maskUnions = []maskName{
	{IN_ALL_EVENTS, "IN_ALL_EVENTS"},
	{IN_ALL_EVENTS, "ALL_EVENTS"},
	{IN_CLOSE, "IN_CLOSE"},
	{IN_MOVE, "IN_MOVE"},
}

// MaskNames lists the name of every single bit, in the order of the bits.
func MaskNames() []string {
	names := make([]string, len(maskNames))
	for i, n := range maskNames {
		names[i] = n.name
	}
	return names
}

// String joins the names of the bits with "|", in the order of the bits, all
// twelve events together as IN_ALL_EVENTS, unknown bits as one hexadecimal
// number at the end. The zero Mask is "0".
func (m Mask) String() string {
	if m&^IN_ISDIR != 0 {
		for _, n := range maskNames {
			switch m {
			case n.mask:
				return n.name
			case n.mask | IN_ISDIR:
				return isDirNames[n.mask]
			}
		}
	}
	return string(m.append(nil))
}

// isDirNames makes String of the common "one event of a directory" free of allocation.
var isDirNames = func() map[Mask]string {
	names := make(map[Mask]string, len(maskNames))
	for _, n := range maskNames {
		names[n.mask] = string((n.mask | IN_ISDIR).append(nil))
	}
	return names
}()

func (m Mask) append(b []byte) []byte {
	if m == 0 {
		return append(b, '0')
	}
	start := len(b)
	add := func(name string) {
		if len(b) > start {
			b = append(b, '|')
		}
		b = append(b, name...)
	}
	if m&IN_ALL_EVENTS == IN_ALL_EVENTS {
		add("IN_ALL_EVENTS")
		m &^= IN_ALL_EVENTS
	}
	for _, n := range maskNames {
		if m&n.mask != 0 {
			add(n.name)
			m &^= n.mask
		}
	}
	if m != 0 {
		add("0x" + strconv.FormatUint(uint64(m), 16))
	}
	return b
}

// MarshalText writes m as String does.
func (m Mask) MarshalText() ([]byte, error) { return m.append(nil), nil }

// UnmarshalText reads what ParseMask reads.
func (m *Mask) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMask(string(text))
	return err
}

// UnknownNameError says that a word is not the name of an event.
type UnknownNameError struct {
	Name string // as it was written
}

func (e *UnknownNameError) Error() string {
	valid := append(MaskNames(), "IN_CLOSE", "IN_MOVE", "IN_ALL_EVENTS")
	return fmt.Sprintf("unknown event %q; valid are %s (case and the prefix IN_ do not matter)", e.Name, strings.Join(valid, ", "))
}

// ParseMask reads what String prints, and more: names in any case, with or
// without "IN_", inotifywait's names, separated by "|" or ",", and numbers.
// The error is an *UnknownNameError.
func ParseMask(s string) (Mask, error) {
	var m Mask
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == '|' || r == ',' || r == ' ' }) {
		bit, ok := parseMaskWord(word)
		if !ok {
			return 0, &UnknownNameError{Name: word}
		}
		m |= bit
	}
	if strings.Trim(s, "|, ") == "" {
		return 0, &UnknownNameError{Name: s}
	}
	return m, nil
}

func parseMaskWord(word string) (Mask, bool) {
	name := strings.ToUpper(word)
	for _, table := range [][]maskName{maskNames, maskUnions} {
		for _, n := range table {
			if name == n.name || "IN_"+name == n.name {
				return n.mask, true
			}
		}
	}
	n, err := strconv.ParseUint(word, 0, 32)
	return Mask(n), err == nil
}
